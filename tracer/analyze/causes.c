#include "analyze/causes.h"

#include "analyze/path.h"
#include "analyze/tally.h"
#include "analyze/waits.h"

#include <inttypes.h>
#include <stdlib.h>

struct cause_sums {
    struct analyze_cause out;
    uint64_t name, file;  /* string ids */
    uint64_t last_thread; /* the wait that was seen last, to count each once */
    uint64_t last_row;
    struct tally_votes waiters, holders, holder_calls, stacks;
};

struct thread_calls {
    struct trace_cursor calls, samples, states;
    uint64_t call_hint;
    uint64_t sample_next; /* rows before it may still be on the path */
    uint64_t tid, pid;
};

struct causes_work {
    const struct trace *trace;
    struct analyze_path path;
    struct analyze_sites sites;
    struct tally_groups groups; /* reason and file, object or name */
    struct cause_sums *v;       /* owned, by group */
    size_t cap;
    struct thread_calls *threads; /* owned, by row */
    struct map64 on_path;         /* thread row -> ns */
    struct map64 functions;       /* thread row << 32 | site -> ns */
    struct tally_groups stacks;   /* stack id, thread row << 8 | class */
    uint64_t *stack_ns;           /* owned, by such group */
    size_t stack_cap;
    struct analyze_piece *pieces; /* owned */
    size_t piece_count, piece_cap;
    const struct analyze_scope *scope;
    uint64_t done_ns; /* of the scope's length */
    struct analyze_causes out;
};

enum {
    WALK_PERMILLE = 850 /* of why's work is the walk, about */
};

/* What a blocked span waited for. */
struct subject {
    uint64_t name, file; /* string ids */
    uint64_t stack_id;
};

bool analyze_call_is_idle(const char *name)
{
    static const char *const calls[] = {
        "epoll_wait",    "epoll_pwait", "epoll_pwait2",    "poll",           "ppoll",
        "select",        "pselect6",    "accept",          "accept4",        "read",
        "readv",         "recvfrom",    "recvmsg",         "recvmmsg",       "rt_sigtimedwait",
        "rt_sigsuspend", "pause",       "io_getevents",    "io_uring_enter", "wait4",
        "waitid",        "connect",     "restart_syscall", "futex"};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (!strcmp(calls[i], name))
            return true;
    return false;
}

/* A call to a disk's file is never idle, whatever its name. */
static bool is_idle(const struct trace *t, enum trace_reason reason, const struct subject *s)
{
    if (reason == TRACE_REASON_SLEEP) /* until a signal comes, not for a time */
        return s->name && (strstr(trace_string(t, s->name), "sig") ||
                           !strcmp(trace_string(t, s->name), "pause"));
    if (reason != TRACE_REASON_SYSCALL && reason != TRACE_REASON_UNKNOWN)
        return false;
    return !s->name || analyze_call_is_idle(trace_string(t, s->name));
}

static struct subject subject_at(struct causes_work *w, uint32_t thread, uint64_t ts,
                                 uint64_t stack_id)
{
    struct thread_calls *th = &w->threads[thread];
    struct subject s = {.stack_id = stack_id};
    if (!th->calls.total_rows)
        return s;
    uint64_t row = th->call_hint; /* the next one asked for is before it, and near */
    int steps = 8;
    while (row && steps && trace_get(&th->calls, row, TRACE_SYSCALL_ts) > ts) {
        row--;
        steps--;
    }
    if (!steps || row == th->call_hint)
        row = trace_row_at(&th->calls, ts);
    th->call_hint = row;
    uint64_t begin = trace_get(&th->calls, row, TRACE_SYSCALL_ts);
    if (begin > ts || ts - begin > trace_get(&th->calls, row, TRACE_SYSCALL_dur))
        return s;
    s.name = trace_get(&th->calls, row, TRACE_SYSCALL_name);
    s.file = trace_get(&th->calls, row, TRACE_SYSCALL_object);
    if (!s.stack_id)
        s.stack_id = trace_get(&th->calls, row, TRACE_SYSCALL_stack_id);
    return s;
}

static bool is_lock(enum trace_reason reason)
{
    return reason == TRACE_REASON_LOCK || reason == TRACE_REASON_COND ||
           reason == TRACE_REASON_JOIN;
}

/* Where both the agent and the kernel speak of a wait, the lock is its cause. */
static struct cause_sums *sums_of(struct causes_work *w, uint32_t thread, enum trace_reason reason,
                                  uint64_t object, const struct subject *s)
{
    uint64_t pid = w->threads[thread].pid;
    bool lock = is_lock(reason) && object;
    uint64_t site = reason == TRACE_REASON_SLEEP || reason == TRACE_REASON_PAGE_FAULT
                        ? analyze_site(&w->sites, s->stack_id, ANALYZE_SITE_CALLER)
                        : 0;
    uint64_t high = (uint64_t)reason << 56 | (lock ? pid : s->file) << 24 | (site & 0xffffff);
    uint32_t known = w->groups.keys.count;
    uint32_t group = tally_group(&w->groups, high, lock ? object : s->name);
    if (group == known) {
        mem_grow(&w->v, &w->cap, (size_t)group + 1, sizeof *w->v);
        w->v[group] =
            (struct cause_sums){.out = {.reason = reason, .pid = pid, .object = lock ? object : 0},
                                .name = lock ? 0 : s->name,
                                .file = lock ? 0 : s->file,
                                .last_row = UINT64_MAX};
    }
    return &w->v[group];
}

static uint64_t place(struct causes_work *w, uint32_t thread, uint64_t stack_id)
{
    return (uint64_t)thread << 32 | analyze_site(&w->sites, stack_id, ANALYZE_SITE_CALLER);
}

static void count_wait(struct cause_sums *c, uint32_t thread, uint64_t row, uint64_t begin,
                       uint64_t end)
{
    if (c->last_row == row && c->last_thread == thread)
        return;
    c->last_row = row;
    c->last_thread = thread;
    c->out.waits++;
    analyze_keep_longer(&c->out.longest,
                        (struct analyze_instance){thread, row, begin, end - begin});
}

static void add_stack(struct causes_work *w, uint64_t stack_id, uint32_t thread, unsigned class,
                      uint64_t ns)
{
    uint32_t known = w->stacks.keys.count;
    uint32_t group = tally_group(&w->stacks, stack_id, (uint64_t)thread << 8 | class);
    if (group == known) {
        mem_grow(&w->stack_ns, &w->stack_cap, (size_t)group + 1, sizeof *w->stack_ns);
        w->stack_ns[group] = 0;
    }
    w->stack_ns[group] += ns;
}

/* Samples of a running stretch: ns by function, told to each wait that led here. */
static void add_samples(struct causes_work *w, const struct analyze_segment *s,
                        struct cause_sums *const *causes)
{
    struct thread_calls *th = &w->threads[s->thread];
    if (th->sample_next > th->samples.total_rows ||
        (th->sample_next < th->samples.total_rows &&
         trace_get(&th->samples, th->sample_next, TRACE_SAMPLE_ts) < s->end_ns))
        th->sample_next = trace_lower_bound(&th->samples, s->end_ns);
    for (; th->sample_next; th->sample_next--) {
        uint64_t row = th->sample_next - 1;
        uint64_t ts = trace_get(&th->samples, row, TRACE_SAMPLE_ts);
        if (ts >= s->end_ns)
            continue;
        if (ts < s->begin_ns)
            return;
        uint64_t weight = trace_get(&th->samples, row, TRACE_SAMPLE_weight);
        uint64_t stack = trace_get(&th->samples, row, TRACE_SAMPLE_stack_id);
        uint64_t at = place(w, s->thread, stack);
        add_stack(w, stack, s->thread, TRACE_RUNNING, weight);
        *map64_put(&w->functions, at, NULL) += weight;
        w->out.samples++;
        w->out.sample_ns += weight;
        for (unsigned i = 0; i < s->depth; i++)
            tally_vote(&causes[i]->holders, at, weight);
    }
}

/* The same cause twice in a chain is charged once. */
static bool is_first(struct cause_sums *const *causes, unsigned i)
{
    for (unsigned k = 0; k < i; k++)
        if (causes[k] == causes[i])
            return false;
    return true;
}

static void charge_links(struct causes_work *w, const struct analyze_segment *s,
                         struct cause_sums *const *causes, const struct subject *end)
{
    uint64_t ns = s->end_ns - s->begin_ns;
    for (unsigned i = 0; i < s->depth; i++) {
        struct cause_sums *c = causes[i];
        if (!is_first(causes, i))
            continue;
        const struct analyze_link *l = &s->chain[i];
        c->out.path_ns += ns;
        c->out.end_running_ns += s->state == TRACE_RUNNING ? ns : 0;
        c->out.end_runnable_ns += s->state == TRACE_RUNNABLE ? ns : 0;
        c->out.end_blocked_ns += s->state == TRACE_BLOCKED && !s->cut ? ns : 0;
        c->out.end_cut_ns += s->cut ? ns : 0;
        count_wait(c, l->thread, l->row, l->begin_ns, l->end_ns);
        tally_vote(&c->waiters, place(w, l->thread, l->stack_id), ns);
        if (l->stack_id)
            tally_vote(&c->stacks, l->stack_id, ns);
        if (s->state == TRACE_BLOCKED) {
            tally_vote(&c->holders, place(w, s->thread, end->stack_id), ns);
            tally_vote(&c->holder_calls, end->name << 32 | end->file, ns);
        } else {
            tally_vote(&c->holders, (uint64_t)s->thread << 32 | UINT32_MAX, 1);
        }
    }
}

static void charge_self(struct causes_work *w, const struct analyze_segment *s,
                        const struct subject *subject)
{
    uint64_t ns = s->end_ns - s->begin_ns;
    struct cause_sums *c = sums_of(w, s->thread, s->reason, s->object, subject);
    for (unsigned i = 0; i < s->depth; i++) /* a chain that ends in one of its own links */
        if (s->chain[i].row == s->row && s->chain[i].thread == s->thread)
            return;
    c->out.path_ns += ns;
    c->out.self_ns += ns;
    c->out.end_cut_ns += s->cut ? ns : 0;
    c->out.end_blocked_ns += s->cut ? 0 : ns;
    if (is_idle(w->trace, s->reason, subject)) {
        c->out.idle_ns += ns;
        w->out.idle_ns += ns;
    }
    count_wait(c, s->thread, s->row, s->span_begin_ns, s->end_ns);
    tally_vote(&c->waiters, place(w, s->thread, subject->stack_id), ns);
    if (subject->stack_id)
        tally_vote(&c->stacks, subject->stack_id, ns);
}

/* Woken from a wait for a lock and not yet running: without the wait that were not. */
static void charge_wake(struct causes_work *w, const struct analyze_segment *s)
{
    struct trace_cursor *c = &w->threads[s->thread].states;
    uint64_t awake = s->span_begin_ns + ANALYZE_WAKE_NS;
    uint64_t end = s->end_ns < awake ? s->end_ns : awake;
    if (s->state != TRACE_RUNNABLE || !s->row || s->row >= c->total_rows || end <= s->begin_ns ||
        trace_get(c, s->row - 1, TRACE_THREAD_STATE_state) != TRACE_BLOCKED)
        return;
    uint64_t reason = trace_get(c, s->row - 1, TRACE_THREAD_STATE_reason);
    uint64_t object = trace_get(c, s->row - 1, TRACE_THREAD_STATE_object);
    if (is_lock((enum trace_reason)reason) && object)
        sums_of(w, s->thread, (enum trace_reason)reason, object, &(struct subject){0})
            ->out.wake_ns += end - s->begin_ns;
}

static void add_piece(struct causes_work *w, const struct analyze_segment *s)
{
    *map64_put(&w->on_path, s->thread, NULL) += s->end_ns - s->begin_ns;
    struct analyze_piece *last = w->piece_count ? &w->pieces[w->piece_count - 1] : NULL;
    if (last && last->thread == s->thread && last->begin_ns == s->end_ns) {
        last->begin_ns = s->begin_ns;
        return;
    }
    mem_grow(&w->pieces, &w->piece_cap, w->piece_count + 1, sizeof *w->pieces);
    w->pieces[w->piece_count++] = (struct analyze_piece){s->thread, s->begin_ns, s->end_ns};
}

static void tell_progress(struct causes_work *w, const struct analyze_segment *s)
{
    const struct analyze_scope *scope = w->scope;
    w->done_ns += s->end_ns - s->begin_ns;
    if (scope->range.permille && scope->length_ns)
        atomic_store_explicit(
            scope->range.permille,
            (unsigned)((double)w->done_ns / (double)scope->length_ns * WALK_PERMILLE),
            memory_order_relaxed);
}

static void visit(void *data, const struct analyze_segment *s)
{
    struct causes_work *w = data;
    uint32_t groups[ANALYZE_PATH_DEPTH];
    struct cause_sums *causes[ANALYZE_PATH_DEPTH];
    struct subject end = {0};
    tell_progress(w, s);
    add_piece(w, s);
    charge_wake(w, s);
    w->out.class_ns[trace_class(s->state, s->reason)] += s->end_ns - s->begin_ns;
    w->out.cut_ns += s->cut ? s->end_ns - s->begin_ns : 0;
    for (unsigned i = 0; i < s->depth; i++) {
        const struct analyze_link *l = &s->chain[i];
        struct subject subject = {0};
        if (!is_lock(l->reason) || !l->object)
            subject = subject_at(w, l->thread, l->begin_ns, l->stack_id);
        groups[i] = (uint32_t)(sums_of(w, l->thread, l->reason, l->object, &subject) - w->v);
    }
    for (unsigned i = 0; i < s->depth; i++) /* only now they stay where they are */
        causes[i] = &w->v[groups[i]];
    if (s->state == TRACE_BLOCKED)
        end = subject_at(w, s->thread, s->span_begin_ns, s->stack_id);
    charge_links(w, s, causes, &end);
    if (s->state == TRACE_RUNNING)
        add_samples(w, s, causes);
    else
        add_stack(w, end.stack_id, s->thread, trace_class(s->state, s->reason),
                  s->end_ns - s->begin_ns);
    if (s->state == TRACE_BLOCKED)
        charge_self(w, s, &end);
}

static struct analyze_place place_of(struct arena *a, struct causes_work *w,
                                     const struct tally_votes *votes)
{
    uint64_t key = tally_winner(votes, UINT64_MAX);
    if (key == UINT64_MAX)
        return (struct analyze_place){0, ""};
    uint32_t site = (uint32_t)key;
    const char *function =
        site == UINT32_MAX ? "" : arena_strdup(a, analyze_site_name(&w->sites, site));
    return (struct analyze_place){w->threads[key >> 32].tid, function};
}

/* "mutex queue_lock", "fsync", "sleep": what it is called. */
static const char *cause_text(struct arena *a, struct causes_work *w, struct cause_sums *s)
{
    struct analyze_cause *c = &s->out;
    if (!c->object)
        return s->name ? trace_string(w->trace, s->name) : analyze_reason_text(c->reason);
    struct trace_cursor locks = trace_cursor(w->trace, TRACE_LOCK_TABLE, 0);
    for (uint64_t row = 0; row < locks.total_rows; row++) {
        if (trace_get(&locks, row, TRACE_LOCK_lock) != c->object ||
            trace_get(&locks, row, TRACE_LOCK_pid) != c->pid)
            continue;
        c->lock_kind = trace_get(&locks, row, TRACE_LOCK_kind);
        const char *kind = trace_enum_name(TRACE_LOCK, c->lock_kind);
        const char *name = trace_string(w->trace, trace_get(&locks, row, TRACE_LOCK_name));
        if (c->reason == TRACE_REASON_JOIN)
            return "join";
        return *name ? arena_printf(a, "%s %s", kind ? kind : "lock", name)
                     : arena_printf(a, "%s 0x%" PRIx64, kind ? kind : "lock", c->object);
    }
    return arena_printf(a, "%s 0x%" PRIx64, analyze_reason_text(c->reason), c->object);
}

static struct analyze_cause finish_cause(struct arena *a, struct causes_work *w,
                                         struct cause_sums *s)
{
    s->out.call = trace_string(w->trace, s->name);
    s->out.file = trace_string(w->trace, s->file);
    s->out.what = cause_text(a, w, s);
    s->out.waiter = place_of(a, w, &s->waiters);
    s->out.holder = place_of(a, w, &s->holders);
    s->out.stack_id = tally_winner(&s->stacks, 0);
    uint64_t call = tally_winner(&s->holder_calls, 0);
    s->out.holder_call = trace_string(w->trace, call >> 32);
    s->out.holder_file = trace_string(w->trace, call & UINT32_MAX);
    tally_votes_release(&s->waiters);
    tally_votes_release(&s->holders);
    tally_votes_release(&s->holder_calls);
    tally_votes_release(&s->stacks);
    return s->out;
}

static int more_path(const void *a, const void *b)
{
    const struct analyze_cause *x = a, *y = b;
    if (x->path_ns != y->path_ns)
        return x->path_ns > y->path_ns ? -1 : 1;
    return strcmp(x->what, y->what);
}

static int more_ns(const void *a, const void *b)
{
    const struct analyze_part *x = a, *y = b;
    if (x->ns != y->ns)
        return x->ns > y->ns ? -1 : 1;
    int by_name = strcmp(x->function, y->function);
    return by_name ? by_name : x->tid < y->tid ? -1 : x->tid > y->tid;
}

static int by_thread_and_time(const void *a, const void *b)
{
    const struct analyze_piece *x = a, *y = b;
    if (x->thread != y->thread)
        return x->thread < y->thread ? -1 : 1;
    return x->begin_ns < y->begin_ns ? -1 : x->begin_ns > y->begin_ns;
}

static int more_stack_ns(const void *a, const void *b)
{
    const struct analyze_path_stack *x = a, *y = b;
    if (x->ns != y->ns)
        return x->ns > y->ns ? -1 : 1;
    return x->stack_id < y->stack_id ? -1 : x->stack_id > y->stack_id;
}

static void finish_stacks(struct arena *a, struct causes_work *w)
{
    size_t count = w->stacks.keys.count;
    w->out.stacks = arena_array(a, count + 1, sizeof *w->out.stacks);
    w->out.stack_count = count;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t key[2];
        memcpy(key, intern_get(&w->stacks.keys, i), sizeof key);
        w->out.stacks[i] = (struct analyze_path_stack){
            .stack_id = key[0],
            .tid = w->threads[key[1] >> 8].tid,
            .thread = (uint32_t)(key[1] >> 8),
            .class = (unsigned)(key[1] & 0xff),
            .ns = w->stack_ns[i],
        };
    }
    qsort(w->out.stacks, count, sizeof *w->out.stacks, more_stack_ns);
}

static void finish_parts(struct arena *a, struct causes_work *w)
{
    size_t pos = 0;
    uint64_t key, ns;
    w->out.threads = arena_array(a, w->on_path.len + 1, sizeof *w->out.threads);
    while (map64_next(&w->on_path, &pos, &key, &ns))
        w->out.threads[w->out.thread_count++] = (struct analyze_part){"", w->threads[key].tid, ns};
    qsort(w->out.threads, w->out.thread_count, sizeof *w->out.threads, more_ns);
    w->out.functions = arena_array(a, w->functions.len + 1, sizeof *w->out.functions);
    pos = 0;
    while (map64_next(&w->functions, &pos, &key, &ns))
        w->out.functions[w->out.function_count++] =
            (struct analyze_part){arena_strdup(a, analyze_site_name(&w->sites, (uint32_t)key)),
                                  w->threads[key >> 32].tid, ns};
    qsort(w->out.functions, w->out.function_count, sizeof *w->out.functions, more_ns);
    w->out.pieces = arena_array(a, w->piece_count + 1, sizeof *w->pieces);
    if (w->piece_count)
        memcpy(w->out.pieces, w->pieces, w->piece_count * sizeof *w->pieces);
    w->out.piece_count = w->piece_count;
    qsort(w->out.pieces, w->out.piece_count, sizeof *w->out.pieces, by_thread_and_time);
}

static void release(struct causes_work *w)
{
    analyze_path_end(&w->path);
    analyze_sites_release(&w->sites);
    tally_groups_release(&w->groups);
    tally_groups_release(&w->stacks);
    free(w->stack_ns);
    map64_release(&w->on_path);
    map64_release(&w->functions);
    free(w->v);
    free(w->threads);
    free(w->pieces);
}

static void open_threads(struct causes_work *w)
{
    struct trace_cursor c = trace_cursor(w->trace, TRACE_THREAD_TABLE, 0);
    w->threads = mem_realloc(NULL, c.total_rows + 1, sizeof *w->threads);
    for (uint64_t row = 0; row < c.total_rows; row++) {
        struct thread_calls *th = &w->threads[row];
        *th = (struct thread_calls){.tid = trace_get(&c, row, TRACE_THREAD_tid),
                                    .pid = trace_get(&c, row, TRACE_THREAD_pid)};
        th->states = trace_cursor(w->trace, TRACE_THREAD_STATE_TABLE, (uint32_t)row);
        th->calls = trace_cursor(w->trace, TRACE_SYSCALL_TABLE, (uint32_t)row);
        th->samples = trace_cursor(w->trace, TRACE_SAMPLE_TABLE, (uint32_t)row);
        th->sample_next = th->samples.total_rows;
        th->call_hint = th->calls.total_rows ? th->calls.total_rows - 1 : 0;
    }
}

struct analyze_causes analyze_causes(struct arena *a, const struct trace *t,
                                     const struct analyze_scope *scope)
{
    struct causes_work w = {
        .trace = t, .path = analyze_path_begin(t), .sites = {.trace = t}, .scope = scope};
    w.path.cancel = scope->range.cancel;
    open_threads(&w);
    for (size_t i = 0; i < scope->count; i++)
        analyze_path_walk(&w.path, scope->v[i].thread, scope->v[i].begin_ns, scope->v[i].end_ns,
                          visit, &w);
    w.out.length_ns = scope->length_ns;
    w.out.class_ns[TRACE_UNKNOWN] += scope->absent_ns;
    w.out.count = w.groups.keys.count;
    w.out.v = arena_array(a, w.out.count + 1, sizeof *w.out.v);
    for (size_t i = 0; i < w.out.count; i++)
        w.out.v[i] = finish_cause(a, &w, &w.v[i]);
    qsort(w.out.v, w.out.count, sizeof *w.out.v, more_path);
    finish_parts(a, &w);
    finish_stacks(a, &w);
    struct analyze_causes out = w.out;
    release(&w);
    return out;
}

uint64_t analyze_on_path_ns(const struct analyze_causes *causes, uint32_t thread, uint64_t begin_ns,
                            uint64_t end_ns)
{
    size_t low = 0, high = causes->piece_count;
    while (low < high) { /* the first piece that ends behind begin */
        size_t mid = (low + high) / 2;
        const struct analyze_piece *p = &causes->pieces[mid];
        if (p->thread < thread || (p->thread == thread && p->end_ns <= begin_ns))
            low = mid + 1;
        else
            high = mid;
    }
    uint64_t ns = 0;
    for (; low < causes->piece_count; low++) {
        const struct analyze_piece *p = &causes->pieces[low];
        if (p->thread != thread || p->begin_ns >= end_ns)
            break;
        uint64_t from = p->begin_ns > begin_ns ? p->begin_ns : begin_ns;
        uint64_t to = p->end_ns < end_ns ? p->end_ns : end_ns;
        ns += to - from;
    }
    return ns;
}
