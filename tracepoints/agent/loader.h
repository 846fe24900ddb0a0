/* loader: what of ld.so's state must be whole in a fork child. lttng-ust loads a
 * library and walks the list of modules there; glibc resets the loader's own locks
 * in the child except the one of dl_iterate_phdr, so a fork while any other thread
 * walks that list would leave a child that hangs in its first walk. */
#ifndef WHYPROF_LOADER_H
#define WHYPROF_LOADER_H

#include <stdbool.h>

/* Finds that lock; before the program has threads of its own. */
void loader_init(void);
/* Waits a little for other threads to come out of dlopen. */
void loader_before_fork(void);
/* Frees the lock where a thread that is not here holds it. False: the lists are
 * not whole, this child must stay away from the loader. */
bool loader_after_fork_child(void);

#endif
