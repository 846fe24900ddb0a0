#include "export/text.h"

#include "base/arena.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

const char text_two_digits[201] =
    "00010203040506070809101112131415161718192021222324252627282930313233"
    "34353637383940414243444546474849505152535455565758596061626364656667"
    "6869707172737475767778798081828384858687888990919293949596979899";

void text_flush(struct text *x)
{
    if (!x->out)
        return;
    export_out_write(x->out, x->buf, x->len);
    x->len = 0;
}

void text_reserve_slow(struct text *x, size_t bytes)
{
    if (x->len)
        text_flush(x);
    if (x->cap - x->len >= bytes)
        return;
    size_t need = x->len + bytes;
    mem_grow(&x->buf, &x->cap, need > TEXT_BYTES ? need : TEXT_BYTES, 1);
}

uint64_t text_total(const struct text *x)
{
    return (x->out ? export_out_bytes(x->out) : 0) + x->len;
}

void text_release(struct text *x)
{
    if (x->len)
        text_flush(x);
    free(x->buf);
    *x = (struct text){0};
}

void text_i64(struct text *x, int64_t n)
{
    if (n < 0)
        text_putc(x, '-');
    text_u64(x, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
}

void text_hex(struct text *x, uint64_t n)
{
    char digits[TEXT_NUMBER], *end = digits + sizeof digits, *p = end;
    do
        *--p = "0123456789abcdef"[n & 15];
    while (n >>= 4);
    *--p = 'x';
    *--p = '0';
    text_put(x, p, (size_t)(end - p));
}

void text_f64(struct text *x, double d)
{
    char digits[TEXT_NUMBER];
    if (d - d != 0) {
        text_lit(x, "null");
        return;
    }
    text_put(x, digits, (size_t)snprintf(digits, sizeof digits, "%.17g", d));
}
