#include "views/tracks.h"

#include "gfx/canvas.h"
#include "views/views.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- threads that one interacts with ------------------------------------------ */

static void meet(struct views_partners *p, uint64_t tid, uint64_t ns)
{
    const struct model_thread *th = model_doc_thread(p->doc, tid, (int64_t)ns);
    if (th)
        p->is[th - p->doc->threads] = true;
}

static void read_wakeups(struct views_partners *p, const atomic_bool *cancel)
{
    enum {
        LOOK_UP_EVERY = 65536
    };
    const struct model_thread *th = &p->doc->threads[p->thread];
    struct trace_cursor c = trace_cursor(p->doc->trace, TRACE_WAKEUP_TABLE, 0);
    uint64_t row = trace_lower_bound(&c, (uint64_t)th->start_ns);
    for (; row < c.total_rows && !c.damaged; row++) {
        if (row % LOOK_UP_EVERY == 0 && atomic_load(cancel))
            return;
        uint64_t waker = trace_get(&c, row, TRACE_WAKEUP_waker_tid);
        uint64_t wakee = trace_get(&c, row, TRACE_WAKEUP_wakee_tid);
        if (waker != th->tid && wakee != th->tid)
            continue;
        uint64_t ns = trace_get(&c, row, TRACE_WAKEUP_ts);
        if ((int64_t)ns > th->end_ns)
            return;
        meet(p, waker == th->tid ? wakee : waker, ns);
    }
}

/* Its wakers by its own states, where wake-ups were not recorded as such. */
static void read_states(struct views_partners *p)
{
    const struct model_thread *th = &p->doc->threads[p->thread];
    struct trace_cursor c = trace_cursor(p->doc->trace, TRACE_THREAD_STATE_TABLE, th->key);
    for (uint64_t r = 0; r < c.total_rows && !c.damaged; r++) {
        uint64_t tid = trace_get(&c, r, TRACE_THREAD_STATE_waker_tid);
        if (tid)
            meet(p, tid, trace_get(&c, r, TRACE_THREAD_STATE_ts));
    }
}

static void read_locks(struct views_partners *p, const atomic_bool *cancel)
{
    const struct model_doc *doc = p->doc;
    for (uint32_t i = 0; i < doc->thread_count && !atomic_load(cancel); i++) {
        struct trace_cursor c =
            trace_cursor(doc->trace, TRACE_LOCK_WAIT_TABLE, doc->threads[i].key);
        for (uint64_t r = 0; r < c.total_rows && !c.damaged; r++) {
            uint64_t tid = trace_get(&c, r, TRACE_LOCK_WAIT_holder_tid);
            if (i == p->thread)
                meet(p, tid, trace_get(&c, r, TRACE_LOCK_WAIT_ts));
            else if (tid == doc->threads[p->thread].tid)
                p->is[i] = true;
        }
    }
}

static void run_partners(void *arg, const atomic_bool *cancel)
{
    struct views_partners *p = arg;
    p->is[p->thread] = true;
    if (trace_table_rows(p->doc->trace, TRACE_WAKEUP_TABLE))
        read_wakeups(p, cancel);
    else
        read_states(p);
    read_locks(p, cancel);
}

static void start_partners(struct views *v, uint32_t thread)
{
    struct views_partners *p = &v->tracks.partners;
    model_work_stop(&p->work);
    free(p->is);
    *p = (struct views_partners){.doc = v->doc, .thread = thread};
    p->is = calloc(v->doc->thread_count + 1, sizeof *p->is);
    if (!p->is)
        abort();
    model_work_start(&p->work, run_partners, p, gfx_wake);
}

void views_only_partners(struct views *v)
{
    struct views_tracks *t = &v->tracks;
    if (!views_timeline_shown(v))
        return;
    if (!t->only_partners && v->thread == MODEL_NO_THREAD) {
        snprintf(v->notice, sizeof v->notice, "select a thread first: Up, Down, or click its name");
        return;
    }
    t->only_partners = !t->only_partners;
    if (t->only_partners)
        start_partners(v, (uint32_t)v->thread);
    v->nav.reveal = true;
    views_lanes_changed(v);
}

/* --- what is shown -------------------------------------------------------------- */

static bool search_shows(const struct views *v, uint32_t thread)
{
    const struct model_search *s = &v->search.run;
    if (!v->search.dim || !model_search_is_on(s))
        return true;
    if (!model_search_takes_thread(s, thread))
        return false;
    if (!model_search_is_done(s) || !atomic_load(&s->hits))
        return true;
    for (size_t i = 0; i < s->part_count; i++)
        if (s->parts[i].thread == thread && atomic_load(&s->parts[i].hits))
            return true;
    return false;
}

static void choose_threads(struct views *v)
{
    struct views_tracks *t = &v->tracks;
    bool filter = v->search.dim && model_search_is_on(&v->search.run);
    bool partners = t->only_partners && t->partners.made;
    v->lanes.only = NULL;
    if (!filter && !partners)
        return;
    t->only = mem_realloc(t->only, v->doc->thread_count + 1, sizeof *t->only);
    for (uint32_t i = 0; i < v->doc->thread_count; i++)
        t->only[i] = search_shows(v, i) && (!partners || t->partners.is[i]);
    v->lanes.only = t->only;
}

static void build(struct views *v)
{
    static const double heights[MODEL_LANE_KINDS] = {
        [MODEL_LANE_PROCESS] = 24,  [MODEL_LANE_STATE] = 22,
        [MODEL_LANE_LOCKS] = 15,    [MODEL_LANE_REGION] = 16,
        [MODEL_LANE_SYSCALLS] = 15, [MODEL_LANE_SAMPLES] = 13,
        [MODEL_LANE_COUNTERS] = 24, [MODEL_LANE_COUNTER] = 36,
        [MODEL_LANE_PINNED] = 24,   [MODEL_LANE_CPUS] = 24,
        [MODEL_LANE_CPU] = 18,      [MODEL_LANE_LOCKING] = 24,
        [MODEL_LANE_LOCK] = 15,     [MODEL_LANE_STACK] = 3 * VIEWS_STACK_LINE + 2,
    };
    for (int i = 0; i < MODEL_LANE_KINDS; i++)
        v->lanes.lane_px[i] = ui_px(&v->ui, heights[i]);
    v->lanes.gap_px = ui_px(&v->ui, 5);
    v->lanes.cross = &v->tracks.cross;
    choose_threads(v);
    model_lanes_build(&v->lanes, v->doc);
    v->lanes_scale = v->ui.scale;
}

void views_tracks_update(struct views *v)
{
    struct views_tracks *t = &v->tracks;
    if (!v->doc)
        return;
    bool searched = model_search_is_done(&v->search.run);
    if (model_cross_update(&t->cross, v->doc, &v->window, gfx_wake) ||
        (!v->lanes.rows_read && atomic_load(&v->doc->rows_read)) ||
        (v->search.dim && searched != t->was_searched))
        v->lanes_scale = 0;
    t->was_searched = searched;
    if (model_work_done(&t->partners.work)) {
        t->partners.made = true;
        v->lanes_scale = 0;
        v->nav.reveal = true;
    }
    if (!atomic_load(&v->doc->rows_read) || model_cross_is_busy(&t->cross) ||
        model_work_is_started(&t->partners.work))
        v->waiting = true;
    if (v->lanes_scale != v->ui.scale)
        build(v);
}

void views_lanes_changed(struct views *v)
{
    v->lanes_scale = 0;
    v->ui.again = true;
}

void views_tracks_release(struct views_tracks *t)
{
    model_cross_release(&t->cross);
    model_work_stop(&t->partners.work);
    free(t->partners.is);
    free(t->only);
    memset(t, 0, sizeof *t);
}

/* --- pins, hiding, order ---------------------------------------------------------- */

static bool has_thread(struct views *v)
{
    if (!views_timeline_shown(v))
        return false;
    if (v->thread == MODEL_NO_THREAD)
        snprintf(v->notice, sizeof v->notice, "select a thread first: Up, Down, or click its name");
    return v->thread != MODEL_NO_THREAD;
}

void views_pin(struct views *v)
{
    if (!has_thread(v))
        return;
    v->lanes.pinned[v->thread] = !v->lanes.pinned[v->thread];
    v->nav.reveal = true;
    views_lanes_changed(v);
}

void views_hide(struct views *v)
{
    if (!has_thread(v))
        return;
    int thread = v->thread;
    views_move_thread(v, 1);
    if (v->thread == thread)
        views_move_thread(v, -1);
    v->lanes.hidden[thread] = true;
    v->lanes.pinned[thread] = false;
    if (v->thread == thread)
        v->thread = MODEL_NO_THREAD;
    views_lanes_changed(v);
    snprintf(v->notice, sizeof v->notice, "%s %u is hidden: Shift+X shows all again",
             v->doc->threads[thread].name, v->doc->threads[thread].tid);
}

void views_show_hidden(struct views *v)
{
    if (!views_timeline_shown(v))
        return;
    memset(v->lanes.hidden, 0, v->doc->thread_count * sizeof *v->lanes.hidden);
    v->tracks.only_partners = false;
    v->search.dim = false;
    views_lanes_changed(v);
}

void views_move_track(struct views *v, int step)
{
    if (!has_thread(v))
        return;
    model_lanes_move(&v->lanes, v->doc, (uint32_t)v->thread, step);
    v->nav.reveal = true;
    views_lanes_changed(v);
}
