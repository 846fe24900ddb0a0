/* functions: what SQLite lacks for questions to a trace. */
#include "query/internal.h"

#include "base/fmt.h"
#include "query/quantile.h"

#include <inttypes.h>
#include <math.h>
#include <time.h>

const char query_functions_help[] =
    "Functions beside SQLite's own:\n"
    "  ns(x)             nanoseconds as text: 1.23 ms\n"
    "  bytes(x)          bytes as text: 1.50 KiB\n"
    "  hexaddr(x)        an address as text: 0x7f12...\n"
    "  wall(ts)          the calendar time (UTC) of a ts\n"
    "  percentile(x, p)  aggregate: the smallest x that p percent do not exceed; exact up to\n"
    "                    4 million values, then within 0.1 %\n"
    "  stack(stack_id)   a call stack as text, leaf;...;root\n"
    "  folded(stack_id)  the same root first, as flame graph tools read it\n"
    "  thread_at(tid, ts)  the thread_id of the thread that had this tid then: an exec, or the\n"
    "                    kernel, gives a tid to several threads of a trace, one after another\n"
    "  site(stack_id)    the innermost function outside libc; site(stack_id, 'alloc') also\n"
    "                    skips malloc's wrappers; site(stack_id, 'leaf') skips nothing\n";

static void fn_ns(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    if (sqlite3_value_type(argv[0]) == SQLITE_NULL)
        return;
    sqlite3_int64 ns = sqlite3_value_int64(argv[0]);
    uint64_t size = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    char buf[FMT_MAX];
    char *text = sqlite3_mprintf("%s%s", ns < 0 ? "-" : "", fmt_ns(buf, size));
    sqlite3_result_text(ctx, text, -1, sqlite3_free);
}

static void fn_bytes(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    if (sqlite3_value_type(argv[0]) == SQLITE_NULL)
        return;
    sqlite3_int64 bytes = sqlite3_value_int64(argv[0]);
    char buf[FMT_MAX];
    sqlite3_result_text(ctx, fmt_bytes(buf, bytes < 0 ? 0 : (uint64_t)bytes), -1, SQLITE_TRANSIENT);
}

static void fn_hexaddr(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    if (sqlite3_value_type(argv[0]) == SQLITE_NULL)
        return;
    char buf[24];
    snprintf(buf, sizeof buf, "0x%" PRIx64, (uint64_t)sqlite3_value_int64(argv[0]));
    sqlite3_result_text(ctx, buf, -1, SQLITE_TRANSIENT);
}

static void fn_wall(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    const struct query *q = sqlite3_user_data(ctx);
    uint64_t start = trace_meta_u64(q->data.trace, "start_unix_ns", 0);
    if (sqlite3_value_type(argv[0]) == SQLITE_NULL || !start)
        return;
    uint64_t now = start + (uint64_t)sqlite3_value_int64(argv[0]);
    time_t seconds = (time_t)(now / 1000000000);
    struct tm tm;
    char date[40], text[64];
    if (!gmtime_r(&seconds, &tm) || !strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm))
        return;
    snprintf(text, sizeof text, "%s.%09uZ", date, (unsigned)(now % 1000000000));
    sqlite3_result_text(ctx, text, -1, SQLITE_TRANSIENT);
}

enum {
    TEXT_DEPTH = 256 /* frames shown of a stack */
};

static void put_frame(struct strbuf *out, const struct trace_frame *f)
{
    if (out->len)
        strbuf_putc(out, ';');
    if (*f->function)
        strbuf_puts(out, f->function);
    else
        strbuf_printf(out, "0x%" PRIx64, f->address);
}

static void result_stack(sqlite3_context *ctx, sqlite3_value *id, bool root_first)
{
    const struct query *q = sqlite3_user_data(ctx);
    struct trace_frame frames[TEXT_DEPTH];
    size_t depth =
        trace_stack(q->data.trace, (uint64_t)sqlite3_value_int64(id), frames, TEXT_DEPTH);
    size_t shown = depth < TEXT_DEPTH ? depth : TEXT_DEPTH;
    if (!shown)
        return;
    struct strbuf text = {0};
    if (depth > shown && root_first)
        strbuf_puts(&text, "...");
    for (size_t i = 0; i < shown; i++)
        put_frame(&text, &frames[root_first ? shown - 1 - i : i]);
    if (depth > shown && !root_first)
        strbuf_puts(&text, ";...");
    sqlite3_result_text(ctx, text.p, (int)text.len, SQLITE_TRANSIENT);
    strbuf_release(&text);
}

static void fn_stack(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    result_stack(ctx, argv[0], false);
}

static void fn_folded(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    result_stack(ctx, argv[0], true);
}

static void fn_site(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct query *q = sqlite3_user_data(ctx);
    const char *kind = argc > 1 ? (const char *)sqlite3_value_text(argv[1]) : "caller";
    uint64_t id = (uint64_t)sqlite3_value_int64(argv[0]);
    enum analyze_site_kind k;
    if (kind && !strcmp(kind, "caller")) {
        k = ANALYZE_SITE_CALLER;
    } else if (kind && !strcmp(kind, "alloc")) {
        k = ANALYZE_SITE_ALLOC;
    } else if (kind && !strcmp(kind, "leaf")) {
        k = ANALYZE_SITE_LEAF;
    } else {
        sqlite3_result_error(ctx, "site: the second argument is 'caller', 'alloc' or 'leaf'", -1);
        return;
    }
    if (id == 0 || id >= trace_rows(q->data.trace, TRACE_STACK_TABLE, 0))
        return;
    const char *name = analyze_site_name(&q->sites, analyze_site(&q->sites, id, k));
    sqlite3_result_text(ctx, name, -1, SQLITE_TRANSIENT);
}

static void fn_thread_at(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct query *q = sqlite3_user_data(ctx);
    if (sqlite3_value_type(argv[0]) == SQLITE_NULL || sqlite3_value_type(argv[1]) == SQLITE_NULL)
        return;
    uint64_t ts = (uint64_t)sqlite3_value_int64(argv[1]);
    size_t count;
    const struct query_key *found = query_find_key(&q->data, TRACE_THREAD_TABLE, TRACE_THREAD_tid,
                                                   (uint64_t)sqlite3_value_int64(argv[0]), &count);
    struct trace_cursor c = trace_cursor(q->data.trace, TRACE_THREAD_TABLE, 0);
    uint64_t best = 0, best_start = 0;
    bool any = false;
    for (size_t i = 0; i < count; i++) { /* the last that had started */
        uint64_t start = trace_get(&c, found[i].row, TRACE_THREAD_start_ts);
        if (start > ts || (any && start < best_start))
            continue;
        any = true;
        best = found[i].row;
        best_start = start;
    }
    if (any)
        sqlite3_result_int64(ctx, (sqlite3_int64)best);
}

struct percentile {
    struct quantile quantile;
    double percent;
    bool begun;
    bool real; /* a value was no integer */
};

static void percentile_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct percentile *p = sqlite3_aggregate_context(ctx, sizeof *p);
    if (!p) {
        sqlite3_result_error_nomem(ctx);
        return;
    }
    double percent = sqlite3_value_double(argv[1]);
    if (!(percent >= 0 && percent <= 100) || sqlite3_value_numeric_type(argv[1]) == SQLITE_NULL) {
        sqlite3_result_error(ctx, "percentile: the second argument is from 0 to 100", -1);
        return;
    }
    p->percent = percent;
    p->begun = true;
    int type = sqlite3_value_numeric_type(argv[0]);
    if (type != SQLITE_INTEGER && type != SQLITE_FLOAT)
        return;
    p->real = p->real || type == SQLITE_FLOAT;
    if (!quantile_add(&p->quantile, sqlite3_value_double(argv[0])))
        sqlite3_result_error_nomem(ctx);
}

static void percentile_final(sqlite3_context *ctx)
{
    struct percentile *p = sqlite3_aggregate_context(ctx, 0);
    if (!p || !p->begun)
        return;
    if (p->quantile.count) {
        double value = quantile_at(&p->quantile, p->percent / 100);
        if (p->real)
            sqlite3_result_double(ctx, value);
        else
            sqlite3_result_int64(ctx, (sqlite3_int64)value);
    }
    quantile_release(&p->quantile);
}

int query_functions_register(struct query *q)
{
    static const struct {
        const char *name;
        int argc;
        void (*call)(sqlite3_context *, int, sqlite3_value **);
    } functions[] = {
        {"ns", 1, fn_ns},         {"bytes", 1, fn_bytes},         {"hexaddr", 1, fn_hexaddr},
        {"wall", 1, fn_wall},     {"thread_at", 2, fn_thread_at}, {"stack", 1, fn_stack},
        {"folded", 1, fn_folded}, {"site", 1, fn_site},           {"site", 2, fn_site},
    };
    int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        int rc = sqlite3_create_function(q->db, functions[i].name, functions[i].argc, flags, q,
                                         functions[i].call, NULL, NULL);
        if (rc != SQLITE_OK)
            return rc;
    }
    return sqlite3_create_function(q->db, "percentile", 2, flags, q, NULL, percentile_step,
                                   percentile_final);
}
