/* top: functions by the weight of a flame graph's tree, as a table. */
#include "views/views.h"

#include <string.h>

static enum model_cell_kind kind_of(const char *unit)
{
    return views_unit_ns(unit)      ? MODEL_CELL_NS
           : !strcmp(unit, "bytes") ? MODEL_CELL_BYTES
                                    : MODEL_CELL_COUNT;
}

enum {
    KINDS = MODEL_CELL_SHARE + 1,
    COLUMNS = 9,
    DIFF_COLUMNS = 8
};

/* The columns differ only by what weights are. */
static const struct model_column_info *columns_of(enum model_cell_kind kind)
{
    static struct model_column_info columns[KINDS][COLUMNS];
    const struct model_column_info made[COLUMNS] = {
        {"Flat", kind, 84, "in the function itself"},
        {"Flat %", MODEL_CELL_SHARE, 70, "of all"},
        {"Sum %", MODEL_CELL_SHARE, 70, "of all, with the functions of a larger flat weight"},
        {"Cum", kind, 84, "in the function and what it calls; a recursion counts once"},
        {"Cum %", MODEL_CELL_SHARE, 70, "of all"},
        {"Function", MODEL_CELL_TEXT, 34, NULL},
        {"Module", MODEL_CELL_TEXT, 14, NULL},
        {"Source", MODEL_CELL_TEXT, 16, "one place of it"},
    };
    memcpy(columns[kind], made, sizeof made);
    return columns[kind];
}

static const struct model_column_info *diff_columns_of(enum model_cell_kind kind)
{
    static struct model_column_info columns[KINDS][COLUMNS];
    const struct model_column_info made[COLUMNS] = {
        {"Flat", kind, 84, "in the function itself"},
        {"Before", kind, 84, "the same in the other profile"},
        {"Cum", kind, 84, "in the function and what it calls"},
        {"Before", kind, 84, "the same in the other profile"},
        {"Grown", kind, 84, "by how much cum is larger now"},
        {"Shrunk", kind, 84, "by how much cum was larger before"},
        {"Function", MODEL_CELL_TEXT, 40, NULL},
        {"Module", MODEL_CELL_TEXT, 14, NULL},
    };
    memcpy(columns[kind], made, sizeof made);
    return columns[kind];
}

static int64_t share_of(uint64_t part, uint64_t all)
{
    return all ? (int64_t)((double)part / (double)all * 10000 + 0.5) : 0;
}

static uint64_t above(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

/* Times are shown in units of their own, whatever the profile counts in. */
static int64_t in_cell(const struct views_flame *f, uint64_t weight)
{
    uint64_t ns = views_unit_ns(f->unit), most = INT64_MAX;
    ns = ns ? ns : 1;
    return (int64_t)(weight > most / ns ? most : weight * ns);
}

static void add_rows(struct views_flame *f, const struct model_top *top)
{
    struct model_table *t = &f->top_table;
    const struct intern *names = &f->tree.names;
    uint64_t all = f->tree.nodes[0].total, sum = 0;
    for (size_t i = 0; i < top->count; i++) {
        const struct model_top_row *row = &top->rows[i];
        struct model_cell *c = model_table_row(t, NULL);
        sum += row->self;
        c[0].n = in_cell(f, row->self);
        if (f->tree.is_diff) {
            bool swap = f->tree.by_before;
            uint64_t now = swap ? row->before : row->total;
            uint64_t was = swap ? row->total : row->before;
            c[0].n = in_cell(f, swap ? row->before_self : row->self);
            c[1].n = in_cell(f, swap ? row->self : row->before_self);
            c[2].n = in_cell(f, now);
            c[3].n = in_cell(f, was);
            c[4].n = in_cell(f, above(now, was));
            c[5].n = in_cell(f, above(was, now));
        } else {
            c[1].n = share_of(row->self, all);
            c[2].n = share_of(sum, all);
            c[3].n = in_cell(f, row->total);
            c[4].n = share_of(row->total, all);
            c[7].text = arena_strdup(&t->arena, model_basename(intern_get(names, row->source)));
        }
        size_t texts = f->tree.is_diff ? 6 : 5;
        c[texts].text = arena_strdup(&t->arena, intern_get(names, row->name));
        c[texts + 1].text = arena_strdup(&t->arena, intern_get(names, row->module));
    }
}

void views_top_update(struct views_flame *f)
{
    f->top.name = "top";
    f->top.table = &f->top_table;
    if (f->top_made || !f->tree.count)
        return;
    struct model_top top = {0};
    const struct model_column_info *old = f->top_table.columns;
    size_t sort = f->top_table.sort;
    bool descending = f->top_table.descending;
    enum model_cell_kind kind = kind_of(f->unit);
    model_top_from_flame(&top, &f->tree, MODEL_TOP_SELF);
    if (f->tree.is_diff)
        model_table_begin(&f->top_table, diff_columns_of(kind), DIFF_COLUMNS, 4);
    else
        model_table_begin(&f->top_table, columns_of(kind), COLUMNS - 1, 0);
    if (old == f->top_table.columns) {
        f->top_table.sort = sort;
        f->top_table.descending = descending;
    }
    add_rows(f, &top);
    model_top_release(&top);
    f->top.selected = UINT32_MAX;
    f->top_made = true;
    views_grid_refresh(&f->top);
}

/* The row of the function that was selected anywhere. */
static void follow_selection(struct views *v, struct views_flame *f, size_t name)
{
    if (f->function_serial == v->function_serial || !v->function)
        return;
    f->function_serial = v->function_serial;
    for (uint32_t i = 0; i < f->top_table.row_count; i++)
        if (!strcmp(model_table_cell(&f->top_table, i, name)->text, v->function)) {
            f->top.selected = i;
            f->top.follow = 1;
        }
}

void views_top_draw(struct views *v, struct views_flame *f, struct gfx_rect r)
{
    views_top_update(f);
    if (!f->tree.count || !f->tree.nodes[0].total) {
        ui_label_center(&v->ui, GFX_NORMAL, r,
                        f->working ? "Reading ..." : "Nothing was recorded here",
                        v->ui.theme->text_dim);
        return;
    }
    size_t name = f->tree.is_diff ? 6 : 5;
    follow_selection(v, f, name);
    enum views_grid_event event = views_grid_draw(v, &f->top, r);
    if (event == VIEWS_GRID_NONE || f->top.selected >= f->top_table.row_count)
        return;
    const char *function = model_table_cell(&f->top_table, f->top.selected, name)->text;
    views_function_select(v, function);
    f->function_serial = v->function_serial;
    if (event == VIEWS_GRID_OPENED || v->tab > 0)
        views_flame_focus(f, function);
    if (event == VIEWS_GRID_OPENED) {
        if (v->tab == 0)
            v->bottom = VIEWS_FLAME;
        else
            v->profiles[v->tab - 1].below = 1;
    }
    v->ui.again = true;
}
