#include "session/procfs.h"

#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Cut at cap - 1; the bytes read, or -1. */
static ssize_t read_proc(pid_t pid, const char *what, char *buf, size_t cap)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, what);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t n = read(fd, buf, cap - 1);
    close(fd);
    buf[n > 0 ? n : 0] = '\0';
    return n;
}

/* The number at `index` of the status line that begins with key; -1 for the last. */
static long status_number(const char *status, const char *key, int index)
{
    const char *p = strstr(status, key);
    long value = 0;
    if (!p)
        return 0;
    p += strlen(key);
    for (int i = 0; index < 0 || i <= index; i++) {
        p += strspn(p, " \t");
        if (*p < '0' || *p > '9')
            break;
        char *end;
        value = strtol(p, &end, 10);
        p = end;
    }
    return value;
}

bool procfs_ids(pid_t pid, struct procfs_ids *ids)
{
    char status[4096];
    if (read_proc(pid, "status", status, sizeof status) <= 0)
        return false;
    long vpid = status_number(status, "\nNSpid:", -1);
    ids->parent = (pid_t)status_number(status, "\nPPid:", 0);
    ids->vpid = vpid > 0 ? (pid_t)vpid : pid;
    ids->uid = (uid_t)status_number(status, "\nUid:", 1);
    return true;
}

uint64_t procfs_start_ticks(pid_t pid)
{
    char text[1024];
    if (read_proc(pid, "stat", text, sizeof text) <= 0)
        return 0;
    const char *p = strrchr(text, ')'); /* the name before may hold anything */
    if (p && (p[2] == 'Z' || p[2] == 'X'))
        return 0;
    for (int field = 2; p && field < 22; field++)
        p = strchr(p + 1, ' ');
    return p ? strtoull(p + 1, NULL, 10) : 0;
}

bool procfs_name(pid_t pid, char name[PROCFS_NAME_MAX])
{
    if (read_proc(pid, "comm", name, PROCFS_NAME_MAX) <= 0)
        return false;
    name[strcspn(name, "\n")] = '\0';
    return true;
}

bool procfs_is_called(pid_t pid, const char *name)
{
    char comm[PROCFS_NAME_MAX], command[4096];
    if (procfs_name(pid, comm) && !strncmp(comm, name, 15))
        return true;
    if (read_proc(pid, "cmdline", command, sizeof command) <= 0)
        return false;
    const char *slash = strrchr(command, '/'); /* of the first argument: a NUL ends it */
    return !strcmp(slash ? slash + 1 : command, name);
}

size_t procfs_find(const char *name, pid_t *pids, size_t cap)
{
    size_t count = 0;
    DIR *dir = opendir("/proc");
    if (!dir)
        return 0;
    for (struct dirent *e; (e = readdir(dir));) {
        pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);
        if (pid <= 0 || pid == getpid() || !procfs_is_called(pid, name))
            continue;
        if (count < cap)
            pids[count] = pid;
        count++;
    }
    closedir(dir);
    return count;
}
