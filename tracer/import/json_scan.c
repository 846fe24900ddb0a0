#include "import/json_scan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DEPTH_MAX = 256
};

bool scan_fail(struct json_scan *s, const char *what)
{
    if (!s->err.text[0])
        err_set(&s->err, "offset %" PRIu64 ": %s", (uint64_t)(s->p - s->begin), what);
    return false;
}

char scan_peek(struct json_scan *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
        s->p++;
    return s->p < s->end ? *s->p : '\0';
}

bool scan_enter(struct json_scan *s, char open)
{
    char what[] = "expected ' '";
    what[10] = open;
    if (scan_peek(s) != open)
        return scan_fail(s, what);
    s->p++;
    s->first = true;
    return true;
}

/* Over the comma before the next one; false at the closing character. */
static bool next(struct json_scan *s, char close)
{
    bool first = s->first;
    char c = scan_peek(s);
    s->first = false;
    if (c == close) {
        s->p++;
        return false;
    }
    if (!c)
        return close == ']' && s->lax ? false : scan_fail(s, "cut short");
    if (first)
        return true;
    if (c != ',')
        return scan_fail(s, "expected ',' or the end");
    s->p++;
    c = scan_peek(s);
    if (c == close && s->lax) { /* a comma too many */
        s->p++;
        return false;
    }
    return c ? true : close == ']' && s->lax ? false : scan_fail(s, "cut short");
}

static bool skip_string(struct json_scan *s)
{
    for (s->p++; s->p < s->end; s->p++) {
        if (*s->p == '"') {
            s->p++;
            return true;
        }
        if (*s->p == '\\')
            s->p++;
    }
    s->p = s->end;
    return scan_fail(s, "a string has no end");
}

bool scan_member(struct json_scan *s, struct json_span *key)
{
    if (!next(s, '}'))
        return false;
    if (scan_peek(s) != '"')
        return scan_fail(s, "expected a key");
    key->p = s->p;
    if (!skip_string(s))
        return false;
    key->bytes = (uint64_t)(s->p - key->p);
    if (scan_peek(s) != ':')
        return scan_fail(s, "expected ':'");
    s->p++;
    return true;
}

bool scan_element(struct json_scan *s)
{
    return next(s, ']');
}

static bool skip_word(struct json_scan *s)
{
    const char *begin = s->p;
    while (s->p < s->end && (strchr("+-.", *s->p) || (*s->p >= '0' && *s->p <= '9') ||
                             (*s->p >= 'a' && *s->p <= 'z') || (*s->p >= 'A' && *s->p <= 'Z')))
        s->p++;
    return s->p > begin || scan_fail(s, "expected a value");
}

/* Brackets must match, what is between them is looked at when it is wanted. */
static bool skip_nested(struct json_scan *s)
{
    char closes[DEPTH_MAX];
    unsigned depth = 0;
    do {
        char c = scan_peek(s);
        if (!c)
            return scan_fail(s, "cut short");
        if (c == '"') {
            if (!skip_string(s))
                return false;
            continue;
        }
        if (c == '{' || c == '[') {
            if (depth == DEPTH_MAX)
                return scan_fail(s, "nested too deep");
            closes[depth++] = c == '{' ? '}' : ']';
        } else if (c == '}' || c == ']') {
            if (closes[--depth] != c)
                return scan_fail(s, "brackets do not match");
        } else if (c != ',' && c != ':') {
            if (!skip_word(s))
                return false;
            continue;
        }
        s->p++;
    } while (depth);
    return true;
}

bool scan_value(struct json_scan *s, struct json_span *value)
{
    char c = scan_peek(s);
    value->p = s->p;
    bool ok = c == '"'               ? skip_string(s)
              : c == '{' || c == '[' ? skip_nested(s)
              : c                    ? skip_word(s)
                                     : scan_fail(s, "cut short");
    value->bytes = (uint64_t)(s->p - value->p);
    return ok;
}

bool scan_is(struct json_span span, const char *word)
{
    size_t len = strlen(word);
    return span.p && span.bytes == len + 2 && span.p[0] == '"' && !memcmp(span.p + 1, word, len);
}

/* U+XXXX of four hex digits, or -1. */
static long code_unit(const char *p, const char *end)
{
    char hex[5] = "";
    char *stop;
    if (end - p < 4)
        return -1;
    memcpy(hex, p, 4);
    long code = strtol(hex, &stop, 16);
    return *stop ? -1 : code;
}

static void put_utf8(struct strbuf *out, unsigned long c)
{
    if (c < 0x80) {
        strbuf_putc(out, (char)c);
    } else if (c < 0x800) {
        strbuf_putc(out, (char)(0xc0 | c >> 6));
        strbuf_putc(out, (char)(0x80 | (c & 0x3f)));
    } else if (c < 0x10000) {
        strbuf_putc(out, (char)(0xe0 | c >> 12));
        strbuf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
        strbuf_putc(out, (char)(0x80 | (c & 0x3f)));
    } else {
        strbuf_putc(out, (char)(0xf0 | c >> 18));
        strbuf_putc(out, (char)(0x80 | (c >> 12 & 0x3f)));
        strbuf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
        strbuf_putc(out, (char)(0x80 | (c & 0x3f)));
    }
}

/* p stands behind "\u"; returns what was used. A pair of surrogates is one character. */
static size_t put_unicode(struct strbuf *out, const char *p, const char *end)
{
    long c = code_unit(p, end);
    if (c <= 0) {
        strbuf_puts(out, "\xef\xbf\xbd");
        return c < 0 ? 0 : 4;
    }
    if (c >= 0xd800 && c < 0xdc00 && end - p >= 10 && p[4] == '\\' && p[5] == 'u') {
        long low = code_unit(p + 6, end);
        if (low >= 0xdc00 && low < 0xe000) {
            put_utf8(out,
                     0x10000 + ((unsigned long)(c - 0xd800) << 10) + (unsigned long)(low - 0xdc00));
            return 10;
        }
    }
    put_utf8(out, c >= 0xd800 && c < 0xe000 ? 0xfffd : (unsigned long)c);
    return 4;
}

void scan_text(struct json_span span, struct strbuf *out)
{
    static const char escapes[] = "b\bf\fn\nr\rt\t";
    if (!span.p || span.bytes < 2 || span.p[0] != '"') {
        strbuf_append(out, span.p, span.p ? span.bytes : 0);
        return;
    }
    const char *p = span.p + 1, *end = span.p + span.bytes - 1;
    while (p < end) {
        const char *stop = memchr(p, '\\', (size_t)(end - p));
        if (!stop)
            stop = end;
        strbuf_append(out, p, (size_t)(stop - p));
        p = stop + 1;
        if (p >= end)
            return;
        char c = *p++;
        if (c == 'u') {
            p += put_unicode(out, p, end);
            continue;
        }
        const char *escape = strchr(escapes, c);
        strbuf_putc(out, escape && (escape - escapes) % 2 == 0 ? escape[1] : c);
    }
}

/* A number's text, out of its quotes, with an end. */
static bool number_text(struct json_span span, char buf[64])
{
    if (span.p && span.bytes >= 2 && span.p[0] == '"') {
        span.p++;
        span.bytes -= 2;
    }
    if (!span.p || !span.bytes || span.bytes >= 64 ||
        !(span.p[0] == '-' || (span.p[0] >= '0' && span.p[0] <= '9')))
        return false;
    memcpy(buf, span.p, span.bytes);
    buf[span.bytes] = '\0';
    return true;
}

bool scan_number(struct json_span span, double *n)
{
    char buf[64], *end;
    if (!number_text(span, buf))
        return false;
    *n = strtod(buf, &end);
    return !*end && *n == *n;
}

bool scan_us(struct json_span span, int64_t *ns)
{
    char buf[64];
    double n;
    if (!number_text(span, buf))
        return false;
    const char *p = buf + (buf[0] == '-');
    size_t digits = strspn(p, "0123456789");
    const char *rest = p + digits;
    if (digits && digits <= 15 && (!*rest || *rest == '.')) {
        int64_t us = strtoll(p, NULL, 10), part = 0;
        if (*rest == '.') {
            size_t more = strspn(rest + 1, "0123456789");
            if (rest[1 + more])
                return false;
            for (size_t i = 0; i < 3; i++)
                part = part * 10 + (i < more ? rest[1 + i] - '0' : 0);
        }
        *ns = (us * 1000 + part) * (buf[0] == '-' ? -1 : 1);
        return true;
    }
    if (!scan_number(span, &n) || !(n > -9e15 && n < 9e15))
        return false;
    *ns = (int64_t)(n * 1000);
    return true;
}
