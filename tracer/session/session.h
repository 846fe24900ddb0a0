/* session: one LTTng recording session of the user-space domain. It records only
 * the processes let in with session_admit: other sessions, and other people's
 * programs under the same session daemon, stay apart.
 *
 * create -> (admit) -> start -> admit ... -> stop -> counts -> destroy. All need a
 * session daemon (daemon.h). */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    SESSION_NAME_MAX = 96
};

/* Event classes, as --events names them. */
enum session_class {
    SESSION_SCHED = 1 << 0,
    SESSION_SYSCALL = 1 << 1,
    SESSION_LOCK = 1 << 2,
    SESSION_ALLOC = 1 << 3,
    SESSION_CPU = 1 << 4,
    SESSION_USER = 1 << 5,
    SESSION_ALL = (1 << 6) - 1
};

/* "sched,lock" to bits. NULL or "" is all. */
bool session_classes(const char *text, unsigned *classes, struct err *err);
/* The opposite, into buf ("sched,lock"). */
const char *session_classes_text(unsigned classes, char *buf, size_t cap);

struct session_buffers {
    uint64_t subbuf_bytes; /* power of two */
    unsigned subbufs;      /* power of two; for each CPU */
    unsigned cpus;
};

struct lttng_handle;
struct lttng_process_attr_tracker_handle;
struct lttng_rotation_handle;

struct session {
    char name[SESSION_NAME_MAX];
    struct lttng_handle *handle;                       /* owned */
    struct lttng_process_attr_tracker_handle *tracker; /* owned */
    struct lttng_rotation_handle *rotation;            /* owned; NULL: none under way */
    struct session_buffers buffers;
    bool created;
    bool hangs; /* the session daemon does not answer */
};

enum {
    SESSION_STOP_MAX_MS = 30000
};

/* name "" makes one of pid and time. ctf_dir is absolute and exists. relay_url: events go
 * to that relay daemon (net://HOST) instead, which lets them be read meanwhile; or NULL. */
bool session_create(struct session *s, const char *name, const char *ctf_dir, const char *relay_url,
                    unsigned classes, struct err *err);
bool session_start(struct session *s, struct err *err);
/* Records what the process emits from now on; when this returns, a process that
 * is registered with the session daemon has its events enabled. */
bool session_admit(struct session *s, pid_t pid, struct err *err);
/* It has ended: its pid may become another process's. */
void session_dismiss(struct session *s, pid_t pid);
/* Waits until all these processes have registered with the session daemon, as they
 * do by themselves some 0.3 s after one started, at most timeout_ms. Keeps those in
 * the list that have, and returns how many. */
size_t session_keep_registered(struct session *s, pid_t *pids, size_t count, int timeout_ms);
/* Opens a session that another process created, to end it. False when the
 * daemon does not know it. */
bool session_open(struct session *s, const char *name);

/* Ends the chunk of files being written and begins a new one. What was emitted
 * before the call is in the old one or an earlier one. One at a time. */
bool session_rotate(struct session *s, struct err *err);

enum session_rotation {
    SESSION_ROTATION_NONE,
    SESSION_ROTATION_ONGOING,
    SESSION_ROTATION_DONE, /* the chunk is complete and its own trace */
    SESSION_ROTATION_FAILED
};

/* How far it is; told DONE or FAILED once. path: the chunk's folder, where DONE. */
enum session_rotation session_rotation(struct session *s, char *path, size_t cap);

struct session_losses {
    uint64_t events;  /* discarded: buffers were full */
    uint64_t packets; /* overwritten */
};

/* Stops and waits until all data is in the files (some ms, at most about 200). A
 * session daemon that hangs is given up after SESSION_STOP_MAX_MS; `hangs` is then
 * set and the session left alone, since any further call would hang too. */
bool session_stop(struct session *s, struct session_losses *losses, struct err *err);
/* What it lost so far, while it records. */
struct session_losses session_losses_so_far(struct session *s);
/* Destroys the session where it was created or opened, waiting until the daemon
 * has forgotten it, and releases the struct. */
void session_end(struct session *s);

#endif
