/* Opens a trace file from memory and walks all of it as the readers do: cursors,
 * check, dump, report, export. Damage must end in an error, never in a crash. */
#include "analyze/range.h"
#include "export/export.h"
#include "fuzz.h"
#include "profile/build.h"
#include "report/report.h"
#include "report/why.h"
#include "trace/check.h"
#include "trace/dump.h"

#include <stdlib.h>

/* Directories may name one small block a million times over; walking that takes
 * long, but shows nothing new. */
#define MAX_ROWS 200000

static void ignore_problem(void *data, uint64_t off, const char *text)
{
    (void)data;
    (void)off;
    (void)text;
}

static uint64_t all_rows(const struct trace *t)
{
    uint64_t rows = 0;
    for (int i = 0; i < TRACE_TABLE_COUNT; i++)
        rows += trace_table_rows(t, (enum trace_table)i);
    return rows;
}

static void search_all(const struct trace *t)
{
    for (int i = 0; i < TRACE_TABLE_COUNT; i++) {
        struct trace_cursor c = trace_cursor(t, (enum trace_table)i, 0);
        for (uint64_t ts = 1; ts && ts < trace_duration_ns(t); ts *= 3) {
            trace_lower_bound(&c, ts);
            trace_row_at(&c, ts);
        }
    }
}

/* Written to /dev/null, not replacing it. */
static void export_all(struct trace *t)
{
    struct err err;
    struct export_options options = {.range = analyze_range_whole(t)};
    struct export_result result;
    for (const struct export_format *f = export_formats; f->name; f++)
        if (!f->write_path || f->write_path == export_cut)
            export_trace(t, f, "/dev/null", &options, &result, &err);
    for (int i = 0; i < TRACE_TABLE_COUNT; i++) {
        options.table = trace_tables[i].name;
        export_trace(t, export_find("csv", &err), "/dev/null", &options, &result, &err);
    }
    for (int kind = 0; kind < REDUCE_KINDS; kind++) {
        struct profile p;
        profile_build(&p, t, (enum reduce_kind)kind,
                      (struct reduce_range){0, trace_duration_ns(t) + 1}, NULL);
        profile_release(&p);
    }
}

static void explain(struct trace *t, FILE *nowhere)
{
    struct arena arena = {0};
    struct analyze_why why;
    struct report_why_options options = {0};
    struct err err;
    if (analyze_why(&arena, t, &(struct analyze_question){0}, &why, &err)) {
        report_why(&why, t, &options, nowhere, &err);
        report_why_folded(&why, t, nowhere, &err);
    }
    report_lock_dot(t, analyze_range_whole(t), nowhere, &err);
    arena_release(&arena);
}

static void read_all(struct trace *t, FILE *nowhere)
{
    struct err err;
    struct report_options report = {.range = analyze_range_whole(t)};
    search_all(t);
    trace_dump(t, -1, nowhere, &err);
    for (const struct report *r = report_table; r->name; r++) {
        report_print(r, t, &report, nowhere, &err);
        report.json = !report.json;
    }
    explain(t, nowhere);
    export_all(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *nowhere;
    if (!nowhere)
        nowhere = fopen("/dev/null", "w");
    uint8_t *copy = malloc(size + !size); /* the reader wants its memory aligned to 8 bytes */
    memcpy(copy, data, size);
    struct err err;
    struct trace *t = trace_open_memory(copy, size, "fuzz", &err);
    if (t && all_rows(t) <= MAX_ROWS) {
        struct trace_check_sink sink = {.problem = ignore_problem, .max = 20};
        trace_check(copy, size, &sink);
        read_all(t, nowhere);
    }
    trace_close(t);
    free(copy);
    return 0;
}
