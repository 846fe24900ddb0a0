#include "collect/batch.h"

#include "tracepoints/events.h"

#include <stdlib.h>
#include <string.h>

void batch_init(struct batch *b, unsigned lanes, const struct batch_out *out)
{
    memset(b, 0, sizeof *b);
    b->lane_count = lanes;
    b->lanes = mem_realloc(NULL, lanes, sizeof *b->lanes);
    memset(b->lanes, 0, lanes * sizeof *b->lanes);
    b->out = *out;
}

void batch_release(struct batch *b)
{
    for (unsigned i = 0; i < b->lane_count; i++)
        free(b->lanes[i].units);
    free(b->lanes);
    arena_release(&b->carry[0]);
    arena_release(&b->carry[1]);
    memset(b, 0, sizeof *b);
}

static void lane_insert(struct batch_lane *lane, const struct batch_unit *unit)
{
    mem_grow(&lane->units, &lane->cap, lane->len + 1, sizeof *lane->units);
    size_t at = lane->len++;
    while (at > 0 && lane->units[at - 1].ts > unit->ts) {
        lane->units[at] = lane->units[at - 1];
        at--;
    }
    lane->units[at] = *unit;
}

void batch_add(struct batch *b, unsigned lane, const uint64_t *words, uint32_t count)
{
    struct batch_unit unit = {.ts = words[1], .words = words, .count = count};
    lane_insert(&b->lanes[lane], &unit);
}

void batch_add_copy(struct batch *b, unsigned lane, const uint64_t *words, uint32_t count)
{
    batch_add(b, lane, arena_memdup(&b->carry[b->carry_idx], words, count * sizeof *words), count);
}

void batch_complete(struct batch *b, unsigned lane, uint64_t ts)
{
    if (b->lanes[lane].complete_ts < ts)
        b->lanes[lane].complete_ts = ts;
}

static enum collect_class class_of(uint64_t head)
{
    unsigned type = WHYPROF_KERNEL_TYPE(head);
    bool call = type == WHYPROF_KERNEL_SYSCALL || type == WHYPROF_KERNEL_SYSCALL_OPEN;
    return call ? COLLECT_SYSCALL : COLLECT_SCHED;
}

static void pending_send(struct batch *b, enum collect_class class)
{
    struct batch_words *p = &b->pending[class];
    if (p->len)
        b->out.send(b->out.data, class, p->words, p->len);
    p->len = 0;
}

static void pending_put(struct batch *b, const struct batch_unit *unit)
{
    enum collect_class class = class_of(unit->words[0]);
    struct batch_words *p = &b->pending[class];
    if (p->len + unit->count > BATCH_WORDS)
        pending_send(b, class);
    memcpy(p->words + p->len, unit->words, unit->count * sizeof *unit->words);
    p->len += unit->count;
}

/* The reader may rely on the watermark, so a late unit takes its time; only a
 * source without exact bounds (perf) can have one. */
static void unit_clamp(struct batch *b, struct batch_unit *unit)
{
    uint64_t *words =
        arena_memdup(&b->carry[b->carry_idx], unit->words, unit->count * sizeof *unit->words);
    for (uint32_t i = 0; i < unit->count; i += WHYPROF_KERNEL_WORDS(words[i]))
        words[i + 1] = b->watermark;
    unit->words = words;
    unit->ts = b->watermark;
    b->late++;
}

/* The lane whose next unit is the earliest and before `end`, or NULL. */
static struct batch_lane *lane_earliest(struct batch *b, uint64_t end)
{
    struct batch_lane *best = NULL;
    for (unsigned i = 0; i < b->lane_count; i++) {
        struct batch_lane *lane = &b->lanes[i];
        if (lane->sent == lane->len || lane->units[lane->sent].ts >= end)
            continue;
        if (!best || lane->units[lane->sent].ts < best->units[best->sent].ts)
            best = lane;
    }
    return best;
}

/* When no other lane has anything before it: a lane can be sent up to there in one go. */
static uint64_t lane_run_end(const struct batch *b, const struct batch_lane *best, uint64_t end)
{
    for (unsigned i = 0; i < b->lane_count; i++) {
        const struct batch_lane *lane = &b->lanes[i];
        if (lane != best && lane->sent < lane->len && lane->units[lane->sent].ts < end)
            end = lane->units[lane->sent].ts;
    }
    return end;
}

static void lane_send_run(struct batch *b, struct batch_lane *lane, uint64_t end)
{
    do {
        struct batch_unit *unit = &lane->units[lane->sent++];
        if (unit->ts < b->watermark)
            unit_clamp(b, unit);
        pending_put(b, unit);
    } while (lane->sent < lane->len && lane->units[lane->sent].ts < end);
}

/* Units not sent move to the front and their words into the other arena. */
static void lanes_carry(struct batch *b)
{
    struct arena *keep = &b->carry[!b->carry_idx];
    for (unsigned i = 0; i < b->lane_count; i++) {
        struct batch_lane *lane = &b->lanes[i];
        size_t len = 0;
        for (size_t k = lane->sent; k < lane->len; k++) {
            struct batch_unit unit = lane->units[k];
            unit.words = arena_memdup(keep, unit.words, unit.count * sizeof *unit.words);
            lane->units[len++] = unit;
        }
        lane->len = len;
        lane->sent = 0;
    }
    arena_clear(&b->carry[b->carry_idx]);
    b->carry_idx = !b->carry_idx;
}

uint64_t batch_flush(struct batch *b)
{
    uint64_t end = UINT64_MAX;
    for (unsigned i = 0; i < b->lane_count; i++)
        if (b->lanes[i].complete_ts < end)
            end = b->lanes[i].complete_ts;
    if (end < b->watermark)
        end = b->watermark;
    struct batch_lane *lane;
    while ((lane = lane_earliest(b, end)))
        lane_send_run(b, lane, lane_run_end(b, lane, end));
    for (int class = 0; class < COLLECT_CLASSES; class ++)
        pending_send(b, class);
    lanes_carry(b);
    b->watermark = end;
    return end;
}

struct witness_times {
    uint64_t switch_ts;
    uint64_t waking_ts;
};

static void unit_witness(const struct batch_unit *unit, uint32_t tid, struct batch_witness *seen,
                         struct witness_times *times)
{
    for (uint32_t i = 0; i < unit->count; i += WHYPROF_KERNEL_WORDS(unit->words[i])) {
        unsigned type = WHYPROF_KERNEL_TYPE(unit->words[i]);
        if (WHYPROF_KERNEL_TID(unit->words[i]) != tid)
            continue;
        if (type == WHYPROF_KERNEL_WAKING && unit->ts < times->waking_ts)
            times->waking_ts = unit->ts;
        if (type != WHYPROF_KERNEL_SWITCH_IN && type != WHYPROF_KERNEL_SWITCH_OUT)
            continue;
        if (unit->ts < times->switch_ts) {
            times->switch_ts = unit->ts;
            seen->first_switch = type;
        }
    }
}

struct batch_witness batch_witness(const struct batch *b, uint32_t tid)
{
    struct batch_witness seen = {0};
    struct witness_times times = {UINT64_MAX, UINT64_MAX};
    for (unsigned i = 0; i < b->lane_count; i++)
        for (size_t k = 0; k < b->lanes[i].len; k++)
            unit_witness(&b->lanes[i].units[k], tid, &seen, &times);
    seen.woken = times.waking_ts < times.switch_ts;
    return seen;
}
