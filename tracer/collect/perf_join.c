#include "collect/perf_join.h"

#include "base/arena.h"
#include "collect/perf_decode.h"
#include "collect/record.h"
#include "tracepoints/events.h"

#include <stdlib.h>
#include <string.h>

enum {
    STATE_DEAD = 0x80,
    SWITCH_NS = 5000, /* what a switch from one thread to the next takes at most, mostly */
    STATUS_UNKNOWN = 0xffffffff /* perf does not tell it */
};

void join_release(struct join *j)
{
    map64_release(&j->thread_of);
    map64_release(&j->live);
    map64_release(&j->left);
    map64_release(&j->unused);
    free(j->threads);
}

static uint64_t place_for_thread(struct join *j)
{
    size_t pos = 0;
    uint64_t place, ignored;
    if (map64_next(&j->unused, &pos, &place, &ignored)) {
        map64_delete(&j->unused, place);
        return place;
    }
    mem_grow(&j->threads, &j->cap, j->len + 1, sizeof *j->threads);
    return j->len++;
}

struct join_thread *join_add(struct join *j, uint32_t tid, uint32_t pid)
{
    bool added;
    uint64_t *idx = map64_put(&j->thread_of, tid, &added);
    if (added)
        *idx = place_for_thread(j);
    ++*map64_put(&j->live, pid, NULL);
    struct join_thread *t = &j->threads[*idx];
    *t = (struct join_thread){.tid = tid, .pid = pid};
    return t;
}

static struct join_thread *find(struct join *j, uint32_t tid)
{
    uint64_t *idx = map64_get(&j->thread_of, tid);
    return idx ? &j->threads[*idx] : NULL;
}

static struct record_at at_of(const uint64_t *w)
{
    return (struct record_at){
        .ts = w[1], .tid = WHYPROF_KERNEL_TID(w[0]), .cpu = WHYPROF_KERNEL_CPU(w[0])};
}

static void put_in(struct join *j, struct join_thread *t, struct record_at at)
{
    uint64_t w[RECORD_MAX_WORDS];
    j->put(j->data, w, record_switch_in(w, at));
    t->on_cpu = true;
    t->in_ts = at.ts;
}

static void put_out(struct join *j, struct join_thread *t, struct record_at at, uint32_t state,
                    bool preempted)
{
    uint64_t w[RECORD_MAX_WORDS];
    j->put(j->data, w, record_switch_out(w, at, state, preempted, t->nr_plus1));
    *map64_put(&j->left, at.cpu, NULL) = at.ts;
    t->on_cpu = false;
    t->idle_ts = at.ts;
    t->cpu_ns += at.ts - t->in_ts;
}

/* perf tells who leaves before the switch and who comes after it; the scheduler charges
 * the switch to the one that comes. */
static void join_in(struct join *j, struct join_thread *t, const uint64_t *w)
{
    struct record_at at = at_of(w);
    const uint64_t *left = map64_get(&j->left, at.cpu);
    uint64_t left_ts = left ? *left : 0;
    if (t->on_cpu)
        put_out(j, t, at, 0, false);
    else if (left_ts > t->idle_ts && at.ts - left_ts < SWITCH_NS)
        at.ts = left_ts;
    put_in(j, t, at);
}

static void join_out(struct join *j, struct join_thread *t, const uint64_t *w)
{
    if (!t->on_cpu)
        put_in(j, t, at_of(w));
    put_out(j, t, at_of(w), w[2] & 0xffff, w[2] >> 16 & 1);
}

/* perf does not tell the child's name: it is its parent's. */
static void join_fork(struct join *j, const uint64_t *w)
{
    uint64_t out[RECORD_MAX_WORDS];
    char comm[16] = {0};
    uint32_t tid = (uint32_t)w[2], pid = (uint32_t)(w[2] >> 32);
    struct join_thread *t = find(j, WHYPROF_KERNEL_TID(w[0]));
    if (t)
        memcpy(comm, t->comm, sizeof comm);
    t = join_add(j, tid, pid);
    t->entry_seen = true;
    t->idle_ts = w[1];
    memcpy(t->comm, comm, sizeof comm);
    j->put(j->data, out, record_fork(out, at_of(w), tid, pid, comm));
}

static struct record_call call_of(const struct join_thread *t)
{
    return (struct record_call){t->nr_plus1 - 1, t->begin_ts, t->args};
}

static void put_open(struct join *j, struct join_thread *t, struct record_at at)
{
    uint64_t w[RECORD_MAX_WORDS];
    struct record_call call = call_of(t);
    if (t->nr_plus1)
        j->put(j->data, w, record_syscall_open(w, at, &call));
    t->nr_plus1 = 0;
}

static void join_exit(struct join *j, struct join_thread *t, const uint64_t *w)
{
    uint64_t out[RECORD_MAX_WORDS];
    struct record_at at = at_of(w);
    uint64_t *live = map64_get(&j->live, t->pid);
    bool last = live && --*live == 0;
    put_open(j, t, at);
    if (!t->on_cpu)
        put_in(j, t, at);
    put_out(j, t, at, STATE_DEAD, false);
    j->put(j->data, out, record_exit(out, at, t->pid, last, STATUS_UNKNOWN, t->cpu_ns));
    if (last)
        map64_delete(&j->live, t->pid);
    uint64_t *idx = map64_get(&j->thread_of, t->tid);
    map64_put(&j->unused, *idx, NULL);
    map64_delete(&j->thread_of, t->tid);
}

/* The leader ended and another thread's exec took its id over: what was left of
 * the process under other ids ends here. */
static struct join_thread *take_leader_id(struct join *j, const uint64_t *w)
{
    uint32_t pid = (uint32_t)w[2], tid = WHYPROF_KERNEL_TID(w[0]);
    for (size_t i = 0; i < j->len; i++) {
        struct join_thread *old = &j->threads[i];
        if (old->pid != pid || find(j, old->tid) != old)
            continue;
        uint64_t exit[3] = {w[0] & 0xffff0000u, w[1], pid};
        exit[0] |= WHYPROF_KERNEL_HEAD(PERF_THREAD_EXIT, 3, 0, old->tid);
        ++*map64_put(&j->live, pid, NULL); /* the process goes on */
        join_exit(j, old, exit);
    }
    map64_delete(&j->live, pid);
    struct join_thread *t = join_add(j, tid, pid);
    t->entry_seen = true;
    put_in(j, t, at_of(w));
    return t;
}

static void join_name(struct join *j, struct join_thread *t, const uint64_t *w)
{
    memcpy(t->comm, w + 3, sizeof t->comm);
    j->put(j->data, w, WHYPROF_KERNEL_WORDS(w[0]));
}

static void join_waking(struct join *j, struct join_thread *t, const uint64_t *w)
{
    t->idle_ts = w[1];
    j->put(j->data, w, WHYPROF_KERNEL_WORDS(w[0]));
}

static void join_enter(struct join_thread *t, const uint64_t *w)
{
    t->entry_seen = true;
    t->nr_plus1 = (uint32_t)w[2] + 1;
    t->begin_ts = w[1];
    memcpy(t->args, w + 3, sizeof t->args);
}

static void join_leave(struct join *j, struct join_thread *t, const uint64_t *w)
{
    uint64_t out[RECORD_MAX_WORDS];
    struct record_call call = call_of(t);
    if (t->nr_plus1)
        j->put(j->data, out, record_syscall(out, at_of(w), &call, (int64_t)w[2]));
    t->entry_seen = true;
    t->nr_plus1 = 0;
}

static void join_one(struct join *j, const uint64_t *w)
{
    unsigned type = WHYPROF_KERNEL_TYPE(w[0]);
    if (type == WHYPROF_KERNEL_FORK) {
        join_fork(j, w);
        return;
    }
    struct join_thread *t = find(j, WHYPROF_KERNEL_TID(w[0]));
    if (!t && type == WHYPROF_KERNEL_EXEC)
        t = take_leader_id(j, w);
    if (!t)
        return;
    if (type == WHYPROF_KERNEL_SWITCH_IN)
        join_in(j, t, w);
    else if (type == WHYPROF_KERNEL_SWITCH_OUT)
        join_out(j, t, w);
    else if (type == WHYPROF_KERNEL_WAKING)
        join_waking(j, t, w);
    else if (type == PERF_THREAD_EXIT)
        join_exit(j, t, w);
    else if (type == PERF_CALL_ENTER)
        join_enter(t, w);
    else if (type == PERF_CALL_LEAVE)
        join_leave(j, t, w);
    else if (type == WHYPROF_KERNEL_NAME || type == WHYPROF_KERNEL_EXEC)
        join_name(j, t, w);
}

void join_words(struct join *j, const uint64_t *words, uint32_t count)
{
    for (uint32_t i = 0; i < count; i += WHYPROF_KERNEL_WORDS(words[i]))
        join_one(j, words + i);
}

void join_finish(struct join *j, uint64_t ts)
{
    size_t pos = 0;
    uint64_t tid, idx;
    while (map64_next(&j->thread_of, &pos, &tid, &idx))
        put_open(j, &j->threads[idx], (struct record_at){.ts = ts, .tid = (uint32_t)tid});
}
