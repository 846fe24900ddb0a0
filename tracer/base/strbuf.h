/* strbuf: a growing, always NUL-terminated byte string.
 *
 *     struct strbuf sb = {0};
 *     strbuf_printf(&sb, "%s", name);
 *     use(sb.p);  // never NULL after the first append; "" via strbuf_str before
 *     strbuf_release(&sb); */
#ifndef BASE_STRBUF_H
#define BASE_STRBUF_H

#include <stdarg.h>
#include <stddef.h>

struct strbuf {
    char *p;    /* owned; NULL while nothing was appended */
    size_t len; /* bytes without the NUL */
    size_t cap;
};

/* Makes room for so many more bytes and a NUL. */
void strbuf_reserve(struct strbuf *sb, size_t more);
void strbuf_append(struct strbuf *sb, const void *p, size_t len);
void strbuf_puts(struct strbuf *sb, const char *s);
void strbuf_putc(struct strbuf *sb, char c);
void strbuf_printf(struct strbuf *sb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strbuf_vprintf(struct strbuf *sb, const char *fmt, va_list ap);
const char *strbuf_str(const struct strbuf *sb);
/* Empties it, keeping the memory. */
void strbuf_clear(struct strbuf *sb);
void strbuf_release(struct strbuf *sb);

#endif
