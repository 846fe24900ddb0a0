/* browser: programs that show what we made. */
#ifndef CLI_BROWSER_H
#define CLI_BROWSER_H

#include <stdbool.h>

/* Whether there is somebody to look: a terminal, and a display. */
bool browser_wanted(void);
/* Opens a URL or a file with $BROWSER or the desktop's own; does not wait. */
bool browser_open(const char *target);
/* Starts a program with a file; false where there is no such program. */
bool browser_run(const char *program, const char *file);

#endif
