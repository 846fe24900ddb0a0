/* text: what an export writes, in a buffer of its own: numbers and constant texts
 * are made in place, without printf or a call for each piece, because a trace has
 * tens of millions of rows. The buffer goes to `out` as it fills up.
 *
 *     struct text x = {.out = out};
 *     text_lit(&x, "\"ts\":");
 *     text_us(&x, ts_ns);
 *     text_release(&x);   // writes the rest
 *
 * A text without `out` keeps all it was given, in buf[0..len). */
#ifndef EXPORT_TEXT_H
#define EXPORT_TEXT_H

#include "export/out.h"

#include <string.h>

enum {
    TEXT_BYTES = 256 * 1024,
    TEXT_NUMBER = 32 /* no number is longer */
};

struct text {
    struct export_out *out; /* NULL: kept */
    char *buf;              /* owned */
    size_t len;
    size_t cap;
};

/* Makes room for `bytes` more, by writing out or by growing. */
void text_reserve_slow(struct text *x, size_t bytes);
/* Writes out what is in the buffer. */
void text_flush(struct text *x);
/* Flushes and frees. */
void text_release(struct text *x);
/* Bytes given so far to `out` and the buffer. */
uint64_t text_total(const struct text *x);

void text_i64(struct text *x, int64_t n);
void text_hex(struct text *x, uint64_t n); /* 0x1f */
/* All 17 digits that a double needs; null for infinity and NaN, which JSON lacks. */
void text_f64(struct text *x, double d);

static inline void text_reserve(struct text *x, size_t bytes)
{
    if (__builtin_expect(x->cap - x->len < bytes, 0))
        text_reserve_slow(x, bytes);
}

static inline void text_put(struct text *x, const char *s, size_t len)
{
    text_reserve(x, len);
    memcpy(x->buf + x->len, s, len);
    x->len += len;
}

static inline void text_putc(struct text *x, char c)
{
    text_reserve(x, 1);
    x->buf[x->len++] = c;
}

/* Always inlined: the length of a literal is then known to the compiler. */
__attribute__((always_inline)) static inline void text_lit(struct text *x, const char *s)
{
    text_put(x, s, strlen(s));
}

extern const char text_two_digits[201]; /* "00" to "99" */

/* Writes n's digits so that they end before `end`; returns their begin. */
static inline char *text_digits(char *end, uint64_t n)
{
    for (; n >= 100; n /= 100)
        memcpy(end -= 2, text_two_digits + n % 100 * 2, 2);
    if (n >= 10)
        return memcpy(end - 2, text_two_digits + n * 2, 2);
    *--end = (char)('0' + n);
    return end;
}

static inline void text_u64(struct text *x, uint64_t n)
{
    char digits[TEXT_NUMBER], *end = digits + sizeof digits;
    char *begin = text_digits(end, n);
    text_put(x, begin, (size_t)(end - begin));
}

/* ns as microseconds with three decimals: no ns is lost. */
static inline void text_us(struct text *x, uint64_t ns)
{
    char digits[TEXT_NUMBER], *end = digits + sizeof digits;
    unsigned rest = (unsigned)(ns % 1000);
    memcpy(end - 2, text_two_digits + rest % 100 * 2, 2);
    end[-3] = (char)('0' + rest / 100);
    end[-4] = '.';
    char *begin = text_digits(end - 4, ns / 1000);
    text_put(x, begin, (size_t)(end - begin));
}

#endif
