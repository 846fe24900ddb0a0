/* A preloaded library that samples its program by SIGPROF, unwinds each sample and,
 * at exit, writes figures to the file named by UNWIND_REPORT:
 *     samples=N root=N same=N differ=N
 * root: stacks that reach the outermost frame; same and differ: equal, up to the depth
 * compared, to what glibc's backtrace() finds. With UNWIND_VERBOSE each bad stack's end. */
#include <dlfcn.h>
#include <execinfo.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/unwind.h"
#include "agent/unwind_table.h"

#define EXPORT __attribute__((visibility("default")))

enum {
    DEPTH = 512,
    SHOWN = 32,
    SHOWN_PCS = 12
};

static atomic_uint g_samples, g_root, g_same, g_differ, g_bad;
static struct bad {
    uintptr_t ours[SHOWN_PCS], theirs[SHOWN_PCS];
    size_t n_ours, n_theirs;
    bool cut;
} g_shown[SHOWN];

static bool reaches_root(const uintptr_t *pcs, size_t n)
{
    return unwind_rule_kind(unwind_modules_rule(pcs[n - 1] - 1)) == UNWIND_END;
}

/* backtrace() also sees our handler and the signal frame: its stack begins where it
 * names the interrupted instruction. */
static size_t skip_handler(void *const *theirs, size_t n, uintptr_t pc)
{
    size_t i = 0;
    while (i < n && (uintptr_t)theirs[i] != pc)
        i++;
    return i;
}

static void keep_bad(const uintptr_t *ours, size_t n_ours, void *const *theirs, size_t n_theirs,
                     bool cut)
{
    unsigned i = atomic_fetch_add(&g_bad, 1);
    if (i >= SHOWN)
        return;
    struct bad *b = &g_shown[i];
    b->n_ours = n_ours;
    b->n_theirs = n_theirs;
    b->cut = cut;
    for (size_t k = 0; k < SHOWN_PCS; k++) {
        b->ours[k] = k < n_ours ? ours[k] : 0;
        b->theirs[k] = k < n_theirs ? (uintptr_t)theirs[k] : 0;
    }
}

static void on_sample(int sig, siginfo_t *info, void *uc)
{
    (void)sig;
    (void)info;
    static __thread bool inside;
    if (inside)
        return;
    inside = true;
    uintptr_t ours[DEPTH];
    void *theirs[DEPTH];
    size_t n = unwind_context(uc, ours, DEPTH);
    atomic_fetch_add(&g_samples, 1);
    bool root = reaches_root(ours, n);
    if (root)
        atomic_fetch_add(&g_root, 1);
    size_t m = (size_t)backtrace(theirs, DEPTH);
    size_t from = skip_handler(theirs, m, ours[0]);
    size_t common = m - from < n ? m - from : n;
    bool same = common > 0;
    for (size_t i = 0; i < common; i++)
        same &= (uintptr_t)theirs[from + i] == ours[i];
    atomic_fetch_add(same ? &g_same : &g_differ, 1);
    if (!root || !same)
        keep_bad(ours, n, theirs + from, m - from, !root);
    inside = false;
}

static void show(FILE *f, const char *who, const uintptr_t *pcs, size_t n)
{
    fprintf(f, "  %s (%zu):", who, n);
    for (size_t i = 0; i < SHOWN_PCS && i < n; i++) {
        Dl_info at = {0};
        if (dladdr((void *)pcs[i], &at) && at.dli_fname)
            fprintf(f, " %s+%zx(%s)",
                    strrchr(at.dli_fname, '/') ? strrchr(at.dli_fname, '/') + 1 : at.dli_fname,
                    (size_t)(pcs[i] - (uintptr_t)at.dli_fbase), at.dli_sname ? at.dli_sname : "?");
        else
            fprintf(f, " %zx", (size_t)pcs[i]);
    }
    fputc('\n', f);
}

/* What the agent's hooks do. */
EXPORT void *dlopen(const char *path, int flags)
{
    static void *(*next)(const char *, int);
    if (!next)
        next = (void *(*)(const char *, int))dlsym(RTLD_NEXT, "dlopen");
    void *handle = next(path, flags);
    unwind_modules_changed();
    return handle;
}

EXPORT int dlclose(void *handle)
{
    static int (*next)(void *);
    if (!next)
        next = (int (*)(void *))dlsym(RTLD_NEXT, "dlclose");
    int rc = next(handle);
    unwind_modules_changed();
    return rc;
}

__attribute__((destructor)) static void finish(void)
{
    signal(SIGPROF, SIG_IGN);
    const char *path = getenv("UNWIND_REPORT");
    FILE *f = path && g_samples ? fopen(path, "a") : NULL;
    if (!f)
        return;
    fprintf(f, "samples=%u root=%u same=%u differ=%u\n", g_samples, g_root, g_same, g_differ);
    for (unsigned i = 0; getenv("UNWIND_VERBOSE") && i < g_bad && i < SHOWN; i++) {
        fprintf(f, "%s\n", g_shown[i].cut ? "cut" : "differs");
        show(f, "ours", g_shown[i].ours, g_shown[i].n_ours);
        show(f, "theirs", g_shown[i].theirs, g_shown[i].n_theirs);
    }
    fclose(f);
}

__attribute__((constructor)) static void start(void)
{
    void *warm[2];
    backtrace(warm, 2); /* loads libgcc_s, which a handler must not */
    unwind_init();
    struct sigaction sa = {.sa_sigaction = on_sample, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigaction(SIGPROF, &sa, NULL);
    /* Unlike setitimer's, this timer does not outlive an exec, which resets the handler. */
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGPROF};
    struct itimerspec every = {{0, 1000000}, {0, 1000000}};
    timer_t timer;
    if (!timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer))
        timer_settime(timer, 0, &every, NULL);
}
