#include "trace/dump.h"

#include <inttypes.h>

/* Quoted as in C, so that a row stays on its line whatever a program calls its threads. */
static void print_string(const char *s, FILE *out)
{
    putc_unlocked('"', out);
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c == '\n')
            fputs("\\n", out);
        else if (c < 0x20 || c == 0x7f)
            fprintf(out, "\\x%02x", c);
        else
            putc_unlocked(c, out);
    }
    putc_unlocked('"', out);
}

static void print_value(const struct trace *t, enum trace_kind kind, uint64_t word, FILE *out)
{
    const char *name = trace_enum_name(kind, word);
    double real;
    switch (kind) {
    case TRACE_STR:
        print_string(trace_string(t, word), out);
        break;
    case TRACE_I64:
        fprintf(out, "%" PRId64, (int64_t)word);
        break;
    case TRACE_HEX:
        fprintf(out, "0x%" PRIx64, word);
        break;
    case TRACE_F64:
        memcpy(&real, &word, sizeof real);
        fprintf(out, "%.17g", real);
        break;
    default:
        if (name)
            fputs(name, out);
        else
            fprintf(out, "%" PRIu64, word);
    }
}

/* Rows of these tables are named by their number elsewhere. */
static bool is_numbered(enum trace_table table)
{
    return table == TRACE_STACK_TABLE || table == TRACE_STACK_NODE_TABLE ||
           table == TRACE_FRAME_TABLE;
}

static void print_row(struct trace_cursor *c, uint64_t row, uint64_t tid, FILE *out)
{
    const struct trace_table_info *info = &trace_tables[c->table];
    fputs(info->name, out);
    if (info->by_thread)
        fprintf(out, " tid=%" PRIu64, tid);
    if (is_numbered(c->table))
        fprintf(out, " #%" PRIu64, row);
    for (unsigned col = 0; col < info->columns; col++) {
        fprintf(out, " %s=", info->column[col].name);
        print_value(c->trace, info->column[col].kind, trace_get(c, row, col), out);
    }
    putc_unlocked('\n', out);
}

static void dump_partition(const struct trace *t, enum trace_table table, uint32_t key,
                           uint64_t tid, FILE *out)
{
    struct trace_cursor c = trace_cursor(t, table, key);
    uint64_t row = 0;
    while (row < c.total_rows && !ferror(out)) {
        uint64_t block_end = row + TRACE_BLOCK_ROWS;
        if (block_end > c.total_rows)
            block_end = c.total_rows;
        if (trace_cursor_load(&c, row))
            for (; row < block_end; row++)
                print_row(&c, row, tid, out);
        row = block_end; /* also behind a damaged block */
    }
}

static void dump_table(const struct trace *t, enum trace_table table, FILE *out)
{
    if (!trace_tables[table].by_thread) {
        dump_partition(t, table, 0, 0, out);
        return;
    }
    struct trace_cursor threads = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    for (uint64_t i = 0; i < threads.total_rows && i <= UINT32_MAX; i++)
        dump_partition(t, table, (uint32_t)i, trace_get(&threads, i, TRACE_THREAD_tid), out);
}

int trace_dump_find(const char *name, struct err *err)
{
    char names[512] = "";
    size_t len = 0;
    for (int i = 0; i < TRACE_TABLE_COUNT; i++) {
        if (!strcmp(name, trace_tables[i].name))
            return i;
        if (len < sizeof names)
            len += (size_t)snprintf(names + len, sizeof names - len, "%s%s", i ? ", " : "",
                                    trace_tables[i].name);
    }
    err_set(err, "there is no table '%s'", name);
    err_hint(err, "tables: %s", names);
    return -1;
}

bool trace_dump(const struct trace *t, int table, FILE *out, struct err *err)
{
    if (table < 0)
        fprintf(out, "trace version=%d duration=%" PRIu64 "\n", TRACE_VERSION_MAJOR,
                trace_duration_ns(t));
    for (int i = 0; i < TRACE_TABLE_COUNT; i++)
        if (table < 0 || table == i)
            dump_table(t, (enum trace_table)i, out);
    if (fflush(out) || ferror(out))
        return err_errno(err, "write the text");
    return !trace_damage(t, err);
}
