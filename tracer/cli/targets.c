#include "cli/targets.h"

#include "session/agents.h"
#include "session/procfs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool take_pid(struct targets *t, pid_t pid, struct err *err)
{
    struct procfs_ids ids;
    char name[PROCFS_NAME_MAX] = "?";
    if (!procfs_ids(pid, &ids))
        return err_set(err, "there is no process %d", (int)pid);
    if (ids.uid != geteuid() && geteuid() != 0) {
        err_set(err, "process %d belongs to another user", (int)pid);
        return err_hint(err, "record it as that user, or as root");
    }
    procfs_name(pid, name);
    t->pids[t->count++] = pid;
    snprintf(t->text, sizeof t->text, "%s (pid %d)", name, (int)pid);
    return true;
}

/* Agents of that name; where there are none, any processes (kernel events only). */
static bool take_name(struct targets *t, const char *name, struct err *err)
{
    struct agents agents = {0};
    agents_list(&agents);
    for (size_t i = 0; i < agents.count && t->count < TARGETS_MAX; i++)
        if (procfs_is_called(agents.pids[i], name))
            t->pids[t->count++] = agents.pids[i];
    agents_release(&agents);
    if (!t->count)
        t->count = procfs_find(name, t->pids, TARGETS_MAX);
    if (!t->count)
        return err_set(err, "there is no process named '%s'", name);
    if (t->count > TARGETS_MAX)
        return err_set(err, "too many processes are named '%s'", name);
    if (t->count == 1)
        snprintf(t->text, sizeof t->text, "%s (pid %d)", name, (int)t->pids[0]);
    else
        snprintf(t->text, sizeof t->text, "%s (%zu processes)", name, t->count);
    return true;
}

static bool take_only_agent(struct targets *t, struct err *err)
{
    struct agents agents = {0};
    agents_list(&agents);
    size_t count = agents.count;
    pid_t pid = count ? agents.pids[0] : 0;
    agents_release(&agents);
    if (count == 1)
        return take_pid(t, pid, err);
    if (count)
        err_set(err, "%zu processes run the agent: which one?", count);
    else
        err_set(err, "no process runs the agent");
    return err_hint(err, "give a pid or a name, --all, or -- PROGRAM ARG...");
}

bool targets_choose(struct targets *t, const char *word, bool all, struct err *err)
{
    if (all) {
        snprintf(t->text, sizeof t->text, "all processes running the agent");
        struct agents agents = {0};
        agents_list(&agents);
        for (size_t i = 0; i < agents.count && t->count < TARGETS_MAX; i++) {
            struct procfs_ids ids;
            if (procfs_ids(agents.pids[i], &ids) && (ids.uid == geteuid() || geteuid() == 0))
                t->pids[t->count++] = agents.pids[i];
        }
        agents_release(&agents);
        return true;
    }
    if (!word)
        return take_only_agent(t, err);
    char *end;
    long pid = strtol(word, &end, 10);
    if (!*end && pid > 0)
        return take_pid(t, (pid_t)pid, err);
    return take_name(t, word, err);
}
