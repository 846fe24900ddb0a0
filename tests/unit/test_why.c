/* Where a trace's time went and why, on the sample trace and on small ones made here:
 * sums are exact, waits are followed to their causes, circles end. */
#include "analyze/lock_order.h"
#include "analyze/path.h"
#include "analyze/why.h"
#include "support/sample_trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct arena arena;

/* A trace written by `fill`; the caller closes it. */
static struct trace *make(bool (*fill)(const char *path, struct err *err))
{
    struct err err = {0};
    char path[64];
    snprintf(path, sizeof path, "/tmp/whyprof-why-%d.out", getpid());
    struct trace *t = fill(path, &err) ? trace_open(path, &err) : NULL;
    unlink(path);
    if (!t)
        fail_msg("%s", err.text);
    return t;
}

static uint64_t sum(const uint64_t ns[TRACE_CLASSES])
{
    uint64_t all = 0;
    for (unsigned c = 0; c < TRACE_CLASSES; c++)
        all += ns[c];
    return all;
}

static void ask(const struct trace *t, struct analyze_question q, struct analyze_why *why)
{
    struct err err = {0};
    if (!analyze_why(&arena, t, &q, why, &err))
        fail_msg("%s", err.text);
    assert_int_equal(sum(why->account), why->account_ns);
    assert_int_equal(sum(why->causes.class_ns), why->causes.length_ns);
}

static const struct analyze_cause *cause_of(const struct analyze_why *why, enum trace_reason reason)
{
    for (size_t i = 0; i < why->causes.count; i++)
        if (why->causes.v[i].reason == reason)
            return &why->causes.v[i];
    return NULL;
}

static void a_lock_wait_is_what_its_holder_did(void **state)
{
    (void)state;
    struct trace *t = make(sample_trace_write);
    struct analyze_why why;
    ask(t, (struct analyze_question){.thread = "worker-2"}, &why);
    assert_int_equal(why.causes.length_ns, US(9300));
    assert_int_equal(why.account[TRACE_BLOCKED + TRACE_REASON_LOCK], US(4000));
    assert_int_equal(why.causes.class_ns[TRACE_BLOCKED + TRACE_REASON_LOCK], 0);
    assert_int_equal(why.causes.class_ns[TRACE_RUNNING], US(8600));
    const struct analyze_cause *lock = cause_of(&why, TRACE_REASON_LOCK);
    assert_non_null(lock);
    assert_int_equal(lock->path_ns, US(4000));
    assert_int_equal(lock->end_running_ns, US(4000));
    assert_int_equal(lock->waiter.tid, 102);
    assert_string_equal(lock->waiter.function, "queue_take");
    assert_int_equal(lock->holder.tid, 101);
    assert_string_equal(lock->holder.function, "hash_all");
    assert_int_equal(why.findings[0].kind, ANALYZE_LOCK_CONVOY);
    assert_string_equal(why.findings[0].at.function, "queue_put");
    trace_close(t);
}

static void a_part_of_the_time_adds_up_too(void **state)
{
    (void)state;
    struct trace *t = make(sample_trace_write);
    struct analyze_why why;
    for (uint64_t from = 0; from < 9; from++) {
        struct analyze_range range = {.begin_ns = US(from * 1000 + 1), .end_ns = US(10000 - from)};
        ask(t, (struct analyze_question){.range = range}, &why);
        ask(t, (struct analyze_question){.range = range, .thread = "102"}, &why);
        ask(t, (struct analyze_question){.range = range, .thread = "server"}, &why);
    }
    trace_close(t);
}

static void what_is_not_there_is_an_error(void **state)
{
    (void)state;
    struct trace *t = make(sample_trace_write);
    struct analyze_why why;
    struct err err;
    assert_false(analyze_why(&arena, t, &(struct analyze_question){.thread = "x"}, &why, &err));
    assert_non_null(strstr(err.text, "no thread 'x'"));
    assert_false(analyze_why(&arena, t, &(struct analyze_question){.region = "x"}, &why, &err));
    assert_non_null(strstr(err.text, "no region 'x'"));
    assert_false(analyze_why(&arena, t, &(struct analyze_question){.task = "x"}, &why, &err));
    assert_non_null(strstr(err.text, "no task 'x'"));
    trace_close(t);
}

/* Two threads that each hold what the other wants from 2 ms on, and say they woke each
 * other: a chain that is a circle. */
static bool write_circle(const char *path, struct err *err)
{
    struct trace_writer *w = trace_writer_open(path, err);
    if (!w)
        return false;
    trace_writer_row(w, TRACE_PROCESS_TABLE, 0,
                     (uint64_t[]){10, 1, trace_writer_string(w, "p"), trace_writer_string(w, "p"),
                                  0, US(10000), 0});
    sample_thread(w, 10, 10, "one", 0, US(10000));
    sample_thread(w, 11, 10, "two", 0, US(10000));
    for (uint32_t i = 0; i < 2; i++) {
        sample_state(w, i, 0, TRACE_RUNNING, (int)i, 0, 0, 0, 0);
        sample_state(w, i, US(2000), TRACE_BLOCKED, -1, TRACE_REASON_LOCK, 0x40 + i * 8, 11 - i, 0);
        trace_writer_row(
            w, TRACE_LOCK_WAIT_TABLE, i,
            (uint64_t[]){US(2000), US(8000), 0x40 + i * 8, TRACE_LOCK_MUTEX, 0, 11 - i, 0, 0, 1});
    }
    return trace_writer_close(w, US(10000), err);
}

static void a_circle_ends_and_is_a_deadlock(void **state)
{
    (void)state;
    struct trace *t = make(write_circle);
    struct analyze_why why;
    ask(t, (struct analyze_question){0}, &why);
    assert_int_equal(why.causes.class_ns[TRACE_RUNNING], US(2000));
    assert_int_equal(why.causes.cut_ns, US(8000));
    struct analyze_deadlock circle = analyze_deadlock(&arena, t);
    assert_int_equal(circle.count, 2);
    assert_int_equal(circle.v[0].holder_tid, circle.v[1].tid);
    assert_int_equal(why.findings[0].kind, ANALYZE_DEADLOCK);
    assert_int_equal(why.findings[0].save_ns, US(8000));
    trace_close(t);
}

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lock_wait_is_what_its_holder_did),
        cmocka_unit_test(a_part_of_the_time_adds_up_too),
        cmocka_unit_test(what_is_not_there_is_an_error),
        cmocka_unit_test(a_circle_ends_and_is_a_deadlock),
    };
    return cmocka_run_group_tests(tests, NULL, release);
}
