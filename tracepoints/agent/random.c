#include "tracepoints/agent/random.h"

#include "tracepoints/agent/agent.h"

#include <string.h>

/* ln(x) for finite x > 0: exponent and mantissa in [1, 2) apart, then the series
 * of atanh, whose argument is at most 1/3: nine terms give 1e-10. */
static double ln(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int exponent = (int)(bits >> 52) - 1023;
    bits = (bits & (((uint64_t)1 << 52) - 1)) | (uint64_t)1023 << 52;
    memcpy(&x, &bits, sizeof x);
    double y = (x - 1) / (x + 1), square = y * y, sum = 0, power = y;
    for (int k = 1; k <= 19; k += 2, power *= square)
        sum += power / k;
    return exponent * 0.69314718055994531 + 2 * sum;
}

/* exp(-x) for 0 <= x <= 40 by halving until the Taylor series is quick. */
static double exp_minus(double x)
{
    double y = x / 64, term = 1, sum = 1;
    for (int k = 1; k <= 12; k++) {
        term *= -y / k;
        sum += term;
    }
    for (int i = 0; i < 6; i++)
        sum *= sum;
    return sum;
}

static uint64_t next(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

int64_t random_exponential(uint64_t *state, uint64_t mean)
{
    double uniform = ((double)(next(state) >> 11) + 1) / 9007199254740992.0;
    double value = -ln(uniform) * (double)mean;
    return value < 1 ? 1 : (int64_t)value;
}

double random_sample_weight(uint64_t bytes, uint64_t mean)
{
    double x = (double)(bytes ? bytes : 1) / (double)mean;
    if (x > 40)
        return 1;
    /* 1 - exp(-x) loses its digits for small x; there it is x - x^2/2. */
    return 1 / (x < 1e-5 ? x - x * x / 2 : 1 - exp_minus(x));
}

uint64_t random_seed(void)
{
    static _Atomic uint64_t sequence;
    uint64_t x = agent_now() + (atomic_fetch_add(&sequence, 1) + 1) * 0x9e3779b97f4a7c15u +
                 (uint64_t)(uintptr_t)&x;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return (x ^ x >> 31) | 1;
}
