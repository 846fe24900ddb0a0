#include "base/strbuf.h"

#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void strbuf_reserve(struct strbuf *sb, size_t more)
{
    mem_grow(&sb->p, &sb->cap, sb->len + more + 1, 1);
}

void strbuf_append(struct strbuf *sb, const void *p, size_t len)
{
    strbuf_reserve(sb, len);
    if (len)
        memcpy(sb->p + sb->len, p, len);
    sb->len += len;
    sb->p[sb->len] = '\0';
}

void strbuf_puts(struct strbuf *sb, const char *s)
{
    strbuf_append(sb, s, strlen(s));
}

void strbuf_putc(struct strbuf *sb, char c)
{
    strbuf_append(sb, &c, 1);
}

void strbuf_vprintf(struct strbuf *sb, const char *fmt, va_list ap)
{
    va_list measure;
    va_copy(measure, ap);
    int len = vsnprintf(NULL, 0, fmt, measure);
    va_end(measure);
    if (len < 0)
        return;
    strbuf_reserve(sb, (size_t)len);
    vsnprintf(sb->p + sb->len, (size_t)len + 1, fmt, ap);
    sb->len += (size_t)len;
}

void strbuf_printf(struct strbuf *sb, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    strbuf_vprintf(sb, fmt, ap);
    va_end(ap);
}

const char *strbuf_str(const struct strbuf *sb)
{
    return sb->p ? sb->p : "";
}

void strbuf_clear(struct strbuf *sb)
{
    sb->len = 0;
    if (sb->p)
        sb->p[0] = '\0';
}

void strbuf_release(struct strbuf *sb)
{
    free(sb->p);
    *sb = (struct strbuf){0};
}
