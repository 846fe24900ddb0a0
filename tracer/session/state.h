/* state: what is known of one recording, in a small JSON file in the runtime
 * folder, so that `trace stop` and `status` work from any process, also after the
 * recorder or the session daemon was killed. A flat list of texts by key:
 *
 *     session, pid (the recorder), owner ("run", "trace"), phase, since_unix_ns,
 *     target, ctf_dir, out, keep_ctf, error, meta.KEY (for the trace's table meta)
 *
 * phase: starting, recording, stopped (data complete, not converted), converting,
 * done (out is there), failed (error says why). */
#ifndef SESSION_STATE_H
#define SESSION_STATE_H

#include "session/runtime.h"

#include <stddef.h>

struct state_pair {
    char *key;
    char *value;
};

struct state {
    char path[RUNTIME_DIR_MAX + 128]; /* of the file; "" for one never saved */
    struct state_pair *pairs;         /* owned, in order of first set */
    size_t count;
    size_t cap;
};

/* A new, empty one named by its session. False when the name cannot be a file's. */
bool state_init(struct state *st, const struct runtime *rt, const char *session, struct err *err);
bool state_load(struct state *st, const char *path, struct err *err);
void state_release(struct state *st);

const char *state_get(const struct state *st, const char *key); /* "" where missing */
void state_set(struct state *st, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Replaces the file; readers see the old or the new one. */
bool state_save(const struct state *st, struct err *err);
/* Removes the file and the recorder's socket beside it. */
void state_remove(const struct state *st);
/* Address of the recorder's socket: the file's path with .sock. */
void state_socket_path(const struct state *st, char *path, size_t cap);

struct state_list {
    struct state *items; /* owned */
    size_t count;
    size_t cap;
};

/* All recordings of this user, oldest first. Files that cannot be read are skipped. */
void state_list_load(struct state_list *list, const struct runtime *rt);
void state_list_release(struct state_list *list);

#endif
