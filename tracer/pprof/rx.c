#define PCRE2_CODE_UNIT_WIDTH 8
#include "pprof/rx.h"

#include "base/arena.h"

#include <pcre2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct pprof_rx {
    pcre2_code *code;
    pcre2_match_data *found;
    pcre2_match_context *limits;
    char *pattern;
};

/* Steps of the matcher after which a match counts as none. */
enum {
    MATCH_LIMIT = 1000000
};

static bool unsupported(struct err *err, const char *at, size_t len)
{
    return err_set(err, "error parsing regexp: invalid or unsupported Perl syntax: `%.*s`",
                   (int)len, at);
}

/* What follows "(?" when RE2 knows it: flags, a named group, or no capture. */
static bool check_group(const char *p, struct err *err)
{
    if (p[2] == 'P' && p[3] == '<')
        return true;
    size_t len = 2;
    while (p[len] && strchr("imsU-", p[len]))
        len++;
    if (p[len] == ':' || (p[len] == ')' && len > 2))
        return true;
    return unsupported(err, p, len + (p[len] != 0));
}

static bool check_escape(const char *p, struct err *err)
{
    if (p[1] == 0)
        return err_set(err, "error parsing regexp: trailing backslash at end of expression: ``");
    if ((p[1] >= '1' && p[1] <= '9') || strchr("kgGKRhHNXZ", p[1]))
        return err_set(err, "error parsing regexp: invalid escape sequence: `%.2s`", p);
    return true;
}

static size_t class_length(const char *p)
{
    size_t i = 1 + (p[1] == '^');
    i += p[i] == ']';
    for (; p[i] && p[i] != ']'; i++) {
        if (p[i] == '\\' && p[i + 1])
            i++;
        else if (p[i] == '[' && p[i + 1] == ':') {
            const char *end = strstr(p + i + 2, ":]");
            if (end)
                i = (size_t)(end - p) + 1;
        }
    }
    return i;
}

/* Walks the pattern for what PCRE2 has and RE2 does not. */
static bool check_syntax(const char *pattern, struct err *err)
{
    for (const char *p = pattern; *p; p++) {
        if (*p == '\\') {
            if (p[1] == 'Q') {
                const char *end = strstr(p, "\\E");
                p = end ? end + 1 : p + strlen(p) - 1;
                continue;
            }
            if (!check_escape(p, err))
                return false;
            p++;
        } else if (*p == '[') {
            p += class_length(p);
            if (!*p)
                return err_set(err, "error parsing regexp: missing closing ]: `%s`", pattern);
        } else if (*p == '(' && p[1] == '?') {
            if (!check_group(p, err))
                return false;
            p++;
        } else if (strchr("*+?", *p) && p > pattern && p[1] && strchr("*+", p[1]) &&
                   (p - 1 < pattern || p[-1] != '\\')) {
            return err_set(err, "error parsing regexp: invalid nested repetition operator: `%.2s`",
                           p);
        }
    }
    return true;
}

/* RE2's words for the mistakes that people make. */
static bool told(struct err *err, int code, const char *pattern, size_t at)
{
    char text[160];
    switch (code) {
    case PCRE2_ERROR_MISSING_CLOSING_PARENTHESIS:
        return err_set(err, "error parsing regexp: missing closing ): `%s`", pattern);
    case PCRE2_ERROR_UNMATCHED_CLOSING_PARENTHESIS:
        return err_set(err, "error parsing regexp: unexpected ): `%s`", pattern);
    case PCRE2_ERROR_MISSING_SQUARE_BRACKET:
        return err_set(err, "error parsing regexp: missing closing ]: `%s`", pattern);
    case PCRE2_ERROR_QUANTIFIER_INVALID:
        return err_set(err, "error parsing regexp: missing argument to repetition operator: `%.1s`",
                       at ? pattern + at - 1 : pattern);
    default:
        pcre2_get_error_message(code, (PCRE2_UCHAR *)text, sizeof text);
        return err_set(err, "error parsing regexp: %s: `%s`", text, pattern);
    }
}

struct pprof_rx *pprof_rx_new(const char *pattern, struct err *err)
{
    if (!check_syntax(pattern, err))
        return NULL;
    int code;
    PCRE2_SIZE at;
    pcre2_code *compiled =
        pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                      PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_DOLLAR_ENDONLY |
                          PCRE2_NEVER_BACKSLASH_C | PCRE2_MATCH_UNSET_BACKREF,
                      &code, &at, NULL);
    if (!compiled) {
        told(err, code, pattern, at);
        return NULL;
    }
    struct pprof_rx *rx = mem_realloc(NULL, 1, sizeof *rx);
    rx->code = compiled;
    pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE); /* where it cannot, matching is slower */
    rx->found = pcre2_match_data_create_from_pattern(compiled, NULL);
    rx->limits = pcre2_match_context_create(NULL);
    rx->pattern = strdup(pattern);
    if (!rx->found || !rx->limits || !rx->pattern)
        abort();
    pcre2_set_match_limit(rx->limits, MATCH_LIMIT);
    return rx;
}

void pprof_rx_release(struct pprof_rx *rx)
{
    if (!rx)
        return;
    pcre2_match_data_free(rx->found);
    pcre2_match_context_free(rx->limits);
    pcre2_code_free(rx->code);
    free(rx->pattern);
    free(rx);
}

bool pprof_rx_match(const struct pprof_rx *rx, const char *text)
{
    return pcre2_match(rx->code, (PCRE2_SPTR)text, strlen(text), 0, 0, rx->found, rx->limits) >= 0;
}

bool pprof_rx_groups(const struct pprof_rx *rx, const char *text, size_t len,
                     struct pprof_rx_span groups[PPROF_RX_GROUPS])
{
    int n = pcre2_match(rx->code, (PCRE2_SPTR)text, len, 0, 0, rx->found, rx->limits);
    memset(groups, 0, PPROF_RX_GROUPS * sizeof *groups);
    if (n < 0)
        return false;
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(rx->found);
    for (int i = 0; i < n && i < PPROF_RX_GROUPS; i++) {
        if (at[2 * i] == PCRE2_UNSET)
            continue;
        groups[i].begin = text + at[2 * i];
        groups[i].len = at[2 * i + 1] - at[2 * i];
    }
    return true;
}

const char *pprof_rx_pattern(const struct pprof_rx *rx)
{
    return rx->pattern;
}
