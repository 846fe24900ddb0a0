#include "base/guard.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    MAX_MAPS = 64
};

/* Read by the signal handler at any moment: begin is set last and cleared first. */
static struct {
    atomic_uintptr_t begin; /* 0: free */
    atomic_uintptr_t end;
    atomic_bool hit;
} maps[MAX_MAPS];

static pthread_mutex_t maps_lock = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction previous;
static long page_bytes;

/* Puts zero pages from the missing page to the map's end. mmap is a bare system
 * call, which a handler may make. */
static bool fill(uintptr_t address)
{
    for (int i = 0; i < MAX_MAPS; i++) {
        uintptr_t begin = atomic_load(&maps[i].begin), end = atomic_load(&maps[i].end);
        if (!begin || address < begin || address >= end)
            continue;
        uintptr_t page = address & ~((uintptr_t)page_bytes - 1);
        void *p = mmap((void *)page, end - page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                       -1, 0);
        atomic_store(&maps[i].hit, true);
        return p != MAP_FAILED;
    }
    return false;
}

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
    if (fill((uintptr_t)info->si_addr))
        return;
    if (previous.sa_flags & SA_SIGINFO) {
        previous.sa_sigaction(sig, info, context);
        return;
    }
    /* the fault repeats on return and ends the process as it would have */
    sigaction(sig, &previous, NULL);
}

/* Puts our handler in front of whoever's is there now. */
static void install(void)
{
    struct sigaction now;
    sigaction(SIGBUS, NULL, &now);
    if ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == on_sigbus)
        return;
    page_bytes = sysconf(_SC_PAGESIZE);
    previous = now;
    struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, NULL);
}

void guard_add(const void *p, size_t bytes)
{
    pthread_mutex_lock(&maps_lock);
    install();
    for (int i = 0; i < MAX_MAPS; i++) {
        if (atomic_load(&maps[i].begin))
            continue;
        atomic_store(&maps[i].hit, false);
        atomic_store(&maps[i].end, (uintptr_t)p + bytes);
        atomic_store(&maps[i].begin, (uintptr_t)p);
        break;
    }
    pthread_mutex_unlock(&maps_lock);
}

bool guard_hit(const void *p)
{
    for (int i = 0; i < MAX_MAPS; i++)
        if (atomic_load(&maps[i].begin) == (uintptr_t)p)
            return atomic_load(&maps[i].hit);
    return false;
}

bool guard_remove(const void *p)
{
    bool hit = false;
    pthread_mutex_lock(&maps_lock);
    for (int i = 0; i < MAX_MAPS; i++) {
        if (atomic_load(&maps[i].begin) != (uintptr_t)p)
            continue;
        hit = atomic_load(&maps[i].hit);
        atomic_store(&maps[i].begin, 0);
        break;
    }
    pthread_mutex_unlock(&maps_lock);
    return hit;
}
