/* fds: descriptors of the agent and of lttng-ust in the target's table. They are
 * moved to high numbers, so that the target sees the numbers it would see without
 * us, and kept from being closed or overwritten by it. */
#ifndef WHYPROF_FDS_H
#define WHYPROF_FDS_H

#include <stdbool.h>
#include <sys/socket.h>

/* Moves a descriptor just got to a high number, close-on-exec, and protects it.
 * Returns the number to use (the old one where there is no room); negative values
 * pass through. */
int fds_keep(int fd);
bool fds_is_ours(int fd);
/* Closed by its owner. */
void fds_forget(int fd);
/* fds_keep for all descriptors that came with a message. */
void fds_keep_received(struct msghdr *msg);
/* The lowest protected descriptor >= from, or -1. */
int fds_next(int from);

#endif
