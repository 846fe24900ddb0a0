/* cli: what every sub-command shares. A sub-command is `int cmd_NAME(int argc,
 * char **argv)` in a file of its own, argv[0] being its name; it returns the
 * exit status. Only this layer (and the viewer's main) prints errors. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/err.h"
#include "base/opt.h"
#include "base/progress.h"

enum {
    CLI_OK = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2
};

/* Prints "whyprof: WHAT: WHY" and the hint on stderr; returns CLI_FAILED. */
int cli_fail(const struct err *err);
/* The same for a wrong command line; returns CLI_USAGE. */
int cli_usage(const struct err *err);
/* opt_parse with its three ways out: the positional count, or -1 with *status to
 * return (help was printed: CLI_OK; wrong usage was told: CLI_USAGE). */
int cli_parse(const struct opt_command *cmd, int argc, char **argv, int *status);

/* cli_parse, with `least` to `most` positionals; with others it is told that the command
 * needs `needs`, and `example` as what to do. */
int cli_parse_files(const struct opt_command *cmd, int argc, char **argv, int least, int most,
                    const char *needs, const char *example, int *status);

/* Progress on stderr: one line rewritten on a terminal with rate and time left,
 * nothing when stderr is piped. cli_progress_end clears the line. */
struct progress *cli_progress_begin(void);
void cli_progress_end(struct progress *p);

/* The folder of this executable, and what lies relative to it both in build/
 * and installed: the agent library, helper programs. NULL with err if missing. */
const char *cli_agent_path(struct err *err);
const char *cli_program_path(const char *name, struct err *err);

int cmd_run(int argc, char **argv);
int cmd_capture(int argc, char **argv); /* argv[0] is the kind */
int cmd_compare(int argc, char **argv);
int cmd_http(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_convert(int argc, char **argv);
int cmd_why(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_query(int argc, char **argv);
int cmd_dump(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_pprof(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_view(int argc, char **argv);

#endif
