/* random: what Poisson sampling needs, without libm. */
#ifndef WHYPROF_RANDOM_H
#define WHYPROF_RANDOM_H

#include <stdint.h>

/* Exponentially distributed with this mean, at least 1. *state must not be 0. */
int64_t random_exponential(uint64_t *state, uint64_t mean);
/* 1 / (1 - exp(-bytes / mean)): how many allocations of this size one sampled one
 * stands for when sample points lie `mean` bytes apart. */
double random_sample_weight(uint64_t bytes, uint64_t mean);
/* A seed, never 0. */
uint64_t random_seed(void);

#endif
