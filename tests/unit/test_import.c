/* Files of other tracers: what Go's own tools say of the same Go trace to the nanosecond,
 * Chrome's JSON in its variants, and damage of every kind. */
#include "base/file.h"
#include "import/build.h"
#include "import/import.h"
#include "trace/check.h"
#include "trace/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/whyprof-import-XXXXXX";
static char in_path[64], out_path[64];
#define GO_FILE TEST_SOURCE_DIR "/data/import/go1.19.trace"

static int begin(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return 1;
    snprintf(in_path, sizeof in_path, "%s/in", folder);
    snprintf(out_path, sizeof out_path, "%s/out", folder);
    return 0;
}

static int end(void **state)
{
    (void)state;
    struct err err;
    return !file_remove_tree(folder, &err);
}

static void tell(void *data, uint64_t off, const char *text)
{
    (void)data;
    print_error("at %llu: %s\n", (unsigned long long)off, text);
}

static struct trace *imported(const char *path)
{
    struct err err = {0};
    struct import_result result;
    struct file_map map;
    const struct trace_check_sink sink = {.problem = tell, .max = 10};
    if (!import_file(&(struct import_options){.path = path, .out_path = out_path}, &result, &err))
        fail_msg("%s", err.text);
    assert_true(file_map(&map, out_path, &err));
    assert_int_equal(trace_check(map.data, map.bytes, &sink), 0);
    file_unmap(&map);
    struct trace *t = trace_open(out_path, &err);
    assert_non_null(t);
    return t;
}

static void write_text(const char *text)
{
    FILE *f = fopen(in_path, "we");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static struct trace *from_json(const char *text)
{
    write_text(text);
    assert_true(import_takes(in_path));
    return imported(in_path);
}

/* The text of the failure. */
static const char *refused(const char *text)
{
    static struct err err;
    struct import_result result;
    err = (struct err){0};
    write_text(text);
    unlink(out_path);
    assert_false(import_file(&(struct import_options){.path = in_path, .out_path = out_path},
                             &result, &err));
    assert_int_equal(access(out_path, F_OK), -1);
    return err.text;
}

/* --- Go ------------------------------------------------------------------------------- */

static uint64_t state_ns(const struct trace *t, uint64_t state, uint64_t reason)
{
    uint64_t sum = 0;
    struct trace_cursor threads = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    for (uint32_t row = 0; row < threads.total_rows; row++) {
        struct trace_cursor c = trace_cursor(t, TRACE_THREAD_STATE_TABLE, row);
        uint64_t last = trace_get(&threads, row, TRACE_THREAD_end_ts);
        for (uint64_t r = 0; r < c.total_rows; r++)
            if (trace_get(&c, r, TRACE_THREAD_STATE_state) == state &&
                trace_get(&c, r, TRACE_THREAD_STATE_reason) == reason)
                sum += trace_state_end(&c, r, last) - trace_get(&c, r, TRACE_THREAD_STATE_ts);
    }
    return sum;
}

static uint64_t column_sum(const struct trace *t, enum trace_table table, unsigned column)
{
    uint64_t sum = 0;
    for (uint32_t row = 0; row < trace_rows(t, TRACE_THREAD_TABLE, 0); row++) {
        struct trace_cursor c = trace_cursor(t, table, row);
        for (uint64_t r = 0; r < c.total_rows; r++)
            sum += trace_get(&c, r, column);
    }
    return sum;
}

/* `go tool trace -pprof=net` and `-pprof=syscall` of that file give these sums. */
static void test_go_agrees(void **state)
{
    (void)state;
    assert_true(import_takes(GO_FILE));
    struct trace *t = imported(GO_FILE);
    assert_int_equal(state_ns(t, TRACE_BLOCKED, TRACE_REASON_IO), 6248052);
    assert_int_equal(column_sum(t, TRACE_SYSCALL_TABLE, TRACE_SYSCALL_dur), 583784);
    assert_string_equal(trace_meta(t, "imported_from"), "a Go 1.19 execution trace");
    trace_close(t);
}

static uint64_t threads_named(const struct trace *t, const char *name)
{
    struct trace_cursor c = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    uint64_t count = 0;
    for (uint64_t row = 0; row < c.total_rows; row++)
        count += !strcmp(trace_string(t, trace_get(&c, row, TRACE_THREAD_name)), name);
    return count;
}

static void test_go_content(void **state)
{
    (void)state;
    struct trace *t = imported(GO_FILE);
    assert_int_equal(threads_named(t, "main.worker"), 2);
    assert_int_equal(threads_named(t, "garbage collector"), 1);
    assert_int_equal(trace_rows(t, TRACE_TASK_TABLE, 0), 1);
    struct trace_cursor c = trace_cursor(t, TRACE_TASK_TABLE, 0);
    assert_string_equal(trace_string(t, trace_get(&c, 0, TRACE_TASK_name)), "job");
    assert_int_equal(trace_table_rows(t, TRACE_MESSAGE_TABLE), 1);
    assert_true(trace_table_rows(t, TRACE_COUNTER_TABLE) > 10);
    assert_true(trace_table_rows(t, TRACE_WAKEUP_TABLE) > 10);
    assert_true(trace_rows(t, TRACE_STACK_TABLE, 0) > 10);
    trace_close(t);
}

static void import_bytes(const uint8_t *data, size_t bytes,
                         bool (*importer)(struct build *, const struct file_map *, struct err *))
{
    struct err err = {0};
    struct file_map map = {.data = data, .bytes = bytes, .fd = -1};
    struct build b = {.w = trace_writer_open("/dev/null", &err)};
    assert_non_null(b.w);
    bool ok = importer(&b, &map, &err);
    assert_true(ok || err.text[0]);
    if (b.w)
        trace_writer_abort(b.w);
}

/* Never a crash: an error, or what can be read. */
static void damage(const uint8_t *data, size_t bytes, size_t every,
                   bool (*importer)(struct build *, const struct file_map *, struct err *))
{
    uint8_t *copy = malloc(bytes + 1); /* of that length, for sanitizers */
    assert_non_null(copy);
    for (size_t n = 0; n < bytes; n += every) {
        uint8_t *part = malloc(n + 1);
        assert_non_null(part);
        memcpy(part, data, n);
        import_bytes(part, n, importer);
        free(part);
        memcpy(copy, data, bytes);
        copy[n] ^= (uint8_t)(1u << (n / every) % 8);
        import_bytes(copy, bytes, importer);
    }
    free(copy);
}

static void test_go_damage(void **state)
{
    (void)state;
    struct err err;
    char *data;
    size_t bytes;
    assert_true(file_read(GO_FILE, &data, &bytes, &err));
    damage((const uint8_t *)data, bytes, 11, import_go);
    free(data);
}

static void test_go_versions(void **state)
{
    (void)state;
    assert_non_null(strstr(refused("go 1.22 trace--------"), "Go 1.22 is not known"));
    assert_non_null(strstr(refused("go 1.5 trace---------"), "Go 1.5 is not known"));
    assert_non_null(strstr(refused("go 1.19 trace---"), "no events"));
    assert_non_null(strstr(refused("go 1.19 trace---\x3f"), "offset 16: no such event"));
}

/* --- Chrome ------------------------------------------------------------------------------ */

static uint64_t sum_regions(const struct trace *t, uint64_t *count)
{
    *count = trace_table_rows(t, TRACE_REGION_TABLE);
    return column_sum(t, TRACE_REGION_TABLE, TRACE_REGION_dur);
}

static void test_chrome_kinds(void **state)
{
    (void)state;
    uint64_t count;
    struct trace *t = from_json(
        "{\"displayTimeUnit\": \"ns\", \"traceEvents\": [\n"
        "{\"ph\":\"M\",\"pid\":7,\"name\":\"process_name\",\"args\":{\"name\":\"shop\"}},\n"
        "{\"ph\":\"M\",\"pid\":7,\"tid\":8,\"name\":\"thread_name\",\"args\":{\"name\":"
        "\"w\\u00f6rk\"}},\n"
        "{\"ph\":\"X\",\"pid\":7,\"tid\":8,\"ts\":1000.001,\"dur\":2.500,\"name\":\"a "
        "\\\"b\\\"\"},\n"
        "{\"ph\":\"B\",\"pid\":7,\"tid\":8,\"ts\":1010,\"name\":\"outer\"},\n"
        "{\"ph\":\"B\",\"pid\":7,\"tid\":8,\"ts\":1011,\"name\":\"inner\"},\n"
        "{\"ph\":\"E\",\"pid\":7,\"tid\":8,\"ts\":1012},\n"
        "{\"ph\":\"E\",\"pid\":7,\"tid\":8,\"ts\":1020},\n"
        "{\"ph\":\"C\",\"pid\":7,\"ts\":1001,\"name\":\"mem\",\"args\":{\"a\":1.5,\"b\":2}},\n"
        "{\"ph\":\"i\",\"pid\":7,\"tid\":8,\"ts\":1005,\"name\":\"now\",\"s\":\"t\"},\n"
        "{\"ph\":\"b\",\"cat\":\"req\",\"id\":\"0x1\",\"pid\":7,\"tid\":8,\"ts\":1002,\"name\":"
        "\"r\"},\n"
        "{\"ph\":\"e\",\"cat\":\"req\",\"id\":\"0x1\",\"pid\":7,\"tid\":8,\"ts\":1009,\"name\":"
        "\"r\"},\n"
        "{\"ph\":\"P\",\"pid\":7,\"tid\":8,\"ts\":1006,\"name\":\"cpu\",\"sf\":2},\n"
        "{\"ph\":\"s\",\"pid\":7,\"tid\":8,\"ts\":1006,\"id\":3,\"name\":\"flow\"}],\n"
        "\"stackFrames\":{\"1\":{\"name\":\"main\",\"category\":\"shop\"},"
        "\"2\":{\"name\":\"leaf\",\"category\":\"shop\",\"parent\":\"1\"}}}");
    assert_int_equal(sum_regions(t, &count), 2500 + 10000 + 1000);
    assert_int_equal(count, 3);
    assert_int_equal(trace_duration_ns(t), 19999); /* from 1000.001 to 1020 us */
    assert_int_equal(threads_named(t, "w\xc3\xb6rk"), 1);
    assert_int_equal(trace_rows(t, TRACE_COUNTER_TABLE, 0), 2);
    assert_int_equal(trace_table_rows(t, TRACE_MESSAGE_TABLE), 1);
    struct trace_cursor c = trace_cursor(t, TRACE_TASK_TABLE, 0);
    assert_int_equal(c.total_rows, 1);
    assert_int_equal(trace_get(&c, 0, TRACE_TASK_dur), 7000);
    c = trace_cursor(t, TRACE_SAMPLE_TABLE, 0);
    struct trace_frame frames[4];
    assert_int_equal(trace_stack(t, trace_get(&c, 0, TRACE_SAMPLE_stack_id), frames, 4), 2);
    assert_string_equal(frames[0].function, "leaf");
    assert_string_equal(frames[1].function, "main");
    trace_close(t);
}

/* As Chrome leaves it when it ends early; ids that are words; times in quotes. */
static void test_chrome_lax(void **state)
{
    (void)state;
    uint64_t count;
    struct trace *t =
        from_json("[{\"ph\":\"X\",\"pid\":\"a\",\"tid\":0,\"ts\":\"5\",\"dur\":1},\n"
                  "{\"ph\":\"X\",\"pid\":\"a\",\"tid\":\"main\",\"ts\":6,\"dur\":1},\n");
    sum_regions(t, &count);
    assert_int_equal(count, 2);
    assert_int_equal(trace_rows(t, TRACE_THREAD_TABLE, 0), 2);
    assert_int_equal(trace_rows(t, TRACE_PROCESS_TABLE, 0), 1);
    trace_close(t);
    t = from_json(" [{\"ph\":\"B\",\"pid\":1,\"tid\":1,\"ts\":5,\"name\":\"open\"},"
                  "{\"ph\":\"E\",\"pid\":1,\"tid\":2,\"ts\":9},]");
    assert_int_equal(sum_regions(t, &count), 4000); /* to the end */
    trace_close(t);
    trace_close(from_json("[]"));
    trace_close(from_json("{\"traceEvents\":[]}"));
}

static void test_chrome_refused(void **state)
{
    (void)state;
    assert_non_null(strstr(refused("{\"a\": 1}"), "no `traceEvents`"));
    assert_non_null(strstr(refused("[{\"ph\":\"X\""), "offset 10"));
    assert_non_null(strstr(refused("[{\"ph\":\"X\",\"pid\":1,\"tid\":1}]"), "offset 1: an event"));
    assert_non_null(strstr(refused("[{\"ph\":\"X\"}}"), "offset 11"));
    assert_non_null(strstr(refused("[7]"), "expected '{'"));
    char deep[1024] = "[{\"args\":";
    memset(deep + 9, '[', 600);
    assert_non_null(strstr(refused(deep), "nested too deep"));
}

static void test_chrome_damage(void **state)
{
    (void)state;
    static const char text[] =
        "{\"traceEvents\":[{\"ph\":\"X\",\"pid\":7,\"tid\":8,\"ts\":1000.001,\"dur\":2.5,\"name\":"
        "\"\\u00e4\\ud83d\\ude00\"},{\"ph\":\"C\",\"pid\":7,\"ts\":1,\"name\":\"m\",\"args\":{"
        "\"a\":1}},"
        "{\"ph\":\"P\",\"pid\":7,\"tid\":8,\"ts\":6,\"sf\":\"2\"},{\"ph\":\"b\",\"id\":{\"x\":[1]},"
        "\"pid\":7,"
        "\"tid\":8,\"ts\":2,\"name\":\"r\"}],\"stackFrames\":{\"2\":{\"name\":\"f\",\"parent\":"
        "\"2\"}}}";
    damage((const uint8_t *)text, sizeof text - 1, 1, import_chrome);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_go_agrees),      cmocka_unit_test(test_go_content),
        cmocka_unit_test(test_go_damage),      cmocka_unit_test(test_go_versions),
        cmocka_unit_test(test_chrome_kinds),   cmocka_unit_test(test_chrome_lax),
        cmocka_unit_test(test_chrome_refused), cmocka_unit_test(test_chrome_damage),
    };
    return cmocka_run_group_tests_name("import", tests, begin, end);
}
