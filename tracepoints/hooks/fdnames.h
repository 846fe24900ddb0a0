/* fdnames: what descriptors stand for, as whyprof_syscall:fd events: a path, or
 * the protocol and address of a socket. */
#ifndef WHYPROF_FDNAMES_H
#define WHYPROF_FDNAMES_H

/* A file was opened, by this path. Keeps errno; fd < 0 does nothing. */
void fdname_opened(int fd, const char *path);
/* A socket was made, accepted or connected: asks the kernel for its addresses. */
void fdname_socket(int fd);
/* A copy of another descriptor: asks the kernel for its name. */
void fdname_copied(int fd);
void fdname_closed(int fd);
/* All that are open now. Under the guard. */
void fdnames_dump(void);

#endif
