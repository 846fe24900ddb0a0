/* output: rows of cells as an aligned table, CSV or JSON (enum query_format).
 *
 *     struct output o;
 *     output_init(&o, QUERY_CSV, stdout);
 *     output_begin(&o, names, 2);
 *     output_row(&o, cells);          // any number of times
 *     output_end(&o);                 // may begin again
 *     output_release(&o);
 *
 * A table's widths come from its first rows, up to a thousand, and grow when later
 * ones need it: memory is bounded whatever the number of rows. */
#ifndef QUERY_OUTPUT_H
#define QUERY_OUTPUT_H

#include "base/strbuf.h"
#include "query/query.h"

enum output_type {
    OUTPUT_NULL,
    OUTPUT_INT,
    OUTPUT_ADDRESS, /* an int; hex in tables for people */
    OUTPUT_REAL,
    OUTPUT_TEXT, /* bytes, may be no UTF-8 */
    OUTPUT_BLOB,
};

struct output_cell {
    enum output_type type;
    int64_t integer;
    double real;
    const char *bytes; /* borrowed for the call */
    size_t len;
};

struct output_held { /* a table's cell until its row is printed */
    size_t off, len;
    unsigned width; /* in characters */
    bool right;
};

struct output {
    enum query_format format;
    FILE *out;
    int columns;
    uint64_t rows; /* since output_begin */
    char **names;  /* owned copies */
    struct strbuf text;
    struct output_held *held; /* owned */
    size_t held_count, held_cap;
    unsigned *widths;
    bool head_printed;
};

void output_init(struct output *o, enum query_format format, FILE *out);
void output_begin(struct output *o, const char *const *names, int columns);
void output_row(struct output *o, const struct output_cell *cells);
void output_end(struct output *o);
void output_release(struct output *o);

#endif
