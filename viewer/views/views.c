#include "views/views.h"

#include <stdlib.h>
#include <string.h>

enum {
    HEADER_H = 60,
    MINIMAP_H = 46,
    STATUS_H = 22,
    PANEL_H = 250,
    NAMES_W = 284,
    TABS_H = 30
};

void views_init(struct views *v)
{
    *v = (struct views){.thread = MODEL_NO_THREAD, .hover_ns = -1, .trace_asked = -1, .zoom_ui = 1};
    v->ui.theme = gfx_theme(true, false);
    v->ui.scale = 1;
    v->ui.in.x = v->ui.in.y = -1;
    v->flame.unit = "nanoseconds";
    views_panel_init(&v->panel);
    views_nav_init(&v->nav);
    model_window_init(&v->window, 0, 1);
}

void views_release(struct views *v)
{
    for (size_t i = 0; i < v->profile_count; i++) {
        free(v->profiles[i].path);
        profile_release(&v->profiles[i].profile);
        views_flame_release(&v->profiles[i].flame);
        views_source_release(&v->profiles[i].source);
    }
    free(v->profiles);
    views_panel_release(&v->panel);
    model_search_release(&v->search.run);
    views_tracks_release(&v->tracks);
    views_selection_release(&v->chosen);
    views_flame_release(&v->flame);
    model_lanes_release(&v->lanes);
    free(v->function);
    free(v->copied);
    arena_release(&v->frame);
}

void views_set_doc(struct views *v, struct model_doc *doc)
{
    views_panel_stop(&v->panel);
    model_search_release(&v->search.run);
    views_tracks_release(&v->tracks);
    views_selection_release(&v->chosen);
    v->search.placed = false;
    v->finder.mode = VIEWS_FINDER_CLOSED;
    views_nav_init(&v->nav);
    model_lanes_release(&v->lanes);
    v->doc = doc;
    v->loading = NULL;
    v->lanes_scale = 0;
    v->pick.set = v->hover.set = false;
    v->thread = MODEL_NO_THREAD;
    v->selection = (struct model_range){0};
    v->scroll_px = 0;
    v->flame.made = false;
    model_window_init(&v->window, doc ? doc->duration_ns : 0, v->window.width_px);
}

void views_add_profile(struct views *v, const char *path, struct profile *p)
{
    mem_grow(&v->profiles, &v->profile_cap, v->profile_count + 1, sizeof *v->profiles);
    struct views_profile *out = &v->profiles[v->profile_count++];
    *out = (struct views_profile){.path = strdup(path), .profile = *p, .type = p->default_type};
    *p = (struct profile){0};
    /* Without a trace the profile is what there is to see. */
    if (!v->doc && !v->loading && v->tab == 0)
        v->tab = 1;
}

bool views_timeline_shown(const struct views *v)
{
    return v->doc && v->tab == 0;
}

struct model_range views_range(const struct views *v)
{
    if (model_range_ns(v->selection))
        return v->selection;
    return (struct model_range){v->window.begin_ns, v->window.end_ns};
}

/* Scrolls to what a command went to, now that its lane is there. */
static void reveal(struct views *v)
{
    struct views_nav *n = &v->nav;
    const struct model_lane *lane = NULL;
    if (!n->reveal || !v->doc)
        return;
    if (v->pick.set)
        lane = model_lanes_find(&v->lanes, v->pick.lane, v->pick.thread, v->pick.depth);
    else if (n->reveal_kind)
        lane = model_lanes_find(&v->lanes, n->reveal_kind, n->reveal_owner, 0);
    else if (v->thread != MODEL_NO_THREAD)
        lane = model_lanes_thread(&v->lanes, (uint32_t)v->thread);
    if (lane && lane->kind == MODEL_LANE_LOCK) /* with those who waited for it */
        for (uint32_t depth = 1; depth <= MODEL_CROSS_WAITERS; depth++) {
            const struct model_lane *waiters =
                model_lanes_find(&v->lanes, lane->kind, lane->owner, depth);
            if (waiters)
                views_scroll_to(v, waiters);
        }
    if (lane)
        views_scroll_to(v, lane);
    n->reveal = false;
    n->reveal_kind = MODEL_LANE_PROCESS;
}

static void draw_bottom(struct views *v, struct gfx_rect r)
{
    static const char *const names[VIEWS_BOTTOMS] = {
        "Details", "Why",      "Flame graph", "Top",     "Events",
        "Locks",   "Syscalls", "Memory",      "Latency", "Utilisation",
        "Source",  "Wait-for", "Path",        "Notes",   "Compare"};
    static const struct view *const bottoms[VIEWS_BOTTOMS] = {
        &view_details, &view_why,      &view_flame,  &view_top,     &view_events,
        &view_locks,   &view_syscalls, &view_allocs, &view_latency, &view_curve,
        &view_source,  &view_waitfor,  &view_path,   &view_notes,   &view_difference};
    struct ui *ui = &v->ui;
    gfx_rect(ui->list, r, ui->theme->panel);
    struct gfx_rect tabs = ui_cut_top(&r, ui_px(ui, TABS_H));
    int count = v->trace_count > 1 ? VIEWS_BOTTOMS : VIEWS_COMPARE;
    if ((int)v->bottom >= count)
        v->bottom = VIEWS_DETAILS;
    v->bottom =
        (enum views_bottom)ui_tabs(ui, UI_ID("bottom", 0), tabs, names, count, (int)v->bottom);
    gfx_rect(ui->list, ui_cut_top(&r, 1), ui->theme->line);
    gfx_clip_push(ui->list, r);
    bottoms[v->bottom]->draw(v, r);
    gfx_clip_pop(ui->list);
}

/* Sizes as dragged, kept so that every part stays usable. */
static int sized(struct views *v, int *px, double otherwise, int least, int most)
{
    if (!*px)
        *px = ui_px(&v->ui, otherwise);
    if (*px > most)
        *px = most;
    if (*px < least)
        *px = least;
    return *px;
}

static void draw_trace(struct views *v, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    int names = sized(v, &v->names_px, NAMES_W, ui_px(ui, 120), r.w / 2);
    int share = (int)(r.h * 0.36 / ui->scale);
    int panel = sized(v, &v->panel_px, share < PANEL_H ? share : PANEL_H, ui_px(ui, 80),
                      r.h - ui_px(ui, 160));
    model_window_resize(&v->window, r.w - names - ui_px(ui, 1));
    view_minimap.draw(v, ui_cut_top(&r, ui_px(ui, MINIMAP_H)));
    struct gfx_rect bottom = ui_cut_bottom(&r, panel);
    struct gfx_rect split = ui_cut_top(&bottom, ui_px(ui, 3));
    ui_splitter(ui, UI_ID("panel", 0), split, true, -1, &v->panel_px);
    view_timeline.draw(v, r);
    draw_bottom(v, bottom);
}

static void draw_message(struct views *v, struct gfx_rect r, const char *title, const char *text)
{
    struct ui *ui = &v->ui;
    gfx_rect(ui->list, r, ui->theme->back);
    struct gfx_rect line = {r.x, r.y + r.h / 2 - ui_px(ui, 30), r.w, ui_px(ui, 26)};
    ui_label_center(ui, GFX_TITLE, line, title, ui->theme->text);
    line.y += ui_px(ui, 30);
    ui_label_center(ui, GFX_NORMAL, line, text, ui->theme->text_dim);
}

static void draw_main(struct views *v, struct gfx_rect r)
{
    if (v->tab > 0) {
        view_profile.draw(v, r);
        return;
    }
    if (v->loading && v->follow == VIEWS_FOLLOW_ON)
        draw_message(v, r, "Recording ...",
                     "The first picture comes within some seconds, when there are events");
    else if (v->loading && v->loading_permille)
        draw_message(v, r,
                     arena_printf(&v->frame, "Converting ... %u %%", v->loading_permille / 10),
                     v->loading);
    else if (v->loading)
        draw_message(v, r, "Opening ...", v->loading);
    else if (!v->doc)
        draw_message(v, r, "No trace is open", "Drop a trace_*.out or a .prof file on this window");
    else if (!v->doc->thread_count && !trace_table_rows(v->doc->trace, TRACE_COUNTER_TABLE))
        draw_message(v, r, "This trace is empty",
                     "It has no thread and no counter: the program ended before anything was "
                     "recorded, or nothing ran under whyprof");
    else
        draw_trace(v, r);
}

/* What one part of the screen can change for another that is drawn before it. */
struct shared_state {
    struct model_window window;
    struct model_range selection;
    struct views_pick pick;
    int scroll_px, tab, thread;
};

static struct shared_state shared_state(const struct views *v)
{
    return (struct shared_state){.window = v->window,
                                 .selection = v->selection,
                                 .pick = v->pick,
                                 .scroll_px = v->scroll_px,
                                 .tab = v->tab,
                                 .thread = v->thread};
}

static bool same_state(const struct shared_state *a, const struct shared_state *b)
{
    return a->window.begin_ns == b->window.begin_ns && a->window.end_ns == b->window.end_ns &&
           a->window.width_px == b->window.width_px &&
           a->selection.begin_ns == b->selection.begin_ns &&
           a->selection.end_ns == b->selection.end_ns && a->pick.set == b->pick.set &&
           a->pick.row == b->pick.row && a->pick.lane == b->pick.lane &&
           a->scroll_px == b->scroll_px && a->tab == b->tab && a->thread == b->thread;
}

void views_draw(struct views *v, int width_px, int height_px)
{
    struct ui *ui = &v->ui;
    struct shared_state before = shared_state(v);
    struct gfx_rect r = {0, 0, width_px, height_px};
    arena_clear(&v->frame);
    v->busy = v->waiting = false;
    v->tip_set = false;
    v->hover.set = false;
    v->hover_ns = -1;
    ui->modal = v->help_open;
    ui_begin(ui, width_px, height_px);
    views_tracks_update(v);
    reveal(v);
    gfx_rect(ui->list, r, ui->theme->back);
    view_header.draw(v, ui_cut_top(&r, ui_px(ui, HEADER_H)));
    view_status.draw(v, ui_cut_bottom(&r, ui_px(ui, STATUS_H)));
    draw_main(v, r);
    views_search_list(v);
    views_finder_draw(v);
    views_draw_tip(v);
    views_nav_update(v);
    if (v->help_open) {
        ui->modal = false;
        view_help.draw(v, ui->list->clips[0]);
    }
    ui_end(ui);
    struct shared_state after = shared_state(v);
    if (ui->again || !same_state(&before, &after))
        v->busy = true;
}
