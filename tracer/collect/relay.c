#include "collect/relay.h"

#include "collect/proc.h"
#include "collect/record.h"
#include "tracepoints/provider/provider.h"

#include <inttypes.h>
#include <stdio.h>

static bool print;

void relay_print_instead(void)
{
    print = true;
}

void relay_meta(const char *key, const char *value)
{
    if (print)
        printf("meta %s %s\n", key, value);
    else
        lttng_ust_tracepoint(whyprof_sched, meta, key, value);
}

void relay_words(enum collect_class class, const uint64_t *words, uint32_t count)
{
    if (print)
        record_print(stdout, words, count);
    else if (class == COLLECT_SCHED)
        lttng_ust_tracepoint(whyprof_sched, kernel, words, count);
    else
        lttng_ust_tracepoint(whyprof_syscall, kernel, words, count);
}

void relay_watermark(uint64_t ts)
{
    if (print)
        printf("watermark %" PRIu64 "\n", ts);
    else
        lttng_ust_tracepoint(whyprof_sched, watermark, ts);
}

void relay_lost(const char *source, uint64_t begin_ts, uint64_t end_ts, uint64_t count)
{
    if (print)
        printf("lost %s %" PRIu64 " %" PRIu64 " count %" PRIu64 "\n", source, begin_ts, end_ts,
               count);
    else
        lttng_ust_tracepoint(whyprof_sched, lost, begin_ts, end_ts, count, source);
}

static void relay_fd(void *data, int fd, const char *name)
{
    const pid_t *pid = data;
    if (print)
        printf("fd_of %d %d %s\n", (int)*pid, fd, name);
    else
        lttng_ust_tracepoint(whyprof_syscall, fd_of, (uint32_t)*pid, fd, name);
}

static void relay_module(void *data, const struct proc_module *m)
{
    const pid_t *pid = data;
    if (print)
        printf("module_of %d %#" PRIx64 " %#" PRIx64 " %s\n", (int)*pid, m->begin, m->end, m->path);
    else
        lttng_ust_tracepoint(whyprof_stack, module_of, (uint32_t)*pid, m->begin, m->end,
                             m->file_off, m->path);
}

void relay_modules(pid_t pid)
{
    if (!proc_has_agent(pid))
        proc_each_module(pid, relay_module, &pid);
}

void relay_sample(const struct sampler_sample *s)
{
    if (!print) {
        lttng_ust_tracepoint(whyprof_sample, cpu_of, s->pid, s->tid, s->ts, s->weight_ns, s->frames,
                             s->count);
        return;
    }
    printf("%" PRIu64 " tid %u of %u sample", s->ts, s->tid, s->pid);
    for (uint32_t i = 0; i < s->count; i++)
        printf(" %#" PRIx64, s->frames[i]);
    putchar('\n');
}

void relay_process(pid_t pid, bool descriptors)
{
    struct proc_thread leader;
    char cmdline[4096];
    if (!proc_thread_read(&leader, pid, pid))
        return;
    proc_cmdline(pid, cmdline, sizeof cmdline);
    if (print)
        printf("process_of %d %d %s\n", (int)pid, (int)leader.ppid, cmdline);
    else
        lttng_ust_tracepoint(whyprof_sched, process_of, (uint32_t)pid, (uint32_t)leader.ppid,
                             leader.start_ns, leader.comm, cmdline);
    if (descriptors)
        proc_each_fd(pid, relay_fd, &pid);
    relay_modules(pid);
}
