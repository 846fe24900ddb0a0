// What the symbol resolver is tested on: inlined calls nested three deep, C++
// names, a template, a static function, variables, a PLT call.
#include <cstdio>
#include <cstdlib>
#include <pthread.h>

#ifdef __clang__
#define ALONE __attribute__((noinline))
#else
#define ALONE __attribute__((noipa)) // no clones: the tests look for the name
#endif

namespace shop {

pthread_mutex_t counter_lock = PTHREAD_MUTEX_INITIALIZER;
static int volatile sold[64];

static inline __attribute__((always_inline)) int innermost(int n)
{
    sold[n & 63] += n;
    return sold[n * 7 & 63] ^ n;
}

static inline __attribute__((always_inline)) int middle(int n)
{
    int a = innermost(n + 1);
    return a * 3 + innermost(a);
}

template <typename T> struct basket {
    ALONE T fill(T n)
    {
        for (T i = 0; i < n; i++)
            n ^= (T)middle((int)i);
        return n;
    }
};

} // namespace shop

static ALONE int plain_static(int n)
{
    return shop::middle(n) + 1;
}

int main(int argc, char **)
{
    shop::basket<long> basket;
    pthread_mutex_lock(&shop::counter_lock);
    long sum = basket.fill(argc) + plain_static(argc);
    pthread_mutex_unlock(&shop::counter_lock);
    char *text = (char *)malloc((size_t)argc * 10);
    snprintf(text, 10, "%ld", sum);
    puts(text);
    free(text);
    return 0;
}
