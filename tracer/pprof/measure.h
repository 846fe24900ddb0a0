/* measure: values with units as pprof prints them: 1.12s, 98.63MB, 89.29%.
 * Bytes scale by 1024, times up to hours, everything else stays as it is. */
#ifndef PPROF_MEASURE_H
#define PPROF_MEASURE_H

#include <stdint.h>

enum {
    MEASURE_MAX = 96
};

/* The value in another unit ("minimum" and "auto" choose one). *unit is what to
 * print behind it: a static string, `to` itself, or "" where it says nothing. */
double measure_scale(int64_t value, const char *from, const char *to, const char **unit);
/* "1.50MB"; "0" alone for nothing. Returns buf. */
const char *measure_label(char buf[MEASURE_MAX], int64_t value, const char *from, const char *to);
/* The value with the unit that fits it best. */
const char *measure_auto(char buf[MEASURE_MAX], int64_t value, const char *unit);
/* Six wide: "  100%", "12.34%", " 0.5%". */
const char *measure_percent(char buf[MEASURE_MAX], int64_t value, int64_t total);
/* The same without the blanks before it. */
const char *measure_percent_trimmed(char buf[MEASURE_MAX], int64_t value, int64_t total);
/* Whether two units measure the same kind of thing (bytes and MB). */
int measure_same_kind(const char *a, const char *b);
/* Towards zero; what does not fit becomes the nearest that does. */
int64_t measure_truncate(double value);
int64_t measure_abs(int64_t value);

/* Sums and means that wrap where a damaged profile would overflow. */
static inline int64_t measure_add(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}
static inline int64_t measure_mul(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a * (uint64_t)b);
}
/* By 1 where the divisor is 0. */
static inline int64_t measure_div(int64_t a, int64_t b)
{
    return b == 0 ? a : b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
}

#endif
