#include "model/ticks.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int64_t round_step(int64_t least_ns)
{
    int64_t power = 1;
    for (;; power *= 10) {
        for (int m = 1; m <= 5; m += m == 1 ? 1 : 3)
            if (m * power >= least_ns)
                return m * power;
        if (power > INT64_MAX / 100)
            return power;
    }
}

static int64_t unit_of(int64_t ns)
{
    int64_t unit = 1;
    while (unit < 1000000000 && ns >= unit * 1000)
        unit *= 1000;
    return unit;
}

struct model_ticks model_ticks(const struct model_window *w, int least_px)
{
    struct model_ticks t = {.end_ns = w->end_ns};
    int64_t span = w->end_ns - w->begin_ns;
    t.step_ns = round_step((int64_t)((__int128)span * least_px / w->width_px) + 1);
    t.unit_ns = unit_of(t.step_ns);
    t.major_ns = t.unit_ns == 1000000000 ? t.step_ns : t.unit_ns * 1000;
    t.next_ns = (w->begin_ns + t.step_ns - 1) / t.step_ns * t.step_ns;
    return t;
}

static const char *unit_name(int64_t unit_ns)
{
    return unit_ns == 1 ? "ns" : unit_ns == 1000 ? "us" : unit_ns == 1000000 ? "ms" : "s";
}

bool model_ticks_next(struct model_ticks *t, struct model_tick *tick)
{
    if (t->next_ns >= t->end_ns)
        return false;
    tick->ns = t->next_ns;
    tick->major = t->next_ns % t->major_ns == 0;
    if (tick->major)
        model_time_exact(tick->label, tick->ns);
    else
        snprintf(tick->label, sizeof tick->label, "+%" PRId64 " %s",
                 t->next_ns % t->major_ns / t->unit_ns, unit_name(t->unit_ns));
    t->next_ns += t->step_ns;
    return true;
}

const char *model_ticks_base(const struct model_ticks *t, int64_t begin_ns,
                             char buf[MODEL_TIME_MAX])
{
    return model_time_exact(buf, begin_ns / t->major_ns * t->major_ns);
}

const char *model_time_exact(char buf[MODEL_TIME_MAX], int64_t ns)
{
    const char *sign = ns < 0 ? "-" : "";
    uint64_t left = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    if (!left) {
        strcpy(buf, "0 s");
        return buf;
    }
    uint64_t unit = (uint64_t)unit_of((int64_t)left);
    int digits = unit == 1 ? 0 : unit == 1000 ? 3 : unit == 1000000 ? 6 : 9;
    char fraction[32];
    snprintf(fraction, sizeof fraction, ".%0*" PRIu64, digits ? digits : 1, left % unit);
    size_t len = strlen(fraction);
    while (len && (fraction[len - 1] == '0' || fraction[len - 1] == '.')) {
        bool dot = fraction[len - 1] == '.';
        fraction[--len] = '\0';
        if (dot)
            break;
    }
    snprintf(buf, MODEL_TIME_MAX, "%s%" PRIu64 "%.10s %s", sign, left / unit, fraction,
             unit_name((int64_t)unit));
    return buf;
}
