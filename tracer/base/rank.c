#include "base/rank.h"

#include <stdbool.h>
#include <string.h>

static void merge(struct rank *to, const struct rank *a, const struct rank *a_end,
                  const struct rank *b, const struct rank *b_end)
{
    while (a < a_end && b < b_end)
        *to++ = b->key < a->key ? *b++ : *a++;
    memcpy(to, a, (size_t)(a_end - a) * sizeof *a);
    to += a_end - a;
    memcpy(to, b, (size_t)(b_end - b) * sizeof *b);
}

static bool in_order(const struct rank *ranks, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (ranks[i].key < ranks[i - 1].key)
            return false;
    return true;
}

struct rank *ranks_sort(struct rank *ranks, struct rank *scratch, size_t n)
{
    struct rank *from = ranks, *to = scratch;
    if (in_order(ranks, n))
        return ranks;
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t lo = 0; lo < n; lo += 2 * width) {
            size_t mid = lo + width < n ? lo + width : n;
            size_t hi = mid + width < n ? mid + width : n;
            if (mid == hi || from[mid - 1].key <= from[mid].key)
                memcpy(to + lo, from + lo, (hi - lo) * sizeof *to);
            else
                merge(to + lo, from + lo, from + mid, from + mid, from + hi);
        }
        struct rank *swap = from;
        from = to;
        to = swap;
    }
    return from;
}
