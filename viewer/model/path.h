/* path: the critical path that ends on a thread, for showing: which thread did what at
 * each instant of a stretch of time that the others could not do without
 * (analyze/path.h). Meant for a worker. */
#ifndef MODEL_PATH_H
#define MODEL_PATH_H

#include "model/doc.h"
#include "model/table.h"
#include "model/window.h"

enum {
    MODEL_PATH_PIECES = 400000, /* kept at most, the last ones */
    MODEL_PATH_ROWS = 20000     /* of the table at most, the longest */
};

/* A stretch of one span of one thread. */
struct model_path_piece {
    int64_t begin_ns, end_ns;
    uint32_t thread; /* index into doc->threads */
    enum model_class class;
    uint64_t row; /* of thread_state, or UINT64_MAX */
};

struct model_path {
    struct model_path_piece *v; /* owned: in order of time, without gaps or overlaps */
    size_t count, cap;
    size_t left_out; /* earlier pieces that had no room */
    uint32_t thread; /* index: where it ends */
    struct model_range range;
    uint64_t ns[MODEL_STATES]; /* what it is made of */
    struct model_table table;  /* its pieces */
};

/* Of the thread, or of the one that the program's course depends on (MODEL_NO_THREAD).
 * False with err where there is no such thread in that time. */
bool model_path_make(struct model_path *p, const struct model_doc *doc, struct model_range range,
                     int thread, const atomic_bool *cancel, struct err *err);
/* First piece that ends behind ns. */
size_t model_path_at(const struct model_path *p, int64_t ns);
void model_path_release(struct model_path *p);

#endif
