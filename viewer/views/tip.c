/* tip: the tooltip of what is under the pointer. */
#include "views/palette.h"
#include "views/views.h"

#include <string.h>

enum {
    TIP_FACTS = 12,
    TIP_STACK = 6,
    NAME_MAX_BYTES = 512
};

void views_tip(struct views *v, const struct model_words *words, int stack_lines)
{
    v->tip = *words;
    v->tip.fact_count = 0;
    for (size_t i = 0; i < words->fact_count; i++)
        if (!words->facts[i].minor)
            v->tip.facts[v->tip.fact_count++] = words->facts[i];
    v->tip_set = true;
    v->tip_more = stack_lines > TIP_STACK ? TIP_STACK : stack_lines;
}

struct tip_layout {
    size_t facts;
    size_t frames;
    const char *names[TIP_STACK];
    int label_w, w, h, line_h, pad;
};

static int max_int(int a, int b)
{
    return a > b ? a : b;
}

static void read_stack(struct views *v, struct tip_layout *l)
{
    struct trace_frame frames[TIP_STACK];
    if (!v->doc || !v->tip.stack_id || !v->tip_more)
        return;
    size_t depth = trace_stack(v->doc->trace, v->tip.stack_id, frames, (size_t)v->tip_more);
    l->frames = depth < (size_t)v->tip_more ? depth : (size_t)v->tip_more;
    for (size_t i = 0; i < l->frames; i++) {
        char name[NAME_MAX_BYTES];
        l->names[i] = arena_strdup(&v->frame, model_frame_name(&frames[i], name, sizeof name));
    }
}

static void measure(struct views *v, struct tip_layout *l, int most_w)
{
    struct ui *ui = &v->ui;
    l->facts = v->tip.fact_count < TIP_FACTS ? v->tip.fact_count : TIP_FACTS;
    l->pad = ui_px(ui, 9);
    l->line_h = ui_px(ui, 17);
    read_stack(v, l);
    for (size_t i = 0; i < l->facts; i++)
        l->label_w = max_int(l->label_w, ui_text_width(ui, GFX_SMALL, v->tip.facts[i].label));
    for (size_t i = 0; i < l->facts; i++)
        if (v->tip.facts[i].class != MODEL_CLASSES)
            l->label_w = max_int(l->label_w, ui_text_width(ui, GFX_SMALL, v->tip.facts[i].label) +
                                                 ui_px(ui, 14));
    l->label_w += ui_px(ui, 12);
    l->w = ui_text_width(ui, GFX_BOLD, v->tip.title) + ui_px(ui, 16);
    for (size_t i = 0; i < l->facts; i++)
        l->w = max_int(l->w, l->label_w + ui_text_width(ui, GFX_NORMAL, v->tip.facts[i].text));
    for (size_t i = 0; i < l->frames; i++)
        l->w = max_int(l->w, ui_text_width(ui, GFX_SMALL, l->names[i]) + ui_px(ui, 12));
    l->w = (l->w > most_w ? most_w : l->w) + 2 * l->pad;
    l->h = 2 * l->pad + l->line_h * (int)(1 + l->facts + l->frames) +
           (l->facts ? ui_px(ui, 4) : 0) + (l->frames ? ui_px(ui, 6) : 0);
}

/* Beside the pointer, inside the window. */
static struct gfx_rect place(const struct ui *ui, const struct tip_layout *l)
{
    struct gfx_rect all = ui->list->clips[0];
    int off = ui_px(ui, 14), edge = ui_px(ui, 4);
    int x = ui->in.x + off, y = ui->in.y + off;
    if (x + l->w > all.w - edge)
        x = ui->in.x - off - l->w;
    if (y + l->h > all.h - edge)
        y = ui->in.y - off - l->h;
    return (struct gfx_rect){x < edge ? edge : x, y < edge ? edge : y, l->w, l->h};
}

static void draw_facts(struct views *v, const struct tip_layout *l, struct gfx_rect *in)
{
    struct ui *ui = &v->ui;
    for (size_t i = 0; i < l->facts; i++) {
        const struct model_fact *f = &v->tip.facts[i];
        struct gfx_rect row = ui_cut_top(in, l->line_h), label = ui_cut_left(&row, l->label_w);
        if (f->class != MODEL_CLASSES) {
            struct gfx_rect chip = ui_cut_left(&label, ui_px(ui, 14));
            gfx_rect(ui->list,
                     (struct gfx_rect){chip.x, chip.y + (chip.h - ui_px(ui, 9)) / 2, ui_px(ui, 9),
                                       ui_px(ui, 9)},
                     palette_span(ui->theme, f->class));
        }
        ui_label(ui, GFX_SMALL, label, f->label, ui->theme->text_dim);
        ui_label(ui, GFX_NORMAL, row, f->text, ui->theme->text);
    }
}

static void draw_box(struct ui *ui, struct gfx_rect r)
{
    const struct gfx_theme *t = ui->theme;
    gfx_rect(ui->list, (struct gfx_rect){r.x + ui_px(ui, 3), r.y + ui_px(ui, 3), r.w, r.h},
             gfx_alpha(0, t->is_dark ? 110 : 40));
    gfx_round(ui->list, r, ui_px(ui, 4), gfx_mix(t->line, t->text_dim, 60));
    gfx_round(ui->list, ui_inset(r, 1, 1), ui_px(ui, 4), t->raised);
}

/* The whole of a text that had no room. */
static void draw_elided(struct ui *ui)
{
    struct tip_layout l = {.pad = ui_px(ui, 9)};
    char text[UI_ELIDED]; /* drawing may elide again */
    memcpy(text, ui->elided, sizeof text);
    int w = ui_text_width(ui, GFX_NORMAL, text), most = ui->list->clips[0].w * 6 / 10;
    w = w < most ? w : most;
    l.w = w + 2 * l.pad;
    l.h = ui_wrap_height(ui, GFX_NORMAL, w, text) + 2 * l.pad;
    struct gfx_rect r = place(ui, &l);
    draw_box(ui, r);
    r = ui_inset(r, l.pad, l.pad);
    ui_wrap(ui, GFX_NORMAL, &r, text, ui->theme->text);
}

void views_draw_tip(struct views *v)
{
    struct ui *ui = &v->ui;
    const struct gfx_theme *t = ui->theme;
    if (v->help_open)
        return;
    if (!v->tip_set && ui->elided[0])
        draw_elided(ui);
    if (!v->tip_set)
        return;
    struct tip_layout l = {0};
    measure(v, &l, ui->list->clips[0].w * 6 / 10);
    struct gfx_rect r = place(ui, &l);
    draw_box(ui, r);
    struct gfx_rect in = ui_inset(r, l.pad, l.pad), head = ui_cut_top(&in, l.line_h);
    if (v->tip.class != MODEL_CLASSES) {
        struct gfx_rect chip = ui_cut_left(&head, ui_px(ui, 16));
        gfx_rect(ui->list,
                 (struct gfx_rect){chip.x, chip.y + (chip.h - ui_px(ui, 10)) / 2, ui_px(ui, 10),
                                   ui_px(ui, 10)},
                 palette_span(t, v->tip.class));
    }
    ui_label(ui, GFX_BOLD, head, v->tip.title, t->text);
    if (l.facts)
        ui_cut_top(&in, ui_px(ui, 4));
    draw_facts(v, &l, &in);
    if (l.frames)
        ui_cut_top(&in, ui_px(ui, 6));
    for (size_t i = 0; i < l.frames; i++)
        ui_label(ui, GFX_SMALL, ui_cut_top(&in, l.line_h), l.names[i], i ? t->text_dim : t->text);
}
