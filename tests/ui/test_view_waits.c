/* Who waits for whom at an instant, the critical path as pieces, and what source lines
 * weigh, on a trace made here: a crowd waits for a lock whose holder is in the disk;
 * later two threads close a circle. */
#include "model/lines.h"
#include "model/path.h"
#include "model/waitfor.h"
#include "trace/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    MS = 1000000,
    CROWD = 12,
    HOLDER = 100,
    LOCK = 0x1000,
    OTHER_LOCK = 0x2000,
    END_MS = 300
};

static const atomic_bool never;
static struct model_doc *doc;

static void add_state(struct trace_writer *w, uint32_t thread, int64_t ms, enum trace_state state,
                      enum trace_reason reason, uint64_t object, uint32_t waker, uint32_t stack)
{
    uint64_t v[TRACE_THREAD_STATE_COLUMNS] = {(uint64_t)ms * MS,
                                              state,
                                              state == TRACE_RUNNING ? 0 : UINT64_MAX,
                                              reason,
                                              object,
                                              waker,
                                              stack};
    trace_writer_row(w, TRACE_THREAD_STATE_TABLE, thread, v);
}

/* No hold is told: only the wait says who had the lock. */
static void add_wait(struct trace_writer *w, uint32_t thread, int64_t ms, int64_t end_ms,
                     uint64_t lock, uint32_t holder)
{
    uint64_t v[TRACE_LOCK_WAIT_COLUMNS] = {[TRACE_LOCK_WAIT_ts] = (uint64_t)ms * MS,
                                           [TRACE_LOCK_WAIT_dur] = (uint64_t)(end_ms - ms) * MS,
                                           [TRACE_LOCK_WAIT_lock] = lock,
                                           [TRACE_LOCK_WAIT_kind] = TRACE_LOCK_MUTEX,
                                           [TRACE_LOCK_WAIT_holder_tid] = holder,
                                           [TRACE_LOCK_WAIT_unfinished] = end_ms == END_MS};
    trace_writer_row(w, TRACE_LOCK_WAIT_TABLE, thread, v);
}

static uint32_t add_thread(struct trace_writer *w, uint32_t tid)
{
    char name[16];
    snprintf(name, sizeof name, "t%u", tid);
    uint64_t v[TRACE_THREAD_COLUMNS] = {
        tid, HOLDER, trace_writer_string(w, name), 0, (uint64_t)END_MS * MS, 0};
    return trace_writer_row(w, TRACE_THREAD_TABLE, 0, v);
}

static uint32_t add_stack(struct trace_writer *w, const char *function, unsigned line)
{
    uint64_t v[TRACE_FRAME_COLUMNS] = {[TRACE_FRAME_address] = 0x4000 + line,
                                       [TRACE_FRAME_function] = trace_writer_string(w, function),
                                       [TRACE_FRAME_file] = trace_writer_string(w, "bank.c"),
                                       [TRACE_FRAME_line] = line,
                                       [TRACE_FRAME_module] =
                                           trace_writer_string(w, "/usr/bin/bank")};
    uint32_t frame = trace_writer_frame(w, v), id = trace_writer_stack_new(w);
    trace_writer_stack_define(w, id, &frame, 1);
    return id;
}

static void add_sample(struct trace_writer *w, uint32_t thread, int64_t ms, uint32_t stack)
{
    uint64_t v[TRACE_SAMPLE_COLUMNS] = {(uint64_t)ms * MS, TRACE_SAMPLE_CPU, 1 * MS, stack};
    trace_writer_row(w, TRACE_SAMPLE_TABLE, thread, v);
}

static void fill(struct trace_writer *w)
{
    uint32_t flush = add_stack(w, "flush", 10), post = add_stack(w, "post", 20);
    uint64_t process[TRACE_PROCESS_COLUMNS] = {
        HOLDER, 1, trace_writer_string(w, "bank"), 0, 0, (uint64_t)END_MS * MS, 0};
    trace_writer_row(w, TRACE_PROCESS_TABLE, 0, process);
    uint32_t t = add_thread(w, HOLDER);
    add_state(w, t, 0, TRACE_RUNNING, TRACE_REASON_NONE, 0, 0, 0);
    add_sample(w, t, 5, flush);
    add_state(w, t, 20, TRACE_BLOCKED, TRACE_REASON_IO, 75, 0, flush);
    add_state(w, t, 90, TRACE_RUNNING, TRACE_REASON_NONE, 0, 0, 0);
    add_sample(w, t, 95, flush);
    add_state(w, t, 200, TRACE_BLOCKED, TRACE_REASON_LOCK, OTHER_LOCK, 0, post);
    add_wait(w, t, 200, END_MS, OTHER_LOCK, HOLDER + 1);
    for (uint32_t i = 1; i <= CROWD; i++) {
        t = add_thread(w, HOLDER + i);
        add_state(w, t, 0, TRACE_RUNNING, TRACE_REASON_NONE, 0, 0, 0);
        add_state(w, t, 20 + i, TRACE_BLOCKED, TRACE_REASON_LOCK, LOCK, HOLDER, post);
        add_wait(w, t, 20 + i, 100, LOCK, HOLDER);
        add_state(w, t, 100, TRACE_RUNNING, TRACE_REASON_NONE, 0, 0, 0);
        if (i > 1)
            continue;
        add_state(w, t, 210, TRACE_BLOCKED, TRACE_REASON_LOCK, LOCK, 0, post);
        add_wait(w, t, 210, END_MS, LOCK, HOLDER);
    }
}

static int open_trace(void **state)
{
    (void)state;
    char path[] = "/tmp/test_view_waits_XXXXXX";
    struct err err = {0};
    close(mkstemp(path));
    struct trace_writer *w = trace_writer_open(path, &err);
    assert_non_null(w);
    fill(w);
    assert_true(trace_writer_close(w, (uint64_t)END_MS * MS, &err));
    doc = model_doc_open(path, &err);
    unlink(path);
    assert_non_null(doc);
    return 0;
}

static int close_trace(void **state)
{
    (void)state;
    model_doc_close(doc);
    return 0;
}

static const struct model_waitfor_node *node_of(const struct model_waitfor *g, const char *title)
{
    for (size_t i = 0; i < g->node_count; i++)
        if (!strcmp(g->nodes[i].title, title))
            return &g->nodes[i];
    return NULL;
}

static size_t edges_between(const struct model_waitfor *g, const char *src, const char *dest,
                            enum model_waitfor_edge_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < g->edge_count; i++)
        n += g->edges[i].kind == kind && !strcmp(g->nodes[g->edges[i].src].title, src) &&
             !strcmp(g->nodes[g->edges[i].dest].title, dest);
    return n;
}

static void test_nobody_waits(void **state)
{
    (void)state;
    struct model_waitfor g = {0};
    model_waitfor_at(&g, doc, 5 * MS, false, &never);
    assert_int_equal(g.node_count, 0);
    assert_int_equal(g.alive, CROWD + 1);
    assert_int_equal(g.blocked, 0);
    model_waitfor_at(&g, doc, 5 * MS, true, &never);
    assert_int_equal(g.node_count, CROWD + 1);
    model_waitfor_release(&g);
}

static void test_crowd_and_holder(void **state)
{
    (void)state;
    struct model_waitfor g = {0};
    model_waitfor_at(&g, doc, 50 * MS, false, &never);
    assert_int_equal(g.blocked, CROWD + 1);
    assert_int_equal(g.circle, 0);
    assert_int_equal(edges_between(&g, "0x1000", "t100 100", MODEL_WAITFOR_HELD), 1);
    assert_int_equal(edges_between(&g, "t100 100", "disk I/O", MODEL_WAITFOR_WAITS), 1);
    /* Who waited first is shown, the others together. */
    assert_non_null(node_of(&g, "t101 101"));
    assert_non_null(node_of(&g, "t107 107"));
    assert_null(node_of(&g, "t108 108"));
    assert_int_equal(node_of(&g, "5 more threads")->count, 5);
    assert_int_equal(node_of(&g, "0x1000")->count, CROWD);
    model_waitfor_release(&g);
}

static void test_circle(void **state)
{
    (void)state;
    struct model_waitfor g = {0};
    model_waitfor_at(&g, doc, 250 * MS, false, &never);
    assert_int_equal(g.circle, 2);
    assert_int_equal(g.node_count, 4);
    for (size_t i = 0; i < g.edge_count; i++)
        assert_true(g.edges[i].in_circle);
    model_waitfor_release(&g);
}

static void test_path_covers_the_range(void **state)
{
    (void)state;
    struct model_path p = {0};
    struct err err = {0};
    struct model_range range = {10 * MS, 150 * MS};
    assert_true(model_path_make(&p, doc, range, 3, &never, &err));
    assert_int_equal(p.thread, 3);
    assert_int_equal(p.v[0].begin_ns, range.begin_ns);
    assert_int_equal(p.v[p.count - 1].end_ns, range.end_ns);
    for (size_t i = 1; i < p.count; i++)
        assert_int_equal(p.v[i].begin_ns, p.v[i - 1].end_ns);
    /* Its wait from 23 to 100 ms is the holder's disk, then the holder's work. */
    assert_int_equal(p.ns[MODEL_IO], 67 * MS);
    assert_int_equal(p.ns[MODEL_LOCK], 0);
    assert_int_equal(p.ns[MODEL_RUNNING], (13 + 10 + 50) * MS);
    assert_int_equal(p.v[model_path_at(&p, 50 * MS)].thread, 0);
    assert_int_equal(model_path_at(&p, 400 * MS), p.count);
    assert_int_equal(p.table.row_count, p.count);
    model_path_release(&p);
}

static uint64_t weight_of(const struct model_lines *l, const char *function)
{
    for (size_t i = 0; i < l->count; i++)
        if (!strcmp(l->v[i].function, function))
            return l->v[i].total;
    return 0;
}

static void test_lines_of_samples_and_waits(void **state)
{
    (void)state;
    struct model_lines l = {0};
    struct model_range range = {0, 100 * MS};
    model_lines_from_trace(&l, doc, range, MODEL_NO_THREAD, MODEL_FLAME_CPU, &never);
    assert_int_equal(weight_of(&l, "flush"), 2 * MS);
    assert_int_equal(weight_of(&l, "post"), 0);
    assert_int_equal(l.all, 2 * MS);
    model_lines_from_trace(&l, doc, range, 1, MODEL_FLAME_WAITS, &never);
    assert_int_equal(weight_of(&l, "post"), (100 - 21) * MS);
    model_lines_from_trace(&l, doc, range, 0, MODEL_FLAME_BOTH, &never);
    assert_int_equal(weight_of(&l, "flush"), (70 + 2) * MS);
    model_lines_release(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_waits),
        cmocka_unit_test(test_crowd_and_holder),
        cmocka_unit_test(test_circle),
        cmocka_unit_test(test_path_covers_the_range),
        cmocka_unit_test(test_lines_of_samples_and_waits),
    };
    return cmocka_run_group_tests(tests, open_trace, close_trace);
}
