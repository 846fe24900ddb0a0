/* A session of LTTng's kernel tracer, in its layout (compact headers, one stream a
 * CPU, no contexts), by both readers: its events give the same tables as ours. */
#include "convert/convert.h"
#include "trace/reader.h"
#include "unit/ctf_maker.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

static const struct {
    const char *name;
    const char *fields; /* i: int32_t, q: int64_t, t: text of 16 bytes, s: string */
} classes[] = {
    {"sched_switch", "t prev_comm i prev_tid i prev_prio q prev_state t next_comm i next_tid"},
    {"sched_waking", "t comm i tid i prio i target_cpu"},
    {"sched_wakeup", "t comm i tid i prio i target_cpu"},
    {"sched_process_fork",
     "t parent_comm i parent_tid i parent_pid t child_comm i child_tid i child_pid"},
    {"sched_process_exit", "t comm i tid i prio"},
    {"lttng_statedump_process_state", "i tid i pid t name i type"},
    {"syscall_entry_read", "i fd q count"},
    {"syscall_exit_read", "q ret"},
    {"timer_start", "q timer s text"},
    {"syscall_entry_openat", "i dfd s filename i flags i mode"},
    {"syscall_exit_openat", "q ret"},
};
enum {
    CLASSES = sizeof classes / sizeof *classes
};

static char folder[64], ctf[96];
static struct ctf made;

static void put_metadata(void)
{
    static const char context[] = "  event.context := struct { int32_t _vpid; int32_t _vtid; };\n";
    static const char large[] = "uint16_t { compact = 0 ... 65534, extended = 65535 }";
    const char *id = strstr(ctf_head, large), *rest = id + strlen(large);
    const char *without = strstr(rest, context);
    assert_true(id && without);
    struct strbuf sb = {0};
    strbuf_append(&sb, ctf_head, (size_t)(id - ctf_head));
    strbuf_puts(&sb, "integer { size = 5; align = 1; } { compact = 0 ... 30, extended = 31 }");
    const char *time = strstr(rest, "stamp32_t timestamp");
    assert_non_null(time);
    strbuf_append(&sb, rest, (size_t)(time - rest));
    strbuf_puts(&sb, "integer { size = 27; align = 1; map = clock.monotonic.value; } timestamp");
    time += strlen("stamp32_t timestamp");
    strbuf_append(&sb, time, (size_t)(without - time));
    strbuf_puts(&sb, without + strlen(context));
    for (unsigned i = 0; i < CLASSES; i++) {
        strbuf_printf(&sb, "event { name = \"%s\"; id = %u; stream_id = 0; fields := struct {\n",
                      classes[i].name, i);
        for (const char *f = classes[i].fields; *f;) {
            int len = (int)strcspn(f + 2, " ");
            const char *type = *f == 'i'   ? "int32_t"
                               : *f == 'q' ? "int64_t"
                               : *f == 's' ? "string"
                                           : "integer { size = 8; align = 8; encoding = UTF8; }";
            strbuf_printf(&sb, " %s _%.*s%s;\n", type, len, f + 2, *f == 't' ? "[16]" : "");
            f += 2 + len;
            f += *f == ' ';
        }
        strbuf_puts(&sb, "}; };\n");
    }
    ctf_write(ctf, "metadata", sb.p, sb.len);
    strbuf_release(&sb);
}

/* Values in order of the fields: int, uint64_t, or text. */
static void event(int cpu, uint64_t ts, const char *name, ...)
{
    unsigned id = 0;
    while (strcmp(classes[id].name, name) != 0)
        id++;
    struct strbuf *sb = &made.packet[cpu];
    if (!made.begin[cpu])
        made.begin[cpu] = ts;
    made.end[cpu] = ts;
    ctf_put(sb, id | (ts & 0x7ffffff) << 5, 4);
    va_list ap;
    va_start(ap, name);
    for (const char *f = classes[id].fields; *f;) {
        char text[16] = {0};
        if (*f == 'i')
            ctf_put(sb, (uint64_t)va_arg(ap, int), 4);
        else if (*f == 'q')
            ctf_put(sb, va_arg(ap, uint64_t), 8);
        else
            snprintf(text, sizeof text, "%s", va_arg(ap, const char *));
        if (*f == 't')
            strbuf_append(sb, text, sizeof text);
        else if (*f == 's')
            strbuf_append(sb, text, strlen(text) + 1);
        f += 2 + strcspn(f + 2, " ");
        f += *f == ' ';
    }
    va_end(ap);
}

#define Q(x) ((uint64_t)(x))

static void make_session(void)
{
    ctf_open(&made, ctf);
    event(0, 1000, "lttng_statedump_process_state", 10, 10, "server", 0);
    event(0, 1000, "lttng_statedump_process_state", 11, 10, "worker", 0);
    event(0, 2000, "sched_switch", "swapper/0", 0, 20, Q(0), "server", 10);
    event(0, 3000, "syscall_entry_read", 5, Q(100));
    event(0, 4000, "sched_switch", "server", 10, 20, Q(1), "worker", 11);
    event(1, 5000, "sched_waking", "server", 10, 20, 1);
    event(1, 5100, "sched_wakeup", "server", 10, 20, 1);
    event(1, 6000, "sched_switch", "swapper/1", 0, 20, Q(0), "server", 10);
    event(1, 6500, "syscall_exit_read", Q(64));
    event(1, 6600, "syscall_entry_openat", -100, "/etc/hosts", 2, 0600);
    event(1, 6700, "syscall_exit_openat", Q(5));
    event(1, 6800, "syscall_entry_read", 5, Q(200));
    event(1, 6900, "syscall_exit_read", Q(0));
    event(1, 7000, "sched_process_fork", "server", 10, 10, "server", 12, 12);
    event(1, 7500, "timer_start", Q(1), "x");
    event(1, 8000, "sched_switch", "server", 10, 20, Q(0), "server", 12);
    event(1, 9000, "sched_process_exit", "server", 12, 20);
    event(1, 9500, "sched_switch", "server", 12, 20, Q(0x10), "server", 10);
    event(0, 10000, "sched_switch", "worker", 11, 20, Q(2), "swapper/0", 0);
    for (int cpu = 0; cpu < 2; cpu++) {
        char name[16];
        snprintf(name, sizeof name, "ch_%d", cpu);
        ctf_packet(&made, cpu);
        ctf_write(ctf, name, made.file[cpu].p, made.file[cpu].len);
        strbuf_release(&made.file[cpu]);
        strbuf_release(&made.packet[cpu]);
    }
    put_metadata();
}

static void convert(enum convert_reader reader, const char *path)
{
    struct convert_options options = {.ctf_dir = ctf, .reader = reader, .out_path = path};
    struct convert_result result;
    struct err err = {0};
    if (!convert_ctf(&options, &result, &err))
        fail_msg("%s", err.text);
    assert_int_equal(result.events, 19);
}

static void same_file(const char *one, const char *other)
{
    char *a, *b;
    size_t a_bytes, b_bytes;
    assert_true(file_read(one, &a, &a_bytes, NULL) && file_read(other, &b, &b_bytes, NULL));
    assert_int_equal(a_bytes, b_bytes);
    assert_memory_equal(a, b, a_bytes);
    free(a);
    free(b);
}

/* These columns of a row have these values. */
static void expect_row(struct trace_cursor *c, uint64_t row, const unsigned *columns,
                       unsigned count, const uint64_t *values)
{
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(trace_get(c, row, columns[i]), values[i]);
}

static uint32_t row_of_tid(const struct trace *t, uint32_t tid)
{
    struct trace_cursor c = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    for (uint64_t r = 0; r < c.total_rows; r++)
        if (trace_get(&c, r, TRACE_THREAD_tid) == tid)
            return (uint32_t)r;
    fail_msg("no thread %u", tid);
    return 0;
}

static void check_states(const struct trace *t)
{
    static const unsigned columns[] = {TRACE_THREAD_STATE_ts, TRACE_THREAD_STATE_state,
                                       TRACE_THREAD_STATE_reason, TRACE_THREAD_STATE_waker_tid};
    struct trace_cursor c = trace_cursor(t, TRACE_THREAD_STATE_TABLE, row_of_tid(t, 10));
    static const uint64_t want[][4] = {
        {1000, TRACE_RUNNING, 0, 0},
        {3000, TRACE_BLOCKED, TRACE_REASON_SYSCALL, 0},
        {4000, TRACE_RUNNABLE, 0, 0},
        {5000, TRACE_RUNNING, 0, 0},
        {7000, TRACE_RUNNABLE, TRACE_REASON_PREEMPTED, 0},
        {8500, TRACE_RUNNING, 0, 0},
    };
    uint64_t first = c.total_rows - sizeof want / sizeof *want; /* what it did before is unknown */
    assert_true(c.total_rows >= sizeof want / sizeof *want);
    for (uint64_t i = 0; i < sizeof want / sizeof *want; i++)
        expect_row(&c, first + i, columns, 4, want[i]);
}

static void check_tables(const struct trace *t)
{
    static const unsigned call[] = {TRACE_SYSCALL_ts, TRACE_SYSCALL_dur, TRACE_SYSCALL_nr,
                                    TRACE_SYSCALL_ret};
    static const unsigned args[] = {TRACE_SYSCALL_arg0, TRACE_SYSCALL_arg1, TRACE_SYSCALL_arg2,
                                    TRACE_SYSCALL_arg3};
    struct trace_cursor c = trace_cursor(t, TRACE_SYSCALL_TABLE, row_of_tid(t, 10));
    assert_int_equal(c.total_rows, 3);
    expect_row(&c, 0, call, 4, (const uint64_t[]){2000, 3500, 0, 64});
    expect_row(&c, 0, args, 4, (const uint64_t[]){5, 0, 100, 0}); /* buf is an output */
    expect_row(&c, 1, args, 4, (const uint64_t[]){(uint64_t)-100, 0, 2, 0600});
    for (uint64_t row = 1; row < 3; row++)
        assert_string_equal(trace_string(t, trace_get(&c, row, TRACE_SYSCALL_object)),
                            "/etc/hosts");
    assert_string_equal(trace_string(t, trace_get(&c, 0, TRACE_SYSCALL_name)), "read");
    c = trace_cursor(t, TRACE_WAKEUP_TABLE, 0);
    assert_int_equal(c.total_rows, 1);
    assert_int_equal(trace_get(&c, 0, TRACE_WAKEUP_wakee_tid), 10);
    c = trace_cursor(t, TRACE_PROCESS_TABLE, 0);
    assert_int_equal(c.total_rows, 2);
    assert_int_equal(trace_get(&c, 0, TRACE_PROCESS_pid), 10);
    assert_int_equal(trace_get(&c, 1, TRACE_PROCESS_pid), 12);
    assert_int_equal(trace_get(&c, 1, TRACE_PROCESS_end_ts), 8500);
    c = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    assert_int_equal(trace_get(&c, row_of_tid(t, 11), TRACE_THREAD_pid), 10);
    assert_string_equal(trace_meta(t, "mechanism.sched"), "kernel");
    assert_string_equal(trace_meta(t, "mechanism.syscall"), "kernel");
}

static void test_kernel_session(void **state)
{
    (void)state;
    char own[128], other[128];
    snprintf(own, sizeof own, "%s/own.out", folder);
    snprintf(other, sizeof other, "%s/other.out", folder);
    make_session();
    convert(CONVERT_READER_CTF, own);
    convert(CONVERT_READER_CTF_FS, other);
    same_file(own, other);
    struct err err = {0};
    struct trace *t = trace_open(own, &err);
    if (!t)
        fail_msg("%s", err.text);
    check_states(t);
    check_tables(t);
    trace_close(t);
}

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/whyprof-test-XXXXXX");
    bool ok = mkdtemp(folder) != NULL;
    snprintf(ctf, sizeof ctf, "%s/kernel", folder);
    return ok ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return file_remove_tree(folder, NULL) ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kernel_session, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
