#include "views/source.h"

#include "views/views.h"

#include "base/fmt.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROW_H = 18,
    LEAD = 2,       /* lines above the first of them when the file is shown */
    MOST = 1 << 20, /* lines shown at most: a damaged file may claim any */
    AROUND = 12     /* lines shown before and after those that weigh something */
};

void views_source_release(struct views_source *s)
{
    model_lines_release(&s->lines);
    model_source_release(&s->file);
    free(s->function);
    *s = (struct views_source){0};
}

/* The heaviest line of the function tells the file, for inlined parts have others. */
static const struct model_line *main_line(const struct views_source *s)
{
    const struct model_line *best = NULL;
    for (size_t i = 0; i < s->lines.count; i++) {
        const struct model_line *l = &s->lines.v[i];
        if (!strcmp(l->function, s->function) && (!best || l->total > best->total))
            best = l;
    }
    return best;
}

static void find(struct views_source *s, const char *function, const char *folder)
{
    bool same = s->function && !strcmp(s->function, function);
    char *copy = strdup(function);
    if (!copy)
        abort();
    free(s->function);
    s->function = copy;
    model_source_release(&s->file);
    s->scroll_px = same ? s->scroll_px : -1;
    s->first = s->end = 0;
    const struct model_line *best = main_line(s);
    s->name = best ? best->file : s->hint_file ? s->hint_file : "";
    if (s->name[0])
        model_source_open(&s->file, s->name, folder);
    if (!best && s->name[0]) {
        s->first = s->hint_line;
        s->end = s->hint_line + 1;
    }
    for (size_t i = 0; i < s->lines.count; i++) {
        const struct model_line *l = &s->lines.v[i];
        if (strcmp(l->function, s->function) || strcmp(l->file, s->name))
            continue;
        s->first = !s->first || l->line < s->first ? l->line : s->first;
        s->end = l->line >= s->end ? l->line + 1 : s->end;
    }
    if (!s->name[0])
        s->first = s->end = 0;
    s->made = true;
}

static void draw_weight(struct views *v, struct gfx_rect r, const char *unit, uint64_t n,
                        uint64_t all)
{
    char text[48];
    struct gfx_rect bar = ui_inset(r, ui_px(&v->ui, 2), 1);
    if (!n)
        return;
    bar.w = all ? (int)((double)bar.w * (double)n / (double)all) : 0;
    gfx_rect(v->ui.list, bar, gfx_mix(v->ui.theme->panel, v->ui.theme->accent, 70));
    ui_label_right(&v->ui, GFX_SMALL, ui_inset(r, ui_px(&v->ui, 6), 0), views_weight(text, unit, n),
                   v->ui.theme->text);
}

static void draw_line(struct views *v, const struct views_source *s, const char *unit,
                      int64_t number, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    uint64_t self = 0, total = 0, all = s->lines.all;
    for (size_t i = 0; i < s->lines.count; i++) {
        const struct model_line *l = &s->lines.v[i];
        if (l->line == number && !strcmp(l->file, s->name)) {
            self += l->self;
            total = l->total > total ? l->total : total;
        }
    }
    if (number == s->hint_line && s->hint_file && !strcmp(s->name, s->hint_file))
        gfx_rect(ui->list, r, ui->theme->hover);
    draw_weight(v, ui_cut_left(&r, ui_px(ui, 90)), unit, self, all);
    draw_weight(v, ui_cut_left(&r, ui_px(ui, 90)), unit, total, all);
    const char *text = arena_printf(&v->frame, "%" PRId64, number);
    ui_label_right(ui, GFX_MONO, ui_cut_left(&r, ui_px(ui, 52)), text, ui->theme->text_dim);
    ui_cut_left(&r, ui_px(ui, 14));
    char *shown = arena_strdup(
        &v->frame, number <= (int64_t)s->file.count && number > 0 ? s->file.lines[number - 1] : "");
    for (char *c = shown; *c; c++)
        *c = *c == '\t' ? ' ' : *c == '\r' ? '\0' : *c;
    ui_label(ui, GFX_MONO, r, shown, total ? ui->theme->text : ui->theme->text_dim);
}

void views_source_draw(struct views *v, struct views_source *s, const char *function,
                       const char *unit, const char *folder, const char *without, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    if (!s->made || !s->function || strcmp(s->function, function))
        find(s, function, folder);
    struct gfx_rect head = ui_cut_top(&r, ui_px(ui, 22));
    gfx_rect(ui->list, head, ui->theme->raised);
    const char *where = s->file.path ? s->file.path
                        : s->name[0]
                            ? arena_printf(&v->frame, "%s (the file was not found)", s->name)
                            : without;
    ui_label_right(ui, GFX_SMALL, ui_cut_left(&head, ui_px(ui, 84)), "Flat", ui->theme->text_dim);
    ui_label_right(ui, GFX_SMALL, ui_cut_left(&head, ui_px(ui, 90)), "Cum", ui->theme->text_dim);
    ui_cut_left(&head, ui_px(ui, 72));
    ui_label(ui, GFX_SMALL, head, arena_printf(&v->frame, "%s    %s", function, where),
             ui->theme->text);
    int64_t from = s->first - AROUND < 1 ? 1 : s->first - AROUND, end = s->end + AROUND;
    if (s->file.count && end > (int64_t)s->file.count + 1)
        end = (int64_t)s->file.count + 1;
    if (end > from + MOST)
        end = from + MOST;
    if (!s->end || end <= from)
        return;
    int row_h = ui_px(ui, ROW_H);
    if (s->scroll_px < 0)
        s->scroll_px = (int)(s->first - from - LEAD) * row_h;
    ui_scroll(ui, UI_ID("source", (uintptr_t)s), r, (int)(end - from) * row_h, &s->scroll_px);
    gfx_clip_push(ui->list, r);
    for (int64_t i = s->scroll_px / row_h; i < end - from; i++) {
        struct gfx_rect row = {r.x, r.y + (int)i * row_h - s->scroll_px, r.w - ui_px(ui, 10),
                               row_h};
        if (row.y >= r.y + r.h)
            break;
        draw_line(v, s, unit, from + i, row);
    }
    gfx_clip_pop(ui->list);
}
