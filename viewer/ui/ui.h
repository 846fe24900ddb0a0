/* ui: immediate-mode widgets. A view calls widgets in the order they are drawn;
 * a widget draws itself into the frame's list and tells what the user did to it.
 *
 *     if (ui_button(ui, UI_ID("reset", 0), rect, "Reset", false)) reset();
 *
 * Input is one struct a frame. A widget that is pressed stays `active` until the
 * button is released; `hot` is what lies under the pointer. */
#ifndef UI_UI_H
#define UI_UI_H

#include "gfx/canvas.h"
#include "gfx/font.h"
#include "gfx/list.h"
#include "gfx/theme.h"

struct ui_input {
    int x, y;      /* pointer, px; -1 outside */
    bool down;     /* left button is held */
    bool pressed;  /* went down in this frame */
    bool released; /* went up in this frame */
    bool double_click;
    bool middle_down;
    int press_x, press_y; /* where the left button went down */
    float wheel, wheel_x; /* notches in this frame, 0 once taken */
    unsigned mods;
};

enum {
    UI_TYPED = 32, /* keys kept for a frame */
    UI_ELIDED = 1024
};

struct ui {
    struct gfx_list *list;
    struct gfx_fonts *fonts;
    const struct gfx_theme *theme;
    double scale;
    struct ui_input in;
    uint64_t active;        /* id of the pressed widget, 0 = none */
    bool modal;             /* an overlay takes all input but its own */
    struct gfx_rect cover;  /* what a list lies over: only it gets the pointer there */
    bool over;              /* that list is being drawn */
    enum gfx_cursor cursor; /* what the pointer should look like */
    bool again;             /* something changed: draw another frame */
    uint64_t focus;         /* widget that gets keys (ui/edit.h), 0 = none */
    bool focus_seen;        /* it was drawn in this frame */
    bool focus_text;        /* it takes all keys, as text */
    struct gfx_event typed[UI_TYPED];
    int typed_count;
    int last_x, last_y;     /* where the pointer was a frame ago */
    char elided[UI_ELIDED]; /* text under the pointer that had no room, whole; "" for none */
};

/* A widget's id: the address of a string literal and a number. */
#define UI_ID(name, n) ui_id(name, (uint64_t)(n))
uint64_t ui_id(const char *name, uint64_t n);

void ui_begin(struct ui *ui, int width_px, int height_px);
/* After the last widget: forgets the frame's clicks and wheel. */
void ui_end(struct ui *ui);

/* A length in design units as px, at least 1 for lengths above 0. */
int ui_px(const struct ui *ui, double units);

bool ui_hover(const struct ui *ui, struct gfx_rect r);
/* The left button went down in r; makes id active. */
bool ui_press(struct ui *ui, uint64_t id, struct gfx_rect r);
/* A press and release inside r without dragging away. */
bool ui_click(struct ui *ui, uint64_t id, struct gfx_rect r);
bool ui_is_active(const struct ui *ui, uint64_t id);
/* The pointer moved further from the press than a shaky click does. */
bool ui_dragged(const struct ui *ui);
/* The wheel's notches if the pointer is in r (and no modifier is held), else 0. */
float ui_wheel(struct ui *ui, struct gfx_rect r);

/* Cuts a strip off r and returns it. */
struct gfx_rect ui_cut_top(struct gfx_rect *r, int h);
struct gfx_rect ui_cut_bottom(struct gfx_rect *r, int h);
struct gfx_rect ui_cut_left(struct gfx_rect *r, int w);
struct gfx_rect ui_cut_right(struct gfx_rect *r, int w);
struct gfx_rect ui_inset(struct gfx_rect r, int dx, int dy);

int ui_text_width(struct ui *ui, enum gfx_font font, const char *s);
/* Text in the middle of r's height, from its left edge, elided to its width.
 * Returns the width drawn. */
int ui_label(struct ui *ui, enum gfx_font font, struct gfx_rect r, const char *s, gfx_color color);
/* The same against the right edge, and in the middle. */
int ui_label_right(struct ui *ui, enum gfx_font font, struct gfx_rect r, const char *s,
                   gfx_color color);
void ui_label_center(struct ui *ui, enum gfx_font font, struct gfx_rect r, const char *s,
                     gfx_color color);
/* Words on as many lines as they need, from r's top, which is cut off; lines that r has
 * no room for are counted but not drawn. Returns their height. */
int ui_wrap(struct ui *ui, enum gfx_font font, struct gfx_rect *r, const char *s, gfx_color color);
/* The height alone. */
int ui_wrap_height(struct ui *ui, enum gfx_font font, int width_px, const char *s);
/* A word to click, in the accent colour and underlined under the pointer. Cut off r's
 * left with a gap behind it. */
bool ui_link(struct ui *ui, uint64_t id, struct gfx_rect *r, const char *text);
/* A small triangle that points down (open) or right. */
void ui_fold_mark(struct ui *ui, struct gfx_rect r, bool open, gfx_color color);

bool ui_button(struct ui *ui, uint64_t id, struct gfx_rect r, const char *text, bool on);
/* Width that a button of this text wants. */
int ui_button_width(struct ui *ui, const char *text);
/* Buttons side by side of which one is on; the strip is cut off r's left. Returns
 * the chosen index. */
int ui_choice(struct ui *ui, uint64_t id, struct gfx_rect *r, const char *const *texts, int count,
              int chosen);
/* Tabs along r; returns the chosen one. */
int ui_tabs(struct ui *ui, uint64_t id, struct gfx_rect r, const char *const *texts, int count,
            int chosen);
/* A bar to drag; *size_px changes by the pointer's way (sign -1: grows upwards). */
void ui_splitter(struct ui *ui, uint64_t id, struct gfx_rect r, bool horizontal, int sign,
                 int *size_px);
/* A scroll bar at the right edge of r, where content is taller; wheel over r
 * scrolls too. Clamps *scroll_px. Returns the bar's width (0: none). */
int ui_scroll(struct ui *ui, uint64_t id, struct gfx_rect r, int content_px, int *scroll_px);
/* A small labelled box; returns its width. x, y: top left. */
int ui_badge(struct ui *ui, int x, int y, int h, const char *text, gfx_color back, gfx_color color);

#endif
