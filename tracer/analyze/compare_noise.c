#include "analyze/compare_noise.h"

#include <math.h>

static double mean_of(const double *v, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += v[i];
    return count ? sum / (double)count : 0;
}

/* Of the mean: its variance, from the spread of the values. */
static double variance_of_mean(const double *v, size_t count, double mean)
{
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += (v[i] - mean) * (v[i] - mean);
    return squares / (double)(count - 1) / (double)count;
}

double compare_student_t(double df)
{
    /* Up to 10 as tabulated; from there the Cornish-Fisher expansion around the normal
     * quantile is good to 0.001. */
    static const double few[] = {12.706, 4.303, 3.182, 2.776, 2.571,
                                 2.447,  2.365, 2.306, 2.262, 2.228};
    const double z = 1.959964;
    if (!(df >= 1))
        df = 1;
    if (df < 10) {
        double whole = floor(df);
        size_t i = (size_t)whole - 1;
        return few[i] + (few[i + 1] - few[i]) * (df - whole);
    }
    double z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z;
    return z + (z3 + z) / (4 * df) + (5 * z5 + 16 * z3 + 3 * z) / (96 * df * df) +
           (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * df * df * df);
}

struct compare_value compare_value(const double *before, size_t before_count, const double *after,
                                   size_t after_count)
{
    struct compare_value v = {.before = mean_of(before, before_count),
                              .after = mean_of(after, after_count)};
    v.has_noise = before_count > 1 && after_count > 1;
    if (!v.has_noise)
        return v;
    double b = variance_of_mean(before, before_count, v.before);
    double a = variance_of_mean(after, after_count, v.after);
    if (a + b <= 0)
        return v;
    double df = (a + b) * (a + b) /
                (b * b / (double)(before_count - 1) + a * a / (double)(after_count - 1));
    v.noise = compare_student_t(df) * sqrt(a + b);
    return v;
}

bool compare_is_real(const struct compare_value *v)
{
    double change = compare_change(v);
    return change != 0 && (!v->has_noise || fabs(change) > v->noise);
}
