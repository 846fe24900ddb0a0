/* Names from the server that a profile came from: /debug/pprof/symbol, or /symbolz. */
#include "base/strbuf.h"
#include "pprof/symbolize.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Where a server that gives profiles at `url` gives names. */
static char *symbol_url(struct arena *a, const char *url)
{
    size_t len = strcspn(url, "?#");
    const char *host = strstr(url, "://");
    host = host ? host + 3 : url;
    size_t path = (size_t)(host - url) + strcspn(host, "/?#");
    const char *known = strstr(url, "/debug/pprof");
    if (known && known < url + len)
        return arena_printf(a, "%.*s/debug/pprof/symbol", (int)(known - url), url);
    known = strstr(url, "/pprof/");
    if (known && known < url + len)
        return arena_printf(a, "%.*s/pprof/symbol", (int)(known - url), url);
    return arena_printf(a, "%.*s/symbolz", (int)path, url);
}

static bool asks(const struct pprof_model *m, const struct pprof_symbolize *how, size_t i)
{
    const struct profile_location *loc = &m->locations[i];
    const struct profile_mapping *mapping =
        loc->mapping == PROFILE_NONE ? NULL : &m->mappings[loc->mapping];
    return loc->address && !loc->line_count && mapping && (how->force || !mapping->has_functions);
}

struct answer {
    uint64_t address;
    const char *name;
};

static int by_address(const void *x, const void *y)
{
    const struct answer *a = x, *b = y;
    return (a->address > b->address) - (a->address < b->address);
}

/* Lines "0x401000 main.main"; others say nothing of interest. */
static struct answer *read_answers(struct arena *a, char *text, size_t *count)
{
    struct answer *list = NULL;
    size_t cap = 0;
    *count = 0;
    for (char *line; (line = strsep(&text, "\n"));) {
        char *end;
        line += strspn(line, " \t");
        if (strncmp(line, "0x", 2) != 0)
            continue;
        uint64_t address = strtoull(line, &end, 16);
        size_t blank = strspn(end, " \t");
        const char *name = end + blank;
        if (!blank || !*name)
            continue;
        mem_grow(&list, &cap, *count + 1, sizeof *list);
        list[(*count)++] = (struct answer){address, arena_strndup(a, name, strcspn(name, "\r"))};
    }
    if (*count)
        qsort(list, *count, sizeof *list, by_address);
    return list;
}

static void set_names(struct pprof_model *m, const struct pprof_symbolize *how, struct arena *a,
                      const struct answer *answers, size_t answer_count)
{
    struct pprof_place *places = arena_array(a, m->location_count + 1, sizeof *places);
    size_t count = 0;
    for (size_t i = 0; i < m->location_count; i++) {
        struct answer key = {m->locations[i].address, NULL};
        const struct answer *found =
            asks(m, how, i) ? bsearch(&key, answers, answer_count, sizeof key, by_address) : NULL;
        if (!found)
            continue;
        struct object_frame *frame = arena_alloc(a, sizeof *frame);
        *frame = (struct object_frame){found->name, "", 0};
        places[count++] = (struct pprof_place){(uint32_t)i, frame, 1};
    }
    pprof_set_places(m, places, count);
}

void pprof_symbolize_remote(struct pprof_model *m, const struct pprof_symbolize *how,
                            const char *url, const struct pprof_remote *remote,
                            const struct pprof_notes *notes)
{
    struct arena a = {0};
    struct strbuf question = {0}, text = {0};
    struct err err;
    for (size_t i = 0; i < m->location_count; i++)
        if (asks(m, how, i))
            strbuf_printf(&question, "%s0x%" PRIx64, question.len ? "+" : "",
                          m->locations[i].address);
    if (question.len && !remote->post(remote->data, symbol_url(&a, url), question.p, &text, &err)) {
        pprof_note(notes, "remote symbolization: %s", err.text);
    } else if (text.len) {
        size_t count;
        struct answer *answers = read_answers(&a, text.p, &count);
        if (count)
            set_names(m, how, &a, answers, count);
        free(answers);
    }
    strbuf_release(&question);
    strbuf_release(&text);
    arena_release(&a);
}
