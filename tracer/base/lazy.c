#include "base/lazy.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool find_symbols(void *handle, const char *library, const struct lazy_symbol *symbols,
                         struct err *err)
{
    for (const struct lazy_symbol *s = symbols; s->name; s++) {
        void *found = dlsym(handle, s->name);
        if (!found)
            return err_set(err, "%s has no %s", library, s->name);
        memcpy(s->to, &found, sizeof found); /* an object pointer to a function's, by POSIX */
    }
    return true;
}

/* The last one is set once all are. Not again then: other threads may be calling. */
static bool is_loaded(const struct lazy_symbol *symbols)
{
    void *last = NULL;
    while (symbols->name && symbols[1].name)
        symbols++;
    if (symbols->name)
        memcpy(&last, symbols->to, sizeof last);
    return last != NULL;
}

bool lazy_load(const char *library, const struct lazy_symbol *symbols, struct err *err)
{
    pthread_mutex_lock(&lock);
    bool ok = is_loaded(symbols);
    if (!ok) {
        void *handle = dlopen(library, RTLD_LAZY | RTLD_LOCAL);
        ok = handle ? find_symbols(handle, library, symbols, err)
                    : err_set(err, "%s is missing: %s", library, dlerror());
    }
    pthread_mutex_unlock(&lock);
    return ok;
}
