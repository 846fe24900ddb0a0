/* pprof_output: where reports go: a file that was named, the standard output, or
 * for pictures a new file rather than a terminal. */
#ifndef CLI_PPROF_OUTPUT_H
#define CLI_PPROF_OUTPUT_H

#include "pprof/config.h"

/* keep_off_stdout: somebody sits there whatever it is (the shell). */
bool pprof_output(const struct pprof_command *c, const struct pprof_config *config,
                  const struct strbuf *report, bool keep_off_stdout, struct err *err);

#endif
