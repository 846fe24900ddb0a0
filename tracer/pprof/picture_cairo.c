/* Pictures as PNG, PDF and PostScript, by cairo. The only user of it. */
#include "pprof/picture.h"
#include "pprof/picture_write.h"

#include "base/lazy.h"
#include "base/utf8.h"

#include <cairo/cairo-pdf.h>
#include <cairo/cairo-ps.h>
#include <cairo/cairo.h>
#include <math.h>
#include <string.h>

void picture_arrow_head(const struct picture_item *it, struct picture_point head[3])
{
    struct picture_point end = it->points[it->point_count - 1];
    struct picture_point before = it->points[it->point_count - 2];
    double dx = end.x - before.x, dy = end.y - before.y, len = hypot(dx, dy);
    double size = 6 + it->width;
    dx = len > 0 ? dx / len : 0;
    dy = len > 0 ? dy / len : 1;
    head[0] = end;
    head[1] = (struct picture_point){end.x - dx * size - dy * size / 2.5,
                                     end.y - dy * size + dx * size / 2.5};
    head[2] = (struct picture_point){end.x - dx * size + dy * size / 2.5,
                                     end.y - dy * size - dx * size / 2.5};
}

/* What is used of cairo. It is loaded when the first picture is made: with what it needs
 * in turn that takes longer than a report. */
#define CAIRO_FUNCTIONS(X)                                                                         \
    X(create)                                                                                      \
    X(curve_to)                                                                                    \
    X(destroy)                                                                                     \
    X(fill)                                                                                        \
    X(fill_preserve)                                                                               \
    X(image_surface_create)                                                                        \
    X(line_to)                                                                                     \
    X(move_to)                                                                                     \
    X(new_path)                                                                                    \
    X(paint)                                                                                       \
    X(pdf_surface_create_for_stream)                                                               \
    X(ps_surface_create_for_stream)                                                                \
    X(rectangle)                                                                                   \
    X(scale)                                                                                       \
    X(select_font_face)                                                                            \
    X(set_dash)                                                                                    \
    X(set_font_size)                                                                               \
    X(set_line_width)                                                                              \
    X(set_source_rgb)                                                                              \
    X(show_page)                                                                                   \
    X(show_text)                                                                                   \
    X(status)                                                                                      \
    X(status_to_string)                                                                            \
    X(stroke)                                                                                      \
    X(stroke_preserve)                                                                             \
    X(surface_destroy)                                                                             \
    X(surface_finish)                                                                              \
    X(surface_status)                                                                              \
    X(surface_write_to_png_stream)                                                                 \
    X(text_extents)

#define MEMBER(name) __typeof__(cairo_##name) *name;
#define SYMBOL(name) {"cairo_" #name, &cairo.name},
static struct {
    CAIRO_FUNCTIONS(MEMBER)
} cairo;

static const struct lazy_symbol symbols[] = {CAIRO_FUNCTIONS(SYMBOL){NULL, NULL}};

static cairo_status_t take(void *closure, const unsigned char *data, unsigned length)
{
    strbuf_append(closure, data, length);
    return CAIRO_STATUS_SUCCESS;
}

static void set_color(cairo_t *c, uint32_t color)
{
    cairo.set_source_rgb(c, (color >> 16 & 255) / 255.0, (color >> 8 & 255) / 255.0,
                         (color & 255) / 255.0);
}

static void draw_box(cairo_t *c, const struct picture_item *it)
{
    cairo.rectangle(c, it->x, it->y, it->width, it->height);
    if (it->fill != PICTURE_NO_COLOR) {
        set_color(c, it->fill);
        cairo.fill_preserve(c);
    }
    cairo.set_line_width(c, 1);
    if (it->color != PICTURE_NO_COLOR) {
        set_color(c, it->color);
        cairo.stroke_preserve(c);
    }
    cairo.new_path(c);
}

static void draw_curve(cairo_t *c, const struct picture_item *it)
{
    static const double dashes[] = {1, 4};
    if (it->point_count < 4)
        return;
    cairo.move_to(c, it->points[0].x, it->points[0].y);
    for (uint32_t i = 1; i + 2 < it->point_count; i += 3)
        cairo.curve_to(c, it->points[i].x, it->points[i].y, it->points[i + 1].x,
                       it->points[i + 1].y, it->points[i + 2].x, it->points[i + 2].y);
    set_color(c, it->color);
    cairo.set_line_width(c, it->width);
    cairo.set_dash(c, dashes, it->dashed ? 2 : 0, 0);
    cairo.stroke(c);
    cairo.set_dash(c, dashes, 0, 0);
    if (it->kind != PICTURE_ARROW)
        return;
    struct picture_point head[3];
    picture_arrow_head(it, head);
    for (int i = 0; i < 3; i++)
        cairo.line_to(c, head[i].x, head[i].y);
    cairo.fill(c);
}

static void draw_text(cairo_t *c, const struct picture_item *it)
{
    cairo_text_extents_t e;
    struct strbuf valid = {0};
    utf8_append(&valid, it->text); /* cairo stops at anything else */
    set_color(c, it->color);
    cairo.set_font_size(c, it->size);
    cairo.text_extents(c, strbuf_str(&valid), &e);
    cairo.move_to(c, it->x - e.x_advance * it->anchor, it->y);
    cairo.show_text(c, strbuf_str(&valid));
    strbuf_release(&valid);
}

static void draw(cairo_t *c, const struct picture *p)
{
    cairo.set_source_rgb(c, 1, 1, 1);
    cairo.paint(c);
    cairo.select_font_face(c, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    for (size_t i = 0; i < p->count; i++) {
        const struct picture_item *it = &p->items[i];
        if (it->kind == PICTURE_BOX)
            draw_box(c, it);
        else if (it->kind == PICTURE_TEXT)
            draw_text(c, it);
        else
            draw_curve(c, it);
    }
}

static bool write_cairo(const struct picture *p, const char *format, struct strbuf *out,
                        struct err *err)
{
    const double points = 0.75; /* of 1/72 inch, in a pixel */
    bool png = !strcmp(format, "png");
    double width = ceil(p->width), height = ceil(p->height);
    cairo_surface_t *s =
        png ? cairo.image_surface_create(CAIRO_FORMAT_RGB24, (int)width, (int)height)
        : !strcmp(format, "ps")
            ? cairo.ps_surface_create_for_stream(take, out, width * points, height * points)
            : cairo.pdf_surface_create_for_stream(take, out, width * points, height * points);
    cairo_t *c = cairo.create(s);
    if (!png)
        cairo.scale(c, points, points);
    draw(c, p);
    cairo.show_page(c);
    cairo_status_t status = cairo.status(c);
    cairo.destroy(c);
    if (png && status == CAIRO_STATUS_SUCCESS)
        status = cairo.surface_write_to_png_stream(s, take, out);
    cairo.surface_finish(s);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo.surface_status(s);
    cairo.surface_destroy(s);
    return status == CAIRO_STATUS_SUCCESS ||
           err_set(err, "cairo: %s", cairo.status_to_string(status));
}

bool picture_write(const struct picture *p, const char *format, struct strbuf *out, struct err *err)
{
    static const char *const known[] = {"png", "pdf", "ps"};
    if (!strcmp(format, "svg")) {
        picture_svg(p, out);
        return true;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(format, known[i]))
            return lazy_load("libcairo.so.2", symbols, err) && write_cairo(p, format, out, err);
    return err_set(err, "pictures are made as svg, png, pdf or ps, not as %s", format);
}
