/* input: finds the CTF traces below a folder, chooses the reader of each, counts
 * their packets, and notes what of them is cut (a killed session, a full disk). */
#ifndef CONVERT_INPUT_H
#define CONVERT_INPUT_H

#include "base/arena.h"
#include "base/err.h"
#include "convert/convert.h"
#include "convert/hosts.h"

#include <stddef.h>
#include <stdint.h>

struct input_cut {
    uint64_t last_ns;   /* raw end of the last whole packet, 0 = none is whole */
    const char *source; /* "ust/uid/0/64-bit/channel0_1 is cut short: ..." */
};

struct input_trace {
    const char *dir; /* with a whole `metadata` */
    bool own;        /* source.whyprof.ctf reads it, else source.ctf.fs ... */
    bool live;       /* ... or source.ctf.lttng-live, and dir is a URL */
};

struct input {
    struct arena arena;
    struct input_trace *traces; /* owned */
    size_t count, cap;
    struct input_cut *cuts; /* what was left out */
    size_t cut_count, cut_cap;
    struct hosts hosts; /* the machines they are of */
    uint64_t packets;   /* in all streams, as far as known */
    char *temp_dir;     /* NULL: none was needed */
};

struct input_options {
    const char *const *dirs;
    size_t dir_count;
    enum convert_reader reader;
    const char *temp_beside; /* a path in whose folder a temporary folder may be made */
};

/* Fails where there is no trace below one of the folders. */
bool input_open(struct input *in, const struct input_options *options, struct err *err);
/* Removes the temporary folder, if any. Safe on a zeroed struct. */
void input_close(struct input *in);

/* Names of the plain files in a folder, sorted; the caller frees the array. */
const char **input_list_files(struct input *in, const char *dir, size_t *count);
void input_add_cut(struct input *in, const char *path, uint64_t last_ns, uint64_t bytes);

#endif
