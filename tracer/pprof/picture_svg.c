/* Pictures as SVG that a browser shows by itself: text can be selected and searched,
 * titles show when the mouse rests on a box. */
#include "pprof/picture.h"
#include "pprof/picture_write.h"

#include "base/utf8.h"

#include <math.h>
#include <string.h>

/* Text as XML takes it: no markup, no control characters, valid UTF-8. */
static void put_text(struct strbuf *out, const char *s)
{
    struct strbuf valid = {0};
    utf8_append(&valid, s);
    for (const char *p = strbuf_str(&valid); *p; p++)
        switch (*p) {
        case '&':
            strbuf_puts(out, "&amp;");
            break;
        case '<':
            strbuf_puts(out, "&lt;");
            break;
        case '>':
            strbuf_puts(out, "&gt;");
            break;
        case '"':
            strbuf_puts(out, "&quot;");
            break;
        default:
            strbuf_putc(out, (unsigned char)*p < ' ' && *p != '\n' ? ' ' : *p);
        }
    strbuf_release(&valid);
}

static void put_paint(struct strbuf *out, const char *what, uint32_t color)
{
    if (color == PICTURE_NO_COLOR)
        strbuf_printf(out, " %s=\"none\"", what);
    else
        strbuf_printf(out, " %s=\"#%06x\"", what, color & 0xffffff);
}

static void put_curve(struct strbuf *out, const struct picture_item *it)
{
    strbuf_printf(out, "<path d=\"M%.1f %.1f", it->points[0].x, it->points[0].y);
    for (uint32_t i = 1; i + 2 < it->point_count; i += 3)
        strbuf_printf(out, "C%.1f %.1f %.1f %.1f %.1f %.1f", it->points[i].x, it->points[i].y,
                      it->points[i + 1].x, it->points[i + 1].y, it->points[i + 2].x,
                      it->points[i + 2].y);
    strbuf_puts(out, "\" fill=\"none\"");
    put_paint(out, "stroke", it->color);
    strbuf_printf(out, " stroke-width=\"%.4g\"%s/>\n", it->width,
                  it->dashed ? " stroke-dasharray=\"1 4\"" : "");
    if (it->kind != PICTURE_ARROW)
        return;
    struct picture_point head[3];
    picture_arrow_head(it, head);
    strbuf_printf(out, "<path d=\"M%.1f %.1fL%.1f %.1fL%.1f %.1fZ\"", head[0].x, head[0].y,
                  head[1].x, head[1].y, head[2].x, head[2].y);
    put_paint(out, "fill", it->color);
    strbuf_puts(out, "/>\n");
}

static void put_item(struct strbuf *out, const struct picture_item *it)
{
    switch (it->kind) {
    case PICTURE_BOX:
        strbuf_printf(out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"", it->x,
                      it->y, it->width, it->height);
        put_paint(out, "fill", it->fill);
        put_paint(out, "stroke", it->color);
        strbuf_puts(out, "/>\n");
        break;
    case PICTURE_CURVE:
    case PICTURE_ARROW:
        if (it->point_count >= 4)
            put_curve(out, it);
        break;
    case PICTURE_TEXT:
        strbuf_printf(out, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%.4g\"%s", it->x, it->y,
                      it->size,
                      it->anchor == 0     ? ""
                      : it->anchor == 0.5 ? " text-anchor=\"middle\""
                                          : " text-anchor=\"end\"");
        put_paint(out, "fill", it->color);
        strbuf_putc(out, '>');
        put_text(out, it->text);
        strbuf_puts(out, "</text>\n");
        break;
    }
}

void picture_svg(const struct picture *p, struct strbuf *out)
{
    bool in_group = false;
    strbuf_printf(out,
                  "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n"
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
                  "viewBox=\"0 0 %.0f %.0f\" font-family=\"Verdana, DejaVu Sans, sans-serif\">\n",
                  ceil(p->width), ceil(p->height), ceil(p->width), ceil(p->height));
    strbuf_puts(out, "<title>");
    put_text(out, p->title ? p->title : "");
    strbuf_puts(out, "</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
    for (size_t i = 0; i < p->count; i++) {
        const struct picture_item *it = &p->items[i];
        if (it->tooltip) {
            strbuf_puts(out, in_group ? "</g>\n<g" : "<g");
            if (it->key) {
                strbuf_puts(out, " data-key=\"");
                put_text(out, it->key);
                strbuf_putc(out, '"');
            }
            strbuf_puts(out, "><title>");
            put_text(out, it->tooltip);
            strbuf_puts(out, "</title>\n");
            in_group = true;
        }
        put_item(out, it);
    }
    strbuf_puts(out, in_group ? "</g>\n</svg>\n" : "</svg>\n");
}
