/* page: a report as data, printed as text for people or as JSON for programs.
 *
 *     static const struct page_column columns[] = {
 *         {"tid", "tid", PAGE_ID}, {"running_ns", "running", PAGE_NS}, {0}};
 *     struct page page = {0};
 *     page_fact(&page, "threads", "threads", PAGE_COUNT, page_number(4));
 *     struct page_table *t = page_table(&page, "threads", "Threads", columns);
 *     page_row(t, (struct page_cell[]){page_number(7), page_number(1200)});
 *     page_print_text(&page, &style, stdout);
 *     page_release(&page);
 *
 * JSON has every quantity as a bare number (ns, bytes, a ratio); text has it
 * with a unit. Strings are borrowed until the page is released. */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum page_kind {
    PAGE_TEXT,
    PAGE_ID,    /* a number without grouping: tid, pid */
    PAGE_HEX,   /* an address */
    PAGE_COUNT, /* "1,234" */
    PAGE_NS,    /* "1.23 ms" */
    PAGE_BYTES, /* "4 KiB" */
    PAGE_SHARE, /* number of whole: "12.3 %", in JSON 0.123 */
    PAGE_BAR,   /* how a thread spent its time; text only */
    /* number is an int64_t: "+1.23 ms", "-4 KiB" */
    PAGE_CHANGE_COUNT,
    PAGE_CHANGE_NS,
    PAGE_CHANGE_BYTES,
    PAGE_GROWTH, /* from whole to number: "+12 %", "new", "gone"; in JSON 0.12 or null */
};

enum {
    PAGE_BAR_PARTS = 3 /* running, runnable, blocked */
};

struct page_cell {
    const char *text; /* PAGE_TEXT */
    uint64_t number;
    uint64_t whole;                 /* PAGE_SHARE and PAGE_BAR */
    uint64_t parts[PAGE_BAR_PARTS]; /* PAGE_BAR */
};

struct page_column {
    const char *key;   /* in JSON; NULL ends the list */
    const char *title; /* in text */
    enum page_kind kind;
    bool json_only; /* an exact figure that would only crowd the text */
};

struct page_table {
    const char *key;
    const char *title;
    const char *note; /* beside the title: the order, what is counted; or "" */
    const char *none; /* what text says where there are no rows; NULL: leave the table out */
    const struct page_column *columns;
    size_t column_count;
    struct page_cell *cells; /* owned, row-major */
    size_t cells_cap;
    size_t rows;
    size_t short_rows; /* rows that text shows unless more were asked for; 0: as the style says */
    struct page_table *next;
};

struct page_fact {
    const char *key;
    const char *label; /* NULL: JSON only */
    enum page_kind kind;
    struct page_cell cell;
    struct page_fact *next;
};

struct page {
    struct arena arena;
    const char *name;  /* the report's, for JSON */
    const char *title; /* text's first line, or NULL */
    struct page_fact *facts, **facts_end;
    struct page_table *tables, **tables_end;
};

/* How text looks. */
struct page_style {
    bool colour;
    unsigned width; /* columns of the terminal, long names are cut to fit; 0: never */
    uint64_t top;   /* rows of a table; 0: the report's choice */
    bool all;       /* all rows */
};

struct page_cell page_text(const char *s);
struct page_cell page_number(uint64_t n);
struct page_cell page_share(uint64_t part, uint64_t whole);
struct page_cell page_change(int64_t n);
struct page_cell page_growth(uint64_t before, uint64_t after);

/* A quantity with a label: "events   1,234". */
void page_fact(struct page *p, const char *key, const char *label, enum page_kind kind,
               struct page_cell cell);
/* A new table at the page's end; set `note`, `none` and `short_rows` as wanted. */
struct page_table *page_table(struct page *p, const char *key, const char *title,
                              const struct page_column *columns);
/* Adds a row: a cell for each column. */
void page_row(struct page_table *t, const struct page_cell *cells);

void page_print_text(const struct page *p, const struct page_style *style, FILE *out);
/* All rows, unless the style has a `top`. */
void page_print_json(const struct page *p, const struct page_style *style, FILE *out);
void page_release(struct page *p);

#endif
