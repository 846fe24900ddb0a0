/* wrap: text on several lines, and words to click. */
#include "ui/ui.h"

#include <string.h>

/* Bytes of as many characters as are no wider than that, at least one. */
static size_t part_of_word(struct ui *ui, enum gfx_font font, int width_px, const char *s)
{
    const char *p = s, *next = s;
    while (*p && *p != ' ' && *p != '\n') {
        gfx_utf8_next(&next);
        if (p > s && gfx_text_width(ui->fonts, font, s, (int)(next - s)) > width_px)
            break;
        p = next;
    }
    return (size_t)(p - s);
}

/* Bytes of the longest beginning of s, ended at a space, that is no wider than that. A
 * word that is wider is broken. */
static size_t line_bytes(struct ui *ui, enum gfx_font font, int width_px, const char *s)
{
    size_t best = 0, at = 0;
    int w = 0;
    while (s[at]) {
        size_t word = at + strspn(s + at, " ");
        word += strcspn(s + word, " \n");
        w += gfx_text_width(ui->fonts, font, s + at, (int)(word - at));
        if (w > width_px && !best)
            return part_of_word(ui, font, width_px, s);
        if (w > width_px)
            break;
        best = at = word;
        if (s[at] == '\n')
            break;
    }
    return best;
}

static int wrap(struct ui *ui, enum gfx_font font, struct gfx_rect *r, const char *s,
                gfx_color color, bool draw)
{
    int line_h = gfx_font_height(ui->fonts, font) + ui_px(ui, 3), h = 0;
    char line[UI_ELIDED];
    while (*s) {
        size_t bytes = *s == '\n' ? 0 : line_bytes(ui, font, r->w, s);
        size_t kept = bytes < sizeof line ? bytes : sizeof line - 1;
        memcpy(line, s, kept);
        line[kept] = '\0';
        h += line_h;
        if (draw && r->h > 0)
            ui_label(ui, font, ui_cut_top(r, line_h), line, color);
        s += bytes;
        s += *s == '\n' ? 1 : strspn(s, " ");
    }
    return h;
}

int ui_wrap(struct ui *ui, enum gfx_font font, struct gfx_rect *r, const char *s, gfx_color color)
{
    return wrap(ui, font, r, s, color, true);
}

int ui_wrap_height(struct ui *ui, enum gfx_font font, int width_px, const char *s)
{
    struct gfx_rect r = {.w = width_px};
    return wrap(ui, font, &r, s, 0, false);
}

bool ui_link(struct ui *ui, uint64_t id, struct gfx_rect *r, const char *text)
{
    int w = ui_text_width(ui, GFX_NORMAL, text);
    struct gfx_rect at = ui_cut_left(r, w);
    ui_label(ui, GFX_NORMAL, at, text, ui->theme->accent);
    if (ui_hover(ui, at)) {
        int y = at.y + (at.h + gfx_font_height(ui->fonts, GFX_NORMAL)) / 2;
        gfx_rect(ui->list, (struct gfx_rect){at.x, y, at.w, ui_px(ui, 1)}, ui->theme->accent);
        ui->cursor = GFX_CURSOR_HAND;
    }
    bool clicked = ui_click(ui, id, at);
    ui_cut_left(r, ui_px(ui, 14));
    return clicked;
}
