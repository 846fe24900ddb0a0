#include "tracepoints/agent/loader.h"

#include "tracepoints/agent/raw.h"
#include "tracepoints/agent/threads.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>

enum {
    FORK_WAITS = 200,
    FORK_WAIT_NS = 50 * 1000
};

static struct {
    char *begin, *end;     /* ld.so's private state */
    pthread_mutex_t *lock; /* NULL: not found */
    unsigned found;
} loader;

/* Called with the lock held by this thread, which tells it from all other words. */
static int find_lock(struct dl_phdr_info *info, size_t size, void *data)
{
    int tid = raw_gettid();
    (void)info;
    (void)size;
    (void)data;
    for (char *p = loader.begin; p + sizeof(pthread_mutex_t) <= loader.end; p += sizeof(long)) {
        pthread_mutex_t *m = (pthread_mutex_t *)(void *)p;
        if (m->__data.__lock == 1 && m->__data.__count == 1 && m->__data.__owner == tid &&
            m->__data.__kind == PTHREAD_MUTEX_RECURSIVE) {
            loader.lock = m;
            loader.found++;
        }
    }
    return 1;
}

void loader_init(void)
{
    Dl_info info;
    ElfW(Sym) *symbol = NULL;
    loader.begin = dlsym(RTLD_DEFAULT, "_rtld_global");
    if (!loader.begin || !dladdr1(loader.begin, &info, (void **)&symbol, RTLD_DL_SYMENT) || !symbol)
        return;
    loader.end = loader.begin + symbol->st_size;
    dl_iterate_phdr(find_lock, NULL);
    if (loader.found != 1)
        loader.lock = NULL;
}

static bool consistent(void)
{
    return *(volatile __typeof__(_r_debug.r_state) *)&_r_debug.r_state == RT_CONSISTENT;
}

void loader_before_fork(void)
{
    for (int i = 0; i < FORK_WAITS && !consistent(); i++)
        raw_sleep_ns(FORK_WAIT_NS);
}

bool loader_after_fork_child(void)
{
    static const pthread_mutex_t fresh = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
    if (!consistent())
        return false;
    if (loader.lock && loader.lock->__data.__lock)
        *loader.lock = fresh;
    /* Not found: safe where nobody else could have held it. */
    return loader.lock || threads_live() <= 1;
}
