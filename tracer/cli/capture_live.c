#include "cli/capture_live.h"

#include "base/arena.h"
#include "base/fmt.h"
#include "process/threads.h"
#include "session/agents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPTIONS_MS = 5000
};

static unsigned counted_kinds(unsigned kinds)
{
    unsigned found = 0;
    for (int i = 0; capture_kinds[i].name; i++)
        if (kinds & 1u << i && capture_kinds[i].way == CAPTURE_COUNTED)
            found |= 1u << i;
    return found;
}

static bool is_delta(const struct capture_live *l, enum process_kind kind)
{
    return l->since_begin || kind == PROCESS_BLOCK || kind == PROCESS_MUTEX;
}

/* Locks are counted only while somebody wants to know; the heap always, where the program
 * was started so. */
static void switch_on(struct capture_live *l, struct capture_process *p)
{
    bool locks = l->kinds & (1u << CAPTURE_BLOCK | 1u << CAPTURE_MUTEX);
    if (locks && !process_counts_since_ns(&p->before, PROCESS_BLOCK))
        p->switched_on = agent_request(p->pid, "options keep=heap+locks", NULL, 0, OPTIONS_MS);
    else if (!process_counts_since_ns(&p->before, PROCESS_HEAP))
        p->switched_on = agent_request(p->pid, "options keep=heap", NULL, 0, OPTIONS_MS);
}

static void switch_back(struct capture_process *p)
{
    if (p->switched_on)
        agent_request(p->pid,
                      process_counts_since_ns(&p->before, PROCESS_HEAP) ? "options keep=heap"
                                                                        : "options keep=none",
                      NULL, 0, OPTIONS_MS);
    p->switched_on = false;
}

bool capture_live_begin(struct capture_live *l, const struct targets *targets, unsigned kinds,
                        bool since_begin, struct err *err)
{
    *l = (struct capture_live){.count = targets->count, .kinds = kinds, .since_begin = since_begin};
    l->v = mem_realloc(NULL, l->count + 1, sizeof *l->v);
    memset(l->v, 0, l->count * sizeof *l->v);
    for (size_t i = 0; i < l->count; i++)
        l->v[i].pid = targets->pids[i];
    for (size_t i = 0; i < l->count && counted_kinds(kinds); i++) {
        l->v[i].has_before = process_counts_read(&l->v[i].before, l->v[i].pid, err);
        if (!l->v[i].has_before)
            return false;
        switch_on(l, &l->v[i]);
    }
    return true;
}

static void end_one(struct capture_live *l, struct capture_process *p)
{
    unsigned seen = l->kinds & (1u << CAPTURE_THREADS | 1u << CAPTURE_GOROUTINE);
    if (p->has_before) {
        p->has_after = process_counts_read(&p->after, p->pid, &p->why);
        switch_back(p);
    }
    if (seen)
        p->has_threads = process_threads_profile(
            &p->threads, p->pid, l->kinds & 1u << CAPTURE_GOROUTINE ? "goroutine" : "threads",
            &p->why);
}

void capture_live_end(struct capture_live *l)
{
    for (size_t i = 0; i < l->count; i++)
        end_one(l, &l->v[i]);
}

/* ---- files ---- */

static void say(const struct capture_kind *kind, const struct profile *p)
{
    char count[FMT_MAX], much[FMT_MAX];
    int64_t first = profile_total(p, 0), last = profile_total(p, p->value_type_count - 1);
    uint64_t n = first > 0 ? (uint64_t)first : 0, value = last > 0 ? (uint64_t)last : 0;
    if (!p->sample_count)
        fprintf(stderr, "whyprof: %s: nothing of it happened meanwhile: the profile is empty\n",
                kind->name);
    else if (p->value_type_count == 4)
        fprintf(stderr, "whyprof: %s: %s allocations, %s in use\n", kind->name, fmt_count(count, n),
                fmt_bytes(much, value));
    else if (p->value_type_count == 2)
        fprintf(stderr, "whyprof: %s: %s waits, %s\n", kind->name, fmt_count(count, n),
                fmt_ns(much, value));
    else
        fprintf(stderr, "whyprof: %s: %s threads\n", kind->name, fmt_count(count, n));
}

static bool save(const struct capture_kind *kind, const struct profile *p, const char *dir,
                 const char *exact, struct err *err)
{
    char *path = exact ? strdup(exact) : capture_path(dir, kind->name, ".prof");
    const char *shown = kind->way == CAPTURE_COUNTED ? process_kind_default(kind->counted) : "";
    bool ok = capture_save(path, p, shown, err);
    if (ok) {
        printf("%s\n", path);
        fflush(stdout);
        say(kind, p);
    }
    free(path);
    return ok;
}

static bool write_counted(const struct capture_live *l, const struct capture_process *c,
                          const struct capture_kind *kind, const char *dir, const char *exact,
                          struct err *err)
{
    struct profile p;
    bool delta = is_delta(l, kind->counted);
    bool ok = process_counts_profile(&p, c->pid, kind->counted, &c->after,
                                     delta ? &c->before : NULL, err) &&
              save(kind, &p, dir, exact, err);
    if (ok && !delta &&
        process_counts_since_ns(&c->after, kind->counted) > process_counts_now_ns(&c->before))
        fprintf(stderr, "whyprof: %s: counted from now on: whyprof run does so from the start\n",
                kind->name);
    profile_release(&p);
    return ok;
}

static bool write_one(struct capture_live *l, struct capture_process *c, const char *dir,
                      const char *exact, struct err *err)
{
    for (int i = 0; capture_kinds[i].name; i++) {
        const struct capture_kind *kind = &capture_kinds[i];
        bool ok = true;
        if (!(l->kinds & 1u << i) || kind->way == CAPTURE_RECORDED)
            continue;
        if (kind->way == CAPTURE_COUNTED)
            ok = c->has_after && write_counted(l, c, kind, dir, exact, err);
        else
            ok = c->has_threads && save(kind, &c->threads, dir, exact, err);
        if (!ok && c->why.text[0])
            *err = c->why;
        if (!ok)
            return false;
    }
    return true;
}

bool capture_live_write(struct capture_live *l, const char *dir, const char *exact, struct err *err)
{
    for (size_t i = 0; i < l->count; i++)
        if (!write_one(l, &l->v[i], dir, exact, err))
            return false;
    return true;
}

void capture_live_release(struct capture_live *l)
{
    for (size_t i = 0; i < l->count; i++) {
        switch_back(&l->v[i]); /* where the end was never reached */
        process_counts_release(&l->v[i].before);
        process_counts_release(&l->v[i].after);
        profile_release(&l->v[i].threads);
    }
    free(l->v);
    *l = (struct capture_live){0};
}
