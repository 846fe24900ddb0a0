#include "model/regions.h"

#include "base/arena.h"

#include <stdlib.h>

struct open_region {
    uint64_t end_ns;
    uint32_t row;
};

static void add(struct model_regions *r, unsigned depth, uint32_t row)
{
    if (depth >= MODEL_REGION_DEPTHS)
        depth = MODEL_REGION_DEPTHS - 1;
    mem_grow(&r->depth[depth].rows, &r->depth[depth].cap, r->depth[depth].count + 1,
             sizeof(uint32_t));
    r->depth[depth].rows[r->depth[depth].count++] = row;
    if (depth + 1 > r->depths)
        r->depths = depth + 1;
}

static int longest_first(const void *a, const void *b)
{
    const struct open_region *x = a, *y = b;
    if (x->end_ns != y->end_ns)
        return x->end_ns > y->end_ns ? -1 : 1;
    return x->row < y->row ? 1 : -1; /* a region is written when it ends: inner ones first */
}

/* Regions that begin at the same instant: the longest is the outermost. */
static void add_group(struct model_regions *r, struct open_region *group, size_t count,
                      uint64_t begin_ns, uint64_t *ends, unsigned *open)
{
    if (count > 1)
        qsort(group, count, sizeof *group, longest_first);
    for (size_t i = 0; i < count; i++) {
        while (*open && ends[*open - 1] <= begin_ns)
            --*open;
        add(r, *open, group[i].row);
        if (*open < MODEL_REGION_DEPTHS - 1)
            ends[(*open)++] = group[i].end_ns;
    }
}

void model_regions_init(struct model_regions *r, const struct trace *t, uint32_t thread)
{
    *r = (struct model_regions){0};
    struct trace_cursor c = trace_cursor(t, TRACE_REGION_TABLE, thread);
    uint64_t ends[MODEL_REGION_DEPTHS], begin_ns = 0;
    unsigned open = 0;
    struct open_region *group = NULL;
    size_t count = 0, cap = 0;
    for (uint64_t row = 0; row < c.total_rows && row < UINT32_MAX && !c.damaged; row++) {
        uint64_t ts = trace_get(&c, row, TRACE_REGION_ts);
        if (ts != begin_ns) {
            add_group(r, group, count, begin_ns, ends, &open);
            count = 0;
            begin_ns = ts;
        }
        mem_grow(&group, &cap, count + 1, sizeof *group);
        uint64_t dur = trace_get(&c, row, TRACE_REGION_dur);
        group[count++] = (struct open_region){.end_ns = ts + dur, .row = (uint32_t)row};
    }
    add_group(r, group, count, begin_ns, ends, &open);
    free(group);
}

unsigned model_regions_depth(const struct model_regions *r, uint64_t row)
{
    for (unsigned d = 0; d < r->depths; d++) {
        size_t lo = 0, hi = r->depth[d].count;
        while (lo < hi) {
            size_t mid = lo + (hi - lo) / 2;
            if (r->depth[d].rows[mid] < row)
                lo = mid + 1;
            else
                hi = mid;
        }
        if (lo < r->depth[d].count && r->depth[d].rows[lo] == row)
            return d;
    }
    return 0;
}

void model_regions_release(struct model_regions *r)
{
    for (unsigned d = 0; d < MODEL_REGION_DEPTHS; d++)
        free(r->depth[d].rows);
    *r = (struct model_regions){0};
}
