#include "process/where.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const calls[] = {
#include "syscall_names.inc"
};

const char *where_call_name(long call)
{
    return call >= 0 && (size_t)call < sizeof calls / sizeof *calls ? calls[call] : NULL;
}

static bool read_task(pid_t pid, pid_t tid, const char *what, char *buf, size_t cap)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task/%d/%s", (int)pid, (int)tid, what);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, buf, cap - 1);
    close(fd);
    buf[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* "running", "-1 SP PC", or "NR ARG*6 SP PC" */
static bool read_call(struct where *w, pid_t pid)
{
    char text[256];
    w->call = WHERE_NO_CALL;
    if (!read_task(pid, w->tid, "syscall", text, sizeof text))
        return false;
    w->running = !strncmp(text, "running", 7);
    if (w->running)
        return true;
    if (sscanf(text, "%ld", &w->call) != 1)
        return false;
    if (w->call < 0) {
        w->call = WHERE_NO_CALL;
        return sscanf(text, "%*d %" SCNx64 " %" SCNx64, &w->sp, &w->pc) == 2;
    }
    return sscanf(text, "%*d %*x %*x %*x %*x %*x %*x %" SCNx64 " %" SCNx64, &w->sp, &w->pc) == 2;
}

bool where_read(struct where *w, pid_t pid, pid_t tid)
{
    char text[512];
    *w = (struct where){.tid = tid};
    if (!read_task(pid, tid, "comm", w->name, sizeof w->name) ||
        !read_task(pid, tid, "stat", text, sizeof text) || !read_call(w, pid))
        return false;
    w->name[strcspn(w->name, "\n")] = '\0';
    const char *after = strrchr(text, ')'); /* the name before may hold anything */
    w->state = after && after[1] ? after[2] : '?';
    return w->state != 'Z' && w->state != 'X';
}

bool where_still(const struct where *w, pid_t pid)
{
    struct where now = {.tid = w->tid};
    return read_call(&now, pid) && now.running == w->running && now.call == w->call &&
           now.sp == w->sp && now.pc == w->pc;
}
