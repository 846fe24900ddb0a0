#include "process/threads.h"

#include "process/build.h"
#include "process/running.h"
#include "process/where.h"
#include "symbols/walk.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    FRAMES = 512,
    TRIES = 8,       /* to find a thread standing still */
    RUNNING_MS = 60, /* for one that runs to run on */
    PAUSE_US = 300,
    STATE_FRAMES = 6, /* innermost ones that may say what a thread waits for */
    VALUES = 1
};

struct reader {
    struct process_builder b;
    struct walk *walk;
    pid_t pid;
    /* The agent knows which threads are none of the program's, by ids of its own pid
     * namespace, which is ours nearly always. */
    struct process_counts agents;
    uint64_t pcs[FRAMES];
    struct running_sample sample;
};

/* ---- stacks ---- */

/* A thread asleep is read where it stands; one that runs is looked at again, since most
 * run for a moment only, and then caught by its CPU clock. */
static size_t read_stack(struct reader *r, struct where *w)
{
    for (int i = 0; i < TRIES; i++) {
        if (!w->running) {
            struct walk_start at = {.pc = w->pc, .sp = w->sp};
            size_t count = walk_stack(r->walk, &at, r->pcs, FRAMES);
            if (where_still(w, r->pid))
                return count;
        } else {
            usleep(PAUSE_US);
        }
        if (!where_read(w, r->pid, w->tid))
            return 0;
    }
    if (!running_catch(w->tid, RUNNING_MS, &r->sample))
        return 0;
    w->running = true;
    w->state = 'R';
    w->call = WHERE_NO_CALL;
    struct walk_start at = {.pc = r->sample.registers[16],
                            .sp = r->sample.registers[7],
                            .registers = r->sample.registers,
                            .stack = r->sample.stack,
                            .stack_bytes = r->sample.stack_bytes};
    return walk_stack(r->walk, &at, r->pcs, FRAMES);
}

/* ---- what it waits for ---- */

/* Whose names are in libc's waits: by prefix, leading underscores aside. */
static const char *state_from_name(const char *name)
{
    static const struct {
        const char *prefix, *state;
    } known[] = {
        {"pthread_cond_", "cond"},     {"cnd_", "cond"},
        {"pthread_mutex_", "lock"},    {"mtx_", "lock"},
        {"pthread_rwlock_", "lock"},   {"pthread_join", "join"},
        {"pthread_timedjoin", "join"}, {"pthread_clockjoin", "join"},
        {"thrd_join", "join"},         {"sem_", "lock"},
        {"new_sem_", "lock"},          {"pthread_barrier_", "lock"},
        {"pthread_once", "lock"},
    };
    name += strspn(name, "_");
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strncmp(name, known[i].prefix, strlen(known[i].prefix)))
            return known[i].state;
    return NULL;
}

static const char *state_from_stack(const struct process_builder *b, const struct process_stack *s)
{
    for (uint32_t d = 0; d < s->depth && d < STATE_FRAMES; d++) {
        const struct profile_location *l = &b->locations[s->locations[d]];
        for (uint32_t n = 0; n < l->line_count; n++) {
            const char *state = state_from_name(b->function_list[l->lines[n].function].name);
            if (state)
                return state;
        }
    }
    return NULL;
}

static const char *state_of(const struct reader *r, const struct where *w,
                            const struct process_stack *s)
{
    const char *call = where_call_name(w->call), *waits;
    if (w->running || w->state == 'R')
        return "running";
    if (w->state == 'T' || w->state == 't')
        return "stopped";
    if (call && !strcmp(call, "futex") && (waits = state_from_stack(&r->b, s)))
        return waits;
    if (call &&
        (!strcmp(call, "nanosleep") || !strcmp(call, "clock_nanosleep") || !strcmp(call, "pause")))
        return "sleep";
    if (w->state == 'D')
        return call ? "io" : "page_fault";
    return call ? "syscall" : "page_fault";
}

/* ---- profile ---- */

static void add_thread(struct reader *r, pid_t tid)
{
    static const int64_t one[VALUES] = {1};
    struct where w;
    struct arena *a = &r->b.profile->arena;
    if (process_counts_is_hidden(&r->agents, tid) || !where_read(&w, r->pid, tid))
        return;
    size_t count = read_stack(r, &w);
    /* A thread that is gone by now has no place any more. */
    if (!count && !where_read(&w, r->pid, tid))
        return;
    struct process_stack stack = process_build_stack(&r->b, r->pcs, count, true, "[running]");
    const char *call = where_call_name(w.call);
    struct profile_label labels[] = {
        {.key = "thread", .text = arena_strdup(a, w.name)},
        {.key = "tid", .text = arena_printf(a, "%d", (int)tid)},
        {.key = "state", .text = state_of(r, &w, &stack)},
        {.key = "syscall", .text = call},
    };
    process_build_sample(&r->b, &stack, one, VALUES, labels, call ? 4 : 3);
}

static int by_number(const void *a, const void *b)
{
    const pid_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* The thread ids, ascending; the caller frees them. */
static pid_t *list_threads(pid_t pid, size_t *count)
{
    char path[64];
    pid_t *tids = NULL;
    size_t cap = 0;
    *count = 0;
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *dir = opendir(path);
    if (!dir)
        return NULL;
    for (struct dirent *e; (e = readdir(dir));)
        if (e->d_name[0] != '.') {
            mem_grow(&tids, &cap, *count + 1, sizeof *tids);
            tids[(*count)++] = (pid_t)strtol(e->d_name, NULL, 10);
        }
    closedir(dir);
    if (*count)
        qsort(tids, *count, sizeof *tids, by_number);
    return tids;
}

int64_t process_threads_count(pid_t pid, const struct process_counts *agents)
{
    size_t count;
    int64_t visible = 0;
    pid_t *tids = list_threads(pid, &count);
    for (size_t i = 0; i < count; i++)
        visible += !process_counts_is_hidden(agents, tids[i]);
    free(tids);
    return visible;
}

static bool add_threads(struct reader *r, struct err *err)
{
    size_t count;
    pid_t *tids = list_threads(r->pid, &count);
    for (size_t i = 0; i < count; i++)
        add_thread(r, tids[i]);
    free(tids);
    if (r->b.sample_count)
        return true;
    err_set(err, "process %d: its threads must not be looked at", (int)r->pid);
    return err_hint(err, "run whyprof as root, or as its user (see ptrace_scope)");
}

static void add_header(struct profile *p, const char *name)
{
    struct timespec now;
    struct profile_value_type type = {arena_strdup(&p->arena, name), "count"};
    clock_gettime(CLOCK_REALTIME, &now);
    p->value_types = arena_memdup(&p->arena, &type, sizeof type);
    p->value_type_count = 1;
    p->period_type = type;
    p->period = 1;
    p->time_unix_ns = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
    p->drop_frames = p->keep_frames = p->doc_url = "";
}

bool process_threads_profile(struct profile *p, pid_t pid, const char *name, struct err *err)
{
    struct reader *r = mem_realloc(NULL, 1, sizeof *r);
    memset(r, 0, sizeof *r);
    r->pid = pid;
    bool ok = process_build_begin(&r->b, p, pid, err);
    if (ok) {
        r->walk = walk_open(pid, err);
        process_counts_read(&r->agents, pid, NULL);
        add_header(p, name);
        ok = r->walk && add_threads(r, err);
        walk_close(r->walk);
        process_counts_release(&r->agents);
        process_build_end(&r->b);
    }
    free(r);
    return ok;
}
