/* vtab: the SQLite virtual table module over query_scan. */
#include "query/internal.h"
#include "query/scan.h"

#include <stdlib.h>

struct table {
    sqlite3_vtab base;
    struct query_data *data;
    const struct query_table *schema;
};

struct cursor {
    sqlite3_vtab_cursor base;
    struct query_scan scan;
    bool at_row;
};

/* What a module is registered with: freed by SQLite with the connection. */
struct client {
    struct query *query;
    const struct query_table *schema;
};

int query_vtab_failed(struct query_data *d, sqlite3_vtab *vtab)
{
    if (d->stop)
        return SQLITE_INTERRUPT;
    struct err err = {.text = "the trace is damaged"};
    trace_damage(d->trace, &err);
    sqlite3_free(vtab->zErrMsg);
    vtab->zErrMsg = sqlite3_mprintf("%s", err.text);
    return SQLITE_CORRUPT_VTAB;
}

int query_vtab_declare(struct query *q, const struct query_table *t)
{
    struct strbuf sql = {0};
    query_table_sql(t, false, &sql);
    q->declaring = true;
    int rc = sqlite3_declare_vtab(q->db, sql.p);
    q->declaring = false;
    strbuf_release(&sql);
    return rc;
}

static int table_connect(sqlite3 *db, void *aux, int argc, const char *const *argv,
                         sqlite3_vtab **out, char **message)
{
    (void)db, (void)argc, (void)argv, (void)message;
    const struct client *client = aux;
    int rc = query_vtab_declare(client->query, client->schema);
    if (rc != SQLITE_OK)
        return rc;
    struct table *t = sqlite3_malloc(sizeof *t);
    if (!t)
        return SQLITE_NOMEM;
    *t = (struct table){.data = &client->query->data, .schema = client->schema};
    *out = &t->base;
    return SQLITE_OK;
}

static int table_disconnect(sqlite3_vtab *base)
{
    sqlite3_free(base);
    return SQLITE_OK;
}

static int table_best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
    struct table *t = (struct table *)base;
    return query_plan(t->data, t->schema, info);
}

static int cursor_open(sqlite3_vtab *base, sqlite3_vtab_cursor **out)
{
    struct table *t = (struct table *)base;
    struct cursor *c = sqlite3_malloc(sizeof *c);
    if (!c)
        return SQLITE_NOMEM;
    *c = (struct cursor){.scan = {.data = t->data, .table = t->schema}};
    *out = &c->base;
    return SQLITE_OK;
}

static int cursor_close(sqlite3_vtab_cursor *base)
{
    struct cursor *c = (struct cursor *)base;
    query_scan_release(&c->scan);
    sqlite3_free(c);
    return SQLITE_OK;
}

static int cursor_next(sqlite3_vtab_cursor *base)
{
    struct cursor *c = (struct cursor *)base;
    c->at_row = query_scan_next(&c->scan);
    return c->scan.failed ? query_vtab_failed(c->scan.data, base->pVtab) : SQLITE_OK;
}

static int cursor_filter(sqlite3_vtab_cursor *base, int number, const char *steps, int argc,
                         sqlite3_value **argv)
{
    (void)argc;
    struct cursor *c = (struct cursor *)base;
    query_scan_clear(&c->scan);
    query_plan_apply(&c->scan, number, steps, argv);
    query_scan_start(&c->scan);
    return cursor_next(base);
}

static int cursor_eof(sqlite3_vtab_cursor *base)
{
    return !((struct cursor *)base)->at_row;
}

/* A text as a number where it is one and prints as the same text. */
static void result_setting(sqlite3_context *ctx, const char *text)
{
    char *end;
    long long number = strtoll(text, &end, 10);
    char again[32];
    snprintf(again, sizeof again, "%lld", number);
    if (!strcmp(again, text))
        sqlite3_result_int64(ctx, number);
    else
        sqlite3_result_text(ctx, text, -1, SQLITE_STATIC);
}

static void result_enum(sqlite3_context *ctx, enum trace_kind kind, uint64_t word)
{
    const char *name = trace_enum_name(kind, word);
    if (name) {
        sqlite3_result_text(ctx, name, -1, SQLITE_STATIC);
        return;
    }
    char number[24]; /* a newer version's value, whose name is not known here */
    snprintf(number, sizeof number, "%llu", (unsigned long long)word);
    sqlite3_result_text(ctx, number, -1, SQLITE_TRANSIENT);
}

void query_result_word(sqlite3_context *ctx, const struct trace *t, const struct query_column *c,
                       uint64_t word)
{
    double real;
    if (c->source == QUERY_SETTING) {
        result_setting(ctx, trace_string(t, word));
    } else if (c->kind == TRACE_STR) {
        sqlite3_result_text(ctx, trace_string(t, word), -1, SQLITE_STATIC); /* in the file */
    } else if (c->kind == TRACE_F64) {
        memcpy(&real, &word, sizeof real);
        sqlite3_result_double(ctx, real);
    } else if (query_is_enum(c->kind)) {
        result_enum(ctx, c->kind, word);
    } else {
        sqlite3_result_int64(ctx, (sqlite3_int64)word);
    }
}

static int cursor_column(sqlite3_vtab_cursor *base, sqlite3_context *ctx, int number)
{
    struct query_scan *s = &((struct cursor *)base)->scan;
    const struct query_column *column = &s->table->columns[number];
    bool null;
    uint64_t word = query_scan_word(s, column, &null);
    if (s->cursor.damaged)
        return query_vtab_failed(s->data, base->pVtab);
    if (!null)
        query_result_word(ctx, s->data->trace, column, word);
    return SQLITE_OK;
}

/* Unique in a table: the thread above, the row in its partition below. */
static int cursor_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid)
{
    const struct query_scan *s = &((struct cursor *)base)->scan;
    bool by_thread = trace_tables[s->table->table].by_thread;
    *rowid = (sqlite3_int64)(by_thread ? (uint64_t)s->thread << 40 | s->row : s->row);
    return SQLITE_OK;
}

/* No xCreate: the tables are there without CREATE VIRTUAL TABLE, under the module's name. */
static const sqlite3_module module = {
    .xConnect = table_connect,
    .xBestIndex = table_best_index,
    .xDisconnect = table_disconnect,
    .xOpen = cursor_open,
    .xClose = cursor_close,
    .xFilter = cursor_filter,
    .xNext = cursor_next,
    .xEof = cursor_eof,
    .xColumn = cursor_column,
    .xRowid = cursor_rowid,
};

int query_vtab_register(struct query *q)
{
    for (int i = 0; i < TRACE_TABLE_COUNT; i++) {
        if (i == TRACE_STACK_TABLE)
            continue;
        struct client *client = sqlite3_malloc(sizeof *client);
        if (!client)
            return SQLITE_NOMEM;
        *client = (struct client){q, &q->tables[i]};
        int rc = sqlite3_create_module_v2(q->db, q->tables[i].name, &module, client, sqlite3_free);
        if (rc != SQLITE_OK)
            return rc;
    }
    return SQLITE_OK;
}
