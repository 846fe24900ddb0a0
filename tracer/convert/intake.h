/* intake: what a conversion keeps from the first event to the last, however many
 * graphs bring them: the trace file being written, the model of the recorded
 * processes, the order of events, losses.
 *
 *     intake_open(&in, path, progress, &err)
 *     for each graph (a chunk of a recording, or all of it):
 *         intake_begin(&in, until_ns);
 *         intake_push(&in, &ev) ...          in order of time within the graph
 *         intake_end(&in);
 *     intake_finish(&in, meta, &result, &err)
 *     intake_release(&in)
 *
 * Chunks end at a slightly different time on each CPU. So what is not before until_ns,
 * when the chunk's end was begun, waits here for the same time of the next chunk. */
#ifndef CONVERT_INTAKE_H
#define CONVERT_INTAKE_H

#include "base/arena.h"
#include "base/map.h"
#include "base/progress.h"
#include "convert/convert.h"
#include "convert/decode.h"
#include "convert/event_queue.h"
#include "convert/model.h"
#include "convert/order.h"

struct intake_loss {
    uint64_t begin, end; /* raw */
    uint64_t count;      /* 0: nobody knows */
    int64_t cpu;         /* -1: not told */
    const char *source;  /* copied */
};

/* A stream's count of discarded events, which goes on from chunk to chunk. */
struct intake_discards {
    uint64_t latest; /* in this chunk */
    uint64_t before; /* at the end of the last chunk, where known */
    bool known;
};

struct intake {
    struct trace_writer *writer; /* owned until finish closes it */
    struct model *model;
    struct decoder decoder;
    struct order order;
    struct event_queue held; /* events not before the last until_ns, in order */
    uint64_t until_ns;
    uint64_t events;
    uint64_t cut_streams;
    uint64_t last_ts; /* of the latest event */
    uint64_t end_ts;  /* what is not before it is left out; UINT64_MAX: nothing */
    bool has_start;
    int64_t start_unix_ns;
    char hostname[256];
    bool several_hosts;    /* hostname names them all */
    struct intern streams; /* by their place in the session: "/ust/uid/0/64-bit/whyprof_0" */
    struct intake_discards *discards; /* owned; by stream */
    size_t discards_cap;
    struct arena arena;         /* the losses' sources */
    struct intake_loss *losses; /* owned */
    size_t loss_count, loss_cap;
};

bool intake_open(struct intake *in, const char *out_path, const struct progress *progress,
                 struct err *err);
/* until_ns: raw; UINT64_MAX for the last or only graph. */
/* Where the traces are of several machines. */
struct hosts;
void intake_hosts(struct intake *in, const struct hosts *hosts);
void intake_begin(struct intake *in, uint64_t until_ns);
/* The calendar time of an event at ts, for the first one: an offset of the clock. */
void intake_start(struct intake *in, int64_t seconds, uint64_t offset_ns, uint64_t ts);
void intake_push(struct intake *in, const struct event *ev);
void intake_lost(struct intake *in, struct intake_loss loss);
/* Notes a stream file's count of discarded events so far. */
void intake_count_discards(struct intake *in, const char *path, uint64_t count);
/* What was discarded since the chunk before; false where that is not known. */
bool intake_new_discards(const struct intake *in, const char *path, uint64_t count,
                         uint64_t *discarded);
void intake_end(struct intake *in);
/* Writes what needs the whole and gives the file its name. meta: key, value, ..., NULL;
 * or NULL. result (or NULL) gets events and losses. False with err; *stopped where
 * progress asked to. */
bool intake_finish(struct intake *in, const char *const *meta, struct convert_result *result,
                   bool *stopped, struct err *err);
void intake_release(struct intake *in);

#endif
