#include "convert/intake.h"

#include "convert/hosts.h"
#include "tracepoints/events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void on_ordered_event(void *data, const struct event *ev)
{
    model_event(data, ev);
}

static void on_ordered_record(void *data, const uint64_t *words, uint32_t count)
{
    model_record(data, words, count);
}

bool intake_open(struct intake *in, const char *out_path, const struct progress *progress,
                 struct err *err)
{
    *in = (struct intake){.until_ns = UINT64_MAX, .end_ts = UINT64_MAX};
    in->writer = trace_writer_open(out_path, err);
    if (!in->writer)
        return false;
    in->model = model_new(in->writer, progress);
    order_init(&in->order, (struct order_sink){on_ordered_event, on_ordered_record, in->model});
    return true;
}

void intake_begin(struct intake *in, uint64_t until_ns)
{
    in->until_ns = until_ns;
}

void intake_hosts(struct intake *in, const struct hosts *hosts)
{
    if (hosts->count < 2)
        return;
    snprintf(in->hostname, sizeof in->hostname, "%s", hosts_names(hosts, &in->arena));
    in->several_hosts = true;
    for (size_t i = 0; i < hosts->count; i++) {
        char key[32];
        snprintf(key, sizeof key, "host.%zu", i);
        model_set_meta(in->model, key, hosts->list[i].name);
        model_add_host(in->model, hosts->list[i].name);
    }
}

void intake_start(struct intake *in, int64_t seconds, uint64_t offset_ns, uint64_t ts)
{
    in->start_unix_ns = seconds * 1000000000 + (int64_t)offset_ns + (int64_t)ts;
    in->has_start = true;
}

static bool tells_end(const struct event *ev)
{
    return ev->kind == EVENT_whyprof_sched_meta &&
           !strcmp(event_str(ev, META_key), WHYPROF_META_KERNEL_END);
}

static void pass(struct intake *in, const struct event *ev)
{
    if (!in->events++)
        model_begin(in->model, ev->ts);
    in->last_ts = ev->ts;
    if (tells_end(ev))
        in->end_ts = strtoull(event_str(ev, META_value), NULL, 10);
    else
        order_push(&in->order, ev);
}

/* Passes what was held back and is not after ts. */
static void pass_held(struct intake *in, uint64_t ts)
{
    const struct event *ev;
    while ((ev = event_queue_front(&in->held)) && ev->ts <= ts && ev->ts < in->until_ns) {
        pass(in, ev);
        event_queue_pop(&in->held);
    }
}

void intake_push(struct intake *in, const struct event *ev)
{
    if (in->held.head)
        pass_held(in, ev->ts);
    if (ev->ts < in->until_ns)
        pass(in, ev);
    else
        event_queue_push(&in->held, ev);
}

void intake_lost(struct intake *in, struct intake_loss loss)
{
    mem_grow(&in->losses, &in->loss_cap, in->loss_count + 1, sizeof *in->losses);
    loss.source = arena_strdup(&in->arena, loss.source);
    in->losses[in->loss_count++] = loss;
}

static const char *stream_name(const char *path)
{
    const char *name = path;
    for (const char *p = path; (p = strstr(p, "/ust/")); p++)
        name = p;
    return name;
}

void intake_count_discards(struct intake *in, const char *path, uint64_t count)
{
    uint32_t known = in->streams.count;
    uint32_t id = intern_str(&in->streams, stream_name(path));
    mem_grow(&in->discards, &in->discards_cap, (size_t)id + 1, sizeof *in->discards);
    if (id == known)
        in->discards[id] = (struct intake_discards){0};
    in->discards[id].latest = count;
}

bool intake_new_discards(const struct intake *in, const char *path, uint64_t count,
                         uint64_t *discarded)
{
    const char *name = stream_name(path);
    for (uint32_t id = 0; id < in->streams.count; id++) {
        const struct intake_discards *d = &in->discards[id];
        if (!d->known || count < d->before || strcmp(intern_get(&in->streams, id), name) != 0)
            continue;
        *discarded = count - d->before;
        return true;
    }
    return false;
}

/* Where less is held back than a chunk has, as is always so, what comes to be held back
 * from the next one is later: the queue stays in order. */
void intake_end(struct intake *in)
{
    pass_held(in, in->until_ns);
    for (uint32_t id = 0; id < in->streams.count; id++) {
        in->discards[id].before = in->discards[id].latest;
        in->discards[id].known = true;
    }
}

static void write_losses(struct intake *in)
{
    for (size_t i = 0; i < in->loss_count; i++) {
        const struct intake_loss *loss = &in->losses[i];
        uint64_t begin = in->events ? loss->begin : 0;
        model_lost(in->model, begin, loss->end, 0, loss->cpu, loss->count, loss->source);
    }
}

static void write_counts(struct intake *in)
{
    for (uint32_t i = 0; i < in->decoder.names.count; i++)
        MODEL_ROW(
            in->model, EVENT_COUNT,
            0, [TRACE_EVENT_COUNT_name] = model_str(in->model, intern_get(&in->decoder.names, i)),
            [TRACE_EVENT_COUNT_count] = in->decoder.counts[i]);
}

static bool any_seen(const struct model *m, enum event_kind first, enum event_kind last)
{
    for (int kind = first; kind <= (int)last; kind++)
        if (m->seen[kind])
            return true;
    return false;
}

/* Says what can be told from the events themselves where the recorder did not. */
static void set_mechanism(struct model *m, const char *key, bool kernel, bool agent)
{
    model_default_meta(m, key, kernel ? "kernel" : agent ? "agent" : "none");
}

static void write_meta(struct intake *in, const char *const *meta)
{
    struct model *m = in->model;
    for (; meta && meta[0] && meta[1]; meta += 2)
        model_set_meta(m, meta[0], meta[1]);
    if (!in->hostname[0])
        gethostname(in->hostname, sizeof in->hostname - 1);
    bool waits = any_seen(m, EVENT_whyprof_lock_wait_begin, EVENT_whyprof_lock_stat);
    bool calls = any_seen(m, EVENT_whyprof_syscall_call, EVENT_whyprof_syscall_pending);
    set_mechanism(m, "mechanism.sched", m->kernel_sched, m->agent && (waits || calls));
    set_mechanism(m, "mechanism.syscall", m->kernel_calls, calls);
    set_mechanism(m, "mechanism.lock", false, waits);
    set_mechanism(m, "mechanism.alloc", false,
                  any_seen(m, EVENT_whyprof_alloc_alloc, EVENT_whyprof_alloc_stat));
    set_mechanism(m, "mechanism.cpu",
                  any_seen(m, EVENT_whyprof_sample_cpu_of, EVENT_whyprof_sample_cpu_of),
                  any_seen(m, EVENT_whyprof_sample_cpu, EVENT_whyprof_sample_cpu));
    model_default_meta(m, "hostname", in->hostname);
    if (in->cut_streams)
        model_set_meta_u64(m, "cut_streams", in->cut_streams);
    model_set_meta(m, "whyprof_version", WHYPROF_VERSION);
    model_set_meta_u64(m, "start_unix_ns", (uint64_t)(in->has_start ? in->start_unix_ns : 0));
    model_set_meta_u64(m, "duration_ns", model_duration_ns(m));
    model_set_meta_u64(m, "events", in->events);
    model_set_meta_u64(m, "lost_events", m->lost);
    model_write_meta(m);
}

bool intake_finish(struct intake *in, const char *const *meta, struct convert_result *result,
                   bool *stopped, struct err *err)
{
    intake_begin(in, UINT64_MAX);
    pass_held(in, UINT64_MAX);
    order_flush(&in->order, in->end_ts);
    /* Relays' events count too: recording went on. */
    model_ts(in->model, in->last_ts < in->end_ts ? in->last_ts : in->end_ts);
    write_losses(in);
    *stopped = !model_finish(in->model);
    if (*stopped)
        return err_set(err, "stopped");
    write_counts(in);
    write_meta(in, meta);
    if (result)
        *result = (struct convert_result){.events = in->events, .lost = in->model->lost};
    struct trace_writer *writer = in->writer;
    in->writer = NULL;
    return trace_writer_close(writer, model_duration_ns(in->model), err);
}

void intake_release(struct intake *in)
{
    if (in->writer)
        trace_writer_abort(in->writer);
    model_free(in->model);
    decoder_release(&in->decoder);
    order_release(&in->order);
    event_queue_release(&in->held);
    free(in->losses);
    intern_release(&in->streams);
    free(in->discards);
    arena_release(&in->arena);
    *in = (struct intake){0};
}
