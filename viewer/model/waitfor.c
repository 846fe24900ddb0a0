#include "model/waitfor.h"

#include "base/map.h"
#include "model/describe.h"
#include "model/spans.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOOK_BACK = 512 /* holds looked at before the instant, of each thread */
};

#define NONE UINT32_MAX

struct work {
    struct model_waitfor *g;
    const struct model_doc *doc;
    uint32_t *node_of;  /* by thread, or NONE */
    struct map64 locks; /* address -> node */
    struct map64 calls; /* hash of the title -> node */
    struct map64 ends;  /* thing << 32 | thread's node: edges that are there */
    const atomic_bool *cancel;
};

void model_waitfor_release(struct model_waitfor *g)
{
    arena_release(&g->arena);
    free(g->nodes);
    free(g->edges);
    *g = (struct model_waitfor){0};
}

static uint32_t add_node(struct model_waitfor *g, struct model_waitfor_node node)
{
    mem_grow(&g->nodes, &g->node_cap, g->node_count + 1, sizeof *g->nodes);
    g->nodes[g->node_count] = node;
    return (uint32_t)g->node_count++;
}

static void add_edge(struct model_waitfor *g, enum model_waitfor_edge_kind kind, uint32_t src,
                     uint32_t dest)
{
    mem_grow(&g->edges, &g->edge_cap, g->edge_count + 1, sizeof *g->edges);
    g->edges[g->edge_count++] = (struct model_waitfor_edge){.kind = kind, .src = src, .dest = dest};
    g->nodes[src].waits |= kind == MODEL_WAITFOR_WAITS;
    g->nodes[src].held |= kind == MODEL_WAITFOR_HELD;
    g->nodes[dest].waited_for = true;
}

/* The thread's span at the instant; false where it did not live then. */
static bool state_at(const struct work *w, uint32_t thread, struct model_spans *spans,
                     struct model_span *s)
{
    const struct model_thread *th = &w->doc->threads[thread];
    if (w->g->ns < th->start_ns || w->g->ns >= th->end_ns)
        return false;
    model_spans_states(spans, w->doc->trace, th->key, th->end_ns);
    model_spans_seek(spans, w->g->ns);
    return model_spans_next(spans, s) && s->begin_ns <= w->g->ns && w->g->ns < s->end_ns;
}

static uint32_t thread_node(struct work *w, uint32_t thread)
{
    const struct model_thread *th = &w->doc->threads[thread];
    struct model_spans spans;
    struct model_span s = {.class = MODEL_UNKNOWN};
    if (w->node_of[thread] != NONE)
        return w->node_of[thread];
    state_at(w, thread, &spans, &s);
    return w->node_of[thread] =
               add_node(w->g, (struct model_waitfor_node){
                                  .kind = MODEL_WAITFOR_THREAD,
                                  .class = s.class,
                                  .title = arena_printf(&w->g->arena, "%s %u",
                                                        th->name[0] ? th->name : "thread", th->tid),
                                  .thread = thread,
                                  .count = 1,
                                  .row = s.row,
                                  .begin_ns = s.begin_ns,
                                  .end_ns = s.end_ns});
}

/* From a thing to a thread, once. */
static void add_end(struct work *w, enum model_waitfor_edge_kind kind, uint32_t thing,
                    uint32_t thread)
{
    bool added;
    uint32_t node = thread_node(w, thread);
    map64_put(&w->ends, (uint64_t)thing << 32 | node, &added);
    if (added)
        add_edge(w->g, kind, thing, node);
}

static void waits(struct work *w, uint32_t thread, uint32_t thing)
{
    w->g->nodes[thing].count++;
    add_edge(w->g, MODEL_WAITFOR_WAITS, thread_node(w, thread), thing);
}

static uint32_t thing_node(struct work *w, struct map64 *by, uint64_t key,
                           struct model_waitfor_node node)
{
    bool added;
    uint64_t *at = map64_put(by, key, &added);
    if (added)
        *at = add_node(w->g, node);
    return (uint32_t)*at;
}

/* Who ended the wait later, where the trace tells. */
static uint32_t later(const struct work *w, uint64_t tid, int64_t ns)
{
    const struct model_thread *th = tid ? model_doc_thread(w->doc, tid, ns) : NULL;
    return th ? (uint32_t)(th - w->doc->threads) : NONE;
}

static void add_lock_wait(struct work *w, uint32_t thread, struct model_spans *spans,
                          const struct model_span *s)
{
    uint64_t address = trace_get(&spans->cursor, s->row, TRACE_THREAD_STATE_object);
    uint32_t thing = thing_node(
        w, &w->locks, address,
        (struct model_waitfor_node){.kind = MODEL_WAITFOR_LOCK,
                                    .class = s->class,
                                    .title = model_lock_text(w->doc, address, &w->g->arena),
                                    .thread = thread,
                                    .address = address});
    waits(w, thread, thing);
}

/* Calls that somebody ends are told apart: two pipes are both called "pipe". */
static void add_call_wait(struct work *w, uint32_t thread, const struct model_span *s, bool ended)
{
    const char *call = model_wait_call(w->doc, &w->doc->threads[thread], s, &w->g->arena);
    const char *title = call ? call : model_class_name(s->class);
    uint64_t key = hash_bytes(title, strlen(title)) + (ended ? hash64(thread + 1) : 0);
    uint32_t thing = thing_node(
        w, &w->calls, key,
        (struct model_waitfor_node){
            .kind = MODEL_WAITFOR_CALL, .class = s->class, .title = title, .thread = thread});
    waits(w, thread, thing);
}

/* A wait that another thread ends by what it does: not one that ends by itself. */
static bool has_waker(enum model_class c)
{
    return c == MODEL_COND || c == MODEL_JOIN || c == MODEL_SYSCALL || c == MODEL_BLOCKED;
}

static void add_wait(struct work *w, uint32_t thread, struct model_spans *spans,
                     const struct model_span *s, bool all)
{
    uint64_t tid = trace_get(&spans->cursor, s->row, TRACE_THREAD_STATE_waker_tid);
    uint32_t by = has_waker(s->class) ? later(w, tid, s->end_ns) : NONE;
    if (s->class == MODEL_LOCK) {
        add_lock_wait(w, thread, spans, s);
        return;
    }
    if (by == NONE && !all)
        return;
    if (s->class == MODEL_COND)
        add_lock_wait(w, thread, spans, s);
    else if (s->class == MODEL_JOIN && by != NONE)
        add_edge(w->g, MODEL_WAITFOR_WAITS, thread_node(w, thread), thread_node(w, by));
    else
        add_call_wait(w, thread, s, by != NONE);
    if (by == NONE || s->class == MODEL_JOIN)
        return;
    uint32_t thing = w->g->edges[w->g->edge_count - 1].dest;
    add_end(w, MODEL_WAITFOR_ENDED, thing, by);
}

/* --- who holds the locks that are waited for ------------------------------------------ */

static void add_holds(struct work *w, uint32_t thread)
{
    struct trace_cursor c =
        trace_cursor(w->doc->trace, TRACE_LOCK_HOLD_TABLE, w->doc->threads[thread].key);
    uint64_t end = c.total_rows ? trace_lower_bound(&c, (uint64_t)w->g->ns + 1) : 0;
    uint64_t first = end > LOOK_BACK ? end - LOOK_BACK : 0;
    for (uint64_t row = end; row-- > first;) {
        int64_t begin = (int64_t)trace_get(&c, row, TRACE_LOCK_HOLD_ts);
        int64_t held = (int64_t)trace_get(&c, row, TRACE_LOCK_HOLD_dur);
        const uint64_t *thing = map64_get(&w->locks, trace_get(&c, row, TRACE_LOCK_HOLD_lock));
        if (thing && begin + held > w->g->ns)
            add_end(w, MODEL_WAITFOR_HELD, (uint32_t)*thing, thread);
    }
}

/* Without a hold in the trace: whose unlock ended a wait, or who holds it to the end. */
static void add_told_holder(struct work *w, uint32_t waiter, uint32_t thing)
{
    const struct model_thread *th = &w->doc->threads[waiter];
    struct trace_cursor c = trace_cursor(w->doc->trace, TRACE_LOCK_WAIT_TABLE, th->key);
    if (!c.total_rows)
        return;
    uint64_t row = trace_row_at(&c, (uint64_t)w->g->ns);
    int64_t begin = (int64_t)trace_get(&c, row, TRACE_LOCK_WAIT_ts);
    int64_t end = begin + (int64_t)trace_get(&c, row, TRACE_LOCK_WAIT_dur);
    if (begin > w->g->ns || end <= w->g->ns)
        return;
    uint32_t holder = later(w, trace_get(&c, row, TRACE_LOCK_WAIT_holder_tid), end);
    if (holder != NONE)
        add_end(w, MODEL_WAITFOR_HELD, thing, holder);
}

static void add_holders(struct work *w)
{
    struct model_waitfor *g = w->g;
    for (uint32_t i = 0; i < w->doc->thread_count && w->locks.len && !atomic_load(w->cancel); i++)
        add_holds(w, i);
    for (size_t i = 0, n = g->edge_count; i < n; i++) {
        struct model_waitfor_edge e = g->edges[i];
        if (e.kind == MODEL_WAITFOR_WAITS && g->nodes[e.dest].kind == MODEL_WAITFOR_LOCK &&
            g->nodes[e.dest].class == MODEL_LOCK && !g->nodes[e.dest].held)
            add_told_holder(w, g->nodes[e.src].thread, e.dest);
    }
}

/* What those hang in for whom others wait, whatever it is. */
static void add_waits_of_holders(struct work *w)
{
    struct model_waitfor *g = w->g;
    for (size_t i = 0; i < g->node_count; i++) {
        struct model_waitfor_node n = g->nodes[i];
        struct model_spans spans;
        struct model_span s;
        if (n.kind == MODEL_WAITFOR_THREAD && model_class_is_blocked(n.class) && !n.waits &&
            state_at(w, n.thread, &spans, &s))
            add_wait(w, n.thread, &spans, &s, true);
    }
}

/* --- circles, and what is left out ----------------------------------------------------- */

/* Takes away, again and again, who has nobody to wait for or nobody waiting: what
 * stays waits for itself. As many rounds as the longest chain has links. */
static void find_circles(struct model_waitfor *g)
{
    bool *gone = arena_array(&g->arena, g->node_count + 1, sizeof *gone);
    bool *in = arena_array(&g->arena, g->node_count + 1, sizeof *in);
    bool *out = arena_array(&g->arena, g->node_count + 1, sizeof *out);
    for (bool again = true; again;) {
        again = false;
        memset(in, 0, g->node_count);
        memset(out, 0, g->node_count);
        for (size_t e = 0; e < g->edge_count; e++) {
            const struct model_waitfor_edge *edge = &g->edges[e];
            bool is = edge->kind != MODEL_WAITFOR_ENDED && !gone[edge->src] && !gone[edge->dest];
            out[edge->src] |= is;
            in[edge->dest] |= is;
        }
        for (size_t i = 0; i < g->node_count; i++) {
            again |= !gone[i] && !(in[i] && out[i]);
            gone[i] |= !(in[i] && out[i]);
        }
    }
    for (size_t i = 0; i < g->node_count; i++) {
        g->nodes[i].in_circle = !gone[i];
        g->circle += !gone[i] && g->nodes[i].kind == MODEL_WAITFOR_THREAD;
    }
    for (size_t e = 0; e < g->edge_count; e++)
        g->edges[e].in_circle = g->edges[e].kind != MODEL_WAITFOR_ENDED && !gone[g->edges[e].src] &&
                                !gone[g->edges[e].dest];
}

/* The nodes and edges that stay, with new numbers. */
static void keep(struct model_waitfor *g, const bool *drop)
{
    uint32_t *to = arena_array(&g->arena, g->node_count + 1, sizeof *to);
    size_t nodes = 0, edges = 0;
    for (size_t i = 0; i < g->node_count; i++) {
        to[i] = drop[i] ? NONE : (uint32_t)nodes;
        if (!drop[i])
            g->nodes[nodes++] = g->nodes[i];
    }
    for (size_t e = 0; e < g->edge_count; e++) {
        struct model_waitfor_edge edge = g->edges[e];
        if (drop[edge.src] || drop[edge.dest])
            continue;
        edge.src = to[edge.src];
        edge.dest = to[edge.dest];
        g->edges[edges++] = edge;
    }
    g->node_count = nodes;
    g->edge_count = edges;
}

/* Of a crowd that waits for one thing the longest waits stay. */
static void gather_crowd(struct model_waitfor *g, uint32_t thing, bool *drop, size_t old_count)
{
    uint32_t *crowd = arena_array(&g->arena, g->edge_count + 1, sizeof *crowd);
    size_t count = 0;
    for (size_t e = 0; e < g->edge_count; e++) {
        uint32_t src = g->edges[e].src;
        if (g->edges[e].dest == thing && g->edges[e].kind == MODEL_WAITFOR_WAITS &&
            src < old_count && !g->nodes[src].waited_for)
            crowd[count++] = src;
    }
    if (count <= MODEL_WAITFOR_SHOWN)
        return;
    for (size_t i = 0; i + 1 < MODEL_WAITFOR_SHOWN; i++) /* those that began first */
        for (size_t k = i + 1; k < count; k++)
            if (g->nodes[crowd[k]].begin_ns < g->nodes[crowd[i]].begin_ns) {
                uint32_t swap = crowd[i];
                crowd[i] = crowd[k];
                crowd[k] = swap;
            }
    size_t rest = count - (MODEL_WAITFOR_SHOWN - 1);
    for (size_t i = MODEL_WAITFOR_SHOWN - 1; i < count; i++)
        drop[crowd[i]] = true;
    uint32_t more = add_node(
        g, (struct model_waitfor_node){.kind = MODEL_WAITFOR_THREADS,
                                       .class = g->nodes[crowd[count - 1]].class,
                                       .title = arena_printf(&g->arena, "%zu more threads", rest),
                                       .thread = g->nodes[crowd[count - 1]].thread,
                                       .count = (uint32_t)rest});
    add_edge(g, MODEL_WAITFOR_WAITS, more, thing);
}

static void gather_crowds(struct model_waitfor *g)
{
    size_t count = g->node_count;
    bool *drop = arena_array(&g->arena, 2 * count + 1, sizeof *drop);
    for (uint32_t i = 0; i < count; i++)
        if (g->nodes[i].count > MODEL_WAITFOR_SHOWN)
            gather_crowd(g, i, drop, count);
    keep(g, drop);
}

void model_waitfor_at(struct model_waitfor *g, const struct model_doc *doc, int64_t ns, bool all,
                      const atomic_bool *cancel)
{
    struct work w = {.g = g, .doc = doc, .cancel = cancel};
    arena_clear(&g->arena);
    g->node_count = g->edge_count = 0;
    g->alive = g->blocked = g->circle = 0;
    g->ns = ns;
    w.node_of = arena_array(&g->arena, doc->thread_count + 1, sizeof *w.node_of);
    for (uint32_t i = 0; i < doc->thread_count; i++)
        w.node_of[i] = NONE;
    for (uint32_t i = 0; i < doc->thread_count && !atomic_load(cancel); i++) {
        struct model_spans spans;
        struct model_span s;
        if (!state_at(&w, i, &spans, &s))
            continue;
        g->alive++;
        g->blocked += model_class_is_blocked(s.class);
        if (model_class_is_blocked(s.class))
            add_wait(&w, i, &spans, &s, all);
        else if (all)
            thread_node(&w, i);
    }
    add_holders(&w);
    if (!atomic_load(cancel))
        add_waits_of_holders(&w);
    find_circles(g);
    gather_crowds(g);
    map64_release(&w.locks);
    map64_release(&w.calls);
    map64_release(&w.ends);
}
