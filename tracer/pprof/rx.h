/* rx: regular expressions in RE2's syntax, as pprof takes them, matched by
 * PCRE2 with its compiler. What RE2 does not have (look-around, references back,
 * possessive repeats) is refused with RE2's words, and a match that runs away is
 * no match: patterns may come from a browser. */
#ifndef PPROF_RX_H
#define PPROF_RX_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct pprof_rx; /* a compiled pattern */

enum {
    PPROF_RX_GROUPS = 8
};

/* The part of the text that a group matched; begin is NULL where it took no part. */
struct pprof_rx_span {
    const char *begin;
    size_t len;
};

/* NULL with err as RE2 words it. The caller releases it. */
struct pprof_rx *pprof_rx_new(const char *pattern, struct err *err);
void pprof_rx_release(struct pprof_rx *rx);
/* Whether the pattern matches anywhere in the text. */
bool pprof_rx_match(const struct pprof_rx *rx, const char *text);
/* The same with what each group matched; groups[0] is the whole match. */
bool pprof_rx_groups(const struct pprof_rx *rx, const char *text, size_t len,
                     struct pprof_rx_span groups[PPROF_RX_GROUPS]);
/* The pattern as it was given. */
const char *pprof_rx_pattern(const struct pprof_rx *rx);

#endif
