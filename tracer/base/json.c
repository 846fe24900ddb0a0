#include "base/json.h"

#include <stdlib.h>
#include <string.h>

void json_string(struct strbuf *sb, const char *s)
{
    strbuf_putc(sb, '"');
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\') {
            strbuf_putc(sb, '\\');
            strbuf_putc(sb, *s);
        } else if (c == '\n') {
            strbuf_puts(sb, "\\n");
        } else if (c < 0x20 || c == 0x7f) {
            strbuf_printf(sb, "\\u%04x", c);
        } else {
            strbuf_putc(sb, *s);
        }
    }
    strbuf_putc(sb, '"');
}

static void begin_member(struct strbuf *sb, const char *key)
{
    char last = sb->len ? sb->p[sb->len - 1] : '{';
    if (last != '{' && last != '[')
        strbuf_puts(sb, ", ");
    json_string(sb, key);
    strbuf_puts(sb, ": ");
}

void json_member(struct strbuf *sb, const char *key, const char *value)
{
    begin_member(sb, key);
    json_string(sb, value);
}

void json_member_raw(struct strbuf *sb, const char *key, const char *value)
{
    begin_member(sb, key);
    strbuf_puts(sb, value);
}

static const char *skip_space(const char *p)
{
    while (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r')
        p++;
    return p;
}

static bool read_hex4(const char *p, unsigned *value)
{
    char digits[5] = {0};
    for (int i = 0; i < 4; i++) {
        if (!p[i] || !strchr("0123456789abcdefABCDEF", p[i]))
            return false;
        digits[i] = p[i];
    }
    *value = (unsigned)strtoul(digits, NULL, 16);
    return true;
}

/* Reads the string that starts at the quote *pp; false where it is damaged. Only
 * the escapes that json_string writes, and the simple ones. */
static bool read_string(const char **pp, struct strbuf *out)
{
    strbuf_clear(out);
    const char *p = *pp;
    if (*p++ != '"')
        return false;
    for (; *p && *p != '"'; p++) {
        if (*p != '\\') {
            strbuf_putc(out, *p);
            continue;
        }
        unsigned value;
        if (*++p == 'u') {
            if (!read_hex4(p + 1, &value) || value > 0x7f)
                return false;
            strbuf_putc(out, (char)value);
            p += 4;
        } else if (*p == 'n') {
            strbuf_putc(out, '\n');
        } else if (*p == '"' || *p == '\\' || *p == '/') {
            strbuf_putc(out, *p);
        } else {
            return false;
        }
    }
    if (*p != '"')
        return false;
    *pp = p + 1;
    return true;
}

/* A number or a word: what runs up to the next delimiter. */
static bool read_bare(const char **pp, struct strbuf *out)
{
    size_t len = strcspn(*pp, ",} \t\r\n\"{[");
    strbuf_clear(out);
    strbuf_append(out, *pp, len);
    *pp += len;
    return len > 0;
}

static bool read_members(const char *p, void (*member)(void *, const char *, const char *),
                         void *data, struct strbuf *key, struct strbuf *value)
{
    p = skip_space(p);
    if (*p++ != '{')
        return false;
    p = skip_space(p);
    while (*p != '}') {
        if (!read_string(&p, key))
            return false;
        p = skip_space(p);
        if (*p++ != ':')
            return false;
        p = skip_space(p);
        if (!(*p == '"' ? read_string(&p, value) : read_bare(&p, value)))
            return false;
        member(data, strbuf_str(key), strbuf_str(value));
        p = skip_space(p);
        if (*p == ',')
            p = skip_space(p + 1);
        else if (*p != '}')
            return false;
    }
    return !*skip_space(p + 1);
}

bool json_read_flat(const char *text,
                    void (*member)(void *data, const char *key, const char *value), void *data,
                    struct err *err)
{
    struct strbuf key = {0}, value = {0};
    bool ok = read_members(text, member, data, &key, &value);
    strbuf_release(&key);
    strbuf_release(&value);
    return ok ? true : err_set(err, "not a flat JSON object");
}
