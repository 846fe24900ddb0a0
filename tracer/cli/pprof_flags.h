/* pprof_flags: pprof's command line. Flags are Go's: one or two dashes, a value
 * behind "=" or as the next word, switches only behind "=". */
#ifndef CLI_PPROF_FLAGS_H
#define CLI_PPROF_FLAGS_H

#include "pprof/config.h"
#include "pprof/load.h"

struct pprof_flags {
    struct pprof_input input;
    struct pprof_config config;
    const struct pprof_command *command;     /* NULL: the shell */
    const char *argument;                    /* of the command, or NULL */
    const char *tls_cert, *tls_key, *tls_ca; /* or NULL */
    int64_t seconds, timeout;                /* of URLs; -1: not told */
    const char *http;                        /* address to serve a page at, or NULL */
    bool no_browser;
    bool help;
    const char **words; /* owned: sources and bases lie here */
};

bool pprof_flags_parse(struct pprof_flags *f, int argc, char **argv, struct err *err);
void pprof_flags_release(struct pprof_flags *f);
/* Appends the list of formats and options, as flags or as the shell's words. */
void pprof_usage(struct strbuf *out, bool flags);

#endif
