/* picture: boxes, curves and text as SVG, PNG, PDF or PostScript. Drawing is data, so
 * that one description serves all formats. Lengths are in pixels of 1/96 inch. */
#ifndef PPROF_PICTURE_H
#define PPROF_PICTURE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/strbuf.h"

#include <stdint.h>

#define PICTURE_NO_COLOR UINT32_MAX /* else 0xrrggbb */

struct picture_point {
    double x, y;
};

enum picture_kind {
    PICTURE_BOX,
    PICTURE_CURVE, /* Bezier: a start, then threes of two controls and an end */
    PICTURE_ARROW, /* the same with a head at the end */
    PICTURE_TEXT
};

struct picture_item {
    enum picture_kind kind;
    double x, y;          /* of a box: left, top; of a text: its anchor on the base line */
    double width, height; /* of a box; width of a line */
    const struct picture_point *points;
    uint32_t point_count;
    const char *text;
    double size;   /* of the text */
    double anchor; /* 0: the text begins at x, 0.5: it is centred, 1: it ends there */
    uint32_t color, fill;
    bool dashed;
    const char *key;     /* or NULL; with a tooltip: data-key of its group */
    const char *tooltip; /* or NULL; opens a group that lasts to the next item with one */
};

struct picture {
    struct arena arena; /* owns texts and points */
    double width, height;
    const char *title;
    struct picture_item *items; /* owned */
    size_t count, cap;
};

void picture_add(struct picture *p, struct picture_item item);
void picture_release(struct picture *p);

/* About how wide a text is in the font that is used. */
double picture_text_width(const char *text, double size);
/* As much of a text as fits, with ".." behind it where it was cut; "" for too little. */
const char *picture_fit(struct arena *a, const char *text, double size, double width);

/* Appends the picture as "svg", "png", "pdf" or "ps". */
bool picture_write(const struct picture *p, const char *format, struct strbuf *out,
                   struct err *err);

#endif
