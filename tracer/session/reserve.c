#include "session/reserve.h"

#include "base/fmt.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

static void reserve_path(const char *dir, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/.reserve", dir);
}

static bool no_room(const char *dir, uint64_t bytes, struct err *err)
{
    char need[FMT_MAX];
    const char *slash = strrchr(dir, '/'); /* the folder itself was made for the recording */
    err_set(err, "folder %.*s has less than the %s of free space that a recording needs",
            (int)(slash ? slash - dir : 1), slash ? dir : ".", fmt_bytes(need, bytes));
    return err_hint(err, "free some space there, or choose another folder with -o");
}

bool reserve_running_out(const char *dir, uint64_t bytes)
{
    struct statvfs fs;
    return statvfs(dir, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize < bytes;
}

bool reserve_take(const char *dir, uint64_t bytes, struct err *err)
{
    char path[PATH_MAX];
    reserve_path(dir, path);
    if (reserve_running_out(dir, bytes))
        return no_room(dir, bytes, err);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(err, "write into %s", dir);
    bool full = fallocate(fd, 0, 0, (off_t)bytes) < 0 && (errno == ENOSPC || errno == EDQUOT);
    close(fd);
    if (!full)
        return true;
    unlink(path);
    return no_room(dir, bytes, err);
}

void reserve_give_back(const char *dir)
{
    char path[PATH_MAX];
    reserve_path(dir, path);
    unlink(path);
}
