/* syscall_table: what is known of system calls by number, for the machine that
 * whyprof was built for. Names come from the system's headers at build time. */
#ifndef CONVERT_SYSCALL_TABLE_H
#define CONVERT_SYSCALL_TABLE_H

#include <stdbool.h>
#include <stdint.h>

enum syscall_fds {
    SYSCALL_FDS_NONE,
    SYSCALL_FDS_CLOSES, /* arg0 goes */
    SYSCALL_FDS_COPIES, /* the result is another number for arg0's file */
    SYSCALL_FDS_MAKES,  /* the result is a new descriptor */
};

/* The number of a name, UINT32_MAX where it is not known. */
uint32_t syscall_number(const char *name);
/* The kernel's names of its arguments, blanks between; "" where they are not known. */
const char *syscall_arg_names(uint32_t nr);
/* The first argument is a descriptor. */
bool syscall_takes_fd(uint32_t nr);
/* The call gives the descriptor its name (connect, bind): look it up afterwards. */
bool syscall_names_fd(uint32_t nr);
enum syscall_fds syscall_fd_effect(uint32_t nr);
/* What kind of thing a SYSCALL_FDS_MAKES call makes, where the call alone tells:
 * "eventfd"; else NULL. */
const char *syscall_makes(uint32_t nr);

#endif
