/* What each kind of the agent's events becomes. */
#include "convert/event.h"
#include "tracepoints/events.h"
#include "unit/convert_fixture.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_contract),
        TEST(test_agent_states),
        TEST(test_unfinished),
        TEST(test_allocations_and_counters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
