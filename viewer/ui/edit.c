#include "ui/edit.h"

#include <stdio.h>
#include <string.h>

void ui_focus(struct ui *ui, uint64_t id)
{
    ui->focus = id;
    ui->focus_seen = true;
    ui->focus_text = false;
    ui->typed_count = 0;
    ui->again = true;
}

bool ui_has_focus(const struct ui *ui, uint64_t id)
{
    return ui->focus == id;
}

void ui_edit_set(struct ui_edit *e, const char *text)
{
    snprintf(e->text, sizeof e->text, "%s", text);
    e->caret = strlen(e->text);
}

static bool moves_in_list(int key)
{
    return key == GFX_KEY_UP || key == GFX_KEY_DOWN || key == GFX_KEY_PAGE_UP ||
           key == GFX_KEY_PAGE_DOWN || key == GFX_KEY_HOME || key == GFX_KEY_END ||
           key == GFX_KEY_ENTER;
}

bool ui_type(struct ui *ui, const struct gfx_event *event)
{
    if (!ui->focus || ui->modal || event->mods & (GFX_CTRL | GFX_ALT))
        return false;
    if (!ui->focus_text) {
        if (event->kind == GFX_EVENT_KEY && event->key == GFX_KEY_ESCAPE)
            ui->focus = 0;
        if (event->kind != GFX_EVENT_KEY || !moves_in_list(event->key))
            return false;
    } else if (event->kind == GFX_EVENT_KEY && event->key == GFX_KEY_TAB) {
        return false;
    }
    if (ui->typed_count < UI_TYPED)
        ui->typed[ui->typed_count++] = *event;
    return true;
}

int ui_list_key(struct ui *ui, uint64_t id)
{
    if (ui->focus != id)
        return 0;
    ui->focus_seen = true;
    ui->focus_text = false;
    if (!ui->typed_count)
        return 0;
    int key = ui->typed[0].key;
    memmove(ui->typed, ui->typed + 1, (size_t)--ui->typed_count * sizeof *ui->typed);
    return key;
}

static bool is_middle(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

static void insert(struct ui_edit *e, const char *text)
{
    size_t len = strlen(e->text), more = strlen(text);
    if (len + more >= sizeof e->text)
        return;
    memmove(e->text + e->caret + more, e->text + e->caret, len - e->caret + 1);
    memcpy(e->text + e->caret, text, more);
    e->caret += more;
}

static void move_left(struct ui_edit *e)
{
    while (e->caret > 0 && is_middle(e->text[--e->caret]))
        ;
}

static void move_right(struct ui_edit *e)
{
    if (e->text[e->caret])
        e->caret++;
    while (is_middle(e->text[e->caret]))
        e->caret++;
}

static void erase(struct ui_edit *e)
{
    size_t end = e->caret;
    move_left(e);
    memmove(e->text + e->caret, e->text + end, strlen(e->text + end) + 1);
}

static enum ui_edit_result take(struct ui *ui, struct ui_edit *e, const struct gfx_event *event)
{
    if (event->kind == GFX_EVENT_TEXT) {
        insert(e, event->text);
        return UI_EDIT_CHANGED;
    }
    switch (event->key) {
    case GFX_KEY_BACKSPACE:
        erase(e);
        return UI_EDIT_CHANGED;
    case GFX_KEY_LEFT:
        move_left(e);
        return UI_EDIT_NONE;
    case GFX_KEY_RIGHT:
        move_right(e);
        return UI_EDIT_NONE;
    case GFX_KEY_HOME:
        e->caret = 0;
        return UI_EDIT_NONE;
    case GFX_KEY_END:
        e->caret = strlen(e->text);
        return UI_EDIT_NONE;
    case GFX_KEY_ENTER:
        return UI_EDIT_ENTER;
    case GFX_KEY_ESCAPE:
        ui->focus = 0;
        return UI_EDIT_ESCAPE;
    default:
        return UI_EDIT_NONE;
    }
}

static void draw(struct ui *ui, struct gfx_rect r, const struct ui_edit *e, const char *hint,
                 bool focused)
{
    const struct gfx_theme *t = ui->theme;
    gfx_round(ui->list, r, ui_px(ui, 3), focused || ui_hover(ui, r) ? t->hover : t->raised);
    struct gfx_rect in = ui_inset(r, ui_px(ui, 7), 0);
    gfx_clip_push(ui->list, in);
    int caret_x = gfx_text_width(ui->fonts, GFX_NORMAL, e->text, (int)e->caret);
    int shift = caret_x > in.w - 2 ? caret_x - in.w + 2 : 0; /* keeps the caret in sight */
    int y = in.y + (in.h - gfx_font_height(ui->fonts, GFX_NORMAL)) / 2;
    if (e->text[0])
        gfx_text(ui->list, GFX_NORMAL, in.x - shift, y, e->text, t->text);
    else if (!focused)
        ui_label(ui, GFX_NORMAL, in, hint, t->text_dim);
    if (focused)
        gfx_rect(ui->list,
                 (struct gfx_rect){in.x + caret_x - shift, y, ui_px(ui, 1),
                                   gfx_font_height(ui->fonts, GFX_NORMAL)},
                 t->accent);
    gfx_clip_pop(ui->list);
    if (focused)
        gfx_rect(ui->list, (struct gfx_rect){r.x, r.y + r.h - ui_px(ui, 2), r.w, ui_px(ui, 2)},
                 t->accent);
}

enum ui_edit_result ui_edit(struct ui *ui, uint64_t id, struct gfx_rect r, struct ui_edit *e,
                            const char *hint)
{
    enum ui_edit_result result = UI_EDIT_NONE;
    if (ui_press(ui, id, r))
        ui_focus(ui, id);
    else if (ui->in.pressed && ui->focus == id)
        ui->focus = 0;
    if (ui->focus == id) {
        ui->focus_seen = ui->focus_text = true;
        for (int i = 0; i < ui->typed_count && result != UI_EDIT_ESCAPE; i++) {
            enum ui_edit_result r1 = take(ui, e, &ui->typed[i]);
            result = r1 == UI_EDIT_NONE ? result : r1;
        }
        ui->again |= ui->typed_count > 0;
        ui->typed_count = 0;
    }
    draw(ui, r, e, hint, ui->focus == id);
    return result;
}
