/* window: the visible part of the trace and its mapping to pixel columns.
 *
 * Column p shows the instants [model_ns_from_px(p), model_ns_from_px(p + 1));
 * model_px_from_ns says in which column an instant lies. A column is a whole
 * number of ns, so both agree exactly, drawing, totals and hit test never differ by
 * a rounding, and a pan by whole columns shows the same columns elsewhere. What is
 * asked for is widened to such a window, by less than a ns a column. */
#ifndef MODEL_WINDOW_H
#define MODEL_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

/* Half-open times; empty where end <= begin. */
struct model_range {
    int64_t begin_ns;
    int64_t end_ns;
};

struct model_window {
    int64_t begin_ns; /* visible: [begin_ns, end_ns) */
    int64_t end_ns;
    int64_t duration_ns; /* of the whole trace */
    int64_t column_ns;   /* shown by a column, at least 1 */
    double zoom_ns;      /* the same before rounding: small steps of zoom add up in it */
    int width_px;        /* at least 1 */
};

static inline int64_t model_range_ns(struct model_range r)
{
    return r.end_ns > r.begin_ns ? r.end_ns - r.begin_ns : 0;
}

/* Shows the whole trace. */
void model_window_init(struct model_window *w, int64_t duration_ns, int width_px);
void model_window_resize(struct model_window *w, int width_px);

/* First instant of a column; columns left and right of the window extrapolate. */
int64_t model_ns_from_px(const struct model_window *w, int px);
/* Column of an instant, clamped to +-2^30. */
int model_px_from_ns(const struct model_window *w, int64_t ns);

/* Shows [begin, end), widened where it is finer than a ns a pixel, moved where
 * it leaves the trace. */
void model_window_show(struct model_window *w, int64_t begin_ns, int64_t end_ns);
/* Multiplies the visible time by `factor` (below 1 zooms in), keeping the
 * instant at column px where it is. */
void model_window_zoom(struct model_window *w, double factor, int px);
/* Moves right by `share` of what is visible. */
void model_window_pan(struct model_window *w, double share);
void model_window_pan_px(struct model_window *w, int px);

#endif
