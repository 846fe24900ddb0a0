/* foreign: files that are no traces of ours but can become one: a folder of CTF, Chrome's
 * JSON, a Go program's execution trace. `whyprof convert`, a program of its own beside
 * this one, makes a temporary trace of it, which has no name and ends with the viewer. */
#ifndef APP_FOREIGN_H
#define APP_FOREIGN_H

#include "base/err.h"

#include <stdatomic.h>
#include <stdbool.h>

struct foreign {
    atomic_bool cancel;   /* set by another thread: the conversion ends soon, in failure */
    atomic_uint permille; /* how far it is, told meanwhile; 0: not known */
};

/* By its first bytes; what is neither is left to who knows it better. */
bool foreign_is(const char *path);
/* Converts; a path that opens the result (by way of a descriptor that stays open), the
 * caller's; NULL with err. */
char *foreign_convert(struct foreign *f, const char *path, struct err *err);

#endif
