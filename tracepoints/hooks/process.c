/* process: how a process image ends: exit, _exit, exec. Forks are seen by
 * pthread_atfork handlers (agent/life.c), which also cover libc's own forks. */
#include "tracepoints/agent/agent.h"
#include "tracepoints/agent/life.h"
#include "tracepoints/agent/real.h"

#include <stdarg.h>

extern char **environ;

static int (*target_main)(int, char **, char **);

/* Its status is known nowhere else: libc calls exit by itself. */
static int main_and_status(int argc, char **argv, char **envp)
{
    int status = target_main(argc, argv, envp);
    life_set_status(status);
    return status;
}

HOOK int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv,
                           void (*init)(void), void (*fini)(void), void (*rtld_fini)(void),
                           void *stack_end)
{
    target_main = main;
    return REAL(__libc_start_main)(main_and_status, argc, argv, init, fini, rtld_fini, stack_end);
}

HOOK void exit(int status)
{
    life_set_status(status);
    REAL(exit)(status);
    __builtin_unreachable();
}

HOOK void quick_exit(int status)
{
    life_end(status & 0xff);
    REAL(quick_exit)(status);
    __builtin_unreachable();
}

HOOK void _exit(int status)
{
    life_end(status & 0xff);
    REAL(_exit)(status);
    __builtin_unreachable();
}

HOOK void _Exit(int status)
{
    _exit(status);
}

/* async-signal-safe by its contract, so lttng-ust's locks cannot be taken before
 * it: the child is not traced. */
HOOK pid_t _Fork(void)
{
    pid_t pid = REAL(_Fork)();
    if (pid == 0)
        life_switch_off();
    return pid;
}

HOOK int execve(const char *path, char *const argv[], char *const envp[])
{
    life_before_exec();
    return REAL(execve)(path, argv, envp);
}

HOOK int execv(const char *path, char *const argv[])
{
    life_before_exec();
    return REAL(execv)(path, argv);
}

HOOK int execvp(const char *file, char *const argv[])
{
    life_before_exec();
    return REAL(execvp)(file, argv);
}

HOOK int execvpe(const char *file, char *const argv[], char *const envp[])
{
    life_before_exec();
    return REAL(execvpe)(file, argv, envp);
}

HOOK int fexecve(int fd, char *const argv[], char *const envp[])
{
    life_before_exec();
    return REAL(fexecve)(fd, argv, envp);
}

/* The forms with a list: libc's would go on to its own execve, past our hook. */
static size_t list_length(const char *first, va_list list)
{
    size_t count = 0;
    for (const char *arg = first; arg; arg = va_arg(list, const char *))
        count++;
    return count;
}

/* argv on the caller's stack, as an exec may come where nothing can be allocated. */
#define EXEC_LIST_HOOK(name, vector, ENVIRONMENT, ...)                                             \
    HOOK int name(const char *path, const char *first, ...)                                        \
    {                                                                                              \
        va_list list;                                                                              \
        va_start(list, first);                                                                     \
        size_t count = list_length(first, list);                                                   \
        va_end(list);                                                                              \
        char **argv = __builtin_alloca((count + 1) * sizeof *argv);                                \
        va_start(list, first);                                                                     \
        argv[0] = (char *)(uintptr_t)first;                                                        \
        for (size_t i = 1; i <= count; i++)                                                        \
            argv[i] = va_arg(list, char *);                                                        \
        ENVIRONMENT                                                                                \
        va_end(list);                                                                              \
        return vector(path, argv __VA_ARGS__);                                                     \
    }

EXEC_LIST_HOOK(execl, execv, )
EXEC_LIST_HOOK(execlp, execvp, )
EXEC_LIST_HOOK(execle, execve, char *const *envp = va_arg(list, char *const *);, , envp)
