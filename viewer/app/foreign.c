#include "app/foreign.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum {
    LOOK_MS = 50 /* at the wish to stop */
};

bool foreign_is(const char *path)
{
    char head[64] = "";
    struct stat st;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return true;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, head, sizeof head - 1);
    close(fd);
    if (n <= 0)
        return false;
    const char *text = head + strspn(head, " \t\r\n");
    return *text == '{' || *text == '[' || !strncmp(head, "go 1.", 5);
}

/* Beside this program, in build/ and where it is installed; else on the PATH. */
static void find_program(char path[PATH_MAX])
{
    static const char *const places[] = {"", "../bin/", "../../bin/"};
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    exe[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(exe, '/');
    if (slash)
        slash[1] = '\0';
    for (size_t i = 0; slash && i < sizeof places / sizeof *places; i++) {
        snprintf(path, PATH_MAX, "%.3000s%swhyprof", exe, places[i]);
        if (access(path, X_OK) == 0)
            return;
    }
    snprintf(path, PATH_MAX, "whyprof");
}

static bool start(const char *input, const char *output, pid_t *pid, int *from, struct err *err)
{
    char program[PATH_MAX];
    int fds[2];
    find_program(program);
    char *const argv[] = {program,
                          (char *)(uintptr_t) "convert",
                          (char *)(uintptr_t) "--progress",
                          (char *)(uintptr_t) "-o",
                          (char *)(uintptr_t)output,
                          (char *)(uintptr_t) "--",
                          (char *)(uintptr_t)input,
                          NULL};
    if (pipe2(fds, O_CLOEXEC) < 0)
        return err_errno(err, "convert %s", input);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, fds[1], STDERR_FILENO);
    errno = posix_spawnp(pid, program, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(fds[1]);
    *from = fds[0];
    if (errno == 0)
        return true;
    close(fds[0]);
    err_errno(err, "convert %s: start %s", input, program);
    return err_hint(err, "the program whyprof makes traces of other files; install it beside");
}

/* "progress 370" lines are how far it is, others what went wrong. */
static void take_line(struct foreign *f, const char *line, struct err *err)
{
    unsigned permille;
    if (sscanf(line, "progress %u", &permille) == 1)
        atomic_store(&f->permille, permille);
    else if (!strncmp(line, "whyprof: ", 9))
        err_set(err, "%s", line + 9);
    else if (!strncmp(line, "  ", 2) && err->text[0])
        err_hint(err, "%s", line + 2);
}

/* Reads what it says until its end, or until nobody wants it any more. */
static void attend(struct foreign *f, pid_t pid, int from, struct err *err)
{
    struct strbuf text = {0};
    char buf[4096];
    for (;;) {
        struct pollfd p = {.fd = from, .events = POLLIN};
        if (atomic_load(&f->cancel))
            kill(pid, SIGTERM);
        if (poll(&p, 1, LOOK_MS) <= 0)
            continue;
        ssize_t n = read(from, buf, sizeof buf);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        strbuf_append(&text, buf, (size_t)n);
        for (char *end; (end = strchr(text.p, '\n'));) {
            *end = '\0';
            take_line(f, text.p, err);
            size_t used = (size_t)(end + 1 - text.p);
            memmove(text.p, end + 1, text.len - used + 1);
            text.len -= used;
        }
    }
    strbuf_release(&text);
}

/* A path by way of a descriptor; the file's own name goes. */
static char *keep_open(const char *output, struct err *err)
{
    char *path;
    int fd = open(output, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        err_errno(err, "open %s", output);
        return NULL;
    }
    if (asprintf(&path, "/proc/self/fd/%d", fd) < 0)
        abort();
    return path;
}

char *foreign_convert(struct foreign *f, const char *path, struct err *err)
{
    const char *temp = getenv("TMPDIR");
    char dir[PATH_MAX], output[PATH_MAX + 16];
    pid_t pid;
    int from = -1, status = 0;
    char *kept = NULL;
    snprintf(dir, sizeof dir, "%.3000s/whyprof-view-XXXXXX", temp && temp[0] ? temp : "/tmp");
    if (!mkdtemp(dir)) {
        err_errno(err, "make folder %s", dir);
        return NULL;
    }
    snprintf(output, sizeof output, "%s/trace.out", dir);
    if (start(path, output, &pid, &from, err)) {
        attend(f, pid, from, err);
        close(from);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
            kept = keep_open(output, err);
        else if (!err->text[0])
            err_set(err, "convert %s: whyprof convert ended without a word", path);
    }
    file_remove_tree(dir, NULL);
    return kept;
}
