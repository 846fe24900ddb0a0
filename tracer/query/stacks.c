/* stacks: table `stack`, flattened: a row for each frame of each stack. The file
 * has a stack as a leaf in the tree stack_node (format.h, STACKS). */
#include "query/internal.h"
#include "query/scan.h"

enum {
    PLAN_ALL,
    PLAN_ONE, /* stack_id = value */
};

struct table {
    sqlite3_vtab base;
    struct query_data *data;
    struct query_table schema;
};

struct cursor {
    sqlite3_vtab_cursor base;
    struct trace_cursor stacks, nodes, frames;
    uint64_t stack, stack_end; /* the current one; where to stop */
    uint64_t node;             /* of the current frame; 0 = at the end */
    uint64_t depth;
};

static int stack_connect(sqlite3 *db, void *aux, int argc, const char *const *argv,
                         sqlite3_vtab **out, char **message)
{
    (void)db, (void)argc, (void)argv, (void)message;
    struct query *q = aux;
    struct table *t = sqlite3_malloc(sizeof *t);
    if (!t)
        return SQLITE_NOMEM;
    *t = (struct table){.data = &q->data};
    query_table_init_stack(&t->schema);
    int rc = query_vtab_declare(q, &t->schema);
    if (rc == SQLITE_OK)
        *out = &t->base;
    else
        sqlite3_free(t);
    return rc;
}

static int stack_disconnect(sqlite3_vtab *base)
{
    sqlite3_free(base);
    return SQLITE_OK;
}

/* Rows come by stack, then by depth. */
static bool order_holds(const sqlite3_index_info *info, bool one)
{
    int n = info->nOrderBy;
    int next = one ? QUERY_STACK_DEPTH : QUERY_STACK_ID;
    for (int i = 0; i < n; i++, next++)
        if (next > QUERY_STACK_DEPTH || info->aOrderBy[i].iColumn != next || info->aOrderBy[i].desc)
            return false;
    return n > 0;
}

static int stack_best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
    const struct table *t = (const struct table *)base;
    info->idxNum = PLAN_ALL;
    for (int i = 0; i < info->nConstraint; i++) {
        if (info->idxNum == PLAN_ALL && info->aConstraint[i].usable &&
            info->aConstraint[i].iColumn == QUERY_STACK_ID &&
            info->aConstraint[i].op == SQLITE_INDEX_CONSTRAINT_EQ) {
            info->idxNum = PLAN_ONE;
            info->aConstraintUsage[i].argvIndex = 1;
        }
    }
    double typical_depth = 20;
    double stacks = (double)trace_rows(t->data->trace, TRACE_STACK_TABLE, 0);
    double rows = typical_depth * (info->idxNum == PLAN_ONE ? 1 : stacks);
    info->estimatedCost = 4 + rows;
    info->estimatedRows = (sqlite3_int64)rows + 1;
    info->orderByConsumed = order_holds(info, info->idxNum == PLAN_ONE);
    return SQLITE_OK;
}

static int stack_open(sqlite3_vtab *base, sqlite3_vtab_cursor **out)
{
    const struct trace *t = ((struct table *)base)->data->trace;
    struct cursor *c = sqlite3_malloc(sizeof *c);
    if (!c)
        return SQLITE_NOMEM;
    *c = (struct cursor){
        .stacks = trace_cursor(t, TRACE_STACK_TABLE, 0),
        .nodes = trace_cursor(t, TRACE_STACK_NODE_TABLE, 0),
        .frames = trace_cursor(t, TRACE_FRAME_TABLE, 0),
    };
    *out = &c->base;
    return SQLITE_OK;
}

static int stack_close(sqlite3_vtab_cursor *base)
{
    sqlite3_free(base);
    return SQLITE_OK;
}

/* Moves to the leaf of the first stack from c->stack on that has one. */
static int find_leaf(struct cursor *c)
{
    struct query_data *d = ((struct table *)c->base.pVtab)->data;
    c->depth = 0;
    for (c->node = 0; c->stack < c->stack_end; c->stack++) {
        c->node = trace_get(&c->stacks, c->stack, TRACE_STACK_node);
        if (c->stacks.damaged || d->stop)
            return query_vtab_failed(d, c->base.pVtab);
        if (c->node && c->node < c->nodes.total_rows)
            return SQLITE_OK;
        c->node = 0;
    }
    return SQLITE_OK;
}

static int stack_next(sqlite3_vtab_cursor *base)
{
    struct cursor *c = (struct cursor *)base;
    uint64_t parent = trace_get(&c->nodes, c->node, TRACE_STACK_NODE_parent);
    if (c->nodes.damaged)
        return query_vtab_failed(((struct table *)base->pVtab)->data, base->pVtab);
    if (parent && parent < c->node) { /* smaller in a sound file, so this always ends */
        c->node = parent;
        c->depth++;
        return SQLITE_OK;
    }
    c->stack++;
    return find_leaf(c);
}

static int stack_filter(sqlite3_vtab_cursor *base, int number, const char *unused, int argc,
                        sqlite3_value **argv)
{
    (void)unused, (void)argc;
    struct cursor *c = (struct cursor *)base;
    c->stack = 1; /* 0 is "no stack" */
    c->stack_end = c->stacks.total_rows;
    if (number == PLAN_ONE) {
        sqlite3_int64 id = 0;
        if (sqlite3_value_numeric_type(argv[0]) == SQLITE_INTEGER ||
            sqlite3_value_numeric_type(argv[0]) == SQLITE_FLOAT)
            id = sqlite3_value_int64(argv[0]); /* SQLite compares again: a fraction finds nothing */
        bool there = id > 0 && (uint64_t)id < c->stack_end;
        c->stack = there ? (uint64_t)id : 1;
        c->stack_end = c->stack + there;
    }
    return find_leaf(c);
}

static int stack_eof(sqlite3_vtab_cursor *base)
{
    return ((struct cursor *)base)->node == 0;
}

static void result_frame(struct cursor *c, sqlite3_context *ctx, const struct query_column *column,
                         uint64_t frame)
{
    const struct table *t = (const struct table *)c->base.pVtab;
    if (frame >= c->frames.total_rows)
        return;
    if (column->nullable && trace_get(&c->frames, frame, column->null_word) == column->null_value)
        return;
    query_result_word(ctx, t->data->trace, column, trace_get(&c->frames, frame, column->word));
}

static int stack_column(sqlite3_vtab_cursor *base, sqlite3_context *ctx, int number)
{
    struct cursor *c = (struct cursor *)base;
    struct table *t = (struct table *)base->pVtab;
    if (number == QUERY_STACK_ID) {
        sqlite3_result_int64(ctx, (sqlite3_int64)c->stack);
    } else if (number == QUERY_STACK_DEPTH) {
        sqlite3_result_int64(ctx, (sqlite3_int64)c->depth);
    } else {
        uint64_t frame = trace_get(&c->nodes, c->node, TRACE_STACK_NODE_frame);
        if (number == QUERY_STACK_FRAME_ID)
            sqlite3_result_int64(ctx, (sqlite3_int64)frame);
        else
            result_frame(c, ctx, &t->schema.columns[number], frame);
    }
    bool damaged = c->nodes.damaged || c->frames.damaged;
    return damaged ? query_vtab_failed(t->data, base->pVtab) : SQLITE_OK;
}

static int stack_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid)
{
    const struct cursor *c = (const struct cursor *)base;
    *rowid = (sqlite3_int64)(c->stack << 20 | c->depth);
    return SQLITE_OK;
}

static const sqlite3_module module = {
    .xConnect = stack_connect,
    .xBestIndex = stack_best_index,
    .xDisconnect = stack_disconnect,
    .xOpen = stack_open,
    .xClose = stack_close,
    .xFilter = stack_filter,
    .xNext = stack_next,
    .xEof = stack_eof,
    .xColumn = stack_column,
    .xRowid = stack_rowid,
};

int query_stacks_register(struct query *q)
{
    return sqlite3_create_module(q->db, trace_tables[TRACE_STACK_TABLE].name, &module, q);
}
