/* CSV: the tables as `whyprof query` shows them (SELECT * FROM table), a file each:
 * RFC 4180 with a header; "none" is empty, an empty text is "". */
#include "base/file.h"
#include "export/export.h"
#include "export/text.h"
#include "query/scan.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    PROGRESS_EVERY = 65536
};

static void put_quoted(struct text *x, const char *s, size_t len)
{
    text_putc(x, '"');
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '"')
            text_putc(x, '"');
        text_putc(x, s[i]);
    }
    text_putc(x, '"');
}

static void put_text(struct text *x, const char *s)
{
    size_t len = strlen(s);
    if (len && s[0] != ' ' && s[len - 1] != ' ' && !strpbrk(s, ",\"\r\n"))
        text_put(x, s, len);
    else
        put_quoted(x, s, len);
}

/* 15 digits where they read back as the same number, else 17. */
static void put_real(struct text *x, uint64_t word)
{
    char digits[TEXT_NUMBER];
    double d;
    memcpy(&d, &word, sizeof d);
    snprintf(digits, sizeof digits, "%.15g", d);
    if (strtod(digits, NULL) != d)
        snprintf(digits, sizeof digits, "%.17g", d);
    text_lit(x, digits);
    if (d - d == 0 && !strpbrk(digits, ".e"))
        text_lit(x, ".0");
}

static void put_word(struct text *x, const struct trace *t, const struct query_column *c,
                     uint64_t word)
{
    const char *name;
    if (c->kind == TRACE_STR)
        put_text(x, trace_string(t, word));
    else if (c->kind == TRACE_F64)
        put_real(x, word);
    else if (query_is_enum(c->kind) && (name = trace_enum_name(c->kind, word)))
        put_text(x, name);
    else
        text_i64(x, (int64_t)word);
}

static void put_head(struct text *x, const struct query_table *table)
{
    for (unsigned i = 0; i < table->count; i++) {
        if (i)
            text_putc(x, ',');
        text_lit(x, table->columns[i].name);
    }
    text_putc(x, '\n');
}

static void set_range(struct query_scan *s, struct analyze_range range)
{
    s->ts_max = range.end_ns - 1;
    if (s->table->table == TRACE_THREAD_STATE_TABLE)
        s->end_min = range.begin_ns;
    else
        s->ts_min = range.begin_ns;
}

static bool put_rows(struct text *x, struct query_scan *s, const struct export_options *options,
                     uint64_t *rows, struct err *err)
{
    const struct trace *t = s->data->trace;
    uint64_t total = trace_table_rows(t, s->table->table);
    query_scan_start(s);
    for (uint64_t n = 0; query_scan_next(s); n++, ++*rows) {
        for (unsigned i = 0; i < s->table->count; i++) {
            const struct query_column *c = &s->table->columns[i];
            bool null;
            uint64_t word = query_scan_word(s, c, &null);
            if (i)
                text_putc(x, ',');
            if (!null)
                put_word(x, t, c, word);
        }
        text_putc(x, '\n');
        if (n % PROGRESS_EVERY == 0 && !progress_step(options->progress, s->table->name, n, total))
            return err_set(err, "stopped");
        if (export_out_failed(x->out))
            break;
    }
    return true;
}

/* Table `stack`: a row for each frame of each stack. */
static void put_stacks(struct text *x, const struct trace *t, const struct query_table *table,
                       uint64_t *rows)
{
    struct trace_cursor stacks = trace_cursor(t, TRACE_STACK_TABLE, 0);
    struct trace_cursor nodes = trace_cursor(t, TRACE_STACK_NODE_TABLE, 0);
    struct trace_cursor frames = trace_cursor(t, TRACE_FRAME_TABLE, 0);
    for (uint64_t stack = 1; stack < stacks.total_rows && !stacks.damaged; stack++) {
        uint64_t node = trace_get(&stacks, stack, TRACE_STACK_node), parent;
        for (uint64_t depth = 0; node && node < nodes.total_rows; depth++, ++*rows) {
            uint64_t frame = trace_get(&nodes, node, TRACE_STACK_NODE_frame);
            text_u64(x, stack);
            text_putc(x, ',');
            text_u64(x, depth);
            for (unsigned i = QUERY_STACK_FRAME_COLUMNS; i < QUERY_STACK_FRAME_ID; i++) {
                const struct query_column *c = &table->columns[i];
                text_putc(x, ',');
                if (frame < frames.total_rows &&
                    !(c->nullable && trace_get(&frames, frame, c->null_word) == c->null_value))
                    put_word(x, t, c, trace_get(&frames, frame, c->word));
            }
            text_putc(x, ',');
            text_u64(x, frame);
            text_putc(x, '\n');
            parent = trace_get(&nodes, node, TRACE_STACK_NODE_parent);
            node = parent < node ? parent : 0; /* smaller in a sound file */
        }
    }
}

static bool write_table(struct trace *t, enum trace_table number,
                        const struct export_options *options, struct export_out *out,
                        uint64_t *rows, struct err *err)
{
    struct text x = {.out = out};
    struct query_data data;
    struct query_table table;
    bool ok = true;
    if (number == TRACE_STACK_TABLE) {
        query_table_init_stack(&table);
        put_head(&x, &table);
        put_stacks(&x, t, &table, rows);
    } else {
        query_data_init(&data, t);
        query_table_init(&table, number);
        struct query_scan scan = {.data = &data, .table = &table};
        query_scan_clear(&scan);
        if (table.ts >= 0)
            set_range(&scan, options->range);
        put_head(&x, &table);
        ok = put_rows(&x, &scan, options, rows, err);
        query_scan_release(&scan);
        query_data_release(&data);
    }
    text_release(&x);
    return ok;
}

static bool find_table(const char *name, enum trace_table *table, struct err *err)
{
    char names[512] = "";
    for (int i = 0; i < TRACE_TABLE_COUNT; i++) {
        if (!strcmp(trace_tables[i].name, name)) {
            *table = (enum trace_table)i;
            return true;
        }
        size_t len = strlen(names);
        snprintf(names + len, sizeof names - len, "%s%s", len ? ", " : "", trace_tables[i].name);
    }
    err_set(err, "there is no table '%s'", name);
    return err_hint(err, "tables: %s", names);
}

bool export_csv_check(const struct export_options *options, struct err *err)
{
    enum trace_table table;
    return !options->table || find_table(options->table, &table, err);
}

bool export_csv(struct trace *t, const struct export_options *options, struct export_out *out,
                uint64_t *events, struct err *err)
{
    enum trace_table table;
    return find_table(options->table, &table, err) &&
           write_table(t, table, options, out, events, err);
}

static bool write_file(struct trace *t, enum trace_table table, const char *folder,
                       const struct export_options *options, struct export_result *result,
                       struct err *err)
{
    char *path;
    if (asprintf(&path, "%s/%s.csv", folder, trace_tables[table].name) < 0)
        abort(); /* no memory */
    struct export_out *out = export_out_open(path, err);
    bool ok = out != NULL;
    if (out &&
        (!write_table(t, table, options, out, &result->events, err) || trace_damage(t, err))) {
        export_out_discard(out);
        ok = false;
    } else if (out) {
        result->bytes += export_out_bytes(out);
        result->parts++;
        ok = export_out_commit(out, err);
    }
    free(path);
    return ok;
}

bool export_csv_folder(struct trace *t, const char *folder, const struct export_options *options,
                       struct export_result *result, struct err *err)
{
    *result = (struct export_result){0};
    if (!strcmp(folder, "-")) {
        err_set(err, "the standard output cannot take several tables");
        return err_hint(err, "choose one with --table, or give a folder to -o");
    }
    if (!file_make_dirs(folder, err))
        return false;
    bool ok = true;
    for (int i = 0; i < TRACE_TABLE_COUNT && ok; i++)
        if (trace_table_rows(t, (enum trace_table)i))
            ok = write_file(t, (enum trace_table)i, folder, options, result, err);
    return ok;
}
