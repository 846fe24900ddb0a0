#include "pprof/measure.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct unit {
    const char *name;       /* as printed */
    const char *aliases[4]; /* singular, lower case */
    double factor;          /* in base units of its kind */
};
struct kind {
    struct unit units[10];
    const char *base; /* printed when no unit was asked for or fits */
    double base_factor;
};

static const struct kind kinds[] = {{{{"B", {"b", "byte"}, 1},
                                      {"kB", {"kb", "kbyte", "kilobyte"}, 0x1p10},
                                      {"MB", {"mb", "mbyte", "megabyte"}, 0x1p20},
                                      {"GB", {"gb", "gbyte", "gigabyte"}, 0x1p30},
                                      {"TB", {"tb", "tbyte", "terabyte"}, 0x1p40},
                                      {"PB", {"pb", "pbyte", "petabyte"}, 0x1p50}},
                                     "B",
                                     1},
                                    {{{"ns", {"ns", "nanosecond"}, 1},
                                      {"us", {"us", "microsecond"}, 1e3},
                                      {"ms", {"ms", "millisecond"}, 1e6},
                                      {"s", {"s", "sec", "second"}, 1e9},
                                      {"hrs", {"hour", "hr"}, 3600e9}},
                                     "s",
                                     1e9},
                                    {{{"n*GCU", {"nanogcu"}, 1e-9},
                                      {"u*GCU", {"microgcu"}, 1e-6},
                                      {"m*GCU", {"milligcu"}, 1e-3},
                                      {"GCU", {"gcu"}, 1},
                                      {"k*GCU", {"kilogcu"}, 1e3},
                                      {"M*GCU", {"megagcu"}, 1e6},
                                      {"G*GCU", {"gigagcu"}, 1e9},
                                      {"T*GCU", {"teragcu"}, 1e12},
                                      {"P*GCU", {"petagcu"}, 1e15}},
                                     "GCU",
                                     1}};
enum {
    KINDS = sizeof kinds / sizeof *kinds
};

static const struct unit *find_unit(const struct kind *kind, const char *name)
{
    char word[32];
    size_t len = strlen(name);
    if (len == 0 || len >= sizeof word)
        return NULL;
    for (size_t i = 0; i <= len; i++)
        word[i] = (char)tolower((unsigned char)name[i]);
    if (len > 2 && word[len - 1] == 's')
        word[len - 1] = 0;
    for (const struct unit *u = kind->units; u->name; u++)
        for (const char *const *alias = u->aliases; *alias; alias++)
            if (!strcmp(*alias, word))
                return u;
    return NULL;
}

static double best_unit(const struct kind *kind, double value, const char **unit)
{
    const struct unit *best = NULL;
    for (const struct unit *u = kind->units; u->name; u++)
        if (value / u->factor >= 1 && (!best || u->factor >= best->factor))
            best = u;
    *unit = best ? best->name : kind->base;
    return value / (best ? best->factor : kind->base_factor);
}

static bool is_auto(const char *unit)
{
    return !strcmp(unit, "minimum") || !strcmp(unit, "auto");
}

static double convert(const struct kind *kind, double value, const char *to, const char **unit)
{
    if (is_auto(to))
        return best_unit(kind, value, unit);
    const struct unit *u = find_unit(kind, to);
    *unit = u ? u->name : kind->base;
    return value / (u ? u->factor : kind->base_factor);
}

double measure_scale(int64_t value, const char *from, const char *to, const char **unit)
{
    if (value < 0 && value != INT64_MIN)
        return -measure_scale(-value, from, to, unit);
    for (int i = 0; i < KINDS; i++) {
        const struct unit *u = find_unit(&kinds[i], from);
        if (u)
            return convert(&kinds[i], (double)value * u->factor, to, unit);
    }
    static const char *const dull[] = {"count", "sample", "unit", "minimum", "auto"};
    *unit = to;
    for (size_t i = 0; i < sizeof dull / sizeof *dull; i++)
        if (!strcmp(to, dull[i]))
            *unit = "";
    return (double)value;
}

const char *measure_label(char buf[MEASURE_MAX], int64_t value, const char *from, const char *to)
{
    const char *unit;
    double v = measure_scale(value, from, to, &unit);
    int len = snprintf(buf, MEASURE_MAX, "%.2f", v);
    if (len > 3 && !strcmp(buf + len - 3, ".00"))
        buf[len -= 3] = 0;
    if (!strcmp(buf, "0") || !strcmp(buf, "-0"))
        return strcpy(buf, "0");
    snprintf(buf + len, (size_t)(MEASURE_MAX - len), "%s", unit);
    return buf;
}

const char *measure_auto(char buf[MEASURE_MAX], int64_t value, const char *unit)
{
    return measure_label(buf, value, unit, "auto");
}

const char *measure_percent(char buf[MEASURE_MAX], int64_t value, int64_t total)
{
    double ratio = total ? fabs((double)value / (double)total) * 100 : 0;
    if (ratio >= 99.95 && ratio <= 100.05)
        return strcpy(buf, "  100%");
    snprintf(buf, MEASURE_MAX, ratio >= 1 ? "%5.2f%%" : "%5.2g%%", ratio);
    return buf;
}

const char *measure_percent_trimmed(char buf[MEASURE_MAX], int64_t value, int64_t total)
{
    const char *p = measure_percent(buf, value, total);
    while (*p == ' ')
        p++;
    return p;
}

int measure_same_kind(const char *a, const char *b)
{
    for (int i = 0; i < KINDS; i++)
        if (find_unit(&kinds[i], a) && find_unit(&kinds[i], b))
            return 1;
    return 0;
}

int64_t measure_truncate(double value)
{
    if (value >= 0x1p63)
        return INT64_MAX;
    return value > -0x1p63 ? (int64_t)value : INT64_MIN;
}

int64_t measure_abs(int64_t value)
{
    return value < 0 ? (int64_t)(0 - (uint64_t)value) : value;
}
