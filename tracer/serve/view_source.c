/* Source lines with their instructions. */
#include "pprof/annotate.h"
#include "serve/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    MOST_FILES = 50,
    MOST_BYTES = 900000 /* of the answer: further functions are left out */
};

static void put_value(struct strbuf *out, const struct pprof_report *r, const char *key, int64_t v)
{
    char buf[MEASURE_MAX];
    if (v)
        view_member(out, key, pprof_value(r, buf, v));
}

static void put_calls(struct strbuf *out, struct pprof_annotated *a,
                      const struct pprof_annotated_inst *in)
{
    view_key(out, "calls");
    strbuf_putc(out, '[');
    for (uint32_t i = 0; i < in->call_count; i++) {
        const struct pprof_call *c = &in->calls[i];
        const char *text = pprof_source_line(&a->sources, c->file, c->line);
        const char *slash = strrchr(c->file, '/');
        strbuf_puts(out, i ? ",[" : "[");
        view_string(out, text ? text + strspn(text, " \t") : "");
        strbuf_putc(out, ',');
        view_string(out, slash ? slash + 1 : c->file);
        strbuf_printf(out, ",%" PRId64 "]", c->line);
    }
    strbuf_putc(out, ']');
}

static void put_inst(struct strbuf *out, struct pprof_annotated *a, const struct pprof_report *r,
                     const struct pprof_annotated_inst *in)
{
    char address[32];
    snprintf(address, sizeof address, "%" PRIx64, in->vaddr);
    strbuf_putc(out, '{');
    view_member(out, "at", address);
    view_member(out, "text", in->text);
    put_value(out, r, "flat", in->flat);
    put_value(out, r, "cum", in->cum);
    if (in->starts_block)
        view_number(out, "block", 1);
    if (in->call_count)
        put_calls(out, a, in);
    strbuf_putc(out, '}');
}

static void put_line(struct strbuf *out, struct pprof_annotated *a, const struct pprof_report *r,
                     const struct pprof_annotated_line *line)
{
    strbuf_putc(out, '{');
    view_number(out, "line", line->line);
    view_member(out, "text", line->text);
    put_value(out, r, "flat", line->flat);
    put_value(out, r, "cum", line->cum);
    if (line->inst_count && line->insts[0].text[0]) {
        view_key(out, "insts");
        for (uint32_t i = 0; i < line->inst_count; i++) {
            strbuf_putc(out, i ? ',' : '[');
            put_inst(out, a, r, &line->insts[i]);
        }
        strbuf_putc(out, ']');
    }
    strbuf_putc(out, '}');
}

static void put_function(struct strbuf *out, struct pprof_annotated *a,
                         const struct pprof_report *r, const struct pprof_annotated_function *f)
{
    char buf[MEASURE_MAX];
    strbuf_putc(out, '{');
    view_member(out, "name", f->name);
    view_member(out, "file", f->file);
    const char *problem = pprof_source_problem(&a->sources, f->file);
    if (problem)
        view_member(out, "problem", problem);
    put_value(out, r, "flat", f->flat);
    put_value(out, r, "cum", f->cum);
    view_member(out, "share", measure_percent_trimmed(buf, f->cum, r->total));
    view_key(out, "lines");
    strbuf_putc(out, '[');
    for (uint32_t i = 0; i < f->line_count; i++) {
        strbuf_puts(out, i ? "," : "");
        put_line(out, a, r, &f->lines[i]);
    }
    strbuf_puts(out, "]}");
}

bool view_source(struct view *v, struct err *err)
{
    struct view_report r = {0};
    bool ok = view_begin(v, &r, "weblist", v->pattern, err);
    if (ok) {
        struct pprof_annotated a;
        size_t i = 0;
        pprof_annotate(&a, &r.report, MOST_FILES);
        strbuf_putc(v->out, '{');
        view_head(v, &r.report);
        view_key(v->out, "functions");
        strbuf_putc(v->out, '[');
        for (; i < a.count && v->out->len < MOST_BYTES; i++) {
            strbuf_puts(v->out, i ? "," : "");
            put_function(v->out, &a, &r.report, &a.functions[i]);
        }
        strbuf_putc(v->out, ']');
        view_number(v->out, "left", (int64_t)(a.count - i));
        strbuf_putc(v->out, '}');
        pprof_annotated_release(&a);
    }
    view_end(&r);
    return ok;
}
