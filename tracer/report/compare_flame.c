/* compare as a differential flame graph: one SVG without scripts; a box's title, which
 * viewers show under the mouse, has the figures. */
#include "base/fmt.h"
#include "base/strbuf.h"
#include "report/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    WIDTH = 1200,
    MARGIN = 10,
    TOP = 58,
    ROW = 17,
    TEXT_ROOM = 28 /* px that a name needs to be worth drawing */
};

#define LEAST_PX  0.3
#define LETTER_PX 6.6

struct flame {
    const struct compare *c;
    FILE *out;
    double *weight; /* owned, by node */
    double px;      /* of one unit of weight */
    uint32_t rows;
};

/* Of its own the larger side, with all that is above it. */
static void weigh(struct flame *f)
{
    const struct compare *c = f->c;
    f->weight = mem_realloc(NULL, c->node_count, sizeof *f->weight);
    for (size_t i = 0; i < c->node_count; i++)
        f->weight[i] = fmax(fabs(c->nodes[i].self_before), fabs(c->nodes[i].self_after));
    for (size_t i = c->node_count; i-- > 1;) /* children come after their parents */
        f->weight[c->nodes[i].parent] += f->weight[i];
    f->px = f->weight[0] > 0 ? (WIDTH - 2 * MARGIN) / f->weight[0] : 0;
    for (size_t i = 0; i < c->node_count; i++)
        if (f->weight[i] * f->px >= LEAST_PX && c->nodes[i].depth + 1 > f->rows)
            f->rows = c->nodes[i].depth + 1;
}

static void put_text(FILE *out, const char *s, size_t letters)
{
    for (size_t n = 0; *s && n < letters; s++, n++)
        if (*s == '<')
            fputs("&lt;", out);
        else if (*s == '>')
            fputs("&gt;", out);
        else if (*s == '&')
            fputs("&amp;", out);
        else if (*s == '"')
            fputs("&quot;", out);
        else
            putc((unsigned char)*s < 0x20 ? '?' : *s, out);
}

static const char *quantity(char buf[FMT_MAX], const char *unit, double v)
{
    uint64_t n = (uint64_t)llround(fabs(v));
    if (!strcmp(unit, "nanoseconds"))
        return fmt_ns(buf, n);
    return strcmp(unit, "bytes") ? fmt_count(buf, n) : fmt_bytes(buf, n);
}

/* -1 gone, 0 the same, 1 new. */
static double change_of(double before, double after)
{
    double larger = fmax(fabs(before), fabs(after));
    return larger > 0 ? (after - before) / larger : 0;
}

static void put_colour(FILE *out, double change)
{
    int fade = (int)(235 - 135 * fmin(fabs(change), 1));
    if (fabs(change) < 0.005)
        fputs("rgb(222,222,222)", out);
    else if (change > 0)
        fprintf(out, "rgb(240,%d,%d)", fade, fade - 20);
    else
        fprintf(out, "rgb(%d,%d,245)", fade - 20, fade);
}

static void put_figures(const struct flame *f, double before, double after)
{
    char a[FMT_MAX], b[FMT_MAX], d[FMT_MAX];
    fprintf(f->out, ": %s -&gt; %s, %c%s", quantity(b, f->c->unit, before),
            quantity(a, f->c->unit, after), after < before ? '-' : '+',
            quantity(d, f->c->unit, after - before));
    if (before > 0 && after > 0)
        fprintf(f->out, " (%+.1f %%)", (after - before) / before * 100);
    else if (before > 0 || after > 0)
        fputs(before > 0 ? " (gone)" : " (new)", f->out);
}

static void put_box(const struct flame *f, uint32_t node, double x, double width)
{
    const struct compare_node *n = &f->c->nodes[node];
    const char *name = node ? f->c->functions[n->function].name : "all";
    unsigned y = TOP + n->depth * ROW;
    fputs("<g><title>", f->out);
    put_text(f->out, name, SIZE_MAX);
    put_figures(f, n->before, n->after);
    if (n->first_child && n->self_before != n->self_after) {
        fputs("&#10;itself", f->out);
        put_figures(f, n->self_before, n->self_after);
    }
    fprintf(f->out, "</title><rect x=\"%.1f\" y=\"%u\" width=\"%.1f\" height=\"%u\" fill=\"", x, y,
            width, ROW - 1);
    put_colour(f->out, change_of(n->before, n->after));
    fputs("\"/>", f->out);
    if (width >= TEXT_ROOM) {
        size_t letters = (size_t)((width - 6) / LETTER_PX);
        fprintf(f->out, "<text x=\"%.1f\" y=\"%u\">", x + 3, y + 12);
        put_text(f->out, name, strlen(name) > letters && letters > 2 ? letters - 2 : letters);
        fputs(strlen(name) > letters && letters > 2 ? "..</text>" : "</text>", f->out);
    }
    fputs("</g>\n", f->out);
}

/* Depth is bounded by the deepest stack, which is on the heap: so is this walk's place. */
static void put_boxes(const struct flame *f)
{
    const struct compare_node *nodes = f->c->nodes;
    double *x = mem_realloc(NULL, f->c->node_count, sizeof *x); /* where its next child begins */
    x[0] = MARGIN;
    put_box(f, 0, MARGIN, f->weight[0] * f->px);
    for (uint32_t at = nodes[0].first_child; at;) {
        double width = f->weight[at] * f->px;
        x[at] = x[nodes[at].parent];
        x[nodes[at].parent] += width;
        bool visible = width >= LEAST_PX;
        if (visible)
            put_box(f, at, x[at], width);
        if (visible && nodes[at].first_child) {
            at = nodes[at].first_child;
            continue;
        }
        while (at && !nodes[at].next)
            at = nodes[at].parent;
        at = at ? nodes[at].next : 0;
    }
    free(x);
}

void report_compare_flame(const struct compare *c, FILE *out)
{
    struct flame f = {.c = c, .out = out};
    weigh(&f);
    unsigned height = TOP + f.rows * ROW + MARGIN;
    fprintf(out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" "
            "viewBox=\"0 0 %d %u\">\n<style>text{font:11px monospace;pointer-events:none}"
            "rect{stroke:#fff;stroke-width:.5}g:hover rect{stroke:#000}.t{font:15px "
            "sans-serif}.s{font:12px sans-serif}</style>\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
            "<text class=\"t\" x=\"%d\" y=\"22\">",
            WIDTH, height, WIDTH, height, MARGIN);
    put_text(out, c->type, SIZE_MAX);
    put_figures(&f, c->total.before, c->total.after);
    fprintf(
        out,
        "</text>\n<text class=\"s\" x=\"%d\" y=\"42\">red grew, blue shrank, grey is as it was; "
        "width: the larger of both</text>\n",
        MARGIN);
    put_boxes(&f);
    fputs("</svg>\n", out);
    free(f.weight);
}
