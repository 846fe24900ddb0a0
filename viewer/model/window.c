#include "model/window.h"

enum {
    FAR_PX = 1 << 30
};

static int64_t most_column_ns(const struct model_window *w)
{
    int64_t column = (w->duration_ns + w->width_px - 1) / w->width_px;
    return column > 1 ? column : 1;
}

/* Shows columns of column_ns from begin on, moved where that leaves the trace. */
static void place(struct model_window *w, int64_t begin_ns, int64_t column_ns)
{
    int64_t most = most_column_ns(w);
    w->column_ns = column_ns < 1 ? 1 : column_ns > most ? most : column_ns;
    int64_t last = (most - w->column_ns) * w->width_px;
    w->begin_ns = begin_ns > last ? last : begin_ns;
    if (w->begin_ns < 0)
        w->begin_ns = 0;
    w->end_ns = w->begin_ns + w->column_ns * w->width_px;
}

void model_window_init(struct model_window *w, int64_t duration_ns, int width_px)
{
    w->duration_ns = duration_ns;
    w->width_px = width_px > 0 ? width_px : 1;
    model_window_show(w, 0, duration_ns);
}

void model_window_resize(struct model_window *w, int width_px)
{
    if (width_px < 1)
        width_px = 1;
    if (width_px == w->width_px)
        return;
    w->width_px = width_px;
    model_window_show(w, w->begin_ns, w->end_ns);
}

int64_t model_ns_from_px(const struct model_window *w, int px)
{
    return w->begin_ns + w->column_ns * px;
}

int model_px_from_ns(const struct model_window *w, int64_t ns)
{
    int64_t off = ns - w->begin_ns, q = off / w->column_ns;
    if (off % w->column_ns < 0)
        q--;
    if (q > FAR_PX)
        return FAR_PX;
    return q < -FAR_PX ? -FAR_PX : (int)q;
}

void model_window_show(struct model_window *w, int64_t begin_ns, int64_t end_ns)
{
    int64_t span = end_ns > begin_ns ? end_ns - begin_ns : 0;
    if (span < w->width_px)
        begin_ns -= (w->width_px - span) / 2;
    w->zoom_ns = (double)span / w->width_px;
    place(w, begin_ns, (span + w->width_px - 1) / w->width_px);
    if (w->zoom_ns < 1 || w->zoom_ns > (double)w->column_ns)
        w->zoom_ns = (double)w->column_ns;
}

void model_window_zoom(struct model_window *w, double factor, int px)
{
    double most = (double)most_column_ns(w);
    w->zoom_ns *= factor;
    w->zoom_ns = w->zoom_ns > most ? most : w->zoom_ns < 1 ? 1 : w->zoom_ns;
    int64_t column = (int64_t)(w->zoom_ns + 0.5);
    place(w, model_ns_from_px(w, px) - column * px, column);
}

void model_window_pan(struct model_window *w, double share)
{
    double by = share * w->width_px, most = (double)most_column_ns(w) / (double)w->column_ns;
    most = (most + 1) * w->width_px; /* from one end to the other */
    by = by > most ? most : by < -most ? -most : by;
    int64_t columns = (int64_t)(by < 0 ? by - 0.5 : by + 0.5);
    place(w, w->begin_ns + columns * w->column_ns, w->column_ns);
}

void model_window_pan_px(struct model_window *w, int px)
{
    place(w, w->begin_ns + w->column_ns * px, w->column_ns);
}
