/* foreign: what other tracers than ours tell, in our words. Events of LTTng's kernel
 * tracer become the packed kernel records that our collector relays (events.h), so a
 * kernel session gives the same tables:
 *
 *     sched_switch                      thread_state
 *     sched_waking, _wakeup_new         wakeup, thread_state
 *     sched_wakeup                      the same, where there is no sched_waking
 *     sched_process_fork, _exec, _exit  process, thread
 *     lttng_statedump_process_state     process, thread
 *     syscall_entry_*, syscall_exit_*   syscall: name, times and result; arguments have
 *                                       a name of their own in each call and stay out
 *
 * A thread whose process nobody told counts as a process of its own. All other
 * providers' events are only counted (table event_count). */
#ifndef CONVERT_FOREIGN_H
#define CONVERT_FOREIGN_H

#include "base/map.h"
#include "convert/event.h"

struct order;

enum {
    FOREIGN_WORDS = 4096
};

struct foreign {
    struct order *order;      /* borrowed: where the records go */
    struct map64 current;     /* cpu -> tid that runs there */
    struct map64 pid_of_tid;  /* threads that were told */
    struct map64 call_of_tid; /* syscall it is in, + 1 ... */
    struct map64 call_ts;     /* ... and since when */
    struct map64 exiting;     /* tids whose next switch is the last */
    bool has_waking;
    uint64_t words[FOREIGN_WORDS]; /* records not passed on yet */
    uint32_t count;
    uint64_t last_ts;
};

/* An event's number after EVENT_FOREIGN, or EVENT_FOREIGN where it says nothing to us. */
enum event_kind foreign_kind(const char *name);
/* Its fields that are wanted, blanks between, in order of struct event's. */
const char *foreign_fields(enum event_kind kind);

/* Takes such an event; `name` tells which system call. cpu: where it was. */
void foreign_event(struct foreign *f, const struct event *ev, const char *name, uint32_t cpu);
/* Passes on what is left. */
void foreign_flush(struct foreign *f);
void foreign_release(struct foreign *f);

#endif
