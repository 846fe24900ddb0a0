/* notes: the list of notes and bookmarks, and their marks on the time axis. */
#include "views/panel.h"
#include "views/views.h"

#include "base/fmt.h"
#include "model/ticks.h"

enum {
    ROW_H = 26
};

static void show(struct views *v, const struct model_note *n)
{
    int64_t length = n->end_ns - n->begin_ns, span = v->window.end_ns - v->window.begin_ns;
    if (length) {
        views_select_range(v, n->begin_ns, n->end_ns);
        model_window_show(&v->window, n->begin_ns - length / 4, n->end_ns + length / 4);
    } else {
        model_window_show(&v->window, n->begin_ns - span / 2, n->begin_ns + span / 2);
    }
    v->ui.again = true;
}

static uint64_t edit_id(void)
{
    return UI_ID("note-text", 0);
}

static void edit(struct views *v, size_t index)
{
    struct views_notes *n = &v->panel.notes;
    n->selected = index;
    ui_edit_set(&n->text, n->notes.v[index].text);
    ui_focus(&v->ui, edit_id());
}

void views_note_add(struct views *v)
{
    struct views_notes *n = &v->panel.notes;
    struct model_range r = v->selection;
    if (!views_timeline_shown(v))
        return;
    if (!model_range_ns(r) && v->pick.set)
        r = (struct model_range){v->pick.begin_ns, v->pick.end_ns};
    if (!model_range_ns(r)) {
        int64_t at = v->hover_ns >= 0
                         ? v->hover_ns
                         : v->window.begin_ns + (v->window.end_ns - v->window.begin_ns) / 2;
        r = (struct model_range){at, at};
    }
    v->bottom = VIEWS_NOTES;
    edit(v, model_notes_add(&n->notes, r.begin_ns, r.end_ns, ""));
}

static void draw_place(struct views *v, const struct model_note *n, struct gfx_rect *r)
{
    struct ui *ui = &v->ui;
    char at[MODEL_TIME_MAX], length[FMT_MAX];
    struct gfx_rect cell = ui_cut_left(r, ui_px(ui, 120));
    ui_label_right(ui, GFX_NORMAL, cell, model_time_exact(at, n->begin_ns), ui->theme->text);
    cell = ui_cut_left(r, ui_px(ui, 80));
    if (n->end_ns > n->begin_ns)
        ui_label_right(ui, GFX_NORMAL, cell, fmt_ns(length, (uint64_t)(n->end_ns - n->begin_ns)),
                       ui->theme->text_dim);
    ui_cut_left(r, ui_px(ui, 16));
}

/* False when the note is gone. */
static bool draw_note(struct views *v, size_t index, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    struct views_notes *n = &v->panel.notes;
    struct model_note *note = &n->notes.v[index];
    struct gfx_rect whole = r;
    if (index == n->selected)
        gfx_rect(ui->list, r, gfx_mix(ui->theme->panel, ui->theme->accent, 50));
    else if (ui_hover(ui, r))
        gfx_rect(ui->list, r, ui->theme->raised);
    draw_place(v, note, &r);
    struct gfx_rect drop =
        ui_inset(ui_cut_right(&r, ui_button_width(ui, "Delete")), 0, ui_px(ui, 2));
    ui_cut_right(&r, ui_px(ui, 10));
    if (index == n->selected) {
        enum ui_edit_result result = ui_edit(ui, edit_id(), ui_inset(r, 0, ui_px(ui, 2)), &n->text,
                                             "what is to be seen here");
        if (result != UI_EDIT_NONE)
            model_notes_set(&n->notes, index, n->text.text);
        if (result == UI_EDIT_ENTER)
            ui_focus(ui, 0);
    } else {
        ui_label(ui, GFX_NORMAL, ui_inset(r, ui_px(ui, 7), 0),
                 note->text[0] ? note->text : "(bookmark)",
                 note->text[0] ? ui->theme->text : ui->theme->text_dim);
    }
    if (ui_button(ui, UI_ID("note-drop", index), drop, "Delete", false)) {
        model_notes_remove(&n->notes, index);
        n->selected = SIZE_MAX;
        ui->again = true;
        return false;
    }
    if (ui_click(ui, UI_ID("note", index), whole)) {
        show(v, note);
        edit(v, index);
    }
    return true;
}

static void draw(struct views *v, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    struct views_notes *n = &v->panel.notes;
    struct gfx_rect tools = ui_inset(ui_cut_top(&r, ui_px(ui, 32)), ui_px(ui, 10), ui_px(ui, 4));
    if (ui_button(ui, UI_ID("note-add", 0), ui_cut_left(&tools, ui_button_width(ui, "Add a note")),
                  "Add a note", false))
        views_note_add(v);
    ui_cut_left(&tools, ui_px(ui, 12));
    ui_label(ui, GFX_SMALL, tools,
             "on the selected range, the picked span, or the instant under the pointer (B)",
             ui->theme->text_dim);
    if (!n->notes.count) {
        ui_label_center(ui, GFX_NORMAL, r,
                        "No notes yet. They are kept beside the trace, for whoever opens it next.",
                        ui->theme->text_dim);
        return;
    }
    int row_h = ui_px(ui, ROW_H);
    int bar = ui_scroll(ui, UI_ID("notes", 0), r, (int)n->notes.count * row_h, &n->scroll_px);
    gfx_clip_push(ui->list, r);
    for (size_t i = 0; i < n->notes.count; i++) {
        struct gfx_rect row = {r.x, r.y + (int)i * row_h - n->scroll_px, r.w - bar - ui_px(ui, 8),
                               row_h};
        if (row.y + row_h > r.y && row.y < r.y + r.h && !draw_note(v, i, row))
            break;
    }
    gfx_clip_pop(ui->list);
}

void views_notes_axis(struct views *v, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    const struct views_notes *n = &v->panel.notes;
    gfx_clip_push(ui->list, r);
    for (size_t i = 0; i < n->notes.count; i++) {
        const struct model_note *note = &n->notes.v[i];
        int x0 = r.x + model_px_from_ns(&v->window, note->begin_ns);
        int x1 = r.x + model_px_from_ns(&v->window, note->end_ns);
        int least = x0 + ui_px(ui, 7);
        x1 = x1 < least ? least : x1;
        if (x1 < r.x || x0 > r.x + r.w)
            continue;
        struct gfx_rect flag = {x0, r.y, x1 - x0, ui_px(ui, 6)};
        gfx_rect(ui->list, flag, ui->theme->warn);
        gfx_rect(ui->list, (struct gfx_rect){x0, r.y, 1, r.h}, ui->theme->warn);
        if (!ui_hover(ui, flag))
            continue;
        struct model_words w = {.title = note->text[0] ? note->text : "bookmark",
                                .class = MODEL_CLASSES};
        views_tip(v, &w, 0);
    }
    gfx_clip_pop(ui->list);
}

const struct view view_notes = {"notes", draw};
