/* The utilisation curve against a search of every start, on random states. */
#include "analyze/utilization.h"
#include "trace/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    DURATION = 200000,
    THREADS = 3
};

static struct trace *trace;
static uint8_t runs[THREADS][DURATION];
static uint32_t seed = 12345;

static uint32_t next_random(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

static void write_thread(struct trace_writer *w, uint32_t th)
{
    uint64_t row[TRACE_THREAD_COLUMNS] = {100 + th, 100, 0, 0, DURATION, 0};
    trace_writer_row(w, TRACE_THREAD_TABLE, 0, row);
    enum trace_state state = TRACE_RUNNING;
    for (uint32_t at = 0; at < DURATION;) {
        uint64_t v[TRACE_THREAD_STATE_COLUMNS] = {
            at, state, 0, state == TRACE_BLOCKED ? TRACE_REASON_SLEEP : TRACE_REASON_NONE};
        trace_writer_row(w, TRACE_THREAD_STATE_TABLE, th, v);
        uint32_t end = at + 20 + next_random(state == TRACE_RUNNING ? 900 : 500 * (1 + th));
        end = end > DURATION ? DURATION : end;
        for (; at < end; at++)
            runs[th][at] = state == TRACE_RUNNING;
        state = state == TRACE_RUNNING ? TRACE_BLOCKED : TRACE_RUNNING;
    }
}

static int open_trace(void **state)
{
    (void)state;
    char path[] = "/tmp/test_utilization_XXXXXX";
    struct err err = {0};
    close(mkstemp(path));
    struct trace_writer *w = trace_writer_open(path, &err);
    assert_non_null(w);
    for (uint32_t th = 0; th < THREADS; th++)
        write_thread(w, th);
    assert_true(trace_writer_close(w, DURATION, &err));
    trace = trace_open(path, &err);
    unlink(path);
    assert_non_null(trace);
    return 0;
}

static int close_trace(void **state)
{
    (void)state;
    trace_close(trace);
    return 0;
}

static uint32_t running_at(uint32_t th, uint64_t ts)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < THREADS; i++)
        n += (th == THREADS || th == i) && runs[i][ts];
    return n;
}

static uint64_t least_of_all(uint32_t th, uint64_t begin, uint64_t end, uint64_t window)
{
    uint64_t run = 0, least;
    for (uint64_t t = begin; t < begin + window; t++)
        run += running_at(th, t);
    least = run;
    for (uint64_t t = begin; t + window < end; t++) {
        run += running_at(th, t + window);
        run -= running_at(th, t);
        least = run < least ? run : least;
    }
    return least;
}

static void check(uint32_t th, uint64_t begin, uint64_t end)
{
    struct arena a = {0};
    struct analyze_range range = {
        .begin_ns = begin, .end_ns = end, .thread = th == THREADS ? 0 : th + 1};
    struct analyze_utilization u = analyze_utilization(&a, trace, range, 25);
    assert_true(u.count > 5);
    assert_int_equal(u.v[u.count - 1].window_ns, end - begin);
    for (size_t i = 0; i < u.count; i++) {
        uint64_t w = u.v[i].window_ns;
        double real = (double)least_of_all(th, begin, end, w) / (double)w;
        assert_true(u.v[i].least >= real - 1e-9 && u.v[i].least <= real + 0.0011);
        assert_true(u.v[i].bound <= real + 1e-9);
        /* the window it points to is as bad as it says */
        assert_true(u.v[i].at_ns >= begin && u.v[i].at_ns + w <= end);
        uint64_t run = 0;
        for (uint64_t t = u.v[i].at_ns; t < u.v[i].at_ns + w; t++)
            run += running_at(th, t);
        assert_true((double)run / (double)w == u.v[i].least);
    }
    assert_true(u.v[u.count - 1].least == u.mean);
    arena_release(&a);
}

static void equals_a_search_of_every_start(void **state)
{
    (void)state;
    for (uint32_t th = 0; th <= THREADS; th++)
        check(th, 0, DURATION);
    check(1, 12345, 98765);
    check(THREADS, 100001, 150000);
}

static void nothing_to_say(void **state)
{
    (void)state;
    struct arena a = {0};
    struct analyze_range empty = {.begin_ns = 500, .end_ns = 500};
    assert_int_equal(analyze_utilization(&a, trace, empty, 25).count, 0);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_a_search_of_every_start),
        cmocka_unit_test(nothing_to_say),
    };
    return cmocka_run_group_tests(tests, open_trace, close_trace);
}
