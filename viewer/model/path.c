#include "model/path.h"

#include "analyze/path.h"
#include "analyze/scope.h"
#include "model/describe.h"

#include <stdlib.h>
#include <string.h>

struct walk {
    struct model_path *p;
    const struct model_doc *doc;
    uint32_t *index_of; /* by row of table thread */
};

void model_path_release(struct model_path *p)
{
    free(p->v);
    model_table_release(&p->table);
    *p = (struct model_path){0};
}

/* Comes last instants first; a wait whose chain is left for a while comes in parts. */
static void visit(void *data, const struct analyze_segment *s)
{
    struct walk *w = data;
    struct model_path *p = w->p;
    struct model_path_piece *last = p->count ? &p->v[p->count - 1] : NULL;
    uint32_t thread = w->index_of[s->thread];
    enum model_class class = model_class_from_state(s->state, s->reason);
    p->ns[class] += s->end_ns - s->begin_ns;
    if (last && last->thread == thread && last->row == s->row &&
        last->begin_ns == (int64_t)s->end_ns) {
        last->begin_ns = (int64_t)s->begin_ns;
        return;
    }
    if (p->count == MODEL_PATH_PIECES) {
        p->left_out++;
        return;
    }
    mem_grow(&p->v, &p->cap, p->count + 1, sizeof *p->v);
    p->v[p->count++] = (struct model_path_piece){.begin_ns = (int64_t)s->begin_ns,
                                                 .end_ns = (int64_t)s->end_ns,
                                                 .thread = thread,
                                                 .class = class,
                                                 .row = s->row};
}

static void reverse(struct model_path *p)
{
    for (size_t i = 0; i < p->count / 2; i++) {
        struct model_path_piece swap = p->v[i];
        p->v[i] = p->v[p->count - 1 - i];
        p->v[p->count - 1 - i] = swap;
    }
}

/* --- the table ---------------------------------------------------------------------- */

static const struct model_column_info columns[] = {
    {"Start", MODEL_CELL_TIME, 124, NULL},
    {"Length", MODEL_CELL_NS, 84, "of this stretch of the path"},
    {"Thread", MODEL_CELL_TEXT, 20, "that the path was in"},
    {"State", MODEL_CELL_TEXT, 14, "what that thread did then"},
    {"What", MODEL_CELL_TEXT, 40, "the call, the lock, the function"},
};

enum {
    COLUMNS = sizeof columns / sizeof *columns
};

/* What a sample in the middle of it saw, or NULL. */
static const char *running_in(struct model_table *t, const struct model_doc *doc,
                              const struct model_path_piece *piece, uint64_t *stack_id)
{
    char text[512];
    struct trace_cursor c =
        trace_cursor(doc->trace, TRACE_SAMPLE_TABLE, doc->threads[piece->thread].key);
    uint64_t first = trace_lower_bound(&c, (uint64_t)piece->begin_ns);
    uint64_t end = trace_lower_bound(&c, (uint64_t)piece->end_ns);
    if (piece->class != MODEL_RUNNING || first >= end)
        return NULL;
    *stack_id = trace_get(&c, first + (end - first) / 2, TRACE_SAMPLE_stack_id);
    model_stack_function(doc->trace, *stack_id, text, sizeof text);
    return text[0] ? arena_strdup(&t->arena, text) : NULL;
}

static const char *what(struct model_table *t, const struct model_doc *doc,
                        const struct model_path_piece *piece)
{
    char text[512];
    struct model_span s = {.begin_ns = piece->begin_ns,
                           .end_ns = piece->end_ns,
                           .row = piece->row,
                           .class = piece->class};
    if (piece->row == UINT64_MAX)
        return "not yet there, or no more";
    return arena_strdup(
        &t->arena, model_span_label(doc, piece->thread, MODEL_LANE_STATE, &s, text, sizeof text));
}

static void add_row(struct model_path *p, const struct model_doc *doc,
                    const struct model_path_piece *piece)
{
    struct model_table *t = &p->table;
    const struct model_thread *th = &doc->threads[piece->thread];
    struct model_target target = {.lane = MODEL_LANE_STATE,
                                  .thread = piece->thread,
                                  .row = piece->row,
                                  .begin_ns = piece->begin_ns,
                                  .end_ns = piece->end_ns,
                                  .set = true};
    if (piece->row == UINT64_MAX) {
        target.lane = MODEL_LANE_KINDS;
    } else {
        struct trace_cursor c = trace_cursor(doc->trace, TRACE_THREAD_STATE_TABLE, th->key);
        target.stack_id = trace_get(&c, piece->row, TRACE_THREAD_STATE_stack_id);
        target.stack_title = "Where";
    }
    const char *function = running_in(t, doc, piece, &target.stack_id);
    struct model_cell *cells = model_table_row(t, &target);
    cells[0].n = piece->begin_ns;
    cells[1].n = piece->end_ns - piece->begin_ns;
    cells[2].text = arena_printf(&t->arena, "%s %u", th->name[0] ? th->name : "thread", th->tid);
    cells[3].text = model_class_name(piece->class);
    cells[4].text = function ? function : what(t, doc, piece);
}

static int shorter(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* The length that leaves no more pieces than the table takes. */
static int64_t least_length(const struct model_path *p)
{
    if (p->count <= MODEL_PATH_ROWS)
        return 0;
    int64_t *lengths = mem_realloc(NULL, p->count, sizeof *lengths);
    for (size_t i = 0; i < p->count; i++)
        lengths[i] = p->v[i].end_ns - p->v[i].begin_ns;
    qsort(lengths, p->count, sizeof *lengths, shorter);
    int64_t least = lengths[p->count - MODEL_PATH_ROWS] + 1;
    free(lengths);
    return least;
}

static void fill_table(struct model_path *p, const struct model_doc *doc, const atomic_bool *cancel)
{
    int64_t least = least_length(p);
    model_table_begin(&p->table, columns, COLUMNS, 0);
    for (size_t i = 0; i < p->count && !atomic_load(cancel); i++)
        if (p->v[i].end_ns - p->v[i].begin_ns >= least)
            add_row(p, doc, &p->v[i]);
    p->table.total_rows = p->count;
    model_table_arrange(&p->table, "");
}

/* --- making it ------------------------------------------------------------------------ */

/* The row of the thread and how much of the range it lived for. */
static bool find_piece(const struct model_doc *doc, struct model_range range, int thread,
                       struct analyze_piece *piece, struct err *err)
{
    struct arena a = {0};
    struct analyze_scope scope;
    struct analyze_question q = {
        .range = {.begin_ns = (uint64_t)range.begin_ns, .end_ns = (uint64_t)range.end_ns}};
    if (thread != MODEL_NO_THREAD)
        q.thread_row = doc->threads[thread].key + 1;
    bool found = analyze_scope_find(&a, doc->trace, &q, &scope, err) && scope.count;
    if (found)
        *piece = scope.v[0];
    arena_release(&a);
    return found;
}

bool model_path_make(struct model_path *p, const struct model_doc *doc, struct model_range range,
                     int thread, const atomic_bool *cancel, struct err *err)
{
    struct analyze_piece piece;
    struct walk w = {.p = p, .doc = doc};
    p->count = p->left_out = 0;
    memset(p->ns, 0, sizeof p->ns);
    range.begin_ns = range.begin_ns > 0 ? range.begin_ns : 0;
    range.end_ns = range.end_ns < doc->duration_ns ? range.end_ns : doc->duration_ns;
    p->range = range;
    model_table_begin(&p->table, columns, COLUMNS, 0);
    if (!find_piece(doc, range, thread, &piece, err))
        return false;
    uint64_t rows = trace_rows(doc->trace, TRACE_THREAD_TABLE, 0);
    w.index_of = mem_realloc(NULL, rows + 1, sizeof *w.index_of);
    memset(w.index_of, 0, (rows + 1) * sizeof *w.index_of);
    for (uint32_t i = 0; i < doc->thread_count; i++)
        w.index_of[doc->threads[i].key] = i;
    p->thread = w.index_of[piece.thread];
    struct analyze_path path = analyze_path_begin(doc->trace);
    path.cancel = cancel;
    analyze_path_walk(&path, piece.thread, piece.begin_ns, piece.end_ns, visit, &w);
    analyze_path_end(&path);
    free(w.index_of);
    reverse(p);
    fill_table(p, doc, cancel);
    return true;
}

size_t model_path_at(const struct model_path *p, int64_t ns)
{
    size_t low = 0, high = p->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (p->v[mid].end_ns <= ns)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}
