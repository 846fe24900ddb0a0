/* Readable names, as long as google/pprof's modes of demangling have them. */
#include "symbols/object.h"

#include <libiberty/demangle.h>
#include <stdlib.h>
#include <string.h>

/* Whether the bracket at `p` belongs to an operator's name: operator<, <<, ->, >=. */
static bool is_operator(const char *begin, const char *p)
{
    static const char word[] = "operator";
    const char *q = p;
    while (q > begin && (q[-1] == '<' || q[-1] == '>' || q[-1] == '-') && p - q < 2)
        q--;
    size_t len = sizeof word - 1;
    return (size_t)(q - begin) >= len && !memcmp(q - len, word, len);
}

/* Takes out what stands between brackets, these included; nothing where they do not
 * match. */
static void cut_between(char *name, char open, char close)
{
    size_t depth = 0, len = 0, total = strlen(name);
    char *cut = malloc(total + 1);
    if (!cut)
        abort();
    for (const char *p = name; *p; p++) {
        bool bracket = (*p == open || *p == close) && !(open == '<' && is_operator(name, p));
        if (bracket && *p == open && depth++ == 0 && len && cut[len - 1] == ' ' && open == '<' &&
            strchr("<>-=", cut[len - 2]))
            len--; /* the blank of "operator< <int>" */
        if (!depth)
            cut[len++] = *p;
        if (bracket && *p == close && depth-- == 0) {
            free(cut);
            return;
        }
    }
    cut[len] = 0;
    if (!depth)
        memcpy(name, cut, len + 1);
    free(cut);
}

/* Names that were demangled before: C++ but neither Java's nor Go's. */
static bool looks_readable(const char *name)
{
    if (strstr(name, ".<") || strstr(name, "])."))
        return false;
    return strpbrk(name, "<>[]") || strstr(name, "::");
}

const char *object_readable_name(struct arena *a, const char *name, enum object_names names)
{
    if (names == OBJECT_NAMES_RAW)
        return name;
    int options = DMGL_AUTO | (names == OBJECT_NAMES_FULL ? DMGL_PARAMS | DMGL_ANSI : 0);
    bool mangled = !strncmp(name, "_Z", 2) || !strncmp(name, "_R", 2);
    char *own = mangled ? cplus_demangle(name, options) : NULL;
    if (!own && (names == OBJECT_NAMES_FULL || !looks_readable(name)))
        return name;
    char *readable = arena_strdup(a, own ? own : name);
    char *clone = own ? strstr(readable, " [clone ") : NULL;
    if (clone)
        *clone = 0;
    if (!own)
        cut_between(readable, '(', ')');
    if (names == OBJECT_NAMES_SHORT)
        cut_between(readable, '<', '>');
    free(own);
    return readable;
}
