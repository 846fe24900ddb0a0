#include "gfx/raster.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

void gfx_pixels_resize(struct gfx_pixels *px, int width_px, int height_px)
{
    if (px->p && px->w == width_px && px->h == height_px)
        return;
    px->p = mem_realloc(px->p, (size_t)width_px * (size_t)height_px, sizeof *px->p);
    px->w = width_px;
    px->h = height_px;
}

void gfx_pixels_release(struct gfx_pixels *px)
{
    free(px->p);
    *px = (struct gfx_pixels){0};
}

static uint32_t word_of(gfx_color color)
{
    return 0xff000000 | color >> 8;
}

/* dst with share `a` of 255 of src over it.
 * (x * 257 + 257) >> 16 is x / 255 for all x up to 255 * 255. */
static uint32_t blend(uint32_t dst, uint32_t src, uint32_t a)
{
    uint32_t back = 255 - a;
    uint32_t r = (src >> 16 & 255) * a + (dst >> 16 & 255) * back;
    uint32_t g = (src >> 8 & 255) * a + (dst >> 8 & 255) * back;
    uint32_t b = (src & 255) * a + (dst & 255) * back;
    r = (r * 257 + 257) >> 16;
    g = (g * 257 + 257) >> 16;
    b = (b * 257 + 257) >> 16;
    return 0xff000000 | r << 16 | g << 8 | b;
}

static uint32_t *pixel(const struct gfx_pixels *px, int x, int y)
{
    return px->p + (size_t)y * (size_t)px->w + x;
}

static void fill(const struct gfx_pixels *px, struct gfx_rect r, gfx_color color)
{
    r = gfx_intersect(r, (struct gfx_rect){0, 0, px->w, px->h});
    uint32_t word = word_of(color), alpha = color & 255;
    for (int y = r.y; y < r.y + r.h; y++) {
        uint32_t *p = pixel(px, r.x, y), *end = p + r.w;
        if (alpha == 255)
            while (p < end)
                *p++ = word;
        else
            for (; p < end; p++)
                *p = blend(*p, word, alpha);
    }
}

static void glyph(const struct gfx_pixels *px, const struct gfx_atlas *a, const struct gfx_glyph *g,
                  int x, int y, gfx_color color, struct gfx_rect clip)
{
    struct gfx_rect r = gfx_intersect((struct gfx_rect){x, y, g->w, g->h}, clip);
    uint32_t word = word_of(color), opacity = color & 255;
    for (int row = 0; row < r.h; row++) {
        const uint8_t *from =
            a->alpha + (size_t)(g->y + r.y - y + row) * (size_t)a->side + g->x + (r.x - x);
        uint32_t *to = pixel(px, r.x, r.y + row);
        for (int i = 0; i < r.w; i++)
            if (from[i])
                to[i] = blend(to[i], word, from[i] * opacity / 255);
    }
}

static void text(const struct gfx_pixels *px, const struct gfx_list *l, const struct gfx_cmd *cmd,
                 struct gfx_fonts *fonts, struct gfx_rect clip)
{
    enum gfx_font font = (enum gfx_font)cmd->font;
    const char *s = l->text + cmd->text;
    int x = cmd->r.x;
    while (*s && x < clip.x + clip.w) {
        const struct gfx_glyph *g = gfx_font_glyph(fonts, font, gfx_utf8_next(&s));
        struct gfx_atlas a = gfx_fonts_atlas(fonts); /* after the glyph is in it */
        if (g->w)
            glyph(px, &a, g, x + g->left, cmd->r.y, cmd->color, clip);
        x += g->advance;
    }
}

/* Bresenham's, a point at a time: lines are few and short. */
static void line(const struct gfx_pixels *px, const struct gfx_cmd *cmd, struct gfx_rect clip)
{
    int x = cmd->r.x, y = cmd->r.y, x1 = cmd->r.w, y1 = cmd->r.h;
    int dx = abs(x1 - x), dy = -abs(y1 - y), sx = x < x1 ? 1 : -1, sy = y < y1 ? 1 : -1;
    int err = dx + dy;
    for (;;) {
        if (gfx_inside(clip, x, y))
            fill(px, (struct gfx_rect){x, y, 1, 1}, cmd->color);
        if (x == x1 && y == y1)
            return;
        int twice = 2 * err;
        if (twice >= dy) {
            err += dy;
            x += sx;
        }
        if (twice <= dx) {
            err += dx;
            y += sy;
        }
    }
}

void gfx_raster(struct gfx_pixels *px, const struct gfx_list *l, struct gfx_fonts *fonts)
{
    struct gfx_rect whole = {0, 0, px->w, px->h}, clip = whole;
    fill(px, whole, 0x000000ff);
    for (size_t i = 0; i < l->count; i++) {
        const struct gfx_cmd *cmd = &l->cmds[i];
        switch ((enum gfx_op)cmd->op) {
        case GFX_RECT: /* cut to the clip when it was added */
            fill(px, cmd->r, cmd->color);
            break;
        case GFX_TEXT:
            text(px, l, cmd, fonts, clip);
            break;
        case GFX_LINE:
            line(px, cmd, clip);
            break;
        case GFX_CLIP:
            clip = gfx_intersect(cmd->r, whole);
            break;
        }
    }
}
