#include "model/window.h"

enum {
    FAR_PX = 1 << 30
};

/* Cut off only where a trace is shorter than a ns a pixel. */
static int64_t longest_ns(const struct model_window *w)
{
    return w->duration_ns > w->width_px ? w->duration_ns : w->width_px;
}

void model_window_init(struct model_window *w, int64_t duration_ns, int width_px)
{
    w->duration_ns = duration_ns;
    w->width_px = width_px > 0 ? width_px : 1;
    w->begin_ns = 0;
    w->end_ns = longest_ns(w);
}

void model_window_resize(struct model_window *w, int width_px)
{
    w->width_px = width_px > 0 ? width_px : 1;
    model_window_show(w, w->begin_ns, w->end_ns);
}

/* Rounded up: with px_from_ns rounding down, ns >= ns_from_px(p) exactly when
 * px_from_ns(ns) >= p. */
int64_t model_ns_from_px(const struct model_window *w, int px)
{
    __int128 product = (__int128)(w->end_ns - w->begin_ns) * px;
    __int128 q = product / w->width_px;
    if (product % w->width_px > 0)
        q++;
    return w->begin_ns + (int64_t)q;
}

int model_px_from_ns(const struct model_window *w, int64_t ns)
{
    __int128 product = ((__int128)ns - w->begin_ns) * w->width_px;
    int64_t span = w->end_ns - w->begin_ns;
    __int128 q = product / span;
    if (product % span < 0)
        q--;
    if (q > FAR_PX)
        return FAR_PX;
    return q < -FAR_PX ? -FAR_PX : (int)q;
}

void model_window_show(struct model_window *w, int64_t begin_ns, int64_t end_ns)
{
    int64_t span = end_ns - begin_ns, most = longest_ns(w);
    if (span < w->width_px) {
        begin_ns -= (w->width_px - span) / 2;
        span = w->width_px;
    }
    if (span > most)
        span = most;
    if (begin_ns > most - span)
        begin_ns = most - span;
    if (begin_ns < 0)
        begin_ns = 0;
    w->begin_ns = begin_ns;
    w->end_ns = begin_ns + span;
}

void model_window_zoom(struct model_window *w, double factor, int px)
{
    int64_t old = w->end_ns - w->begin_ns;
    double wanted = (double)old * factor;
    if (wanted > (double)longest_ns(w))
        wanted = (double)longest_ns(w);
    int64_t span = (int64_t)wanted;
    if (span < w->width_px)
        span = w->width_px;
    /* Rounding must not eat a small step. */
    if (span == old && factor > 1)
        span++;
    int64_t anchor = model_ns_from_px(w, px);
    int64_t left = (int64_t)((__int128)span * px / w->width_px);
    model_window_show(w, anchor - left, anchor - left + span);
}

void model_window_pan(struct model_window *w, double share)
{
    int64_t by = (int64_t)((double)(w->end_ns - w->begin_ns) * share);
    model_window_show(w, w->begin_ns + by, w->end_ns + by);
}

void model_window_pan_px(struct model_window *w, int px)
{
    int64_t by = model_ns_from_px(w, px) - w->begin_ns;
    model_window_show(w, w->begin_ns + by, w->end_ns + by);
}
