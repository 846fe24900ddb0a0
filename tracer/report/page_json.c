/* page as JSON: one object with the facts as members and the tables as arrays of
 * objects; every quantity is a bare number. */
#include "base/json.h"
#include "base/utf8.h"
#include "report/page.h"

#include <inttypes.h>

static void add_text(struct strbuf *sb, const char *s)
{
    struct strbuf clean = {0};
    utf8_append(&clean, s);
    json_string(sb, strbuf_str(&clean));
    strbuf_release(&clean);
}

static void add_value(struct strbuf *sb, enum page_kind kind, const struct page_cell *c)
{
    if (kind == PAGE_TEXT)
        add_text(sb, c->text);
    else if (kind == PAGE_HEX)
        strbuf_printf(sb, "\"0x%" PRIx64 "\"", c->number);
    else if (kind == PAGE_SHARE && !c->whole)
        strbuf_puts(sb, "null"); /* of nothing */
    else if (kind >= PAGE_CHANGE_COUNT && kind <= PAGE_CHANGE_BYTES)
        strbuf_printf(sb, "%" PRId64, (int64_t)c->number);
    else if (kind == PAGE_GROWTH && !c->whole)
        strbuf_puts(sb, "null");
    else if (kind == PAGE_GROWTH)
        strbuf_printf(sb, "%.6g", (double)c->number / (double)c->whole - 1);
    else if (kind == PAGE_SHARE)
        strbuf_printf(sb, "%.6g", (double)c->number / (double)c->whole);
    else
        strbuf_printf(sb, "%" PRIu64, c->number);
}

static void add_key(struct strbuf *sb, const char *key, bool *first)
{
    strbuf_puts(sb, *first ? "" : ", ");
    *first = false;
    json_string(sb, key);
    strbuf_puts(sb, ": ");
}

static void add_row(struct strbuf *sb, const struct page_table *t, const struct page_cell *cells)
{
    bool first = true;
    strbuf_putc(sb, '{');
    for (size_t c = 0; c < t->column_count; c++) {
        if (t->columns[c].kind == PAGE_BAR)
            continue;
        add_key(sb, t->columns[c].key, &first);
        add_value(sb, t->columns[c].kind, &cells[c]);
    }
    strbuf_putc(sb, '}');
}

static void print_table(const struct page_table *t, const struct page_style *style, FILE *out)
{
    struct strbuf sb = {0};
    size_t rows = style->top && style->top < t->rows ? style->top : t->rows;
    fprintf(out, ",\n  \"%s\": [", t->key);
    for (size_t r = 0; r < rows; r++) {
        strbuf_clear(&sb);
        add_row(&sb, t, t->cells + r * t->column_count);
        fprintf(out, "%s\n    %s", r ? "," : "", sb.p);
    }
    fprintf(out, "%s]", rows ? "\n  " : "");
    strbuf_release(&sb);
}

void page_print_json(const struct page *p, const struct page_style *style, FILE *out)
{
    struct strbuf sb = {0};
    fprintf(out, "{\n  \"report\": \"%s\"", p->name);
    for (const struct page_fact *f = p->facts; f; f = f->next) {
        strbuf_clear(&sb);
        add_value(&sb, f->kind, &f->cell);
        fprintf(out, ",\n  \"%s\": %s", f->key, sb.p);
    }
    for (const struct page_table *t = p->tables; t; t = t->next)
        print_table(t, style, out);
    fprintf(out, "\n}\n");
    strbuf_release(&sb);
}
