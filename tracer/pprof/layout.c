#include "pprof/layout.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ORDER_ROUNDS = 24, /* of reordering all layers, down and up in turn */
    PLACE_ROUNDS = 16,
    IDLE_ROUNDS = 6 /* without a better order: enough */
};

#define NONE UINT32_MAX

/* A box, or the bend of an arrow that passes a layer. */
struct place {
    uint32_t box; /* NONE: a bend */
    uint32_t layer;
    uint32_t pos; /* in its layer */
    double width;
    double x;      /* of the centre */
    double wanted; /* position or x that its neighbours want */
    double pull;   /* weight of that wish */
};

/* A part of an arrow, between neighbouring layers. */
struct link {
    uint32_t up, down; /* places */
    double weight;
};

struct row {
    uint32_t *places; /* from left to right */
    uint32_t count;
};

struct work {
    struct layout *l;
    struct arena arena;
    bool *turned; /* of each edge: drawn upwards, to break a cycle */
    uint32_t layer_count;
    struct place *places;
    uint32_t place_count;
    uint32_t *first_bend; /* of each edge: its first place, or NONE */
    struct link *links;   /* sorted by nothing; indexed by the lists below */
    uint32_t link_count;
    uint32_t *down_first, *down; /* links below each place */
    uint32_t *up_first, *up;     /* links above each place */
    struct row *rows;
};

void layout_init(struct layout *l, uint32_t boxes, uint32_t edges)
{
    *l = (struct layout){.box_count = boxes, .edge_count = edges, .gap_x = 24, .gap_y = 50};
    l->boxes = arena_array(&l->arena, boxes + 1u, sizeof *l->boxes);
    l->edges = arena_array(&l->arena, edges + 1u, sizeof *l->edges);
}

void layout_release(struct layout *l)
{
    arena_release(&l->arena);
    *l = (struct layout){0};
}

/* ---- lists of edges by place ---- */

/* Counts to starts: first[i] .. first[i + 1] are the entries of i once filled. */
static uint32_t *list_starts(struct arena *a, uint32_t rows)
{
    return arena_array(a, rows + 2u, sizeof(uint32_t));
}

static void sum_starts(uint32_t *first, uint32_t rows)
{
    for (uint32_t i = 2; i < rows + 2; i++)
        first[i] += first[i - 1];
}

/* ---- cycles ---- */

struct visit {
    uint32_t box, next; /* next edge to look at */
};

static uint32_t tail(const struct work *w, uint32_t e)
{
    return w->turned[e] ? w->l->edges[e].dest : w->l->edges[e].src;
}

static uint32_t head(const struct work *w, uint32_t e)
{
    return w->turned[e] ? w->l->edges[e].src : w->l->edges[e].dest;
}

/* Turns the edges that lead back into the path being walked. */
static void break_cycles(struct work *w)
{
    enum {
        NEW,
        OPEN,
        DONE
    };
    struct layout *l = w->l;
    uint32_t n = l->box_count;
    uint32_t *first = list_starts(&w->arena, n);
    uint32_t *out = arena_array(&w->arena, l->edge_count + 1u, sizeof *out);
    bool *called = arena_array(&w->arena, n + 1u, sizeof *called);
    uint8_t *state = arena_array(&w->arena, n + 1u, sizeof *state);
    struct visit *stack = arena_array(&w->arena, n + 1u, sizeof *stack);
    w->turned = arena_array(&w->arena, l->edge_count + 1u, sizeof *w->turned);
    for (uint32_t e = 0; e < l->edge_count; e++) {
        first[l->edges[e].src + 2]++;
        called[l->edges[e].dest] |= l->edges[e].src != l->edges[e].dest;
    }
    sum_starts(first, n);
    for (uint32_t e = 0; e < l->edge_count; e++)
        out[first[l->edges[e].src + 1]++] = e;
    /* Where a program starts comes first: its calls go down. */
    for (uint32_t pass = 0; pass < 2; pass++)
        for (uint32_t root = 0; root < n; root++) {
            uint32_t depth = 0;
            if (state[root] != NEW || (pass == 0 && called[root]))
                continue;
            stack[depth++] = (struct visit){root, first[root]};
            state[root] = OPEN;
            while (depth) {
                struct visit *v = &stack[depth - 1];
                if (v->next == first[v->box + 1]) {
                    state[v->box] = DONE;
                    depth--;
                    continue;
                }
                uint32_t e = out[v->next++], to = l->edges[e].dest;
                if (state[to] == OPEN)
                    w->turned[e] = true;
                if (state[to] != NEW)
                    continue;
                state[to] = OPEN;
                stack[depth++] = (struct visit){to, first[to]};
            }
        }
}

/* ---- layers ---- */

/* Boxes so that each comes after all that call it. */
static uint32_t *topological(struct work *w)
{
    struct layout *l = w->l;
    uint32_t n = l->box_count, done = 0, count = 0;
    uint32_t *first = list_starts(&w->arena, n);
    uint32_t *out = arena_array(&w->arena, l->edge_count + 1u, sizeof *out);
    uint32_t *callers = arena_array(&w->arena, n + 1u, sizeof *callers);
    uint32_t *order = arena_array(&w->arena, n + 1u, sizeof *order);
    for (uint32_t e = 0; e < l->edge_count; e++) {
        if (tail(w, e) == head(w, e))
            continue;
        first[tail(w, e) + 2]++;
        callers[head(w, e)]++;
    }
    sum_starts(first, n);
    for (uint32_t e = 0; e < l->edge_count; e++)
        if (tail(w, e) != head(w, e))
            out[first[tail(w, e) + 1]++] = e;
    for (uint32_t i = 0; i < n; i++)
        if (!callers[i])
            order[count++] = i;
    for (; done < count; done++)
        for (uint32_t i = first[order[done]]; i < first[order[done] + 1]; i++)
            if (--callers[head(w, out[i])] == 0)
                order[count++] = head(w, out[i]);
    return order;
}

/* As high as the callers allow; then what calls more than it is called by goes down
 * to its callees: roots would all be on top otherwise, with long arrows. */
static void choose_layers(struct work *w)
{
    struct layout *l = w->l;
    uint32_t *order = topological(w);
    uint32_t *rank = arena_array(&w->arena, l->box_count + 1u, sizeof *rank);
    uint32_t *lowest = arena_array(&w->arena, l->box_count + 1u, sizeof *lowest);
    double *balance = arena_array(&w->arena, l->box_count + 1u, sizeof *balance);
    uint32_t *edges = arena_array(&w->arena, l->edge_count + 1u, sizeof *edges);
    uint32_t *first = list_starts(&w->arena, l->box_count);
    for (uint32_t i = 0; i < l->box_count; i++)
        rank[order[i]] = i;
    for (uint32_t e = 0; e < l->edge_count; e++)
        first[rank[tail(w, e)] + 2]++;
    sum_starts(first, l->box_count);
    for (uint32_t e = 0; e < l->edge_count; e++)
        edges[first[rank[tail(w, e)] + 1]++] = e; /* by place of the tail in `order` */
    for (uint32_t i = 0; i < l->edge_count; i++) {
        uint32_t from = tail(w, edges[i]), to = head(w, edges[i]);
        if (from == to)
            continue;
        if (l->boxes[to].layer <= l->boxes[from].layer)
            l->boxes[to].layer = l->boxes[from].layer + 1;
        balance[from] += l->edges[edges[i]].weight;
        balance[to] -= l->edges[edges[i]].weight;
    }
    memset(lowest, 0xff, l->box_count * sizeof *lowest);
    for (uint32_t i = l->edge_count; i > 0; i--) {
        uint32_t from = tail(w, edges[i - 1]), to = head(w, edges[i - 1]);
        if (from == to)
            continue;
        if (lowest[to] != NONE && balance[to] > 0)
            l->boxes[to].layer = lowest[to];
        if (l->boxes[to].layer - 1 < lowest[from])
            lowest[from] = l->boxes[to].layer - 1;
    }
    for (uint32_t i = 0; i < l->box_count; i++) {
        if (lowest[i] != NONE && balance[i] > 0)
            l->boxes[i].layer = lowest[i];
        if (l->boxes[i].layer >= w->layer_count)
            w->layer_count = l->boxes[i].layer + 1;
    }
}

/* ---- places and links ---- */

static uint32_t add_place(struct work *w, uint32_t box, uint32_t layer, double width)
{
    w->places[w->place_count] = (struct place){.box = box, .layer = layer, .width = width};
    return w->place_count++;
}

static void add_link(struct work *w, uint32_t up, uint32_t down, double weight)
{
    w->links[w->link_count++] = (struct link){up, down, weight};
}

/* Arrows over several layers should be straight before all others. */
static void add_edge(struct work *w, uint32_t e)
{
    struct layout *l = w->l;
    uint32_t from = tail(w, e), to = head(w, e), up = from;
    double weight = 1 + fmax(0, l->edges[e].weight);
    w->first_bend[e] = NONE;
    for (uint32_t y = l->boxes[from].layer + 1; y < l->boxes[to].layer; y++) {
        uint32_t middle = (l->boxes[from].layer + l->boxes[to].layer) / 2;
        uint32_t bend = add_place(w, NONE, y, y == middle ? 2 * l->edges[e].label_width : 4);
        if (w->first_bend[e] == NONE)
            w->first_bend[e] = bend;
        add_link(w, up, bend, up == from ? 2 * weight : 8 * weight);
        up = bend;
    }
    add_link(w, up, to, up == from ? weight : 2 * weight);
}

static void index_links(struct work *w)
{
    uint32_t n = w->place_count;
    w->down_first = list_starts(&w->arena, n);
    w->up_first = list_starts(&w->arena, n);
    w->down = arena_array(&w->arena, w->link_count + 1u, sizeof *w->down);
    w->up = arena_array(&w->arena, w->link_count + 1u, sizeof *w->up);
    for (uint32_t i = 0; i < w->link_count; i++) {
        w->down_first[w->links[i].up + 2]++;
        w->up_first[w->links[i].down + 2]++;
    }
    sum_starts(w->down_first, n);
    sum_starts(w->up_first, n);
    for (uint32_t i = 0; i < w->link_count; i++) {
        w->down[w->down_first[w->links[i].up + 1]++] = i;
        w->up[w->up_first[w->links[i].down + 1]++] = i;
    }
}

static void make_places(struct work *w)
{
    struct layout *l = w->l;
    size_t bends = 0;
    for (uint32_t e = 0; e < l->edge_count; e++) {
        uint32_t from = l->boxes[tail(w, e)].layer, to = l->boxes[head(w, e)].layer;
        bends += to > from ? to - from - 1 : 0;
    }
    w->places = arena_array(&w->arena, l->box_count + bends + 1, sizeof *w->places);
    w->links = arena_array(&w->arena, l->edge_count + bends + 1, sizeof *w->links);
    w->first_bend = arena_array(&w->arena, l->edge_count + 1u, sizeof *w->first_bend);
    for (uint32_t i = 0; i < l->box_count; i++)
        add_place(w, i, l->boxes[i].layer, l->boxes[i].width);
    for (uint32_t e = 0; e < l->edge_count; e++)
        if (tail(w, e) != head(w, e))
            add_edge(w, e);
    index_links(w);
}

/* ---- order within layers ---- */

/* First order: depth first, so that what belongs together stands together. */
static void fill_rows(struct work *w)
{
    uint32_t *counts = arena_array(&w->arena, w->layer_count + 1u, sizeof *counts);
    bool *seen = arena_array(&w->arena, w->place_count + 1u, sizeof *seen);
    uint32_t *stack = arena_array(&w->arena, w->place_count + w->link_count + 1u, sizeof *stack);
    w->rows = arena_array(&w->arena, w->layer_count + 1u, sizeof *w->rows);
    for (uint32_t i = 0; i < w->place_count; i++)
        counts[w->places[i].layer]++;
    for (uint32_t y = 0; y < w->layer_count; y++)
        w->rows[y].places = arena_array(&w->arena, counts[y] + 1u, sizeof(uint32_t));
    for (uint32_t root = 0; root < w->place_count; root++) {
        uint32_t depth = 0;
        if (w->up_first[root] != w->up_first[root + 1])
            continue;
        stack[depth++] = root;
        while (depth) {
            uint32_t p = stack[--depth];
            if (seen[p])
                continue;
            seen[p] = true;
            struct row *row = &w->rows[w->places[p].layer];
            w->places[p].pos = row->count;
            row->places[row->count++] = p;
            for (uint32_t i = w->down_first[p + 1]; i > w->down_first[p]; i--)
                if (!seen[w->links[w->down[i - 1]].down])
                    stack[depth++] = w->links[w->down[i - 1]].down;
        }
    }
}

static int by_number(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Crossings between a layer and the next: inversions, counted in a Fenwick tree. */
static uint64_t crossings_below(const struct work *w, uint32_t y, uint32_t *tree, uint32_t *ends)
{
    uint32_t width = w->rows[y + 1].count, seen = 0;
    uint64_t crossings = 0;
    memset(tree, 0, (width + 1u) * sizeof *tree);
    for (uint32_t k = 0; k < w->rows[y].count; k++) {
        uint32_t p = w->rows[y].places[k], n = 0;
        for (uint32_t i = w->down_first[p]; i < w->down_first[p + 1]; i++)
            ends[n++] = w->places[w->links[w->down[i]].down].pos + 1;
        qsort(ends, n, sizeof *ends, by_number);
        for (uint32_t i = 0; i < n; i++) {
            uint32_t left = 0;
            for (uint32_t at = ends[i]; at; at &= at - 1)
                left += tree[at];
            crossings += seen - left;
        }
        for (uint32_t i = 0; i < n; i++, seen++)
            for (uint32_t at = ends[i]; at <= width; at += at & -at)
                tree[at]++;
    }
    return crossings;
}

static uint64_t crossings(const struct work *w, uint32_t *tree, uint32_t *ends)
{
    uint64_t sum = 0;
    for (uint32_t y = 0; y + 1 < w->layer_count; y++)
        sum += crossings_below(w, y, tree, ends);
    return sum;
}

/* The weighted median of the neighbours' positions; where it stands, without any. */
static double median(const struct work *w, uint32_t p, bool above, uint32_t *ends)
{
    const uint32_t *first = above ? w->up_first : w->down_first, *list = above ? w->up : w->down;
    uint32_t n = 0;
    for (uint32_t i = first[p]; i < first[p + 1]; i++) {
        const struct link *link = &w->links[list[i]];
        ends[n++] = w->places[above ? link->up : link->down].pos;
    }
    if (n == 0)
        return w->places[p].pos;
    qsort(ends, n, sizeof *ends, by_number);
    uint32_t m = n / 2;
    if (n % 2 == 1)
        return ends[m];
    if (n == 2)
        return (ends[0] + ends[1]) / 2.0;
    double left = ends[m - 1] - ends[0], right = ends[n - 1] - ends[m];
    if (left + right == 0)
        return (ends[m - 1] + ends[m]) / 2.0;
    return (ends[m - 1] * right + ends[m] * left) / (left + right);
}

static int by_wish(const void *a, const void *b)
{
    const struct place *x = *(const struct place *const *)a, *y = *(const struct place *const *)b;
    if (x->wanted != y->wanted)
        return x->wanted < y->wanted ? -1 : 1;
    return (x->pos > y->pos) - (x->pos < y->pos);
}

static void reorder(struct work *w, uint32_t y, bool above, uint32_t *ends, struct place **sorted)
{
    struct row *row = &w->rows[y];
    for (uint32_t k = 0; k < row->count; k++) {
        sorted[k] = &w->places[row->places[k]];
        sorted[k]->wanted = median(w, row->places[k], above, ends);
    }
    qsort(sorted, row->count, sizeof(struct place *), by_wish);
    for (uint32_t k = 0; k < row->count; k++) {
        sorted[k]->pos = k;
        row->places[k] = (uint32_t)(sorted[k] - w->places);
    }
}

static void restore(struct work *w, const uint32_t *best)
{
    for (uint32_t p = 0; p < w->place_count; p++) {
        w->places[p].pos = best[p];
        w->rows[w->places[p].layer].places[best[p]] = p;
    }
}

static void order_rows(struct work *w)
{
    uint32_t *tree = arena_array(&w->arena, w->place_count + 2u, sizeof *tree);
    uint32_t *ends = arena_array(&w->arena, w->link_count + 1u, sizeof *ends);
    uint32_t *best = arena_array(&w->arena, w->place_count + 1u, sizeof *best);
    struct place **sorted = arena_array(&w->arena, w->place_count + 1u, sizeof(struct place *));
    uint64_t fewest = UINT64_MAX;
    for (uint32_t round = 0, idle = 0; round < ORDER_ROUNDS && idle < IDLE_ROUNDS; round++) {
        uint64_t now = crossings(w, tree, ends);
        idle = now < fewest ? 0 : idle + 1;
        if (now < fewest) {
            fewest = now;
            for (uint32_t p = 0; p < w->place_count; p++)
                best[p] = w->places[p].pos;
        }
        for (uint32_t i = 1; i < w->layer_count; i++) {
            bool downwards = round % 2 == 0;
            reorder(w, downwards ? i : w->layer_count - 1 - i, downwards, ends, sorted);
        }
    }
    restore(w, best);
}

/* ---- x ---- */

/* How far the centre of a row's place is from that of the row's first at least. */
static double offset_from(const struct work *w, const struct place *left, const struct place *right)
{
    return (left->width + right->width) / 2 + w->l->gap_x;
}

struct block {
    double wish, pull; /* sum of pull * wish, and of pull */
    uint32_t count;
};

/* Least squares with the order kept: pool adjacent violators (Ayer et al. 1955) on
 * wishes less the offsets that the order forces. */
static void settle(struct work *w, const struct row *row, struct block *blocks, double *offset)
{
    uint32_t n = 0;
    for (uint32_t k = 0; k < row->count; k++) {
        const struct place *p = &w->places[row->places[k]];
        offset[k] = k ? offset[k - 1] + offset_from(w, &w->places[row->places[k - 1]], p) : 0;
        blocks[n++] = (struct block){p->pull * (p->wanted - offset[k]), p->pull, 1};
        while (n > 1 &&
               blocks[n - 2].wish * blocks[n - 1].pull > blocks[n - 1].wish * blocks[n - 2].pull) {
            blocks[n - 2].wish += blocks[n - 1].wish;
            blocks[n - 2].pull += blocks[n - 1].pull;
            blocks[n - 2].count += blocks[n - 1].count;
            n--;
        }
    }
    uint32_t k = 0;
    for (uint32_t b = 0; b < n; b++)
        for (uint32_t i = 0; i < blocks[b].count; i++, k++)
            w->places[row->places[k]].x = blocks[b].wish / blocks[b].pull + offset[k];
}

static void wish_x(struct work *w, uint32_t p, bool above, bool below)
{
    struct place *place = &w->places[p];
    double sum = 0, pull = 0;
    for (uint32_t i = w->up_first[p]; above && i < w->up_first[p + 1]; i++) {
        const struct link *link = &w->links[w->up[i]];
        sum += link->weight * w->places[link->up].x;
        pull += link->weight;
    }
    for (uint32_t i = w->down_first[p]; below && i < w->down_first[p + 1]; i++) {
        const struct link *link = &w->links[w->down[i]];
        sum += link->weight * w->places[link->down].x;
        pull += link->weight;
    }
    place->wanted = pull > 0 ? sum / pull : place->x;
    place->pull = pull > 0 ? pull : 0.01;
}

static void place_row(struct work *w, uint32_t y, bool above, bool below, struct block *blocks,
                      double *offset)
{
    for (uint32_t k = 0; k < w->rows[y].count; k++)
        wish_x(w, w->rows[y].places[k], above, below);
    settle(w, &w->rows[y], blocks, offset);
}

static void choose_x(struct work *w)
{
    struct block *blocks = arena_array(&w->arena, w->place_count + 1u, sizeof *blocks);
    double *offset = arena_array(&w->arena, w->place_count + 1u, sizeof *offset);
    for (uint32_t y = 0; y < w->layer_count; y++) {
        for (uint32_t k = 0; k < w->rows[y].count; k++)
            w->places[w->rows[y].places[k]].pull = 1;
        settle(w, &w->rows[y], blocks, offset);
    }
    for (uint32_t round = 0; round < PLACE_ROUNDS; round++) {
        /* one-sided first, to spread what they pull; then between both neighbours */
        bool both = round >= PLACE_ROUNDS / 2;
        for (uint32_t y = 1; y < w->layer_count; y++)
            place_row(w, y, true, both, blocks, offset);
        for (uint32_t y = w->layer_count; y > 0; y--)
            place_row(w, y - 1, both, true, blocks, offset);
    }
}

/* ---- the result ---- */

static void choose_y(struct work *w, double *top, double *height)
{
    struct layout *l = w->l;
    double y = 0;
    for (uint32_t i = 0; i < l->box_count; i++)
        height[l->boxes[i].layer] = fmax(height[l->boxes[i].layer], l->boxes[i].height);
    for (uint32_t i = 0; i < w->layer_count; i++) {
        top[i] = y;
        y += height[i] + l->gap_y;
    }
    l->height = w->layer_count ? y - l->gap_y : 0;
}

static void place_boxes(struct work *w, const double *top, const double *height)
{
    struct layout *l = w->l;
    double left = INFINITY, right = -INFINITY;
    for (uint32_t p = 0; p < w->place_count; p++) {
        left = fmin(left, w->places[p].x - w->places[p].width / 2);
        right = fmax(right, w->places[p].x + w->places[p].width / 2);
    }
    for (uint32_t p = 0; p < w->place_count; p++)
        w->places[p].x -= left;
    for (uint32_t i = 0; i < l->box_count; i++) {
        uint32_t layer = l->boxes[i].layer;
        l->boxes[i].x = w->places[i].x;
        l->boxes[i].y = top[layer] + height[layer] / 2;
    }
    l->width = l->box_count ? right - left : 0;
}

/* Where an arrow leaves or meets a box: towards the other end, not only its middle. */
static double port(const struct layout_box *b, double towards)
{
    double reach = b->width * 0.35, x = b->x + (towards - b->x) * 0.25;
    return fmin(fmax(x, b->x - reach), b->x + reach);
}

static void add_curve(struct layout_edge *e, double x, double y)
{
    struct layout_point from = e->points[e->point_count - 1];
    double dy = (y - from.y) / 2;
    e->points[e->point_count++] = (struct layout_point){from.x, from.y + dy};
    e->points[e->point_count++] = (struct layout_point){x, y - dy};
    e->points[e->point_count++] = (struct layout_point){x, y};
}

/* A loop at the right side. */
static void draw_loop(struct layout *l, struct layout_edge *e)
{
    const struct layout_box *b = &l->boxes[e->src];
    double x = b->x + b->width / 2, dy = b->height / 4, dx = l->gap_x;
    e->points = arena_array(&l->arena, 4, sizeof *e->points);
    e->points[0] = (struct layout_point){x, b->y - dy};
    e->points[1] = (struct layout_point){x + dx, b->y - dy};
    e->points[2] = (struct layout_point){x + dx, b->y + dy};
    e->points[3] = (struct layout_point){x, b->y + dy};
    e->point_count = 4;
    e->label = (struct layout_point){x + dx * 0.8, b->y};
    l->width = fmax(l->width, e->label.x + e->label_width);
}

static void reverse(struct layout_edge *e)
{
    for (uint32_t i = 0; i < e->point_count / 2; i++) {
        struct layout_point p = e->points[i];
        e->points[i] = e->points[e->point_count - 1 - i];
        e->points[e->point_count - 1 - i] = p;
    }
}

static void draw_edge(struct work *w, uint32_t index, const double *top, const double *height)
{
    struct layout *l = w->l;
    struct layout_edge *e = &l->edges[index];
    const struct layout_box *from = &l->boxes[tail(w, index)], *to = &l->boxes[head(w, index)];
    uint32_t bends = to->layer - from->layer - 1, bend = w->first_bend[index];
    e->points = arena_array(&l->arena, 6 * (size_t)bends + 4, sizeof *e->points);
    double first_x = bends ? w->places[bend].x : to->x;
    double last_x = bends ? w->places[bend + bends - 1].x : from->x;
    e->points[0] = (struct layout_point){port(from, first_x), from->y + from->height / 2};
    e->point_count = 1;
    for (uint32_t i = 0; i < bends; i++) {
        uint32_t y = from->layer + 1 + i;
        double x = w->places[bend + i].x;
        add_curve(e, x, top[y]);
        add_curve(e, x, top[y] + height[y]); /* straight past the layer's boxes */
    }
    add_curve(e, port(to, last_x), to->y - to->height / 2);
    uint32_t middle = e->point_count / 3 / 2 * 3;
    const struct layout_point *p = &e->points[middle];
    if (bends) /* where room was made for it */
        e->label = (struct layout_point){p->x + 3, p->y};
    else /* the middle of the only curve */
        e->label = (struct layout_point){(p[0].x + p[3].x) / 2 + 3, (p[0].y + p[3].y) / 2};
    l->width = fmax(l->width, e->label.x + e->label_width);
    if (w->turned[index])
        reverse(e);
}

void layout_run(struct layout *l)
{
    struct work w = {.l = l};
    break_cycles(&w);
    choose_layers(&w);
    make_places(&w);
    fill_rows(&w);
    order_rows(&w);
    choose_x(&w);
    double *top = arena_array(&w.arena, w.layer_count + 1u, sizeof *top);
    double *height = arena_array(&w.arena, w.layer_count + 1u, sizeof *height);
    choose_y(&w, top, height);
    place_boxes(&w, top, height);
    for (uint32_t e = 0; e < l->edge_count; e++)
        if (l->edges[e].src == l->edges[e].dest)
            draw_loop(l, &l->edges[e]);
        else
            draw_edge(&w, e, top, height);
    arena_release(&w.arena);
}
