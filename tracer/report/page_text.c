/* page as text: aligned columns, numbers to the right, names cut to the terminal. */
#include "base/fmt.h"
#include "base/strbuf.h"
#include "report/page.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    INDENT = 2,
    GAP = 2,
    BAR_WIDTH = 20,
    DEFAULT_ROWS = 10,
    MIN_TEXT_WIDTH = 12,
    CELL_MAX = 4096, /* bytes of a cell's text */
};

/* Attributes, empty strings where colours are off. */
struct ink {
    const char *bold;
    const char *dim;
    const char *parts[PAGE_BAR_PARTS];
    const char *off;
};

static struct ink ink_of(const struct page_style *style)
{
    if (!style->colour)
        return (struct ink){"", "", {"", "", ""}, ""};
    return (struct ink){"\033[1m", "\033[2m", {"\033[32m", "\033[33m", "\033[2m"}, "\033[0m"};
}

/* Characters as a terminal shows them, taking each code point as one column. */
static size_t text_width(const char *s)
{
    size_t n = 0;
    for (; *s; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

/* Copies s without control characters: a program chooses its thread names, the
 * terminal should not obey them. */
static void copy_printable(char *out, size_t size, const char *s)
{
    size_t n = 0;
    for (; *s && n + 1 < size; s++)
        out[n++] = (unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s;
    out[n] = '\0';
}

/* Cuts to `width` characters, ending in "...". */
static void cut(char *s, size_t width)
{
    if (text_width(s) <= width)
        return;
    size_t keep = width > 3 ? width - 3 : 0, seen = 0;
    char *p = s;
    for (; *p; p++) {
        bool begins = ((unsigned char)*p & 0xc0) != 0x80;
        if (begins && seen == keep)
            break;
        seen += begins;
    }
    strcpy(p, "..."); /* takes the place of at least 3 bytes */
}

static void format_change(char out[CELL_MAX], enum page_kind kind, int64_t change)
{
    char buf[FMT_MAX];
    uint64_t size = change < 0 ? -(uint64_t)change : (uint64_t)change;
    snprintf(out, CELL_MAX, "%c%s", change < 0 ? '-' : '+',
             kind == PAGE_CHANGE_NS      ? fmt_ns(buf, size)
             : kind == PAGE_CHANGE_BYTES ? fmt_bytes(buf, size)
                                         : fmt_count(buf, size));
}

static void format_growth(char out[CELL_MAX], uint64_t before, uint64_t after)
{
    double percent = before ? ((double)after - (double)before) / (double)before * 100 : 0;
    if (before && after)
        snprintf(out, CELL_MAX, fabs(percent) < 10 ? "%+.1f %%" : "%+.0f %%", percent);
    else
        strcpy(out, before ? "gone" : after ? "new" : "-");
}

static void format_cell(char out[CELL_MAX], enum page_kind kind, const struct page_cell *c)
{
    char buf[FMT_MAX];
    bool dash = c->number == 0 && kind != PAGE_TEXT;
    if (kind == PAGE_GROWTH)
        format_growth(out, c->whole, c->number);
    else if (kind == PAGE_TEXT)
        copy_printable(out, CELL_MAX, c->text);
    else if (kind == PAGE_BAR)
        *out = '\0';
    else if (dash)
        strcpy(out, "-");
    else if (kind == PAGE_ID)
        snprintf(out, CELL_MAX, "%" PRIu64, c->number);
    else if (kind == PAGE_HEX)
        snprintf(out, CELL_MAX, "0x%" PRIx64, c->number);
    else if (kind == PAGE_COUNT)
        strcpy(out, fmt_count(buf, c->number));
    else if (kind == PAGE_NS)
        strcpy(out, fmt_ns(buf, c->number));
    else if (kind == PAGE_BYTES)
        strcpy(out, fmt_bytes(buf, c->number));
    else if (kind >= PAGE_CHANGE_COUNT && kind <= PAGE_CHANGE_BYTES)
        format_change(out, kind, (int64_t)c->number);
    else
        strcpy(out, fmt_share(buf, c->number, c->whole));
}

static bool is_left(enum page_kind kind)
{
    return kind == PAGE_TEXT || kind == PAGE_BAR;
}

static void print_spaces(size_t n, FILE *out)
{
    fprintf(out, "%*s", (int)n, "");
}

/* Each part's share of the bar, so that they add up to it: part ends are rounded,
 * not lengths. */
static void print_bar(const struct page_cell *c, const struct ink *ink, FILE *out)
{
    static const char marks[PAGE_BAR_PARTS] = {'#', '+', '.'};
    uint64_t sum = 0, drawn = 0;
    for (int i = 0; i < PAGE_BAR_PARTS; i++) {
        sum += c->parts[i];
        uint64_t end = c->whole ? (uint64_t)((double)sum / (double)c->whole * BAR_WIDTH + 0.5) : 0;
        if (end > BAR_WIDTH)
            end = BAR_WIDTH;
        if (end > drawn)
            fputs(ink->parts[i], out);
        for (uint64_t k = drawn; k < end; k++)
            putc(marks[i], out);
        if (end > drawn)
            fputs(ink->off, out);
        drawn = end > drawn ? end : drawn;
    }
    print_spaces(BAR_WIDTH - drawn, out);
}

/* A column of names that no row has says nothing. */
static bool is_hidden(const struct page_table *t, size_t column)
{
    if (t->columns[column].json_only || t->columns[column].kind != PAGE_TEXT)
        return t->columns[column].json_only;
    for (size_t r = 0; r < t->rows; r++)
        if (t->cells[r * t->column_count + column].text[0])
            return false;
    return true;
}

/* Each column's width; 0: not shown. */
static void measure(const struct page_table *t, size_t rows, size_t widths[])
{
    char text[CELL_MAX];
    for (size_t c = 0; c < t->column_count; c++) {
        widths[c] = 0;
        if (is_hidden(t, c))
            continue;
        widths[c] = t->columns[c].kind == PAGE_BAR ? BAR_WIDTH : text_width(t->columns[c].title);
        for (size_t r = 0; r < rows; r++) {
            format_cell(text, t->columns[c].kind, &t->cells[r * t->column_count + c]);
            if (text_width(text) > widths[c])
                widths[c] = text_width(text);
        }
    }
}

/* Takes from the widest text column until the table fits. */
static void fit(const struct page_table *t, size_t widths[], size_t limit)
{
    for (;;) {
        size_t total = INDENT, widest = t->column_count;
        for (size_t c = 0; c < t->column_count; c++) {
            if (!widths[c])
                continue;
            total += widths[c] + GAP;
            if (t->columns[c].kind == PAGE_TEXT && widths[c] > MIN_TEXT_WIDTH &&
                (widest == t->column_count || widths[c] > widths[widest]))
                widest = c;
        }
        if (total - GAP <= limit || widest == t->column_count)
            return;
        widths[widest]--;
    }
}

/* One line, without spaces at its end. `cells` NULL: the titles. */
static void print_line(const struct page_table *t, const struct page_cell *cells,
                       const size_t widths[], const struct ink *ink, FILE *out)
{
    char text[CELL_MAX];
    size_t pending = INDENT; /* spaces owed before the next text */
    for (size_t c = 0; c < t->column_count; c++) {
        const struct page_column *col = &t->columns[c];
        if (!widths[c])
            continue;
        if (cells && col->kind == PAGE_BAR) {
            print_spaces(pending, out);
            print_bar(&cells[c], ink, out);
            pending = GAP;
            continue;
        }
        if (cells)
            format_cell(text, col->kind, &cells[c]);
        else
            strcpy(text, col->title);
        cut(text, widths[c]);
        size_t pad = widths[c] - text_width(text);
        if (!is_left(col->kind))
            pending += pad;
        if (*text) {
            print_spaces(pending, out);
            fputs(text, out);
            pending = 0;
        }
        pending += GAP + (is_left(col->kind) ? pad : 0);
    }
    putc('\n', out);
}

static size_t rows_shown(const struct page_table *t, const struct page_style *style)
{
    size_t rows = style->top ? style->top : t->short_rows ? t->short_rows : DEFAULT_ROWS;
    /* a cut that would hide a single row saves nothing */
    return style->all || rows >= t->rows || (!style->top && rows + 1 == t->rows) ? t->rows : rows;
}

static void print_table(const struct page_table *t, const struct page_style *style, FILE *out)
{
    struct ink ink = ink_of(style);
    if (!t->rows && !t->none)
        return;
    fprintf(out, "\n%s%s%s", ink.bold, t->title, ink.off);
    if (*t->note && t->rows)
        fprintf(out, "  %s%s%s", ink.dim, t->note, ink.off);
    putc('\n', out);
    if (!t->rows) {
        fprintf(out, "  %s%s%s\n", ink.dim, t->none, ink.off);
        return;
    }
    size_t rows = rows_shown(t, style);
    size_t *widths = mem_realloc(NULL, t->column_count, sizeof *widths);
    measure(t, rows, widths);
    if (style->width)
        fit(t, widths, style->width);
    fputs(ink.dim, out);
    print_line(t, NULL, widths, &ink, out);
    fputs(ink.off, out);
    for (size_t r = 0; r < rows; r++)
        print_line(t, t->cells + r * t->column_count, widths, &ink, out);
    if (rows < t->rows)
        fprintf(out, "  %s... %zu more (--all shows them)%s\n", ink.dim, t->rows - rows, ink.off);
    free(widths);
}

static void print_facts(const struct page *p, const struct ink *ink, FILE *out)
{
    char text[CELL_MAX];
    size_t width = 0;
    for (const struct page_fact *f = p->facts; f; f = f->next)
        if (f->label && strlen(f->label) > width)
            width = strlen(f->label);
    for (const struct page_fact *f = p->facts; f; f = f->next) {
        if (!f->label)
            continue;
        format_cell(text, f->kind, &f->cell);
        fprintf(out, "  %s%-*s%s  %s\n", ink->dim, (int)width, f->label, ink->off, text);
    }
}

void page_print_text(const struct page *p, const struct page_style *style, FILE *out)
{
    struct ink ink = ink_of(style);
    char title[CELL_MAX];
    if (p->title) {
        copy_printable(title, sizeof title, p->title);
        if (style->width)
            cut(title, style->width);
        fprintf(out, "%s%s%s\n", ink.bold, title, ink.off);
    }
    print_facts(p, &ink, out);
    for (const struct page_table *t = p->tables; t; t = t->next)
        print_table(t, style, out);
}
