/* err: a failure as a value, a chain of causes and what to do about it.
 *
 *     bool thing_open(const char *path, struct err *err)
 *     {
 *         if (fd < 0)
 *             return err_errno(err, "open %s", path);      // origin
 *         if (!thing_parse(..., err))
 *             return err_wrap(err, "%s", path);            // one line per level
 *     }
 *
 * Every function here returns false so that it can be returned. A NULL err is
 * allowed and drops the text. Only cli/ and the viewer's main print errors, as
 * `whyprof: WHAT: WHY` and the hint on a line of its own. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

struct err {
    char text[1024]; /* outermost cause first, joined by ": " */
    char hint[512];  /* what the user can do; "" where there is nothing */
};

/* Sets the origin of a failure. */
bool err_set(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same followed by ": " and strerror(errno). */
bool err_errno(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Puts "fmt: " before the causes so far. */
bool err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Says what to do; the innermost hint stays. */
bool err_hint(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
