#include "report/page.h"

#include <stdlib.h>
#include <string.h>

struct page_cell page_text(const char *s)
{
    return (struct page_cell){.text = s};
}

struct page_cell page_number(uint64_t n)
{
    return (struct page_cell){.number = n};
}

struct page_cell page_share(uint64_t part, uint64_t whole)
{
    return (struct page_cell){.number = part, .whole = whole};
}

struct page_cell page_change(int64_t n)
{
    return (struct page_cell){.number = (uint64_t)n};
}

struct page_cell page_growth(uint64_t before, uint64_t after)
{
    return (struct page_cell){.number = after, .whole = before};
}

void page_fact(struct page *p, const char *key, const char *label, enum page_kind kind,
               struct page_cell cell)
{
    struct page_fact *f = arena_alloc(&p->arena, sizeof *f);
    *f = (struct page_fact){key, label, kind, cell, NULL};
    if (!p->facts_end)
        p->facts_end = &p->facts;
    *p->facts_end = f;
    p->facts_end = &f->next;
}

struct page_table *page_table(struct page *p, const char *key, const char *title,
                              const struct page_column *columns)
{
    struct page_table *t = arena_alloc(&p->arena, sizeof *t);
    *t = (struct page_table){.key = key, .title = title, .note = "", .columns = columns};
    while (columns[t->column_count].key)
        t->column_count++;
    if (!p->tables_end)
        p->tables_end = &p->tables;
    *p->tables_end = t;
    p->tables_end = &t->next;
    return t;
}

void page_row(struct page_table *t, const struct page_cell *cells)
{
    mem_grow(&t->cells, &t->cells_cap, (t->rows + 1) * t->column_count, sizeof *t->cells);
    memcpy(t->cells + t->rows * t->column_count, cells, t->column_count * sizeof *cells);
    t->rows++;
}

void page_release(struct page *p)
{
    for (struct page_table *t = p->tables; t; t = t->next)
        free(t->cells);
    arena_release(&p->arena);
    *p = (struct page){0};
}
