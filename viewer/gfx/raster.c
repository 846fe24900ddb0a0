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
    px->band_count = (height_px + GFX_BAND_PX - 1) / GFX_BAND_PX;
    px->bands = mem_realloc(px->bands, (size_t)px->band_count + 1, sizeof *px->bands);
    px->changed = mem_realloc(px->changed, (size_t)px->band_count + 1, sizeof *px->changed);
    memset(px->bands, 0, (size_t)px->band_count * sizeof *px->bands);
}

void gfx_pixels_release(struct gfx_pixels *px)
{
    free(px->p);
    free(px->bands);
    free(px->changed);
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

/* Column by column, each from the bottom up. */
static void columns(const struct gfx_pixels *px, const struct gfx_list *l,
                    const struct gfx_cmd *cmd, struct gfx_rect clip)
{
    const struct gfx_part *part = l->parts + cmd->text, *end = part + cmd->count;
    struct gfx_rect seen = gfx_intersect(cmd->r, clip);
    size_t stride = (size_t)px->w;
    int x = cmd->r.x, y = cmd->r.y + cmd->r.h;
    for (; part < end; part++) {
        int top = y - part->h;
        if (x >= seen.x && x < seen.x + seen.w) {
            int from = top < seen.y ? seen.y : top;
            int to = y > seen.y + seen.h ? seen.y + seen.h : y;
            uint32_t word = word_of(part->color), *p = pixel(px, x, from);
            for (int i = from; i < to; i++, p += stride)
                *p = word;
        }
        y = top;
        if (part->last) {
            x++;
            y = cmd->r.y + cmd->r.h;
        }
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

/* Rows that a command can touch. */
static void rows_of(const struct gfx_cmd *cmd, struct gfx_fonts *fonts, int *top, int *bottom)
{
    enum {
        OVERHANG_PX = 8 /* of a glyph below its line */
    };
    *top = cmd->r.y;
    *bottom = cmd->r.y + cmd->r.h;
    if (cmd->op == GFX_TEXT) {
        int height = gfx_font_height(fonts, (enum gfx_font)cmd->font);
        *bottom = cmd->r.y + height + height / 2 + OVERHANG_PX;
    } else if (cmd->op == GFX_LINE) {
        *top = cmd->r.y < cmd->r.h ? cmd->r.y : cmd->r.h;
        *bottom = (cmd->r.y < cmd->r.h ? cmd->r.h : cmd->r.y) + 1;
    }
}

/* What a command looks like, whatever its place in the list's arrays. */
static uint64_t hash_cmd(const struct gfx_list *l, const struct gfx_cmd *cmd, uint64_t clip)
{
    struct gfx_cmd plain = *cmd;
    plain.text = 0;
    uint64_t h = gfx_hash(clip, &plain, sizeof plain);
    if (cmd->op == GFX_TEXT)
        h = gfx_hash(h, l->text + cmd->text, strlen(l->text + cmd->text));
    else if (cmd->op == GFX_COLUMNS)
        h = gfx_hash(h, l->parts + cmd->text, cmd->count * sizeof *l->parts);
    return h;
}

static void hash_bands(const struct gfx_pixels *px, const struct gfx_list *l,
                       struct gfx_fonts *fonts, uint64_t *hashes)
{
    uint64_t clip = 0;
    for (int b = 0; b < px->band_count; b++)
        hashes[b] = (uint64_t)gfx_font_height(fonts, GFX_TITLE) + 1;
    for (size_t i = 0; i < l->count; i++) {
        const struct gfx_cmd *cmd = &l->cmds[i];
        int top, bottom;
        if (cmd->op == GFX_CLIP) {
            clip = gfx_hash(0, &cmd->r, sizeof cmd->r);
            continue;
        }
        rows_of(cmd, fonts, &top, &bottom);
        uint64_t h = hash_cmd(l, cmd, clip);
        int first = top < 0 ? 0 : top / GFX_BAND_PX;
        for (int b = first; b < px->band_count && b * GFX_BAND_PX < bottom; b++)
            hashes[b] = gfx_hash(hashes[b], &h, sizeof h);
    }
}

static void paint(const struct gfx_pixels *px, const struct gfx_list *l, struct gfx_fonts *fonts,
                  struct gfx_rect band)
{
    struct gfx_rect clip = band;
    fill(px, band, 0x000000ff);
    for (size_t i = 0; i < l->count; i++) {
        const struct gfx_cmd *cmd = &l->cmds[i];
        int top, bottom;
        if (cmd->op == GFX_CLIP) {
            clip = gfx_intersect(cmd->r, band);
            continue;
        }
        rows_of(cmd, fonts, &top, &bottom);
        if (bottom <= clip.y || top >= clip.y + clip.h || !clip.w)
            continue;
        if (cmd->op == GFX_RECT) /* cut to the clip when it was added */
            fill(px, gfx_intersect(cmd->r, band), cmd->color);
        else if (cmd->op == GFX_COLUMNS)
            columns(px, l, cmd, clip);
        else if (cmd->op == GFX_TEXT)
            text(px, l, cmd, fonts, clip);
        else
            line(px, cmd, clip);
    }
}

bool gfx_raster(struct gfx_pixels *px, const struct gfx_list *l, struct gfx_fonts *fonts)
{
    uint64_t *hashes = mem_realloc(NULL, (size_t)px->band_count + 1, sizeof *hashes);
    bool any = false;
    hash_bands(px, l, fonts, hashes);
    for (int b = 0; b < px->band_count; b++) {
        px->changed[b] = hashes[b] != px->bands[b];
        if (!px->changed[b])
            continue;
        int top = b * GFX_BAND_PX, h = px->h - top < GFX_BAND_PX ? px->h - top : GFX_BAND_PX;
        paint(px, l, fonts, (struct gfx_rect){0, top, px->w, h});
        px->bands[b] = hashes[b];
        any = true;
    }
    free(hashes);
    return any;
}
