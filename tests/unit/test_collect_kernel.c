/* whyprof-collector for real: on a child of this test that does known things, by
 * each rung of the ladder that this machine allows; rungs are taken away by seccomp
 * filters and by being another user. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    GETPPIDS = 100,
    MISSING_OPENS = 3,
    NAPS = 10,
    EXIT_STATUS = 3,
    NOBODY = 65534
};

enum taken {
    TAKE_NOTHING,
    TAKE_BPF,
    TAKE_BPF_AND_PERF,
    TAKE_ROOT
};

struct collector {
    pid_t pid;
    int fd;
    FILE *in;        /* its lines */
    FILE *out;       /* what it printed */
    char said[2048]; /* all lines so far */
};

static void refuse_calls(bool perf)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, perf ? SYS_perf_event_open : SYS_bpf, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog prog = {sizeof code / sizeof *code, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog))
        _exit(97);
}

static void take(enum taken what)
{
    if (what == TAKE_BPF || what == TAKE_BPF_AND_PERF)
        refuse_calls(what == TAKE_BPF_AND_PERF);
    if (what == TAKE_ROOT && (setgid(NOBODY) || setuid(NOBODY)))
        _exit(98);
}

static void collector_start(struct collector *c, enum taken what)
{
    int pair[2];
    memset(c, 0, sizeof *c);
    c->out = tmpfile();
    assert_non_null(c->out);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    c->pid = fork();
    if (c->pid == 0) {
        char fd[16];
        close(pair[0]);
        dup2(fileno(c->out), 1);
        snprintf(fd, sizeof fd, "%d", pair[1]);
        take(what);
        execl(TEST_BIN_DIR "/whyprof-collector", "whyprof-collector", "--fd", fd, "--classes",
              "sched,syscall", "--print", (char *)NULL);
        _exit(99);
    }
    close(pair[1]);
    c->fd = pair[0];
    c->in = fdopen(pair[0], "r");
}

/* Reads lines until one begins with `word`; false at the end of them. */
static bool hear(struct collector *c, const char *word)
{
    char line[600];
    while (fgets(line, sizeof line, c->in)) {
        strncat(c->said, line, sizeof c->said - strlen(c->said) - 1);
        if (!strncmp(line, word, strlen(word)))
            return true;
    }
    return false;
}

static bool add(struct collector *c, pid_t pid)
{
    dprintf(c->fd, "add %d\n", (int)pid);
    return hear(c, "added");
}

static int collector_end(struct collector *c)
{
    int status;
    (void)!send(c->fd, "stop\n", 5, MSG_NOSIGNAL);
    while (hear(c, "\n"))
        ;
    fclose(c->in);
    waitpid(c->pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- the target ---- */

struct target {
    pid_t pid;
    int go;
};

static void target_body(int wait_fd)
{
    char c;
    if (read(wait_fd, &c, 1) != 1)
        _exit(96);
    for (int i = 0; i < GETPPIDS; i++)
        syscall(SYS_getppid);
    for (int i = 0; i < MISSING_OPENS; i++)
        syscall(SYS_openat, AT_FDCWD, "/no such file", O_RDONLY, 0);
    for (int i = 0; i < NAPS; i++)
        usleep(100);
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    _exit(EXIT_STATUS);
}

static void target_start(struct target *t)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    t->pid = fork();
    if (t->pid == 0) {
        close(fds[1]);
        target_body(fds[0]);
    }
    close(fds[0]);
    t->go = fds[1];
}

static void target_run(struct target *t)
{
    int status;
    assert_int_equal(write(t->go, "x", 1), 1);
    close(t->go);
    assert_int_equal(waitpid(t->pid, &status, 0), t->pid);
    assert_int_equal(WEXITSTATUS(status), EXIT_STATUS);
}

/* ---- what was printed ---- */

struct seen {
    int getppids, missing, naps, forks, exits, wakings, open_exits;
    int crooked; /* in while running, out while not, or after the end */
    int early;   /* records behind a watermark */
    long code;
    uint64_t child_ran_ns, child_charged_ns; /* between its switches; as the kernel says */
};

struct walk {
    uint32_t tid; /* the target's only thread */
    int on_cpu;   /* -1: not known yet */
    bool ended;
    uint64_t watermark;
    uint32_t child; /* the one the target forks */
    uint64_t child_in_ts;
};

static void see_switch(struct seen *s, struct walk *w, bool in)
{
    if (w->ended || w->on_cpu == in)
        s->crooked++;
    w->on_cpu = in;
}

static void see_call(struct seen *s, const char *text)
{
    unsigned nr;
    long ret;
    if (sscanf(text, "call %u begin %*u ret %ld", &nr, &ret) != 2)
        return;
    s->getppids += nr == SYS_getppid;
    s->missing += nr == SYS_openat && ret == -ENOENT;
    s->naps += nr == SYS_clock_nanosleep && ret == 0;
}

static void see_record(struct seen *s, struct walk *w, const char *text)
{
    if (!strncmp(text, "in", 2))
        see_switch(s, w, true);
    else if (!strncmp(text, "out", 3))
        see_switch(s, w, false);
    else if (!strncmp(text, "call", 4))
        see_call(s, text);
    s->forks += !strncmp(text, "fork", 4);
    s->wakings += !strncmp(text, "waking", 6);
    s->open_exits += !strncmp(text, "open 231", 8);
    if (sscanf(text, "exit of %*u last 1 code %ld", &s->code) == 1) {
        s->exits++;
        w->ended = true;
    }
}

static void see_child(struct seen *s, struct walk *w, uint64_t ts, const char *text)
{
    const char *taken = strstr(text, "taken ");
    if (!strncmp(text, "in", 2))
        w->child_in_ts = ts;
    else if (!strncmp(text, "out", 3))
        s->child_ran_ns += ts - w->child_in_ts - (taken ? strtoull(taken + 6, NULL, 10) : 0);
    else
        sscanf(text, "exit of %*u last 1 code %*d cpu %" SCNu64, &s->child_charged_ns);
}

static struct seen look(struct collector *c, pid_t pid)
{
    struct seen s = {0};
    struct walk w = {.tid = (uint32_t)pid, .on_cpu = -1};
    char line[4096];
    uint64_t ts;
    uint32_t tid;
    int at;
    rewind(c->out);
    while (fgets(line, sizeof line, c->out)) {
        if (sscanf(line, "watermark %" SCNu64, &ts) == 1)
            w.watermark = ts;
        if (sscanf(line, "%" SCNu64 " tid %u cpu %*u %n", &ts, &tid, &at) != 2)
            continue;
        s.early += ts < w.watermark;
        if (tid == w.tid)
            see_record(&s, &w, line + at);
        else if (tid == w.child)
            see_child(&s, &w, ts, line + at);
        if (tid == w.tid)
            sscanf(line + at, "fork %" SCNu32, &w.child);
    }
    fclose(c->out);
    return s;
}

/* ---- tests ---- */

/* Runs the target under a collector that lacks `what`; skips where it did not get `rung`. */
static struct seen record_with(enum taken what, const char *rung)
{
    struct collector c;
    struct target t;
    collector_start(&c, what);
    if (!hear(&c, "ready") || !strstr(c.said, rung)) {
        print_message("skipped: wanted \"%s\", the collector said:\n%s", rung, c.said);
        collector_end(&c);
        fclose(c.out);
        skip();
    }
    target_start(&t);
    assert_true(add(&c, t.pid));
    target_run(&t);
    assert_int_equal(collector_end(&c), 0);
    assert_non_null(strstr(c.said, "\nlost 0\n"));
    return look(&c, t.pid);
}

static void assert_calls(const struct seen *s)
{
    assert_int_equal(s->getppids, GETPPIDS);
    assert_int_equal(s->missing, MISSING_OPENS);
    assert_int_equal(s->naps, NAPS);
    assert_int_equal(s->open_exits, 1); /* exit_group never returns */
}

static void assert_life(const struct seen *s)
{
    assert_int_equal(s->crooked, 0);
    assert_int_equal(s->early, 0);
    assert_int_equal(s->forks, 1);
    assert_int_equal(s->exits, 1);
}

static void test_bpf_tells_all(void **state)
{
    (void)state;
    struct seen s = record_with(TAKE_NOTHING, "mechanism syscall bpf");
    assert_life(&s);
    assert_calls(&s);
    assert_true(s.wakings >= NAPS);
    assert_int_equal(s.code, EXIT_STATUS << 8);
    /* Its running time is what the kernel charged it; tests/bench/accuracy.py holds many
     * threads to 1 %. */
    assert_true(s.child_charged_ns > 0);
    assert_in_range(s.child_ran_ns, s.child_charged_ns / 10 * 8, s.child_charged_ns / 10 * 12);
}

static void test_perf_tells_all(void **state)
{
    (void)state;
    struct seen s = record_with(TAKE_BPF, "mechanism syscall perf");
    assert_life(&s);
    assert_calls(&s);
    /* On virtual machines perf loses tracepoints hit in a timer's interrupt on an idle CPU,
     * without a LOST record: naps end so, and not every waking is seen. */
    assert_true(s.wakings > 0);
}

static void test_refusals_have_reasons(void **state)
{
    (void)state;
    struct collector c;
    collector_start(&c, TAKE_BPF_AND_PERF);
    assert_false(hear(&c, "ready"));
    assert_non_null(strstr(c.said, "refused sched BPF: "));
    assert_non_null(strstr(c.said, "refused syscall BPF: "));
    assert_null(strstr(c.said, "mechanism"));
    assert_int_equal(collector_end(&c), 0);
    fclose(c.out);
}

static void test_another_user_gets_a_lower_rung(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: needs root, to become another user\n");
        skip();
    }
    struct collector c;
    collector_start(&c, TAKE_ROOT);
    bool ready = hear(&c, "ready");
    if (ready)
        assert_non_null(strstr(c.said, "mechanism sched perf"));
    assert_null(strstr(c.said, "bpf\n"));
    if (ready) {
        /* This test's own process belongs to root. */
        dprintf(c.fd, "add %d\n", (int)getpid());
        assert_true(hear(&c, "failed"));
    }
    collector_end(&c);
    fclose(c.out);
}

static void test_a_process_that_is_gone(void **state)
{
    (void)state;
    struct collector c;
    collector_start(&c, TAKE_NOTHING);
    if (!hear(&c, "ready")) {
        print_message("skipped: no kernel events here: %s", c.said);
        collector_end(&c);
        skip();
    }
    pid_t gone = fork();
    if (gone == 0)
        _exit(0);
    waitpid(gone, NULL, 0);
    dprintf(c.fd, "add %d\n", (int)gone);
    assert_true(hear(&c, "failed"));
    assert_int_equal(collector_end(&c), 0);
    fclose(c.out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bpf_tells_all),
        cmocka_unit_test(test_perf_tells_all),
        cmocka_unit_test(test_refusals_have_reasons),
        cmocka_unit_test(test_another_user_gets_a_lower_rung),
        cmocka_unit_test(test_a_process_that_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
