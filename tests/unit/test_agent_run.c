/* Programs behave the same with the agent preloaded as without it: what they print,
 * in which descriptors, and how they end; unrecorded, and while an lttng session
 * records all there is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define AGENT   TEST_LIB_DIR "/libwhyprof-agent.so"
#define TARGETS TEST_BIN_DIR "/../tests/targets/"

struct run {
    char text[16384];
    int status; /* as of waitpid */
};

/* A command line's output, both streams. */
static struct run run(const char *env, const char *command)
{
    struct run r = {0};
    char line[2048];
    snprintf(line, sizeof line, "exec 2>&1; %s exec %s", env, command);
    FILE *out = popen(line, "r");
    assert_non_null(out);
    size_t n = fread(r.text, 1, sizeof r.text - 1, out);
    r.text[n] = 0;
    r.status = pclose(out);
    return r;
}

/* LD_PRELOAD reaches the target alone: the shell before it execs. */
static void assert_same(const char *command)
{
    struct run bare = run("", command);
    struct run traced = run("LD_PRELOAD=" AGENT, command);
    assert_true(strlen(bare.text) > 0);
    assert_string_equal(bare.text, traced.text);
    assert_int_equal(bare.status, traced.status);
}

static void same_answers(void)
{
    assert_same(TARGETS "agent_semantics");
    assert_same(TARGETS "agent_answers");
    assert_same("sh -c 'echo before; kill -TERM $$; echo not here'");
    assert_same("bash -c 'for i in 1 2 3; do echo $i | sed s/1/x/; done; exit 9'");
    assert_same(TARGETS "agent_stress 300 " TARGETS "libagent_tls_library.so");
}

static void test_unrecorded(void **state)
{
    (void)state;
    same_answers();
}

/* A session of the test's own beside whatever else the daemon records. */
struct session {
    char name[64], folder[128];
};

static bool lttng(const char *fmt, const struct session *s)
{
    char arguments[512], line[600];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(arguments, sizeof arguments, fmt, s->name, s->folder);
#pragma GCC diagnostic pop
    snprintf(line, sizeof line, "lttng -q %s >/dev/null 2>&1", arguments);
    return system(line) == 0;
}

static bool session_start(struct session *s)
{
    snprintf(s->folder, sizeof s->folder, "/tmp/whyprof-test.XXXXXX");
    if (!mkdtemp(s->folder))
        return false;
    snprintf(s->name, sizeof s->name, "whyprof-test-%d", (int)getpid());
    return lttng("create %s --output=%s", s) &&
           lttng("enable-channel -s %s -u --subbuf-size=1M --num-subbuf=4 events", s) &&
           lttng("add-context -s %s -c events -u -t vpid -t vtid", s) &&
           lttng("enable-event -s %s -c events -u 'whyprof_*'", s) && lttng("start %s", s);
}

static long count(const struct session *s, const char *event)
{
    char line[512], text[32] = "";
    snprintf(line, sizeof line, "babeltrace2 %s 2>/dev/null | grep -c '%s: '", s->folder, event);
    FILE *out = popen(line, "r");
    assert_non_null(out);
    if (!fgets(text, sizeof text, out))
        text[0] = 0;
    pclose(out);
    return atol(text);
}

static void test_recorded(void **state)
{
    static const char *const events[] = {
        "whyprof_sched:process_start", "whyprof_sched:process_exit", "whyprof_sched:thread_start",
        "whyprof_sched:thread_exit",   "whyprof_lock:wait_begin",    "whyprof_lock:wait_end",
        "whyprof_lock:hold",           "whyprof_lock:stat",          "whyprof_alloc:alloc",
        "whyprof_alloc:free",          "whyprof_alloc:stat",         "whyprof_syscall:call",
        "whyprof_syscall:fd",          "whyprof_stack:stack",        "whyprof_stack:module",
        "whyprof_sample:cpu",
    };
    struct session s;
    char line[256];
    (void)state;
    if (!session_start(&s)) {
        print_message("no lttng session daemon to record with: ");
        skip();
    }
    same_answers();
    assert_true(lttng("stop %s", &s));
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (count(&s, events[i]) < 1)
            fail_msg("no %s was recorded", events[i]);
    lttng("destroy %s", &s);
    snprintf(line, sizeof line, "rm -rf %s", s.folder);
    assert_int_equal(system(line), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unrecorded),
        cmocka_unit_test(test_recorded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
