#include "views/graph.h"

#include "views/views.h"

#include <math.h>
#include <stdlib.h>

enum {
    LEAST_STEPS = 6, /* straight pieces of a curve */
    MOST_STEPS = 48,
    STEP_PX = 9,
    NEAR = 5, /* units from an arrow that are still on it */
    MARGIN = 14
};

#define LEAST_ZOOM     0.05
#define MOST_ZOOM      4.0
#define LEGIBLE_ZOOM   0.55
#define START_ZOOM     0.85
#define START_SIDEWAYS 0.66

void views_graph_begin(struct views_graph *g, size_t boxes, size_t edges, bool sideways)
{
    views_graph_release(g);
    layout_init(&g->layout, (uint32_t)boxes, (uint32_t)edges);
    g->sideways = sideways;
    if (sideways) {
        g->layout.gap_x = 14;
        g->layout.gap_y = 56;
    }
}

void views_graph_box(struct views_graph *g, size_t box, double width, double height)
{
    g->layout.boxes[box].width = g->sideways ? height : width;
    g->layout.boxes[box].height = g->sideways ? width : height;
}

void views_graph_end(struct views_graph *g)
{
    layout_run(&g->layout);
    g->made = true;
    g->placed = g->fit = false;
    g->first = 0;
}

void views_graph_release(struct views_graph *g)
{
    layout_release(&g->layout);
    g->layout = (struct layout){0};
    g->made = false;
}

static struct layout_point size_of(const struct views_graph *g)
{
    return g->sideways ? (struct layout_point){g->layout.height, g->layout.width}
                       : (struct layout_point){g->layout.width, g->layout.height};
}

static struct layout_point to_px(const struct views_graph *g, struct layout_point p,
                                 struct gfx_rect r)
{
    if (g->sideways)
        p = (struct layout_point){p.y, p.x};
    return (struct layout_point){r.x + g->x + p.x * g->zoom, r.y + g->y + p.y * g->zoom};
}

struct gfx_rect views_graph_rect(const struct views_graph *g, size_t box, struct gfx_rect r)
{
    const struct layout_box *b = &g->layout.boxes[box];
    double w = g->sideways ? b->height : b->width, h = g->sideways ? b->width : b->height;
    struct layout_point c = to_px(g, (struct layout_point){b->x, b->y}, r);
    int x0 = (int)floor(c.x - w * g->zoom / 2), y0 = (int)floor(c.y - h * g->zoom / 2);
    return (struct gfx_rect){x0, y0, (int)(w * g->zoom), (int)(h * g->zoom)};
}

static void fit(struct views_graph *g, struct gfx_rect r)
{
    struct layout_point size = size_of(g);
    double zx = (r.w - 2 * MARGIN) / (size.x > 1 ? size.x : 1);
    double zy = (r.h - 2 * MARGIN) / (size.y > 1 ? size.y : 1);
    g->zoom = fmax(LEAST_ZOOM, fmin(zx, zy));
    g->x = (r.w - size.x * g->zoom) / 2;
    g->y = (r.h - size.y * g->zoom) / 2;
}

void views_graph_center(struct views_graph *g, size_t box, struct gfx_rect r)
{
    struct gfx_rect at = views_graph_rect(g, box, r);
    g->x += r.x + r.w / 2.0 - (at.x + at.w / 2.0);
    g->y += r.y + r.h / 2.0 - (at.y + at.h / 2.0);
}

/* At first: all of it, but no smaller than can be read, and no larger than life. */
static void place(const struct ui *ui, struct views_graph *g, struct gfx_rect r)
{
    fit(g, r);
    double least = (g->sideways ? START_SIDEWAYS : START_ZOOM) * ui->scale, fitted = g->zoom;
    g->zoom = fmin(fmax(g->zoom, least), ui->scale);
    struct layout_point size = size_of(g);
    g->x = (r.w - size.x * g->zoom) / 2;
    g->y = (r.h - size.y * g->zoom) / 2;
    if (fitted < least && g->first < g->layout.box_count) { /* where the layers begin */
        views_graph_center(g, g->first, r);
        if (g->sideways)
            g->x = MARGIN;
        else
            g->y = MARGIN;
    }
    g->placed = true;
}

static void zoom_at(struct views_graph *g, double factor, double x, double y)
{
    double zoom = fmin(fmax(g->zoom * factor, LEAST_ZOOM), MOST_ZOOM);
    g->x = x - (x - g->x) * zoom / g->zoom;
    g->y = y - (y - g->y) * zoom / g->zoom;
    g->zoom = zoom;
}

bool views_graph_input(struct views *v, struct views_graph *g, const char *name, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    uint64_t id = UI_ID(name, 0);
    if (!g->placed)
        place(ui, g, r);
    if (g->fit)
        fit(g, r);
    g->fit = false;
    if (ui_hover(ui, r) && ui->in.wheel != 0) {
        zoom_at(g, ui->in.wheel > 0 ? 1.2 : 1 / 1.2, ui->in.x - r.x, ui->in.y - r.y);
        ui->in.wheel = 0;
        ui->again = true;
    }
    if (ui_press(ui, id, r)) {
        g->drag_x = ui->in.x;
        g->drag_y = ui->in.y;
    }
    if (!ui_is_active(ui, id) || !ui_dragged(ui))
        return false;
    g->x += ui->in.x - g->drag_x;
    g->y += ui->in.y - g->drag_y;
    g->drag_x = ui->in.x;
    g->drag_y = ui->in.y;
    return true;
}

void views_graph_text(struct views *v, const struct views_graph *g, struct gfx_rect box,
                      const char *title, const char *line, gfx_color color)
{
    struct ui *ui = &v->ui;
    if (g->zoom < LEGIBLE_ZOOM * ui->scale)
        return;
    struct gfx_rect in = ui_inset(box, ui_px(ui, 7), ui_px(ui, 2));
    bool both = line[0] && in.h >= ui_px(ui, 32);
    ui_label(ui, GFX_NORMAL, both ? ui_cut_top(&in, in.h / 2) : in, title, color);
    if (both)
        ui_label(ui, GFX_SMALL, in, line, color);
}

double views_graph_text_width(struct views *v, const char *title, const char *line)
{
    int a = ui_text_width(&v->ui, GFX_NORMAL, title), b = ui_text_width(&v->ui, GFX_SMALL, line);
    return ((a > b ? a : b) / v->ui.scale + 18) / START_ZOOM; /* has room at first */
}

void views_graph_label(struct views *v, const struct views_graph *g, size_t edge, const char *text,
                       gfx_color color, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    const struct layout_edge *e = &g->layout.edges[edge];
    double least = g->sideways ? 0.95 : LEGIBLE_ZOOM; /* there it lies along the arrow */
    if (!e->point_count || g->zoom < least * ui->scale)
        return;
    struct layout_point at = to_px(g, e->label, r);
    int w = ui_text_width(ui, GFX_SMALL, text), h = ui_px(ui, 14);
    struct gfx_rect cell = {(int)at.x + ui_px(ui, 3), (int)at.y - h / 2, w, h};
    if (g->sideways)
        cell = (struct gfx_rect){(int)at.x - w / 2, (int)at.y + ui_px(ui, 1), w, h};
    ui_label(ui, GFX_SMALL, cell, text, color);
}

/* --- arrows ------------------------------------------------------------------------ */

static struct layout_point curve_at(const struct layout_point *p, double t)
{
    double s = 1 - t, a = s * s * s, b = 3 * s * s * t, c = 3 * s * t * t, d = t * t * t;
    return (struct layout_point){a * p[0].x + b * p[1].x + c * p[2].x + d * p[3].x,
                                 a * p[0].y + b * p[1].y + c * p[2].y + d * p[3].y};
}

static double away(const struct ui *ui, struct layout_point a, struct layout_point b)
{
    double dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
    double t = length > 0 ? ((ui->in.x - a.x) * dx + (ui->in.y - a.y) * dy) / length : 0;
    t = fmin(fmax(t, 0), 1);
    return hypot(a.x + t * dx - ui->in.x, a.y + t * dy - ui->in.y);
}

static int steps_of(const struct layout_point *p)
{
    int steps = (int)hypot(p[3].x - p[0].x, p[3].y - p[0].y) / STEP_PX;
    return steps < LEAST_STEPS ? LEAST_STEPS : steps > MOST_STEPS ? MOST_STEPS : steps;
}

/* As thick as asked for, across the direction that it mostly goes. */
static void draw_piece(struct ui *ui, struct layout_point a, struct layout_point b,
                       const struct views_graph_look *look)
{
    bool upright = fabs(b.y - a.y) > fabs(b.x - a.x);
    for (int i = 0; i < look->thick_px; i++) {
        int off = i - look->thick_px / 2;
        gfx_line(ui->list, (int)a.x + (upright ? off : 0), (int)a.y + (upright ? 0 : off),
                 (int)b.x + (upright ? off : 0), (int)b.y + (upright ? 0 : off), look->color);
    }
}

static void draw_head(struct ui *ui, struct layout_point from, struct layout_point tip,
                      gfx_color color)
{
    double dx = tip.x - from.x, dy = tip.y - from.y, length = hypot(dx, dy);
    int size = ui_px(ui, 8);
    if (length < 0.01)
        return;
    dx /= length;
    dy /= length;
    for (int i = -size / 2; i <= size / 2; i++)
        gfx_line(ui->list, (int)tip.x, (int)tip.y, (int)(tip.x - dx * size - dy * i),
                 (int)(tip.y - dy * size + dx * i), color);
}

bool views_graph_edge(struct views *v, const struct views_graph *g, size_t edge,
                      const struct views_graph_look *look, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    const struct layout_edge *e = &g->layout.edges[edge];
    bool hover = ui_hover(ui, r), on = false;
    for (uint32_t i = 0; i + 3 < e->point_count; i += 3) {
        struct layout_point p[4], from, to;
        for (int k = 0; k < 4; k++)
            p[k] = to_px(g, e->points[i + (uint32_t)k], r);
        from = p[0];
        int steps = steps_of(p);
        for (int step = 1; step <= steps; step++) {
            to = curve_at(p, (double)step / steps);
            on |= hover && away(ui, from, to) < ui_px(ui, NEAR);
            if (!look->dashed || step % 2)
                draw_piece(ui, from, to, look);
            if (step == steps && i + 4 >= e->point_count)
                draw_head(ui, from, to, look->color);
            from = to;
        }
    }
    return on;
}
