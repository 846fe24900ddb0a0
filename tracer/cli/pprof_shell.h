/* pprof_shell: pprof's interactive shell: reports by command, options as
 * variables. Lines are edited, kept and completed by libedit on a terminal; other
 * input is read as it comes. */
#ifndef CLI_PPROF_SHELL_H
#define CLI_PPROF_SHELL_H

#include "pprof/filter.h"
#include "pprof/report.h"

/* Returns at the end of input or on "quit". */
void pprof_shell(const struct pprof_model *model, const struct pprof_config *config,
                 const struct pprof_notes *notes);

#endif
