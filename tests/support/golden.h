/* golden: compares text with a file of tests/golden. WHYPROF_BLESS=1 in the
 * environment writes the file anew instead: look at `git diff` then. */
#ifndef TESTS_SUPPORT_GOLDEN_H
#define TESTS_SUPPORT_GOLDEN_H

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Shows where the texts part: the first line that differs, as it is and should be. */
static void golden_show_difference(const char *name, const char *want, const char *got)
{
    int line = 1;
    while (*want && *want == *got) {
        line += *want == '\n';
        want++;
        got++;
    }
    while (line > 1 && want[-1] != '\n') {
        want--;
        got--;
    }
    fprintf(stderr, "%s:%d differs\n  want: %.*s\n  got:  %.*s\n", name, line,
            (int)strcspn(want, "\n"), want, (int)strcspn(got, "\n"), got);
}

static bool golden_equal(const char *name, const char *got)
{
    char path[512];
    snprintf(path, sizeof path, TEST_GOLDEN_DIR "/%s", name);
    if (getenv("WHYPROF_BLESS")) {
        FILE *f = fopen(path, "w");
        return f && fputs(got, f) >= 0 && fclose(f) == 0;
    }
    char *want;
    size_t bytes;
    struct err err;
    if (!file_read(path, &want, &bytes, &err)) {
        fprintf(stderr, "%s (WHYPROF_BLESS=1 makes it)\n", err.text);
        return false;
    }
    bool equal = !strcmp(want, got);
    if (!equal)
        golden_show_difference(name, want, got);
    free(want);
    return equal;
}

#endif
