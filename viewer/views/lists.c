/* lists: the tabs Events, Locks, Syscalls, Allocations and Latency. */
#include "views/panel.h"
#include "views/views.h"

#include "base/fmt.h"

#include <stdlib.h>
#include <string.h>

enum {
    HISTOGRAM_BESIDE = 800 /* a panel at least this wide has it to the left of the list */
};

static const char *const names[MODEL_TABLE_KINDS] = {"events", "locks", "syscalls", "allocations",
                                                     "latency"};

void views_panel_init(struct views_panel *p)
{
    for (int k = 0; k < MODEL_TABLE_KINDS; k++)
        p->lists[k].grid = (struct views_grid){.name = names[k], .selected = UINT32_MAX};
    p->notes.selected = SIZE_MAX;
    p->difference.matter = COMPARE_WAITS;
}

void views_panel_stop(struct views_panel *p)
{
    for (int k = 0; k < MODEL_TABLE_KINDS; k++) {
        struct views_list *l = &p->lists[k];
        model_work_stop(&l->work);
        l->is_made = l->held = false;
        l->grid.selected = UINT32_MAX;
        model_table_release(&l->table); /* its texts are the trace's */
    }
    views_curve_stop(&p->curve);
    views_why_stop(&p->why);
    views_waitfor_stop(&p->waitfor);
    views_path_stop(&p->path);
    views_code_stop(&p->code);
    views_difference_stop(&p->difference);
    model_notes_release(&p->notes.notes);
    p->notes.selected = SIZE_MAX;
}

void views_panel_release(struct views_panel *p)
{
    views_panel_stop(p);
    for (int k = 0; k < MODEL_TABLE_KINDS; k++)
        model_table_release(&p->lists[k].next);
    views_curve_release(&p->curve);
    views_why_release(&p->why);
    views_waitfor_release(&p->waitfor);
    views_path_release(&p->path);
    views_code_release(&p->code);
    views_difference_release(&p->difference);
}

static void run(void *arg, const atomic_bool *cancel)
{
    struct views_list *l = arg;
    model_table_make(&l->next, &l->next_latency, l->doc, &l->asked, cancel);
}

static bool same_range(struct model_range a, struct model_range b)
{
    return a.begin_ns == b.begin_ns && a.end_ns == b.end_ns;
}

static struct model_table_query query_of(struct views *v, struct views_list *l,
                                         enum model_table_kind kind)
{
    if (l->held && !same_range(l->held_for, v->selection))
        l->held = false;
    struct model_range range = l->held ? l->range : views_range(v);
    bool one = kind == MODEL_TABLE_EVENTS || v->only_thread;
    return (struct model_table_query){.kind = kind,
                                      .variant = l->variant,
                                      .thread = one ? v->thread : MODEL_NO_THREAD,
                                      .begin_ns = range.begin_ns,
                                      .end_ns = range.end_ns,
                                      .least_ns = l->least_ns,
                                      .most_ns = l->most_ns};
}

static bool same_query(const struct model_table_query *a, const struct model_table_query *b)
{
    return a->kind == b->kind && a->variant == b->variant && a->thread == b->thread &&
           a->begin_ns == b->begin_ns && a->end_ns == b->end_ns && a->least_ns == b->least_ns &&
           a->most_ns == b->most_ns;
}

/* The selected row's span in the new table, so that a selection survives. */
static uint32_t same_row(const struct model_table *from, uint32_t row, const struct model_table *to)
{
    if (row >= from->row_count || !from->targets[row].set)
        return UINT32_MAX;
    const struct model_target *t = &from->targets[row];
    for (uint32_t i = 0; i < to->row_count; i++)
        if (to->targets[i].set && to->targets[i].row == t->row &&
            to->targets[i].thread == t->thread && to->targets[i].lane == t->lane)
            return i;
    return UINT32_MAX;
}

static void take(struct views_list *l)
{
    struct model_table old = l->table;
    l->table = l->next;
    l->next = old;
    l->latency = l->next_latency;
    l->made = l->asked;
    l->is_made = true;
    if (old.columns == l->table.columns) {
        l->table.sort = old.sort;
        l->table.descending = old.descending;
        l->grid.selected = same_row(&old, l->grid.selected, &l->table);
    } else {
        l->grid.selected = UINT32_MAX;
    }
    views_grid_refresh(&l->grid);
}

void views_list_update(struct views *v, enum model_table_kind kind)
{
    struct views_list *l = &v->panel.lists[kind];
    struct model_table_query query = query_of(v, l, kind);
    l->grid.table = &l->table;
    if (model_work_is_started(&l->work)) {
        if (model_work_done(&l->work))
            take(l);
        else if (!same_query(&query, &l->asked))
            model_work_cancel(&l->work);
    }
    if (!model_work_is_started(&l->work) && (!l->is_made || !same_query(&query, &l->made))) {
        l->asked = query;
        l->doc = v->doc;
        model_work_start(&l->work, run, l, gfx_wake);
    }
    if (model_work_is_started(&l->work))
        v->waiting = true;
}

/* --- tools ----------------------------------------------------------------------- */

static void choose(struct views *v, struct views_list *l, enum model_table_kind kind,
                   struct gfx_rect *r)
{
    static const char *const events[] = {"States", "Calls", "Lock waits", "Regions"};
    static const char *const calls[] = {"By call", "By file or peer"};
    static const char *const allocs[] = {"All", "Still live"};
    static const char *const latency[] = {"Waits for a CPU", "Calls", "Lock waits"};
    static const struct {
        const char *const *texts;
        int count;
    } choices[MODEL_TABLE_KINDS] = {[MODEL_TABLE_EVENTS] = {events, 4},
                                    [MODEL_TABLE_SYSCALLS] = {calls, 2},
                                    [MODEL_TABLE_ALLOCS] = {allocs, 2},
                                    [MODEL_TABLE_LATENCY] = {latency, 3}};
    if (!choices[kind].count)
        return;
    int chosen = ui_choice(&v->ui, UI_ID(names[kind], -10), r, choices[kind].texts,
                           choices[kind].count, l->variant);
    if (chosen != l->variant)
        l->least_ns = l->most_ns = 0;
    l->variant = chosen;
    ui_cut_left(r, ui_px(&v->ui, 10));
}

static void draw_held(struct views *v, struct views_list *l, struct gfx_rect *r)
{
    struct ui *ui = &v->ui;
    const char *text = "Range held  x";
    if (!l->held)
        return;
    ui_cut_left(r, ui_px(ui, 8));
    struct gfx_rect b = ui_cut_left(r, ui_button_width(ui, text));
    if (ui_button(ui, UI_ID(l->grid.name, -11), b, text, true)) {
        l->held = false;
        ui->again = true;
    }
    if (ui_hover(ui, b)) {
        struct model_words tip = {.title = "The list stays as it was when a row was opened",
                                  .class = MODEL_CLASSES};
        model_words_fact(&tip, "", "click to follow what is in sight again");
        views_tip(v, &tip, 0);
    }
}

static void draw_tools(struct views *v, struct views_list *l, enum model_table_kind kind,
                       struct gfx_rect r)
{
    static const char *const scopes[] = {"All threads", "Selected"};
    struct ui *ui = &v->ui;
    r = ui_inset(r, ui_px(ui, 10), ui_px(ui, 4));
    choose(v, l, kind, &r);
    if (kind != MODEL_TABLE_EVENTS) {
        v->only_thread = ui_choice(ui, UI_ID("scope", kind), &r, scopes, 2, v->only_thread) != 0;
        ui_cut_left(&r, ui_px(ui, 10));
    }
    views_grid_filter(v, &l->grid, &r);
    draw_held(v, l, &r);
    ui_cut_left(&r, ui_px(ui, 12));
    bool late = model_work_is_started(&l->work);
    const char *summary = l->is_made ? l->table.summary : "";
    if (l->grid.filter.text[0] && l->is_made) {
        char shown[FMT_MAX], all[FMT_MAX];
        summary = arena_printf(&v->frame, "%s of %s rows", fmt_count(shown, l->table.shown_count),
                               fmt_count(all, l->table.row_count));
    }
    ui_label_right(ui, GFX_SMALL, r, late ? "Reading ..." : summary, ui->theme->text_dim);
}

static bool needs_thread(struct views *v, enum model_table_kind kind, struct gfx_rect r)
{
    if (v->thread != MODEL_NO_THREAD || (kind != MODEL_TABLE_EVENTS && !v->only_thread))
        return false;
    ui_label_center(&v->ui, GFX_NORMAL, r,
                    "No thread is selected: click one's name, or press Up or Down",
                    v->ui.theme->text_dim);
    return true;
}

static void hold(struct views *v, struct views_list *l)
{
    l->held = true;
    l->range = (struct model_range){l->made.begin_ns, l->made.end_ns};
    l->held_for = v->selection;
}

void views_list_draw(struct views *v, enum model_table_kind kind, struct gfx_rect r)
{
    struct views_list *l = &v->panel.lists[kind];
    views_list_update(v, kind);
    draw_tools(v, l, kind, ui_cut_top(&r, ui_px(&v->ui, 32)));
    if (needs_thread(v, kind, r))
        return;
    if (!l->is_made) {
        ui_label_center(&v->ui, GFX_NORMAL, r, "Reading ...", v->ui.theme->text_dim);
        return;
    }
    if (kind == MODEL_TABLE_LATENCY) {
        bool beside = r.w > ui_px(&v->ui, HISTOGRAM_BESIDE);
        views_latency_draw(v, l, beside ? ui_cut_left(&r, r.w / 2) : ui_cut_top(&r, r.h / 2));
    }
    enum views_grid_event event = views_grid_draw(v, &l->grid, r);
    if (event == VIEWS_GRID_NONE || l->grid.selected >= l->table.row_count)
        return;
    if (event == VIEWS_GRID_OPENED)
        hold(v, l);
    views_jump(v, &l->table.targets[l->grid.selected], event == VIEWS_GRID_OPENED);
}

static void scroll_to_thread(struct views *v, uint32_t thread)
{
    const struct model_lane *lane = model_lanes_thread(&v->lanes, thread);
    if (!lane)
        return;
    if (lane->y < v->scroll_px)
        v->scroll_px = lane->y;
    else if (lane->y + 2 * lane->h > v->scroll_px + v->lanes_visible_px)
        v->scroll_px = lane->y + 2 * lane->h - v->lanes_visible_px;
}

void views_jump(struct views *v, const struct model_target *target, bool zoom)
{
    if (!target->set)
        return;
    int64_t length = target->end_ns - target->begin_ns;
    int64_t span = v->window.end_ns - v->window.begin_ns;
    if (target->lane != MODEL_LANE_KINDS)
        v->pick = (struct views_pick){.set = true,
                                      .lane = target->lane,
                                      .thread = target->thread,
                                      .row = target->row,
                                      .begin_ns = target->begin_ns,
                                      .end_ns = target->end_ns};
    v->thread = (int)target->thread;
    v->details_scroll_px = 0;
    scroll_to_thread(v, target->thread);
    if (zoom) {
        int64_t margin = length ? length : span / 50 + 1;
        model_window_show(&v->window, target->begin_ns - margin, target->end_ns + margin);
    } else if (target->begin_ns >= v->window.end_ns || target->end_ns < v->window.begin_ns) {
        model_window_show(&v->window, target->begin_ns - span / 4,
                          target->begin_ns - span / 4 + span);
    }
    v->ui.again = true;
}

const struct views_grid *views_grid_in_sight(const struct views *v)
{
    const struct views_grid *g = NULL;
    if (v->tab > 0)
        g = v->profiles[v->tab - 1].below == 0 ? &v->profiles[v->tab - 1].flame.top : NULL;
    else if (v->doc && v->bottom == VIEWS_TOP)
        g = &v->flame.top;
    else if (v->doc && v->bottom >= VIEWS_EVENTS && v->bottom <= VIEWS_LATENCY)
        g = &v->panel.lists[v->bottom - VIEWS_EVENTS].grid;
    else if (v->doc && v->bottom == VIEWS_PATH)
        g = &v->panel.path_grid;
    else if (v->doc && v->bottom == VIEWS_COMPARE)
        g = &v->panel.difference.grid;
    return g && g->table && g->table->columns ? g : NULL;
}

static void draw_events(struct views *v, struct gfx_rect r)
{
    views_list_draw(v, MODEL_TABLE_EVENTS, r);
}

static void draw_locks(struct views *v, struct gfx_rect r)
{
    views_list_draw(v, MODEL_TABLE_LOCKS, r);
}

static void draw_syscalls(struct views *v, struct gfx_rect r)
{
    views_list_draw(v, MODEL_TABLE_SYSCALLS, r);
}

static void draw_allocs(struct views *v, struct gfx_rect r)
{
    views_list_draw(v, MODEL_TABLE_ALLOCS, r);
}

static void draw_latency(struct views *v, struct gfx_rect r)
{
    views_list_draw(v, MODEL_TABLE_LATENCY, r);
}

const struct view view_events = {"events", draw_events}, view_locks = {"locks", draw_locks},
                  view_syscalls = {"syscalls", draw_syscalls},
                  view_allocs = {"allocations", draw_allocs},
                  view_latency = {"latency", draw_latency};
