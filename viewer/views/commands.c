/* commands: what keys (and scripts) do to the views. */
#include "views/views.h"

#include <stdio.h>

/* Zoom by key keeps the instant under the pointer, if it is over the timeline. */
static int anchor_px(const struct views *v)
{
    int px = v->ui.in.x - v->names_px;
    return v->hover_ns >= 0 && px >= 0 && px < v->window.width_px ? px : v->window.width_px / 2;
}

void views_zoom(struct views *v, double factor)
{
    if (views_timeline_shown(v))
        model_window_zoom(&v->window, factor, anchor_px(v));
}

void views_pan(struct views *v, double share)
{
    if (views_timeline_shown(v))
        model_window_pan(&v->window, share);
}

void views_show_all(struct views *v)
{
    if (v->tab > 0)
        v->profiles[v->tab - 1].flame.zoom = 0;
    else if (v->doc)
        model_window_show(&v->window, 0, v->doc->duration_ns);
}

void views_fit(struct views *v)
{
    struct model_range r = v->selection;
    if (!views_timeline_shown(v))
        return;
    if (!model_range_ns(r) && v->pick.set)
        r = (struct model_range){v->pick.begin_ns, v->pick.end_ns};
    if (!model_range_ns(r)) {
        snprintf(v->notice, sizeof v->notice, "nothing is selected: drag over the timeline first");
        return;
    }
    int64_t margin = model_range_ns(r) / 20;
    model_window_show(&v->window, r.begin_ns - margin, r.end_ns + margin);
}

void views_scroll_to(struct views *v, const struct model_lane *lane)
{
    int bottom = lane->y + lane->h, above = ui_px(&v->ui, 30); /* room for a heading */
    if (lane->y - above < v->scroll_px)
        v->scroll_px = lane->y - above;
    else if (bottom > v->scroll_px + v->lanes_visible_px)
        v->scroll_px = bottom - v->lanes_visible_px;
}

void views_move_thread(struct views *v, int step)
{
    if (!views_timeline_shown(v) || !v->doc->thread_count)
        return;
    int count = (int)v->doc->thread_count;
    int next = v->thread == MODEL_NO_THREAD ? (step > 0 ? 0 : count - 1) : v->thread + step;
    for (; next >= 0 && next < count; next += step) {
        const struct model_lane *lane = model_lanes_thread(&v->lanes, (uint32_t)next);
        if (!lane)
            continue;
        v->thread = next;
        views_scroll_to(v, lane);
        return;
    }
}

void views_pick_row(struct views *v, const struct views_pick *pick)
{
    v->pick = *pick;
    v->pick.set = true;
    v->thread = (int)pick->thread;
    if (v->bottom != VIEWS_WAITFOR) /* which is about the moment that was clicked */
        v->bottom = VIEWS_DETAILS;
    v->details_scroll_px = v->facts_scroll_px = 0;
}

static void show_pick(struct views *v)
{
    int64_t span = v->window.end_ns - v->window.begin_ns;
    if (v->pick.begin_ns >= v->window.begin_ns && v->pick.begin_ns < v->window.end_ns)
        return;
    model_window_show(&v->window, v->pick.begin_ns - span / 4, v->pick.begin_ns - span / 4 + span);
}

void views_step_span(struct views *v, int step)
{
    if (!views_timeline_shown(v) || !v->pick.set)
        return;
    struct views_pick pick = v->pick;
    struct model_lane lane = {.kind = pick.lane, .owner = pick.thread, .depth = pick.depth};
    struct model_spans spans;
    struct model_span s;
    if (!model_lane_spans(&lane, v->doc, &spans))
        return;
    model_spans_seek(&spans, pick.begin_ns);
    if (step < 0 && !spans.next)
        return;
    model_spans_goto(&spans, step < 0 ? spans.next - 1 : spans.next + 1);
    if (!model_spans_next(&spans, &s))
        return;
    pick.row = s.row;
    pick.begin_ns = s.begin_ns;
    pick.end_ns = s.end_ns;
    views_pick_row(v, &pick);
    show_pick(v);
}

void views_select_range(struct views *v, int64_t begin_ns, int64_t end_ns)
{
    if (begin_ns > end_ns) {
        int64_t swap = begin_ns;
        begin_ns = end_ns;
        end_ns = swap;
    }
    int64_t last = v->doc ? v->doc->duration_ns : 0;
    v->selection.begin_ns = begin_ns < 0 ? 0 : begin_ns;
    v->selection.end_ns = end_ns > last ? last : end_ns;
}

void views_clear(struct views *v)
{
    if (v->help_open)
        v->help_open = false;
    else if (model_range_ns(v->selection))
        v->selection = (struct model_range){0};
    else if (v->pick.set)
        v->pick.set = false;
    else
        v->thread = MODEL_NO_THREAD;
}

void views_scroll(struct views *v, int px)
{
    v->scroll_px += px; /* the scroll bar clamps it */
}

void views_zoom_ui(struct views *v, double factor)
{
    double zoom = factor > 0 ? v->zoom_ui * factor : 1;
    v->zoom_ui = zoom < 0.5 ? 0.5 : zoom > 3 ? 3 : zoom;
}

void views_reload(struct views *v)
{
    if (v->doc)
        v->trace_asked = (int)v->trace_at;
}

void views_hold_follow(struct views *v)
{
    if (v->follow == VIEWS_FOLLOW_ON) {
        v->follow = VIEWS_FOLLOW_PAUSED;
    } else if (v->follow == VIEWS_FOLLOW_PAUSED) {
        v->follow = VIEWS_FOLLOW_ON;
        v->selection = (struct model_range){0};
        v->pick.set = false;
        views_pan(v, 1e9); /* on with the end */
    }
}

/* Traces first, then profiles, then from the first again. */
void views_next_file(struct views *v)
{
    if (v->tab == 0 && v->trace_at + 1 < v->trace_count) {
        v->trace_asked = (int)v->trace_at + 1;
        return;
    }
    v->tab = (v->tab + 1) % (int)(v->profile_count + 1);
    if (v->tab == 0 && !v->doc && v->profile_count)
        v->tab = 1;
    if (v->tab == 0 && v->trace_at)
        v->trace_asked = 0;
}

void views_toggle_theme(struct views *v)
{
    v->ui.theme = gfx_theme(!v->ui.theme->is_dark, v->ui.theme->is_safe);
}

void views_toggle_safe(struct views *v)
{
    v->ui.theme = gfx_theme(v->ui.theme->is_dark, !v->ui.theme->is_safe);
    snprintf(v->notice, sizeof v->notice,
             v->ui.theme->is_safe
                 ? "colours that the colour-blind can tell apart: Shift+T goes back"
                 : "the usual colours");
}
