/* widgets: buttons, tabs, splitters, scroll bars. */
#include "ui/ui.h"

void ui_fold_mark(struct ui *ui, struct gfx_rect r, bool open, gfx_color color)
{
    int half = ui_px(ui, 4), cx = r.x + r.w / 2, cy = r.y + r.h / 2;
    for (int i = 0; i < half; i++) {
        int length = 2 * (half - i) - 1;
        struct gfx_rect row =
            open ? (struct gfx_rect){cx - half + 1 + i, cy - half / 2 + i, length, 1}
                 : (struct gfx_rect){cx - half / 2 + i, cy - half + 1 + i, 1, length};
        gfx_rect(ui->list, row, color);
    }
}

int ui_button_width(struct ui *ui, const char *text)
{
    return ui_text_width(ui, GFX_NORMAL, text) + ui_px(ui, 18);
}

bool ui_button(struct ui *ui, uint64_t id, struct gfx_rect r, const char *text, bool on)
{
    bool hover = ui_hover(ui, r);
    const struct gfx_theme *t = ui->theme;
    gfx_color back = on ? gfx_mix(t->panel, t->accent, 110) : hover ? t->hover : t->raised;
    gfx_round(ui->list, r, ui_px(ui, 3), back);
    gfx_color color = gfx_contrast(back, t->text) > 4.5 ? t->text : t->on_accent;
    ui_label_center(ui, GFX_NORMAL, r, text, color);
    if (hover)
        ui->cursor = GFX_CURSOR_HAND;
    return ui_click(ui, id, r);
}

int ui_choice(struct ui *ui, uint64_t id, struct gfx_rect *r, const char *const *texts, int count,
              int chosen)
{
    for (int i = 0; i < count; i++) {
        struct gfx_rect b = ui_cut_left(r, ui_button_width(ui, texts[i]));
        if (ui_button(ui, id + (uint64_t)i, b, texts[i], i == chosen) && i != chosen) {
            chosen = i;
            ui->again = true;
        }
        ui_cut_left(r, ui_px(ui, 2));
    }
    return chosen;
}

/* With too many tabs for the width: those around the chosen one, and arrows to others. */
static int first_tab(struct ui *ui, const char *const *texts, int chosen, int margins, int room)
{
    int first = chosen, w = ui_text_width(ui, GFX_NORMAL, texts[chosen]) + margins;
    while (first > 0) {
        w += ui_text_width(ui, GFX_NORMAL, texts[first - 1]) + margins;
        if (w > room)
            break;
        first--;
    }
    return first;
}

static bool tab_arrow(struct ui *ui, uint64_t id, struct gfx_rect r, const char *text, bool can)
{
    ui_label_center(ui, GFX_BOLD, r, text,
                    !can              ? ui->theme->line
                    : ui_hover(ui, r) ? ui->theme->text
                                      : ui->theme->accent);
    if (can && ui_hover(ui, r))
        ui->cursor = GFX_CURSOR_HAND;
    return can && ui_click(ui, id, r);
}

/* Cuts the arrows off r; returns the first tab that is shown. */
static int scroll_tabs(struct ui *ui, uint64_t id, struct gfx_rect *r, const char *const *texts,
                       int count, int margins, int *chosen)
{
    int arrow = ui_px(ui, 20);
    struct gfx_rect before = ui_cut_left(r, arrow), after = ui_cut_right(r, arrow);
    if (tab_arrow(ui, id + 1000, before, "<", *chosen > 0)) {
        --*chosen;
        ui->again = true;
    }
    if (tab_arrow(ui, id + 1001, after, ">", *chosen + 1 < count)) {
        ++*chosen;
        ui->again = true;
    }
    return first_tab(ui, texts, *chosen, margins, r->w);
}

int ui_tabs(struct ui *ui, uint64_t id, struct gfx_rect r, const char *const *texts, int count,
            int chosen)
{
    const struct gfx_theme *t = ui->theme;
    int sum = 0, first = 0, margins = ui_px(ui, 28), least = ui_px(ui, 8);
    for (int i = 0; i < count; i++)
        sum += ui_text_width(ui, GFX_NORMAL, texts[i]);
    if (count && sum + count * margins > r.w) /* narrower margins, then not all of them */
        margins = (r.w - sum) / count > least ? (r.w - sum) / count : least;
    if (count > 1 && sum + count * margins > r.w) {
        margins = ui_px(ui, 20);
        first = scroll_tabs(ui, id, &r, texts, count, margins, &chosen);
    }
    for (int i = first; i < count; i++) {
        int want = ui_text_width(ui, GFX_NORMAL, texts[i]) + margins;
        if (want > r.w && i > first && i != chosen)
            break;
        struct gfx_rect tab = ui_cut_left(&r, want < r.w ? want : r.w);
        bool hover = ui_hover(ui, tab);
        if (hover)
            ui->cursor = GFX_CURSOR_HAND;
        if (i == chosen) {
            struct gfx_rect mark = tab;
            gfx_rect(ui->list, ui_cut_bottom(&mark, ui_px(ui, 2)), t->accent);
        } else if (hover) {
            gfx_rect(ui->list, tab, t->hover);
        }
        ui_label_center(ui, GFX_NORMAL, ui_inset(tab, least / 2, 0), texts[i],
                        i == chosen || hover ? t->text : t->text_dim);
        if (ui_click(ui, id + (uint64_t)i, tab) && i != chosen) {
            chosen = i;
            ui->again = true;
        }
    }
    return chosen;
}

void ui_splitter(struct ui *ui, uint64_t id, struct gfx_rect r, bool horizontal, int sign,
                 int *size_px)
{
    int reach = ui_px(ui, 3);
    struct gfx_rect grip = r;
    if (horizontal)
        grip.y -= reach, grip.h += 2 * reach;
    else
        grip.x -= reach, grip.w += 2 * reach;
    ui_press(ui, id, grip);
    bool held = ui_is_active(ui, id), hot = held || ui_hover(ui, grip);
    if (hot)
        ui->cursor = horizontal ? GFX_CURSOR_SPLIT : GFX_CURSOR_SPLIT_X;
    gfx_rect(ui->list, r, hot ? ui->theme->accent : ui->theme->line);
    if (!held)
        return;
    int way = horizontal ? ui->in.y - (r.y + r.h / 2) : ui->in.x - (r.x + r.w / 2);
    bool moved = ui->in.x != ui->last_x || ui->in.y != ui->last_y;
    if (way && moved) { /* what has no room to give stays behind a pointer that rests */
        *size_px += sign * way;
        ui->again = true;
    }
}

int ui_scroll(struct ui *ui, uint64_t id, struct gfx_rect r, int content_px, int *scroll_px)
{
    int most = content_px > r.h ? content_px - r.h : 0, width = ui_px(ui, 10);
    float notches = ui_wheel(ui, r);
    if (notches != 0)
        *scroll_px -= (int)(notches * (float)ui_px(ui, 54));
    struct gfx_rect track = {r.x + r.w - width, r.y, width, r.h};
    int knob = content_px > 0 && most ? (int)((int64_t)r.h * r.h / content_px) : 0;
    int least = ui_px(ui, 24);
    knob = knob < least ? least : knob;
    int way = r.h - knob;
    if (most && way > 0) {
        ui_press(ui, id, track);
        if (ui_is_active(ui, id))
            *scroll_px = (int)((int64_t)(ui->in.y - r.y - knob / 2) * most / way);
    }
    *scroll_px = *scroll_px > most ? most : *scroll_px < 0 ? 0 : *scroll_px;
    if (!most || way <= 0)
        return 0;
    bool hot = ui_is_active(ui, id) || ui_hover(ui, track);
    gfx_rect(ui->list, track, ui->theme->panel);
    struct gfx_rect bar = {track.x, r.y + (int)((int64_t)way * *scroll_px / most), width, knob};
    gfx_round(ui->list, ui_inset(bar, ui_px(ui, 2), 1), ui_px(ui, 3),
              hot ? ui->theme->text_dim : ui->theme->hover);
    return width;
}

int ui_badge(struct ui *ui, int x, int y, int h, const char *text, gfx_color back, gfx_color color)
{
    int w = ui_text_width(ui, GFX_SMALL, text) + ui_px(ui, 12);
    struct gfx_rect r = {x, y, w, h};
    gfx_round(ui->list, r, ui_px(ui, 3), back);
    ui_label_center(ui, GFX_SMALL, r, text, color);
    return w;
}
