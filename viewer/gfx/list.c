#include "gfx/list.h"

#include "base/arena.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void gfx_list_begin(struct gfx_list *l, int width_px, int height_px)
{
    l->count = 0;
    l->text_len = 0;
    l->part_count = 0;
    l->clip_depth = 0;
    l->clips[0] = (struct gfx_rect){0, 0, width_px, height_px};
}

void gfx_list_release(struct gfx_list *l)
{
    free(l->cmds);
    free(l->text);
    free(l->parts);
    *l = (struct gfx_list){0};
}

struct gfx_rect gfx_intersect(struct gfx_rect a, struct gfx_rect b)
{
    int x0 = a.x > b.x ? a.x : b.x, y0 = a.y > b.y ? a.y : b.y;
    int x1 = a.x + a.w < b.x + b.w ? a.x + a.w : b.x + b.w;
    int y1 = a.y + a.h < b.y + b.h ? a.y + a.h : b.y + b.h;
    return (struct gfx_rect){x0, y0, x1 > x0 ? x1 - x0 : 0, y1 > y0 ? y1 - y0 : 0};
}

bool gfx_inside(struct gfx_rect r, int x, int y)
{
    return x >= r.x && x < r.x + r.w && y >= r.y && y < r.y + r.h;
}

static struct gfx_cmd *add(struct gfx_list *l, enum gfx_op op, gfx_color color)
{
    mem_grow(&l->cmds, &l->cap, l->count + 1, sizeof *l->cmds);
    struct gfx_cmd *c = &l->cmds[l->count++];
    *c = (struct gfx_cmd){.op = (uint8_t)op, .color = color};
    return c;
}

void gfx_rect(struct gfx_list *l, struct gfx_rect r, gfx_color color)
{
    struct gfx_rect seen = gfx_intersect(r, l->clips[l->clip_depth]);
    if (seen.w > 0 && seen.h > 0)
        add(l, GFX_RECT, color)->r = seen;
}

void gfx_frame(struct gfx_list *l, struct gfx_rect r, int t, gfx_color color)
{
    gfx_rect(l, (struct gfx_rect){r.x, r.y, r.w, t}, color);
    gfx_rect(l, (struct gfx_rect){r.x, r.y + r.h - t, r.w, t}, color);
    gfx_rect(l, (struct gfx_rect){r.x, r.y + t, t, r.h - 2 * t}, color);
    gfx_rect(l, (struct gfx_rect){r.x + r.w - t, r.y + t, t, r.h - 2 * t}, color);
}

void gfx_round(struct gfx_list *l, struct gfx_rect r, int radius_px, gfx_color color)
{
    if (radius_px * 2 > r.h)
        radius_px = r.h / 2;
    for (int i = 0; i < radius_px; i++) {
        double dy = radius_px - i - 0.5;
        int cut = (int)(radius_px - sqrt((double)radius_px * radius_px - dy * dy) + 0.5);
        gfx_rect(l, (struct gfx_rect){r.x + cut, r.y + i, r.w - 2 * cut, 1}, color);
        gfx_rect(l, (struct gfx_rect){r.x + cut, r.y + r.h - 1 - i, r.w - 2 * cut, 1}, color);
    }
    gfx_rect(l, (struct gfx_rect){r.x, r.y + radius_px, r.w, r.h - 2 * radius_px}, color);
}

void gfx_line(struct gfx_list *l, int x0, int y0, int x1, int y1, gfx_color color)
{
    add(l, GFX_LINE, color)->r = (struct gfx_rect){x0, y0, x1, y1};
}

void gfx_text(struct gfx_list *l, enum gfx_font font, int x, int y, const char *s, gfx_color color)
{
    struct gfx_rect clip = l->clips[l->clip_depth];
    if (!s[0] || x >= clip.x + clip.w || y >= clip.y + clip.h || !clip.w || !clip.h)
        return;
    size_t bytes = strlen(s) + 1;
    mem_grow(&l->text, &l->text_cap, l->text_len + bytes, 1);
    memcpy(l->text + l->text_len, s, bytes);
    struct gfx_cmd *c = add(l, GFX_TEXT, color);
    c->font = (uint8_t)font;
    c->r = (struct gfx_rect){x, y, 0, 0};
    c->text = (uint32_t)l->text_len;
    l->text_len += bytes;
}

void gfx_columns(struct gfx_list *l, struct gfx_rect r, const struct gfx_part *parts, size_t count)
{
    struct gfx_rect seen = gfx_intersect(r, l->clips[l->clip_depth]);
    if (!count || !seen.w || !seen.h)
        return;
    mem_grow(&l->parts, &l->part_cap, l->part_count + count, sizeof *l->parts);
    memcpy(l->parts + l->part_count, parts, count * sizeof *parts);
    struct gfx_cmd *c = add(l, GFX_COLUMNS, 0);
    c->r = r;
    c->text = (uint32_t)l->part_count;
    c->count = (uint32_t)count;
    l->part_count += count;
}

void gfx_clip_push(struct gfx_list *l, struct gfx_rect r)
{
    if (l->clip_depth + 1 >= GFX_CLIPS)
        abort();
    struct gfx_rect cut = gfx_intersect(r, l->clips[l->clip_depth]);
    l->clips[++l->clip_depth] = cut;
    add(l, GFX_CLIP, 0)->r = cut;
}

void gfx_clip_pop(struct gfx_list *l)
{
    if (l->clip_depth < 1)
        abort();
    l->clip_depth--;
    add(l, GFX_CLIP, 0)->r = l->clips[l->clip_depth];
}

/* A multiplication a word: frames have tens of thousands. */
uint64_t gfx_hash(uint64_t h, const void *p, size_t bytes)
{
    const uint8_t *at = p;
    uint64_t word;
    h ^= bytes;
    for (; bytes >= sizeof word; bytes -= sizeof word, at += sizeof word) {
        memcpy(&word, at, sizeof word);
        h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 32;
    }
    for (; bytes; bytes--)
        h = (h ^ *at++) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 29;
}

/* Length of the column that begins at part i. */
static size_t column_parts(const struct gfx_part *parts, size_t i, size_t count)
{
    size_t n = 1;
    while (i + n < count && !parts[i + n - 1].last)
        n++;
    return n;
}

static void dump_columns(const struct gfx_list *l, const struct gfx_cmd *c, struct strbuf *out)
{
    const struct gfx_part *parts = l->parts + c->text;
    strbuf_printf(out, "columns %d %d %d %d", c->r.x, c->r.y, c->r.w, c->r.h);
    for (size_t i = 0; i < c->count;) {
        size_t n = column_parts(parts, i, c->count), alike = 1, next = i + n;
        while (next + n <= c->count && !memcmp(parts + i, parts + next, n * sizeof *parts)) {
            alike++;
            next += n;
        }
        strbuf_printf(out, " %zux[", alike);
        for (size_t k = i; k < i + n; k++)
            if (parts[k].h)
                strbuf_printf(out, "%s#%08x*%u", k > i ? " " : "", parts[k].color, parts[k].h);
        strbuf_putc(out, ']');
        i = next;
    }
    strbuf_putc(out, '\n');
}

void gfx_list_dump(const struct gfx_list *l, struct strbuf *out)
{
    static const char *const fonts[GFX_FONTS] = {"small", "normal", "bold", "title", "mono"};
    for (size_t i = 0; i < l->count; i++) {
        const struct gfx_cmd *c = &l->cmds[i];
        struct gfx_rect r = c->r;
        if (c->op == GFX_RECT)
            strbuf_printf(out, "rect %d %d %d %d #%08x\n", r.x, r.y, r.w, r.h, c->color);
        else if (c->op == GFX_LINE)
            strbuf_printf(out, "line %d %d %d %d #%08x\n", r.x, r.y, r.w, r.h, c->color);
        else if (c->op == GFX_COLUMNS)
            dump_columns(l, c, out);
        else if (c->op == GFX_CLIP)
            strbuf_printf(out, "clip %d %d %d %d\n", r.x, r.y, r.w, r.h);
        else
            strbuf_printf(out, "text %s %d %d #%08x %s\n", fonts[c->font], r.x, r.y, c->color,
                          l->text + c->text);
    }
}

bool gfx_list_shows(const struct gfx_list *l, const char *words)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->cmds[i].op == GFX_TEXT && strstr(l->text + l->cmds[i].text, words))
            return true;
    return false;
}

gfx_color gfx_mix(gfx_color a, gfx_color b, unsigned share)
{
    gfx_color out = 0;
    for (int shift = 0; shift < 32; shift += 8) {
        unsigned x = a >> shift & 255, y = b >> shift & 255;
        out |= ((x * (255 - share) + y * share + 127) / 255) << shift;
    }
    return out;
}

gfx_color gfx_alpha(gfx_color c, unsigned alpha)
{
    return (c & 0xffffff00) | alpha;
}

static double luminance(gfx_color c)
{
    double part[3];
    for (int i = 0; i < 3; i++) {
        double v = (c >> (24 - 8 * i) & 255) / 255.0;
        part[i] = v <= 0.03928 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
    }
    return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2];
}

double gfx_contrast(gfx_color a, gfx_color b)
{
    double x = luminance(a), y = luminance(b);
    return ((x > y ? x : y) + 0.05) / ((x > y ? y : x) + 0.05);
}
