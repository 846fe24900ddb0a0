#include "model/flame.h"

#include "model/flame_build.h"

#include <stdlib.h>
#include <string.h>

void model_flame_clear(struct model_flame *f)
{
    f->count = 0;
    f->samples = 0;
    f->unknown = 0;
    f->deepest = 0;
    f->in_time_order = f->is_diff = f->by_before = false;
    map64_clear(&f->by_name);
    mem_grow(&f->nodes, &f->cap, 1, sizeof *f->nodes);
    f->nodes[f->count++] = (struct model_flame_node){.name = intern_str(&f->names, "all"),
                                                     .module = intern_str(&f->names, ""),
                                                     .source = intern_str(&f->names, ""),
                                                     .wait = MODEL_CLASSES};
}

void model_flame_release(struct model_flame *f)
{
    free(f->nodes);
    intern_release(&f->names);
    map64_release(&f->by_name);
    *f = (struct model_flame){0};
}

uint32_t model_flame_child(struct model_flame *f, uint32_t parent, const struct flame_frame *frame)
{
    uint32_t name = intern_str(&f->names, frame->name);
    bool added;
    if (f->in_time_order && f->nodes[parent].child && f->nodes[f->nodes[parent].child].name == name)
        return f->nodes[parent].child; /* while growing: the last one made */
    uint64_t *at = map64_put(&f->by_name, (uint64_t)parent << 32 | name, &added);
    if (!added && !f->in_time_order)
        return (uint32_t)*at;
    *at = f->count;
    if (f->in_time_order)
        f->nodes[parent].child = (uint32_t)f->count;
    mem_grow(&f->nodes, &f->cap, f->count + 1, sizeof *f->nodes);
    struct model_flame_node *n = &f->nodes[f->count];
    *n = (struct model_flame_node){.name = name, .parent = parent, .wait = frame->wait};
    n->module = intern_str(&f->names, frame->module);
    n->source = intern_str(&f->names, frame->source);
    n->depth = f->nodes[parent].depth + 1;
    if (n->depth > f->deepest)
        f->deepest = n->depth;
    return (uint32_t)f->count++;
}

struct by_weight {
    uint64_t total; /* 0 for all where time orders them */
    uint32_t node;
    uint32_t parent;
};

static int heaviest_first(const void *a, const void *b)
{
    const struct by_weight *x = a, *y = b;
    if (x->parent != y->parent)
        return x->parent < y->parent ? -1 : 1;
    if (x->total != y->total)
        return x->total > y->total ? -1 : 1;
    return x->node < y->node ? -1 : 1;
}

/* Parents precede children, so one pass backwards sums and one links. */
void model_flame_finish(struct model_flame *f)
{
    for (size_t i = 0; i < f->count; i++) {
        f->nodes[i].total = f->nodes[i].self;
        f->nodes[i].before = f->nodes[i].before_self;
        f->nodes[i].child = f->nodes[i].sibling = 0;
    }
    for (size_t i = f->count; i-- > 1;) {
        f->nodes[f->nodes[i].parent].total += f->nodes[i].total;
        f->nodes[f->nodes[i].parent].before += f->nodes[i].before;
    }
    struct by_weight *order = mem_realloc(NULL, f->count, sizeof *order);
    for (size_t i = 1; i < f->count; i++)
        order[i - 1] = (struct by_weight){f->in_time_order ? 0 : f->nodes[i].total, (uint32_t)i,
                                          f->nodes[i].parent};
    qsort(order, f->count - 1, sizeof *order, heaviest_first);
    for (size_t i = f->count - 1; i-- > 0;) {
        struct model_flame_node *parent = &f->nodes[order[i].parent];
        f->nodes[order[i].node].sibling = parent->child;
        parent->child = order[i].node;
    }
    free(order);
}

struct layout {
    const struct model_flame *flame;
    struct model_flame_boxes *boxes;
    uint64_t whole; /* weight of the zoomed node */
    int width_px;
};

static void add_box(struct model_flame_boxes *b, int x0, int x1, uint32_t node, uint32_t row)
{
    mem_grow(&b->items, &b->cap, b->count + 1, sizeof *b->items);
    b->items[b->count++] = (struct model_flame_box){x0, x1, node, row};
    if (row + 1 > b->rows)
        b->rows = row + 1;
}

/* `before`: weight of what lies left of the node. */
static void add_subtree(struct layout *l, uint32_t node, uint64_t before, uint32_t row)
{
    const struct model_flame_node *n = &l->flame->nodes[node];
    int x0 = (int)((unsigned __int128)before * (unsigned)l->width_px / l->whole);
    int x1 = (int)((unsigned __int128)(before + n->total) * (unsigned)l->width_px / l->whole);
    if (x1 <= x0)
        return;
    add_box(l->boxes, x0, x1, node, row);
    for (uint32_t c = n->child; c; c = l->flame->nodes[c].sibling) {
        add_subtree(l, c, before, row + 1);
        before += l->flame->nodes[c].total;
    }
}

static int box_order(const void *a, const void *b)
{
    const struct model_flame_box *x = a, *y = b;
    if (x->row != y->row)
        return x->row < y->row ? -1 : 1;
    return x->x0 < y->x0 ? -1 : 1;
}

void model_flame_layout(const struct model_flame *f, uint32_t zoom, int width_px,
                        struct model_flame_boxes *boxes)
{
    boxes->count = 0;
    boxes->rows = 0;
    if (zoom >= f->count || !f->nodes[zoom].total || width_px < 1)
        return;
    uint32_t depth = f->nodes[zoom].depth;
    for (uint32_t n = zoom, row = depth; row-- > 0;) {
        n = f->nodes[n].parent;
        add_box(boxes, 0, width_px, n, row);
    }
    struct layout l = {f, boxes, f->nodes[zoom].total, width_px};
    add_subtree(&l, zoom, 0, depth);
    qsort(boxes->items, boxes->count, sizeof *boxes->items, box_order);
}

const struct model_flame_box *model_flame_hit(const struct model_flame_boxes *boxes, int x,
                                              uint32_t row)
{
    size_t lo = 0, hi = boxes->count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        const struct model_flame_box *b = &boxes->items[mid];
        if (b->row < row || (b->row == row && b->x1 <= x))
            lo = mid + 1;
        else
            hi = mid;
    }
    const struct model_flame_box *b = &boxes->items[lo];
    return lo < boxes->count && b->row == row && b->x0 <= x ? b : NULL;
}

static bool below_its_own(const struct model_flame *f, uint32_t node)
{
    for (uint32_t n = node; n;) {
        n = f->nodes[n].parent;
        if (n && f->nodes[n].name == f->nodes[node].name)
            return true;
    }
    return false;
}

/* qsort has no argument for data: set for the length of one sort. */
static _Thread_local const struct model_flame *sorting;

static int by_name(const void *a, const void *b)
{
    const struct model_top_row *x = a, *y = b;
    int order = strcmp(intern_get(&sorting->names, x->name), intern_get(&sorting->names, y->name));
    return order;
}

static int by_self(const void *a, const void *b)
{
    const struct model_top_row *x = a, *y = b;
    if (x->self != y->self)
        return x->self > y->self ? -1 : 1;
    if (x->total != y->total)
        return x->total > y->total ? -1 : 1;
    return by_name(a, b);
}

static int by_total(const void *a, const void *b)
{
    const struct model_top_row *x = a, *y = b;
    if (x->total != y->total)
        return x->total > y->total ? -1 : 1;
    return by_self(a, b);
}

void model_top_from_flame(struct model_top *top, const struct model_flame *f,
                          enum model_top_order order)
{
    struct map64 by_id = {0};
    top->count = 0;
    for (uint32_t i = 1; i < f->count; i++) {
        const struct model_flame_node *n = &f->nodes[i];
        bool added;
        uint64_t *at = map64_put(&by_id, n->name, &added);
        if (added) {
            *at = top->count;
            mem_grow(&top->rows, &top->cap, top->count + 1, sizeof *top->rows);
            top->rows[top->count++] =
                (struct model_top_row){.name = n->name, .module = n->module, .source = n->source};
        }
        top->rows[*at].self += n->self;
        top->rows[*at].before_self += n->before_self;
        if (below_its_own(f, i))
            continue;
        top->rows[*at].total += n->total;
        top->rows[*at].before += n->before;
    }
    map64_release(&by_id);
    sorting = f;
    int (*const orders[])(const void *, const void *) = {by_self, by_total, by_name};
    if (top->count)
        qsort(top->rows, top->count, sizeof *top->rows, orders[order]);
}

void model_top_release(struct model_top *top)
{
    free(top->rows);
    *top = (struct model_top){0};
}
