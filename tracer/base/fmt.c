#include "base/fmt.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* value / unit with three significant digits. */
static void three_digits(char *buf, double value, const char *unit)
{
    int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    snprintf(buf, FMT_MAX, "%.*f %s", decimals, value, unit);
}

const char *fmt_ns(char buf[FMT_MAX], uint64_t ns)
{
    if (ns < 1000)
        snprintf(buf, FMT_MAX, "%" PRIu64 " ns", ns);
    else if (ns < 999500)
        three_digits(buf, (double)ns / 1e3, "us");
    else if (ns < 999500000)
        three_digits(buf, (double)ns / 1e6, "ms");
    else if (ns < 100000000000)
        three_digits(buf, (double)ns / 1e9, "s");
    else
        snprintf(buf, FMT_MAX, "%" PRIu64 " min %02" PRIu64 " s", ns / 60000000000,
                 ns / 1000000000 % 60);
    return buf;
}

const char *fmt_bytes(char buf[FMT_MAX], uint64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB"};
    if (bytes < 1024) {
        snprintf(buf, FMT_MAX, "%" PRIu64 " B", bytes);
        return buf;
    }
    double v = (double)bytes / 1024;
    unsigned i = 0;
    for (; v >= 1023.5 && i < 4; i++)
        v /= 1024;
    three_digits(buf, v, units[i]);
    return buf;
}

const char *fmt_count(char buf[FMT_MAX], uint64_t n)
{
    char digits[FMT_MAX];
    int len = snprintf(digits, sizeof digits, "%" PRIu64, n);
    char *out = buf;
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            *out++ = ',';
        *out++ = digits[i];
    }
    *out = '\0';
    return buf;
}

const char *fmt_share(char buf[FMT_MAX], uint64_t part, uint64_t whole)
{
    if (!whole)
        strcpy(buf, "-");
    else
        snprintf(buf, FMT_MAX, "%.1f %%", 100.0 * (double)part / (double)whole);
    return buf;
}
