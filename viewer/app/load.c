#include "app/load.h"

#include "gfx/canvas.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A profile is gzipped or begins with a protobuf field; everything else is left
 * to the trace reader, whose words about foreign files are better. */
static bool looks_like_profile(const char *path)
{
    unsigned char head[2] = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, head, sizeof head);
    close(fd);
    size_t len = strlen(path);
    bool named = (len > 5 && !strcmp(path + len - 5, ".prof")) ||
                 (len > 3 && !strcmp(path + len - 3, ".pb")) ||
                 (len > 6 && !strcmp(path + len - 6, ".pprof"));
    return (n == 2 && head[0] == 0x1f && head[1] == 0x8b) || (named && !(n == 2 && head[0] == 'W'));
}

static void *load_run(void *arg)
{
    struct load *l = arg;
    bool is_foreign = foreign_is(l->path);
    l->is_profile = !is_foreign && looks_like_profile(l->path);
    if (is_foreign)
        l->file = foreign_convert(&l->foreign, l->path, &l->err);
    if (l->is_profile) {
        l->ok = profile_read(&l->profile, l->path, &l->err);
    } else if (!is_foreign || l->file) {
        l->doc = model_doc_open(is_foreign ? l->file : l->path, &l->err);
        l->ok = l->doc != NULL;
    }
    atomic_store(&l->done, true);
    gfx_wake();
    return NULL;
}

struct load *load_start(const char *path)
{
    struct load *l = calloc(1, sizeof *l);
    if (!l || !(l->path = strdup(path)) || pthread_create(&l->thread, NULL, load_run, l))
        abort();
    return l;
}

void load_pause(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

bool load_wait(struct load *l, int ms)
{
    for (; ms > 0 && !atomic_load(&l->done); ms--)
        load_pause();
    return atomic_load(&l->done);
}

void load_free(struct load *l)
{
    atomic_store(&l->foreign.cancel, true);
    pthread_join(l->thread, NULL);
    if (!l->taken) {
        model_doc_close(l->doc);
        if (l->is_profile)
            profile_release(&l->profile);
    }
    free(l->path);
    free(l->tab);
    free(l->file);
    free(l);
}
