#include "cli/relay.h"

#include "remote/relayd.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    URL_MAX = 1024,
    HOST_NAME = 65 /* as LTTng cuts it */
};

bool relay_check(const struct relay_options *o, struct err *err)
{
    if (!o->url)
        return (!o->leave || err_set(err, "--no-convert: without --relay nothing would be left")) &&
               (o->live_port == RELAY_LIVE_PORT ||
                err_set(err, "--live-port is a relay daemon's: --relay is missing"));
    if (!relayd_is_url(o->url) || !strchr(o->url, ':')[3] || strstr(o->url, "/host/")) {
        err_set(err, "--relay: '%s' is no relay daemon's URL", o->url);
        return err_hint(err, "as lttng create --set-url takes it: net://HOST[:CONTROL[:DATA]]");
    }
    return (o->live_port && o->live_port <= UINT16_MAX) ||
           err_set(err, "--live-port: from 1 to %d", UINT16_MAX);
}

static void host_name(char name[HOST_NAME])
{
    if (gethostname(name, HOST_NAME) < 0)
        strcpy(name, "localhost");
    name[HOST_NAME - 1] = '\0';
}

void relay_note(struct state *st, const struct relay_options *o)
{
    char host[HOST_NAME];
    if (!o->url)
        return;
    host_name(host);
    state_set(st, "relay", "%s", o->url);
    state_set(st, "relay_live_port", "%" PRIu64, o->live_port);
    state_set(st, "relay_host", "%s", host);
    state_set(st, "relay_leave", "%s", o->leave ? "yes" : "");
    state_set(st, "meta.session.relay", "%s", o->url);
}

bool relay_is_used(const struct state *st)
{
    return *state_get(st, "relay");
}

bool relay_leaves(const struct state *st)
{
    return *state_get(st, "relay_leave");
}

/* "net://HOST", of "net://HOST:PORT:PORT/PATH". */
static int daemon_length(const char *url)
{
    const char *host = strstr(url, "://") + 3;
    const char *bracket = *host == '[' ? strchr(host, ']') : NULL;
    const char *end = bracket ? bracket + 1 : host;
    return (int)(end - url + (long)strcspn(end, ":/"));
}

const char *relay_place(const struct state *st, char *buf, unsigned long cap)
{
    const char *url = state_get(st, "relay");
    snprintf(buf, cap, "%s/%s at %.*s", state_get(st, "relay_host"), state_get(st, "session"),
             daemon_length(url), url);
    return buf;
}

void relay_session_stopped(void *data)
{
    struct state *st = data;
    char url[URL_MAX];
    const char *daemon = state_get(st, "relay");
    if (!*daemon || relay_leaves(st))
        return;
    snprintf(url, sizeof url, "%.*s:%s/host/%s/%s", daemon_length(daemon), daemon,
             state_get(st, "relay_live_port"), state_get(st, "relay_host"),
             state_get(st, "session"));
    struct err err = {0};
    struct relayd_result result;
    const struct relayd_options options = {.url = url, .dir = state_get(st, "ctf_dir")};
    bool ok = relayd_copy(&options, &result, &err);
    state_set(st, "relay_error", "%s", ok ? "" : err.text);
}

bool relay_copied(const struct state *st, struct err *err)
{
    char place[URL_MAX];
    const char *why = state_get(st, "relay_error");
    if (!*why)
        return true;
    err_set(err, "%s: what was recorded is there, but could not be read from here: %s",
            relay_place(st, place, sizeof place), why);
    return err_hint(err, "on that machine: whyprof convert ~/lttng-traces/%s/%s-* -o FILE",
                    state_get(st, "relay_host"), state_get(st, "session"));
}
