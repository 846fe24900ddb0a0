/* compare_noise: one quantity before and after, each measured once or several times,
 * and what of its change may be chance. */
#ifndef ANALYZE_COMPARE_NOISE_H
#define ANALYZE_COMPARE_NOISE_H

#include <stdbool.h>
#include <stddef.h>

struct compare_value {
    double before, after; /* means */
    double noise;         /* half width of the change's 95 % confidence interval */
    bool has_noise;       /* both sides were measured at least twice */
};

struct compare_value compare_value(const double *before, size_t before_count, const double *after,
                                   size_t after_count);

static inline double compare_change(const struct compare_value *v)
{
    return v->after - v->before;
}

/* Whether the change is more than chance; true where nothing is known of chance. */
bool compare_is_real(const struct compare_value *v);

/* The 97.5 % quantile of Student's t: what a standard error is multiplied by. */
double compare_student_t(double degrees_of_freedom);

#endif
