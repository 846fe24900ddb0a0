/* guard: reading a mapped file that somebody cuts short. The kernel then sends
 * SIGBUS for the pages that are gone; with the guard on, those read as zeros
 * instead, and the reader, which checks what it reads, finds damage. */
#ifndef BASE_GUARD_H
#define BASE_GUARD_H

#include <stdbool.h>
#include <stddef.h>

/* Watches [p, p + bytes). Installs the SIGBUS handler where it is not; it
 * leaves faults elsewhere to the one before it. At most 64 maps at a time are
 * watched, later ones are not. Thread-safe. */
void guard_add(const void *p, size_t bytes);
/* Stops watching; true when pages of the map were found missing. */
bool guard_remove(const void *p);
/* Whether pages were found missing so far. */
bool guard_hit(const void *p);

#endif
