#include "session/target.h"

#include "session/spawn.h"
#include "tracepoints/events.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

enum {
    SCRIPT_DEPTH = 4,
    OPTIONS_MAX = 256
};

static bool executable(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static bool find_program(const char *program, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s", program);
    if (strchr(program, '/'))
        return executable(path);
    const char *dirs = getenv("PATH");
    for (const char *p = dirs ? dirs : "/bin:/usr/bin"; *p;) {
        size_t len = strcspn(p, ":");
        int n = snprintf(path, PATH_MAX, "%.*s%s%s", (int)len, p, len ? "/" : "", program);
        if (n < PATH_MAX && executable(path))
            return true;
        p += len + (p[len] == ':');
    }
    snprintf(path, PATH_MAX, "%s", program);
    return false;
}

/* The loader runs in secure mode when the exec changes the user or group, or
 * brings capabilities; not on a nosuid mount. */
static bool gains_privileges(const char *path)
{
    struct stat st;
    struct statvfs fs;
    if (stat(path, &st) < 0 || (statvfs(path, &fs) == 0 && (fs.f_flag & ST_NOSUID)))
        return false;
    if ((st.st_mode & S_ISUID) && st.st_uid != getuid())
        return true;
    if ((st.st_mode & S_ISGID) && (st.st_mode & S_IXGRP) && st.st_gid != getgid())
        return true;
    return geteuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0;
}

static enum target_kind elf_kind(int fd, const unsigned char *head, size_t len)
{
    Elf64_Ehdr eh;
    if (len < sizeof eh || head[EI_CLASS] != ELFCLASS64)
        return TARGET_OTHER_ABI;
    memcpy(&eh, head, sizeof eh);
#if defined(__x86_64__)
    if (eh.e_machine != EM_X86_64)
        return TARGET_OTHER_ABI;
#elif defined(__aarch64__)
    if (eh.e_machine != EM_AARCH64)
        return TARGET_OTHER_ABI;
#endif
    for (unsigned i = 0; i < eh.e_phnum; i++) {
        Elf64_Phdr ph;
        off_t off = (off_t)(eh.e_phoff + (Elf64_Off)i * eh.e_phentsize);
        if (pread(fd, &ph, sizeof ph, off) != sizeof ph)
            break;
        if (ph.p_type == PT_INTERP)
            return TARGET_DYNAMIC;
    }
    return TARGET_STATIC;
}

/* "#!INTERPRETER [ARG]" */
static bool script_interpreter(const char *head, char path[PATH_MAX])
{
    const char *p = head + 2 + strspn(head + 2, " \t");
    size_t len = strcspn(p, " \t\r\n");
    if (!len || len >= PATH_MAX)
        return false;
    memcpy(path, p, len);
    path[len] = '\0';
    return true;
}

static enum target_kind file_kind(const char *path, int depth)
{
    union {
        unsigned char bytes[512];
        char text[512];
    } head = {{0}};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return TARGET_DYNAMIC; /* execute-only: nothing can be said */
    ssize_t n = read(fd, head.bytes, sizeof head - 1);
    enum target_kind kind = TARGET_DYNAMIC; /* execvp gives it to /bin/sh */
    char interpreter[PATH_MAX];
    if (n >= SELFMAG && !memcmp(head.bytes, ELFMAG, SELFMAG))
        kind = elf_kind(fd, head.bytes, (size_t)n);
    else if (n > 2 && head.text[0] == '#' && head.text[1] == '!' && depth < SCRIPT_DEPTH &&
             script_interpreter(head.text, interpreter) && executable(interpreter))
        kind = file_kind(interpreter, depth + 1);
    close(fd);
    return kind == TARGET_DYNAMIC && gains_privileges(path) ? TARGET_PRIVILEGED : kind;
}

enum target_kind target_inspect(const char *program, char path[PATH_MAX])
{
    if (!find_program(program, path))
        return TARGET_MISSING;
    return file_kind(path, 0);
}

const char *target_kind_text(enum target_kind kind)
{
    switch (kind) {
    case TARGET_STATIC:
        return "is statically linked";
    case TARGET_PRIVILEGED:
        return "gains privileges when it starts (setuid, setgid or capabilities)";
    case TARGET_OTHER_ABI:
        return "is built for another kind of processor than the agent";
    case TARGET_MISSING:
        return "cannot be executed";
    case TARGET_DYNAMIC:
        break;
    }
    return "can be traced";
}

/* Joins `first` to what the variable holds already. */
static bool set_joined(const char *name, const char *first, const char *second, char sep)
{
    char *text = NULL;
    if (!first || !*first || !second || !*second)
        return setenv(name, first && *first ? first : second ? second : "", 1) == 0;
    if (asprintf(&text, "%s%c%s", first, sep, second) < 0)
        return false;
    bool ok = setenv(name, text, 1) == 0;
    free(text);
    return ok;
}

bool target_set_env(const struct target_env *env, struct err *err)
{
    bool ok = true;
    if (env->agent_path)
        ok = set_joined("LD_PRELOAD", env->agent_path, getenv("LD_PRELOAD"), ':');
    /* Later wins: the command line over the caller's environment. */
    if (ok && env->options && *env->options)
        ok = set_joined(WHYPROF_ENV_OPTIONS, getenv(WHYPROF_ENV_OPTIONS), env->options, ',');
    /* lttng-ust would read every library's ELF headers at each image's start: a tenth of
     * an exec's cost, for what our agent's module events say already. */
    if (ok && env->agent_path)
        ok = setenv("LTTNG_UST_WITHOUT_BADDR_STATEDUMP", "1", 0) == 0;
    if (ok && env->recorder_name)
        ok = setenv(WHYPROF_ENV_RECORDER, env->recorder_name, 1) == 0;
    return ok ? true : err_errno(err, "set the target's environment");
}

static void child_main(char *const *argv, const struct target_env *env, const sigset_t *mask,
                       bool background, int go_fd, int status_fd)
{
    char options[OPTIONS_MAX];
    const char *slash = strrchr(argv[0], '/');
    prctl(PR_SET_NAME, slash ? slash + 1 : argv[0]); /* what kernel events call it till then */
    ssize_t n = read(go_fd, options, sizeof options - 1);
    if (n <= 0)
        _exit(127); /* cancelled: the recorder has told why, or died */
    options[n] = '\0';
    const struct target_env more = {.options = options + 1};
    int why = 0;
    if (!target_set_env(env, NULL) || !target_set_env(&more, NULL))
        why = errno;
    if (background) {
        int null_fd = open("/dev/null", O_RDONLY);
        dup2(null_fd, STDIN_FILENO);
        setsid();
    }
    sigprocmask(SIG_SETMASK, mask, NULL);
    if (!why) {
        execvp(argv[0], argv);
        why = errno;
    }
    if (write(status_fd, &why, sizeof why) < 0)
        _exit(126);
    _exit(why == ENOENT ? 127 : 126);
}

bool target_fork(struct target *t, char *const *argv, const struct target_env *env,
                 const sigset_t *mask, bool background, struct err *err)
{
    int go[2], status[2];
    if (pipe2(go, O_CLOEXEC) < 0)
        return err_errno(err, "start %s", argv[0]);
    if (pipe2(status, O_CLOEXEC) < 0) {
        err_errno(err, "start %s", argv[0]);
        close(go[0]);
        close(go[1]);
        return false;
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(go[1]); /* else it would never see the recorder die */
        child_main(argv, env, mask, background, go[0], status[1]);
    }
    int why = errno;
    close(go[0]);
    close(status[1]);
    *t = (struct target){pid, go[1], status[0]};
    if (pid > 0)
        return true;
    close(go[1]);
    close(status[0]);
    errno = why;
    return err_errno(err, "start %s", argv[0]);
}

bool target_release(struct target *t, const char *more_options, int *exit_code, struct err *err)
{
    char go[OPTIONS_MAX];
    int n = snprintf(go, sizeof go, "g%s", more_options);
    int why = 0;
    if (write(t->go_fd, go, (size_t)n) != n)
        why = errno;
    close(t->go_fd);
    t->go_fd = -1;
    ssize_t got;
    while ((got = read(t->status_fd, &why, sizeof why)) < 0 && errno == EINTR)
        ;
    close(t->status_fd);
    t->status_fd = -1;
    if (got != sizeof why)
        return true; /* the pipe closed at exec */
    spawn_wait(t->pid);
    t->pid = 0;
    *exit_code = why == ENOENT ? 127 : 126;
    return err_set(err, "%s", strerror(why));
}

void target_cancel(struct target *t)
{
    if (t->pid <= 0 || t->go_fd < 0)
        return;
    close(t->go_fd);
    close(t->status_fd);
    spawn_wait(t->pid);
    *t = (struct target){.go_fd = -1, .status_fd = -1};
}
