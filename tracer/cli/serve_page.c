#include "cli/serve_page.h"

#include "cli/browser.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>

static bool block_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
    return pthread_sigmask(SIG_BLOCK, set, NULL) == 0;
}

static void say_where(const struct http_server *server, const struct serve_page *page)
{
    const char *url = http_url(server), *token = http_token(server);
    char whole[512];
    snprintf(whole, sizeof whole, "%s/%s%s", url, token ? "?token=" : "", token ? token : "");
    fprintf(stderr, "Serving the profile on %s (Ctrl-C ends it)\n", whole);
    if (page->browser && browser_wanted() && !browser_open(whole))
        fprintf(stderr, "whyprof: no browser is found: open %s\n", whole);
}

bool serve_page(const struct serve_page *page, struct err *err)
{
    struct serve serve;
    struct arena arena = {0};
    sigset_t signals;
    int got;
    mallopt(M_ARENA_MAX, 2); /* a thread each connection: each would keep a heap of its own */
    malloc_trim(0);          /* the profile's file, as it was read */
    block_signals(&signals); /* before the server's threads are there */
    serve_init(&serve, page->profiles, page->count, &page->config, serve_settings_path(&arena));
    struct http_server *server = http_open(
        &(struct http_options){.listen = page->listen, .handle = serve_handle, .data = &serve},
        err);
    if (server) {
        say_where(server, page);
        sigwait(&signals, &got);
        http_close(server);
    }
    serve_release(&serve);
    arena_release(&arena);
    return server != NULL;
}
