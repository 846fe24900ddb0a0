/* latency: the histogram of durations, on a scale of powers of two, with a brush. */
#include "views/panel.h"
#include "views/views.h"

#include "base/fmt.h"

enum {
    LABEL_APART = 80
};

struct plot {
    struct gfx_rect r;
    unsigned first, end; /* buckets shown */
    uint64_t most;       /* instances in the fullest one */
};

static struct plot plot_of(const struct model_latency *l, struct gfx_rect r)
{
    struct plot p = {.r = r, .first = MODEL_LATENCY_BUCKETS, .most = 1};
    for (unsigned b = 0; b < MODEL_LATENCY_BUCKETS; b++) {
        if (!l->buckets[b])
            continue;
        p.first = b < p.first ? b : p.first;
        p.end = b + 1;
        p.most = l->buckets[b] > p.most ? l->buckets[b] : p.most;
    }
    if (p.first >= p.end) {
        p.first = 0;
        p.end = 1;
    }
    p.first = p.first > 2 ? p.first - 2 : 0;
    p.end = p.end + 2 < MODEL_LATENCY_BUCKETS ? p.end + 2 : MODEL_LATENCY_BUCKETS;
    return p;
}

static int x_of(const struct plot *p, unsigned bucket)
{
    return p->r.x + (int)((int64_t)(bucket - p->first) * p->r.w / (p->end - p->first));
}

static unsigned bucket_at(const struct plot *p, int x)
{
    int64_t at = (int64_t)(x - p->r.x) * (p->end - p->first) / (p->r.w > 0 ? p->r.w : 1);
    at = at < 0 ? 0 : at;
    unsigned b = p->first + (unsigned)at;
    return b < p->end ? b : p->end - 1;
}

static void draw_bars(struct views *v, const struct views_list *l, const struct plot *p)
{
    struct ui *ui = &v->ui;
    int floor_y = p->r.y + p->r.h;
    for (unsigned b = p->first; b < p->end; b++) {
        uint64_t n = l->latency.buckets[b];
        if (!n)
            continue;
        /* What occurs at all can be seen. */
        int h = (int)((double)n * (p->r.h - 2) / (double)p->most);
        h = h < ui_px(ui, 2) ? ui_px(ui, 2) : h;
        uint64_t at = model_latency_begin(b);
        bool in = !l->most_ns || (at >= l->least_ns && at < l->most_ns);
        struct gfx_rect bar = {x_of(p, b), floor_y - h, 0, h};
        bar.w = x_of(p, b + 1) - bar.x - 1;
        bar.w = bar.w < 1 ? 1 : bar.w;
        gfx_rect(ui->list, bar, in ? ui->theme->accent : ui->theme->hover);
    }
}

static void draw_scale(struct views *v, const struct plot *p, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    char text[FMT_MAX];
    int free_from = p->r.x;
    gfx_rect(ui->list, (struct gfx_rect){r.x, r.y, r.w, 1}, ui->theme->line);
    for (unsigned b = p->first; b < p->end; b++) {
        int x = x_of(p, b);
        if (b % MODEL_LATENCY_PARTS || (b && b < 2 * MODEL_LATENCY_PARTS) || x < free_from)
            continue;
        struct gfx_rect cell = {x + ui_px(ui, 3), r.y, ui_px(ui, LABEL_APART - 8), r.h};
        gfx_rect(ui->list, (struct gfx_rect){x, r.y, 1, r.h / 2}, ui->theme->text_dim);
        ui_label(ui, GFX_SMALL, cell, fmt_ns(text, model_latency_begin(b)), ui->theme->text_dim);
        free_from = x + ui_px(ui, LABEL_APART);
    }
}

static void tip_bucket(struct views *v, const struct views_list *l, unsigned b)
{
    char from[FMT_MAX], to[FMT_MAX], count[FMT_MAX], share[FMT_MAX];
    uint64_t n = l->latency.buckets[b];
    struct model_words w = {.class = MODEL_CLASSES};
    w.title = arena_printf(&v->frame, "%s to %s", fmt_ns(from, model_latency_begin(b)),
                           fmt_ns(to, model_latency_begin(b + 1)));
    model_words_fact(&w, "Instances",
                     arena_printf(&v->frame, "%s  %s", fmt_count(count, n),
                                  fmt_share(share, n, l->latency.count)));
    model_words_fact(&w, "", "drag to list only some, click to list all");
    views_tip(v, &w, 0);
}

static void handle_brush(struct views *v, struct views_list *l, const struct plot *p)
{
    struct ui *ui = &v->ui;
    uint64_t id = UI_ID("latency-brush", 0);
    unsigned at = bucket_at(p, ui->in.x);
    if (ui_hover(ui, p->r))
        tip_bucket(v, l, at);
    if (ui_press(ui, id, p->r))
        l->brush_ns = model_latency_begin(at);
    if (!ui_is_active(ui, id))
        return;
    if (!ui_dragged(ui)) {
        if (ui->in.released)
            l->least_ns = l->most_ns = 0;
    } else {
        unsigned from = model_latency_bucket(l->brush_ns);
        l->least_ns = model_latency_begin(from < at ? from : at);
        l->most_ns = model_latency_begin((from < at ? at : from) + 1);
    }
    ui->again |= ui->in.released;
}

static void draw_brush(struct views *v, const struct views_list *l, const struct plot *p)
{
    struct ui *ui = &v->ui;
    if (!l->most_ns)
        return;
    int x0 = x_of(p, model_latency_bucket(l->least_ns));
    int x1 = x_of(p, model_latency_bucket(l->most_ns));
    gfx_rect(ui->list, (struct gfx_rect){x0, p->r.y, x1 - x0, p->r.h}, ui->theme->select);
    gfx_rect(ui->list, (struct gfx_rect){x0, p->r.y, 1, p->r.h}, ui->theme->select_edge);
    gfx_rect(ui->list, (struct gfx_rect){x1 - 1, p->r.y, 1, p->r.h}, ui->theme->select_edge);
}

void views_latency_draw(struct views *v, struct views_list *l, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    r = ui_inset(r, ui_px(ui, 10), ui_px(ui, 2));
    struct gfx_rect scale = ui_cut_bottom(&r, ui_px(ui, 18));
    struct plot p = plot_of(&l->latency, r);
    if (!l->latency.count) {
        ui_label_center(ui, GFX_NORMAL, r, "Nothing of this kind in this range",
                        ui->theme->text_dim);
        return;
    }
    gfx_clip_push(ui->list, r);
    draw_bars(v, l, &p);
    draw_brush(v, l, &p);
    gfx_clip_pop(ui->list);
    draw_scale(v, &p, scale);
    handle_brush(v, l, &p);
}
