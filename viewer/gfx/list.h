/* list: a frame as data. Views append commands; gfx_canvas replays them, and
 * gfx_list_dump prints them, so that a frame can be compared as text and an
 * unchanged frame costs nothing. Coordinates are pixels, top left is 0,0. */
#ifndef GFX_LIST_H
#define GFX_LIST_H

#include "base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint32_t gfx_color; /* 0xRRGGBBAA */

struct gfx_rect {
    int x, y, w, h;
};

enum gfx_font {
    GFX_SMALL,
    GFX_NORMAL,
    GFX_BOLD,
    GFX_TITLE,
    GFX_MONO,
    GFX_FONTS
};

enum gfx_op {
    GFX_RECT,    /* filled */
    GFX_TEXT,    /* top left at x, y */
    GFX_LINE,    /* from x, y to w, h (a point, not a size) */
    GFX_CLIP,    /* what follows is cut to the box */
    GFX_COLUMNS, /* parts stacked in the columns of the box, bottom up */
};

/* One box of a column: `last` ends the column, the next part begins one further
 * right. A column may be empty: one part of no height. */
struct gfx_part {
    gfx_color color; /* opaque */
    uint16_t h;
    uint16_t last;
};

struct gfx_cmd {
    uint8_t op;
    uint8_t font;
    uint16_t zero; /* no padding: commands are hashed as bytes */
    gfx_color color;
    struct gfx_rect r;
    uint32_t text;  /* offset in list->text of a NUL-terminated string, or in parts */
    uint32_t count; /* of parts */
};

enum {
    GFX_CLIPS = 16
};

struct gfx_list {
    struct gfx_cmd *cmds; /* owned */
    size_t count, cap;
    char *text; /* owned */
    size_t text_len, text_cap;
    struct gfx_part *parts; /* owned */
    size_t part_count, part_cap;
    struct gfx_rect clips[GFX_CLIPS]; /* the stack; [0] is the whole frame */
    int clip_depth;
};

/* Empties the list and clips to a frame of this size. */
void gfx_list_begin(struct gfx_list *l, int width_px, int height_px);
void gfx_list_release(struct gfx_list *l);

/* Commands wholly outside the clip are dropped. */
void gfx_rect(struct gfx_list *l, struct gfx_rect r, gfx_color color);
void gfx_frame(struct gfx_list *l, struct gfx_rect r, int thickness_px, gfx_color color);
/* A filled box with its corners taken off. */
void gfx_round(struct gfx_list *l, struct gfx_rect r, int radius_px, gfx_color color);
void gfx_line(struct gfx_list *l, int x0, int y0, int x1, int y1, gfx_color color);
void gfx_text(struct gfx_list *l, enum gfx_font font, int x, int y, const char *s, gfx_color color);
/* Many thin boxes as one command: columns of a px each from r.x on. The parts are
 * copied. */
void gfx_columns(struct gfx_list *l, struct gfx_rect r, const struct gfx_part *parts, size_t count);
/* Cuts what follows to r and the clip so far; pop restores that. */
void gfx_clip_push(struct gfx_list *l, struct gfx_rect r);
void gfx_clip_pop(struct gfx_list *l);

/* A hash of bytes that goes on from h; not stable across versions. */
uint64_t gfx_hash(uint64_t h, const void *p, size_t bytes);
/* One line a command: "rect 0 0 10 20 #rrggbbaa", "text small 4 5 #... words",
 * "columns 0 0 10 20 3x[#rrggbbaa*5 #rrggbbaa*15] 7x[]". */
void gfx_list_dump(const struct gfx_list *l, struct strbuf *out);
/* Some text command contains the words. */
bool gfx_list_shows(const struct gfx_list *l, const char *words);

struct gfx_rect gfx_intersect(struct gfx_rect a, struct gfx_rect b);
bool gfx_inside(struct gfx_rect r, int x, int y);

/* The two mixed: share 0 is all a, 255 all b. */
gfx_color gfx_mix(gfx_color a, gfx_color b, unsigned share);
gfx_color gfx_alpha(gfx_color c, unsigned alpha);
/* WCAG contrast of two opaque colours, 1 to 21. */
double gfx_contrast(gfx_color a, gfx_color b);

#endif
