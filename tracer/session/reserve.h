/* reserve: disk space set aside for the end of a recording. On a full disk LTTng
 * 2.13's consumer tries the same write for ever, and stopping the session waits for
 * it; given back just before the stop, the reserve takes what the buffers hold. */
#ifndef SESSION_RESERVE_H
#define SESSION_RESERVE_H

#include "base/err.h"

#include <stdint.h>

/* False where the disk has not that much room. On file systems that cannot set
 * space aside it only looks whether there is enough. */
bool reserve_take(const char *dir, uint64_t bytes, struct err *err);
void reserve_give_back(const char *dir);
/* Is less than `bytes` left beside the reserve? */
bool reserve_running_out(const char *dir, uint64_t bytes);

#endif
