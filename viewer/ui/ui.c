#include "ui/ui.h"

#include "base/map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CLICK_SLOP = 4,
    ELIDE_MAX = 512
};

uint64_t ui_id(const char *name, uint64_t n)
{
    uint64_t id = hash64(hash_bytes(name, strlen(name)) + n);
    return id ? id : 1;
}

void ui_begin(struct ui *ui, int width_px, int height_px)
{
    gfx_list_begin(ui->list, width_px, height_px);
    ui->cursor = GFX_CURSOR_ARROW;
    ui->again = false;
    ui->focus_seen = false;
    ui->elided[0] = '\0';
}

void ui_end(struct ui *ui)
{
    if (!ui->in.down)
        ui->active = 0;
    if (!ui->focus_seen)
        ui->focus = 0;
    ui->typed_count = 0;
    ui->in.pressed = ui->in.released = ui->in.double_click = false;
    ui->in.wheel = ui->in.wheel_x = 0;
    ui->last_x = ui->in.x;
    ui->last_y = ui->in.y;
}

int ui_px(const struct ui *ui, double units)
{
    int px = (int)(units * ui->scale + 0.5);
    return px < 1 && units > 0 ? 1 : px;
}

bool ui_hover(const struct ui *ui, struct gfx_rect r)
{
    struct gfx_rect seen = gfx_intersect(r, ui->list->clips[ui->list->clip_depth]);
    if (!ui->over && gfx_inside(ui->cover, ui->in.x, ui->in.y))
        return false;
    return !ui->modal && gfx_inside(seen, ui->in.x, ui->in.y);
}

bool ui_press(struct ui *ui, uint64_t id, struct gfx_rect r)
{
    if (!ui->in.pressed || ui->active || !ui_hover(ui, r))
        return false;
    ui->active = id;
    return true;
}

bool ui_click(struct ui *ui, uint64_t id, struct gfx_rect r)
{
    ui_press(ui, id, r);
    return ui->active == id && ui->in.released && ui_hover(ui, r);
}

bool ui_is_active(const struct ui *ui, uint64_t id)
{
    return ui->active == id;
}

bool ui_dragged(const struct ui *ui)
{
    int slop = ui_px(ui, CLICK_SLOP);
    return abs(ui->in.x - ui->in.press_x) >= slop || abs(ui->in.y - ui->in.press_y) >= slop;
}

float ui_wheel(struct ui *ui, struct gfx_rect r)
{
    if (ui->in.mods & (GFX_CTRL | GFX_SHIFT) || !ui_hover(ui, r))
        return 0;
    float notches = ui->in.wheel;
    ui->in.wheel = 0;
    return notches;
}

struct gfx_rect ui_cut_top(struct gfx_rect *r, int h)
{
    h = h > r->h ? r->h : h;
    struct gfx_rect out = {r->x, r->y, r->w, h};
    r->y += h;
    r->h -= h;
    return out;
}

struct gfx_rect ui_cut_bottom(struct gfx_rect *r, int h)
{
    h = h > r->h ? r->h : h;
    r->h -= h;
    return (struct gfx_rect){r->x, r->y + r->h, r->w, h};
}

struct gfx_rect ui_cut_left(struct gfx_rect *r, int w)
{
    w = w > r->w ? r->w : w;
    struct gfx_rect out = {r->x, r->y, w, r->h};
    r->x += w;
    r->w -= w;
    return out;
}

struct gfx_rect ui_cut_right(struct gfx_rect *r, int w)
{
    w = w > r->w ? r->w : w;
    r->w -= w;
    return (struct gfx_rect){r->x + r->w, r->y, w, r->h};
}

struct gfx_rect ui_inset(struct gfx_rect r, int dx, int dy)
{
    r.x += dx;
    r.y += dy;
    r.w = r.w > 2 * dx ? r.w - 2 * dx : 0;
    r.h = r.h > 2 * dy ? r.h - 2 * dy : 0;
    return r;
}

int ui_text_width(struct ui *ui, enum gfx_font font, const char *s)
{
    return gfx_text_width(ui->fonts, font, s, -1);
}

static int text_y(const struct ui *ui, enum gfx_font font, struct gfx_rect r)
{
    return r.y + (r.h - gfx_font_height(ui->fonts, font)) / 2;
}

/* The text as it fits; where it does not and the pointer is on it, the whole of it is
 * kept for a tooltip. */
static int fit(struct ui *ui, enum gfx_font font, struct gfx_rect r, const char *s,
               char cut[ELIDE_MAX])
{
    int w = gfx_text_elide(ui->fonts, font, s, r.w, cut, ELIDE_MAX);
    if (ui_hover(ui, r) && strcmp(cut, s))
        snprintf(ui->elided, sizeof ui->elided, "%s", s);
    return w;
}

int ui_label(struct ui *ui, enum gfx_font font, struct gfx_rect r, const char *s, gfx_color color)
{
    char cut[ELIDE_MAX];
    int w = fit(ui, font, r, s, cut);
    gfx_text(ui->list, font, r.x, text_y(ui, font, r), cut, color);
    return w;
}

int ui_label_right(struct ui *ui, enum gfx_font font, struct gfx_rect r, const char *s,
                   gfx_color color)
{
    char cut[ELIDE_MAX];
    int w = fit(ui, font, r, s, cut);
    gfx_text(ui->list, font, r.x + r.w - w, text_y(ui, font, r), cut, color);
    return w;
}

void ui_label_center(struct ui *ui, enum gfx_font font, struct gfx_rect r, const char *s,
                     gfx_color color)
{
    char cut[ELIDE_MAX];
    int w = fit(ui, font, r, s, cut);
    gfx_text(ui->list, font, r.x + (r.w - w) / 2, text_y(ui, font, r), cut, color);
}
