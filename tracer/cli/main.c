/* main: the command table. */
#include "cli/cli.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef WHYPROF_VERSION
#error "WHYPROF_VERSION comes from CMake"
#endif

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"run", cmd_run, "start a program with the agent; --trace records its whole life"},
    {"trace", cmd_trace, "start, stop and watch recordings in the background"},
    {"cpu", cmd_capture, "capture a running program's CPU profile"},
    {"heap", cmd_capture, "capture what memory it allocates and keeps"},
    {"allocs", cmd_capture, "capture what memory it allocates"},
    {"block", cmd_capture, "capture where it waits for locks"},
    {"mutex", cmd_capture, "capture who holds locks that others wait for"},
    {"threads", cmd_capture, "capture where each thread stands (= goroutine)"},
    {"goroutine", cmd_capture, NULL},
    {"threadcreate", cmd_capture, NULL},
    {"all", cmd_capture, "capture all of these profiles at once"},
    {"http", cmd_http, "serve a running program's profiles, as Go's /debug/pprof/"},
    {"view", cmd_view, "show traces and profiles in the viewer"},
    {"why", cmd_why, "say in plain words where the time went and why"},
    {"report", cmd_report, "tables: threads, waits, syscalls, allocations"},
    {"query", cmd_query, "SQL over a trace, read in place"},
    {"export", cmd_export, "write a trace for other tools: Chrome JSON, CSV, folded, pprof"},
    {"compare", cmd_compare, "say what grew and shrank between two profiles or two traces"},
    {"pprof", cmd_pprof, "reports about profiles, as go tool pprof prints them"},
    {"serve", cmd_serve, "show profiles in a browser: flame graph, source, comparison"},
    {"convert", cmd_convert, "turn an LTTng (CTF) folder into a trace file"},
    {"dump", cmd_dump, "print a trace file as text"},
    {"check", cmd_check, "verify every byte of a trace file"},
    {"doctor", cmd_doctor, "say what this machine allows and how to get more"},
};

enum {
    COMMANDS = sizeof commands / sizeof *commands
};

static void print_help(FILE *out)
{
    fprintf(out, "Usage: whyprof COMMAND [ARGUMENTS]\n\n"
                 "Says why a running native program is slow: threads, system calls, locks,\n"
                 "allocations and CPU samples on one timeline.\n\nCommands:\n");
    for (int i = 0; i < COMMANDS; i++)
        if (commands[i].help)
            fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
    fprintf(out, "\nwhyprof COMMAND --help tells more of each. A first trace:\n"
                 "  whyprof run --trace -- PROGRAM ARG...\n");
}

/* Where the caller closed one of 0-2, no file of ours must get that number; a traced
 * program finds it closed all the same. */
static void hold_standard_fds(void)
{
    int fd;
    while ((fd = open("/dev/null", O_RDWR | O_CLOEXEC)) >= 0 && fd <= STDERR_FILENO)
        ;
    if (fd >= 0)
        close(fd);
}

int main(int argc, char **argv)
{
    hold_standard_fds();
    if (argc < 2) {
        print_help(stderr);
        return CLI_USAGE;
    }
    const char *name = argv[1];
    if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
        print_help(stdout);
        return CLI_OK;
    }
    if (!strcmp(name, "--version") || !strcmp(name, "version")) {
        printf("whyprof %s\n", WHYPROF_VERSION);
        return CLI_OK;
    }
    for (int i = 0; i < COMMANDS; i++)
        if (!strcmp(name, commands[i].name))
            return commands[i].run(argc - 1, argv + 1);
    struct err err;
    err_set(&err, "'%s' is not a command", name);
    err_hint(&err, "whyprof --help lists the commands");
    return cli_usage(&err);
}
