/* What the kernel's records become, which come later than the agent's events, in batches: states,
 * lives of threads and process images. */
#include "tracepoints/events.h"
#include "unit/convert_fixture.h"

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

/* Met on its way to sleep: the WAKING comes before the switch, and the sleep lasts 1 ns. */
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
           "0 running none 0|2 blocked syscall 7|2 runnable none 0|3 running none 0|"
           "4 blocked syscall 8|6 runnable none 0|7 running none 0");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_kernel_records_are_put_in_order),
        TEST(test_stolen_time),
        TEST(test_kernel_life),
        TEST(test_early_waking),
        TEST(test_exec_resets_stacks),
        TEST(test_hidden_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
