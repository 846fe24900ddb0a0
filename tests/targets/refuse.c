/* refuse CALL[,CALL...] PROGRAM ARG...: runs it where those system calls fail with EPERM,
 * as in a container or a sandbox: bpf, perf_event_open. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int refuse(unsigned nr)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        unsigned nr;
    } calls[] = {{"bpf", SYS_bpf}, {"perf_event_open", SYS_perf_event_open}};
    for (size_t i = 0; argc > 2 && i < sizeof calls / sizeof *calls; i++)
        if (strstr(argv[1], calls[i].name) && refuse(calls[i].nr)) {
            perror("refuse");
            return 77;
        }
    if (argc > 2)
        execvp(argv[2], argv + 2);
    perror("refuse CALLS PROGRAM");
    return 126;
}
