/* source: a function's lines with what each weighs; where the file is not found, the
 * lines that have a weight. */
#include "views/views.h"

#include "base/fmt.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROW_H = 18,
    LEAD = 2,   /* lines above the first of them when the file is shown */
    AROUND = 12 /* lines shown before and after those that weigh something */
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

static void find(struct views_source *s, const char *function, const char *profile)
{
    char *folder = strdup(profile);
    char *slash = strrchr(folder, '/');
    free(s->function);
    s->function = strdup(function);
    model_source_release(&s->file);
    s->scroll_px = -1;
    s->first = s->end = 0;
    if (slash)
        *slash = '\0';
    const struct model_line *best = main_line(s);
    if (best)
        model_source_open(&s->file, best->file, slash ? folder : NULL);
    s->name = best ? best->file : "";
    for (size_t i = 0; i < s->lines.count; i++) {
        const struct model_line *l = &s->lines.v[i];
        if (strcmp(l->function, s->function) || strcmp(l->file, s->name))
            continue;
        s->first = !s->first || l->line < s->first ? l->line : s->first;
        s->end = l->line >= s->end ? l->line + 1 : s->end;
    }
    free(folder);
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

static void draw_line(struct views *v, const struct views_profile *p, int64_t number,
                      struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    const struct views_source *s = &p->source;
    uint64_t self = 0, total = 0, all = p->flame.tree.nodes[0].total;
    for (size_t i = 0; i < s->lines.count; i++) {
        const struct model_line *l = &s->lines.v[i];
        if (l->line == number && !strcmp(l->file, s->name)) {
            self += l->self;
            total = l->total > total ? l->total : total;
        }
    }
    draw_weight(v, ui_cut_left(&r, ui_px(ui, 90)), p->flame.unit, self, all);
    draw_weight(v, ui_cut_left(&r, ui_px(ui, 90)), p->flame.unit, total, all);
    const char *text = arena_printf(&v->frame, "%" PRId64, number);
    ui_label_right(ui, GFX_MONO, ui_cut_left(&r, ui_px(ui, 52)), text, ui->theme->text_dim);
    ui_cut_left(&r, ui_px(ui, 14));
    char *shown = arena_strdup(
        &v->frame, number <= (int64_t)s->file.count && number > 0 ? s->file.lines[number - 1] : "");
    for (char *c = shown; *c; c++)
        *c = *c == '\t' ? ' ' : *c == '\r' ? '\0' : *c;
    ui_label(ui, GFX_MONO, r, shown, total ? ui->theme->text : ui->theme->text_dim);
}

void views_source_draw(struct views *v, struct views_profile *p, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    struct views_source *s = &p->source;
    const char *function = p->flame.function;
    if (!function) {
        ui_label_center(ui, GFX_NORMAL, r, "Pick a function in the table first",
                        ui->theme->text_dim);
        return;
    }
    if (!s->made)
        model_lines_from_profile(&s->lines, &p->profile, p->type);
    if (!s->made || !s->function || strcmp(s->function, function))
        find(s, function, p->path);
    s->made = true;
    struct gfx_rect head = ui_cut_top(&r, ui_px(ui, 22));
    gfx_rect(ui->list, head, ui->theme->raised);
    const char *where = s->file.path ? s->file.path
                        : s->name[0]
                            ? arena_printf(&v->frame, "%s (the file was not found)", s->name)
                            : "no source lines in this profile";
    ui_label_right(ui, GFX_SMALL, ui_cut_left(&head, ui_px(ui, 84)), "Flat", ui->theme->text_dim);
    ui_label_right(ui, GFX_SMALL, ui_cut_left(&head, ui_px(ui, 90)), "Cum", ui->theme->text_dim);
    ui_cut_left(&head, ui_px(ui, 72));
    ui_label(ui, GFX_SMALL, head, arena_printf(&v->frame, "%s    %s", function, where),
             ui->theme->text);
    int64_t from = s->first - AROUND < 1 ? 1 : s->first - AROUND, end = s->end + AROUND;
    if (s->file.count && end > (int64_t)s->file.count + 1)
        end = (int64_t)s->file.count + 1;
    if (!s->end)
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
        draw_line(v, p, from + i, row);
    }
    gfx_clip_pop(ui->list);
}
