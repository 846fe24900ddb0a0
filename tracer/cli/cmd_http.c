/* whyprof http: /debug/pprof/ of a running program. */
#include "cli/cli.h"
#include "cli/serve_profiles.h"
#include "cli/targets.h"

#include <signal.h>
#include <stdlib.h>

int cmd_http(int argc, char **argv)
{
    static const char *where;
    static uint64_t max_ns;
    static const struct opt rows[] = {
        {'l', "listen", OPT_STR, &where, "HOST:PORT",
         "where (default $PPROF_ADDR or 127.0.0.1:8080); :8080 is every address,\nand then a "
         "token is asked for: $PPROF_TOKEN, or one that is made"},
        {0, "max-seconds", OPT_DURATION, &max_ns, "TIME",
         "refuse profiles that take longer (default 3600s)"},
        {0},
    };
    static const struct opt_command command = {
        .name = "whyprof http",
        .usage = "[--listen HOST:PORT] [PID | NAME]",
        .summary =
            "Serves /debug/pprof/ of a program that runs the agent, as Go programs have it,\n"
            "until the program ends or Ctrl-C. The target may be left out when only one\n"
            "program runs the agent.",
        .opts = rows,
        .more = "ENABLE_PPROF=true in the environment of whyprof run does the same beside the\n"
                "program. Then, for instance:\n"
                "  go tool pprof http://localhost:8080/debug/pprof/profile?seconds=5\n"
                "  whyprof all http://localhost:8080\n",
    };
    static struct targets targets;
    struct err err = {0};
    int status, n = cli_parse(&command, argc, argv, &status);
    if (n < 0)
        return status;
    if (n > 1) {
        err_set(&err, "more than one target");
        return cli_usage(&err);
    }
    signal(SIGCHLD, SIG_DFL); /* ignored by a caller, it would swallow exit statuses */
    if (!targets_choose(&targets, n ? argv[1] : NULL, false, &err))
        return cli_fail(&err);
    if (targets.count > 1) {
        err_set(&err, "%s: which one?", targets.text);
        err_hint(&err, "give its pid");
        return cli_fail(&err);
    }
    const struct serve_options o = {
        .pid = targets.pids[0],
        .listen = where ? where : serve_address(),
        .token = getenv("PPROF_TOKEN"),
        .seconds_max = (double)max_ns / 1e9,
        .ready_fd = -1,
    };
    return serve_profiles(&o, &err) ? CLI_OK : cli_fail(&err);
}
