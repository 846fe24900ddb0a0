/* recorder: one recording from its first to its last event. It owns the LTTng
 * session, the agents' socket, the kernel collector and, where it launches one,
 * the target; it runs in `whyprof run` itself or in the background process of
 * `whyprof trace start`.
 *
 *     recorder_begin(&r, &options, &err)   everything records; a launched program runs
 *     recorder_wait(&r)                    until the target ends or somebody stops it
 *     recorder_finish(&r, &result, &err)   events are on disk, nothing is left running
 *     recorder_release(&r)
 *
 * A recorder_begin that failed has undone what it did. */
#ifndef SESSION_RECORDER_H
#define SESSION_RECORDER_H

#include "session/agents.h"
#include "session/collector.h"
#include "session/hello.h"
#include "session/runtime.h"
#include "session/session.h"
#include "session/signals.h"
#include "session/state.h"
#include "session/target.h"

#include <limits.h>

struct recorder_options {
    const char *session_name;   /* "" to make one */
    const char *ctf_dir;        /* absolute, exists, empty */
    unsigned classes;           /* enum session_class bits */
    const char *agent_options;  /* "cpu_hz=100,..." or "" */
    uint32_t cpu_hz;            /* CPU samples per second and thread */
    const char *agent_path;     /* the library; NULL: launch without */
    const char *collector_path; /* the program, or NULL */
    char *const *argv;          /* the program to launch, or NULL: attach */
    const pid_t *pids;          /* processes to attach to */
    size_t pid_count;
    uint64_t keep_ns;     /* flight recorder: only the last ones are kept; 0: everything */
    uint64_t chunk_bytes; /* a new chunk of files when one has so many; 0: a single one */
    /* A chunk is complete, of which all events before until_ns (CLOCK_MONOTONIC) are in it
     * or an earlier one; its folder is the callee's. Somebody follows: wants to see it soon.
     * NULL: chunks are left alone. */
    void (*chunk_done)(void *data, const char *dir, uint64_t until_ns, bool followed);
    void *chunk_data;
    const char *relay_url; /* events go to that relay daemon; NULL: into ctf_dir */
    /* All is recorded and the session stopped, but a relay daemon still lets it be read;
     * or NULL. */
    void (*session_stopped)(void *data);
    void *stopped_data;
    bool all;        /* every process running the agent, also later ones */
    bool background; /* signals end the recording, not the target */
};

enum recorder_end {
    RECORDER_TARGET_ENDED,
    RECORDER_STOPPED,   /* by the socket or a signal */
    RECORDER_CUT_SHORT, /* cut_short says why: no space, the session daemon died */
};

struct recorder_process {
    pid_t pid;   /* as we see it */
    pid_t vpid;  /* as LTTng does */
    int pidfd;   /* becomes readable when it ends */
    bool target; /* attached to: the recording ends with the last of them */
};

struct recorder_chunk {
    char *dir;       /* owned */
    uint64_t end_ns; /* CLOCK_MONOTONIC, when its end was begun */
};

/* Chunks of files: session rotation (recorder_chunk.c). */
struct recorder_chunks {
    struct recorder_chunk *list; /* owned, complete ones, oldest first; flight recorder only */
    size_t count;
    size_t cap;
    uint64_t begun_ns;  /* the current one */
    uint64_t looked_ns; /* at its size */
    int *followers;     /* owned: connections of those who follow */
    size_t follower_count, follower_cap;
    bool failed;                 /* the session daemon could not: no more are begun */
    int snapshot_fd;             /* who asked for a snapshot and waits, -1: nobody */
    bool snapshot_begun;         /* the chunk that will complete it is being ended */
    char snapshot_dir[PATH_MAX]; /* where it goes */
};

struct recorder {
    struct runtime runtime;
    struct session session;
    struct session_buffers buffers; /* the session's, kept beyond its end */
    struct signals signals;
    struct hello hello;
    struct collector collector;
    bool samples;     /* the collector takes the CPU samples ... */
    bool samples_all; /* ... also of processes with an agent: more than its timers can */
    struct target target;
    struct recorder_options options;    /* what it points to is borrowed */
    struct recorder_process *processes; /* owned: who records now */
    size_t process_count;
    size_t process_cap;
    int daemon_fd;         /* pidfd of the session daemon, -1 unknown */
    const char *cut_short; /* why nothing is recorded any more, or NULL */
    uint64_t lost_events;  /* told when the session was stopped */
    bool stopped;          /* the session is */
    bool daemon_hangs;
    int control_fd;    /* listening socket of `trace stop`, -1 none */
    int stop_fd;       /* the connection that asked to stop and wants an answer, -1 none */
    uint64_t admitted; /* processes recorded so far */
    int wait_status;   /* of the launched program, -1 while it runs or where attached */
    struct recorder_chunks chunks;
    long interrupt_ms; /* when a SIGINT came to whyprof alone, 0: none to pass on */
    int interrupt_signal;
};

/* Starts. *exit_code: what to return where the program could not be executed
 * (127, 126), else 1. */
bool recorder_begin(struct recorder *r, const struct recorder_options *options, int *exit_code,
                    struct err *err);
/* Opens the socket by which another process says stop, or snapshot. */
bool recorder_listen(struct recorder *r, const char *path, struct err *err);
enum recorder_end recorder_wait(struct recorder *r);

struct recorder_result {
    uint64_t lost_events; /* discarded by LTTng: buffers full */
    uint64_t lost_kernel; /* records the collector lost */
    bool incomplete;      /* the session could not be stopped properly */
};

/* Ends the recording and all that runs for it. False with err where the session
 * could not be stopped in order; what is on disk then may end early. Signals stay
 * blocked, for the conversion. */
bool recorder_finish(struct recorder *r, struct recorder_result *result, struct err *err);
/* Answers who asked to stop, stops a session daemon of ours that nobody needs any
 * more (seconds, where programs with the agent live on), gives the signals back. */
void recorder_release(struct recorder *r);

/* Does the collector deliver anything? */
bool recorder_kernel_events(const struct recorder *r);

/* Ends what a killed recorder left: its session, and the daemon where it is ours.
 * session_stopped (or NULL) as in struct recorder_options. */
bool recorder_recover(const struct runtime *rt, const char *name, const char *ctf_dir,
                      void (*session_stopped)(void *data), void *stopped_data,
                      struct recorder_result *result, struct err *err);

/* Tells the recorder listening at path that somebody follows: until the descriptor that
 * is returned is closed (by the end of the process, too), chunks are short. It survives
 * exec. -1 with err where that recording cannot be followed. */
int recorder_follow(const char *path, struct err *err);

/* Asks the flight recorder listening at path for its content: the chunks' files appear
 * in dir, which must be new and on the file system of the recording. */
bool recorder_request_snapshot(const char *path, const char *dir, struct err *err);

/* What a recording has come to so far. */
struct recorder_counts {
    uint64_t kernel_records; /* switches, wake-ups, system calls, ... that the collector relayed */
    uint64_t lost_kernel;    /* that it lost */
    uint64_t lost_events;    /* discarded by LTTng: buffers full */
};
bool recorder_request_counts(const char *path, struct recorder_counts *counts, struct err *err);

/* Asks the recorder listening at path to stop and waits until its data is on disk
 * (it answers, or ends by itself). False with err where none listens. */
bool recorder_request_stop(const char *path, struct err *err);

#endif
