#include "convert/order.h"

#include "base/arena.h"
#include "tracepoints/events.h"

#include <stdlib.h>
#include <string.h>

enum {
    SILENCE_CHECK_EVERY = 4096
};

void order_init(struct order *o, struct order_sink sink)
{
    *o = (struct order){.sink = sink, .sorted = true};
}

void order_release(struct order *o)
{
    event_queue_release(&o->queue);
    free(o->records);
    free(o->words);
    map64_release(&o->watermarks);
    map64_release(&o->last_seen);
    *o = (struct order){0};
}

static void sort_records(struct order *o)
{
    size_t n = o->record_count;
    if (o->sorted)
        return;
    struct rank *scratch = mem_realloc(NULL, n, sizeof *scratch);
    struct rank *sorted = ranks_sort(o->records, scratch, n);
    struct rank *other = sorted == scratch ? o->records : scratch;
    if (sorted == scratch)
        o->record_cap = n;
    o->records = sorted;
    o->sorted = true;
    free(other);
}

/* Forgets the first n records, which have been passed on. */
static void drop_records(struct order *o, size_t n)
{
    uint64_t *words = NULL;
    size_t word_count = 0, word_cap = 0, kept = o->record_count - n;
    for (size_t i = 0; i < kept; i++) {
        const uint64_t *from = o->words + o->records[n + i].item;
        uint32_t len = WHYPROF_KERNEL_WORDS(*from);
        mem_grow(&words, &word_cap, word_count + len, sizeof *words);
        memcpy(words + word_count, from, len * sizeof *words);
        o->records[i] = (struct rank){o->records[n + i].key, (uint32_t)word_count};
        word_count += len;
    }
    free(o->words);
    o->words = words;
    o->word_count = word_count;
    o->word_cap = word_cap;
    o->record_count = kept;
}

/* Passes on, in order of time, all that is older than `limit`. */
static void release_until(struct order *o, uint64_t limit)
{
    sort_records(o);
    size_t next = 0;
    for (;;) {
        const struct event *ev = event_queue_front(&o->queue);
        const struct rank *record = next < o->record_count ? &o->records[next] : NULL;
        if (record && (!ev || record->key <= ev->ts)) {
            if (record->key >= limit)
                break;
            const uint64_t *words = o->words + record->item;
            o->sink.record(o->sink.data, words, WHYPROF_KERNEL_WORDS(words[0]));
            next++;
        } else if (ev) {
            if (ev->ts >= limit)
                break;
            o->sink.event(o->sink.data, ev);
            event_queue_pop(&o->queue);
        } else {
            break;
        }
    }
    if (next)
        drop_records(o, next);
}

static void add_records(struct order *o, const struct event *ev)
{
    const uint64_t *words = event_seq(ev);
    for (uint32_t at = 0; at + 2 <= ev->seq_len;) {
        uint32_t len = WHYPROF_KERNEL_WORDS(words[at]);
        if (len < 2 || len > ev->seq_len - at)
            return; /* not a record: nothing behind it can be trusted */
        mem_grow(&o->words, &o->word_cap, o->word_count + len, sizeof *o->words);
        memcpy(o->words + o->word_count, words + at, len * sizeof *words);
        mem_grow(&o->records, &o->record_cap, o->record_count + 1, sizeof *o->records);
        uint64_t ts = words[at + 1];
        if (o->record_count && o->records[o->record_count - 1].key > ts)
            o->sorted = false;
        o->records[o->record_count++] = (struct rank){ts, (uint32_t)o->word_count};
        o->word_count += len;
        at += len;
    }
}

static void drop_silent_relays(struct order *o, uint64_t now)
{
    size_t pos = 0;
    uint64_t vpid, seen;
    while (map64_next(&o->last_seen, &pos, &vpid, &seen))
        if (now > seen + ORDER_SILENT_NS) {
            map64_delete(&o->watermarks, vpid);
            map64_delete(&o->last_seen, vpid);
        }
}

static uint64_t lowest_watermark(const struct order *o)
{
    uint64_t lowest = UINT64_MAX;
    size_t pos = 0;
    uint64_t vpid, watermark;
    while (map64_next(&o->watermarks, &pos, &vpid, &watermark))
        if (watermark < lowest)
            lowest = watermark;
    return lowest;
}

static void pass_everything(struct order *o)
{
    release_until(o, UINT64_MAX);
    o->direct = true;
}

static void relay_seen(struct order *o, const struct event *ev)
{
    o->direct = false;
    map64_put(&o->watermarks, ev->vpid, NULL);
    *map64_put(&o->last_seen, ev->vpid, NULL) = ev->ts;
}

static void push_direct(struct order *o, const struct event *ev)
{
    if (o->direct) {
        o->sink.event(o->sink.data, ev);
        return;
    }
    if (o->pushes++ % SILENCE_CHECK_EVERY == 0 && o->watermarks.len) {
        drop_silent_relays(o, ev->ts);
        if (o->watermarks.len)
            release_until(o, lowest_watermark(o));
    }
    if (!o->watermarks.len &&
        (ev->ts > o->first_ts + ORDER_FIRST_WAIT_NS || o->queue.bytes > ORDER_FIRST_WAIT_BYTES)) {
        pass_everything(o);
        o->sink.event(o->sink.data, ev);
        return;
    }
    event_queue_push(&o->queue, ev);
}

void order_push(struct order *o, const struct event *ev)
{
    if (!o->started) {
        o->started = true;
        o->first_ts = ev->ts;
    }
    switch ((enum event_kind)ev->kind) {
    case EVENT_whyprof_sched_kernel:
    case EVENT_whyprof_syscall_kernel:
        relay_seen(o, ev);
        add_records(o, ev);
        break;
    case EVENT_whyprof_sched_watermark:
        relay_seen(o, ev);
        *map64_put(&o->watermarks, ev->vpid, NULL) = ev->v[WATERMARK_ts];
        release_until(o, lowest_watermark(o));
        break;
    default:
        push_direct(o, ev);
    }
}

void order_flush(struct order *o, uint64_t end_ts)
{
    release_until(o, end_ts);
}
