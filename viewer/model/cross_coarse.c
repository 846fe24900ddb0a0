#include "model/cross_coarse.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

enum {
    LOOK_UP_EVERY = 65536, /* rows between looks at the cancel flag */
    LOCK_HELD = 0,
    LOCK_CONTENDED,
    LOCK_WAITED,
    LOCK_SUMS
};

/* Sums by column, `sums` for each. */
struct columns {
    const struct model_cross_data *d;
    unsigned sums;
    uint64_t *ns; /* owned: [column * sums + which] */
};

static struct columns columns_new(const struct model_cross_data *d, unsigned sums)
{
    struct columns c = {.d = d, .sums = sums};
    c.ns = calloc((size_t)d->width_px * sums + 1, sizeof *c.ns);
    if (!c.ns)
        abort();
    return c;
}

/* Adds [begin, end) to the columns that it touches. */
static void add_span(struct columns *c, int64_t begin, int64_t end, unsigned which)
{
    const struct model_cross_data *d = c->d;
    int64_t last_ns = d->range.begin_ns + d->column_ns * d->width_px;
    begin = begin > d->range.begin_ns ? begin : d->range.begin_ns;
    end = end < last_ns ? end : last_ns;
    int64_t column = (begin - d->range.begin_ns) / d->column_ns;
    for (; begin < end; column++) {
        int64_t next = d->range.begin_ns + (column + 1) * d->column_ns;
        int64_t to = end < next ? end : next;
        c->ns[(size_t)column * c->sums + which] += (uint64_t)(to - begin);
        begin = to;
    }
}

/* A sum as a span, behind those of its column before, and not past its end: damaged traces
 * may have two threads on a CPU at once. */
static void put(struct model_cross_list *l, int64_t *at, int64_t end, uint64_t ns,
                enum model_class class)
{
    uint64_t room = (uint64_t)(end - *at);
    ns = ns < room ? ns : room;
    if (!ns)
        return;
    cross_add(l, (struct model_spans_item){.begin_ns = *at,
                                           .end_ns = *at + (int64_t)ns,
                                           .thread = MODEL_CROSS_NOBODY,
                                           .class = class});
    *at += (int64_t)ns;
}

/* --- CPUs ----------------------------------------------------------------------- */

struct cpu_columns {
    struct columns *by_cpu; /* owned */
    uint32_t count;
};

static struct columns *columns_of(struct cpu_columns *cpus, struct model_cross_data *d, int64_t cpu)
{
    if (!cross_cpu(d, cpu))
        return NULL;
    if ((uint64_t)cpu >= cpus->count) {
        cpus->by_cpu = mem_realloc(cpus->by_cpu, (size_t)cpu + 1, sizeof *cpus->by_cpu);
        while (cpus->count <= (uint64_t)cpu)
            cpus->by_cpu[cpus->count++] = columns_new(d, MODEL_NAMED_COUNT);
    }
    return &cpus->by_cpu[cpu];
}

static bool read_states(struct cpu_columns *cpus, struct model_cross_data *d,
                        const struct model_doc *doc, uint32_t thread, const atomic_bool *cancel)
{
    const struct model_thread *th = &doc->threads[thread];
    unsigned which = (unsigned)model_class_from_name(th->name) - MODEL_NAMED;
    struct trace_cursor c = trace_cursor(doc->trace, TRACE_THREAD_STATE_TABLE, th->key);
    uint64_t row = c.total_rows ? trace_row_at(&c, (uint64_t)d->range.begin_ns) : 0;
    for (; row < c.total_rows && !c.damaged; row++) {
        if (row % LOOK_UP_EVERY == 0 && atomic_load_explicit(cancel, memory_order_relaxed))
            return false;
        int64_t begin = (int64_t)trace_get(&c, row, TRACE_THREAD_STATE_ts);
        if (begin >= d->range.end_ns)
            break;
        if (trace_get(&c, row, TRACE_THREAD_STATE_state) != TRACE_RUNNING)
            continue;
        int64_t cpu = (int64_t)trace_get(&c, row, TRACE_THREAD_STATE_cpu);
        struct columns *columns = columns_of(cpus, d, cpu);
        if (columns)
            add_span(columns, begin, (int64_t)trace_state_end(&c, row, (uint64_t)th->end_ns),
                     which);
    }
    return true;
}

static void publish_cpus(struct cpu_columns *cpus, struct model_cross_data *d)
{
    for (uint32_t cpu = 0; cpu < cpus->count; cpu++) {
        const struct columns *c = &cpus->by_cpu[cpu];
        for (int x = 0; x < d->width_px; x++) {
            int64_t at_first = d->range.begin_ns + x * d->column_ns, at = at_first;
            for (unsigned which = 0; which < MODEL_NAMED_COUNT; which++)
                put(&d->cpus[cpu], &at, at_first + d->column_ns, c->ns[(size_t)x * c->sums + which],
                    (enum model_class)(MODEL_NAMED + (int)which));
        }
        free(c->ns);
    }
    free(cpus->by_cpu);
}

/* --- locks ------------------------------------------------------------------------ */

static void read_locks(struct columns *locks, struct model_cross_data *d,
                       const struct model_doc *doc, uint32_t thread, bool waits)
{
    enum trace_table table = waits ? TRACE_LOCK_WAIT_TABLE : TRACE_LOCK_HOLD_TABLE;
    unsigned dur = (unsigned)trace_dur_column(table);
    unsigned lock = waits ? TRACE_LOCK_WAIT_lock : TRACE_LOCK_HOLD_lock;
    struct trace_cursor c = trace_cursor(doc->trace, table, doc->threads[thread].key);
    uint64_t row = c.total_rows ? trace_row_at(&c, (uint64_t)d->range.begin_ns) : 0;
    for (; row < c.total_rows && !c.damaged; row++) {
        int64_t begin = (int64_t)trace_get(&c, row, (unsigned)trace_tables[table].ts_column);
        if (begin >= d->range.end_ns)
            return;
        const struct model_cross_lock *l = cross_lock(d, trace_get(&c, row, lock));
        if (!l)
            continue;
        unsigned which = waits                                           ? LOCK_WAITED
                         : trace_get(&c, row, TRACE_LOCK_HOLD_contended) ? LOCK_CONTENDED
                                                                         : LOCK_HELD;
        add_span(&locks[l - d->locks], begin, begin + (int64_t)trace_get(&c, row, dur), which);
    }
}

/* Readers may hold a lock together, so that there is more holding than time; of waits as
 * many lanes are full as there were waiters at once on average. */
static void publish_lock(struct model_cross_lock *l, const struct columns *c, int x)
{
    const struct model_cross_data *d = c->d;
    const uint64_t *ns = &c->ns[(size_t)x * LOCK_SUMS];
    uint64_t column = (uint64_t)d->column_ns, waited = ns[LOCK_WAITED];
    int64_t begin = d->range.begin_ns + x * d->column_ns, at = begin;
    uint64_t contended = ns[LOCK_CONTENDED] < column ? ns[LOCK_CONTENDED] : column;
    uint64_t held = ns[LOCK_HELD] < column - contended ? ns[LOCK_HELD] : column - contended;
    put(&l->lanes[0], &at, begin + d->column_ns, contended, MODEL_HELD_CONTENDED);
    put(&l->lanes[0], &at, begin + d->column_ns, held, MODEL_HELD);
    for (unsigned lane = 1; lane <= MODEL_CROSS_WAITERS && waited; lane++) {
        uint64_t part = waited < column ? waited : column;
        at = begin;
        put(&l->lanes[lane], &at, begin + d->column_ns, part, MODEL_LOCK);
        waited -= part;
        l->lane_count = l->lane_count > lane + 1 ? l->lane_count : lane + 1;
    }
    l->more_waiters |= waited > 0;
}

static void publish_locks(struct columns *locks, struct model_cross_data *d)
{
    for (size_t i = 0; i < d->lock_count; i++) {
        d->locks[i].lane_count = 1;
        for (int x = 0; x < d->width_px; x++)
            publish_lock(&d->locks[i], &locks[i], x);
        free(locks[i].ns);
    }
    free(locks);
}

bool cross_coarse_gather(struct model_cross_data *d, const struct model_doc *doc,
                         const atomic_bool *cancel)
{
    struct cpu_columns cpus = {0};
    struct columns *locks = mem_realloc(NULL, d->lock_count + 1, sizeof *locks);
    bool whole = true;
    for (size_t i = 0; i < d->lock_count; i++)
        locks[i] = columns_new(d, LOCK_SUMS);
    for (uint32_t i = 0; i < doc->thread_count && whole; i++) {
        whole = read_states(&cpus, d, doc, i, cancel) && !atomic_load(cancel);
        if (d->lock_count && whole) {
            read_locks(locks, d, doc, i, false);
            read_locks(locks, d, doc, i, true);
        }
    }
    publish_cpus(&cpus, d);
    publish_locks(locks, d);
    return whole;
}
