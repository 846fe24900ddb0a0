/* weblist: source and assembly of functions as a page that needs nothing else. */
#include "pprof/annotate.h"

#include <inttypes.h>
#include <string.h>

static void put_html(struct strbuf *out, const char *s)
{
    for (; *s; s++)
        switch (*s) {
        case '&':
            strbuf_puts(out, "&amp;");
            break;
        case '<':
            strbuf_puts(out, "&lt;");
            break;
        case '>':
            strbuf_puts(out, "&gt;");
            break;
        case '"':
            strbuf_puts(out, "&#34;");
            break;
        case '\'':
            strbuf_puts(out, "&#39;");
            break;
        default:
            strbuf_putc(out, *s);
        }
}

static const char page_head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<title>Listing</title>\n<style>\n"
    ":root { color-scheme: light dark; }\n"
    "body { font-family: sans-serif; margin: 1em; }\n"
    "h1 { font-size: 1.5em; } h2 { font-size: 1.25em; margin-bottom: 0; }\n"
    ".legend { font-size: 1.1em; white-space: pre-line; }\n"
    ".filename { color: GrayText; margin: 0 0 .5em; }\n"
    "pre { overflow-x: auto; } details { display: inline; }\n"
    "summary { list-style: none; cursor: pointer; } summary:hover { background: #8884; }\n"
    ".line { color: GrayText; } .inlinesrc { color: #26c; } .asm { color: #282; }\n"
    ".unimportant { color: GrayText; }\n"
    "@media (prefers-color-scheme: dark) { .inlinesrc { color: #8bf; } .asm { color: #7c7; } }\n"
    "</style>\n</head>\n<body>\n";

/* Text after so many columns, tabs as blanks, filled up to 80. */
static void put_padded(struct strbuf *out, int indent, const char *text)
{
    enum {
        WIDTH = 80
    };
    struct strbuf sb = {0};
    int column = 0;
    for (; column < indent; column++)
        strbuf_putc(&sb, ' ');
    for (; *text; text++) {
        column++;
        strbuf_putc(&sb, *text == '\t' ? ' ' : *text);
        for (; *text == '\t' && column % 8; column++)
            strbuf_putc(&sb, ' ');
    }
    for (; column < WIDTH; column++)
        strbuf_putc(&sb, ' ');
    put_html(out, sb.p);
    strbuf_release(&sb);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool same_call(const struct pprof_call *a, const struct pprof_call *b)
{
    return a->line == b->line && !strcmp(a->file, b->file);
}

/* The calls that an instruction was inlined by, where they differ from the last one's. */
static void put_calls(struct pprof_annotated *a, const struct pprof_annotated_inst *in,
                      const struct pprof_annotated_inst *last, int indent, struct strbuf *out)
{
    bool same = last != NULL;
    for (uint32_t i = 0; i < in->call_count; i++) {
        const struct pprof_call *c = &in->calls[i];
        same = same && i < last->call_count && same_call(c, &last->calls[i]);
        if (same)
            continue;
        const char *text = pprof_source_line(&a->sources, c->file, c->line);
        strbuf_printf(out, " %8s %10s %10s %8s  <span class=inlinesrc>", "", "", "", "");
        put_padded(out, indent + 4 * (int)i, text ? text + strspn(text, " \t") : "");
        strbuf_puts(out, "</span> <span class=unimportant>");
        put_html(out, base_name(c->file));
        strbuf_printf(out, ":%" PRId64 "</span>\n", c->line);
    }
}

static void put_insts(struct pprof_annotated *a, const struct pprof_report *r,
                      const struct pprof_annotated_line *line, struct strbuf *out)
{
    char x[MEASURE_MAX], y[MEASURE_MAX];
    int indent = pprof_indentation(line->text) + 4;
    for (uint32_t i = 0; i < line->inst_count; i++) {
        const struct pprof_annotated_inst *in = &line->insts[i];
        if (!in->text[0])
            continue;
        if (in->starts_block && i)
            strbuf_printf(out, " %8s %28s\n", "", "\xe2\x8b\xae");
        put_calls(a, in, i ? in - 1 : NULL, indent, out);
        strbuf_printf(out, " %8s %10s %10s %8" PRIx64 ": <span class=asm>", "",
                      pprof_value_or_dot(r, x, in->flat), pprof_value_or_dot(r, y, in->cum),
                      in->vaddr);
        put_padded(out, indent + 4 * (int)in->call_count, in->text);
        strbuf_puts(out, "</span> <span class=unimportant>");
        if (in->file[0]) {
            put_html(out, base_name(in->file));
            strbuf_printf(out, ":%" PRId64, in->line);
        }
        strbuf_puts(out, "</span>\n");
    }
}

static void put_line(struct pprof_annotated *a, const struct pprof_report *r,
                     const struct pprof_annotated_line *line, struct strbuf *out)
{
    char x[MEASURE_MAX], y[MEASURE_MAX];
    bool code = line->inst_count && line->insts[0].text[0];
    strbuf_puts(out, code ? "<details><summary>" : "");
    strbuf_printf(out, "<span class=line> %6" PRId64 "</span>   %10s %10s %8s  ", line->line,
                  pprof_value_or_dot(r, x, line->flat), pprof_value_or_dot(r, y, line->cum), "");
    put_html(out, line->text);
    if (code) {
        strbuf_puts(out, "</summary>");
        put_insts(a, r, line, out);
        strbuf_puts(out, "</details>");
    } else {
        strbuf_putc(out, '\n');
    }
}

static void put_function(struct pprof_annotated *a, const struct pprof_report *r,
                         const struct pprof_annotated_function *f, struct strbuf *out)
{
    char x[MEASURE_MAX], y[MEASURE_MAX], z[MEASURE_MAX];
    strbuf_puts(out, "<h2>");
    put_html(out, f->name);
    strbuf_puts(out, "</h2>\n<p class=\"filename\">");
    put_html(out, f->file);
    strbuf_printf(out, "</p>\n<pre>\n  Total:  %10s %10s (flat, cum) %s\n",
                  pprof_value(r, x, f->flat), pprof_value(r, y, f->cum),
                  measure_percent(z, f->cum, r->total));
    for (uint32_t i = 0; i < f->line_count; i++)
        put_line(a, r, &f->lines[i], out);
    strbuf_puts(out, "</pre>\n");
}

bool pprof_write_weblist(struct pprof_report *r, struct strbuf *out, struct err *err)
{
    char buf[MEASURE_MAX];
    struct pprof_annotated a;
    struct strbuf labels = {0};
    pprof_annotate(&a, r, 0);
    bool found = a.count > 0;
    pprof_profile_labels(r, &labels);
    strbuf_puts(out, page_head);
    strbuf_puts(out, "<div class=\"legend\">");
    put_html(out, strbuf_str(&labels));
    strbuf_printf(out, "Total: %s</div>\n", pprof_value(r, buf, r->total));
    for (size_t i = 0; i < a.count; i++)
        put_function(&a, r, &a.functions[i], out);
    strbuf_puts(out, "</body>\n</html>\n");
    strbuf_release(&labels);
    pprof_annotated_release(&a);
    return found || err_set(err, "no matches found for regexp: %s",
                            r->symbol ? pprof_rx_pattern(r->symbol) : "");
}
