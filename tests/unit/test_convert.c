/* The converter on small CTF traces made here, byte by byte: what each kind of
 * event becomes, order, losses, and damaged inputs. */
#include "convert/convert.h"

#include "base/file.h"
#include "base/strbuf.h"
#include "convert/event.h"
#include "trace/reader.h"
#include "tracepoints/events.h"
#include "unit/ctf_maker.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

/* Values for the variadic ctf_event. */
#define Q(x) ((uint64_t)(x))
enum {
    MS = 1000000,
    T0 = 1000 * MS
};
#define AT(ms) Q(T0 + (ms)*MS)

static char folder[64]; /* of the running test */
static char out_path[128];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/whyprof-test-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(out_path, sizeof out_path, "%s/x.out", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return file_remove_tree(folder, NULL) ? 0 : -1;
}

static const char *ctf_dir(void)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/ctf", folder);
    return path;
}

static struct convert_result result;

static bool convert(struct err *err)
{
    struct convert_options options = {
        .ctf_dir = ctf_dir(), .reader = CONVERT_READER_CTF, .threads = 2, .out_path = out_path};
    return convert_ctf(&options, &result, err);
}

/* Both readers write the same file, byte for byte, with any number of threads. */
static void compare_readers(void)
{
    static unsigned threads;
    char other_path[128], *own, *other;
    size_t own_bytes, other_bytes;
    struct err err = {0};
    snprintf(other_path, sizeof other_path, "%s/ctf.fs.out", folder);
    struct convert_options options = {.ctf_dir = ctf_dir(),
                                      .reader = CONVERT_READER_CTF_FS,
                                      .threads = threads++ % 3 + 1,
                                      .out_path = other_path};
    struct convert_result other_result;
    if (!convert_ctf(&options, &other_result, &err))
        fail_msg("convert by ctf.fs: %s", err.text);
    assert_true(file_read(out_path, &own, &own_bytes, NULL));
    assert_true(file_read(other_path, &other, &other_bytes, NULL));
    assert_int_equal(unlink(other_path), 0);
    assert_int_equal(own_bytes, other_bytes);
    assert_memory_equal(own, other, own_bytes);
    assert_memory_equal(&result, &other_result, sizeof result);
    free(own);
    free(other);
}

static struct trace *convert_and_open(void)
{
    struct err err = {0};
    if (!convert(&err))
        fail_msg("convert: %s", err.text);
    compare_readers();
    struct trace *t = trace_open(out_path, &err);
    if (!t)
        fail_msg("open: %s", err.text);
    return t;
}

/* A partition's rows as text, the named columns only: "12 running|20 blocked lock". */
static const char *rows(const struct trace *t, enum trace_table table, uint32_t key,
                        const char *columns)
{
    static struct strbuf sb;
    struct trace_cursor c = trace_cursor(t, table, key);
    const struct trace_table_info *info = &trace_tables[table];
    strbuf_clear(&sb);
    for (uint64_t r = 0; r < c.total_rows; r++) {
        const char *separator = r ? "|" : "";
        for (const char *name = columns; *name;) {
            size_t len = strcspn(name, " ");
            unsigned col = 0;
            while (col < info->columns &&
                   (strncmp(info->column[col].name, name, len) != 0 || info->column[col].name[len]))
                col++;
            if (col == info->columns)
                fail_msg("no column %s", name);
            uint64_t v = trace_get(&c, r, col);
            enum trace_kind kind = info->column[col].kind;
            strbuf_puts(&sb, separator);
            if (kind == TRACE_STR)
                strbuf_puts(&sb, trace_string(t, v));
            else if (trace_enum_name(kind, v))
                strbuf_puts(&sb, trace_enum_name(kind, v));
            else if (kind == TRACE_F64)
                strbuf_printf(&sb, "%g", trace_get_f64(&c, r, col));
            else if (kind == TRACE_TS || kind == TRACE_DUR)
                strbuf_printf(&sb, "%g", (double)v / MS);
            else if (kind == TRACE_HEX)
                strbuf_printf(&sb, "%" PRIx64, v);
            else
                strbuf_printf(&sb, "%" PRId64, (int64_t)v);
            separator = " ";
            name += len + (name[len] == ' ');
        }
    }
    return strbuf_str(&sb);
}

#define EXPECT(t, TABLE, key, columns, text)                                                       \
    assert_string_equal(rows(t, TRACE_##TABLE##_TABLE, key, columns), text)

/* -- the contract */

/* "A_x, A_y" -> "x y" where the prefix is what stands before the contract's first name. */
static void places_to_names(const char *places, const char *fields, char *names)
{
    *names = '\0';
    size_t prefix = 0;
    const char *first_end = places + strcspn(places, ",");
    size_t first_len = strcspn(fields, " ");
    if (*places)
        prefix = (size_t)(first_end - places) - first_len;
    while (*places) {
        size_t len = strcspn(places, ",");
        if (len > prefix)
            sprintf(names + strlen(names), "%s%.*s", *names ? " " : "", (int)(len - prefix),
                    places + prefix);
        places += len;
        places += strspn(places, ", ");
    }
}

static void test_contract(void **state)
{
    (void)state;
    static const char *const contract[] = {
#define ENTRY(provider, event, fields) #provider ":" #event, fields,
        WHYPROF_EVENTS(ENTRY)
#undef ENTRY
    };
    static const char *const places[] = {
#define ENTRY(provider, event, ...) #provider ":" #event, "" #__VA_ARGS__,
        EVENT_FIELDS(ENTRY)
#undef ENTRY
    };
    assert_int_equal(sizeof contract, sizeof places);
    for (size_t i = 0; i < 2 * EVENT_KINDS; i += 2) {
        size_t at = 0;
        while (at < 2 * EVENT_KINDS && strcmp(contract[at], places[i]) != 0)
            at += 2;
        assert_true(at < 2 * EVENT_KINDS);
        char names[256];
        places_to_names(places[i + 1], contract[at + 1], names);
        assert_string_equal(names, contract[at + 1]);
    }
}

/* -- agent only */

static void begin_process(struct ctf *c, uint64_t ts)
{
    ctf_event(c, 0, ts, 100, 100, "whyprof_sched:process_start", 1, ts, "prog", "prog -x");
    ctf_event(c, 0, ts, 100, 100, "whyprof_sched:thread_start", 100, ts, "prog");
}

static void test_agent_states(void **state)
{
    (void)state;
    struct ctf c;
    ctf_open(&c, ctf_dir());
    begin_process(&c, AT(0));
    ctf_event(&c, 1, AT(1), 100, 101, "whyprof_sched:thread_start", 101, AT(1), "worker");
    ctf_event(&c, 1, AT(2), 100, 101, "whyprof_lock:wait_begin", Q(0x500), WHYPROF_LOCK_MUTEX, 100,
              0);
    ctf_event(&c, 1, AT(5), 100, 101, "whyprof_lock:wait_end", Q(0x500), WHYPROF_LOCK_MUTEX, AT(2),
              0, 100, 0);
    ctf_event(&c, 0, AT(6), 100, 100, "whyprof_lock:hold", Q(0x500), WHYPROF_LOCK_MUTEX, 1, AT(1),
              0);
    uint64_t args[] = {7, 0x1000, 64};
    ctf_event(&c, 0, AT(6), 100, 100, "whyprof_syscall:fd", 7, "/tmp/file");
    ctf_event(&c, 0, AT(9), 100, 100, "whyprof_syscall:call", 0, AT(7), Q(64), 0, 3, args);
    ctf_event(&c, 0, AT(9), 100, 100, "whyprof_syscall:pending", 101, 232, AT(8), 0, 0, NULL);
    ctf_event(&c, 0, AT(10), 100, 100, "whyprof_lock:stat", Q(0x500), WHYPROF_LOCK_MUTEX, Q(90),
              Q(1), 0);
    ctf_event(&c, 0, AT(12), 100, 100, "whyprof_sched:process_exit", 3);
    ctf_close(&c);
    struct trace *t = convert_and_open();
    EXPECT(t, PROCESS, 0, "pid ppid name cmdline start_ts end_ts exit_status",
           "100 1 prog prog -x 0 12 3");
    EXPECT(t, THREAD, 0, "tid pid name start_ts end_ts", "101 100 worker 1 12|100 100 prog 0 12");
    EXPECT(t, THREAD_STATE, 0, "ts state reason object waker_tid",
           "1 running none 0 0|2 blocked lock 500 100|5 running none 0 0|8 blocked syscall e8 0");
    EXPECT(t, THREAD_STATE, 1, "ts state reason object",
           "0 running none 0|7 blocked syscall 0|9 running none 0");
    EXPECT(t, LOCK_WAIT, 0, "ts dur lock kind holder_tid unfinished", "2 3 500 mutex 100 0");
    EXPECT(t, LOCK_HOLD, 1, "ts dur lock contended", "1 5 500 1");
    EXPECT(t, LOCK, 0, "lock kind acquisitions contentions wait_ns max_wait_ns pid",
           "500 mutex 90 1 3 3 100");
    EXPECT(t, SYSCALL, 1, "ts dur name arg0 arg2 ret object unfinished",
           "7 2 read 7 40 64 /tmp/file 0");
    EXPECT(t, SYSCALL, 0, "ts dur name unfinished", "8 4 epoll_wait 1");
    EXPECT(t, WAKEUP, 0, "ts waker_tid wakee_tid cpu", "5 100 101 -1");
    assert_int_equal(trace_duration_ns(t), 12 * MS);
    assert_int_equal(trace_meta_u64(t, "start_unix_ns", 0), Q(CTF_OFFSET_S) * 1000 * MS + T0);
    assert_string_equal(trace_meta(t, "hostname"), "testbox");
    assert_string_equal(trace_meta(t, "mechanism.lock"), "agent");
    assert_string_equal(trace_meta(t, "mechanism.alloc"), "none");
    assert_string_equal(trace_meta(t, "syscall.0"), "read");
    trace_close(t);
}

/* Waits and regions still open at the end, a wait whose thread never says more. */
static void test_unfinished(void **state)
{
    (void)state;
    struct ctf c;
    ctf_open(&c, ctf_dir());
    begin_process(&c, AT(0));
    ctf_event(&c, 0, AT(1), 100, 100, "whyprof_user:region_begin", "outer", Q(9));
    ctf_event(&c, 0, AT(2), 100, 100, "whyprof_user:region_begin", "inner", Q(0));
    ctf_event(&c, 0, AT(3), 100, 100, "whyprof_user:region_end");
    ctf_event(&c, 0, AT(3), 100, 100, "whyprof_user:task_begin", Q(9), Q(0), "job");
    ctf_event(&c, 0, AT(4), 100, 100, "whyprof_lock:wait_begin", Q(0x600), WHYPROF_LOCK_COND, 0, 0);
    ctf_event(&c, 1, AT(10), 100, 102, "whyprof_user:message", "still here");
    ctf_close(&c);
    struct trace *t = convert_and_open();
    EXPECT(t, THREAD, 0, "tid end_ts", "102 10|100 10");
    EXPECT(t, THREAD_STATE, 1, "ts state reason", "0 running none|4 blocked cond");
    EXPECT(t, LOCK_WAIT, 1, "ts dur kind unfinished", "4 6 cond 1");
    EXPECT(t, REGION, 1, "ts dur name task_id", "1 9 outer 9|2 1 inner 0");
    EXPECT(t, TASK, 0, "task_id name ts dur", "9 job 3 7");
    EXPECT(t, MESSAGE, 0, "ts text", "10 still here");
    trace_close(t);
}

static void test_allocations_and_counters(void **state)
{
    (void)state;
    struct ctf c;
    ctf_open(&c, ctf_dir());
    begin_process(&c, AT(0));
    ctf_event(&c, 0, AT(1), 100, 100, "whyprof_alloc:alloc", WHYPROF_ALLOC_MALLOC, Q(0xa000),
              Q(4096), 128.0, 0);
    ctf_event(&c, 0, AT(2), 100, 100, "whyprof_alloc:alloc", WHYPROF_ALLOC_CALLOC, Q(0xb000), Q(64),
              1.5, 0);
    ctf_event(&c, 1, AT(3), 100, 101, "whyprof_alloc:free", Q(0xa000));
    ctf_event(&c, 1, AT(3), 100, 101, "whyprof_alloc:free", Q(0xdead));
    ctf_event(&c, 1, AT(4), 100, 101, "whyprof_alloc:stat", Q(2), Q(1), Q(4160), Q(64));
    ctf_event(&c, 1, AT(5), 100, 101, "whyprof_user:counter", "queue", 2.5);
    ctf_event(&c, 1, AT(6), 100, 101, "whyprof_sample:cpu", 100, AT(2), Q(10 * MS), 0);
    ctf_close(&c);
    struct trace *t = convert_and_open();
    EXPECT(t, ALLOC, 0, "ts kind addr size weight free_ts free_tid",
           "1 malloc a000 4096 128 3 101|2 calloc b000 64 1.5 0 0");
    EXPECT(t, COUNTER, 0, "ts name value pid", "4 heap bytes 64 100|5 queue 2.5 100");
    EXPECT(t, SAMPLE, 0, "ts kind weight", "2 cpu 10000000");
    trace_close(t);
}

/* -- kernel records */

struct words {
    uint64_t w[256];
    int n;
};

static void record(struct words *r, unsigned type, int cpu, int tid, uint64_t ts, int count, ...)
{
    va_list ap;
    va_start(ap, count);
    r->w[r->n++] = WHYPROF_KERNEL_HEAD(type, 2 + count, cpu, tid);
    r->w[r->n++] = ts;
    for (int i = 0; i < count; i++)
        r->w[r->n++] = va_arg(ap, uint64_t);
    va_end(ap);
}

static uint64_t comm_word(const char *s)
{
    uint64_t w = 0;
    memcpy(&w, s, strlen(s));
    return w;
}

enum {
    SLEEPS = 1,
    DISK = 2,
    PREEMPTED = 1 << 16
};
#define IN_CALL(nr) (Q((nr) + 1) << 32)

/* Records come 20 ms late; a direct event of the future must not pass them. */
static void test_kernel_records_are_put_in_order(void **state)
{
    (void)state;
    struct ctf c;
    ctf_open(&c, ctf_dir());
    begin_process(&c, AT(0));
    uint64_t pcs[] = {0x1234};
    uint64_t args[] = {3, 4096, 100};
    ctf_event(&c, 0, AT(1), 100, 100, "whyprof_stack:stack", 5, 1, 1, pcs);
    ctf_event(&c, 0, AT(6), 100, 100, "whyprof_syscall:call", 0, AT(2), Q(100), 5, 3, args);
    ctf_event(&c, 0, AT(8), 100, 100, "whyprof_lock:wait_begin", Q(0x700), WHYPROF_LOCK_MUTEX, 0,
              5);
    ctf_event(&c, 0, AT(13), 100, 100, "whyprof_lock:wait_end", Q(0x700), WHYPROF_LOCK_MUTEX, AT(8),
              0, 200, 0);
    struct words r = {.n = 0};
    record(&r, WHYPROF_KERNEL_SWITCH_IN, 1, 100, AT(1), 0);
    record(&r, WHYPROF_KERNEL_SWITCH_OUT, 1, 100, AT(3), 1, IN_CALL(0) | SLEEPS);
    record(&r, WHYPROF_KERNEL_WAKING, 0, 100, AT(4), 1, Q(200) | Q(200) << 32);
    record(&r, WHYPROF_KERNEL_SWITCH_IN, 0, 100, AT(5), 0);
    record(&r, WHYPROF_KERNEL_SWITCH_OUT, 0, 100, AT(7), 1, Q(PREEMPTED));
    record(&r, WHYPROF_KERNEL_SWITCH_IN, 0, 100, AT(7) + MS / 2, 0);
    record(&r, WHYPROF_KERNEL_SWITCH_OUT, 0, 100, AT(9), 1, IN_CALL(202) | SLEEPS);
    record(&r, WHYPROF_KERNEL_WAKING, 0, 100, AT(11), 1, Q(200) | Q(200) << 32);
    record(&r, WHYPROF_KERNEL_SWITCH_IN, 1, 100, AT(12), 0);
    record(&r, WHYPROF_KERNEL_SWITCH_OUT, 1, 100, AT(14), 1, Q(DISK));
    ctf_event(&c, 1, AT(30), 50, 50, "whyprof_sched:kernel", r.n, r.w);
    struct words s = {.n = 0};
    record(&s, WHYPROF_KERNEL_SYSCALL, 0, 100, AT(5) + MS / 2, 6, Q(0) | Q(3) << 32, AT(2), Q(100),
           Q(3), Q(4096), Q(100));
    record(&s, WHYPROF_KERNEL_SYSCALL_OPEN, 0, 100, AT(16), 3, Q(35) | Q(1) << 32, AT(15), Q(1));
    ctf_event(&c, 1, AT(31), 50, 50, "whyprof_syscall:kernel", s.n, s.w);
    ctf_event(&c, 1, AT(32), 50, 50, "whyprof_sched:watermark", AT(29));
    ctf_event(&c, 0, AT(40), 100, 100, "whyprof_sched:meta", "mechanism.sched", "bpf");
    ctf_close(&c);
    struct trace *t = convert_and_open();
    EXPECT(t, THREAD, 0, "tid pid end_ts", "100 100 40");
    EXPECT(t, THREAD_STATE, 0, "ts state cpu reason object waker_tid stack_id",
           "0 runnable -1 none 0 0 0|1 running 1 none 0 0 0|3 blocked -1 syscall 0 200 1|"
           "4 runnable -1 none 0 0 0|5 running 0 none 0 0 0|7 runnable -1 preempted 0 0 0|"
           "7.5 running 0 none 0 0 0|9 blocked -1 lock 700 200 1|11 runnable -1 none 0 0 0|"
           "12 running 1 none 0 0 0|14 blocked -1 page_fault 0 0 0");
    EXPECT(t, SYSCALL, 0, "ts dur name ret stack_id unfinished",
           "2 3.5 read 100 1 0|15 25 nanosleep 0 0 1");
    EXPECT(t, WAKEUP, 0, "ts waker_tid wakee_tid cpu", "4 200 100 0|11 200 100 0");
    assert_string_equal(trace_meta(t, "mechanism.sched"), "bpf");
    assert_string_equal(trace_meta(t, "mechanism.syscall"), "kernel");
    trace_close(t);
}

/* What the hypervisor took of a stay on a CPU is no running time. */
static void test_stolen_time(void **state)
{
    (void)state;
    struct ctf c;
    ctf_open(&c, ctf_dir());
    begin_process(&c, AT(0));
    /* as the contract's mantissa and exponent have it: a little less than 1 ms, and 0.5 us */
    uint64_t some_ns = Q(MS >> 12) << 12, some = Q(MS >> 12) << 17 | Q(12) << 27;
    uint64_t half_us = Q(500) << 17;
    struct words r = {.n = 0};
    record(&r, WHYPROF_KERNEL_SWITCH_IN, 1, 100, AT(1), 0);
    record(&r, WHYPROF_KERNEL_SWITCH_OUT, 1, 100, AT(3), 1, PREEMPTED | some);
    record(&r, WHYPROF_KERNEL_SWITCH_IN, 1, 100, AT(4), 0);
    record(&r, WHYPROF_KERNEL_SWITCH_OUT, 1, 100, AT(6), 1, SLEEPS | half_us);
    record(&r, WHYPROF_KERNEL_SWITCH_IN, 1, 100, AT(7), 0);
    record(&r, WHYPROF_KERNEL_SWITCH_OUT, 1, 100, AT(8), 1, SLEEPS | half_us);
    ctf_event(&c, 1, AT(11), 50, 50, "whyprof_sched:kernel", r.n, r.w);
    ctf_event(&c, 1, AT(12), 50, 50, "whyprof_sched:watermark", AT(12));
    ctf_close(&c);
    struct trace *t = convert_and_open();
    struct trace_cursor rows = trace_cursor(t, TRACE_THREAD_STATE_TABLE, 0);
    uint64_t stolen[] = {some_ns, 1000}; /* what is less than 1 us waits for more */
    unsigned found = 0;
    for (uint64_t row = 0; row < rows.total_rows; row++) {
        if (trace_get(&rows, row, TRACE_THREAD_STATE_reason) != TRACE_REASON_STOLEN)
            continue;
        uint64_t ts = trace_get(&rows, row, TRACE_THREAD_STATE_ts);
        assert_true(found < 2);
        assert_int_equal(trace_state_end(&rows, row, AT(12)) - ts, stolen[found++]);
        assert_int_equal(trace_get(&rows, row, TRACE_THREAD_STATE_state), TRACE_RUNNABLE);
        assert_int_equal(trace_get(&rows, row - 1, TRACE_THREAD_STATE_state), TRACE_RUNNING);
    }
    assert_int_equal(found, 2);
    trace_close(t);
}

/* fork, exec and exit as the kernel tells them; no agent anywhere. */
static void test_kernel_life(void **state)
{
    (void)state;
    struct ctf c;
    ctf_open(&c, ctf_dir());
    ctf_event(&c, 0, AT(0), 50, 50, "whyprof_sched:process_of", 300, 1, AT(0), "sh", "sh -c x");
    struct words r = {.n = 0};
    record(&r, WHYPROF_KERNEL_NAME, 0, 300, AT(1), 4, Q(300), comm_word("sh"), Q(0), AT(0));
    record(&r, WHYPROF_KERNEL_SWITCH_OUT, 0, 300, AT(1), 1, Q(SLEEPS));
    record(&r, WHYPROF_KERNEL_FORK, 0, 300, AT(2), 3, Q(301) | Q(301) << 32, comm_word("sh"), Q(0));
    record(&r, WHYPROF_KERNEL_SWITCH_IN, 1, 301, AT(3), 0);
    record(&r, WHYPROF_KERNEL_NAME, 1, 301, AT(4) - 1, 3, Q(301), comm_word("cc1"), Q(0));
    record(&r, WHYPROF_KERNEL_EXEC, 1, 301, AT(4), 3, Q(301), comm_word("cc1"), Q(0));
    record(&r, WHYPROF_KERNEL_SWITCH_OUT, 1, 301, AT(6), 1, Q(0x80));
    record(&r, WHYPROF_KERNEL_FORK, 1, 301, AT(5), 3, Q(302) | Q(301) << 32, comm_word("w"), Q(0));
    record(&r, WHYPROF_KERNEL_EXIT, 1, 301, AT(6), 3, Q(301) | Q(1) << 32, Q(9), Q(3 * MS));
    /* One of its threads takes longer than the kernel's word on the group. */
    record(&r, WHYPROF_KERNEL_SWITCH_IN, 0, 302, AT(7), 0);
    record(&r, WHYPROF_KERNEL_EXIT, 0, 302, AT(8), 3, Q(301), Q(9), Q(1 * MS));
    ctf_event(&c, 0, AT(10), 50, 50, "whyprof_sched:kernel", r.n, r.w);
    ctf_event(&c, 0, AT(10), 50, 50, "whyprof_sched:watermark", AT(10));
    ctf_close(&c);
    struct trace *t = convert_and_open();
    EXPECT(t, PROCESS, 0, "pid ppid name start_ts end_ts exit_status",
           "300 1 sh 0 10 -1|301 300 sh 2 4 -1|301 300 cc1 4 8 137");
    EXPECT(t, THREAD, 0, "tid pid name start_ts end_ts cpu_ns",
           "300 300 sh 0 10 0|301 301 sh 2 4 0|302 301 w 5 8 1|301 301 cc1 4 6 3");
    EXPECT(t, THREAD_STATE, 0, "ts state reason", "0 blocked unknown");
    EXPECT(t, THREAD_STATE, 1, "ts state cpu", "2 runnable -1|3 running 1");
    EXPECT(t, THREAD_STATE, 2, "ts state cpu", "5 runnable -1|7 running 0");
    EXPECT(t, THREAD_STATE, 3, "ts state cpu", "4 running 1");
    trace_close(t);
}

/* Met on its way to sleep: the WAKING comes before the switch. */
static void test_early_waking(void **state)
{
    (void)state;
    struct ctf c;
    ctf_open(&c, ctf_dir());
    begin_process(&c, AT(0));
    struct words r = {.n = 0};
    record(&r, WHYPROF_KERNEL_SWITCH_IN, 0, 100, AT(0), 0);
    record(&r, WHYPROF_KERNEL_WAKING, 1, 100, AT(2) - 500, 1, Q(7));
    record(&r, WHYPROF_KERNEL_SWITCH_OUT, 0, 100, AT(2), 1, IN_CALL(0) | SLEEPS);
    record(&r, WHYPROF_KERNEL_SWITCH_IN, 0, 100, AT(3), 0);
    record(&r, WHYPROF_KERNEL_WAKING, 1, 100, AT(4) - 500, 1, Q(7));
    record(&r, WHYPROF_KERNEL_SWITCH_OUT, 0, 100, AT(4), 1, IN_CALL(0) | SLEEPS);
    record(&r, WHYPROF_KERNEL_WAKING, 1, 100, AT(6), 1, Q(8));
    record(&r, WHYPROF_KERNEL_SWITCH_IN, 0, 100, AT(7), 0);
    ctf_event(&c, 0, AT(10), 50, 50, "whyprof_sched:kernel", r.n, r.w);
    ctf_event(&c, 0, AT(10), 50, 50, "whyprof_sched:watermark", AT(10));
    ctf_close(&c);
    struct trace *t = convert_and_open();
    EXPECT(t, THREAD_STATE, 0, "ts state reason waker_tid",
           "0 running none 0|2 runnable none 0|3 running none 0|4 blocked syscall 8|"
           "6 runnable none 0|7 running none 0");
    trace_close(t);
}

/* -- process images */

static void test_exec_resets_stacks(void **state)
{
    (void)state;
    struct ctf c;
    uint64_t first[] = {0x1111}, second[] = {0x2222};
    ctf_open(&c, ctf_dir());
    begin_process(&c, AT(0));
    ctf_event(&c, 0, AT(1), 100, 100, "whyprof_stack:stack", 1, 1, 1, first);
    ctf_event(&c, 0, AT(1), 100, 100, "whyprof_sample:cpu", 100, AT(1), Q(1), 1);
    begin_process(&c, AT(2)); /* exec: the same pid, a new image */
    ctf_event(&c, 0, AT(3), 100, 100, "whyprof_sample:cpu", 100, AT(3), Q(1), 1);
    ctf_event(&c, 0, AT(4), 100, 100, "whyprof_stack:stack", 1, 1, 1, second);
    begin_process(&c, AT(2)); /* said again: no new image */
    ctf_event(&c, 0, AT(6), 100, 100, "whyprof_sample:cpu", 100, AT(6), Q(1), 1);
    ctf_close(&c);
    struct trace *t = convert_and_open();
    EXPECT(t, PROCESS, 0, "pid start_ts end_ts", "100 0 2|100 2 6");
    EXPECT(t, SAMPLE, 0, "ts stack_id", "1 1");
    EXPECT(t, SAMPLE, 1, "ts stack_id", "3 2|6 2");
    struct trace_frame frame;
    assert_int_equal(trace_stack(t, 1, &frame, 1), 1);
    assert_int_equal(frame.address, 0x1111);
    assert_int_equal(trace_stack(t, 2, &frame, 1), 1);
    assert_int_equal(frame.address, 0x2222);
    trace_close(t);
}

/* The tracer's own helper threads are not the program's. */
static void test_hidden_threads(void **state)
{
    (void)state;
    struct ctf c;
    ctf_open(&c, ctf_dir());
    begin_process(&c, AT(0));
    struct words r = {.n = 0};
    record(&r, WHYPROF_KERNEL_FORK, 0, 100, AT(1), 3, Q(105) | Q(100) << 32, comm_word("prog"),
           Q(0));
    record(&r, WHYPROF_KERNEL_SWITCH_IN, 1, 105, AT(2), 0);
    record(&r, WHYPROF_KERNEL_NAME, 1, 105, AT(3), 3, Q(100), comm_word("prog-ust"), Q(0));
    record(&r, WHYPROF_KERNEL_SWITCH_OUT, 1, 105, AT(4), 1, Q(SLEEPS));
    /* One that ends before it has said its name. */
    record(&r, WHYPROF_KERNEL_FORK, 0, 100, AT(5), 3, Q(106) | Q(100) << 32, comm_word("prog"),
           Q(0));
    record(&r, WHYPROF_KERNEL_SWITCH_IN, 1, 106, AT(6), 0);
    record(&r, WHYPROF_KERNEL_EXIT, 1, 106, AT(6) + 1, 3, Q(100), Q(0), Q(1));
    ctf_event(&c, 0, AT(10), 50, 50, "whyprof_sched:kernel", r.n, r.w);
    ctf_close(&c);
    struct trace *t = convert_and_open();
    EXPECT(t, THREAD, 0, "tid name", "100 prog");
    trace_close(t);
}

/* -- counts and losses */

static void test_counts_and_losses(void **state)
{
    (void)state;
    struct ctf c;
    ctf_open(&c, ctf_dir());
    begin_process(&c, AT(0));
    for (int i = 0; i < 5; i++)
        ctf_event(&c, 1, AT(1 + i), 100, 101, "other_provider:tick", i, "tock");
    ctf_packet(&c, 1);
    c.discarded[1] += 40;
    ctf_event(&c, 1, AT(8), 100, 101, "other_provider:tick", 9, "tock");
    ctf_event(&c, 0, AT(9), 50, 50, "whyprof_sched:lost", AT(2), AT(3), Q(7), "ring full");
    ctf_event(&c, 0, AT(9), 100, 101, "whyprof_sample:lost", Q(2));
    ctf_close(&c);
    struct trace *t = convert_and_open();
    EXPECT(t, EVENT_COUNT, 0, "name count",
           "whyprof_sched:process_start 1|whyprof_sched:thread_start 1|other_provider:tick 6|"
           "whyprof_sched:lost 1|whyprof_sample:lost 1");
    EXPECT(t, LOST, 0, "ts dur cpu count source",
           "2 1 -1 7 ring full|5 3 1 40 events discarded: buffer full|"
           "9 0 -1 2 CPU samples dropped by the agent");
    assert_int_equal(result.events, 10);
    assert_int_equal(result.lost, 49);
    assert_int_equal(trace_meta_u64(t, "events", 0), 10);
    assert_int_equal(trace_meta_u64(t, "lost_events", 0), 49);
    trace_close(t);
}

static void test_no_events(void **state)
{
    (void)state;
    struct ctf c;
    ctf_open(&c, ctf_dir());
    ctf_close(&c);
    struct trace *t = convert_and_open();
    assert_int_equal(trace_duration_ns(t), 0);
    assert_int_equal(trace_table_rows(t, TRACE_EVENT_COUNT_TABLE), 0);
    trace_close(t);
}

/* -- damaged inputs */

static void expect_failure(const char *text)
{
    struct err err = {0};
    assert_false(convert(&err));
    if (!strstr(err.text, text))
        fail_msg("\"%s\" does not say \"%s\"", err.text, text);
    assert_int_equal(access(out_path, F_OK), -1);
}

static void test_no_trace(void **state)
{
    (void)state;
    expect_failure("No such file");
    assert_true(file_make_dirs(ctf_dir(), NULL));
    expect_failure("no CTF trace below");
    ctf_write(ctf_dir(), "metadata", "", 0);
    expect_failure("is empty");
    ctf_write(ctf_dir(), "metadata", "/* CTF 1.8 */\ntrace {", 20);
    expect_failure("convert");
    assert_true(file_remove_tree(ctf_dir(), NULL));
    ctf_write(folder, "ctf", "x", 1);
    expect_failure("is not a folder");
}

static void make_two_packets(void)
{
    struct ctf c;
    ctf_open(&c, ctf_dir());
    begin_process(&c, AT(0));
    ctf_packet(&c, 0);
    ctf_event(&c, 0, AT(5), 100, 100, "whyprof_user:message", "second packet");
    ctf_event(&c, 1, AT(7), 100, 101, "whyprof_user:message", "other stream");
    ctf_close(&c);
}

/* A stream cut at any byte: what is whole before the cut is kept, and the file
 * says what was dropped. */
static void test_cut_stream(void **state)
{
    (void)state;
    make_two_packets();
    char path[160];
    snprintf(path, sizeof path, "%s/ch_0", ctf_dir());
    char *data;
    size_t bytes;
    assert_true(file_read(path, &data, &bytes, NULL));
    for (size_t len = 0; len <= bytes; len += len + 3 < bytes ? 3 : 1) {
        ctf_write(ctf_dir(), "ch_0", data, len);
        struct trace *t = convert_and_open();
        uint64_t events = trace_meta_u64(t, "events", 0);
        bool whole = len == bytes || events == 3 || len == 0;
        assert_true(events == 1 || events == 3 || events == 4);
        if (len == bytes)
            assert_int_equal(events, 4);
        const char *lost = rows(t, TRACE_LOST_TABLE, 0, "source");
        if (!whole)
            assert_non_null(strstr(lost, "is cut short"));
        trace_close(t);
    }
    free(data);
    /* No temporary folder stays. */
    assert_true(file_remove_tree(ctf_dir(), NULL));
    assert_int_equal(unlink(out_path), 0);
    assert_int_equal(rmdir(folder), 0);
    assert_true(file_make_dirs(folder, NULL));
}

/* Bytes all over a stream changed: an error or a sound file, never a crash, be it
 * the end of a string that then runs out of its packet (babeltrace2 2.0.4's own
 * reader aborts on that). */
static void test_changed_stream(void **state)
{
    (void)state;
    make_two_packets();
    char path[160];
    snprintf(path, sizeof path, "%s/ch_0", ctf_dir());
    char *data;
    size_t bytes;
    assert_true(file_read(path, &data, &bytes, NULL));
    for (size_t i = 0; i < bytes; i += i + 3 < bytes ? 3 : 1) {
        data[i] = (char)~data[i];
        ctf_write(ctf_dir(), "ch_0", data, bytes);
        struct err err = {0};
        if (convert(&err)) {
            struct trace *t = trace_open(out_path, &err);
            assert_non_null(t);
            trace_close(t);
        } else {
            assert_true(err.text[0]);
        }
        data[i] = (char)~data[i];
    }
    free(data);
}

static bool stop_at_once(void *data, const char *phase, uint64_t done, uint64_t total)
{
    (void)data, (void)phase, (void)done, (void)total;
    return false;
}

static void test_cancel(void **state)
{
    (void)state;
    make_two_packets();
    struct progress progress = {.step = stop_at_once};
    struct convert_options options = {
        .ctf_dir = ctf_dir(), .out_path = out_path, .progress = &progress};
    struct err err = {0};
    assert_false(convert_ctf(&options, &result, &err));
    assert_non_null(strstr(err.text, "stopped"));
    assert_int_equal(access(out_path, F_OK), -1);
    assert_true(convert(&err)); /* the thread carries no error on */
}

static void test_out_path(void **state)
{
    (void)state;
    make_two_packets();
    snprintf(out_path, sizeof out_path, "%s/none/x.out", folder);
    expect_failure("none/x.out");
}

/* Several traces below one folder, as per-user buffers make them. */
static void test_many_traces(void **state)
{
    (void)state;
    char dir[160];
    for (int uid = 0; uid < 3; uid++) {
        struct ctf c;
        snprintf(dir, sizeof dir, "%s/ust/uid/%d/64-bit", ctf_dir(), uid);
        ctf_open(&c, dir);
        ctf_event(&c, 0, AT(uid), 100 + uid, 100 + uid, "whyprof_user:message", "hello");
        ctf_close(&c);
    }
    struct trace *t = convert_and_open();
    EXPECT(t, EVENT_COUNT, 0, "name count", "whyprof_user:message 3");
    EXPECT(t, THREAD, 0, "tid pid start_ts", "100 100 0|101 101 1|102 102 2");
    trace_close(t);
}

/* -- beside babeltrace2's own program */

static bool run_ok(const char *command)
{
    int status = system(command);
    return status == 0;
}

static void need_babeltrace2(void)
{
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
    print_message("a plugin built with a sanitizer cannot be loaded into a plain babeltrace2\n");
    skip();
#endif
    if (!run_ok("babeltrace2 --version >/dev/null 2>&1"))
        skip();
}

/* The plugin in babeltrace2's graph (one port behind a muxer) writes the same
 * file as our own graph. */
static void test_plugin(void **state)
{
    (void)state;
    need_babeltrace2();
    make_two_packets();
    trace_close(convert_and_open());
    char command[1024], plugin_path[160];
    snprintf(plugin_path, sizeof plugin_path, "%s/plugin.out", folder);
    snprintf(command, sizeof command,
             "babeltrace2 --plugin-path=" TEST_LIB_DIR
             " %s --component=sink.whyprof.trace --params='path=\"%s\"'",
             ctf_dir(), plugin_path);
    assert_true(run_ok(command));
    char *ours, *theirs;
    size_t our_bytes, their_bytes;
    assert_true(file_read(out_path, &ours, &our_bytes, NULL));
    assert_true(file_read(plugin_path, &theirs, &their_bytes, NULL));
    assert_int_equal(our_bytes, their_bytes);
    assert_memory_equal(ours, theirs, our_bytes);
    free(ours);
    free(theirs);
    snprintf(command, sizeof command,
             "babeltrace2 --plugin-path=" TEST_LIB_DIR
             " %s --component=sink.whyprof.trace >/dev/null 2>%s/log",
             ctf_dir(), folder);
    assert_false(run_ok(command));
    snprintf(command, sizeof command, "grep -q 'parameter `path`' %s/log", folder);
    assert_true(run_ok(command));
}

/* What our source says in babeltrace2's own text is what source.ctf.fs says, and our
 * sink behind it writes the same file. */
static void test_plugin_source(void **state)
{
    (void)state;
    need_babeltrace2();
    make_two_packets();
    trace_close(convert_and_open());
    char command[1024];
    const char *pretty = "-c sink.text.pretty -p color=\"never\"";
    const char *source = "--plugin-path=" TEST_LIB_DIR " -c source.whyprof.ctf -p";
    snprintf(command, sizeof command,
             "cd %s && babeltrace2 ctf %s >theirs.txt && babeltrace2 %s 'inputs=[\"ctf\"]' %s "
             ">ours.txt && cmp ours.txt theirs.txt && grep -q 'second packet' ours.txt",
             folder, pretty, source, pretty);
    assert_true(run_ok(command));
    snprintf(command, sizeof command,
             "cd %s && babeltrace2 %s 'inputs=[\"ctf\"]' -c sink.whyprof.trace -p "
             "'path=\"s.out\"' && cmp s.out x.out",
             folder, source);
    assert_true(run_ok(command));
    snprintf(command, sizeof command,
             "cd %s && babeltrace2 %s 'inputs=[\"none\"]' %s >/dev/null 2>log", folder, source,
             pretty);
    assert_false(run_ok(command));
}

/* sink.whyprof.chrome writes what `export` makes of the trace file. */
static void test_plugin_chrome(void **state)
{
    (void)state;
    need_babeltrace2();
    make_two_packets();
    char command[1024];
    for (int perfetto = 0; perfetto < 2; perfetto++) {
        snprintf(command, sizeof command,
                 "cd %s && babeltrace2 --plugin-path=" TEST_LIB_DIR
                 " ctf -c sink.whyprof.chrome -p 'path=\"x.json\"%s' && "
                 "grep -q 'second packet' x.json && test -z \"$(ls | grep whyprof)\"",
                 folder, perfetto ? ",for=\"perfetto\"" : "");
        assert_true(run_ok(command));
    }
    snprintf(command, sizeof command,
             "cd %s && babeltrace2 --plugin-path=" TEST_LIB_DIR
             " ctf -c sink.whyprof.chrome -p 'path=\"y.json\",for=\"what\"' 2>log; "
             "grep -q 'parameter `for`' log && test ! -e y.json",
             folder);
    assert_true(run_ok(command));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_contract),
        TEST(test_agent_states),
        TEST(test_unfinished),
        TEST(test_allocations_and_counters),
        TEST(test_kernel_records_are_put_in_order),
        TEST(test_stolen_time),
        TEST(test_kernel_life),
        TEST(test_early_waking),
        TEST(test_exec_resets_stacks),
        TEST(test_hidden_threads),
        TEST(test_counts_and_losses),
        TEST(test_no_events),
        TEST(test_no_trace),
        TEST(test_cut_stream),
        TEST(test_changed_stream),
        TEST(test_cancel),
        TEST(test_out_path),
        TEST(test_many_traces),
        TEST(test_plugin),
        TEST(test_plugin_source),
        TEST(test_plugin_chrome),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
