/* running: the stack of a thread that runs: the kernel's perf events copy its registers
 * and stack at a tick of its CPU clock. It notices nothing. Private to process/. */
#ifndef PROCESS_RUNNING_H
#define PROCESS_RUNNING_H

#include "symbols/walk.h"

struct running_sample {
    uint64_t registers[WALK_REGISTERS];
    unsigned char stack[32 << 10];
    size_t stack_bytes;
};

/* Waits for the thread to run for a moment, at most so long. False where it did not, or
 * where perf events are not allowed. */
bool running_catch(pid_t tid, int timeout_ms, struct running_sample *s);

#endif
