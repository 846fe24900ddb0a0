#include "gfx/svg.h"

#include "gfx/list.h"

static void put_color(struct strbuf *out, const char *attribute, gfx_color c)
{
    strbuf_printf(out, " %s=\"#%06x\"", attribute, c >> 8);
    if ((c & 255) != 255)
        strbuf_printf(out, " %s-opacity=\"%.3g\"", attribute, (c & 255) / 255.0);
}

static void put_rect(struct strbuf *out, struct gfx_rect r, gfx_color color)
{
    strbuf_printf(out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"", r.x, r.y, r.w, r.h);
    put_color(out, "fill", color);
    strbuf_puts(out, "/>\n");
}

/* Names come from the traced program: what XML forbids becomes U+FFFD. */
static void put_text(struct strbuf *out, const char *s)
{
    while (*s) {
        const char *at = s;
        uint32_t c = gfx_utf8_next(&s);
        bool bad = c == 0xfffd || (c < 0x20 && c != '\t') || c == 0xffff || c == 0xfffe;
        if (bad)
            strbuf_puts(out, "\xef\xbf\xbd");
        else if (c == '&')
            strbuf_puts(out, "&amp;");
        else if (c == '<')
            strbuf_puts(out, "&lt;");
        else if (c == '>')
            strbuf_puts(out, "&gt;");
        else
            strbuf_append(out, at, (size_t)(s - at));
    }
}

static void put_label(struct strbuf *out, const struct gfx_list *l, const struct gfx_cmd *c,
                      struct gfx_fonts *fonts)
{
    const char *text = l->text + c->text;
    int height = gfx_font_height(fonts, (enum gfx_font)c->font);
    bool bold = c->font == GFX_BOLD || c->font == GFX_TITLE;
    /* A line's height is about 1.17 of the size, of which 0.93 are above the base. */
    strbuf_printf(out,
                  "<text x=\"%d\" y=\"%.1f\" font-size=\"%.1f\"%s%s textLength=\"%d\" "
                  "lengthAdjust=\"spacingAndGlyphs\"",
                  c->r.x, c->r.y + height * 0.8, height / 1.17, bold ? " font-weight=\"bold\"" : "",
                  c->font == GFX_MONO ? " font-family=\"DejaVu Sans Mono, monospace\"" : "",
                  gfx_text_width(fonts, (enum gfx_font)c->font, text, -1));
    put_color(out, "fill", c->color);
    strbuf_putc(out, '>');
    put_text(out, text);
    strbuf_puts(out, "</text>\n");
}

static void put_columns(struct strbuf *out, const struct gfx_list *l, const struct gfx_cmd *c)
{
    const struct gfx_part *parts = l->parts + c->text;
    int x = c->r.x, y = c->r.y + c->r.h;
    for (uint32_t i = 0; i < c->count; i++) {
        y -= parts[i].h;
        if (parts[i].h)
            put_rect(out, (struct gfx_rect){x, y, 1, parts[i].h}, parts[i].color);
        if (!parts[i].last)
            continue;
        x++;
        y = c->r.y + c->r.h;
    }
}

static void put_clip(struct strbuf *out, struct gfx_rect r, unsigned *clips)
{
    if (*clips)
        strbuf_puts(out, "</g>\n");
    ++*clips;
    strbuf_printf(out,
                  "<clipPath id=\"c%u\"><rect x=\"%d\" y=\"%d\" width=\"%d\" "
                  "height=\"%d\"/></clipPath>\n<g clip-path=\"url(#c%u)\">\n",
                  *clips, r.x, r.y, r.w, r.h, *clips);
}

void gfx_svg(const struct gfx_list *l, struct gfx_fonts *fonts, struct strbuf *out)
{
    struct gfx_rect whole = l->clips[0];
    unsigned clips = 0;
    strbuf_printf(out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
                  "viewBox=\"0 0 %d %d\" font-family=\"DejaVu Sans, sans-serif\" "
                  "xml:space=\"preserve\" shape-rendering=\"crispEdges\">\n",
                  whole.w, whole.h, whole.w, whole.h);
    for (size_t i = 0; i < l->count; i++) {
        const struct gfx_cmd *c = &l->cmds[i];
        if (c->op == GFX_RECT) {
            put_rect(out, c->r, c->color);
        } else if (c->op == GFX_TEXT) {
            put_label(out, l, c, fonts);
        } else if (c->op == GFX_CLIP) {
            put_clip(out, c->r, &clips);
        } else if (c->op == GFX_COLUMNS) {
            put_columns(out, l, c);
        } else {
            strbuf_printf(out, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"", c->r.x, c->r.y,
                          c->r.w, c->r.h);
            put_color(out, "stroke", c->color);
            strbuf_puts(out, "/>\n");
        }
    }
    strbuf_puts(out, clips ? "</g>\n</svg>\n" : "</svg>\n");
}
