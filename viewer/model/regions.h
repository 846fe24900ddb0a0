/* regions: which depth each user region of a thread has, as lists of rows by
 * depth, so that each depth is a lane of spans that do not overlap. */
#ifndef MODEL_REGIONS_H
#define MODEL_REGIONS_H

#include "trace/reader.h"

enum {
    MODEL_REGION_DEPTHS = 32
}; /* deeper ones are drawn at the last depth */

struct model_regions {
    struct {
        uint32_t *rows; /* owned: rows of table region, in order of time */
        size_t count, cap;
    } depth[MODEL_REGION_DEPTHS];
    unsigned depths;
};

/* One pass over the thread's regions. */
void model_regions_init(struct model_regions *r, const struct trace *t, uint32_t thread);
/* The depth of the region in that row; 0 where it is not known. */
unsigned model_regions_depth(const struct model_regions *r, uint64_t row);
void model_regions_release(struct model_regions *r);

#endif
