/* Pictures of call graphs: by graphviz, whose layouts are the best there are, while it
 * is there and quick; else by our own layout. */
#include "pprof/callgraph.h"
#include "pprof/layout.h"
#include "pprof/picture.h"
#include "pprof/render.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    MARGIN = 12,
    PAD = 6, /* between a box and its text */
    LEGEND_SIZE = 13,
    LABEL_SIZE = 11,
    MOST_PIXELS = 15000 /* of a side: a PNG of more could not be opened anywhere */
};

static uint32_t rgb(const char color[CALLGRAPH_COLOR])
{
    return (uint32_t)strtoul(color + 1, NULL, 16);
}

/* ---- texts on lines ---- */

struct lines {
    const char **v;
    uint32_t count;
    double width;
};

static struct lines lines_of(struct arena *a, const char *text, double size)
{
    struct lines l = {.v = arena_array(a, strlen(text) + 1, sizeof(const char *))};
    for (const char *p = text; *p;) {
        size_t len = strcspn(p, "\n");
        const char *line = arena_strndup(a, p, len);
        l.v[l.count++] = line;
        l.width = fmax(l.width, picture_text_width(line, size));
        p += len + (p[len] == '\n');
    }
    return l;
}

static void add_text(struct picture *p, const char *text, double x, double y, double size,
                     double anchor)
{
    picture_add(p, (struct picture_item){.kind = PICTURE_TEXT,
                                         .x = x,
                                         .y = y,
                                         .text = text,
                                         .size = size,
                                         .anchor = anchor,
                                         .color = 0x000000});
}

/* ---- boxes and arrows ---- */

struct drawing {
    const struct callgraph *g;
    struct picture *p;
    struct layout l;
    struct lines *texts; /* of the boxes */
    double dy;           /* room for the legend */
};

static double size_of(const struct callgraph_box *b)
{
    return b->font_size * 96 / 72.0;
}

static void measure_boxes(struct drawing *d)
{
    for (uint32_t i = 0; i < d->l.box_count; i++) {
        const struct callgraph_box *b = &d->g->boxes[i];
        double size = size_of(b);
        d->texts[i] = lines_of(&d->p->arena, callgraph_plain(&d->p->arena, b->label), size);
        d->l.boxes[i].width = d->texts[i].width + 2 * PAD;
        d->l.boxes[i].height = d->texts[i].count * size * 1.2 + 2 * PAD;
    }
}

static void connect(struct drawing *d)
{
    uint32_t n = 0;
    for (size_t i = 0; i < d->g->arrow_count; i++) {
        const struct callgraph_arrow *a = &d->g->arrows[i];
        d->l.edges[n++] =
            (struct layout_edge){.src = a->src,
                                 .dest = a->dest,
                                 .weight = (double)a->weight,
                                 .label_width = picture_text_width(a->label, LABEL_SIZE)};
    }
    for (uint32_t i = 0; i < d->g->box_count; i++)
        if (!d->g->boxes[i].node)
            d->l.edges[n++] = (struct layout_edge){
                .src = d->g->boxes[i].owner,
                .dest = i,
                .weight = 100,
                .label_width = picture_text_width(d->g->boxes[i].weight, LABEL_SIZE)};
}

static void draw_edge(struct drawing *d, const struct layout_edge *e, const char *label,
                      const char *tooltip, uint32_t color, double width, bool dashed)
{
    struct picture_point *points = arena_array(&d->p->arena, e->point_count + 1u, sizeof *points);
    for (uint32_t i = 0; i < e->point_count; i++)
        points[i] = (struct picture_point){e->points[i].x + MARGIN, e->points[i].y + d->dy};
    picture_add(d->p, (struct picture_item){.kind = PICTURE_ARROW,
                                            .points = points,
                                            .point_count = e->point_count,
                                            .width = width,
                                            .color = color,
                                            .dashed = dashed,
                                            .tooltip = tooltip});
    struct lines text = lines_of(&d->p->arena, label, LABEL_SIZE);
    for (uint32_t i = 0; i < text.count; i++)
        add_text(d->p, text.v[i], e->label.x + MARGIN,
                 e->label.y + d->dy + LABEL_SIZE / 3.0 + i * LABEL_SIZE * 1.2, LABEL_SIZE, 0);
}

static void draw_edges(struct drawing *d)
{
    struct arena *a = &d->p->arena;
    uint32_t n = 0;
    for (size_t i = 0; i < d->g->arrow_count; i++, n++) {
        const struct callgraph_arrow *arrow = &d->g->arrows[i];
        draw_edge(d, &d->l.edges[n], callgraph_plain(a, arrow->label + 1),
                  callgraph_plain(a, arrow->tooltip), rgb(arrow->color),
                  arrow->width > 1 ? (double)arrow->width : 1, arrow->residual);
    }
    for (uint32_t i = 0; i < d->g->box_count; i++)
        if (!d->g->boxes[i].node)
            draw_edge(d, &d->l.edges[n++], d->g->boxes[i].weight, d->g->boxes[i].weight, 0, 1,
                      d->g->boxes[i].dotted);
}

static void draw_boxes(struct drawing *d)
{
    for (uint32_t i = 0; i < d->l.box_count; i++) {
        const struct callgraph_box *b = &d->g->boxes[i];
        const struct layout_box *at = &d->l.boxes[i];
        double x = at->x + MARGIN, y = at->y + d->dy, size = size_of(b);
        picture_add(d->p,
                    (struct picture_item){.kind = PICTURE_BOX,
                                          .x = x - at->width / 2,
                                          .y = y - at->height / 2,
                                          .width = at->width,
                                          .height = at->height,
                                          .color = rgb(b->color),
                                          .fill = rgb(b->fill),
                                          .key = b->name,
                                          .tooltip = callgraph_plain(
                                              &d->p->arena, b->tooltip ? b->tooltip : b->weight)});
        double line = y - at->height / 2 + PAD + size * 0.9;
        for (uint32_t k = 0; k < d->texts[i].count; k++, line += size * 1.2)
            add_text(d->p, d->texts[i].v[k], x, line, size, 0.5);
    }
}

static void draw_legend(struct drawing *d)
{
    struct lines text = lines_of(&d->p->arena, d->g->legend, LEGEND_SIZE);
    double height = text.count * LEGEND_SIZE * 1.3 + 2 * PAD;
    picture_add(d->p, (struct picture_item){.kind = PICTURE_BOX,
                                            .x = MARGIN,
                                            .y = MARGIN,
                                            .width = text.width + 2 * PAD,
                                            .height = height,
                                            .color = 0x000000,
                                            .fill = 0xf8f8f8,
                                            .tooltip = d->g->title});
    for (uint32_t i = 0; i < text.count; i++)
        add_text(d->p, text.v[i], MARGIN + PAD, MARGIN + PAD + LEGEND_SIZE * (0.9 + 1.3 * i),
                 LEGEND_SIZE, 0);
    d->dy = height + 3 * MARGIN;
    d->p->width = text.width + 2 * PAD + 2 * MARGIN;
}

bool callgraph_own_picture(const struct callgraph *g, const char *format, struct strbuf *out,
                           struct err *err)
{
    struct picture p = {.title = g->title};
    struct drawing d = {.g = g, .p = &p};
    uint32_t labels = 0;
    for (size_t i = 0; i < g->box_count; i++)
        labels += !g->boxes[i].node;
    layout_init(&d.l, (uint32_t)g->box_count, (uint32_t)g->arrow_count + labels);
    d.texts = arena_array(&p.arena, g->box_count + 1, sizeof *d.texts);
    measure_boxes(&d);
    connect(&d);
    layout_run(&d.l);
    draw_legend(&d);
    draw_edges(&d);
    draw_boxes(&d);
    p.width = fmax(p.width, d.l.width + 2 * MARGIN);
    p.height = d.dy + d.l.height + MARGIN;
    bool ok = strcmp(format, "png") != 0 || (p.width < MOST_PIXELS && p.height < MOST_PIXELS);
    if (!ok) {
        err_set(err, "the graph is too large for a PNG (%.0f x %.0f)", p.width, p.height);
        err_hint(err, "-nodecount=40 makes it smaller; -svg and -pdf have no limit");
    }
    ok = ok && picture_write(&p, format, out, err);
    layout_release(&d.l);
    picture_release(&p);
    return ok;
}

/* Above this dot takes longer than anybody waits. */
static bool is_small(const struct callgraph *g)
{
    enum {
        MOST_BOXES = 250,
        MOST_ARROWS = 800
    };
    return g->box_count <= MOST_BOXES && g->arrow_count <= MOST_ARROWS;
}

bool callgraph_picture(const struct callgraph *g, const struct pprof_report *r, const char *format,
                       struct strbuf *out, struct err *err)
{
    struct err problem = {0};
    if (is_small(g)) {
        callgraph_dot(g, r, out);
        if (pprof_render(format, out, &problem))
            return true;
        strbuf_clear(out);
    }
    if (callgraph_own_picture(g, format, out, err))
        return true;
    return problem.text[0] ? err_wrap(err, "%s", problem.text) : false;
}

bool pprof_write_dot(struct pprof_report *r, struct strbuf *out, struct err *err)
{
    struct callgraph g;
    bool ok = true;
    callgraph_init(&g, r);
    if (r->command->dot)
        ok = callgraph_picture(&g, r, r->command->dot, out, err);
    else
        callgraph_dot(&g, r, out);
    callgraph_release(&g);
    return ok;
}
