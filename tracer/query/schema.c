#include "query/schema.h"

#include <stdio.h>
#include <string.h>

/* Words that mean "none", where the column's kind does not say so already. */
static const struct null_rule {
    enum trace_table table;
    unsigned column;
    unsigned null_word;
    uint64_t null_value;
} null_rules[] = {
#define RULE(TABLE, column, other, value)                                                          \
    {                                                                                              \
        TRACE_##TABLE##_TABLE, TRACE_##TABLE##_##column, TRACE_##TABLE##_##other,                  \
            (uint64_t)(value)                                                                      \
    }
    RULE(PROCESS, exit_status, exit_status, -1),
    RULE(THREAD, cpu_ns, cpu_ns, 0),
    RULE(THREAD_STATE, cpu, cpu, -1),
    RULE(SYSCALL, object, object, 0),
    RULE(LOCK, name, name, 0),
    RULE(ALLOC, free_ts, free_tid, 0),
    RULE(WAKEUP, cpu, cpu, -1),
    RULE(REGION, task_id, task_id, 0),
    RULE(TASK, parent_id, parent_id, 0),
    RULE(FRAME, function, function, 0),
    RULE(FRAME, file, file, 0),
    RULE(FRAME, line, line, 0),
    RULE(FRAME, module, module, 0),
    RULE(LOST, cpu, cpu, -1),
#undef RULE
};

static const char *const about[TRACE_TABLE_COUNT] = {
    [TRACE_META_TABLE] = "facts about the trace: host, start, mechanisms, losses",
    [TRACE_PROCESS_TABLE] = "processes",
    [TRACE_THREAD_TABLE] = "threads",
    [TRACE_THREAD_STATE_TABLE] = "running, runnable, blocked: every instant of each thread",
    [TRACE_SYSCALL_TABLE] = "system calls with arguments and result",
    [TRACE_LOCK_WAIT_TABLE] = "waits for locks, and who held them",
    [TRACE_LOCK_HOLD_TABLE] = "locks held",
    [TRACE_LOCK_TABLE] = "totals of each lock",
    [TRACE_ALLOC_TABLE] = "allocations; weight says how many a row stands for",
    [TRACE_SAMPLE_TABLE] = "CPU samples",
    [TRACE_WAKEUP_TABLE] = "who woke whom",
    [TRACE_REGION_TABLE] = "the program's own regions (whyprof.h)",
    [TRACE_TASK_TABLE] = "the program's own tasks",
    [TRACE_COUNTER_TABLE] = "the program's own counters",
    [TRACE_MESSAGE_TABLE] = "the program's own messages",
    [TRACE_STACK_TABLE] = "call stacks, a row for each frame; depth 0 is the leaf",
    [TRACE_STACK_NODE_TABLE] = "the tree that the stacks are stored as",
    [TRACE_FRAME_TABLE] = "distinct frames",
    [TRACE_LOST_TABLE] = "events that could not be recorded",
    [TRACE_EVENT_COUNT_TABLE] = "events read, by class",
    [TRACE_MODULE_TABLE] = "program and libraries as they were mapped",
    [TRACE_STATE_TOTAL_TABLE] = "running totals of thread_state, for level of detail",
};

/* Tables that other tables name by a value, as tid or lock address. */
static int key_word(enum trace_table table)
{
    switch (table) {
    case TRACE_PROCESS_TABLE:
        return TRACE_PROCESS_pid;
    case TRACE_THREAD_TABLE:
        return TRACE_THREAD_tid;
    case TRACE_LOCK_TABLE:
        return TRACE_LOCK_lock;
    case TRACE_TASK_TABLE:
        return TRACE_TASK_task_id;
    default:
        return -1;
    }
}

static void set_null_rule(struct query_column *c, enum trace_table table)
{
    if (c->kind == TRACE_TID || c->kind == TRACE_STACK || c->kind == TRACE_REASON) {
        c->nullable = true;
        c->null_word = c->word;
        return;
    }
    for (size_t i = 0; i < sizeof null_rules / sizeof *null_rules; i++) {
        const struct null_rule *r = &null_rules[i];
        if (r->table == table && r->column == c->word) {
            c->nullable = true;
            c->null_word = r->null_word;
            c->null_value = r->null_value;
        }
    }
}

static void add(struct query_table *t, const char *name, enum query_source source,
                enum trace_kind kind)
{
    t->columns[t->count++] = (struct query_column){.name = name, .source = source, .kind = kind};
}

static void add_word(struct query_table *t, unsigned word)
{
    const struct trace_column_info *info = &trace_tables[t->table].column[word];
    bool setting = t->table == TRACE_META_TABLE && word == TRACE_META_value;
    add(t, info->name, setting ? QUERY_SETTING : QUERY_WORD, info->kind);
    struct query_column *c = &t->columns[t->count - 1];
    c->word = word;
    set_null_rule(c, t->table);
    if ((int)word == trace_tables[t->table].ts_column)
        t->ts = (int)t->count - 1;
    if ((int)word == key_word(t->table))
        t->key = (int)t->count - 1;
    if (t->table == TRACE_THREAD_STATE_TABLE && word == TRACE_THREAD_STATE_ts)
        add(t, "dur", QUERY_STATE_DUR, TRACE_DUR);
}

/* The number of a row in these tables is its name elsewhere. */
static const char *row_name(enum trace_table table)
{
    switch (table) {
    case TRACE_THREAD_TABLE:
        return "thread_id";
    case TRACE_STACK_NODE_TABLE:
        return "node_id";
    case TRACE_FRAME_TABLE:
        return "frame_id";
    default:
        return NULL;
    }
}

/* The file's column that is the SQL table's n-th: SQL promises another order in places. */
static unsigned nth_word(enum trace_table table, unsigned n)
{
    if (table == TRACE_COUNTER_TABLE && n < 2)
        return n == 0 ? TRACE_COUNTER_name : TRACE_COUNTER_ts;
    if (table == TRACE_PROCESS_TABLE && n >= TRACE_PROCESS_ppid) /* ppid comes last */
        return n + 1 < TRACE_PROCESS_COLUMNS ? n + 1 : TRACE_PROCESS_ppid;
    return n;
}

void query_table_init(struct query_table *t, enum trace_table table)
{
    const struct trace_table_info *info = &trace_tables[table];
    *t = (struct query_table){
        .name = info->name, .about = about[table], .table = table, .key = -1, .ts = -1};
    if (!t->about)
        t->about = "";
    if (info->by_thread)
        add(t, "tid", QUERY_TID, TRACE_TID);
    for (unsigned n = 0; n < info->columns; n++)
        add_word(t, nth_word(table, n));
    if (table == TRACE_THREAD_STATE_TABLE)
        add(t, "ts_end", QUERY_STATE_END, TRACE_TS);
    if (info->by_thread) {
        add(t, "pid", QUERY_PID, TRACE_TID);
        add(t, "thread_id", QUERY_THREAD, TRACE_U64);
    }
    if (row_name(table))
        add(t, row_name(table), QUERY_ROW, TRACE_U64);
}

void query_table_init_stack(struct query_table *t)
{
    *t = (struct query_table){.name = trace_tables[TRACE_STACK_TABLE].name,
                              .about = about[TRACE_STACK_TABLE],
                              .table = TRACE_FRAME_TABLE,
                              .key = -1,
                              .ts = -1};
    add(t, "stack_id", QUERY_WORD, TRACE_STACK);
    add(t, "depth", QUERY_WORD, TRACE_U64);
    for (unsigned word = 0; word < TRACE_FRAME_COLUMNS; word++)
        add_word(t, word);
    add(t, "frame_id", QUERY_WORD, TRACE_FRAME);
}

bool query_is_enum(enum trace_kind kind)
{
    return trace_enum_name(kind, 0) != NULL;
}

bool query_is_text(const struct query_column *c)
{
    return c->kind == TRACE_STR || query_is_enum(c->kind);
}

const char *query_type(const struct query_column *c)
{
    if (c->source == QUERY_SETTING)
        return "NUMERIC";
    if (query_is_text(c))
        return "TEXT";
    if (c->kind == TRACE_F64)
        return "REAL";
    return c->kind == TRACE_HEX ? QUERY_ADDRESS_TYPE : "INTEGER";
}

static void put_enum_names(enum trace_kind kind, bool skip_first, struct strbuf *out)
{
    const char *name;
    for (uint64_t v = skip_first; (name = trace_enum_name(kind, v)); v++)
        strbuf_printf(out, "%s%s", v > skip_first ? ", " : "", name);
}

/* What a column holds, as far as its kind tells. */
static void put_meaning(const struct query_column *c, struct strbuf *out)
{
    switch (c->kind) {
    case TRACE_TS:
        strbuf_puts(out, "ns since the trace's start");
        break;
    case TRACE_DUR:
        strbuf_puts(out, "ns");
        break;
    case TRACE_HEX:
        strbuf_puts(out, "above 2^63: negative; hexaddr() shows it");
        break;
    case TRACE_STACK:
        strbuf_puts(out, "stack.stack_id");
        break;
    case TRACE_NODE:
        strbuf_puts(out, "stack_node.node_id");
        break;
    case TRACE_FRAME:
        strbuf_puts(out, "frame.frame_id");
        break;
    default:
        if (c->source == QUERY_THREAD)
            strbuf_puts(out, "thread.thread_id: right also where a tid was used twice");
        else
            put_enum_names(c->kind, c->kind == TRACE_REASON, out);
    }
    if (c->nullable)
        strbuf_puts(out, out->p[out->len - 1] == ' ' ? "or NULL" : "; or NULL");
}

static void put_comment(const struct query_column *c, struct strbuf *out)
{
    size_t start = out->len;
    strbuf_puts(out, " -- ");
    size_t empty = out->len;
    put_meaning(c, out);
    if (out->len == empty) {
        out->len = start;
        out->p[start] = '\0';
    }
}

void query_table_sql(const struct query_table *t, bool comments, struct strbuf *out)
{
    strbuf_printf(out, "CREATE TABLE %s(", t->name);
    for (unsigned i = 0; i < t->count; i++) {
        const struct query_column *c = &t->columns[i];
        const char *comma = i + 1 < t->count ? "," : "";
        strbuf_printf(out, comments ? "\n    %s %s%s" : "\"%s\" %s%s", c->name, query_type(c),
                      comma);
        if (comments)
            put_comment(c, out);
    }
    strbuf_puts(out, comments ? "\n);\n" : ")");
}
