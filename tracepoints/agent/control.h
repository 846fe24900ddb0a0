/* control: how a recorder talks to this process (events.h has the protocol), and
 * the helper thread that does so, drains the samples and announces long calls. */
#ifndef WHYPROF_CONTROL_H
#define WHYPROF_CONTROL_H

#include <stdbool.h>

/* Asks the recorder named in the environment to let this process in; returns when
 * it answered, is not there, or WHYPROF_HELLO_MS passed. */
void control_hello(void);
/* Opens the control socket and starts the helper. */
void control_start(void);
/* In a fork child: the helper and its socket were the parent's. */
void control_after_fork(void);
/* Emits what is buffered: samples and totals. From any thread under the guard. */
void control_flush(void);
/* Emits who we are, threads, modules, mechanisms; with all stacks again. */
void control_dump(bool new_session);

#endif
