/* profile: a .prof file: its flame graph, its top table, its value types. */
#include "views/views.h"

static void choose_type(struct views *v, struct views_profile *p, struct gfx_rect r)
{
    static const char *const ways[] = {"Icicle", "Flame"};
    struct ui *ui = &v->ui;
    r = ui_inset(r, ui_px(ui, 10), ui_px(ui, 4));
    size_t count = p->profile.value_type_count;
    const char **names = arena_array(&v->frame, count, sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = arena_printf(&v->frame, "%s (%s)", p->profile.value_types[i].type,
                                p->profile.value_types[i].unit);
    size_t type = (size_t)ui_choice(ui, UI_ID("type", v->tab), &r, names, (int)count, (int)p->type);
    if (type != p->type) {
        p->type = type;
        p->flame.made = false;
    }
    ui_cut_left(&r, ui_px(ui, 12));
    p->flame.flipped = ui_choice(ui, UI_ID("way", v->tab), &r, ways, 2, p->flame.flipped) != 0;
    ui_cut_left(&r, ui_px(ui, 12));
    if (p->flame.zoom &&
        ui_button(ui, UI_ID("zoom-out", v->tab), ui_cut_left(&r, ui_button_width(ui, "Zoom out")),
                  "Zoom out", false)) {
        p->flame.zoom = 0;
        ui->again = true;
    }
}

static void draw(struct views *v, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    struct views_profile *p = &v->profiles[v->tab - 1];
    gfx_rect(ui->list, r, ui->theme->back);
    struct gfx_rect tools = ui_cut_top(&r, ui_px(ui, 34));
    gfx_rect(ui->list, tools, ui->theme->panel);
    gfx_rect(ui->list, ui_cut_bottom(&tools, 1), ui->theme->line);
    choose_type(v, p, tools);
    if (!p->flame.made) {
        model_flame_from_profile(&p->flame.tree, &p->profile, p->type);
        p->flame.unit = p->profile.value_types[p->type].unit;
        p->flame.made = true;
        p->flame.zoom = 0;
        p->flame.top_made = false;
    }
    int top_h = v->panel_px ? v->panel_px : ui_px(ui, 250);
    top_h = top_h > r.h / 2 ? r.h / 2 : top_h;
    struct gfx_rect table = ui_cut_bottom(&r, top_h);
    gfx_rect(ui->list, table, ui->theme->panel);
    struct gfx_rect split = ui_cut_top(&table, ui_px(ui, 3));
    v->panel_px = top_h;
    ui_splitter(ui, UI_ID("profile-split", 0), split, true, -1, &v->panel_px);
    views_flame_draw(v, &p->flame, ui_inset(r, ui_px(ui, 10), ui_px(ui, 8)));
    views_top_draw(v, &p->flame, table);
}

const struct view view_profile = {"profile", draw};
