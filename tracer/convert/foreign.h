/* foreign: what other tracers than ours tell, in our words. Whatever LTTng session was
 * recorded, its events become contract events (events.h) or the packed kernel records
 * that our collector relays, so that it gives the same tables as ours:
 *
 *   LTTng's kernel tracer (foreign_kernel.c)
 *     sched_switch                      thread_state
 *     sched_waking, _wakeup_new         wakeup, thread_state
 *     sched_wakeup                      the same, where there is no sched_waking
 *     sched_process_fork, _exec, _exit  process, thread
 *     lttng_statedump_process_state     process, thread
 *     syscall_entry_*, syscall_exit_*   syscall, by the kernel's names of the arguments;
 *                                       what output arguments hold stays out
 *   LTTng-UST (foreign_ust.c)
 *     lttng_ust_statedump:*, _lib:*     module, process
 *     lttng_ust_cyg_profile(_fast):*    region: each call of a function
 *     lttng_ust_libc:*                  alloc, every one
 *     lttng_ust_pthread:*               lock_wait, lock_hold
 *   any other user-space event          message, with its fields as text; and region,
 *                                       where its name ends in _begin, _entry, _start ...
 *                                       and the trace has the event that ends it
 *
 * Other events of the kernel are only counted (table event_count), as all are. A thread
 * whose process nobody told counts as a process of its own; events whose thread was not
 * recorded (no vtid context) belong to a made-up one for each CPU. */
#ifndef CONVERT_FOREIGN_H
#define CONVERT_FOREIGN_H

#include "base/arena.h"
#include "base/map.h"
#include "base/strbuf.h"
#include "convert/event.h"

#include <babeltrace2/babeltrace.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct order;

enum {
    FOREIGN_WORDS = 4096,
    /* Made-up ids are beyond what a kernel gives (PID_MAX_LIMIT is 4 Mi). */
    FOREIGN_NO_THREAD = 9000000,
    /* Kinds of events that others need to know; the rest is foreign's own. */
    FOREIGN_MESSAGE = EVENT_FOREIGN + 1,
    FOREIGN_FIRST_KERNEL,
    FOREIGN_FIRST_UST = FOREIGN_FIRST_KERNEL + 16
};

/* What is to be known of an event's stream. */
struct foreign_origin {
    bool kernel;                /* the kernel tracer's */
    uint32_t id_base, cpu_base; /* its machine's (hosts.h) */
    uint32_t cpu;               /* cpu_base included */
    uint32_t pid;               /* of a trace of a single process; 0: not told */
    const char *procname;       /* its name, borrowed from the trace; or NULL */
};

/* A system call that a thread is in. */
struct foreign_call {
    uint32_t nr_plus_1; /* 0: in none */
    uint32_t arg_count;
    uint64_t ts;
    uint64_t args[EVENT_MAX_FIELDS];
    char *path; /* owned: the file that it opens, or NULL */
};

/* A module that waits for its build id, which LTTng-UST tells in an event of its own. */
struct foreign_module {
    uint64_t base;
    uint64_t bytes;
    char *path; /* owned; NULL: none waits */
};

struct foreign {
    uint32_t id_base;    /* of the current event's machine */
    struct order *order; /* borrowed: where the events and records go */
    struct arena arena;
    struct strbuf text; /* of the current event, where its kind is FOREIGN_MESSAGE */
    /* The kernel's. */
    struct map64 current;       /* cpu -> tid that runs there */
    struct map64 pid_of_tid;    /* threads that were told */
    struct map64 call_of_tid;   /* -> index into calls */
    struct foreign_call *calls; /* owned */
    size_t call_count, call_cap;
    struct map64 exiting; /* tids whose next switch is the last */
    bool has_waking;
    uint64_t words[FOREIGN_WORDS]; /* records not passed on yet */
    uint32_t count;
    uint64_t last_ts; /* of the latest record */
    uint64_t seen_ts; /* of the latest event */
    /* LTTng-UST's. */
    struct intern names;            /* of event classes, and of such as were looked for */
    struct map64 class_names;       /* those of classes: ids in names */
    struct map64 roles;             /* an event name's address -> struct role *, in the arena */
    struct map64 module_of_pid;     /* -> index into modules */
    struct foreign_module *modules; /* owned */
    size_t module_count, module_cap;
    struct map64 named_pids; /* processes whose name was told */
    struct map64 waiting;    /* tid -> the struct holder * it waits for */
    struct map64 holders;    /* hash of process and mutex -> struct holder *, in the arena */
    bool told_allocs, told_locks;
};

/* An event's number after EVENT_FOREIGN, or EVENT_FOREIGN where it says nothing to us. */
enum event_kind foreign_kind(const char *name);
/* Its fields that are wanted, blanks between, in order of struct event's. */
const char *foreign_fields(enum event_kind kind, const char *name);

/* Notes what events there are, and tells *origin, before the stream's first event. */
void foreign_stream(struct foreign *f, const bt_stream *stream, struct foreign_origin *origin);
/* Takes such an event; `name` tells which it is, and lives as long as the trace. f->text
 * is filled by foreign_text.h where the event is a FOREIGN_MESSAGE of user space. */
void foreign_event(struct foreign *f, const struct event *ev, const char *name,
                   const struct foreign_origin *origin);
/* Passes on what is left. */
void foreign_flush(struct foreign *f);
void foreign_release(struct foreign *f);

/* -- between foreign's own files */

/* Which of `known` a name is, or -1; one that ends in '_' begins the names of many. */
struct foreign_known {
    const char *name;
    const char *fields;
};
int foreign_find(const struct foreign_known *known, size_t count, const char *name);

enum event_kind foreign_kernel_kind(const char *name);
const char *foreign_kernel_fields(enum event_kind kind, const char *name);
void foreign_kernel_event(struct foreign *f, const struct event *ev, const char *name,
                          uint32_t cpu);
/* Passes on the records that are held back. */
void foreign_kernel_flush(struct foreign *f);
/* The thread that the kernel says runs on a CPU and its process, 0 where it says nothing. */
uint32_t foreign_current(const struct foreign *f, uint32_t cpu, uint32_t *pid);

enum event_kind foreign_ust_kind(const char *name);
const char *foreign_ust_fields(enum event_kind kind);
/* ev's ids are complete. */
void foreign_ust_event(struct foreign *f, const struct event *ev, const char *name);
void foreign_ust_flush(struct foreign *f, uint64_t ts);
/* Passes an event on: like ev, but of a kind of the contract's and without fields. */
struct event foreign_like(const struct event *ev, enum event_kind kind);
void foreign_set_string(struct event *ev, int field, const char *text);
void foreign_push(struct foreign *f, const struct event *ev);

#endif
