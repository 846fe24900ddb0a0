#include "convert/hosts.h"

#include "convert/tsdl.h"
#include "tracepoints/events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- metadata: the few words that tell of the machine, of any CTF 1.8 trace -- */

/* The text between "NAME {" and its "}", or NULL. Neither block has an inner one. */
static const char *find_block(const char *text, const char *name, size_t *len)
{
    size_t name_len = strlen(name);
    for (const char *p = text; (p = strstr(p, name)); p += name_len) {
        const char *open = p + name_len + strspn(p + name_len, " \t\n");
        bool begins = p == text || strchr(" \t\n;}", p[-1]);
        const char *close = begins && *open == '{' ? strchr(open, '}') : NULL;
        if (!close)
            continue;
        *len = (size_t)(close - open - 1);
        return open + 1;
    }
    return NULL;
}

/* What stands behind "KEY =" in a block. */
static const char *find_value(const char *block, size_t len, const char *key)
{
    size_t key_len = strlen(key);
    for (size_t i = 0; i + key_len < len; i++) {
        if (strncmp(block + i, key, key_len) || (i && !strchr(" \t\n;", block[i - 1])))
            continue;
        const char *p = block + i + key_len;
        p += strspn(p, " \t");
        if (*p == '=')
            return p + 1 + strspn(p + 1, " \t");
    }
    return NULL;
}

static void copy_quoted(char *to, size_t cap, const char *value)
{
    if (value && *value == '"')
        snprintf(to, cap, "%.*s", (int)strcspn(value + 1, "\""), value + 1);
}

static int64_t number(const char *value, int64_t otherwise)
{
    return value ? strtoll(value, NULL, 0) : otherwise;
}

static void read_clock(struct host *host, const char *block, size_t len)
{
    int64_t hz = number(find_value(block, len, "freq"), 1000000000);
    int64_t offset = number(find_value(block, len, "offset"), 0);
    int64_t seconds = number(find_value(block, len, "offset_s"), 0);
    copy_quoted(host->clock, sizeof host->clock, find_value(block, len, "uuid"));
    if (hz <= 0)
        hz = 1000000000;
    seconds += offset / hz;
    offset %= hz;
    host->zero_ns = seconds * 1000000000 + (int64_t)((double)offset * 1e9 / (double)hz);
    if (hz == 1000000000)
        host->zero_ns = seconds * 1000000000 + offset;
}

static bool read_metadata(struct host *host, const char *text)
{
    size_t len;
    const char *env = find_block(text, "env", &len);
    if (env)
        copy_quoted(host->name, sizeof host->name, find_value(env, len, "hostname"));
    const char *clock = find_block(text, "clock", &len);
    if (clock)
        read_clock(host, clock, len);
    return clock != NULL;
}

/* -- machines -- */

static bool is_same(const struct host *a, const struct host *b)
{
    return !strcmp(a->name, b->name) && !strcmp(a->clock, b->clock);
}

static void note_trace(struct hosts *h, size_t index)
{
    mem_grow(&h->of_trace, &h->trace_cap, h->trace_count + 1, sizeof *h->of_trace);
    h->of_trace[h->trace_count++] = (uint32_t)index;
}

bool hosts_add(struct hosts *h, const void *metadata, size_t bytes, struct err *err)
{
    struct arena arena = {0};
    struct host host = {.number = (uint32_t)h->count};
    size_t len, i = 0;
    const char *text = tsdl_text(&arena, metadata, bytes, &len, NULL);
    if (text)
        read_metadata(&host, arena_strndup(&arena, text, len));
    arena_release(&arena);
    while (i < h->count && !is_same(&h->list[i], &host))
        i++;
    note_trace(h, i);
    if (i < h->count)
        return true;
    if (h->count == HOSTS_MOST)
        return err_set(err, "traces of more than %d machines", HOSTS_MOST);
    mem_grow(&h->list, &h->cap, h->count + 1, sizeof *h->list);
    h->list[h->count++] = host;
    return true;
}

/* Where one clock is told with several offsets, measured at several times, the first is
 * as good as any. */
static int64_t zero_of(const struct hosts *h, const struct host *host)
{
    for (size_t i = 0; *host->clock && i < h->count; i++)
        if (!strcmp(h->list[i].clock, host->clock))
            return h->list[i].zero_ns;
    return host->zero_ns;
}

void hosts_settle(struct hosts *h)
{
    int64_t first = INT64_MAX;
    for (size_t i = 0; i < h->count; i++)
        if (zero_of(h, &h->list[i]) < first)
            first = zero_of(h, &h->list[i]);
    for (size_t i = 0; i < h->count; i++) {
        struct host *host = &h->list[i];
        host->id_base = host->number * HOSTS_ID_STEP;
        host->cpu_base = host->number * HOSTS_CPU_STEP;
        host->shift_ns = (uint64_t)(zero_of(h, host) - first);
    }
}

const struct host *hosts_of_trace(const struct hosts *h, uint32_t trace)
{
    return h && h->count > 1 && trace < h->trace_count ? &h->list[h->of_trace[trace]] : NULL;
}

char *hosts_names(const struct hosts *h, struct arena *arena)
{
    char *text = arena_strdup(arena, "");
    for (size_t i = 0; i < h->count; i++)
        text = arena_printf(arena, "%s%s%s", text, i ? ", " : "", h->list[i].name);
    return text;
}

void hosts_release(struct hosts *h)
{
    free(h->list);
    free(h->of_trace);
    free(h->words);
    free(h->text);
    *h = (struct hosts){0};
}

/* -- events -- */

#define F(place) (1u << (place))
static const struct {
    uint8_t ids, times; /* bits of the fields that are such */
} fields[EVENT_KINDS] = {
    [EVENT_whyprof_sched_process_start] = {F(PROCESS_START_ppid), F(PROCESS_START_start_ts)},
    [EVENT_whyprof_sched_thread_start] = {F(THREAD_START_tid), F(THREAD_START_start_ts)},
    [EVENT_whyprof_sched_thread_name] = {F(THREAD_NAME_tid), 0},
    [EVENT_whyprof_sched_thread_exit] = {F(THREAD_EXIT_tid), 0},
    [EVENT_whyprof_sched_watermark] = {0, F(WATERMARK_ts)},
    [EVENT_whyprof_sched_lost] = {0, F(LOST_begin_ts) | F(LOST_end_ts)},
    [EVENT_whyprof_sched_process_of] = {F(PROCESS_OF_pid) | F(PROCESS_OF_ppid),
                                        F(PROCESS_OF_start_ts)},
    [EVENT_whyprof_syscall_call] = {0, F(CALL_begin_ts)},
    [EVENT_whyprof_syscall_pending] = {F(PENDING_tid), F(PENDING_begin_ts)},
    [EVENT_whyprof_syscall_fd_of] = {F(FD_OF_pid), 0},
    [EVENT_whyprof_lock_wait_begin] = {F(WAIT_BEGIN_holder_tid), 0},
    [EVENT_whyprof_lock_wait_end] = {F(WAIT_END_holder_tid), F(WAIT_END_begin_ts)},
    [EVENT_whyprof_lock_hold] = {0, F(HOLD_begin_ts)},
    [EVENT_whyprof_alloc_batch] = {F(BATCH_tid), F(BATCH_ns)},
    [EVENT_whyprof_sample_cpu] = {F(CPU_tid), F(CPU_ts)},
    [EVENT_whyprof_sample_cpu_of] = {F(CPU_OF_pid) | F(CPU_OF_tid), F(CPU_OF_ts)},
    [EVENT_whyprof_stack_module_of] = {F(MODULE_OF_pid), 0},
};

/* 0 stays "none", and so does what is no id at all. */
static uint64_t move_id(const struct host *host, uint64_t id)
{
    return id && id < HOSTS_ID_STEP ? id + host->id_base : id;
}

static uint64_t move_time(const struct host *host, uint64_t ts)
{
    return ts ? ts + host->shift_ns : 0;
}

/* A word with an id in each half. */
static uint64_t move_two_ids(const struct host *host, uint64_t word)
{
    return move_id(host, word & UINT32_MAX) | move_id(host, word >> 32) << 32;
}

static uint64_t move_low_id(const struct host *host, uint64_t word)
{
    return move_id(host, word & UINT32_MAX) | (word & ~(uint64_t)UINT32_MAX);
}

/* One kernel record (events.h) of `len` words. */
static void move_record(const struct host *host, uint64_t *words, uint32_t len)
{
    unsigned type = WHYPROF_KERNEL_TYPE(words[0]);
    words[0] =
        WHYPROF_KERNEL_HEAD(type, len, (WHYPROF_KERNEL_CPU(words[0]) + host->cpu_base) & 0xffff,
                            move_id(host, WHYPROF_KERNEL_TID(words[0])));
    words[1] = move_time(host, words[1]);
    if (len > 2 && (type == WHYPROF_KERNEL_WAKING || type == WHYPROF_KERNEL_FORK))
        words[2] = move_two_ids(host, words[2]);
    else if (len > 2 && (type == WHYPROF_KERNEL_EXEC || type == WHYPROF_KERNEL_EXIT ||
                         type == WHYPROF_KERNEL_NAME))
        words[2] = move_low_id(host, words[2]);
    if (len > 3 && (type == WHYPROF_KERNEL_SYSCALL || type == WHYPROF_KERNEL_SYSCALL_OPEN))
        words[3] = move_time(host, words[3]);
    if (len > 5 && type == WHYPROF_KERNEL_NAME)
        words[5] = move_time(host, words[5]);
}

static void move_records(struct hosts *h, const struct host *host, struct event *ev)
{
    mem_grow(&h->words, &h->words_cap, (size_t)ev->seq_len + 1, sizeof *h->words);
    if (ev->seq_len)
        memcpy(h->words, event_seq(ev), ev->seq_len * sizeof *h->words);
    for (uint32_t at = 0; at + 2 <= ev->seq_len;) {
        uint32_t len = WHYPROF_KERNEL_WORDS(h->words[at]);
        if (len < 2 || len > ev->seq_len - at)
            break;
        move_record(host, h->words + at, len);
        at += len;
    }
    ev->v[ev->sequence] = (uint64_t)(uintptr_t)h->words;
}

/* What a recording says of itself: the first machine's as ever, another one's as
 * "host.1.KEY". Where one recording ends is not where all end. */
static bool move_meta(struct hosts *h, const struct host *host, struct event *ev)
{
    const char *key = event_str(ev, META_key);
    if (!strcmp(key, WHYPROF_META_KERNEL_END))
        return false;
    if (!host->number || !(ev->strings >> META_key & 1))
        return true;
    free(h->text);
    if (asprintf(&h->text, "host.%u.%s", host->number, key) < 0)
        abort();
    ev->v[META_key] = (uint64_t)(uintptr_t)h->text;
    return true;
}

bool hosts_move(struct hosts *h, const struct host *host, struct event *ev)
{
    ev->vpid = (uint32_t)move_id(host, ev->vpid);
    ev->vtid = (uint32_t)move_id(host, ev->vtid);
    if (ev->kind >= EVENT_KINDS)
        return true; /* foreign.c knows its fields */
    for (int f = 0; f < EVENT_MAX_FIELDS; f++) {
        if (fields[ev->kind].ids >> f & 1)
            ev->v[f] = move_id(host, ev->v[f]);
        if (fields[ev->kind].times >> f & 1)
            ev->v[f] = move_time(host, ev->v[f]);
    }
    if (ev->sequence >= 0 &&
        (ev->kind == EVENT_whyprof_sched_kernel || ev->kind == EVENT_whyprof_syscall_kernel))
        move_records(h, host, ev);
    return ev->kind != EVENT_whyprof_sched_meta || move_meta(h, host, ev);
}
