/* thread: starts, names, joins and exits of the target's threads. */
#ifndef WHYPROF_HOOK_THREAD_H
#define WHYPROF_HOOK_THREAD_H

/* Makes the key whose destructor sees threads end. */
void thread_hooks_init(void);
/* The calling thread's end will be seen. */
void thread_hooks_watch(void);

#endif
