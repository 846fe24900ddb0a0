/* The sampler of allocations over many simulated runs: its estimates of objects and bytes
 * are unbiased for every size, small and large, also where sizes are mixed. The random
 * numbers, distances and weights are the agent's own code. */
#include "tracepoints/agent/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum {
    RUNS = 400,
    RATE = 512 * 1024,
    SIZES = 6
};

/* So many of each size, one after the other in turn: a mix. */
static const struct {
    uint64_t bytes;
    unsigned count;
} mix[SIZES] = {{16, 40000}, {100, 20000}, {5000, 2000}, {65536, 300}, {524288, 40}, {8 << 20, 4}};

/* As hooks/alloc.c does: a countdown of bytes; who crosses zero is the sample. */
static void run(uint64_t *seed, double objects[SIZES])
{
    int64_t countdown = random_exponential(seed, RATE);
    unsigned left[SIZES], any = 1;
    for (int s = 0; s < SIZES; s++) {
        left[s] = mix[s].count;
        objects[s] = 0;
    }
    while (any) {
        any = 0;
        for (int s = 0; s < SIZES; s++) {
            if (!left[s])
                continue;
            any = --left[s] || any;
            countdown -= (int64_t)mix[s].bytes;
            if (countdown >= 0)
                continue;
            objects[s] += random_sample_weight(mix[s].bytes, RATE);
            countdown = random_exponential(seed, RATE);
        }
    }
}

static void test_estimates_are_unbiased(void **state)
{
    double sum[SIZES] = {0}, squares[SIZES] = {0}, bytes = 0, true_bytes = 0;
    uint64_t seed = 88172645463325252u;
    (void)state;
    for (int r = 0; r < RUNS; r++) {
        double objects[SIZES];
        run(&seed, objects);
        for (int s = 0; s < SIZES; s++) {
            sum[s] += objects[s];
            squares[s] += objects[s] * objects[s];
            bytes += objects[s] * (double)mix[s].bytes / RUNS;
        }
    }
    for (int s = 0; s < SIZES; s++) {
        double mean = sum[s] / RUNS;
        double error = sqrt((squares[s] / RUNS - mean * mean) / RUNS);
        double off = fabs(mean - mix[s].count);
        if (off > 4 * error + 1e-9)
            fail_msg("%u of %llu bytes: %.1f on average, %.1f standard errors away", mix[s].count,
                     (unsigned long long)mix[s].bytes, mean, off / error);
        true_bytes += (double)mix[s].bytes * mix[s].count;
    }
    assert_true(fabs(bytes / true_bytes - 1) < 0.02);
}

static void test_weights(void **state)
{
    (void)state;
    /* 1 / (1 - exp(-size / rate)), near 1 for the large, near rate / size for the small */
    for (double x = 1; x < 64.0 * RATE; x *= 1.7) {
        double expected = -1 / expm1(-floor(x) / RATE);
        double weight = random_sample_weight((uint64_t)x, RATE);
        assert_true(fabs(weight / expected - 1) < 1e-9);
    }
    assert_true(random_sample_weight(0, RATE) > 1);
}

static void test_distances_are_exponential(void **state)
{
    enum {
        DRAWS = 200000
    };
    double sum = 0;
    unsigned below[4] = {0};
    uint64_t seed = 1234567;
    (void)state;
    for (int i = 0; i < DRAWS; i++) {
        double d = (double)random_exponential(&seed, RATE) / RATE;
        sum += d;
        for (int k = 0; k < 4; k++)
            below[k] += d < 0.25 * (1 << k);
    }
    assert_true(fabs(sum / DRAWS - 1) < 0.01);
    for (int k = 0; k < 4; k++)
        assert_true(fabs((double)below[k] / DRAWS + expm1(-0.25 * (1 << k))) < 0.006);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_estimates_are_unbiased),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_distances_are_exponential),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
