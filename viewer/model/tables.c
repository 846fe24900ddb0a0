#include "model/tables.h"

#include "analyze/allocs.h"
#include "analyze/locks.h"
#include "analyze/syscalls.h"
#include "base/fmt.h"
#include "model/tables_build.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *tables_text(struct tables_work *w, const char *text)
{
    return arena_strdup(&w->table->arena, text);
}

const char *tables_thread(struct tables_work *w, uint64_t tid)
{
    return tid ? model_doc_thread_name(w->doc, tid, w->doc->duration_ns, &w->table->arena) : "";
}

const char *tables_lock(struct tables_work *w, uint64_t address, const char *name)
{
    if (name[0] && !strstr(name, "0x"))
        return arena_printf(&w->table->arena, "%s (0x%" PRIx64 ")", name, address);
    return name[0] ? name : arena_printf(&w->table->arena, "0x%" PRIx64, address);
}

struct model_target tables_target(const struct tables_work *w, enum model_lane_kind lane,
                                  const struct analyze_instance *at)
{
    if (!at->dur_ns || at->thread >= w->keys || w->index_by_key[at->thread] == UINT32_MAX)
        return (struct model_target){0};
    return (struct model_target){.lane = lane,
                                 .thread = w->index_by_key[at->thread],
                                 .row = at->row,
                                 .begin_ns = (int64_t)at->ts_ns,
                                 .end_ns = (int64_t)(at->ts_ns + at->dur_ns),
                                 .set = true};
}

static struct model_cell text_cell(const char *text)
{
    return (struct model_cell){.text = text};
}

static struct model_cell number_cell(uint64_t n)
{
    return (struct model_cell){.n = n > INT64_MAX ? INT64_MAX : (int64_t)n};
}

/* Estimates are sums of weights; damage may make them anything. */
static struct model_cell estimate_cell(double n)
{
    return number_cell(n > 0 && n < 9e18 ? (uint64_t)(n + 0.5) : 0);
}

static void make_locks(struct tables_work *w)
{
    static const struct model_column_info columns[] = {
        {"Lock", MODEL_CELL_TEXT, 20, "the name that the program gave, and the address"},
        {"Kind", MODEL_CELL_TEXT, 8, NULL},
        {"Waited", MODEL_CELL_NS, 76, "all threads' waits for it in the range"},
        {"Longest", MODEL_CELL_NS, 76, "the longest single wait; click leads to it"},
        {"Waits", MODEL_CELL_COUNT, 62, "contended acquisitions in the range"},
        {"Threads", MODEL_CELL_COUNT, 66, "how many threads waited"},
        {"Held", MODEL_CELL_NS, 76, "how long it was held while somebody waited"},
        {"Waiter", MODEL_CELL_TEXT, 18, "the function that waited longest"},
        {"Holder", MODEL_CELL_TEXT, 18, "the function that held it longest meanwhile"},
        {"Taken", MODEL_CELL_COUNT, 80, "times over the whole trace, contended or not"},
    };
    struct arena scratch = {0};
    struct analyze_locks locks = analyze_locks(&scratch, w->doc->trace, w->range);
    model_table_begin(w->table, columns, sizeof columns / sizeof *columns, 2);
    for (size_t i = 0; i < locks.count && !tables_cancelled(w); i++) {
        const struct analyze_lock *l = &locks.v[i];
        if (!l->waits && !l->acquisitions)
            continue;
        struct model_target target = tables_target(w, MODEL_LANE_LOCKS, &l->longest);
        target.stack_id = l->stack_id;
        target.stack_title = "Most waiting at";
        target.other_stack_id = l->holder_stack_id;
        target.other_title = l->kind == TRACE_LOCK_COND ? "Signalled at" : "Held meanwhile at";
        const char *kind = trace_enum_name(TRACE_LOCK, l->kind);
        struct model_cell *c = model_table_row(w->table, &target);
        c[0] = text_cell(tables_lock(w, l->lock, l->name));
        c[1] = text_cell(kind ? kind : "");
        c[2] = number_cell(l->wait_ns);
        c[3] = number_cell(l->max_wait_ns);
        c[4] = number_cell(l->waits);
        c[5] = number_cell(l->waiters);
        c[6] = number_cell(l->hold_ns);
        c[7] = text_cell(tables_text(w, l->waiter));
        c[8] = text_cell(tables_text(w, l->holder));
        c[9] = l->acquisitions ? number_cell(l->acquisitions) : (struct model_cell){.n = -1};
    }
    char waited[FMT_MAX], count[FMT_MAX];
    w->table->summary = arena_printf(&w->table->arena, "%s waited in %s contended waits",
                                     fmt_ns(waited, locks.wait_ns), fmt_count(count, locks.waits));
    arena_release(&scratch);
}

static void add_call(struct tables_work *w, const struct analyze_syscall *s, bool by_object)
{
    struct model_target target = tables_target(w, MODEL_LANE_SYSCALLS, &s->longest);
    target.stack_id = s->stack_id;
    target.stack_title = "Most time called from";
    struct model_cell *c = model_table_row(w->table, &target);
    c[0] = text_cell(by_object ? s->object : s->name);
    c[1] = number_cell(s->count);
    c[2] = number_cell(s->total_ns);
    c[3] = number_cell(s->p50_ns);
    c[4] = number_cell(s->p99_ns);
    c[5] = number_cell(s->max_ns);
    c[6] = number_cell(s->errors);
    c[7] = text_cell(s->error);
    c[8] = text_cell(by_object ? s->name : s->object);
    c[9] = text_cell(tables_text(w, s->caller));
}

static void make_syscalls(struct tables_work *w)
{
#define NUMBERS                                                                                    \
    {"Calls", MODEL_CELL_COUNT, 70, NULL},                                                         \
        {"Total", MODEL_CELL_NS, 74, "time of all calls, as far as it lies in the range"},         \
        {"p50", MODEL_CELL_NS, 70, "half of the calls took no longer"},                            \
        {"p99", MODEL_CELL_NS, 70, "99 of 100 calls took no longer"},                              \
        {"Longest", MODEL_CELL_NS, 74, "click leads to it"},                                       \
        {"Errors", MODEL_CELL_COUNT, 60, "calls that returned an error"},                          \
    {                                                                                              \
        "Mostly", MODEL_CELL_TEXT, 8, "the most frequent error"                                    \
    }
    static const struct model_column_info by_call[] = {
        {"Call", MODEL_CELL_TEXT, 14, NULL},
        NUMBERS,
        {"File or peer", MODEL_CELL_TEXT, 18, "what took most of the time"},
        {"Called by", MODEL_CELL_TEXT, 16, "the function that spent most time in it"},
    };
    static const struct model_column_info by_object[] = {
        {"File or peer", MODEL_CELL_TEXT, 24, NULL},
        NUMBERS,
        {"Call", MODEL_CELL_TEXT, 10, "the call that took most of the time"},
        {"Called by", MODEL_CELL_TEXT, 16, "the function that spent most time in it"},
    };
#undef NUMBERS
    bool objects = w->query->variant == MODEL_SYSCALLS_BY_OBJECT;
    struct arena scratch = {0};
    struct analyze_syscalls calls = objects
                                        ? analyze_syscall_objects(&scratch, w->doc->trace, w->range)
                                        : analyze_syscalls(&scratch, w->doc->trace, w->range);
    model_table_begin(w->table, objects ? by_object : by_call, sizeof by_call / sizeof *by_call, 2);
    for (size_t i = 0; i < calls.count && !tables_cancelled(w); i++)
        add_call(w, &calls.v[i], objects);
    for (size_t i = 0; i < w->table->row_count * w->table->column_count; i++)
        if (w->table->cells[i].text)
            w->table->cells[i].text = tables_text(w, w->table->cells[i].text);
    char count[FMT_MAX], total[FMT_MAX];
    w->table->summary = arena_printf(&w->table->arena, "%s calls, %s",
                                     fmt_count(count, calls.calls), fmt_ns(total, calls.total_ns));
    arena_release(&scratch);
}

static void allocs_summary(struct tables_work *w, const struct analyze_allocs *all)
{
    char bytes[FMT_MAX], live[FMT_MAX], peak[FMT_MAX], samples[FMT_MAX];
    w->table->summary = arena_printf(
        &w->table->arena, "%s allocated, peak %s, %s still live at the end (from %s samples)",
        fmt_bytes(bytes, (uint64_t)estimate_cell(all->total_bytes).n),
        fmt_bytes(peak, (uint64_t)estimate_cell(all->peak_bytes).n),
        fmt_bytes(live, (uint64_t)estimate_cell(all->live_bytes).n),
        fmt_count(samples, all->samples));
}

static void make_allocs(struct tables_work *w)
{
    static const struct model_column_info columns[] = {
        {"Allocated in", MODEL_CELL_TEXT, 22, "the function that wanted the memory"},
        {"Called by", MODEL_CELL_TEXT, 18, NULL},
        {"Allocated", MODEL_CELL_BYTES, 84, "estimated from samples, freed or not"},
        {"Count", MODEL_CELL_COUNT, 76, "allocations, estimated"},
        {"Peak", MODEL_CELL_BYTES, 80, "the most of it that lived at one time"},
        {"Live", MODEL_CELL_BYTES, 80, "not freed before the end of the range"},
        {"Live count", MODEL_CELL_COUNT, 80, NULL},
        {"Kept", MODEL_CELL_SHARE, 70, "the live share of what was allocated"},
        {"Oldest live", MODEL_CELL_NS, 84, "its age at the end; click leads to its allocation"},
    };
    bool live_only = w->query->variant == MODEL_ALLOCS_LIVE;
    struct arena scratch = {0};
    struct analyze_allocs all = analyze_allocs(&scratch, w->doc->trace, w->range);
    model_table_begin(w->table, columns, sizeof columns / sizeof *columns, live_only ? 5 : 2);
    for (size_t i = 0; i < all.count && !tables_cancelled(w); i++) {
        const struct analyze_alloc_site *s = &all.v[i];
        if (live_only && s->live_bytes <= 0)
            continue;
        struct model_target target = tables_target(w, MODEL_LANE_KINDS, &s->live);
        target.end_ns = target.begin_ns;
        target.stack_id = s->stack_id;
        target.stack_title = "Most bytes asked for at";
        struct model_cell *c = model_table_row(w->table, &target);
        c[0] = text_cell(s->function[0] ? tables_text(w, s->function) : "(no stack)");
        c[1] = text_cell(tables_text(w, s->caller));
        c[2] = estimate_cell(s->bytes);
        c[3] = estimate_cell(s->count);
        c[4] = estimate_cell(s->peak_bytes);
        c[5] = estimate_cell(s->live_bytes);
        c[6] = estimate_cell(s->live_count);
        c[7] = estimate_cell(s->bytes > 0 ? s->live_bytes / s->bytes * 10000 : 0);
        c[8] = s->live.dur_ns ? number_cell(s->live.dur_ns) : (struct model_cell){.n = -1};
    }
    allocs_summary(w, &all);
    arena_release(&scratch);
}

static void index_threads(struct tables_work *w)
{
    w->keys = (uint32_t)trace_rows(w->doc->trace, TRACE_THREAD_TABLE, 0);
    w->index_by_key = mem_realloc(NULL, (size_t)w->keys + 1, sizeof *w->index_by_key);
    memset(w->index_by_key, 0xff, ((size_t)w->keys + 1) * sizeof *w->index_by_key);
    for (uint32_t i = 0; i < w->doc->thread_count; i++)
        if (w->doc->threads[i].key < w->keys)
            w->index_by_key[w->doc->threads[i].key] = i;
}

void model_table_make(struct model_table *t, struct model_latency *latency,
                      const struct model_doc *doc, const struct model_table_query *q,
                      const atomic_bool *cancel)
{
    struct tables_work w = {.table = t, .doc = doc, .query = q, .cancel = cancel};
    w.range = (struct analyze_range){
        .begin_ns = (uint64_t)q->begin_ns, .end_ns = (uint64_t)q->end_ns, .cancel = cancel};
    if (q->thread != MODEL_NO_THREAD)
        w.range.thread = doc->threads[q->thread].key + 1;
    index_threads(&w);
    switch (q->kind) {
    case MODEL_TABLE_LOCKS:
        make_locks(&w);
        break;
    case MODEL_TABLE_SYSCALLS:
        make_syscalls(&w);
        break;
    case MODEL_TABLE_ALLOCS:
        make_allocs(&w);
        break;
    case MODEL_TABLE_LATENCY:
        tables_latency(&w, latency);
        break;
    default:
        tables_events(&w);
        break;
    }
    if (t->total_rows < t->row_count)
        t->total_rows = t->row_count;
    if (!tables_cancelled(&w))
        model_table_arrange(t, "");
    free(w.index_by_key);
}
