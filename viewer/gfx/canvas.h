/* canvas: where frames go, a window or a picture in memory, and the window's
 * input. The only header behind which SDL's video part is used.
 *
 *     struct gfx_canvas *c = gfx_canvas_offscreen(1920, 1080);
 *     gfx_canvas_draw(c, &list, fonts);
 *     gfx_canvas_save(c, "out.png", &err);
 *
 * The picture in memory needs no display, no driver and no SDL_Init. */
#ifndef GFX_CANVAS_H
#define GFX_CANVAS_H

#include "base/err.h"
#include "gfx/font.h"
#include "gfx/list.h"

struct gfx_canvas;

/* Opens a window; NULL with err (and what to do) where there is no display. */
struct gfx_canvas *gfx_canvas_window(const char *title, int width, int height, struct err *err);
struct gfx_canvas *gfx_canvas_offscreen(int width_px, int height_px);
void gfx_canvas_close(struct gfx_canvas *c);

void gfx_canvas_size(const struct gfx_canvas *c, int *width_px, int *height_px);
/* Pixels per unit of the window system: 2 on a double-density screen. */
double gfx_canvas_density(const struct gfx_canvas *c);
void gfx_canvas_resize(struct gfx_canvas *c, int width_px, int height_px);
void gfx_canvas_title(struct gfx_canvas *c, const char *title);

/* Replays the list and shows it. A list equal to the last one is not replayed
 * unless the window system lost the picture. */
void gfx_canvas_draw(struct gfx_canvas *c, const struct gfx_list *l, struct gfx_fonts *fonts);
/* How many frames were not equal to the one before. */
uint64_t gfx_canvas_frames(const struct gfx_canvas *c);
bool gfx_canvas_save(struct gfx_canvas *c, const char *path, struct err *err);

/* Puts text on the window system's clipboard; false where there is none. */
bool gfx_canvas_copy(struct gfx_canvas *c, const char *text);

enum gfx_cursor {
    GFX_CURSOR_ARROW,
    GFX_CURSOR_HAND,
    GFX_CURSOR_SPLIT,
    GFX_CURSOR_SPLIT_X
};
void gfx_canvas_cursor(struct gfx_canvas *c, enum gfx_cursor cursor);

enum gfx_event_kind {
    GFX_EVENT_NONE,
    GFX_EVENT_QUIT,
    GFX_EVENT_KEY, /* pressed or repeating */
    GFX_EVENT_KEY_UP,
    GFX_EVENT_TEXT, /* a character was typed */
    GFX_EVENT_MOVE,
    GFX_EVENT_PRESS,
    GFX_EVENT_RELEASE,
    GFX_EVENT_WHEEL,
    GFX_EVENT_LEAVE, /* the pointer left the window */
    GFX_EVENT_RESIZE,
    GFX_EVENT_BLUR, /* the keyboard went elsewhere: held keys are up */
    GFX_EVENT_WAKE, /* gfx_wake was called */
    GFX_EVENT_DROP, /* a file was dropped */
};

/* Printable keys are their lower-case ASCII character. */
enum gfx_key {
    GFX_KEY_ENTER = 256,
    GFX_KEY_ESCAPE,
    GFX_KEY_TAB,
    GFX_KEY_BACKSPACE,
    GFX_KEY_LEFT,
    GFX_KEY_RIGHT,
    GFX_KEY_UP,
    GFX_KEY_DOWN,
    GFX_KEY_HOME,
    GFX_KEY_END,
    GFX_KEY_PAGE_UP,
    GFX_KEY_PAGE_DOWN,
};

enum {
    GFX_SHIFT = 1,
    GFX_CTRL = 2,
    GFX_ALT = 4
};

struct gfx_event {
    enum gfx_event_kind kind;
    int key; /* enum gfx_key or a character */
    unsigned mods;
    bool repeat;   /* of a held key */
    int x, y;      /* pointer, px */
    int button;    /* 1 left, 2 middle, 3 right */
    int clicks;    /* 2: the second of a double click */
    float wheel;   /* notches, away from the user positive */
    float wheel_x; /* notches, right positive */
    char text[32]; /* GFX_EVENT_TEXT: UTF-8 */
    char *path;    /* GFX_EVENT_DROP: owned by the receiver (free) */
};

/* The next event, waiting at most timeout_ms (-1: for ever). False: none came. */
bool gfx_canvas_event(struct gfx_canvas *c, int timeout_ms, struct gfx_event *event);
/* Makes gfx_canvas_event return from another thread. */
void gfx_wake(void);
/* Milliseconds of a clock that only grows. */
uint64_t gfx_now_ms(void);

#endif
