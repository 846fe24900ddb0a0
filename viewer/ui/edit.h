/* edit: keyboard focus, and a line of text to type into.
 *
 * A widget with the focus gets keys before the key table does: an edit all of
 * them, a list (ui_list_keys) only those that move in it. A focus whose widget is
 * not drawn in a frame is gone. */
#ifndef UI_EDIT_H
#define UI_EDIT_H

#include "ui/ui.h"

enum {
    UI_EDIT_MAX = 256
};

struct ui_edit {
    char text[UI_EDIT_MAX]; /* UTF-8 */
    size_t caret;           /* byte that the next character goes before */
};

enum ui_edit_result {
    UI_EDIT_NONE,
    UI_EDIT_CHANGED,
    UI_EDIT_ENTER,
    UI_EDIT_ESCAPE /* the focus is given up */
};

/* `hint` stands in it while it is empty. */
enum ui_edit_result ui_edit(struct ui *ui, uint64_t id, struct gfx_rect r, struct ui_edit *e,
                            const char *hint);
void ui_edit_set(struct ui_edit *e, const char *text);

void ui_focus(struct ui *ui, uint64_t id);
bool ui_has_focus(const struct ui *ui, uint64_t id);
/* For a list with the focus: the next of Up, Down, PgUp, PgDn, Home, End, Enter, or 0. */
int ui_list_key(struct ui *ui, uint64_t id);

/* Gives a key or typed text to who has the focus; false where nobody wants it. */
bool ui_type(struct ui *ui, const struct gfx_event *event);

#endif
