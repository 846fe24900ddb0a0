/* cross_coarse: what model/cross.h gathers where there is too much of it to keep: exact
 * sums for each column of one window in place of the spans. They are handed on as spans of
 * that length within the column, of no thread: what is drawn of them is the true share. */
#ifndef MODEL_CROSS_COARSE_H
#define MODEL_CROSS_COARSE_H

#include "model/cross.h"

/* Reads all rows of the range: for d->range, d->column_ns and d->width_px, with d->locks
 * chosen. False when it was cancelled. */
bool cross_coarse_gather(struct model_cross_data *d, const struct model_doc *doc,
                         const atomic_bool *cancel);

/* cross.c: the list of a CPU, made at first sight; NULL for an impossible one. */
struct model_cross_list *cross_cpu(struct model_cross_data *d, int64_t cpu);
struct model_cross_lock *cross_lock(struct model_cross_data *d, uint64_t address);
void cross_add(struct model_cross_list *l, struct model_spans_item item);

#endif
