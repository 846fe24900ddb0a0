/* capture_record: a recording of running programs for a while, in the foreground. */
#ifndef CLI_CAPTURE_RECORD_H
#define CLI_CAPTURE_RECORD_H

#include "cli/record.h"
#include "cli/targets.h"

struct capture_record {
    struct record_options *options; /* its `out` is where the trace goes */
    const struct targets *targets;
    uint64_t ns;
    void (*ended)(void *data); /* the while is over, the conversion has not begun; or NULL */
    /* The trace is at path. What is left to be done then, a session daemon to be stopped, may
     * take seconds. */
    bool (*converted)(void *data, const char *path, struct err *err);
    void *data;
};

/* Until the time is over, Ctrl-C, or the targets' end; then converts. */
bool capture_record(const struct capture_record *c, struct err *err);

#endif
