/* ticks: round instants for a time axis, and times as text.
 *
 * A tick's label is short: where the step is below a second, most ticks say
 * their distance from the last round instant ("+200 us"), which itself is
 * labelled in full ("1.235 s"). */
#ifndef MODEL_TICKS_H
#define MODEL_TICKS_H

#include "model/window.h"

enum {
    MODEL_TIME_MAX = 40
};

struct model_tick {
    int64_t ns;
    bool major; /* labelled in full */
    char label[MODEL_TIME_MAX];
};

struct model_ticks {
    int64_t next_ns;
    int64_t step_ns;  /* 1, 2 or 5 times a power of ten */
    int64_t unit_ns;  /* 1, 1e3, 1e6 or 1e9: what labels count */
    int64_t major_ns; /* instants divisible by it are majors */
    int64_t end_ns;
};

/* Ticks at least `least_px` apart over the window. */
struct model_ticks model_ticks(const struct model_window *w, int least_px);
bool model_ticks_next(struct model_ticks *t, struct model_tick *tick);
/* The full label of the last major instant at or before the window's start. */
const char *model_ticks_base(const struct model_ticks *t, int64_t begin_ns,
                             char buf[MODEL_TIME_MAX]);

/* A time with all its digits: "1.234567891 s", "12.5 us", "0 s". */
const char *model_time_exact(char buf[MODEL_TIME_MAX], int64_t ns);

#endif
