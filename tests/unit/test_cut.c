/* Parts of the sample trace: sound files, whose totals, counts and stacks are those of
 * the whole in that range, wherever it begins and ends. */
#include "base/file.h"
#include "support/sample_trace.h"
#include "trace/check.h"
#include "trace/cut.h"
#include "trace/totals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct trace *whole;
static char folder[] = "/tmp/whyprof-cut-XXXXXX";
static char whole_path[64], part_path[64];

static int open_sample(void **state)
{
    (void)state;
    struct err err;
    if (!mkdtemp(folder))
        return 1;
    snprintf(whole_path, sizeof whole_path, "%s/whole.out", folder);
    snprintf(part_path, sizeof part_path, "%s/part.out", folder);
    return !sample_trace_write(whole_path, &err) || !(whole = trace_open(whole_path, &err));
}

static int close_sample(void **state)
{
    (void)state;
    struct err err;
    trace_close(whole);
    return !file_remove_tree(folder, &err);
}

static void tell(void *data, uint64_t off, const char *text)
{
    (void)data;
    print_error("at %llu: %s\n", (unsigned long long)off, text);
}

static struct trace *cut(uint64_t begin, uint64_t end, const bool *threads)
{
    struct err err = {0};
    struct trace_cut c = {.begin_ns = begin, .end_ns = end, .threads = threads};
    const struct trace_check_sink sink = {.problem = tell, .max = 10};
    struct file_map map;
    if (!trace_cut(whole, &c, part_path, NULL, &err))
        fail_msg("%s", err.text);
    assert_true(file_map(&map, part_path, &err));
    assert_int_equal(trace_check(map.data, map.bytes, &sink), 0);
    file_unmap(&map);
    struct trace *part = trace_open(part_path, &err);
    assert_non_null(part);
    assert_int_equal(trace_duration_ns(part), end - begin);
    return part;
}

/* The part's row of a thread, or UINT32_MAX. */
static uint32_t thread_of(const struct trace *part, uint64_t tid)
{
    struct trace_cursor c = trace_cursor(part, TRACE_THREAD_TABLE, 0);
    for (uint32_t row = 0; row < c.total_rows; row++)
        if (trace_get(&c, row, TRACE_THREAD_tid) == tid)
            return row;
    return UINT32_MAX;
}

static void same_states(const struct trace *part, uint32_t thread, uint64_t begin, uint64_t end)
{
    struct trace_cursor c = trace_cursor(whole, TRACE_THREAD_TABLE, 0);
    uint64_t want[TRACE_CLASSES], got[TRACE_CLASSES] = {0};
    uint64_t tid = trace_get(&c, thread, TRACE_THREAD_tid);
    uint64_t end_ts = trace_get(&c, thread, TRACE_THREAD_end_ts);
    struct trace_totals totals = trace_totals(whole, thread, end_ts);
    trace_totals_range(&totals, begin, end, want);
    uint32_t row = thread_of(part, tid);
    if (row != UINT32_MAX) {
        c = trace_cursor(part, TRACE_THREAD_TABLE, 0);
        totals = trace_totals(part, row, trace_get(&c, row, TRACE_THREAD_end_ts));
        trace_totals_range(&totals, 0, end - begin, got);
    }
    assert_memory_equal(want, got, sizeof want);
}

/* ns of all spans of a table inside [begin, end). */
static uint64_t spans_ns(const struct trace *t, enum trace_table table, uint64_t begin,
                         uint64_t end)
{
    uint64_t sum = 0;
    unsigned dur = (unsigned)trace_dur_column(table);
    unsigned ts = (unsigned)trace_tables[table].ts_column;
    for (uint32_t key = 0; key < trace_rows(t, TRACE_THREAD_TABLE, 0); key++) {
        struct trace_cursor c = trace_cursor(t, table, key);
        for (uint64_t row = 0; row < c.total_rows; row++) {
            uint64_t from = trace_get(&c, row, ts), to = from + trace_get(&c, row, dur);
            from = from > begin ? from : begin;
            to = to < end ? to : end;
            sum += to > from ? to - from : 0;
        }
    }
    return sum;
}

static void test_any_range(void **state)
{
    (void)state;
    static const enum trace_table tables[] = {TRACE_SYSCALL_TABLE, TRACE_LOCK_WAIT_TABLE,
                                              TRACE_LOCK_HOLD_TABLE, TRACE_REGION_TABLE};
    uint64_t duration = trace_duration_ns(whole), seed = 7;
    for (int i = 0; i < 200; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        uint64_t begin = i ? (seed >> 20) % duration : 0;
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        uint64_t end = i ? begin + 1 + (seed >> 20) % (duration - begin) : duration;
        struct trace *part = cut(begin, end, NULL);
        for (uint32_t thread = 0; thread < trace_rows(whole, TRACE_THREAD_TABLE, 0); thread++)
            same_states(part, thread, begin, end);
        for (size_t k = 0; k < sizeof tables / sizeof *tables; k++)
            assert_int_equal(spans_ns(part, tables[k], 0, end - begin),
                             spans_ns(whole, tables[k], begin, end));
        trace_close(part);
    }
}

/* Nothing is lost when nothing is cut off. */
static void test_whole(void **state)
{
    (void)state;
    struct trace *part = cut(0, trace_duration_ns(whole), NULL);
    for (int i = 0; i < TRACE_TABLE_COUNT; i++) {
        enum trace_table table = (enum trace_table)i;
        if (table == TRACE_META_TABLE || table == TRACE_EVENT_COUNT_TABLE ||
            table == TRACE_LOCK_TABLE || table == TRACE_STACK_TABLE ||
            table == TRACE_STACK_NODE_TABLE || table == TRACE_FRAME_TABLE)
            continue;
        if (trace_table_rows(part, table) != trace_table_rows(whole, table))
            fail_msg("table %s", trace_tables[table].name);
    }
    assert_string_equal(trace_meta(part, "hostname"), trace_meta(whole, "hostname"));
    assert_string_equal(trace_meta(part, "cut.of"), "whole.out");
    trace_close(part);
}

static void test_stacks(void **state)
{
    (void)state;
    struct trace *part = cut(0, trace_duration_ns(whole), NULL);
    struct trace_frame a[64], b[64];
    for (uint32_t key = 0; key < trace_rows(whole, TRACE_THREAD_TABLE, 0); key++) {
        struct trace_cursor x = trace_cursor(whole, TRACE_THREAD_STATE_TABLE, key);
        struct trace_cursor y = trace_cursor(part, TRACE_THREAD_STATE_TABLE, key);
        for (uint64_t row = 0; row < x.total_rows; row++) {
            size_t depth =
                trace_stack(whole, trace_get(&x, row, TRACE_THREAD_STATE_stack_id), a, 64);
            assert_int_equal(
                trace_stack(part, trace_get(&y, row, TRACE_THREAD_STATE_stack_id), b, 64), depth);
            for (size_t i = 0; i < depth && i < 64; i++) {
                assert_string_equal(a[i].function, b[i].function);
                assert_string_equal(a[i].file, b[i].file);
                assert_int_equal(a[i].address, b[i].address);
            }
        }
    }
    trace_close(part);
}

static void test_some_threads(void **state)
{
    (void)state;
    bool threads[8] = {[SAMPLE_WORKER_2] = true};
    struct trace *part = cut(US(1000), US(9000), threads);
    assert_int_equal(trace_rows(part, TRACE_THREAD_TABLE, 0), 1);
    assert_int_equal(trace_rows(part, TRACE_PROCESS_TABLE, 0), 1);
    same_states(part, SAMPLE_WORKER_2, US(1000), US(9000));
    assert_true(trace_meta_u64(part, "start_unix_ns", 0) ==
                trace_meta_u64(whole, "start_unix_ns", 0) + US(1000));
    trace_close(part);
}

static void test_refuses(void **state)
{
    (void)state;
    struct err err;
    struct trace_cut empty = {.begin_ns = 5, .end_ns = 5};
    assert_false(trace_cut(whole, &empty, part_path, NULL, &err));
    struct trace_cut some = {.begin_ns = 0, .end_ns = 5};
    assert_false(trace_cut(whole, &some, "/nowhere/x.out", NULL, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_range), cmocka_unit_test(test_whole),
        cmocka_unit_test(test_stacks),    cmocka_unit_test(test_some_threads),
        cmocka_unit_test(test_refuses),
    };
    return cmocka_run_group_tests_name("cut", tests, open_sample, close_sample);
}
