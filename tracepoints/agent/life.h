/* life: start-up, fork and the end of the process image. */
#ifndef WHYPROF_LIFE_H
#define WHYPROF_LIFE_H

/* Emits process_start of this image. */
void life_emit_start(void);
/* Name of the recorder's socket, NULL where none was told. */
const char *life_recorder(void);
/* The image ends: tells totals and process_exit, and switches the agent off.
 * status -1: not known. Only the first call counts; a vfork child's does not. */
void life_end(int status);
/* Before exec: the same but for process_exit, and the agent stays on, as exec may fail. */
void life_before_exec(void);
/* What main returned or exit was called with, for the destructor. */
void life_set_status(int status);
/* A fork child that went past the handlers (_Fork): not traced. */
void life_switch_off(void);

#endif
