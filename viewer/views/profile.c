/* profile: a .prof file: its flame graph above, a table, callers and callees or
 * source lines below; with another profile of its kind, what changed. */
#include "views/views.h"

#include "base/fmt.h"

#include <string.h>

enum {
    BELOW_TOP,
    BELOW_CALLERS,
    BELOW_SOURCE,
    BELOWS
};

/* The next open profile with a value type of the same name and unit, or NULL. */
static struct views_profile *other_of(struct views *v, const struct views_profile *p,
                                      size_t *other_type)
{
    const struct profile_value_type *type = &p->profile.value_types[p->type];
    size_t self = (size_t)(p - v->profiles);
    for (size_t i = 1; i < v->profile_count; i++) {
        struct views_profile *o = &v->profiles[(self + i) % v->profile_count];
        for (size_t t = 0; t < o->profile.value_type_count; t++) {
            const struct profile_value_type *b = &o->profile.value_types[t];
            if (strcmp(type->type, b->type) || strcmp(type->unit, b->unit))
                continue;
            *other_type = t;
            return o;
        }
    }
    return NULL;
}

static void forget(struct views_profile *p)
{
    p->flame.made = false;
    p->lines_made = false;
}

static void choose_diff(struct views *v, struct views_profile *p, struct gfx_rect *r)
{
    static const char *const diffs[] = {"This", "Change", "Relative"};
    static const char *const sides[] = {"Now", "Before"};
    struct ui *ui = &v->ui;
    size_t type;
    struct views_profile *other = other_of(v, p, &type);
    if (!other)
        return;
    struct gfx_rect begin = *r;
    int diff = ui_choice(ui, UI_ID("diff", v->tab), r, diffs, 3, p->diff);
    begin.w = r->x - begin.x;
    if (ui_hover(ui, begin)) {
        struct model_words tip = {.title = "What changed against the other profile",
                                  .class = MODEL_CLASSES};
        model_words_fact(&tip, "Other", model_basename(other->path));
        model_words_fact(&tip, "Relative", "as if both had the same sum");
        model_words_fact(&tip, "Colours", "red has grown, blue has shrunk");
        views_tip(v, &tip, 0);
    }
    ui_cut_left(r, ui_px(ui, 8));
    bool by_before = p->by_before;
    if (diff)
        by_before = ui_choice(ui, UI_ID("side", v->tab), r, sides, 2, p->by_before) != 0;
    if (diff != p->diff || by_before != p->by_before)
        forget(p);
    p->diff = diff;
    p->by_before = by_before;
    ui_cut_left(r, ui_px(ui, 8));
}

static void choose_type(struct views *v, struct views_profile *p, struct gfx_rect *r)
{
    struct ui *ui = &v->ui;
    size_t count = p->profile.value_type_count;
    const char **names = arena_array(&v->frame, count, sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = p->profile.value_types[i].type;
    size_t type = (size_t)ui_choice(ui, UI_ID("type", v->tab), r, names, (int)count, (int)p->type);
    if (type != p->type)
        forget(p);
    p->type = type;
    ui_cut_left(r, ui_px(ui, 10));
}

/* The selected function in the trace of the same program: its samples and waits. */
static void draw_in_trace(struct views *v, struct gfx_rect *r)
{
    struct ui *ui = &v->ui;
    const char *text = "In the trace";
    if (!v->doc || !v->function)
        return;
    if (ui_button(ui, UI_ID("in-trace", 0), ui_cut_left(r, ui_button_width(ui, text)), text,
                  false)) {
        v->tab = 0;
        views_search_set(v, arena_printf(&v->frame, "\"%s\"", v->function));
        ui->again = true;
    }
    ui_cut_left(r, ui_px(ui, 8));
}

static void draw_tools(struct views *v, struct views_profile *p, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    char share[FMT_MAX], weight[48];
    r = ui_inset(r, ui_px(ui, 10), ui_px(ui, 4));
    choose_type(v, p, &r);
    views_flame_tools(v, &p->flame, &r);
    choose_diff(v, p, &r);
    draw_in_trace(v, &r);
    if (v->find.text[0] && p->flame.match_made)
        ui_label_right(
            ui, GFX_SMALL, r,
            arena_printf(&v->frame, "%s found: %s",
                         fmt_share(share, p->flame.matched, p->flame.tree.nodes[0].total),
                         views_weight(weight, p->flame.unit, p->flame.matched)),
            ui->theme->text_dim);
}

static void make(struct views *v, struct views_profile *p)
{
    struct views_flame *f = &p->flame;
    size_t other_type;
    struct views_profile *other = p->diff ? other_of(v, p, &other_type) : NULL;
    if (other) {
        struct model_flame now = {0}, before = {0};
        model_flame_from_profile(&now, &p->profile, p->type);
        model_flame_from_profile(&before, &other->profile, other_type);
        model_flame_diff(&f->tree, &before, &now, p->diff == 2, p->by_before);
        model_flame_release(&now);
        model_flame_release(&before);
    } else {
        model_flame_from_profile(&f->tree, &p->profile, p->type);
    }
    f->unit = p->profile.value_types[p->type].unit;
    f->made = true;
    f->zoom = 0;
    f->top_made = f->match_made = f->sandwich_made = f->calls.made = f->beside.made = false;
}

static void draw_source(struct views *v, struct views_profile *p, struct gfx_rect r)
{
    const char *slash = strrchr(p->path, '/');
    const char *folder =
        slash ? arena_strndup(&v->frame, p->path, (size_t)(slash - p->path)) : NULL;
    if (!p->flame.function) {
        ui_label_center(&v->ui, GFX_NORMAL, r, "Pick a function in the table first",
                        v->ui.theme->text_dim);
        return;
    }
    if (!p->lines_made) {
        model_lines_from_profile(&p->source.lines, &p->profile, p->type);
        p->source.made = false;
    }
    p->lines_made = true;
    views_source_draw(v, &p->source, p->flame.function, p->flame.unit, folder,
                      "no source lines in this profile", r);
}

static void draw_below(struct views *v, struct views_profile *p, struct gfx_rect r)
{
    static const char *const names[BELOWS] = {"Top", "Callers and callees", "Source"};
    struct ui *ui = &v->ui;
    struct gfx_rect tabs = ui_cut_top(&r, ui_px(ui, 30));
    struct gfx_rect filter = ui_cut_right(&tabs, ui_px(ui, 160));
    p->below = ui_tabs(ui, UI_ID("below", v->tab), tabs, names, BELOWS, p->below);
    gfx_rect(ui->list, ui_cut_top(&r, 1), ui->theme->line);
    views_top_update(&p->flame);
    if (p->below == BELOW_TOP) {
        filter = ui_inset(filter, 0, ui_px(ui, 4));
        views_grid_filter(v, &p->flame.top, &filter);
        views_top_draw(v, &p->flame, r);
    } else if (p->below == BELOW_CALLERS) {
        if (p->flame.function)
            views_sandwich_draw(v, &p->flame, ui_inset(r, ui_px(ui, 10), ui_px(ui, 2)));
        else
            ui_label_center(ui, GFX_NORMAL, r, "Pick a function in the table first",
                            ui->theme->text_dim);
    } else {
        draw_source(v, p, r);
    }
}

/* A function selected in another profile or the trace: its callers and source. */
static void follow_selection(struct views *v, struct views_profile *p)
{
    if (!v->function || p->function_serial == v->function_serial)
        return;
    p->function_serial = v->function_serial;
    if (!p->flame.function || strcmp(p->flame.function, v->function))
        views_flame_focus(&p->flame, v->function);
}

static void draw(struct views *v, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    struct views_profile *p = &v->profiles[v->tab - 1];
    gfx_rect(ui->list, r, ui->theme->back);
    struct gfx_rect tools = ui_cut_top(&r, ui_px(ui, 34));
    gfx_rect(ui->list, tools, ui->theme->panel);
    gfx_rect(ui->list, ui_cut_bottom(&tools, 1), ui->theme->line);
    if (!p->flame.made)
        make(v, p);
    int panel = v->panel_px ? v->panel_px : ui_px(ui, 250);
    int below_h = panel > r.h * 2 / 3 ? r.h * 2 / 3 : panel;
    struct gfx_rect below = ui_cut_bottom(&r, below_h);
    gfx_rect(ui->list, below, ui->theme->panel);
    struct gfx_rect split = ui_cut_top(&below, ui_px(ui, 3));
    int size = below_h;
    ui_splitter(ui, UI_ID("profile-split", 0), split, true, -1, &size);
    if (size != below_h)
        v->panel_px = size;
    follow_selection(v, p);
    draw_tools(v, p, tools);
    /* The graph stays in sight while the table below leads through functions. */
    views_flame_graph_draw(v, &p->flame, ui_inset(r, ui_px(ui, 10), ui_px(ui, 8)));
    draw_below(v, p, below);
}

const struct view view_profile = {"profile", draw};
