/* input: finds the CTF traces below a folder and makes them readable. A stream
 * file cut in mid-packet (a killed session, a full disk) makes babeltrace2's
 * reader refuse the whole trace; of such a trace a view is made in a temporary
 * folder: links to the sound files and a copy of the cut one's whole packets. */
#ifndef CONVERT_INPUT_H
#define CONVERT_INPUT_H

#include "base/arena.h"
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct input_cut {
    uint64_t last_ns;   /* raw end of the last whole packet, 0 = none is whole */
    const char *source; /* "ust/uid/0/64-bit/channel0_1 is cut short: ..." */
};

struct input {
    struct arena arena;
    const char **traces; /* folders to read: with a whole `metadata` each */
    size_t count, cap;
    struct input_cut *cuts; /* what was left out */
    size_t cut_count, cut_cap;
    uint64_t packets; /* in all streams, where the layout is LTTng's; else 0 */
    char *temp_dir;   /* NULL: none was needed */
};

/* `temp_beside`: a path in whose folder a temporary folder may be made. Fails
 * where there is no trace. */
bool input_open(struct input *in, const char *dir, const char *temp_beside, struct err *err);
/* Removes the temporary folder, if any. Safe on a zeroed struct. */
void input_close(struct input *in);

#endif
