/* whyprof-collector: relays kernel events of processes to the session.
 *
 *     whyprof-collector --fd N --classes sched,syscall [--cpu-hz N] [--print]
 *
 * The recorder starts it and speaks to it in lines over the socket N:
 *     in   add PID         that process with its threads and later descendants
 *          sample PID      take CPU samples of it, too, and of what it starts later
 *          dump            tell again what every traced process and thread is
 *          stop            send the rest and exit; so does the recorder's end
 *     out  mechanism CLASS NAME, or refused CLASS REASON
 *          ready           "add" is understood from here on
 *          added PID, or failed PID REASON; dumped    (the former also of a `sample`)
 *          relayed COUNT lost COUNT   so far, now and then
 *          lost COUNT      at the end
 * Where no class is possible it says so and exits 0. */
#include "base/err.h"
#include "base/map.h"
#include "collect/batch.h"
#include "collect/proc.h"
#include "collect/record.h"
#include "collect/relay.h"
#include "collect/sampler.h"
#include "collect/source.h"
#include "tracepoints/events.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    POLL_MS = 2,
    POLL_IDLE_MS = 16, /* the longest pause while nothing happens */
    WATERMARK_NS = 20000000,
    FINISH_TRIES = 100,
    TELL_NS = 250000000 /* how often what was relayed so far is told */
};

struct collector {
    int fd;
    bool has[COLLECT_CLASSES];
    const struct source_ops *ops;
    struct source *source;
    uint32_t cpu_hz;         /* 0: no CPU samples wanted */
    struct sampler *sampler; /* NULL: none */
    struct batch batch;
    unsigned own_lane; /* records made here, behind the source's lanes */
    uint64_t watermark_sent;
    uint64_t lost;
    uint64_t words; /* relayed so far */
    uint64_t records;
    uint64_t told_ns; /* when they were told */
    uint64_t told_records, told_lost;
    bool stop;
    char line[256];
    size_t line_len;
};

static const char *const class_names[COLLECT_CLASSES] = {"sched", "syscall"};
static volatile sig_atomic_t terminated;

static void on_sigterm(int sig)
{
    (void)sig;
    terminated = 1;
}

__attribute__((format(printf, 2, 3))) static void say(const struct collector *c, const char *fmt,
                                                      ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    int len = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (len >= (int)sizeof text)
        len = (int)sizeof text - 1;
    text[len - 1] = '\n';
    (void)!write(c->fd, text, (size_t)len);
}

static void take_words(void *data, enum collect_class class, const uint64_t *words, uint32_t count)
{
    struct collector *c = data;
    c->words += count;
    for (uint32_t i = 0; i < count; i += WHYPROF_KERNEL_WORDS(words[i]))
        c->records++;
    relay_words(class, words, count);
}

static void take_loss(void *data, enum collect_class class, uint64_t begin_ts, uint64_t end_ts,
                      uint64_t count)
{
    struct collector *c = data;
    char source[32];
    snprintf(source, sizeof source, "%s.%s", c->ops->name, class_names[class]);
    relay_lost(source, begin_ts, end_ts, count);
    c->lost += count;
}

/* One round: everything in the rings goes out. Tells whether there was anything. */
static bool relay_round(struct collector *c)
{
    uint64_t before = c->words;
    c->ops->drain(c->source, &c->batch);
    uint64_t watermark = batch_flush(&c->batch);
    c->ops->release(c->source);
    if (watermark - c->watermark_sent >= WATERMARK_NS) {
        c->ops->losses(c->source, take_loss, c);
        relay_watermark(watermark);
        c->watermark_sent = watermark;
    }
    bool sampled = c->sampler && sampler_drain(c->sampler);
    return sampled || c->words != before;
}

static void take_sample(void *data, const struct sampler_sample *sample)
{
    (void)data;
    relay_sample(sample);
}

static void take_sample_loss(void *data, uint64_t ts, uint64_t count)
{
    struct collector *c = data;
    relay_lost("perf.cpu", ts, ts, count);
    c->lost += count;
}

static void take_mapping_change(void *data, pid_t pid)
{
    (void)data;
    relay_modules(pid);
}

static void open_sampler(struct collector *c)
{
    struct err err = {0};
    const struct sampler_out out = {take_sample, take_sample_loss, take_mapping_change, c};
    if (!c->cpu_hz)
        return;
    c->sampler = sampler_open(c->cpu_hz, &out, &err);
    if (c->sampler)
        say(c, "mechanism cpu perf\n");
    else
        say(c, "refused cpu %s\n", err.text);
}

static void sample_process(struct collector *c, pid_t pid)
{
    struct err err = {0};
    if (!c->sampler)
        err_set(&err, "no CPU samples");
    if (c->sampler && sampler_add(c->sampler, pid, &err))
        say(c, "added %d\n", (int)pid);
    else
        say(c, "failed %d %s\n", (int)pid, err.text);
}

static void tell_counts(struct collector *c)
{
    uint64_t now = source_now_ns();
    if (now - c->told_ns < TELL_NS || (c->records == c->told_records && c->lost == c->told_lost))
        return;
    say(c, "relayed %llu lost %llu\n", (unsigned long long)c->records, (unsigned long long)c->lost);
    c->told_ns = now;
    c->told_records = c->records;
    c->told_lost = c->lost;
}

static void relay_mechanisms(const struct collector *c)
{
    for (int class = 0; class < COLLECT_CLASSES; class ++) {
        char key[32];
        snprintf(key, sizeof key, "mechanism.%s", class_names[class]);
        if (c->has[class])
            relay_meta(key, c->ops->name);
    }
}

static void add_process(struct collector *c, pid_t pid)
{
    struct err err = {0};
    if (pid <= 0 || pid == getpid()) {
        say(c, "failed %d not a process that can be traced\n", (int)pid);
        return;
    }
    relay_mechanisms(c);
    relay_process(pid, c->has[COLLECT_SYSCALL]);
    bool good = c->ops->add(c->source, pid, &c->batch, c->own_lane, &err);
    relay_round(c);
    if (good)
        say(c, "added %d\n", (int)pid);
    else
        say(c, "failed %d %s\n", (int)pid, err.text);
}

struct dump {
    struct collector *c;
    struct map64 told; /* pids */
};

/* What can run counts as running: a recording that begins with this meets its next
 * switch soon. */
static void dump_thread(void *data, uint32_t tid)
{
    struct dump *d = data;
    struct proc_thread t;
    uint64_t w[RECORD_MAX_WORDS];
    bool first;
    pid_t pid = proc_of_thread((pid_t)tid);
    if (!pid || !proc_thread_read(&t, pid, (pid_t)tid) || strchr("ZX", t.state))
        return;
    map64_put(&d->told, (uint64_t)pid, &first);
    if (first)
        relay_process(pid, d->c->has[COLLECT_SYSCALL]);
    struct record_at at = {.ts = source_now_ns(), .tid = tid, .cpu = t.cpu};
    struct batch *b = &d->c->batch;
    unsigned lane = d->c->own_lane;
    batch_add_copy(b, lane, w, record_name(w, at, (uint32_t)pid, t.comm, t.start_ns));
    if (!d->c->has[COLLECT_SCHED])
        return;
    uint32_t state = proc_state_bits(t.state), call = t.in_call ? t.nr + 1 : 0;
    batch_add_copy(b, lane, w,
                   state ? record_switch_out(w, at, state, false, call) : record_switch_in(w, at));
}

static void dump(struct collector *c)
{
    struct dump d = {.c = c};
    relay_mechanisms(c);
    c->ops->each_thread(c->source, dump_thread, &d);
    map64_release(&d.told);
    relay_round(c);
    say(c, "dumped\n");
}

static void take_line(struct collector *c, const char *line)
{
    int pid;
    if (sscanf(line, "add %d", &pid) == 1)
        add_process(c, pid);
    else if (sscanf(line, "sample %d", &pid) == 1)
        sample_process(c, pid);
    else if (!strcmp(line, "dump"))
        dump(c);
    else if (!strcmp(line, "stop"))
        c->stop = true;
}

static void read_lines(struct collector *c)
{
    ssize_t n = read(c->fd, c->line + c->line_len, sizeof c->line - 1 - c->line_len);
    if (n < 0 && errno == EINTR)
        return;
    if (n <= 0) {
        c->stop = true;
        return;
    }
    c->line_len += (size_t)n;
    c->line[c->line_len] = '\0';
    char *end, *at = c->line;
    for (; (end = strchr(at, '\n')); at = end + 1) {
        *end = '\0';
        take_line(c, at);
    }
    c->line_len -= (size_t)(at - c->line);
    memmove(c->line, at, c->line_len);
    if (c->line_len == sizeof c->line - 1)
        c->line_len = 0; /* no line of the protocol is that long */
}

static void relay_until_stop(struct collector *c)
{
    int pause_ms = POLL_MS;
    while (!c->stop && !terminated) {
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        if (poll(&p, 1, pause_ms) > 0)
            read_lines(c);
        if (relay_round(c))
            pause_ms = POLL_MS;
        else if (pause_ms < POLL_IDLE_MS)
            pause_ms *= 2;
        tell_counts(c);
    }
}

static void finish(struct collector *c)
{
    c->ops->detach(c->source);
    if (c->sampler)
        sampler_detach(c->sampler);
    uint64_t end = source_now_ns();
    char end_text[24];
    snprintf(end_text, sizeof end_text, "%llu", (unsigned long long)end);
    relay_meta(WHYPROF_META_KERNEL_END, end_text);
    c->ops->drain(c->source, &c->batch);
    c->ops->finish(c->source, &c->batch, c->own_lane);
    c->watermark_sent = 0;
    for (int i = 0; i < FINISH_TRIES && c->watermark_sent < end; i++) {
        relay_round(c);
        usleep(1000);
    }
    relay_mechanisms(c);
    say(c, "lost %llu\n", (unsigned long long)c->lost);
}

static bool any(const bool has[COLLECT_CLASSES])
{
    return has[COLLECT_SCHED] || has[COLLECT_SYSCALL];
}

static void join_reason(struct err *why, const struct err *reason)
{
    struct err before = *why;
    if (reason->text[0])
        err_set(why, "%.200s%s%.200s", before.text, before.text[0] ? "; " : "", reason->text);
}

/* The best source that gives something; the reasons for what it does not give. */
static void open_source(struct collector *c)
{
    static const struct source_ops *const ladder[] = {
#ifdef COLLECT_HAS_BPF
        &source_bpf,
#endif
        &source_perf};
    struct err why[COLLECT_CLASSES] = {0};
    bool wanted[COLLECT_CLASSES];
    memcpy(wanted, c->has, sizeof wanted);
#ifndef COLLECT_HAS_BPF
    for (int class = 0; class < COLLECT_CLASSES; class ++)
        err_set(&why[class], "BPF: this build is without it");
#endif
    for (size_t i = 0; i < sizeof ladder / sizeof *ladder && !c->source; i++) {
        struct err reason[COLLECT_CLASSES] = {0};
        memcpy(c->has, wanted, sizeof wanted);
        c->ops = ladder[i];
        c->source = c->ops->open(c->has, reason);
        for (int class = 0; class < COLLECT_CLASSES; class ++)
            join_reason(&why[class], &reason[class]);
    }
    for (int class = 0; class < COLLECT_CLASSES; class ++) {
        if (wanted[class] && c->has[class])
            say(c, "mechanism %s %s\n", class_names[class], c->ops->name);
        else if (wanted[class])
            say(c, "refused %s %s\n", class_names[class], why[class].text);
    }
}

static bool parse_classes(struct collector *c, char *list)
{
    char *save = NULL;
    for (char *name = strtok_r(list, ",", &save); name; name = strtok_r(NULL, ",", &save))
        for (int class = 0; class < COLLECT_CLASSES; class ++)
            if (!strcmp(name, class_names[class]))
                c->has[class] = true;
    return any(c->has) || c->cpu_hz; /* which is told before */
}

static bool parse_args(struct collector *c, int argc, char **argv)
{
    bool good = true;
    c->fd = -1;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--print"))
            relay_print_instead();
        else if (!strcmp(argv[i], "--fd") && i + 1 < argc)
            c->fd = atoi(argv[++i]);
        else if (!strcmp(argv[i], "--classes") && i + 1 < argc)
            good = parse_classes(c, argv[++i]);
        else if (!strcmp(argv[i], "--cpu-hz") && i + 1 < argc)
            c->cpu_hz = (uint32_t)strtoul(argv[++i], NULL, 10);
        else
            good = false;
    }
    return good && c->fd >= 0;
}

/* Signals that end the recorder must not end us: its last words count. A late
 * turn of ours fills rings, so we ask for early ones where we may. */
static void settle(void)
{
    struct sigaction act = {.sa_handler = on_sigterm};
    sigaction(SIGTERM, &act, NULL);
    signal(SIGINT, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    setpriority(PRIO_PROCESS, 0, -20);
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

int main(int argc, char **argv)
{
    static struct collector c;
    if (!parse_args(&c, argc, argv)) {
        fprintf(stderr, "usage: whyprof-collector --fd N --classes sched,syscall "
                        "[--cpu-hz N] [--print]\n"
                        "whyprof starts this program by itself.\n");
        return 2;
    }
    settle();
    open_source(&c);
    open_sampler(&c);
    if (!c.source)
        return 0;
    c.own_lane = c.ops->lanes(c.source);
    batch_init(&c.batch, c.own_lane + 1, &(struct batch_out){take_words, &c});
    batch_complete(&c.batch, c.own_lane, UINT64_MAX);
    say(&c, "ready\n");
    relay_until_stop(&c);
    finish(&c);
    c.ops->close(c.source);
    if (c.sampler)
        sampler_close(c.sampler);
    batch_release(&c.batch);
    return 0;
}
