/* plan: which of a query's constraints a scan takes on, and what that costs.
 * A plan goes from xBestIndex to xFilter as two characters for each value: what
 * to do with it, and the column ('A' is the first). */
#include "query/internal.h"
#include "query/scan.h"

#include <math.h>

enum {
    STEP_EQUAL = 'e', /* column = value */
    STEP_IN = 'i',    /* column in the values, all at once */
    STEP_KEY = 'k',   /* the same as e, by the table's index */
    STEP_ROW = 'r',   /* row number = value */
    STEP_GE = 'g',    /* ts or ts_end */
    STEP_GT = 'G',
    STEP_LE = 'l',
    STEP_LT = 'L',
    /* The plan's number. */
    PLAN_DOWN = 1,        /* backwards in time */
    PLAN_GROUP = 2,       /* grouped by enum columns within each thread */
    PLAN_GROUP_WHOLE = 4, /* the same in the whole table */
    PLAN_COLUMNS = 8,     /* number / PLAN_COLUMNS: the columns, 5 bits each, counted from 1 */
};

struct plan {
    const struct query_table *table;
    struct query_data *data;
    sqlite3_index_info *info;
    char steps[2 * 32 + 1];
    int step_count;
    bool one_row;    /* by number */
    bool by_key;     /* by the table's index */
    bool one_thread; /* one partition */
    bool one_tid;    /* as many partitions as threads had that tid */
    bool few_threads;
    bool one_time;
    bool has_min, has_max;
    double min_ns, max_ns; /* the bounds where they are literals, else NAN */
    int filters;
};

static bool add_step(struct plan *p, int constraint, char step, int column)
{
    if ((size_t)p->step_count * 2 + 2 >= sizeof p->steps)
        return false;
    p->steps[p->step_count * 2] = step;
    p->steps[p->step_count * 2 + 1] = (char)('A' + column);
    p->info->aConstraintUsage[constraint].argvIndex = ++p->step_count;
    return true;
}

static bool by_thread(const struct plan *p)
{
    return trace_tables[p->table->table].by_thread;
}

static void note_thread(struct plan *p, enum query_source source, bool in)
{
    if (in || source == QUERY_PID)
        p->few_threads = true;
    else if (source == QUERY_TID)
        p->one_tid = true;
    else
        p->one_thread = true;
}

static void plan_equal(struct plan *p, int i, int column)
{
    const struct query_column *c = &p->table->columns[column];
    bool in = sqlite3_vtab_in(p->info, i, -1);
    bool of_thread = c->source == QUERY_TID || c->source == QUERY_PID || c->source == QUERY_THREAD;
    if (c->source == QUERY_ROW) {
        p->one_row |= add_step(p, i, STEP_ROW, column);
    } else if (column == p->table->ts) {
        p->one_time |= add_step(p, i, STEP_EQUAL, column);
    } else if (column == p->table->key && !p->by_key &&
               trace_rows(p->data->trace, p->table->table, 0) <= QUERY_MAX_LOOKUP_ROWS) {
        p->by_key = add_step(p, i, STEP_KEY, column);
    } else if (of_thread || (c->source == QUERY_WORD && c->kind != TRACE_F64)) {
        if (query_is_text(c) && sqlite3_stricmp(sqlite3_vtab_collation(p->info, i), "BINARY"))
            return;
        if (p->filters == QUERY_MAX_FILTERS || !add_step(p, i, in ? STEP_IN : STEP_EQUAL, column))
            return;
        if (in)
            sqlite3_vtab_in(p->info, i, 1);
        p->filters++;
        if (of_thread)
            note_thread(p, c->source, in);
    }
}

/* The constraint's right side where it is a literal number. */
static double literal(const struct plan *p, int i)
{
    sqlite3_value *value;
    if (sqlite3_vtab_rhs_value(p->info, i, &value) != SQLITE_OK || !value ||
        sqlite3_value_numeric_type(value) == SQLITE_NULL)
        return NAN;
    return sqlite3_value_double(value);
}

static void plan_bound(struct plan *p, int i, int column, char step)
{
    bool lower = step == STEP_GE || step == STEP_GT;
    bool end = p->table->columns[column].source == QUERY_STATE_END;
    if (column != p->table->ts && !(end && lower))
        return;
    if (!add_step(p, i, step, column))
        return;
    if (lower) {
        p->has_min = true;
        p->min_ns = literal(p, i);
    } else {
        p->has_max = true;
        p->max_ns = literal(p, i);
    }
}

static void plan_constraint(struct plan *p, int i)
{
    int column = p->info->aConstraint[i].iColumn;
    unsigned char op = p->info->aConstraint[i].op;
    if (column < 0) {
        if (op == SQLITE_INDEX_CONSTRAINT_EQ && !by_thread(p))
            p->one_row |= add_step(p, i, STEP_ROW, 0);
        return;
    }
    switch (op) {
    case SQLITE_INDEX_CONSTRAINT_EQ:
        plan_equal(p, i, column);
        break;
    case SQLITE_INDEX_CONSTRAINT_GE:
        plan_bound(p, i, column, STEP_GE);
        break;
    case SQLITE_INDEX_CONSTRAINT_GT:
        plan_bound(p, i, column, STEP_GT);
        break;
    case SQLITE_INDEX_CONSTRAINT_LE:
        plan_bound(p, i, column, STEP_LE);
        break;
    case SQLITE_INDEX_CONSTRAINT_LT:
        plan_bound(p, i, column, STEP_LT);
        break;
    default:
        break;
    }
}

/* What part of the rows the bounds on time leave. */
static double time_share(const struct plan *p)
{
    double duration = (double)trace_duration_ns(p->data->trace) + 1;
    double min = p->has_min && !isnan(p->min_ns) ? fmax(p->min_ns, 0) : 0;
    double max = p->has_max && !isnan(p->max_ns) ? fmin(p->max_ns, duration) : duration;
    double share = max > min ? (max - min) / duration : 0;
    if (p->has_min && isnan(p->min_ns))
        share /= 4; /* a value from another table: usually a narrow join */
    if (p->has_max && isnan(p->max_ns))
        share /= 4;
    return share;
}

static void estimate(const struct plan *p)
{
    double rows = (double)trace_table_rows(p->data->trace, p->table->table);
    double threads = p->data->threads ? p->data->threads : 1;
    double parts = by_thread(p) ? threads : 1;
    if (by_thread(p) && (p->one_thread || p->one_tid)) {
        rows /= threads;
        parts = 1;
    } else if (p->few_threads) {
        rows /= 2;
    }
    rows *= p->one_time ? 1e-6 : time_share(p);
    if (p->by_key)
        rows = rows < 2 ? rows : 2;
    if (p->one_row)
        rows = rows < 1 ? rows : 1;
    double yielded = rows / pow(4, p->filters);
    p->info->estimatedCost = 4 + parts + 0.2 * rows + yielded; /* a row passed over is cheap */
    p->info->estimatedRows = (sqlite3_int64)yielded + 1;
    if (p->one_row && !by_thread(p))
        p->info->idxFlags = SQLITE_INDEX_SCAN_UNIQUE;
}

static bool one_partition(const struct plan *p)
{
    return !by_thread(p) || p->one_thread || (p->one_tid && query_tids_unique(p->data));
}

/* Whether rows come in the order asked for: by time in one partition, or by thread
 * and then by time. */
static bool order_holds(const struct plan *p, int *number)
{
    const struct sqlite3_index_orderby *by = p->info->aOrderBy;
    int n = p->info->nOrderBy;
    int ts = p->table->ts;
    if (ts < 0 || by[0].iColumn < 0)
        return false;
    if (n == 1 && by[0].iColumn == ts && one_partition(p)) {
        *number = by[0].desc ? PLAN_DOWN : 0;
        return true;
    }
    return n <= 2 && p->table->columns[by[0].iColumn].source == QUERY_THREAD && !by[0].desc &&
           (n == 1 || (by[1].iColumn == ts && !by[1].desc));
}

/* Whether rows with equal values in the columns of GROUP BY or DISTINCT come, or can
 * be made to come, side by side: threads do, values of enums can. */
static bool groups_hold(const struct plan *p, int *number)
{
    int groups = 0, columns = 0;
    bool threads = one_partition(p), pids = false;
    for (int i = 0; i < p->info->nOrderBy; i++) {
        int column = p->info->aOrderBy[i].iColumn;
        const struct query_column *c = column < 0 ? NULL : &p->table->columns[column];
        if (c && c->source == QUERY_WORD && query_is_enum(c->kind) && groups < QUERY_MAX_GROUPS) {
            columns = columns << 5 | (column + 1);
            groups++;
        } else if (c && (c->source == QUERY_THREAD ||
                         (c->source == QUERY_TID && query_tids_unique(p->data)))) {
            threads = true;
        } else if (c && c->source == QUERY_PID) {
            pids = true;
        } else {
            return false;
        }
    }
    if (pids && !threads)
        return false;
    if (groups)
        *number = columns * PLAN_COLUMNS + (threads ? PLAN_GROUP : PLAN_GROUP_WHOLE);
    return true;
}

static bool order_consumed(const struct plan *p, int *number)
{
    if (p->info->nOrderBy == 0 || p->by_key)
        return false;
    int distinct = sqlite3_vtab_distinct(p->info);
    bool groups_suffice = distinct == 1 || distinct == 2;
    return order_holds(p, number) || (groups_suffice && groups_hold(p, number));
}

int query_plan(struct query_data *d, const struct query_table *t, sqlite3_index_info *info)
{
    struct plan p = {.table = t, .data = d, .info = info, .min_ns = NAN, .max_ns = NAN};
    for (int i = 0; i < info->nConstraint; i++)
        if (info->aConstraint[i].usable)
            plan_constraint(&p, i);
    estimate(&p);
    info->idxNum = 0;
    info->orderByConsumed = order_consumed(&p, &info->idxNum);
    info->idxStr = sqlite3_mprintf("%s", p.steps);
    info->needToFreeIdxStr = 1;
    return info->idxStr ? SQLITE_OK : SQLITE_NOMEM;
}

/* The number of an enum's name. */
static enum query_found enum_word(enum trace_kind kind, const char *text, uint64_t *word)
{
    const char *name;
    for (uint64_t v = 0; (name = trace_enum_name(kind, v)); v++)
        if (!strcmp(name, text)) {
            *word = v;
            return QUERY_FOUND;
        }
    return *text >= '0' && *text <= '9' ? QUERY_UNKNOWN : QUERY_ABSENT;
}

static enum query_found text_word(struct query_data *d, const struct query_column *c,
                                  sqlite3_value *value, uint64_t *word)
{
    if (sqlite3_value_type(value) != SQLITE_TEXT)
        return QUERY_UNKNOWN;
    const char *text = (const char *)sqlite3_value_text(value);
    if (!text)
        return QUERY_UNKNOWN;
    if (query_is_enum(c->kind))
        return enum_word(c->kind, text, word);
    return query_find_string(d, text, (size_t)sqlite3_value_bytes(value), word);
}

/* The word that makes the column equal to a value. */
static enum query_found value_word(struct query_data *d, const struct query_column *c,
                                   sqlite3_value *value, uint64_t *word)
{
    if (sqlite3_value_type(value) == SQLITE_NULL)
        return QUERY_ABSENT; /* equal to nothing */
    if (query_is_text(c))
        return text_word(d, c, value, word);
    switch (sqlite3_value_numeric_type(value)) {
    case SQLITE_INTEGER:
        *word = (uint64_t)sqlite3_value_int64(value);
        return QUERY_FOUND;
    case SQLITE_FLOAT: {
        double real = sqlite3_value_double(value);
        if (real != floor(real))
            return QUERY_ABSENT;
        if (fabs(real) > 9e15)
            return QUERY_UNKNOWN;
        *word = (uint64_t)(int64_t)real;
        return QUERY_FOUND;
    }
    default:
        return QUERY_UNKNOWN;
    }
}

static void apply_equal(struct query_scan *s, const struct query_column *c, sqlite3_value *value)
{
    uint64_t word;
    enum query_found found = value_word(s->data, c, value, &word);
    if (found == QUERY_ABSENT)
        s->nothing = true;
    struct query_filter *f = found == QUERY_FOUND ? query_scan_filter(s, c) : NULL;
    if (f)
        query_filter_add(f, word);
}

static void apply_in(struct query_scan *s, const struct query_column *c, sqlite3_value *list)
{
    struct query_filter *f = query_scan_filter(s, c);
    sqlite3_value *value;
    if (!f)
        return;
    for (int rc = sqlite3_vtab_in_first(list, &value); rc == SQLITE_OK && value;
         rc = sqlite3_vtab_in_next(list, &value)) {
        uint64_t word;
        enum query_found found = value_word(s->data, c, value, &word);
        if (found == QUERY_UNKNOWN) {
            s->filter_count--; /* no help then */
            return;
        }
        if (found == QUERY_FOUND)
            query_filter_add(f, word);
    }
}

static void apply_key(struct query_scan *s, const struct query_column *c, sqlite3_value *value)
{
    uint64_t word;
    enum query_found found = value_word(s->data, c, value, &word);
    if (found == QUERY_ABSENT)
        s->nothing = true;
    if (found != QUERY_FOUND)
        return;
    s->by_key = true;
    s->key_rows = query_find_key(s->data, s->table->table, c->word, word, &s->key_count);
}

static void apply_row(struct query_scan *s, sqlite3_value *value)
{
    static const struct query_column number = {.kind = TRACE_U64};
    uint64_t word;
    enum query_found found = value_word(s->data, &number, value, &word);
    if (found == QUERY_ABSENT || (found == QUERY_FOUND && word >= (uint64_t)1 << 63))
        s->nothing = true;
    else if (found == QUERY_FOUND)
        s->only_row = word;
}

/* A number as a whole one: rounded up for lower bounds, down for upper ones.
 * Fractions make a strict bound (>, <) an inclusive one. */
static bool whole_number(sqlite3_value *value, bool up, bool *strict, int64_t *whole)
{
    if (sqlite3_value_numeric_type(value) == SQLITE_INTEGER) {
        *whole = sqlite3_value_int64(value);
        return true;
    }
    double real = sqlite3_value_double(value);
    if (sqlite3_value_numeric_type(value) != SQLITE_FLOAT || !(fabs(real) < 9e15))
        return false; /* texts and blobs sort after all numbers: left to SQLite */
    *strict = *strict && real == floor(real);
    *whole = (int64_t)(up ? ceil(real) : floor(real));
    return true;
}

static void apply_bound(struct query_scan *s, const struct query_column *c, char step,
                        sqlite3_value *value)
{
    bool up = step == STEP_GE || step == STEP_GT;
    bool strict = step == STEP_GT || step == STEP_LT;
    int64_t edge;
    if (sqlite3_value_type(value) == SQLITE_NULL)
        s->nothing = true; /* nothing compares with NULL */
    if (!whole_number(value, up, &strict, &edge) || (strict && (edge == INT64_MAX || edge < 0)))
        return;
    edge += strict ? (up ? 1 : -1) : 0;
    uint64_t *min = c->source == QUERY_STATE_END ? &s->end_min : &s->ts_min;
    if (edge < 0)
        s->nothing = s->nothing || !up; /* times are never negative */
    else if (up && (uint64_t)edge > *min)
        *min = (uint64_t)edge;
    else if (!up && (uint64_t)edge < s->ts_max)
        s->ts_max = (uint64_t)edge;
}

void query_plan_apply(struct query_scan *s, int number, const char *steps, sqlite3_value **values)
{
    s->down = number & PLAN_DOWN;
    s->group_whole = number & PLAN_GROUP_WHOLE;
    for (int columns = number / PLAN_COLUMNS; columns; columns >>= 5)
        s->groups[s->group_count++] = &s->table->columns[(columns & 31) - 1];
    for (; *steps; steps += 2, values++) {
        int column = steps[1] - 'A';
        const struct query_column *c = &s->table->columns[column];
        switch (steps[0]) {
        case STEP_EQUAL:
            if (column == s->table->ts) {
                apply_bound(s, c, STEP_GE, *values);
                apply_bound(s, c, STEP_LE, *values);
            } else {
                apply_equal(s, c, *values);
            }
            break;
        case STEP_IN:
            apply_in(s, c, *values);
            break;
        case STEP_KEY:
            apply_key(s, c, *values);
            break;
        case STEP_ROW:
            apply_row(s, *values);
            break;
        default:
            apply_bound(s, c, steps[0], *values);
        }
    }
}
