/* lock_mutex: pthread and C11 mutexes. */
#ifndef WHYPROF_HOOK_LOCK_MUTEX_H
#define WHYPROF_HOOK_LOCK_MUTEX_H

/* Sees whether glibc's mutexes are made as the short cuts expect; without, every
 * lock goes through the real functions. Needs the table of real ones. */
void lock_mutex_init(void);

/* The same of what lock_sync.c looks into. */
void lock_sync_init(void);

#endif
