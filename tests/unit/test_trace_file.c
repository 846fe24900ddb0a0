/* The trace file: what the writer was given, the reader gives back. */
#include "base/map.h"
#include "trace/block.h"
#include "trace/reader.h"
#include "trace/totals.h"
#include "trace/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static char path[64];

static int make_path(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/whyprof-test-%d.out", getpid());
    return 0;
}

static int remove_path(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

/* xorshift: the same numbers on every machine */
static uint64_t random_next(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

static uint64_t random_word(uint64_t *x)
{
    uint64_t r = random_next(x);
    return random_next(x) >> (r % 65 == 64 ? 63 : r % 64);
}

static void block_gives_back_every_word(void **state)
{
    (void)state;
    const struct trace_table_info *info = &trace_tables[TRACE_SYSCALL_TABLE];
    static uint64_t values[TRACE_BLOCK_ROWS * TRACE_MAX_COLUMNS];
    uint64_t seed = 42;
    for (int round = 0; round < 200; round++) {
        unsigned rows = 1 + (unsigned)(random_next(&seed) % TRACE_BLOCK_ROWS);
        for (unsigned c = 0; c < info->columns; c++) {
            uint64_t distinct = 1 + random_next(&seed) % 300;
            uint64_t scale = random_word(&seed) | 1, base = random_word(&seed);
            for (unsigned r = 0; r < rows; r++)
                values[r * info->columns + c] = base + random_next(&seed) % distinct * scale;
        }
        struct strbuf packed = {0};
        block_pack(info, values, rows, &packed);
        assert_int_equal(packed.len % 8, 0);
        struct trace_column_view views[TRACE_MAX_COLUMNS];
        struct err err;
        assert_true(block_open((uint8_t *)packed.p, packed.len, rows, info->columns, views, &err));
        for (unsigned r = 0; r < rows; r++)
            for (unsigned c = 0; c < info->columns; c++)
                assert_int_equal(trace_view_get(&views[c], r), values[r * info->columns + c]);
        strbuf_release(&packed);
    }
}

static void block_signed_column_is_small(void **state)
{
    (void)state;
    const struct trace_table_info *info = &trace_tables[TRACE_WAKEUP_TABLE];
    uint64_t values[TRACE_BLOCK_ROWS * TRACE_WAKEUP_COLUMNS] = {0};
    for (int r = 0; r < TRACE_BLOCK_ROWS; r++)
        values[r * TRACE_WAKEUP_COLUMNS + TRACE_WAKEUP_cpu] = (uint64_t)(int64_t)(r % 3 - 1);
    struct strbuf packed = {0};
    block_pack(info, values, TRACE_BLOCK_ROWS, &packed);
    assert_true(packed.len < 16 + 4 * 16 + TRACE_BLOCK_ROWS * 2 / 8 + 64);
    strbuf_release(&packed);
}

/* Rows of one partition written in any order come back sorted, none missing. */
static void check_order(uint64_t disorder)
{
    enum {
        ROWS = 20000
    };
    struct err err;
    struct trace_writer *w = trace_writer_open(path, &err);
    assert_non_null(w);
    uint64_t seed = 7;
    for (uint64_t i = 0; i < ROWS; i++) {
        uint64_t ts = i * 10 + (disorder ? random_next(&seed) % disorder : 0);
        trace_writer_row(w, TRACE_REGION_TABLE, 3, (uint64_t[]){ts, i, 0, ts * 3});
    }
    assert_true(trace_writer_close(w, ROWS * 10, &err));
    struct trace *t = trace_open(path, &err);
    assert_non_null(t);
    struct trace_cursor c = trace_cursor(t, TRACE_REGION_TABLE, 3);
    assert_int_equal(c.total_rows, ROWS);
    uint64_t last = 0, sum = 0;
    for (uint64_t r = 0; r < c.total_rows; r++) {
        uint64_t ts = trace_get(&c, r, TRACE_REGION_ts);
        assert_true(ts >= last);
        assert_int_equal(trace_get(&c, r, TRACE_REGION_task_id), ts * 3);
        last = ts;
        sum += trace_get(&c, r, TRACE_REGION_dur);
    }
    assert_int_equal(sum, (uint64_t)ROWS * (ROWS - 1) / 2);
    assert_false(trace_damage(t, NULL));
    trace_close(t);
}

static void rows_come_back_in_order(void **state)
{
    (void)state;
    check_order(0);
    check_order(50);
    check_order(30000);
    check_order(10000000);
}

/* Rows of a table, far more of them late than are kept in memory. */
static void check_many_late(enum trace_table table, unsigned column)
{
    enum {
        EARLY = 5000,
        LATE = 1200000,
        END = 1000000000
    };
    struct err err;
    struct trace_writer *w = trace_writer_open(path, &err);
    struct pool *pool = pool_new(1);
    uint64_t seed = 5, sum = 0;
    trace_writer_use(w, pool);
    for (uint64_t i = 0; i < EARLY + LATE; i++) {
        uint64_t row[TRACE_MAX_COLUMNS] = {i < EARLY ? END - EARLY + i : random_next(&seed) % END};
        row[column] = row[0] * 3;
        sum += i == 0 || i % 7 == 0 ? row[0] : 0;
        trace_writer_row(w, table, (uint32_t)(i % 7 == 0), row);
    }
    assert_true(trace_writer_close(w, END, &err));
    pool_free(pool);
    struct trace *t = trace_open(path, &err);
    assert_int_equal(trace_table_rows(t, table), EARLY + LATE);
    for (uint32_t key = 0; key < 2; key++) {
        struct trace_cursor c = trace_cursor(t, table, key);
        for (uint64_t r = 0, last = 0; r < c.total_rows; r++) {
            uint64_t ts = trace_get(&c, r, 0);
            assert_true(ts >= last && trace_get(&c, r, column) == ts * 3);
            last = ts;
            sum -= key ? ts : 0;
        }
        assert_false(c.damaged);
    }
    assert_int_equal(sum, 0);
    trace_close(t);
}

static void many_late_rows_come_back_in_order(void **state)
{
    (void)state;
    check_many_late(TRACE_SAMPLE_TABLE, TRACE_SAMPLE_weight);
    check_many_late(TRACE_ALLOC_TABLE, TRACE_ALLOC_addr);
}

static void lower_bound_is_exact(void **state)
{
    (void)state;
    struct err err;
    struct trace_writer *w = trace_writer_open(path, &err);
    for (uint64_t i = 0; i < 5000; i++)
        trace_writer_row(w, TRACE_SAMPLE_TABLE, 0, (uint64_t[]){i / 3 * 10, 0, i, 0});
    assert_true(trace_writer_close(w, 20000, &err));
    struct trace *t = trace_open(path, &err);
    struct trace_cursor c = trace_cursor(t, TRACE_SAMPLE_TABLE, 0);
    for (uint64_t ts = 0; ts < 17000; ts++) {
        uint64_t want = (ts + 9) / 10 * 3;
        assert_int_equal(trace_lower_bound(&c, ts), want < 5000 ? want : 5000);
        uint64_t at = ts / 10 * 3 + 2;
        assert_int_equal(trace_row_at(&c, ts), at < 4999 ? at : 4999);
    }
    struct trace_cursor none = trace_cursor(t, TRACE_SAMPLE_TABLE, 99);
    assert_int_equal(none.total_rows, 0);
    assert_int_equal(trace_lower_bound(&none, 5), 0);
    trace_close(t);
}

/* Time in each class over any range, against adding up all spans. */
static void check_totals(unsigned spans, bool one_late)
{
    static uint64_t ts[5000], class[5000];
    static bool preempted[5000];
    uint64_t seed = spans;
    struct err err;
    struct trace_writer *w = trace_writer_open(path, &err);
    uint64_t now = 100;
    for (unsigned i = 0; i < spans; i++) {
        uint64_t state = 1 + random_next(&seed) % 3, reason = random_next(&seed) % TRACE_REASONS;
        ts[i] = now;
        class[i] = trace_class(state, reason);
        preempted[i] = state == TRACE_RUNNABLE && trace_reason_lost_cpu(reason);
        if (!i && one_late) /* written again below, without a reason */
            preempted[i] = false;
        now += 1 + random_next(&seed) % 1000;
        if (i || !one_late)
            trace_writer_row(w, TRACE_THREAD_STATE_TABLE, 2,
                             (uint64_t[]){ts[i], state, 0, reason, 0, 0, 0});
    }
    if (one_late)
        trace_writer_row(w, TRACE_THREAD_STATE_TABLE, 2,
                         (uint64_t[]){ts[0], class[0] < 3 ? class[0] : 3, 0,
                                      class[0] < 3 ? 0 : class[0] - 3, 0, 0, 0});
    assert_true(trace_writer_close(w, now, &err));
    struct trace *t = trace_open(path, &err);
    struct trace_totals totals = trace_totals(t, 2, now);
    assert_int_equal(totals.sums.total_rows, spans ? (spans - 1) / TRACE_TOTAL_SPANS : 0);
    for (int round = 0; round < 300; round++) {
        uint64_t from = random_next(&seed) % (now + 100), to = random_next(&seed) % (now + 100);
        uint64_t want[TRACE_CLASSES] = {0}, got[TRACE_CLASSES], lost_cpu = 0;
        uint64_t before[TRACE_TOTAL_DETAILS], after[TRACE_TOTAL_DETAILS];
        for (unsigned i = 0; i < spans; i++) {
            uint64_t a = ts[i], b = i + 1 < spans ? ts[i + 1] : now;
            a = a > from ? a : from;
            b = b < to ? b : to;
            want[class[i]] += b > a ? b - a : 0;
            lost_cpu += preempted[i] && b > a ? b - a : 0;
        }
        trace_totals_range(&totals, from, to, got);
        assert_memory_equal(got, want, sizeof got);
        trace_totals_detail(&totals, from, before);
        trace_totals_detail(&totals, to > from ? to : from, after);
        assert_int_equal(after[TRACE_TOTAL_PREEMPTED] - before[TRACE_TOTAL_PREEMPTED], lost_cpu);
    }
    trace_close(t);
}

static void state_totals_are_exact(void **state)
{
    (void)state;
    check_totals(0, false);
    check_totals(1, false);
    check_totals(64, false);
    check_totals(65, false);
    check_totals(5000, false);
    check_totals(5000, true);
}

/* So many spans that blocks of the totals are written between those of the spans. */
static void totals_stay_out_of_the_way(void **state)
{
    (void)state;
    enum {
        SPANS = 150 * 1024 * 2
    };
    struct err err;
    struct trace_writer *w = trace_writer_open(path, &err);
    for (uint64_t i = 0; i < SPANS; i++)
        trace_writer_row(w, TRACE_THREAD_STATE_TABLE, 0,
                         (uint64_t[]){i * 10, 1 + i % 3, i % 4, 0, i, 0, 0});
    assert_true(trace_writer_close(w, SPANS * 10, &err));
    struct trace *t = trace_open(path, &err);
    struct trace_cursor c = trace_cursor(t, TRACE_THREAD_STATE_TABLE, 0);
    assert_int_equal(c.total_rows, SPANS);
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < SPANS; i++)
        wrong += trace_get(&c, i, TRACE_THREAD_STATE_ts) != i * 10 ||
                 trace_get(&c, i, TRACE_THREAD_STATE_state) != 1 + i % 3 ||
                 trace_get(&c, i, TRACE_THREAD_STATE_object) != i;
    assert_int_equal(wrong, 0);
    trace_close(t);
}

static void strings_stacks_and_meta(void **state)
{
    (void)state;
    struct err err;
    struct trace_writer *w = trace_writer_open(path, &err);
    trace_writer_meta(w, "mechanism.sched", "agent");
    trace_writer_meta(w, "mechanism.sched", "bpf");
    trace_writer_meta_u64(w, "events", 18446744073709551615u);
    uint32_t frames[3];
    static const char *const names[] = {"leaf", "middle", "main"};
    for (int i = 0; i < 3; i++)
        frames[i] = trace_writer_frame(
            w, (uint64_t[]){0x1000u + (unsigned)i, trace_writer_string(w, names[i]), 0, 7, 0, 0});
    uint32_t whole = trace_writer_stack_new(w), outer = trace_writer_stack_new(w);
    uint32_t undefined = trace_writer_stack_new(w);
    trace_writer_stack_define(w, outer, frames + 1, 2);
    trace_writer_stack_define(w, whole, frames, 3);
    assert_true(trace_writer_close(w, 1, &err));

    struct trace *t = trace_open(path, &err);
    assert_string_equal(trace_meta(t, "mechanism.sched"), "bpf");
    assert_null(trace_meta(t, "mechanism"));
    assert_int_equal(trace_meta_u64(t, "events", 0), UINT64_MAX);
    assert_int_equal(trace_meta_u64(t, "mechanism.sched", 5), 5);
    struct trace_frame got[3], tail[3];
    assert_int_equal(trace_stack(t, whole, got, 3), 3);
    for (int i = 0; i < 3; i++)
        assert_string_equal(got[i].function, names[i]);
    assert_int_equal(trace_stack(t, outer, tail, 3), 2);
    assert_int_equal(tail[0].node_id, got[1].node_id);
    assert_int_equal(trace_stack(t, whole, got, 1), 3);
    assert_int_equal(trace_stack(t, undefined, got, 3), 0);
    assert_int_equal(trace_stack(t, 0, got, 3), 0);
    assert_int_equal(trace_stack(t, 1u << 30, got, 3), 0);
    assert_string_equal(trace_string(t, 0), "");
    assert_string_equal(trace_string(t, UINT64_MAX), "");
    trace_close(t);
}

static void abort_leaves_no_file(void **state)
{
    (void)state;
    struct err err;
    unlink(path);
    struct trace_writer *w = trace_writer_open(path, &err);
    trace_writer_row(w, TRACE_MESSAGE_TABLE, 0, (uint64_t[]){1, 0});
    assert_int_equal(access(path, F_OK), -1);
    trace_writer_abort(w);
    assert_int_equal(access(path, F_OK), -1);
}

static void expect_refusal(const void *data, size_t bytes, const char *why)
{
    struct err err = {0};
    assert_null(trace_open_memory(data, bytes, "x.out", &err));
    if (!strstr(err.text, why))
        fail_msg("'%s' does not say '%s'", err.text, why);
}

static void other_files_are_refused(void **state)
{
    (void)state;
    struct err err;
    struct trace_writer *w = trace_writer_open(path, &err);
    assert_true(trace_writer_close(w, 1, &err));
    FILE *f = fopen(path, "r");
    _Alignas(8) static uint8_t data[1 << 16];
    size_t n = fread(data, 1, sizeof data, f);
    fclose(f);
    struct trace *t = trace_open_memory(data, n, "x.out", &err);
    assert_non_null(t);
    trace_close(t);

    expect_refusal("", 0, "empty");
    expect_refusal("\x7f"
                   "ELF....",
                   8, "not a whyprof trace");
    expect_refusal(data, 10, "cut short");
    expect_refusal(data, n - 1, "cut short");
    data[8] = 2;
    expect_refusal(data, n, "format version 2.");
    data[8] = 1;
    data[12]++;
    expect_refusal(data, n, "checksum");
    assert_null(trace_open("/nonexistent/x.out", &err));
    assert_null(trace_open("/tmp", &err));
    assert_non_null(strstr(err.text, "is a directory"));
}

static void a_file_that_shrinks_is_damage(void **state)
{
    (void)state;
    struct err err;
    struct trace_writer *w = trace_writer_open(path, &err);
    for (uint64_t i = 0; i < 100000; i++)
        trace_writer_row(w, TRACE_SAMPLE_TABLE, 0, (uint64_t[]){i, 0, hash64(i), 0});
    assert_true(trace_writer_close(w, 20000, &err));
    struct trace *t = trace_open(path, &err);
    struct trace_cursor c = trace_cursor(t, TRACE_SAMPLE_TABLE, 0);
    uint64_t bytes = trace_file_bytes(t);
    assert_int_equal(truncate(path, (off_t)(bytes / 2)), 0);
    uint64_t sum = 0;
    for (uint64_t r = 0; r < c.total_rows; r++)
        sum += trace_get(&c, r, TRACE_SAMPLE_weight);
    assert_int_equal(sum, 0); /* the directory at the file's end is gone */
    assert_true(trace_damage(t, &err));
    assert_non_null(strstr(err.text, "cut short while it was being read"));
    trace_close(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(block_gives_back_every_word),
        cmocka_unit_test(block_signed_column_is_small),
        cmocka_unit_test(rows_come_back_in_order),
        cmocka_unit_test(many_late_rows_come_back_in_order),
        cmocka_unit_test(lower_bound_is_exact),
        cmocka_unit_test(state_totals_are_exact),
        cmocka_unit_test(totals_stay_out_of_the_way),
        cmocka_unit_test(strings_stacks_and_meta),
        cmocka_unit_test(abort_leaves_no_file),
        cmocka_unit_test(other_files_are_refused),
        cmocka_unit_test(a_file_that_shrinks_is_damage),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
