#include "query/output.h"

#include "base/arena.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum {
    HELD_ROWS = 1000,
    HELD_BYTES = 4 << 20
};

void output_init(struct output *o, enum query_format format, FILE *out)
{
    *o = (struct output){.format = format, .out = out};
}

static void forget_columns(struct output *o)
{
    for (int i = 0; i < o->columns; i++)
        free(o->names[i]);
    free(o->names);
    free(o->widths);
    o->names = NULL;
    o->widths = NULL;
    o->columns = 0;
}

void output_release(struct output *o)
{
    forget_columns(o);
    strbuf_release(&o->text);
    free(o->held);
}

/* Bytes of the UTF-8 character at s, 0 where there is none. */
static size_t utf8_bytes(const unsigned char *s, size_t left)
{
    if (s[0] < 0x80)
        return 1;
    size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    bool surrogate = s[0] == 0xed && s[1] >= 0xa0;
    bool beyond = s[0] == 0xf4 && s[1] >= 0x90;
    return overlong || surrogate || beyond ? 0 : n;
}

/* Most cells are whole numbers: printf takes as long as the query. */
static void put_int(struct strbuf *sb, int64_t value)
{
    char text[24], *p = text + sizeof text;
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do
        *--p = (char)('0' + left % 10);
    while (left /= 10);
    if (value < 0)
        *--p = '-';
    strbuf_append(sb, p, (size_t)(text + sizeof text - p));
}

/* The shortest of 15 or 17 digits that reads back as the same number. */
static void put_real(struct strbuf *sb, double real)
{
    char text[40];
    snprintf(text, sizeof text, "%.15g", real);
    if (strtod(text, NULL) != real)
        snprintf(text, sizeof text, "%.17g", real);
    strbuf_puts(sb, text);
    if (isfinite(real) && !strpbrk(text, ".e"))
        strbuf_puts(sb, ".0");
}

static void put_blob(struct strbuf *sb, const struct output_cell *c)
{
    for (size_t i = 0; i < c->len; i++)
        strbuf_printf(sb, "%02x", (unsigned char)c->bytes[i]);
}

/* Text for a terminal: what could move the cursor or switch modes is shown as
 * escapes (traces hold names that come from anywhere). Counts characters. */
static unsigned put_visible(struct strbuf *sb, const char *s, size_t len)
{
    unsigned width = 0;
    for (size_t i = 0; i < len;) {
        const unsigned char *p = (const unsigned char *)s + i;
        size_t n = utf8_bytes(p, len - i);
        bool control = n == 0 || *p < 0x20 || *p == 0x7f || (*p == 0xc2 && n == 2 && p[1] < 0xa0);
        if (*p == '\n' || *p == '\t') {
            strbuf_puts(sb, *p == '\n' ? "\\n" : "\\t");
            width += 2;
        } else if (control) {
            strbuf_printf(sb, "\\x%02x", *p);
            width += 4;
            n = 1;
        } else {
            strbuf_append(sb, p, n);
            width++;
        }
        i += n ? n : 1;
    }
    return width;
}

static bool is_number(enum output_type type)
{
    return type == OUTPUT_INT || type == OUTPUT_ADDRESS || type == OUTPUT_REAL;
}

static void hold_cell(struct output *o, const struct output_cell *c)
{
    mem_grow(&o->held, &o->held_cap, o->held_count + 1, sizeof *o->held);
    struct output_held *h = &o->held[o->held_count++];
    size_t off = o->text.len;
    unsigned width = UINT32_MAX;
    if (c->type == OUTPUT_INT)
        put_int(&o->text, c->integer);
    else if (c->type == OUTPUT_ADDRESS)
        strbuf_printf(&o->text, "0x%" PRIx64, (uint64_t)c->integer);
    else if (c->type == OUTPUT_REAL)
        put_real(&o->text, c->real);
    else if (c->type == OUTPUT_BLOB)
        put_blob(&o->text, c);
    else if (c->type == OUTPUT_TEXT)
        width = put_visible(&o->text, c->bytes, c->len);
    size_t len = o->text.len - off;
    *h = (struct output_held){.off = off,
                              .len = len,
                              .width = width == UINT32_MAX ? (unsigned)len : width,
                              .right = is_number(c->type)};
}

static void pad(struct output *o, unsigned spaces)
{
    fprintf(o->out, "%*s", (int)spaces, "");
}

/* Text at its side of the column; no spaces at a line's end. */
static void print_cell(struct output *o, int column, const char *text, size_t len, unsigned width,
                       bool right)
{
    unsigned space = o->widths[column] > width ? o->widths[column] - width : 0;
    if (column)
        fputs("  ", o->out);
    if (right)
        pad(o, space);
    fwrite(text, 1, len, o->out);
    if (!right && column + 1 < o->columns)
        pad(o, space);
}

static void print_head(struct output *o)
{
    static const char dashes[] = "----------------------------------------------------------------";
    for (int i = 0; i < o->columns; i++) {
        struct strbuf name = {0};
        unsigned width = put_visible(&name, o->names[i], strlen(o->names[i]));
        bool right = o->held_count && o->held[i].right;
        print_cell(o, i, strbuf_str(&name), name.len, width, right);
        strbuf_release(&name);
    }
    putc('\n', o->out);
    for (int i = 0; i < o->columns; i++) {
        if (i)
            fputs("  ", o->out);
        for (unsigned left = o->widths[i]; left;) {
            unsigned n = left < sizeof dashes - 1 ? left : (unsigned)sizeof dashes - 1;
            fwrite(dashes, 1, n, o->out);
            left -= n;
        }
    }
    putc('\n', o->out);
    o->head_printed = true;
}

static void print_held(struct output *o)
{
    for (size_t i = 0; i < o->held_count; i++) {
        unsigned *width = &o->widths[i % (size_t)o->columns];
        if (o->held[i].width > *width)
            *width = o->held[i].width;
    }
    if (!o->head_printed)
        print_head(o);
    for (size_t i = 0; i < o->held_count; i++) {
        const struct output_held *h = &o->held[i];
        int column = (int)(i % (size_t)o->columns);
        print_cell(o, column, strbuf_str(&o->text) + h->off, h->len, h->width, h->right);
        if (column + 1 == o->columns)
            putc('\n', o->out);
    }
    o->held_count = 0;
    strbuf_clear(&o->text);
}

static void table_row(struct output *o, const struct output_cell *cells)
{
    for (int i = 0; i < o->columns; i++)
        hold_cell(o, &cells[i]);
    if (o->held_count >= (size_t)o->columns * HELD_ROWS || o->text.len >= HELD_BYTES)
        print_held(o);
}

static void put_csv_text(struct strbuf *sb, const char *s, size_t len)
{
    bool plain = len > 0 && s[0] != ' ' && s[len - 1] != ' ';
    for (size_t i = 0; i < len && plain; i++)
        plain = !strchr(",\"\r\n", s[i]) || !s[i];
    if (plain) {
        strbuf_append(sb, s, len);
        return;
    }
    strbuf_putc(sb, '"');
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '"')
            strbuf_putc(sb, '"');
        strbuf_putc(sb, s[i]);
    }
    strbuf_putc(sb, '"');
}

static void print_text(struct output *o)
{
    fwrite(strbuf_str(&o->text), 1, o->text.len, o->out);
    strbuf_clear(&o->text);
}

static void csv_head(struct output *o)
{
    for (int i = 0; i < o->columns; i++) {
        if (i)
            strbuf_putc(&o->text, ',');
        put_csv_text(&o->text, o->names[i], strlen(o->names[i]));
    }
    strbuf_putc(&o->text, '\n');
    print_text(o);
}

static void csv_row(struct output *o, const struct output_cell *cells)
{
    for (int i = 0; i < o->columns; i++) {
        const struct output_cell *c = &cells[i];
        if (i)
            strbuf_putc(&o->text, ',');
        if (c->type == OUTPUT_INT || c->type == OUTPUT_ADDRESS)
            put_int(&o->text, c->integer);
        else if (c->type == OUTPUT_REAL)
            put_real(&o->text, c->real);
        else if (c->type == OUTPUT_TEXT)
            put_csv_text(&o->text, c->bytes, c->len);
        else if (c->type == OUTPUT_BLOB)
            put_blob(&o->text, c);
    }
    strbuf_putc(&o->text, '\n');
    print_text(o);
}

/* A JSON string; what is no UTF-8 becomes U+FFFD, as JSON has no other bytes. */
static void put_json_text(struct strbuf *sb, const char *s, size_t len)
{
    strbuf_putc(sb, '"');
    for (size_t i = 0; i < len;) {
        const unsigned char *p = (const unsigned char *)s + i;
        size_t n = utf8_bytes(p, len - i);
        if (n == 0)
            strbuf_puts(sb, "\xef\xbf\xbd");
        else if (*p == '"' || *p == '\\')
            strbuf_printf(sb, "\\%c", *p);
        else if (*p == '\n')
            strbuf_puts(sb, "\\n");
        else if (*p < 0x20 || *p == 0x7f)
            strbuf_printf(sb, "\\u%04x", *p);
        else
            strbuf_append(sb, p, n);
        i += n ? n : 1;
    }
    strbuf_putc(sb, '"');
}

static void put_json_cell(struct strbuf *sb, const struct output_cell *c)
{
    switch (c->type) {
    case OUTPUT_INT:
    case OUTPUT_ADDRESS:
        put_int(sb, c->integer);
        return;
    case OUTPUT_REAL:
        if (isfinite(c->real))
            put_real(sb, c->real);
        else
            strbuf_puts(sb, "null"); /* JSON has no infinity */
        return;
    case OUTPUT_TEXT:
        put_json_text(sb, c->bytes, c->len);
        return;
    case OUTPUT_BLOB:
        strbuf_putc(sb, '"');
        put_blob(sb, c);
        strbuf_putc(sb, '"');
        return;
    case OUTPUT_NULL:
        break;
    }
    strbuf_puts(sb, "null");
}

static void json_row(struct output *o, const struct output_cell *cells)
{
    strbuf_puts(&o->text, o->rows ? ",\n {" : "[\n {");
    for (int i = 0; i < o->columns; i++) {
        if (i)
            strbuf_puts(&o->text, ", ");
        put_json_text(&o->text, o->names[i], strlen(o->names[i]));
        strbuf_puts(&o->text, ": ");
        put_json_cell(&o->text, &cells[i]);
    }
    strbuf_putc(&o->text, '}');
    print_text(o);
}

/* The n-th column's name, made unlike those before it: JSON members must differ. */
static char *own_name(const struct output *o, const char *name, int n)
{
    struct strbuf sb = {0};
    strbuf_puts(&sb, name);
    for (int again = 2, i = 0; i < n && o->format == QUERY_JSON;) {
        if (strcmp(o->names[i], sb.p)) {
            i++;
            continue;
        }
        strbuf_clear(&sb);
        strbuf_printf(&sb, "%s_%d", name, again++);
        i = 0;
    }
    return sb.p;
}

void output_begin(struct output *o, const char *const *names, int columns)
{
    forget_columns(o);
    o->names = mem_realloc(NULL, (size_t)columns, sizeof *o->names);
    o->widths = mem_realloc(NULL, (size_t)columns, sizeof *o->widths);
    for (int i = 0; i < columns; i++) {
        struct strbuf visible = {0};
        o->names[i] = own_name(o, names[i], i);
        o->widths[i] = put_visible(&visible, o->names[i], strlen(o->names[i]));
        strbuf_release(&visible);
    }
    o->columns = columns;
    o->rows = 0;
    o->head_printed = false;
    if (o->format == QUERY_CSV)
        csv_head(o);
}

void output_row(struct output *o, const struct output_cell *cells)
{
    if (o->format == QUERY_TABLE)
        table_row(o, cells);
    else if (o->format == QUERY_CSV)
        csv_row(o, cells);
    else
        json_row(o, cells);
    o->rows++;
}

void output_end(struct output *o)
{
    if (o->format == QUERY_TABLE && (o->held_count || !o->head_printed))
        print_held(o);
    if (o->format == QUERY_JSON)
        fputs(o->rows ? "\n]\n" : "[]\n", o->out);
}
