/* serve: profiles in a browser: flame graph, top, call graph, peek, source and
 * disassembly, from one static page and JSON that is cut to what can be seen.
 *
 * The page's address is its state: every option of pprof is a parameter by pprof's own
 * name for it, so links can be passed on and the back button works. Reports are made one
 * at a time, which bounds the memory of many requests. */
#ifndef SERVE_SERVE_H
#define SERVE_SERVE_H

#include "http/server.h"
#include "pprof/config.h"
#include "pprof/model.h"

#include <pthread.h>

/* A profile of the page's list. */
struct serve_profile {
    const char *name; /* in the list and as parameter `profile`: "cpu" */
    /* Fills *m, once, when it is first asked for; NULL: it is filled already. */
    bool (*open)(void *data, struct pprof_model *m, struct err *err);
    void *data;
    struct pprof_model model; /* the caller releases it */
    bool is_open;
};

struct serve {
    struct serve_profile *profiles; /* borrowed */
    size_t count;
    struct pprof_config config; /* that the page begins with */
    const char *settings_path;  /* where named configurations are kept; NULL: nowhere */
    pthread_mutex_t lock;       /* around reports and settings */
};

void serve_init(struct serve *s, struct serve_profile *profiles, size_t count,
                const struct pprof_config *config, const char *settings_path);
void serve_release(struct serve *s);
/* For struct http_options: data is a struct serve. */
void serve_handle(void *serve, struct http_request *r, struct http_answer *a);

/* pprof's file of named configurations, in the arena; NULL without a home. */
const char *serve_settings_path(struct arena *a);

#endif
