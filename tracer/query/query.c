#include "query/query.h"

#include "base/arena.h"
#include "query/internal.h"
#include "query/output.h"

#include <ctype.h>
#include <stdlib.h>

enum {
    MAX_VALUE_BYTES = 64 << 20,
    CARET_WINDOW = 100 /* bytes of a long line shown around an error */
};
static const int64_t heap_limit_bytes = (int64_t)1 << 30;

/* Reading, and views that last as long as the connection. No statement can open
 * a file, attach a database or change a table. */
static int authorize(void *data, int action, const char *a, const char *b, const char *database,
                     const char *trigger)
{
    (void)database, (void)trigger;
    struct query *q = data;
    static const char *const pragmas[] = {"table_info", "table_xinfo", "table_list",
                                          "function_list", "compile_options"};
    if (q->declaring)
        return SQLITE_OK;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
    case SQLITE_CREATE_TEMP_VIEW:
    case SQLITE_DROP_TEMP_VIEW:
        return SQLITE_OK;
    case SQLITE_FUNCTION:
        if (sqlite3_stricmp(b, "load_extension"))
            return SQLITE_OK;
        break;
    case SQLITE_INSERT: /* how a temporary view is noted */
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
        if (!sqlite3_stricmp(a, "sqlite_temp_master"))
            return SQLITE_OK;
        break;
    case SQLITE_PRAGMA:
        for (size_t i = 0; i < sizeof pragmas / sizeof *pragmas; i++)
            if (!sqlite3_stricmp(a, pragmas[i]))
                return SQLITE_OK;
        break;
    default:
        break;
    }
    snprintf(q->denied, sizeof q->denied, "%s",
             action == SQLITE_PRAGMA || action == SQLITE_ATTACH || !a ? "" : a);
    return SQLITE_DENY;
}

static int set_up(struct query *q)
{
    sqlite3_hard_heap_limit64(heap_limit_bytes);
    int rc = sqlite3_open_v2(":memory:", &q->db, SQLITE_OPEN_READWRITE, NULL);
    if (rc == SQLITE_OK)
        rc = query_vtab_register(q);
    if (rc == SQLITE_OK)
        rc = query_stacks_register(q);
    if (rc == SQLITE_OK)
        rc = query_functions_register(q);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_limit(q->db, SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES);
    sqlite3_limit(q->db, SQLITE_LIMIT_ATTACHED, 0);
    return sqlite3_set_authorizer(q->db, authorize, q);
}

struct query *query_open(struct trace *t, struct err *err)
{
    struct query *q = calloc(1, sizeof *q);
    if (!q)
        abort();
    query_data_init(&q->data, t);
    q->sites.trace = t;
    for (int i = 0; i < TRACE_TABLE_COUNT; i++)
        query_table_init(&q->tables[i], (enum trace_table)i);
    query_table_init_stack(&q->tables[TRACE_STACK_TABLE]);
    int rc = set_up(q);
    if (rc == SQLITE_OK)
        return q;
    err_set(err, "start SQLite: %s", sqlite3_errstr(rc));
    query_close(q);
    return NULL;
}

void query_close(struct query *q)
{
    if (!q)
        return;
    sqlite3_close_v2(q->db);
    analyze_sites_release(&q->sites);
    query_data_release(&q->data);
    free(q);
}

void query_interrupt(struct query *q)
{
    q->data.stop = 1;
    sqlite3_interrupt(q->db);
}

/* One query_run. */
struct run {
    struct query *q;
    const char *name;
    const char *sql; /* all of it */
    struct output output;
    uint64_t rows;
    struct err *err;
};

/* The line around a place and a caret below it, as a hint. */
static void hint_place(struct run *r, const char *line, size_t len, size_t column)
{
    size_t from = column > CARET_WINDOW / 2 ? column - CARET_WINDOW / 2 : 0;
    size_t shown = len - from < CARET_WINDOW ? len - from : CARET_WINDOW;
    char text[CARET_WINDOW + 1];
    for (size_t i = 0; i < shown; i++) {
        unsigned char c = (unsigned char)line[from + i];
        text[i] = c < 0x20 || c == 0x7f ? ' ' : (char)c; /* a tab would move the caret */
    }
    text[shown] = '\0';
    size_t caret = 0; /* in characters */
    for (size_t i = from; i < column; i++)
        caret += (line[i] & 0xc0) != 0x80;
    err_hint(r->err, "%s\n  %*s^", text, (int)caret, "");
}

/* Puts the place of r->sql + off before the error. */
static bool fail_at(struct run *r, size_t off)
{
    size_t line_number = 1, line = 0;
    for (size_t i = 0; i < off; i++)
        if (r->sql[i] == '\n') {
            line_number++;
            line = i + 1;
        }
    hint_place(r, r->sql + line, strcspn(r->sql + line, "\n"), off - line);
    return err_wrap(r->err, "%s:%zu:%zu", r->name, line_number, off - line + 1);
}

/* Where in a statement the error is: SQLite says so for most; a table's name can
 * be looked for. */
static size_t error_offset(const struct run *r, const char *statement)
{
    size_t start = (size_t)(statement - r->sql);
    int off = sqlite3_error_offset(r->q->db);
    if (off >= 0)
        return start + (size_t)off;
    const char *message = sqlite3_errmsg(r->q->db);
    if (!strcmp(message, "incomplete input"))
        return strlen(r->sql);
    static const char no_table[] = "no such table: ";
    if (!strncmp(message, no_table, sizeof no_table - 1)) {
        const char *at = strcasestr(statement, message + sizeof no_table - 1);
        if (at)
            return (size_t)(at - r->sql);
    }
    return start;
}

/* Tells a failure of SQLite in a statement. Damage in the file is its own cause. */
static bool fail(struct run *r, const char *statement, int rc)
{
    struct query *q = r->q;
    if (q->data.stop)
        return err_set(r->err, "interrupted");
    if (trace_damage(q->data.trace, r->err))
        return false;
    if ((rc & 0xff) == SQLITE_AUTH) {
        err_set(r->err, "a trace can only be read%s%s%s", *q->denied ? " (" : "", q->denied,
                *q->denied ? ")" : "");
    } else if ((rc & 0xff) == SQLITE_NOMEM) {
        err_set(r->err, "the query needs more than %d MB of memory", (int)(heap_limit_bytes >> 20));
    } else {
        err_set(r->err, "%s", sqlite3_errmsg(q->db));
    }
    return fail_at(r, error_offset(r, statement));
}

static struct output_cell cell_from(sqlite3_stmt *stmt, int i, bool address)
{
    struct output_cell c = {.type = OUTPUT_NULL};
    switch (sqlite3_column_type(stmt, i)) {
    case SQLITE_INTEGER:
        c.type = address ? OUTPUT_ADDRESS : OUTPUT_INT;
        c.integer = sqlite3_column_int64(stmt, i);
        break;
    case SQLITE_FLOAT:
        c.type = OUTPUT_REAL;
        c.real = sqlite3_column_double(stmt, i);
        break;
    case SQLITE_TEXT:
        c.type = OUTPUT_TEXT;
        c.bytes = (const char *)sqlite3_column_text(stmt, i);
        break;
    case SQLITE_BLOB:
        c.type = OUTPUT_BLOB;
        c.bytes = sqlite3_column_blob(stmt, i);
        break;
    default:
        break;
    }
    if (c.type == OUTPUT_TEXT || c.type == OUTPUT_BLOB)
        c.len = (size_t)sqlite3_column_bytes(stmt, i);
    return c;
}

static bool step_rows(struct run *r, sqlite3_stmt *stmt, const char *statement, int columns)
{
    struct output_cell *cells = mem_realloc(NULL, (size_t)columns, sizeof *cells);
    bool *address = mem_realloc(NULL, (size_t)columns, sizeof *address);
    for (int i = 0; i < columns; i++) {
        const char *type = sqlite3_column_decltype(stmt, i);
        address[i] = type && !strcmp(type, QUERY_ADDRESS_TYPE);
    }
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW && !ferror(r->output.out)) {
        for (int i = 0; i < columns; i++)
            cells[i] = cell_from(stmt, i, address[i]);
        output_row(&r->output, cells);
    }
    free(cells);
    free(address);
    if (rc != SQLITE_DONE && rc != SQLITE_ROW)
        return fail(r, statement, rc);
    return !trace_damage(r->q->data.trace, r->err);
}

static bool run_statement(struct run *r, sqlite3_stmt *stmt, const char *statement)
{
    int columns = sqlite3_column_count(stmt);
    if (columns == 0) { /* CREATE TEMP VIEW */
        int rc = sqlite3_step(stmt);
        return rc == SQLITE_DONE || fail(r, statement, rc);
    }
    const char **names = mem_realloc(NULL, (size_t)columns, sizeof *names);
    for (int i = 0; i < columns; i++)
        names[i] = sqlite3_column_name(stmt, i);
    output_begin(&r->output, names, columns);
    free(names);
    bool ok = step_rows(r, stmt, statement, columns);
    output_end(&r->output);
    r->rows += r->output.rows;
    return ok;
}

static int compare_tables(const void *a, const void *b)
{
    const struct query_table *x = *(const struct query_table *const *)a;
    const struct query_table *y = *(const struct query_table *const *)b;
    return strcmp(x->name, y->name);
}

static void print_tables(struct run *r)
{
    static const char *const names[] = {"table", "rows", "about"};
    const struct query_table *sorted[TRACE_TABLE_COUNT];
    for (int i = 0; i < TRACE_TABLE_COUNT; i++)
        sorted[i] = &r->q->tables[i];
    qsort(sorted, TRACE_TABLE_COUNT, sizeof *sorted, compare_tables);
    output_begin(&r->output, names, 3);
    for (int i = 0; i < TRACE_TABLE_COUNT; i++) {
        const struct query_table *t = sorted[i];
        uint64_t rows = trace_table_rows(r->q->data.trace, t->table);
        bool flattened =
            t == &r->q->tables[TRACE_STACK_TABLE]; /* its rows are not counted anywhere */
        struct output_cell cells[] = {
            {.type = OUTPUT_TEXT, .bytes = t->name, .len = strlen(t->name)},
            {.type = flattened ? OUTPUT_NULL : OUTPUT_INT, .integer = (int64_t)rows},
            {.type = OUTPUT_TEXT, .bytes = t->about, .len = strlen(t->about)},
        };
        output_row(&r->output, cells);
    }
    output_end(&r->output);
}

static bool print_schema(struct run *r, const char *name, size_t len, size_t off)
{
    struct strbuf sql = {0};
    for (int i = 0; i < TRACE_TABLE_COUNT; i++) {
        const struct query_table *t = &r->q->tables[i];
        if (!len || (strlen(t->name) == len && !sqlite3_strnicmp(t->name, name, (int)len)))
            query_table_sql(t, true, &sql);
    }
    fputs(strbuf_str(&sql), r->output.out);
    bool found = sql.len > 0;
    strbuf_release(&sql);
    if (found)
        return true;
    err_set(r->err, "no such table: %.*s (.tables lists them)", (int)len, name);
    return fail_at(r, off);
}

static bool is_word(const char *p, size_t len, const char *word)
{
    return len == strlen(word) && !memcmp(p, word, len);
}

/* Runs the dot command at *p and moves behind its line. */
static bool run_dot(struct run *r, const char **p)
{
    const char *command = *p;
    size_t line = strcspn(command, "\n");
    *p += line;
    while (line && (isspace((unsigned char)command[line - 1]) || command[line - 1] == ';'))
        line--;
    size_t word = strcspn(command, " \t\n;");
    word = word < line ? word : line;
    size_t arg = word + strspn(command + word, " \t");
    arg = arg < line ? arg : line;
    if (is_word(command, word, ".tables") && arg == line) {
        print_tables(r);
        return true;
    }
    if (is_word(command, word, ".schema"))
        return print_schema(r, command + arg, line - arg, (size_t)(command + arg - r->sql));
    err_set(r->err, "'%.*s' is no command: there are .tables and .schema [TABLE]", (int)line,
            command);
    return fail_at(r, (size_t)(command - r->sql));
}

/* Behind white space, semicolons and comments. */
static const char *skip_blank(const char *p)
{
    for (;;) {
        if (isspace((unsigned char)*p) || *p == ';') {
            p++;
        } else if (p[0] == '-' && p[1] == '-') {
            p += strcspn(p, "\n");
        } else if (p[0] == '/' && p[1] == '*') {
            const char *end = strstr(p + 2, "*/");
            p = end ? end + 2 : p + strlen(p);
        } else {
            return p;
        }
    }
}

static bool run_all(struct run *r)
{
    for (const char *p = skip_blank(r->sql); *p; p = skip_blank(p)) {
        if (*p == '.') {
            if (!run_dot(r, &p))
                return false;
            continue;
        }
        sqlite3_stmt *stmt;
        const char *tail;
        int rc = sqlite3_prepare_v2(r->q->db, p, -1, &stmt, &tail);
        if (rc != SQLITE_OK)
            return fail(r, p, rc);
        bool ok = !stmt || run_statement(r, stmt, p);
        sqlite3_finalize(stmt);
        if (!ok)
            return false;
        p = tail;
    }
    return true;
}

bool query_run(struct query *q, const char *name, const char *sql, enum query_format format,
               FILE *out, struct query_result *result, struct err *err)
{
    struct err unused;
    struct run r = {.q = q, .name = name, .sql = sql, .err = err ? err : &unused};
    *r.err = (struct err){0};
    output_init(&r.output, format, out);
    bool ok = run_all(&r);
    output_release(&r.output);
    *result = (struct query_result){.rows = r.rows, .interrupted = q->data.stop};
    if (ok && (fflush(out) || ferror(out)))
        return err_errno(r.err, "write the result");
    return ok;
}
