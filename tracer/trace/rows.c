#include "trace/rows.h"

#include "base/arena.h"
#include "base/rank.h"

#include <stdlib.h>
#include <string.h>

void rows_add(struct rows *r, const uint64_t *values, unsigned columns)
{
    mem_grow(&r->words, &r->cap, (r->count + 1) * columns, sizeof *r->words);
    uint64_t *to = r->words + r->count * columns;
    for (unsigned i = 0; i < columns; i++)
        to[i] = values[i];
    r->count++;
}

void rows_release(struct rows *r)
{
    free(r->words);
    *r = (struct rows){0};
}

static void ranks_add(struct rank *ranks, const struct rows *r, size_t first, unsigned columns,
                      unsigned ts)
{
    for (size_t i = 0; i < r->count; i++)
        ranks[first + i] = (struct rank){r->words[i * columns + ts], (uint32_t)(first + i)};
}

uint32_t *rows_order(const struct rows *r, unsigned columns, unsigned ts)
{
    size_t n = r->count;
    struct rank *ranks = mem_realloc(NULL, 2 * n + 1, sizeof *ranks);
    ranks_add(ranks, r, 0, columns, ts);
    const struct rank *sorted = ranks_sort(ranks, ranks + n, n);
    uint32_t *order = mem_realloc(NULL, n + 1, sizeof *order);
    for (size_t i = 0; i < n; i++)
        order[i] = sorted[i].item;
    free(ranks);
    return order;
}

void rows_sort(struct rows *a, struct rows *b, unsigned columns, unsigned ts)
{
    size_t n = a->count + b->count;
    struct rank *ranks = mem_realloc(NULL, 2 * n + 1, sizeof *ranks);
    ranks_add(ranks, a, 0, columns, ts);
    ranks_add(ranks, b, a->count, columns, ts);
    const struct rank *sorted = ranks_sort(ranks, ranks + n, n);
    uint64_t *words = mem_realloc(NULL, n * columns + 1, sizeof *words), *to = words;
    for (size_t i = 0; i < n; i++, to += columns) {
        size_t row = sorted[i].item;
        const uint64_t *from =
            row < a->count ? a->words + row * columns : b->words + (row - a->count) * columns;
        memcpy(to, from, columns * sizeof *to);
    }
    if (a->count)
        memcpy(a->words, words, a->count * columns * sizeof *words);
    if (b->count)
        memcpy(b->words, words + a->count * columns, b->count * columns * sizeof *words);
    free(words);
    free(ranks);
}
