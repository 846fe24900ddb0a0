/* query: SQL over an open trace. Each table of the file is an SQLite virtual
 * table on the mapped columns: nothing is imported, a range of time or a thread
 * is found by binary search.
 *
 *     struct query *q = query_open(trace, &err);
 *     struct query_result result;
 *     ok = query_run(q, "SQL", "SELECT count(*) FROM syscall", QUERY_TABLE, stdout, &result, &err);
 *     query_close(q);
 *
 * The only user of sqlite3. SQL text is data from outside: it can read the trace
 * and nothing else (no other file, no writing; temporary views are allowed).
 * Memory is bounded; SQLite sorts what is larger in unnamed temporary files. */
#ifndef QUERY_QUERY_H
#define QUERY_QUERY_H

#include "trace/reader.h"

#include <stdio.h>

enum query_format {
    QUERY_TABLE, /* aligned columns, addresses in hex, control characters escaped */
    QUERY_CSV,   /* RFC 4180 with a header; NULL is empty, an empty text is "" */
    QUERY_JSON,  /* an array of objects for each statement; exact numbers, valid UTF-8 */
};

struct query_result {
    uint64_t rows; /* printed by all statements together */
    bool interrupted;
};

struct query;

/* Borrows the trace until query_close. Constant time. */
struct query *query_open(struct trace *t, struct err *err);
void query_close(struct query *q);

/* Runs all statements of `sql` and prints their rows on `out`. Between statements
 * stand also `.tables` and `.schema [TABLE]`, each on a line of its own. Stops at
 * the first failure: err then begins with the place, NAME:LINE:COLUMN, and its
 * hint shows the line. Damage in the file met on the way is a failure too. */
bool query_run(struct query *q, const char *name, const char *sql, enum query_format format,
               FILE *out, struct query_result *result, struct err *err);

/* Makes a running query_run fail soon. May be called from a signal handler. */
void query_interrupt(struct query *q);

/* The SQL functions beside SQLite's own, as lines of help. */
extern const char query_functions_help[];

#endif
