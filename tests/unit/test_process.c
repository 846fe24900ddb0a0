/* What a running process tells: its mappings, its threads' stacks, what its agent counted,
 * as profiles and as Go's texts. The process is a child of the test, or the test itself. */
#include "process/build.h"
#include "process/counts.h"
#include "process/text.h"
#include "process/threads.h"
#include "tracepoints/snapshot.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- snapshots ---- */

__attribute__((noinline)) static void allocating(void)
{
    __asm__ volatile("");
}

enum {
    STACK = 7,
    UNKNOWN_STACK = 8
};

struct made {
    struct whyprof_snapshot head;
    struct whyprof_snapshot_count counts[3];
    struct whyprof_snapshot_stack stack;
    uint64_t frames[1];
};

/* `rounds` times 10 allocations of 100 bytes, 4 of them freed, and 3 waits of 5 ns. */
static struct made make(uint64_t rounds)
{
    uint64_t one = 1 << WHYPROF_SNAPSHOT_FRACTION;
    struct made m = {
        .head = {.magic = WHYPROF_SNAPSHOT_MAGIC,
                 .now_ns = 1000 * rounds,
                 .since_ns = {1, 1, 1, 0},
                 .alloc_rate = 4096,
                 .hidden_tids = {77},
                 .counts = 3,
                 .stacks = 1},
        .counts = {{STACK, WHYPROF_COUNT_HEAP, 50, 10 * one * rounds, 1000 * rounds,
                    4 * one * rounds, 400 * rounds},
                   {STACK, WHYPROF_COUNT_BLOCK, 0, 3 * rounds, 15 * rounds, 0, 0},
                   {UNKNOWN_STACK, WHYPROF_COUNT_MUTEX, 0, 3, 15, 0, 0}},
        .stack = {STACK, 1, 0},
        .frames = {(uint64_t)(uintptr_t)allocating + 1},
    };
    return m;
}

static struct process_counts parse(const struct made *m)
{
    struct process_counts c;
    struct err err = {0};
    char *copy = malloc(sizeof *m);
    memcpy(copy, m, sizeof *m);
    if (!process_counts_parse(&c, copy, sizeof *m, &err))
        fail_msg("%s", err.text);
    return c;
}

static const char *leaf(const struct profile *p, size_t sample)
{
    const struct profile_location *l = &p->locations[p->samples[sample].locations[0]];
    return p->functions[l->lines[0].function].name;
}

static void test_heap(void **state)
{
    struct made m = make(2), before = make(1);
    struct process_counts c = parse(&m), earlier = parse(&before);
    struct profile p;
    (void)state;
    assert_true(process_counts_since_ns(&c, PROCESS_HEAP));
    assert_false(process_counts_since_ns(&c, PROCESS_THREADCREATE));
    assert_true(process_counts_is_hidden(&c, 77) && !process_counts_is_hidden(&c, 78));
    assert_true(process_counts_profile(&p, getpid(), PROCESS_HEAP, &c, NULL, NULL));
    assert_int_equal(p.sample_count, 1);
    const int64_t all[] = {20, 2000, 12, 1200}, grown[] = {10, 1000, 6, 600};
    assert_memory_equal(p.samples[0].values, all, sizeof all);
    assert_string_equal(leaf(&p, 0), "allocating");
    assert_string_equal(p.samples[0].labels[0].key, "bytes");
    assert_int_equal(p.samples[0].labels[0].number, 100);
    assert_int_equal(p.period, 4096);
    assert_string_equal(p.value_types[p.default_type].type, "inuse_space");
    assert_true(p.mapping_count >= 1 && strlen(p.mappings[0].build_id) >= 16);
    struct strbuf text = {0};
    process_text(&text, &p, "heap");
    assert_non_null(strstr(text.p, "heap profile: 12: 1200 [20: 2000] @ heapprofile\n"
                                   "12: 1200 [20: 2000] @ 0x"));
    assert_non_null(strstr(text.p, "\tallocating"));
    strbuf_release(&text);
    profile_release(&p);
    assert_true(process_counts_profile(&p, getpid(), PROCESS_ALLOCS, &c, &earlier, NULL));
    assert_memory_equal(p.samples[0].values, grown, sizeof grown);
    assert_string_equal(p.value_types[p.default_type].type, "alloc_space");
    assert_int_equal(p.duration_ns, 1000);
    profile_release(&p);
    process_counts_release(&c);
    process_counts_release(&earlier);
}

static void test_waits(void **state)
{
    struct made m = make(2);
    struct process_counts c = parse(&m);
    struct profile p;
    struct strbuf text = {0};
    const int64_t waits[] = {6, 30};
    (void)state;
    assert_true(process_counts_profile(&p, getpid(), PROCESS_BLOCK, &c, NULL, NULL));
    assert_memory_equal(p.samples[0].values, waits, sizeof waits);
    process_text(&text, &p, "block");
    assert_int_equal(strncmp(text.p, "--- contention:\ncycles/second=1000000000\n30 6 @ 0x", 49),
                     0);
    profile_release(&p);
    assert_true(process_counts_profile(&p, getpid(), PROCESS_MUTEX, &c, &c, NULL));
    assert_int_equal(p.sample_count, 0); /* nothing came */
    profile_release(&p);
    assert_true(process_counts_profile(&p, getpid(), PROCESS_MUTEX, &c, NULL, NULL));
    assert_string_equal(leaf(&p, 0), "[stack not known]");
    profile_release(&p);
    strbuf_release(&text);
    process_counts_release(&c);
}

/* The answer of a process is data from outside: cut anywhere, or with any byte wrong, it
 * is refused or read, and never reached beyond. */
static void test_damaged_snapshots(void **state)
{
    struct made whole = make(1);
    struct process_counts c;
    struct profile p;
    (void)state;
    for (size_t bytes = 0; bytes < sizeof whole; bytes++) {
        char *copy = malloc(bytes + 1);
        memcpy(copy, &whole, bytes);
        assert_false(process_counts_parse(&c, copy, bytes, NULL));
    }
    for (size_t at = 0; at < sizeof whole; at++) {
        char *copy = malloc(sizeof whole);
        memcpy(copy, &whole, sizeof whole);
        copy[at] = (char)~copy[at];
        if (!process_counts_parse(&c, copy, sizeof whole, NULL))
            continue;
        for (int k = 0; at % 8 == 0 && k < PROCESS_KINDS; k++) {
            process_counts_profile(&p, getpid(), (enum process_kind)k, &c, NULL, NULL);
            profile_release(&p);
        }
        process_counts_release(&c);
    }
}

/* ---- mappings ---- */

static void test_maps(void **state)
{
    struct arena a = {0};
    struct process_maps maps;
    struct err err = {0};
    (void)state;
    assert_true(process_maps_read(&a, getpid(), &maps, NULL));
    const struct process_map *m = process_map_at(&maps, (uint64_t)(uintptr_t)allocating);
    assert_non_null(m);
    assert_non_null(strstr(m->path, "test_process"));
    assert_string_equal(m->path, m->open);
    assert_null(process_map_at(&maps, 16));
    assert_null(process_map_at(&maps, UINT64_MAX));
    assert_false(process_maps_read(&a, 0x7ffffffe, &maps, &err));
    arena_release(&a);
}

/* ---- threads ---- */

__attribute__((noinline)) static void waiting_here(int fd)
{
    char byte;
    while (syscall(SYS_read, fd, &byte, 1) < 0) /* not by a sanitizer's function */
        ;
    __asm__ volatile("" ::: "memory"); /* no tail call */
}

__attribute__((noinline)) static void running_here(void)
{
    for (volatile unsigned i = 0;; i++)
        ;
}

static pid_t start_child(bool runs, int *pipe_fd)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    if (!pid) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_NAME, "the child");
        close(fds[1]);
        if (runs)
            running_here();
        waiting_here(fds[0]);
        _exit(0);
    }
    close(fds[0]);
    *pipe_fd = fds[1];
    return pid;
}

static bool may_look_at(pid_t pid)
{
    char path[64], text[8];
    snprintf(path, sizeof path, "/proc/%d/syscall", (int)pid);
    FILE *f = fopen(path, "r");
    bool ok = f && fgets(text, sizeof text, f);
    if (f)
        fclose(f);
    return ok;
}

static const char *label(const struct profile *p, const char *key)
{
    for (uint32_t i = 0; i < p->samples[0].label_count; i++)
        if (!strcmp(p->samples[0].labels[i].key, key))
            return p->samples[0].labels[i].text;
    return "";
}

static bool has_function(const struct profile *p, const char *name)
{
    for (size_t i = 0; i < p->function_count; i++)
        if (!strcmp(p->functions[i].name, name))
            return true;
    return false;
}

/* The child may not be there yet: looked at until it is in the function. */
static bool look(struct profile *p, pid_t pid, const char *function)
{
    for (int i = 0; i < 200; i++) {
        if (!process_threads_profile(p, pid, "threads", NULL))
            return false;
        if (has_function(p, function))
            return true;
        profile_release(p);
        usleep(10000);
    }
    return process_threads_profile(p, pid, "threads", NULL) && false;
}

static void end_child(pid_t pid, int fd)
{
    close(fd);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void test_thread_that_waits(void **state)
{
    struct profile p;
    struct strbuf text = {0};
    int fd;
    (void)state;
    pid_t pid = start_child(false, &fd);
    if (!may_look_at(pid)) {
        end_child(pid, fd);
        skip();
    }
    bool found = look(&p, pid, "waiting_here");
    end_child(pid, fd);
    assert_true(found);
    assert_int_equal(p.sample_count, 1);
    assert_true(has_function(&p, "main"));
    assert_string_equal(label(&p, "thread"), "the child");
    assert_string_equal(label(&p, "state"), "syscall");
    assert_string_equal(label(&p, "syscall"), "read");
    process_text_threads(&text, &p);
    assert_non_null(strstr(text.p, "[syscall, read] \"the child\":\n"));
    assert_non_null(strstr(text.p, "waiting_here(...)\n\t"));
    strbuf_release(&text);
    profile_release(&p);
}

static void test_thread_that_runs(void **state)
{
    struct profile p;
    int fd;
    (void)state;
    pid_t pid = start_child(true, &fd);
    if (!may_look_at(pid)) {
        end_child(pid, fd);
        skip();
    }
    bool found = look(&p, pid, "running_here");
    end_child(pid, fd);
    if (!found) { /* no perf events here: then it says that it runs, and not where */
        assert_true(has_function(&p, "[running]"));
        profile_release(&p);
        skip();
    }
    assert_string_equal(label(&p, "state"), "running");
    assert_true(has_function(&p, "main"));
    profile_release(&p);
}

static void test_nobody(void **state)
{
    struct profile p;
    struct process_counts c;
    struct err err = {0};
    (void)state;
    assert_false(process_threads_profile(&p, 0x7ffffffe, "threads", &err));
    profile_release(&p);
    assert_false(process_counts_read(&c, getpid(), &err)); /* no agent */
    assert_non_null(strstr(err.text, "does not run the agent"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heap),
        cmocka_unit_test(test_waits),
        cmocka_unit_test(test_damaged_snapshots),
        cmocka_unit_test(test_maps),
        cmocka_unit_test(test_thread_that_waits),
        cmocka_unit_test(test_thread_that_runs),
        cmocka_unit_test(test_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
