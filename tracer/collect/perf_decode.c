#include "collect/perf_decode.h"

#include "collect/record.h"
#include "tracepoints/events.h"

#include <stddef.h>
#include <string.h>

struct sample_id {
    uint32_t pid, tid;
    uint64_t time;
    uint32_t cpu, res;
};

struct task_record {
    struct perf_event_header header;
    uint32_t pid, ppid, tid, ptid;
};

struct comm_record {
    struct perf_event_header header;
    uint32_t pid, tid;
    char comm[]; /* padded with NULs to a multiple of 8 */
};

/* raw_syscalls:sys_enter and sys_exit, behind the sample's id and the raw size. */
enum {
    RAW_OFF = sizeof(struct perf_event_header) + sizeof(struct sample_id) + sizeof(uint32_t),
    RAW_NR_OFF = 8,
    RAW_ARGS_OFF = 16,
    /* sched:sched_waking */
    RAW_FLAGS_OFF = 2,
    RAW_WAKEE_OFF = 24,
    RAW_WAKING_BYTES = 36,
};
/* include/linux/trace_events.h: hard and soft interrupts, NMI */
enum {
    FLAGS_INTERRUPT = 0x08 | 0x10 | 0x40
};

static bool trailer(const struct perf_event_header *h, struct sample_id *id)
{
    if (h->size < sizeof *h + sizeof *id)
        return false;
    memcpy(id, (const char *)h + h->size - sizeof *id, sizeof *id);
    return true;
}

static struct record_at at_of(const struct sample_id *id)
{
    return (struct record_at){.ts = id->time, .tid = id->tid, .cpu = id->cpu};
}

static uint32_t private_head(uint64_t *out, unsigned type, uint32_t words,
                             const struct sample_id *id)
{
    out[0] = WHYPROF_KERNEL_HEAD(type, words, id->cpu, id->tid);
    out[1] = id->time;
    return words;
}

static uint32_t decode_switch(const struct perf_event_header *h, const struct sample_id *id,
                              uint64_t *out)
{
    if (!(h->misc & PERF_RECORD_MISC_SWITCH_OUT))
        return record_switch_in(out, at_of(id));
    bool runnable = h->misc & PERF_RECORD_MISC_SWITCH_OUT_PREEMPT;
    return record_switch_out(out, at_of(id), runnable ? 0 : PERF_BLOCKED, runnable, 0);
}

static uint32_t decode_comm(const struct perf_event_header *h, const struct sample_id *id,
                            uint64_t *out)
{
    const struct comm_record *r = (const void *)h;
    char comm[16] = {0};
    size_t room = h->size - sizeof *r - sizeof *id;
    memcpy(comm, r->comm, room < 15 ? room : 15);
    struct record_at at = {.ts = id->time, .tid = r->tid, .cpu = id->cpu};
    return h->misc & PERF_RECORD_MISC_COMM_EXEC ? record_exec(out, at, r->pid, comm)
                                                : record_name(out, at, r->pid, comm, 0);
}

static uint32_t decode_fork(const struct perf_event_header *h, const struct sample_id *id,
                            uint64_t *out, uint32_t *forked)
{
    const struct task_record *r = (const void *)h;
    *forked = r->tid;
    struct record_at at = {.ts = id->time, .tid = r->ptid, .cpu = id->cpu};
    return record_fork(out, at, r->tid, r->pid, ""); /* the parent's name: the reader has it */
}

static uint32_t decode_exit(const struct perf_event_header *h, struct sample_id *id, uint64_t *out)
{
    const struct task_record *r = (const void *)h;
    id->tid = r->tid;
    out[2] = r->pid;
    return private_head(out, PERF_THREAD_EXIT, 3, id);
}

/* In an interrupt the current thread is a bystander. */
static uint32_t decode_waking(const char *raw, const struct sample_id *id, uint64_t *out)
{
    uint32_t wakee;
    memcpy(&wakee, raw + RAW_WAKEE_OFF, sizeof wakee);
    bool interrupt = (uint8_t)raw[RAW_FLAGS_OFF] & FLAGS_INTERRUPT;
    out[0] = WHYPROF_KERNEL_HEAD(WHYPROF_KERNEL_WAKING, 3, id->cpu, wakee);
    out[1] = id->time;
    out[2] = interrupt ? 0 : id->tid | (uint64_t)id->pid << 32;
    return 3;
}

static uint32_t decode_sample(const struct perf_decode *d, const struct perf_event_header *h,
                              uint64_t *out)
{
    struct sample_id id;
    uint16_t type;
    const char *raw = (const char *)h + RAW_OFF;
    if (h->size < RAW_OFF + RAW_ARGS_OFF + sizeof(uint64_t))
        return 0;
    memcpy(&id, h + 1, sizeof id);
    memcpy(&type, raw, sizeof type);
    if (type == d->waking_id && h->size >= RAW_OFF + RAW_WAKING_BYTES)
        return decode_waking(raw, &id, out);
    if (type == d->leave_id) {
        memcpy(&out[2], raw + RAW_ARGS_OFF, sizeof out[2]);
        return private_head(out, PERF_CALL_LEAVE, 3, &id);
    }
    if (type != d->enter_id || h->size < RAW_OFF + RAW_ARGS_OFF + COLLECT_MAX_ARGS * sizeof *out)
        return 0;
    memcpy(&out[2], raw + RAW_NR_OFF, (1 + COLLECT_MAX_ARGS) * sizeof *out);
    return private_head(out, PERF_CALL_ENTER, 3 + COLLECT_MAX_ARGS, &id);
}

static uint32_t count_lost(struct perf_decode *d, const struct perf_event_header *h,
                           const struct sample_id *id)
{
    uint64_t lost;
    memcpy(&lost, (const char *)h + sizeof *h + sizeof(uint64_t), sizeof lost);
    d->lost += lost;
    d->lost_ts = id->time;
    return 0;
}

static size_t least_size(uint32_t type)
{
    switch (type) {
    case PERF_RECORD_COMM:
        return sizeof(struct comm_record);
    case PERF_RECORD_FORK:
    case PERF_RECORD_EXIT:
        return sizeof(struct task_record);
    case PERF_RECORD_LOST:
        return sizeof(struct perf_event_header) + 2 * sizeof(uint64_t);
    default:
        return sizeof(struct perf_event_header);
    }
}

uint32_t perf_decode(struct perf_decode *d, const struct perf_event_header *h, uint64_t *out,
                     uint32_t *forked)
{
    struct sample_id id;
    *forked = 0;
    if (h->type == PERF_RECORD_SAMPLE)
        return decode_sample(d, h, out);
    if (!trailer(h, &id) || h->size < least_size(h->type) + sizeof id)
        return 0;
    switch (h->type) {
    case PERF_RECORD_SWITCH:
        return decode_switch(h, &id, out);
    case PERF_RECORD_COMM:
        return decode_comm(h, &id, out);
    case PERF_RECORD_FORK:
        return decode_fork(h, &id, out, forked);
    case PERF_RECORD_EXIT:
        return decode_exit(h, &id, out);
    case PERF_RECORD_LOST:
        return count_lost(d, h, &id);
    default:
        return 0;
    }
}
