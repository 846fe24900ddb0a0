#include "session/runtime.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Below the home stand names such as /.lttng/ustconsumerd64/command. */
enum {
    HOME_MAX = RUNTIME_DIR_MAX - 1
};

static bool owned_dir(const char *path, uid_t uid)
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == uid;
}

/* /tmp is everybody's: a folder that stands there already is used only if no
 * other user made it or can reach into it. */
static bool private_dir(const char *path, uid_t uid, struct err *err)
{
    struct stat st;
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return err_errno(err, "create folder %s", path);
    if (lstat(path, &st) < 0)
        return err_errno(err, "look at %s", path);
    if (!S_ISDIR(st.st_mode) || st.st_uid != uid) {
        err_set(err, "%s is not a folder of your own", path);
        return err_hint(err, "remove it, or set XDG_RUNTIME_DIR to a folder that is yours");
    }
    if ((st.st_mode & 077) && chmod(path, 0700) < 0)
        return err_errno(err, "protect folder %s", path);
    return true;
}

static void choose_dir(struct runtime *rt)
{
    char standard[32];
    snprintf(standard, sizeof standard, "/run/user/%u", (unsigned)rt->uid);
    const char *given = getenv("XDG_RUNTIME_DIR");
    const char *bases[] = {given, standard};
    if (rt->uid == 0) {
        snprintf(rt->dir, sizeof rt->dir, "/run/whyprof");
        return;
    }
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) {
        if (!bases[i] || *bases[i] != '/' || !owned_dir(bases[i], rt->uid))
            continue;
        if (strlen(bases[i]) + sizeof "/whyprof" > HOME_MAX)
            continue;
        snprintf(rt->dir, sizeof rt->dir, "%.*s/whyprof", HOME_MAX - 9, bases[i]);
        return;
    }
    snprintf(rt->dir, sizeof rt->dir, "/tmp/whyprof-%u", (unsigned)rt->uid);
}

bool runtime_init(struct runtime *rt, struct err *err)
{
    *rt = (struct runtime){.uid = geteuid()};
    choose_dir(rt);
    if (!private_dir(rt->dir, rt->uid, err))
        return false;
    if (rt->uid == 0) {
        snprintf(rt->daemon_dir, sizeof rt->daemon_dir, "/var/run/lttng");
        return true;
    }
    memcpy(rt->lttng_home, rt->dir, sizeof rt->lttng_home);
    snprintf(rt->daemon_dir, sizeof rt->daemon_dir, "%s/.lttng", rt->lttng_home);
    if (setenv("LTTNG_HOME", rt->lttng_home, 1) < 0)
        return err_errno(err, "set LTTNG_HOME");
    return true;
}
