#include "collect/proc.h"

#include "base/file.h"

#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    STAT_CPU_WORD = 36 /* words of /proc/PID/stat between the name and the cpu */
};

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* The word after n others; "" where there are fewer. */
static const char *skip_words(const char *text, int n)
{
    while (n-- > 0) {
        text += strspn(text, " ");
        text += strcspn(text, " ");
    }
    return text;
}

bool proc_parse_stat(struct proc_thread *t, const char *text)
{
    /* The name may hold blanks and parentheses: it ends at the last one. */
    const char *open = strchr(text, '('), *close = strrchr(text, ')');
    unsigned long long start;
    int ppid;
    if (!open || !close || close < open)
        return false;
    if (sscanf(close + 1,
               " %c %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu",
               &t->state, &ppid, &start) != 3)
        return false;
    t->cpu = (uint32_t)strtoul(skip_words(close + 1, STAT_CPU_WORD), NULL, 10);
    size_t len = (size_t)(close - open - 1);
    if (len > sizeof t->comm - 1)
        len = sizeof t->comm - 1;
    memset(t->comm, 0, sizeof t->comm);
    memcpy(t->comm, open + 1, len);
    t->ppid = ppid;
    t->start_ns = start;
    return true;
}

void proc_parse_syscall(struct proc_thread *t, const char *text)
{
    long nr;
    int used = 0;
    t->in_call = false;
    if (sscanf(text, "%ld%n", &nr, &used) != 1 || nr < 0)
        return;
    char *at = NULL;
    for (int i = 0; i < COLLECT_MAX_ARGS; i++) {
        t->args[i] = strtoull(text + used, &at, 16);
        used = (int)(at - text);
    }
    t->nr = (uint32_t)nr;
    t->in_call = true;
}

bool proc_thread_read(struct proc_thread *t, pid_t pid, pid_t tid)
{
    char path[64], *text;
    memset(t, 0, sizeof *t);
    snprintf(path, sizeof path, "/proc/%d/task/%d/stat", (int)pid, (int)tid);
    if (!file_read(path, &text, &(size_t){0}, NULL))
        return false;
    bool good = proc_parse_stat(t, text);
    free(text);
    if (!good)
        return false;
    uint64_t since_boot = t->start_ns * (1000000000 / (uint64_t)sysconf(_SC_CLK_TCK));
    uint64_t monotonic = clock_ns(CLOCK_MONOTONIC); /* first: it must not be the later one */
    uint64_t suspended = clock_ns(CLOCK_BOOTTIME) - monotonic;
    t->start_ns = since_boot > suspended ? since_boot - suspended : 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/syscall", (int)pid, (int)tid);
    if (file_read(path, &text, &(size_t){0}, NULL)) {
        proc_parse_syscall(t, text);
        free(text);
    }
    return true;
}

pid_t proc_of_thread(pid_t tid)
{
    char path[64], *text;
    snprintf(path, sizeof path, "/proc/%d/status", (int)tid);
    if (!file_read(path, &text, &(size_t){0}, NULL))
        return 0;
    const char *line = strstr(text, "\nTgid:");
    pid_t pid = line ? atoi(line + strlen("\nTgid:")) : 0;
    free(text);
    return pid;
}

bool proc_each_thread(pid_t pid, void (*each)(void *data, pid_t tid), void *data)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *dir = opendir(path);
    if (!dir)
        return false;
    struct dirent *e;
    while ((e = readdir(dir)))
        if (e->d_name[0] != '.')
            each(data, atoi(e->d_name));
    closedir(dir);
    return true;
}

void proc_each_fd(pid_t pid, void (*each)(void *data, int fd, const char *name), void *data)
{
    char path[64], link[320], name[PATH_MAX];
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *dir = opendir(path);
    if (!dir)
        return;
    struct dirent *e;
    while ((e = readdir(dir))) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(link, sizeof link, "%s/%s", path, e->d_name);
        ssize_t len = readlink(link, name, sizeof name - 1);
        if (len < 0)
            continue;
        name[len] = '\0';
        each(data, atoi(e->d_name), name);
    }
    closedir(dir);
}

bool proc_parse_map(struct proc_module *m, char *line)
{
    char perms[8];
    int path_at = 0;
    line[strcspn(line, "\n")] = '\0';
    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %*s %*s %n", &m->begin, &m->end,
               perms, &m->file_off, &path_at) != 4)
        return false;
    m->path = line + path_at;
    return path_at > 0 && perms[2] == 'x' && (m->path[0] == '/' || !strcmp(m->path, "[vdso]"));
}

void proc_each_module(pid_t pid, void (*each)(void *data, const struct proc_module *m), void *data)
{
    char path[64], *text;
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    if (!file_read(path, &text, &(size_t){0}, NULL))
        return;
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        struct proc_module m;
        if (proc_parse_map(&m, line))
            each(data, &m);
    }
    free(text);
}

bool proc_has_agent(pid_t pid)
{
    char path[64], *text;
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    if (!file_read(path, &text, &(size_t){0}, NULL))
        return false;
    bool found = strstr(text, "/libwhyprof-agent.so");
    free(text);
    return found;
}

void proc_cmdline(pid_t pid, char *buf, size_t bytes)
{
    char path[64], *text;
    size_t len;
    buf[0] = '\0';
    snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
    if (!file_read(path, &text, &len, NULL))
        return;
    while (len && !text[len - 1])
        len--;
    if (len > bytes - 1)
        len = bytes - 1;
    for (size_t i = 0; i < len; i++)
        buf[i] = text[i] ? text[i] : ' ';
    buf[len] = '\0';
    free(text);
}

uint32_t proc_state_bits(char state)
{
    switch (state) {
    case 'S':
        return 1;
    case 'D':
        return 2;
    case 'T':
        return 4;
    case 't':
        return 8;
    case 'P':
        return 0x40;
    case 'I':
        return 0x402;
    default:
        return 0;
    }
}
