/* cmd_view: hands over to the viewer, a program of its own, so that only that
 * one needs SDL. What --follow means is found out here: the viewer is told of files
 * only, and inherits the connection that says that somebody follows. */
#include "cli/cli.h"
#include "cli/live.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct view_args {
    char **argv; /* owned, with room for what is added */
    int count;
    char *follow; /* owned: the option as the viewer takes it */
    char *out;    /* owned: the file that there will be */
};

static bool under_way(const struct state *st)
{
    return !strcmp(state_get(st, "phase"), "recording") && record_alive(st);
}

/* A recording's session or file. */
static bool is_called(const struct state *st, const char *name)
{
    char folder[PATH_MAX], full[PATH_MAX + NAME_MAX + 2];
    if (!strcmp(state_get(st, "session"), name) || !strcmp(state_get(st, "out"), name))
        return true;
    snprintf(folder, sizeof folder, "%s", name);
    char *slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
    char *real = realpath(slash ? folder : ".", NULL); /* of a file that is not there yet */
    snprintf(full, sizeof full, "%s/%s", real ? real : "", slash ? slash + 1 : name);
    free(real);
    return !strcmp(state_get(st, "out"), full);
}

/* Takes an argument away. */
static void drop(struct view_args *a, int i)
{
    a->count--;
    memmove(a->argv + i, a->argv + i + 1, (size_t)(a->count - i + 1) * sizeof *a->argv);
}

/* The recording that an argument names (which is taken away), else the only one. */
static const struct state *choose(const struct state_list *list, struct view_args *a,
                                  struct err *err)
{
    const struct state *found = NULL;
    for (size_t k = 0; k < list->count; k++) {
        const struct state *st = &list->items[k];
        for (int i = 1; i < a->count && under_way(st); i++) {
            if (!is_called(st, a->argv[i]))
                continue;
            drop(a, i);
            return st;
        }
    }
    for (size_t k = 0; k < list->count; k++) {
        if (!under_way(&list->items[k]))
            continue;
        if (found) {
            err_set(err, "--follow: there are several recordings");
            err_hint(err, "name one of them; whyprof trace status lists them");
            return NULL;
        }
        found = &list->items[k];
    }
    if (found)
        return found;
    err_set(err, "--follow: nothing is being recorded");
    err_hint(err, "whyprof trace start begins; whyprof view FILE shows what was recorded");
    return NULL;
}

static bool follow(struct view_args *a, struct err *err)
{
    struct runtime rt;
    struct state_list list = {0};
    if (!runtime_init(&rt, err))
        return false;
    state_list_load(&list, &rt);
    const struct state *st = choose(&list, a, err);
    char socket_path[sizeof st->path];
    if (st) {
        char *live = record_live_path(st);
        if (asprintf(&a->follow, "--follow=%s", live) < 0)
            abort();
        free(live);
        a->out = strdup(state_get(st, "out"));
        state_socket_path(st, socket_path, sizeof socket_path);
    }
    bool ok = st && recorder_follow(socket_path, err) >= 0;
    if (st && !ok)
        err_wrap(err, "--follow: %s", state_get(st, "session"));
    state_list_release(&list);
    if (!ok)
        return false;
    a->argv[a->count++] = a->follow;
    a->argv[a->count++] = a->out;
    return true;
}

/* Takes the option away: what the viewer gets says more. */
static bool follow_asked(struct view_args *a)
{
    bool asked = false;
    for (int i = a->count; i-- > 1;) {
        if (strcmp(a->argv[i], "--follow"))
            continue;
        asked = true;
        drop(a, i);
    }
    return asked;
}

int cmd_view(int argc, char **argv)
{
    struct err err;
    const char *program = cli_program_path("whyprof-view", &err);
    if (!program)
        return cli_fail(&err);
    struct view_args a = {.argv = calloc((size_t)argc + 3, sizeof *a.argv), .count = argc};
    char *copy = strdup(program);
    if (!a.argv || !copy)
        abort();
    memcpy(a.argv, argv, (size_t)argc * sizeof *argv);
    a.argv[0] = copy;
    if (!follow_asked(&a) || follow(&a, &err)) {
        execv(copy, a.argv);
        err_errno(&err, "start %s", copy);
    }
    free(copy);
    free(a.argv);
    free(a.follow);
    free(a.out);
    return cli_fail(&err);
}
