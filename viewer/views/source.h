/* source: the lines of a function with what each weighs, beside a profile's graph and
 * in a tab of the trace's panel. */
#ifndef VIEWS_SOURCE_H
#define VIEWS_SOURCE_H

#include "model/lines.h"
#include "views/asked.h"

struct views_source {
    struct model_lines lines;
    struct model_source file; /* the function's, where it was found */
    char *function;           /* owned: shown */
    const char *name;         /* of the file, as the lines have it */
    int64_t first, end;       /* lines with a weight */
    const char *hint_file;    /* borrowed: a place of the function, shown where it has no */
    int64_t hint_line;        /* weight; NULL: not known */
    int scroll_px;
    bool made; /* lines are there */
};

/* Draws it; `folder` is where source files may be beside, or NULL. `without` is said
 * where the function has no line. */
void views_source_draw(struct views *v, struct views_source *s, const char *function,
                       const char *unit, const char *folder, const char *without,
                       struct gfx_rect r);
void views_source_release(struct views_source *s);

/* The tab: source lines by a trace's samples or waits. */
struct views_code {
    struct views_asked ask;
    struct model_lines next;
    struct views_source source;
};

void views_code_stop(struct views_code *c);
void views_code_release(struct views_code *c);
/* Shows the source of a frame of the trace's. */
void views_code_open(struct views *v, const struct trace_frame *frame);

#endif
