#include "process/counts.h"

#include "base/file.h"
#include "process/build.h"
#include "session/agents.h"
#include "tracepoints/snapshot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    ANSWER_MS = 5000,
    VALUES = 4
};

#define HEAP_TYPES                                                                                 \
    {                                                                                              \
        {"alloc_objects", "count"}, {"alloc_space", "bytes"}, {"inuse_objects", "count"},          \
        {                                                                                          \
            "inuse_space", "bytes"                                                                 \
        }                                                                                          \
    }

/* By the conventions of Go's runtime/pprof. */
static const struct {
    const char *name;
    enum whyprof_count_kind counted;
    struct profile_value_type types[VALUES];
    size_t values;
    const char *shown; /* the type shown first, "" for the last */
    struct profile_value_type period_type;
} kinds[PROCESS_KINDS] = {
    [PROCESS_HEAP] = {"heap", WHYPROF_COUNT_HEAP, HEAP_TYPES, 4, "", {"space", "bytes"}},
    [PROCESS_ALLOCS] =
        {"allocs", WHYPROF_COUNT_HEAP, HEAP_TYPES, 4, "alloc_space", {"space", "bytes"}},
    [PROCESS_BLOCK] = {"block",
                       WHYPROF_COUNT_BLOCK,
                       {{"contentions", "count"}, {"delay", "nanoseconds"}},
                       2,
                       "",
                       {"contentions", "count"}},
    [PROCESS_MUTEX] = {"mutex",
                       WHYPROF_COUNT_MUTEX,
                       {{"contentions", "count"}, {"delay", "nanoseconds"}},
                       2,
                       "",
                       {"contentions", "count"}},
    [PROCESS_THREADCREATE] = {"threadcreate",
                              WHYPROF_COUNT_THREAD,
                              {{"threadcreate", "count"}},
                              1,
                              "",
                              {"threadcreate", "count"}},
};

const char *process_kind_name(enum process_kind kind)
{
    return kinds[kind].name;
}

const char *process_kind_default(enum process_kind kind)
{
    return kinds[kind].shown;
}

/* ---- reading ---- */

static bool index_stacks(struct process_counts *c, size_t at)
{
    for (uint64_t i = 0; i < c->head->stacks; i++) {
        struct whyprof_snapshot_stack s;
        if (at + sizeof s > c->bytes)
            return false;
        memcpy(&s, c->data + at, sizeof s);
        if (at + sizeof s + s.depth * sizeof(uint64_t) > c->bytes)
            return false;
        *map64_put(&c->stack_at, s.id, NULL) = at;
        at += sizeof s + s.depth * sizeof(uint64_t);
    }
    return true;
}

bool process_counts_parse(struct process_counts *c, char *data, size_t bytes, struct err *err)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    *c = (struct process_counts){.data = data, .bytes = bytes};
    c->unix_ns = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
    c->head = (const void *)data;
    size_t at = sizeof *c->head;
    bool ok = bytes >= at && c->head->magic == WHYPROF_SNAPSHOT_MAGIC &&
              c->head->counts <= (bytes - at) / sizeof *c->counts;
    if (ok) {
        c->counts = (const void *)(data + at);
        ok = index_stacks(c, at + c->head->counts * sizeof *c->counts);
    }
    if (ok)
        return true;
    process_counts_release(c);
    return err_set(err, "the agent's answer is damaged, or from another version of whyprof");
}

bool process_counts_read(struct process_counts *c, pid_t pid, struct err *err)
{
    char path[64], *data;
    size_t bytes;
    *c = (struct process_counts){0};
    int file = agent_request_file(pid, "profiles", ANSWER_MS);
    if (file < 0) {
        err_set(err, "process %d does not run the agent, or it does not answer", (int)pid);
        return err_hint(err, "start it with: whyprof run -- PROGRAM ARG...");
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    bool ok = file_read(path, &data, &bytes, err);
    close(file);
    return ok && process_counts_parse(c, data, bytes, err);
}

void process_counts_release(struct process_counts *c)
{
    map64_release(&c->stack_at);
    free(c->data);
    *c = (struct process_counts){0};
}

uint64_t process_counts_records(const struct process_counts *c, enum process_kind kind)
{
    uint64_t count = 0;
    for (uint64_t i = 0; i < c->head->counts; i++)
        count += c->counts[i].kind == kinds[kind].counted;
    return count;
}

bool process_counts_is_hidden(const struct process_counts *c, pid_t tid)
{
    for (unsigned i = 0; c->head && i < WHYPROF_SNAPSHOT_HIDDEN; i++)
        if (c->head->hidden_tids[i] == (uint32_t)tid)
            return true;
    return false;
}

uint64_t process_counts_since_ns(const struct process_counts *c, enum process_kind kind)
{
    return c->head->since_ns[kinds[kind].counted];
}

uint64_t process_counts_now_ns(const struct process_counts *c)
{
    return c->head->now_ns;
}

/* ---- profiles ---- */

static uint64_t key_of(const struct whyprof_snapshot_count *c)
{
    return (uint64_t)c->size_class << 32 | c->stack;
}

/* What there was before of each stack. */
static void index_counts(struct map64 *m, const struct process_counts *c, unsigned kind)
{
    for (uint64_t i = 0; c && i < c->head->counts; i++)
        if (c->counts[i].kind == kind)
            *map64_put(m, key_of(&c->counts[i]), NULL) = i;
}

static struct process_stack stack_of(struct process_builder *b, const struct process_counts *c,
                                     uint32_t id)
{
    const uint64_t *at = map64_get(&c->stack_at, id);
    struct whyprof_snapshot_stack s = {0};
    if (!at)
        return process_build_stack(b, NULL, 0, false, "[stack not known]");
    memcpy(&s, c->data + *at, sizeof s);
    uint64_t *frames = arena_array(&b->scratch, (size_t)s.depth + 1, sizeof *frames);
    memcpy(frames, c->data + *at + sizeof s, s.depth * sizeof *frames);
    return process_build_stack(b, frames, s.depth, s.leaf_exact, "[stack not known]");
}

static int64_t whole(uint64_t count)
{
    return llround((double)(int64_t)count / (1 << WHYPROF_SNAPSHOT_FRACTION));
}

static void add_count(struct process_builder *b, enum process_kind kind,
                      const struct process_counts *now, const struct whyprof_snapshot_count *c,
                      const struct whyprof_snapshot_count *was)
{
    static const struct whyprof_snapshot_count none;
    struct profile_label size = {.key = "bytes", .unit = "bytes"};
    was = was ? was : &none;
    uint64_t count = c->count - was->count, value = c->value - was->value;
    uint64_t freed = c->freed_count - was->freed_count;
    uint64_t freed_value = c->freed_value - was->freed_value;
    if (!count && !freed)
        return;
    struct process_stack stack = stack_of(b, now, c->stack);
    if (kinds[kind].counted != WHYPROF_COUNT_HEAP) {
        int64_t values[] = {(int64_t)count, (int64_t)value};
        process_build_sample(b, &stack, values, kinds[kind].values, NULL, 0);
        return;
    }
    int64_t values[] = {whole(count), (int64_t)value, whole(count - freed),
                        (int64_t)(value - freed_value)};
    size.number =
        c->count ? llround((double)c->value * (1 << WHYPROF_SNAPSHOT_FRACTION) / (double)c->count)
                 : 0;
    process_build_sample(b, &stack, values, VALUES, &size, 1);
}

static void add_header(struct profile *p, enum process_kind kind, const struct process_counts *now,
                       const struct process_counts *before)
{
    p->value_types =
        arena_memdup(&p->arena, kinds[kind].types, kinds[kind].values * sizeof *kinds[kind].types);
    p->value_type_count = kinds[kind].values;
    p->default_type = p->value_type_count - 1;
    for (size_t i = 0; i < p->value_type_count; i++)
        if (!strcmp(p->value_types[i].type, kinds[kind].shown))
            p->default_type = i;
    p->default_is_told = *kinds[kind].shown;
    p->period_type = kinds[kind].period_type;
    bool heap = kinds[kind].counted == WHYPROF_COUNT_HEAP;
    p->period = heap ? (int64_t)now->head->alloc_rate : 1;
    p->time_unix_ns = now->unix_ns;
    p->duration_ns = before ? (int64_t)(now->head->now_ns - before->head->now_ns) : 0;
    p->drop_frames = p->keep_frames = p->doc_url = "";
}

bool process_counts_profile(struct profile *p, pid_t pid, enum process_kind kind,
                            const struct process_counts *now, const struct process_counts *before,
                            struct err *err)
{
    struct process_builder b;
    struct map64 earlier = {0};
    unsigned counted = kinds[kind].counted;
    if (!process_build_begin(&b, p, pid, err))
        return false;
    add_header(p, kind, now, before);
    index_counts(&earlier, before, counted);
    for (uint64_t i = 0; i < now->head->counts; i++) {
        const struct whyprof_snapshot_count *c = &now->counts[i];
        const uint64_t *was = c->kind == counted ? map64_get(&earlier, key_of(c)) : NULL;
        if (c->kind == counted)
            add_count(&b, kind, now, c, was ? &before->counts[*was] : NULL);
    }
    map64_release(&earlier);
    process_build_end(&b);
    return true;
}
