#include "session/session.h"

#include "session/spawn.h"

#include <fcntl.h>
#include <lttng/lttng.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define CHANNEL "whyprof"

enum {
    /* A crash of the session daemon loses at most what was buffered this long. */
    SWITCH_TIMER_US = 500000,
    BLOCK_US = 300000, /* LTTng looks every 100 ms whether there is room again */
    STOP_POLL_MS = 2,
    STOP_MAX_MS = 20000,
    END_MAX_MS = 5000,
    /* How often what is in the buffers goes to a relay daemon. */
    LIVE_TIMER_US = 1000000
};

/* liblttng-ctl prints on stderr unless told; it exports this without a header. */
extern int lttng_opt_quiet;

static const struct {
    const char *name;
    unsigned bit;
    const char *events;
} classes_table[] = {
    {"sched", SESSION_SCHED, NULL}, /* its provider also names processes: always on */
    {"syscall", SESSION_SYSCALL, "whyprof_syscall:*"},
    {"lock", SESSION_LOCK, "whyprof_lock:*"},
    {"alloc", SESSION_ALLOC, "whyprof_alloc:*"},
    {"cpu", SESSION_CPU, "whyprof_sample:*"},
    {"user", SESSION_USER, "whyprof_user:*"},
};

enum {
    CLASSES = sizeof classes_table / sizeof *classes_table
};

static unsigned class_bit(const char *name, size_t len)
{
    for (int i = 0; i < CLASSES; i++)
        if (strlen(classes_table[i].name) == len && !memcmp(classes_table[i].name, name, len))
            return classes_table[i].bit;
    return 0;
}

bool session_classes(const char *text, unsigned *classes, struct err *err)
{
    *classes = 0;
    while (text && *text) {
        size_t len = strcspn(text, ",");
        unsigned bit = class_bit(text, len);
        if (!bit) {
            err_set(err, "--events: '%.*s' is not an event class", (int)len, text);
            return err_hint(err, "classes are sched, syscall, lock, alloc, cpu, user");
        }
        *classes |= bit;
        text += len + (text[len] == ',');
    }
    if (!*classes)
        *classes = SESSION_ALL;
    return true;
}

const char *session_classes_text(unsigned classes, char *buf, size_t cap)
{
    size_t len = 0;
    buf[0] = '\0';
    for (int i = 0; i < CLASSES && len < cap; i++)
        if (classes & classes_table[i].bit)
            len += (size_t)snprintf(buf + len, cap - len, "%s%s", len ? "," : "",
                                    classes_table[i].name);
    return buf;
}

static bool fail(struct err *err, int code, const char *what)
{
    return err_set(err, "LTTng: %s: %s", what, lttng_strerror(code > 0 ? -code : code));
}

/* 8 MiB a CPU lose nothing in the workloads measured. Containers often give
 * /dev/shm only 64 MiB: there, half of what is free. */
static bool choose_buffers(struct session_buffers *b, struct err *err)
{
    enum {
        LEAST_BYTES = 64 << 10
    };
    *b = (struct session_buffers){1 << 20, 8, (unsigned)sysconf(_SC_NPROCESSORS_CONF)};
    struct statvfs fs;
    if (statvfs("/dev/shm", &fs) < 0)
        return true;
    uint64_t free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
    while (b->subbuf_bytes > LEAST_BYTES && b->subbuf_bytes * b->subbufs * b->cpus > free_bytes / 2)
        b->subbuf_bytes /= 2;
    if (b->subbuf_bytes * b->subbufs * b->cpus <= free_bytes)
        return true;
    err_set(err, "/dev/shm has no room for LTTng's buffers: %llu KiB are free",
            (unsigned long long)(free_bytes >> 10));
    return err_hint(err, "make it larger, e.g. docker run --shm-size=256m");
}

static struct lttng_domain ust_domain(void)
{
    struct lttng_domain d;
    memset(&d, 0, sizeof d);
    d.type = LTTNG_DOMAIN_UST;
    d.buf_type = LTTNG_BUFFER_PER_UID;
    return d;
}

static bool add_channel(struct session *s, const char *name, uint64_t subbuf_bytes,
                        unsigned subbufs, struct err *err)
{
    struct lttng_domain domain = ust_domain();
    struct lttng_channel *ch = lttng_channel_create(&domain);
    if (!ch)
        return err_set(err, "LTTng: out of memory");
    snprintf(ch->name, sizeof ch->name, "%s", name);
    ch->attr.subbuf_size = subbuf_bytes;
    ch->attr.num_subbuf = subbufs;
    ch->attr.overwrite = 0;
    ch->attr.switch_timer_interval = SWITCH_TIMER_US;
    ch->attr.output = LTTNG_EVENT_MMAP;
    /* Only who has LTTNG_UST_ALLOW_BLOCKING in its environment waits: the collector, never
     * a target. */
    if (!strcmp(name, CHANNEL))
        (void)lttng_channel_set_blocking_timeout(ch, BLOCK_US);
    int rc = lttng_enable_channel(s->handle, ch);
    lttng_channel_destroy(ch);
    return rc < 0 ? fail(err, rc, "create the buffers") : true;
}

static bool add_context(struct session *s, enum lttng_event_context_type type, struct err *err)
{
    struct lttng_event_context ctx;
    memset(&ctx, 0, sizeof ctx);
    ctx.ctx = type;
    int rc = lttng_add_context(s->handle, &ctx, NULL, CHANNEL);
    return rc < 0 ? fail(err, rc, "add a context field") : true;
}

static bool enable(struct session *s, const char *pattern, struct err *err)
{
    struct lttng_event *ev = lttng_event_create();
    if (!ev)
        return err_set(err, "LTTng: out of memory");
    snprintf(ev->name, sizeof ev->name, "%s", pattern);
    ev->type = LTTNG_EVENT_TRACEPOINT;
    ev->loglevel_type = LTTNG_EVENT_LOGLEVEL_ALL;
    ev->loglevel = -1;
    int rc = lttng_enable_event_with_exclusions(s->handle, ev, CHANNEL, NULL, 0, NULL);
    lttng_event_destroy(ev);
    return rc < 0 ? fail(err, rc, "enable events") : true;
}

static bool enable_classes(struct session *s, unsigned classes, struct err *err)
{
    if (!enable(s, "whyprof_sched:*", err) || !enable(s, "whyprof_stack:*", err))
        return false;
    for (int i = 0; i < CLASSES; i++)
        if ((classes & classes_table[i].bit) && classes_table[i].events &&
            !enable(s, classes_table[i].events, err))
            return false;
    return true;
}

static bool attach(struct session *s)
{
    struct lttng_domain domain = ust_domain();
    s->handle = lttng_create_handle(s->name, &domain);
    return s->handle && lttng_session_get_tracker_handle(s->name, LTTNG_DOMAIN_UST,
                                                         LTTNG_PROCESS_ATTR_VIRTUAL_PROCESS_ID,
                                                         &s->tracker) == LTTNG_OK;
}

static bool track_nobody(struct session *s, struct err *err)
{
    if (lttng_process_attr_tracker_handle_set_tracking_policy(s->tracker,
                                                              LTTNG_TRACKING_POLICY_INCLUDE_SET) ==
        LTTNG_PROCESS_ATTR_TRACKER_HANDLE_STATUS_OK)
        return true;
    return err_set(err, "LTTng: restrict the session to its target");
}

static bool create_named(struct session *s, const char *ctf_dir, const char *relay_url,
                         struct err *err)
{
    struct lttng_session_descriptor *d =
        relay_url
            ? lttng_session_descriptor_live_network_create(s->name, relay_url, NULL, LIVE_TIMER_US)
            : lttng_session_descriptor_local_create(s->name, ctf_dir);
    if (!d && relay_url)
        return err_set(err, "'%s' is no relay daemon's URL", relay_url);
    if (!d)
        return err_set(err, "'%s' is no name for a session", s->name);
    enum lttng_error_code rc = lttng_create_session_ext(d);
    lttng_session_descriptor_destroy(d);
    if (rc == LTTNG_ERR_EXIST_SESS) {
        err_set(err, "a session named '%s' exists already", s->name);
        return err_hint(err, "whyprof trace stop --session %s ends it if it is whyprof's", s->name);
    }
    if (rc != LTTNG_OK)
        return fail(err, (int)rc, "create a session");
    s->created = true;
    return true;
}

bool session_create(struct session *s, const char *name, const char *ctf_dir, const char *relay_url,
                    unsigned classes, struct err *err)
{
    lttng_opt_quiet = 1;
    *s = (struct session){0};
    if (!choose_buffers(&s->buffers, err))
        return false;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (*name)
        snprintf(s->name, sizeof s->name, "%s", name);
    else
        snprintf(s->name, sizeof s->name, "whyprof-%d-%lld", (int)getpid(), (long long)now.tv_sec);
    if (!create_named(s, ctf_dir, relay_url, err))
        return false;
    const struct session_buffers *b = &s->buffers;
    /* The channel called "metadata" only hands its attributes to LTTng's own: the
     * timer brings the trace's description to the disk while recording. */
    if ((attach(s) || err_set(err, "LTTng: open the new session")) &&
        add_channel(s, "metadata", 4096, 2, err) &&
        add_channel(s, CHANNEL, b->subbuf_bytes, b->subbufs, err) &&
        add_context(s, LTTNG_EVENT_CONTEXT_VPID, err) &&
        add_context(s, LTTNG_EVENT_CONTEXT_VTID, err) && enable_classes(s, classes, err) &&
        track_nobody(s, err))
        return true;
    if (relay_url)
        err_hint(err, "is lttng-relayd running where %s says?", relay_url);
    session_end(s);
    return false;
}

static bool listed(const char *name)
{
    struct lttng_session *sessions = NULL;
    int count = lttng_list_sessions(&sessions);
    bool found = false;
    for (int i = 0; i < count; i++)
        found |= !strcmp(sessions[i].name, name);
    free(sessions);
    return found;
}

bool session_open(struct session *s, const char *name)
{
    lttng_opt_quiet = 1;
    *s = (struct session){.created = listed(name)};
    snprintf(s->name, sizeof s->name, "%s", name);
    return s->created && attach(s);
}

bool session_start(struct session *s, struct err *err)
{
    int rc = lttng_start_tracing(s->name);
    return rc < 0 ? fail(err, rc, "start recording") : true;
}

bool session_admit(struct session *s, pid_t pid, struct err *err)
{
    enum lttng_process_attr_tracker_handle_status status =
        lttng_process_attr_virtual_process_id_tracker_handle_add_pid(s->tracker, pid);
    if (status == LTTNG_PROCESS_ATTR_TRACKER_HANDLE_STATUS_OK ||
        status == LTTNG_PROCESS_ATTR_TRACKER_HANDLE_STATUS_EXISTS)
        return true;
    return err_set(err, "LTTng: add process %d to the session", (int)pid);
}

void session_dismiss(struct session *s, pid_t pid)
{
    lttng_process_attr_virtual_process_id_tracker_handle_remove_pid(s->tracker, pid);
}

static bool registered(const struct lttng_event *events, int count, pid_t pid)
{
    for (int i = 0; i < count; i++)
        if (events[i].pid == pid)
            return true;
    return false;
}

/* Moves those that have registered to the front. */
static size_t partition_registered(struct session *s, pid_t *pids, size_t count)
{
    struct lttng_event *events = NULL;
    size_t found = 0;
    int n = lttng_list_tracepoints(s->handle, &events);
    for (size_t i = 0; i < count; i++)
        if (registered(events, n, pids[i])) {
            pid_t pid = pids[i];
            pids[i] = pids[found];
            pids[found++] = pid;
        }
    free(events);
    return found;
}

size_t session_keep_registered(struct session *s, pid_t *pids, size_t count, int timeout_ms)
{
    enum {
        EVERY_MS = 20
    };
    size_t found = 0;
    for (int ms = 0; (found = partition_registered(s, pids, count)) < count && ms < timeout_ms;
         ms += EVERY_MS)
        poll(NULL, 0, EVERY_MS);
    return found;
}

bool session_rotate(struct session *s, struct err *err)
{
    int rc = lttng_rotate_session(s->name, NULL, &s->rotation);
    return rc < 0 ? fail(err, rc, "begin a new chunk of files") : true;
}

static bool chunk_path(struct lttng_rotation_handle *rotation, char *path, size_t cap)
{
    const struct lttng_trace_archive_location *location;
    const char *text;
    if (lttng_rotation_handle_get_archive_location(rotation, &location) !=
            LTTNG_ROTATION_STATUS_OK ||
        lttng_trace_archive_location_local_get_absolute_path(location, &text) !=
            LTTNG_TRACE_ARCHIVE_LOCATION_STATUS_OK)
        return false;
    snprintf(path, cap, "%s", text);
    return strlen(text) < cap;
}

enum session_rotation session_rotation(struct session *s, char *path, size_t cap)
{
    enum lttng_rotation_state state;
    if (!s->rotation)
        return SESSION_ROTATION_NONE;
    bool told = lttng_rotation_handle_get_state(s->rotation, &state) == LTTNG_ROTATION_STATUS_OK;
    if (told && state == LTTNG_ROTATION_STATE_ONGOING)
        return SESSION_ROTATION_ONGOING;
    bool done =
        told && state == LTTNG_ROTATION_STATE_COMPLETED && chunk_path(s->rotation, path, cap);
    lttng_rotation_handle_destroy(s->rotation);
    s->rotation = NULL;
    return done ? SESSION_ROTATION_DONE : SESSION_ROTATION_FAILED;
}

static void count_losses(struct session *s, struct session_losses *losses)
{
    *losses = (struct session_losses){0};
    struct lttng_channel *channels = NULL;
    int count = s->handle ? lttng_list_channels(s->handle, &channels) : 0;
    for (int i = 0; i < count; i++) {
        uint64_t n;
        if (lttng_channel_get_discarded_event_count(&channels[i], &n) == 0)
            losses->events += n;
        if (lttng_channel_get_lost_packet_count(&channels[i], &n) == 0)
            losses->packets += n;
    }
    free(channels);
}

struct session_losses session_losses_so_far(struct session *s)
{
    struct session_losses losses;
    count_losses(s, &losses);
    return losses;
}

static bool stop_now(struct session *s, struct session_losses *losses, struct err *err)
{
    *losses = (struct session_losses){0};
    int rc = lttng_stop_tracing_no_wait(s->name);
    if (rc < 0 && rc != -LTTNG_ERR_TRACE_ALREADY_STOPPED)
        return fail(err, rc, "stop recording");
    /* Only now: asked on an active session, 2.13.9's daemon dies of it. */
    int pending = 1;
    for (int ms = 0; ms < STOP_MAX_MS && (pending = lttng_data_pending(s->name)) == 1;
         ms += STOP_POLL_MS)
        poll(NULL, 0, STOP_POLL_MS);
    count_losses(s, losses);
    if (pending < 0)
        return fail(err, pending, "wait for the last events");
    return pending == 0 || err_set(err, "LTTng: the last events did not reach the disk");
}

/* What the process that stops the session tells. */
struct stop_report {
    bool ok;
    struct session_losses losses;
    struct err err;
};

static bool read_report(int fd, struct stop_report *report)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, SESSION_STOP_MAX_MS) == 1 &&
           read(fd, report, sizeof *report) == (ssize_t)sizeof *report;
}

/* liblttng-ctl waits for answers without end, so a child process does. */
bool session_stop(struct session *s, struct session_losses *losses, struct err *err)
{
    int fds[2];
    struct stop_report report = {0};
    *losses = (struct session_losses){0};
    if (pipe2(fds, O_CLOEXEC) < 0)
        return err_errno(err, "stop recording");
    pid_t pid = fork();
    if (pid == 0) {
        report.ok = stop_now(s, &report.losses, &report.err);
        _exit(write(fds[1], &report, sizeof report) < 0);
    }
    close(fds[1]);
    s->hangs = pid < 0 || !read_report(fds[0], &report);
    close(fds[0]);
    if (pid > 0)
        spawn_end(pid, 0);
    if (s->hangs)
        return err_set(err, "the session daemon does not answer");
    *losses = report.losses;
    if (!report.ok && err)
        *err = report.err;
    return report.ok;
}

void session_end(struct session *s)
{
    if (s->created && !s->hangs && lttng_destroy_session_no_wait(s->name) == 0)
        for (int ms = 0; ms < END_MAX_MS && listed(s->name); ms += STOP_POLL_MS)
            poll(NULL, 0, STOP_POLL_MS);
    if (s->tracker)
        lttng_process_attr_tracker_handle_destroy(s->tracker);
    lttng_rotation_handle_destroy(s->rotation);
    lttng_destroy_handle(s->handle);
    *s = (struct session){0};
}
