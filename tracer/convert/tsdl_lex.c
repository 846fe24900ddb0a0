#include "convert/tsdl_parser.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool tsdl_fail(struct parser *ps, const char *what)
{
    if (!ps->failed)
        err_set(ps->err, "metadata line %u: %s near '%s'", ps->line, what, ps->token);
    ps->failed = true;
    return false;
}

static void skip_space(struct parser *ps)
{
    while (ps->p < ps->end) {
        if (*ps->p == '\n')
            ps->line++;
        if (isspace((unsigned char)*ps->p)) {
            ps->p++;
        } else if (ps->end - ps->p > 1 && ps->p[0] == '/' && ps->p[1] == '*') {
            for (ps->p += 2; ps->p < ps->end && !(ps->p[-1] == '*' && ps->p[0] == '/'); ps->p++)
                ps->line += *ps->p == '\n';
            if (ps->p < ps->end)
                ps->p++;
        } else {
            return;
        }
    }
}

static bool word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '.';
}

static void next_string(struct parser *ps)
{
    size_t n = 0;
    ps->token_kind = TEXT;
    for (ps->p++; ps->p < ps->end && *ps->p != '"'; ps->p++) {
        char c = *ps->p;
        if (c == '\\' && ps->p + 1 < ps->end) {
            c = *++ps->p;
            c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
        }
        if (n + 1 < sizeof ps->token)
            ps->token[n++] = c;
    }
    ps->token[n] = '\0';
    if (ps->p == ps->end)
        tsdl_fail(ps, "a string without end");
    else
        ps->p++;
}

void tsdl_next(struct parser *ps)
{
    skip_space(ps);
    size_t n = 0;
    if (ps->p == ps->end) {
        ps->token_kind = END;
    } else if (*ps->p == '"') {
        next_string(ps);
        return;
    } else if (word_char(*ps->p)) {
        ps->token_kind = WORD;
        for (; ps->p < ps->end && word_char(*ps->p); ps->p++)
            if (n + 1 < sizeof ps->token)
                ps->token[n++] = *ps->p;
    } else {
        ps->token_kind = MARK;
        ps->token[n++] = *ps->p++;
        if (ps->token[0] == ':' && ps->p < ps->end && *ps->p == '=')
            ps->token[n++] = *ps->p++;
    }
    ps->token[n] = '\0';
}

bool tsdl_is(const struct parser *ps, const char *text)
{
    return ps->token_kind != TEXT && !strcmp(ps->token, text);
}

bool tsdl_accept(struct parser *ps, const char *text)
{
    if (!tsdl_is(ps, text))
        return false;
    tsdl_next(ps);
    return true;
}

bool tsdl_expect(struct parser *ps, const char *text)
{
    if (ps->failed)
        return false;
    if (tsdl_accept(ps, text))
        return true;
    char what[64];
    snprintf(what, sizeof what, "'%s' is missing", text);
    return tsdl_fail(ps, what);
}

const char *tsdl_words(struct parser *ps)
{
    char *text = arena_strdup(ps->arena, "");
    while (!ps->failed && (ps->token_kind == WORD || ps->token_kind == TEXT)) {
        text = *text ? arena_printf(ps->arena, "%s %s", text, ps->token)
                     : arena_strdup(ps->arena, ps->token);
        tsdl_next(ps);
    }
    return text;
}

int64_t tsdl_number(struct parser *ps)
{
    bool negative = tsdl_accept(ps, "-");
    char *end;
    uint64_t v = strtoull(ps->token, &end, 0);
    if (ps->token_kind != WORD || *end)
        tsdl_fail(ps, "a number is missing");
    tsdl_next(ps);
    return negative ? -(int64_t)v : (int64_t)v;
}

bool tsdl_yes(const char *value)
{
    return !strcmp(value, "1") || !strcmp(value, "true") || !strcmp(value, "TRUE");
}
