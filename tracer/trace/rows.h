/* rows: rows of words in memory, and their order by time. */
#ifndef TRACE_ROWS_H
#define TRACE_ROWS_H

#include <stddef.h>
#include <stdint.h>

struct rows {
    uint64_t *words; /* owned, row-major */
    size_t cap;      /* in words */
    size_t count;    /* rows */
};

void rows_add(struct rows *r, const uint64_t *values, unsigned columns);
void rows_release(struct rows *r);

/* The rows' numbers in order of their word `ts`; equal ones keep their order. The
 * caller's, to be freed. */
uint32_t *rows_order(const struct rows *r, unsigned columns, unsigned ts);
/* Sorts the rows of `a` and then `b` together, likewise; each keeps its count. */
void rows_sort(struct rows *a, struct rows *b, unsigned columns, unsigned ts);

#endif
