/* internal: what the SQLite side of this layer shares. */
#ifndef QUERY_INTERNAL_H
#define QUERY_INTERNAL_H

#include "analyze/site.h"
#include "query/data.h"
#include "query/query.h"

#include <sqlite3.h>

struct query_scan;

struct query {
    struct query_data data;
    sqlite3 *db;
    struct query_table tables[TRACE_TABLE_COUNT];
    struct analyze_sites sites;
    bool declaring;   /* a table tells SQLite its columns, which the authorizer sees as a CREATE */
    char denied[128]; /* what the authorizer last refused */
};

/* vtab.c: registers every table of q but `stack`; returns an SQLite code. */
int query_vtab_register(struct query *q);
/* Tells SQLite a table's columns. */
int query_vtab_declare(struct query *q, const struct query_table *t);
/* Tells that a table's scan ended early: by damage or an interrupt. */
int query_vtab_failed(struct query_data *d, sqlite3_vtab *vtab);
/* A word of a column as SQL's value. */
void query_result_word(sqlite3_context *ctx, const struct trace *t, const struct query_column *c,
                       uint64_t word);

/* plan.c: chooses what a scan gets told (xBestIndex), and tells it (xFilter). */
int query_plan(struct query_data *d, const struct query_table *t, sqlite3_index_info *info);
void query_plan_apply(struct query_scan *s, int number, const char *steps, sqlite3_value **values);

/* stacks.c: registers the flattened table `stack`. */
int query_stacks_register(struct query *q);

/* functions.c: registers the SQL functions. */
int query_functions_register(struct query *q);

#endif
