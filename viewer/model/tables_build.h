/* tables_build: what the makers of tables share. */
#ifndef MODEL_TABLES_BUILD_H
#define MODEL_TABLES_BUILD_H

#include "analyze/range.h"
#include "analyze/site.h"
#include "model/tables.h"

struct tables_work {
    struct model_table *table;
    const struct model_doc *doc;
    const struct model_table_query *query;
    const atomic_bool *cancel;
    struct analyze_range range;
    uint32_t *index_by_key; /* row of table thread -> index into doc->threads */
    uint32_t keys;
};

static inline bool tables_cancelled(const struct tables_work *w)
{
    return atomic_load_explicit(w->cancel, memory_order_relaxed);
}

void tables_events(struct tables_work *w);
void tables_latency(struct tables_work *w, struct model_latency *out);

/* A text that lives as long as the table. */
const char *tables_text(struct tables_work *w, const char *text);
/* "name 1234" of the thread, once for each. */
const char *tables_thread(struct tables_work *w, uint64_t tid);
/* "orders (0x5581)" or the address alone. */
const char *tables_lock(struct tables_work *w, uint64_t address, const char *name);
/* The longest instance of a group as a target. */
struct model_target tables_target(const struct tables_work *w, enum model_lane_kind lane,
                                  const struct analyze_instance *at);

#endif
