/* trace_start: `whyprof trace start`, which leaves a recorder in the background. */
#ifndef CLI_TRACE_START_H
#define CLI_TRACE_START_H

int trace_start(int argc, char **argv);

#endif
