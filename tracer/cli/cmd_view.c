/* cmd_view: hands over to the viewer, a program of its own, so that only that
 * one needs SDL. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int cmd_view(int argc, char **argv)
{
    struct err err;
    const char *program = cli_program_path("whyprof-view", &err);
    if (!program)
        return cli_fail(&err);
    char **args = calloc((size_t)argc + 1, sizeof *args);
    char *copy = strdup(program);
    if (!args || !copy)
        abort();
    args[0] = copy;
    for (int i = 1; i < argc; i++)
        args[i] = argv[i];
    execv(copy, args);
    err_errno(&err, "start %s", copy);
    free(copy);
    free(args);
    return cli_fail(&err);
}
