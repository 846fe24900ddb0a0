#include "model/table.h"

#include "base/fmt.h"
#include "model/ticks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void model_table_begin(struct model_table *t, const struct model_column_info *columns, size_t count,
                       size_t sort)
{
    arena_clear(&t->arena);
    t->columns = columns;
    t->column_count = count;
    t->row_count = t->shown_count = 0;
    t->total_rows = 0;
    t->summary = "";
    t->sort = sort;
    t->descending = columns[sort].kind != MODEL_CELL_TEXT && columns[sort].kind != MODEL_CELL_TIME;
}

struct model_cell *model_table_row(struct model_table *t, const struct model_target *target)
{
    size_t at = t->row_count * t->column_count;
    mem_grow(&t->cells, &t->cell_cap, at + t->column_count, sizeof *t->cells);
    mem_grow(&t->targets, &t->target_cap, t->row_count + 1, sizeof *t->targets);
    memset(&t->cells[at], 0, t->column_count * sizeof *t->cells);
    t->targets[t->row_count++] = target ? *target : (struct model_target){0};
    return &t->cells[at];
}

void model_table_release(struct model_table *t)
{
    arena_release(&t->arena);
    free(t->cells);
    free(t->targets);
    free(t->shown);
    *t = (struct model_table){0};
}

static const char *change_text(int64_t ns, char buf[64])
{
    char size[FMT_MAX];
    if (!ns)
        return "0 ns";
    snprintf(buf, 64, "%c%s", ns < 0 ? '-' : '+', fmt_ns(size, (uint64_t)(ns < 0 ? -ns : ns)));
    return buf;
}

const char *model_cell_text(const struct model_column_info *column, const struct model_cell *cell,
                            char buf[64])
{
    if (column->kind == MODEL_CELL_TEXT)
        return cell->text ? cell->text : "";
    if (column->kind == MODEL_CELL_CHANGE)
        return change_text(cell->n, buf);
    if (cell->n < 0)
        return "-";
    switch (column->kind) {
    case MODEL_CELL_NS:
        return fmt_ns(buf, (uint64_t)cell->n);
    case MODEL_CELL_BYTES:
        return fmt_bytes(buf, (uint64_t)cell->n);
    case MODEL_CELL_TIME:
        return model_time_exact(buf, cell->n);
    case MODEL_CELL_SHARE:
        return fmt_share(buf, (uint64_t)cell->n, 10000);
    default:
        return fmt_count(buf, (uint64_t)cell->n);
    }
}

/* qsort has no argument for data: set for the length of one sort. */
static _Thread_local const struct model_table *sorting;

static int by_cell(const void *a, const void *b)
{
    const struct model_table *t = sorting;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    const struct model_cell *p = model_table_cell(t, x, t->sort);
    const struct model_cell *q = model_table_cell(t, y, t->sort);
    int order = p->n < q->n ? -1 : p->n > q->n;
    if (t->columns[t->sort].kind == MODEL_CELL_CHANGE)
        order = llabs(p->n) < llabs(q->n) ? -1 : llabs(p->n) > llabs(q->n);
    if (t->columns[t->sort].kind == MODEL_CELL_TEXT)
        order = strcmp(p->text ? p->text : "", q->text ? q->text : "");
    if (order)
        return t->descending ? -order : order;
    return x < y ? -1 : 1;
}

static bool passes(const struct model_table *t, uint32_t row, const char *filter)
{
    char buf[64];
    for (size_t c = 0; c < t->column_count; c++)
        if (strcasestr(model_cell_text(&t->columns[c], model_table_cell(t, row, c), buf), filter))
            return true;
    return false;
}

void model_table_arrange(struct model_table *t, const char *filter)
{
    mem_grow(&t->shown, &t->shown_cap, t->row_count + 1, sizeof *t->shown);
    t->shown_count = 0;
    for (uint32_t row = 0; row < t->row_count; row++)
        if (!filter[0] || passes(t, row, filter))
            t->shown[t->shown_count++] = row;
    sorting = t;
    qsort(t->shown, t->shown_count, sizeof *t->shown, by_cell);
}

void model_table_sort(struct model_table *t, size_t column)
{
    enum model_cell_kind kind = t->columns[column].kind;
    if (t->sort == column)
        t->descending = !t->descending;
    else
        t->descending = kind != MODEL_CELL_TEXT && kind != MODEL_CELL_TIME;
    t->sort = column;
}

static void put_text(struct strbuf *out, const char *text)
{
    if (!text[strcspn(text, ",\"\r\n")]) {
        strbuf_puts(out, text);
        return;
    }
    strbuf_putc(out, '"');
    for (; *text; text++) {
        if (*text == '"')
            strbuf_putc(out, '"');
        strbuf_putc(out, *text);
    }
    strbuf_putc(out, '"');
}

static void put_cell(struct strbuf *out, const struct model_column_info *column,
                     const struct model_cell *cell)
{
    if (column->kind == MODEL_CELL_TEXT)
        put_text(out, cell->text ? cell->text : "");
    else if (cell->n < 0 && column->kind != MODEL_CELL_CHANGE)
        return;
    else if (column->kind == MODEL_CELL_SHARE)
        strbuf_printf(out, "%" PRId64 ".%04" PRId64, cell->n / 10000, cell->n % 10000);
    else
        strbuf_printf(out, "%" PRId64, cell->n);
}

void model_table_csv(const struct model_table *t, struct strbuf *out)
{
    static const char *const units[] = {[MODEL_CELL_NS] = " (ns)",
                                        [MODEL_CELL_TIME] = " (ns)",
                                        [MODEL_CELL_CHANGE] = " (ns)",
                                        [MODEL_CELL_BYTES] = " (bytes)",
                                        [MODEL_CELL_SHARE] = " (share)"};
    for (size_t c = 0; c < t->column_count; c++) {
        char name[128];
        const char *unit = units[t->columns[c].kind];
        snprintf(name, sizeof name, "%s%s", t->columns[c].name, unit ? unit : "");
        if (c)
            strbuf_putc(out, ',');
        put_text(out, name);
    }
    strbuf_puts(out, "\r\n");
    for (size_t i = 0; i < t->shown_count; i++) {
        for (size_t c = 0; c < t->column_count; c++) {
            if (c)
                strbuf_putc(out, ',');
            put_cell(out, &t->columns[c], model_table_cell(t, t->shown[i], c));
        }
        strbuf_puts(out, "\r\n");
    }
}
