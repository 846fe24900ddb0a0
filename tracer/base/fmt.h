/* fmt: quantities as people read them. Each writes into the caller's buffer
 * (FMT_MAX bytes suffice) and returns it. */
#ifndef BASE_FMT_H
#define BASE_FMT_H

#include <stdint.h>

enum {
    FMT_MAX = 32
};

/* Three significant digits and a unit: "0 ns", "950 ns", "1.23 ms", "12.3 s", "4 min 05 s". */
const char *fmt_ns(char buf[FMT_MAX], uint64_t ns);
/* "512 B", "1.5 KiB", "220 MiB". */
const char *fmt_bytes(char buf[FMT_MAX], uint64_t bytes);
/* Digits in groups of three: "1,234,567". */
const char *fmt_count(char buf[FMT_MAX], uint64_t n);
/* part of whole as "12.3 %"; "-" where whole is 0. */
const char *fmt_share(char buf[FMT_MAX], uint64_t part, uint64_t whole);

#endif
