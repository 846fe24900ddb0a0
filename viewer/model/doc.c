#include "model/doc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FEW_ROWS = 100000,          /* regions and counter values: some ms */
    RESIDENT_BYTES = 160 << 20, /* of the file */
};

static uint32_t find_process(const struct model_doc *doc, uint32_t pid)
{
    for (uint32_t i = 0; i < doc->process_count; i++)
        if (doc->processes[i].pid == pid)
            return i;
    return UINT32_MAX;
}

static uint32_t add_process(struct model_doc *doc, uint32_t pid)
{
    uint32_t at = find_process(doc, pid);
    if (at != UINT32_MAX)
        return at;
    struct model_process *p = &doc->processes[doc->process_count];
    *p = (struct model_process){.pid = pid, .cmdline = "", .exit_status = -1};
    p->name = arena_printf(&doc->arena, "process");
    p->end_ns = doc->duration_ns;
    return doc->process_count++;
}

/* Images of one pid (exec) are one process here; the last image names it. */
static void read_processes(struct model_doc *doc)
{
    struct trace *t = doc->trace;
    struct trace_cursor c = trace_cursor(t, TRACE_PROCESS_TABLE, 0);
    for (uint64_t r = 0; r < c.total_rows && !c.damaged; r++) {
        uint32_t pid = (uint32_t)trace_get(&c, r, TRACE_PROCESS_pid);
        bool again = find_process(doc, pid) != UINT32_MAX;
        struct model_process *p = &doc->processes[add_process(doc, pid)];
        p->name = trace_string(t, trace_get(&c, r, TRACE_PROCESS_name));
        p->cmdline = trace_string(t, trace_get(&c, r, TRACE_PROCESS_cmdline));
        if (!again)
            p->start_ns = (int64_t)trace_get(&c, r, TRACE_PROCESS_start_ts);
        p->end_ns = (int64_t)trace_get(&c, r, TRACE_PROCESS_end_ts);
        p->exit_status = (int64_t)trace_get(&c, r, TRACE_PROCESS_exit_status);
    }
}

static void read_threads(struct model_doc *doc)
{
    struct trace *t = doc->trace;
    struct trace_cursor c = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    for (uint32_t r = 0; r < c.total_rows && !c.damaged; r++) {
        struct model_thread *th = &doc->threads[doc->thread_count++];
        th->key = r;
        th->tid = (uint32_t)trace_get(&c, r, TRACE_THREAD_tid);
        th->pid = (uint32_t)trace_get(&c, r, TRACE_THREAD_pid);
        th->name = trace_string(t, trace_get(&c, r, TRACE_THREAD_name));
        th->start_ns = (int64_t)trace_get(&c, r, TRACE_THREAD_start_ts);
        th->end_ns = (int64_t)trace_get(&c, r, TRACE_THREAD_end_ts);
        th->process = add_process(doc, th->pid);
        th->syscalls = trace_rows(t, TRACE_SYSCALL_TABLE, r);
        th->lock_waits = trace_rows(t, TRACE_LOCK_WAIT_TABLE, r);
        th->samples = trace_rows(t, TRACE_SAMPLE_TABLE, r);
    }
}

/* Process by process, its main thread first, then by tid. */
static int thread_order(const void *a, const void *b)
{
    const struct model_thread *x = a, *y = b;
    if (x->process != y->process)
        return x->process < y->process ? -1 : 1;
    bool x_main = x->tid == x->pid, y_main = y->tid == y->pid;
    if (x_main != y_main)
        return x_main ? -1 : 1;
    if (x->tid != y->tid)
        return x->tid < y->tid ? -1 : 1;
    if (x->start_ns != y->start_ns)
        return x->start_ns < y->start_ns ? -1 : 1;
    return x->key < y->key ? -1 : 1;
}

static int tid_order(const void *a, const void *b, void *threads)
{
    const struct model_thread *x = (struct model_thread *)threads + *(const uint32_t *)a;
    const struct model_thread *y = (struct model_thread *)threads + *(const uint32_t *)b;
    if (x->tid != y->tid)
        return x->tid < y->tid ? -1 : 1;
    return x->start_ns < y->start_ns ? -1 : x->start_ns > y->start_ns;
}

static void order_threads(struct model_doc *doc)
{
    qsort(doc->threads, doc->thread_count, sizeof *doc->threads, thread_order);
    for (uint32_t i = 0; i < doc->thread_count; i++) {
        struct model_process *p = &doc->processes[doc->threads[i].process];
        if (!p->count++)
            p->first = i;
        doc->by_tid[i] = i;
    }
    qsort_r(doc->by_tid, doc->thread_count, sizeof *doc->by_tid, tid_order, doc->threads);
}

static struct model_counter *counter_named(struct model_doc *doc, const char *name, uint32_t pid)
{
    for (size_t i = 0; i < doc->counter_count; i++)
        if (doc->counters[i].pid == pid && !strcmp(doc->counters[i].name, name))
            return &doc->counters[i];
    mem_grow(&doc->counters, &doc->counter_cap, doc->counter_count + 1, sizeof *doc->counters);
    struct model_counter *c = &doc->counters[doc->counter_count++];
    *c = (struct model_counter){.name = name, .pid = pid};
    return c;
}

static void read_counters(struct model_doc *doc)
{
    struct trace_cursor c = trace_cursor(doc->trace, TRACE_COUNTER_TABLE, 0);
    for (uint64_t r = 0; r < c.total_rows && r < UINT32_MAX && !c.damaged; r++) {
        const char *name = trace_string(doc->trace, trace_get(&c, r, TRACE_COUNTER_name));
        struct model_counter *n =
            counter_named(doc, name, (uint32_t)trace_get(&c, r, TRACE_COUNTER_pid));
        double v = trace_get_f64(&c, r, TRACE_COUNTER_value);
        if (!n->count || v < n->min)
            n->min = v;
        if (!n->count || v > n->max)
            n->max = v;
        mem_grow(&n->rows, &n->cap, n->count + 1, sizeof *n->rows);
        n->rows[n->count++] = (uint32_t)r;
    }
}

static void read_locks(struct model_doc *doc)
{
    struct trace_cursor c = trace_cursor(doc->trace, TRACE_LOCK_TABLE, 0);
    for (uint64_t r = 0; r < c.total_rows && !c.damaged; r++)
        *map64_put(&doc->lock_by_address, trace_get(&c, r, TRACE_LOCK_lock), NULL) = r;
}

static void read_counts(struct model_doc *doc)
{
    struct trace_cursor c = trace_cursor(doc->trace, TRACE_EVENT_COUNT_TABLE, 0);
    for (uint64_t r = 0; r < c.total_rows && !c.damaged; r++)
        doc->events += trace_get(&c, r, TRACE_EVENT_COUNT_count);
    doc->events = trace_meta_u64(doc->trace, "events", doc->events);
    c = trace_cursor(doc->trace, TRACE_LOST_TABLE, 0);
    for (uint64_t r = 0; r < c.total_rows && !c.damaged; r++)
        doc->lost_events += trace_get(&c, r, TRACE_LOST_count);
    doc->lost_events = trace_meta_u64(doc->trace, "lost_events", doc->lost_events);
}

static void read_regions(struct model_doc *doc)
{
    for (uint32_t i = 0; i < doc->thread_count && !atomic_load(&doc->overview.cancel); i++)
        model_regions_init(&doc->threads[i].regions, doc->trace, doc->threads[i].key);
}

/* What takes time by rows: at once in a small trace, else on a thread later. */
static void read_rows(struct model_doc *doc)
{
    read_regions(doc);
    read_counters(doc);
    atomic_store(&doc->rows_read, true);
}

static bool has_few_rows(const struct model_doc *doc)
{
    return trace_table_rows(doc->trace, TRACE_REGION_TABLE) +
               trace_table_rows(doc->trace, TRACE_COUNTER_TABLE) <
           FEW_ROWS;
}

void model_doc_read_rows(struct model_doc *doc)
{
    if (!atomic_load(&doc->rows_read))
        read_rows(doc);
}

struct model_doc *model_doc_open(const char *path, struct err *err)
{
    struct trace *t = trace_open(path, err);
    if (!t)
        return NULL;
    struct model_doc *doc = calloc(1, sizeof *doc);
    if (!doc)
        abort();
    doc->trace = t;
    trace_limit_resident(t, RESIDENT_BYTES);
    doc->duration_ns = (int64_t)trace_duration_ns(t);
    uint64_t threads = trace_rows(t, TRACE_THREAD_TABLE, 0);
    uint64_t processes = trace_rows(t, TRACE_PROCESS_TABLE, 0) + threads;
    doc->processes = arena_array(&doc->arena, processes + 1, sizeof *doc->processes);
    doc->by_tid = arena_array(&doc->arena, threads + 1, sizeof *doc->by_tid);
    doc->threads = arena_array(&doc->arena, threads + 1, sizeof *doc->threads);
    read_processes(doc);
    read_threads(doc);
    order_threads(doc);
    if (has_few_rows(doc))
        read_rows(doc);
    read_locks(doc);
    read_counts(doc);
    doc->name_class = calloc(trace_string_count(t) + 1, 1);
    if (!doc->name_class)
        abort();
    if (trace_damage(t, err)) {
        model_doc_close(doc);
        return NULL;
    }
    return doc;
}

void model_doc_close(struct model_doc *doc)
{
    if (!doc)
        return;
    for (uint32_t i = 0; i < doc->thread_count; i++)
        model_regions_release(&doc->threads[i].regions);
    for (size_t i = 0; i < doc->counter_count; i++)
        free(doc->counters[i].rows);
    free(doc->counters);
    free(doc->name_class);
    free(doc->overview.thread_ns);
    free(doc->overview.running_ns);
    map64_release(&doc->lock_by_address);
    trace_close(doc->trace);
    arena_release(&doc->arena);
    free(doc);
}

const struct model_thread *model_doc_thread(const struct model_doc *doc, uint64_t tid, int64_t ns)
{
    uint32_t lo = 0, hi = doc->thread_count;
    while (lo < hi) { /* the first after (tid, ns) */
        uint32_t mid = lo + (hi - lo) / 2;
        const struct model_thread *th = &doc->threads[doc->by_tid[mid]];
        if (th->tid < tid || (th->tid == tid && th->start_ns <= ns))
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo && doc->threads[doc->by_tid[lo - 1]].tid == tid)
        return &doc->threads[doc->by_tid[lo - 1]];
    /* Seen before it was known to have started. */
    if (lo < doc->thread_count && doc->threads[doc->by_tid[lo]].tid == tid)
        return &doc->threads[doc->by_tid[lo]];
    return NULL;
}

const char *model_doc_thread_name(const struct model_doc *doc, uint64_t tid, int64_t ns,
                                  struct arena *a)
{
    const struct model_thread *th = model_doc_thread(doc, tid, ns);
    if (!th || !th->name[0])
        return arena_printf(a, "thread %u", (unsigned)tid);
    return arena_printf(a, "%s %u", th->name, th->tid);
}

int model_doc_index(const struct model_doc *doc, uint32_t row)
{
    for (uint32_t i = 0; i < doc->thread_count; i++)
        if (doc->threads[i].key == row)
            return (int)i;
    return MODEL_NO_THREAD;
}

int64_t model_doc_lock(const struct model_doc *doc, uint64_t address)
{
    const uint64_t *at = map64_get(&doc->lock_by_address, address);
    return at ? (int64_t)*at : -1;
}

const char *model_doc_mechanism(const struct model_doc *doc, const char *class)
{
    char key[64];
    snprintf(key, sizeof key, "mechanism.%s", class);
    return trace_meta(doc->trace, key);
}
