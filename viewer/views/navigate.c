/* navigate: where the window goes, and back. */
#include "views/views.h"

#include "base/opt.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    ONE_MOVE_MS = 500, /* changes closer than this are one move to undo */
    LOOK_BACK = 64     /* spans searched for the last wait */
};

void views_nav_init(struct views_nav *n)
{
    *n = (struct views_nav){.marker_ns = {-1, -1}};
}

static uint64_t now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void push(struct views_nav *n, struct model_range range)
{
    if (n->at == VIEWS_HISTORY) {
        memmove(n->history, n->history + 1, (VIEWS_HISTORY - 1) * sizeof *n->history);
        n->at--;
    }
    n->history[n->at++] = range;
    n->count = n->at;
}

void views_nav_update(struct views *v)
{
    struct views_nav *n = &v->nav;
    struct model_range now = {v->window.begin_ns, v->window.end_ns};
    if (now.begin_ns == n->now.begin_ns && now.end_ns == n->now.end_ns)
        return;
    bool resized = n->width_px != v->window.width_px; /* is no move */
    n->width_px = v->window.width_px;
    if (resized) {
        n->now = now;
        return;
    }
    uint64_t ms = now_ms();
    if (model_range_ns(n->now) && (ms - n->changed_ms >= ONE_MOVE_MS || !n->changed_ms))
        push(n, n->now);
    n->changed_ms = ms;
    n->now = now;
}

/* Swaps the window with a remembered one, which becomes what the other key goes to. */
static void swap(struct views *v, int index)
{
    struct views_nav *n = &v->nav;
    struct model_range to = n->history[index];
    n->history[index] = (struct model_range){v->window.begin_ns, v->window.end_ns};
    model_window_show(&v->window, to.begin_ns, to.end_ns);
    n->now = (struct model_range){v->window.begin_ns, v->window.end_ns};
    n->changed_ms = 0;
}

void views_undo(struct views *v)
{
    views_nav_update(v);
    if (!v->nav.at)
        snprintf(v->notice, sizeof v->notice, "there is no earlier view");
    else
        swap(v, --v->nav.at);
}

void views_redo(struct views *v)
{
    views_nav_update(v);
    if (v->nav.at >= v->nav.count)
        snprintf(v->notice, sizeof v->notice, "there is no later view");
    else
        swap(v, v->nav.at++);
}

void views_set_marker(struct views *v, int marker)
{
    if (!views_timeline_shown(v))
        return;
    int64_t at = v->hover_ns >= 0 ? v->hover_ns : (v->window.begin_ns + v->window.end_ns) / 2;
    int64_t *ns = &v->nav.marker_ns[marker];
    *ns = *ns == at ? -1 : at; /* set again at the same place: taken away */
}

void views_go_ns(struct views *v, int64_t ns)
{
    int64_t span = v->window.end_ns - v->window.begin_ns;
    if (ns < v->window.begin_ns || ns >= v->window.end_ns)
        model_window_show(&v->window, ns - span / 3, ns - span / 3 + span);
}

static void unfold(struct views *v, uint32_t thread, bool all)
{
    bool *process = &v->lanes.process_closed[v->doc->threads[thread].process];
    bool *lanes = &v->lanes.thread_closed[thread];
    if (!*process && !(all && *lanes))
        return;
    *process = false;
    *lanes = *lanes && !all;
    v->lanes_scale = 0;
}

void views_go(struct views *v, const struct model_search_place *place)
{
    struct views_pick pick = {.lane = place->lane,
                              .thread = place->thread,
                              .row = place->row,
                              .begin_ns = place->begin_ns,
                              .end_ns = place->end_ns};
    if (place->lane == MODEL_LANE_REGION && v->lanes.rows_read)
        pick.depth = model_regions_depth(&v->doc->threads[place->thread].regions, place->row);
    views_pick_row(v, &pick);
    views_go_ns(v, place->begin_ns);
    unfold(v, place->thread, place->lane != MODEL_LANE_STATE);
    v->nav.reveal = true;
}

void views_go_thread(struct views *v, uint32_t thread)
{
    v->thread = (int)thread;
    unfold(v, thread, false);
    v->pick.set = false;
    v->nav.reveal = true;
}

/* The span of a thread's states at an instant. */
static bool state_at(const struct views *v, uint32_t thread, int64_t ns,
                     struct model_search_place *place)
{
    const struct model_thread *th = &v->doc->threads[thread];
    struct model_spans spans;
    struct model_span s;
    model_spans_states(&spans, v->doc->trace, th->key, th->end_ns);
    model_spans_seek(&spans, ns);
    if (!model_spans_next(&spans, &s))
        return false;
    *place = (struct model_search_place){MODEL_LANE_STATE, thread, s.row, s.begin_ns, s.end_ns};
    return true;
}

bool views_waker_of(const struct views *v, const struct views_pick *pick,
                    struct model_search_place *place)
{
    const struct model_thread *th = &v->doc->threads[pick->thread];
    struct trace_cursor c = trace_cursor(v->doc->trace, TRACE_THREAD_STATE_TABLE, th->key);
    if (!pick->set || !c.total_rows)
        return false;
    uint64_t row = pick->lane == MODEL_LANE_STATE
                       ? pick->row
                       : trace_row_at(&c, (uint64_t)(pick->end_ns > 0 ? pick->end_ns - 1 : 0));
    /* What is running was woken before it: the last wait says by whom. */
    for (int back = 0; back < LOOK_BACK; back++, row--) {
        uint64_t tid = trace_get(&c, row, TRACE_THREAD_STATE_waker_tid);
        uint64_t end = trace_state_end(&c, row, (uint64_t)th->end_ns);
        const struct model_thread *waker = model_doc_thread(v->doc, tid, (int64_t)end);
        if (tid && waker)
            return state_at(v, (uint32_t)(waker - v->doc->threads), (int64_t)end, place);
        if (tid || !row)
            return false;
    }
    return false;
}

/* What is picked can be come back to. */
static void remember_pick(struct views *v)
{
    struct views_nav *n = &v->nav;
    if (!v->pick.set)
        return;
    if (n->wake_count == VIEWS_WAKES)
        memmove(n->wakes, n->wakes + 1, (size_t)--n->wake_count * sizeof *n->wakes);
    n->wakes[n->wake_count++] = (struct model_search_place){
        v->pick.lane, v->pick.thread, v->pick.row, v->pick.begin_ns, v->pick.end_ns};
}

void views_go_thread_at(struct views *v, uint64_t tid, int64_t ns)
{
    const struct model_thread *th = model_doc_thread(v->doc, tid, ns);
    struct model_search_place to;
    if (!th || !state_at(v, (uint32_t)(th - v->doc->threads), ns, &to)) {
        snprintf(v->notice, sizeof v->notice, "this thread is not in the trace");
        return;
    }
    remember_pick(v);
    views_go(v, &to);
}

void views_follow_wake(struct views *v)
{
    struct model_search_place to;
    if (!views_timeline_shown(v))
        return;
    if (!v->pick.set || !views_waker_of(v, &v->pick, &to)) {
        snprintf(v->notice, sizeof v->notice,
                 v->pick.set ? "who ended this is not in the trace" : "pick a span first");
        return;
    }
    remember_pick(v);
    views_go(v, &to);
}

void views_follow_back(struct views *v)
{
    if (!views_timeline_shown(v))
        return;
    if (!v->nav.wake_count)
        snprintf(v->notice, sizeof v->notice, "no wake-up was followed: [ does");
    else
        views_go(v, &v->nav.wakes[--v->nav.wake_count]);
}

bool views_go_text(struct views *v, const char *text, struct err *err)
{
    char from[64] = "", to[64] = "";
    uint64_t a, b;
    int count = sscanf(text, "%63s %63s", from, to);
    bool relative = from[0] == '+';
    if (count < 1 || !opt_parse_duration(from + relative, &a) ||
        (count > 1 && !opt_parse_duration(to, &b)))
        return err_set(err, "times are such as 1.5s, +20ms (from the left edge), or 10ms 20ms");
    int64_t begin = (int64_t)a + (relative ? v->window.begin_ns : 0);
    if (begin > v->doc->duration_ns)
        return err_set(err, "the trace ends before that");
    int64_t span = v->window.end_ns - v->window.begin_ns;
    if (count > 1)
        model_window_show(&v->window, begin, (int64_t)b);
    else
        model_window_show(&v->window, begin - span / 2, begin - span / 2 + span);
    return true;
}
