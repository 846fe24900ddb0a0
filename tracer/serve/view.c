#include "serve/view.h"

#include "base/json.h"
#include "base/map.h"
#include "base/utf8.h"
#include "serve/settings.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- JSON ---- */

void view_string(struct strbuf *out, const char *s)
{
    struct strbuf valid = {0};
    utf8_append(&valid, s);
    json_string(out, strbuf_str(&valid));
    strbuf_release(&valid);
}

void view_key(struct strbuf *out, const char *key)
{
    if (out->p[out->len - 1] != '{')
        strbuf_putc(out, ',');
    json_string(out, key);
    strbuf_putc(out, ':');
}

void view_member(struct strbuf *out, const char *key, const char *value)
{
    view_key(out, key);
    view_string(out, value);
}

void view_number(struct strbuf *out, const char *key, int64_t value)
{
    view_key(out, key);
    strbuf_printf(out, "%" PRId64, value);
}

/* ---- reports ---- */

static void take_note(void *data, const char *text)
{
    struct view *v = data;
    strbuf_puts(&v->notes, v->notes.len ? "," : "");
    view_string(&v->notes, text);
}

bool view_begin(struct view *v, struct view_report *r, const char *command, const char *pattern,
                struct err *err)
{
    const struct pprof_notes notes = {take_note, v};
    const struct pprof_command *c = pprof_command_find(command);
    pprof_model_copy(&r->model, &v->profile->model);
    return pprof_report_init(&r->report, &r->model, c, pattern && pattern[0] ? pattern : NULL,
                             &v->config, &notes, err);
}

void view_end(struct view_report *r)
{
    pprof_report_release(&r->report);
    pprof_model_release(&r->model);
}

void view_head(struct view *v, const struct pprof_report *r)
{
    char buf[MEASURE_MAX];
    struct strbuf labels = {0};
    pprof_profile_labels(r, &labels);
    view_member(v->out, "title", r->title[0] ? r->title : "profile");
    view_member(v->out, "type", r->type);
    view_member(v->out, "unit", r->unit);
    view_member(v->out, "legend", strbuf_str(&labels));
    view_number(v->out, "total", r->total);
    view_key(v->out, "ratio");
    strbuf_printf(v->out, "%.17g", r->ratio > 0 ? r->ratio : 1);
    view_member(v->out, "totalText", pprof_value(r, buf, r->total));
    view_key(v->out, "diff");
    strbuf_puts(v->out, pprof_has_base(r->model) ? "true" : "false");
    view_key(v->out, "notes");
    strbuf_printf(v->out, "[%s]", strbuf_str(&v->notes));
    strbuf_release(&labels);
}

/* A report's text, as the command line prints it. */
static bool view_text(struct view *v, const char *command, const char *pattern, struct err *err)
{
    struct view_report r = {0};
    struct strbuf text = {0};
    bool ok = view_begin(v, &r, command, pattern, err) && pprof_report_write(&r.report, &text, err);
    if (ok) {
        strbuf_putc(v->out, '{');
        view_head(v, &r.report);
        view_member(v->out, "text", strbuf_str(&text));
        strbuf_putc(v->out, '}');
    }
    strbuf_release(&text);
    view_end(&r);
    return ok;
}

bool view_tags(struct view *v, struct err *err)
{
    return view_text(v, "tags", NULL, err);
}

bool view_disasm(struct view *v, struct err *err)
{
    v->config.tools = PPROF_NO_TOOLS; /* nothing is run for a page */
    v->config.max_functions = 50;
    return view_text(v, "disasm", v->pattern[0] ? v->pattern : ".", err);
}

bool view_download(struct view *v, struct err *err)
{
    struct view_report r = {0};
    v->config = pprof_config_default();
    bool ok = view_begin(v, &r, "proto", NULL, err) && pprof_report_write(&r.report, v->out, err);
    view_end(&r);
    return ok;
}

/* ---- the menus ---- */

static void put_types(struct view *v)
{
    const struct pprof_model *m = &v->profile->model;
    size_t chosen = 0;
    view_key(v->out, "types");
    strbuf_putc(v->out, '[');
    for (size_t i = 0; i < m->type_count; i++) {
        strbuf_puts(v->out, i ? "," : "");
        view_string(v->out, m->types[i].type);
    }
    strbuf_putc(v->out, ']');
    pprof_model_value_index(m, v->serve->config.sample_index, &chosen, NULL);
    view_member(v->out, "defaultType", m->type_count ? m->types[chosen].type : "");
}

static void put_option(struct view *v, const struct pprof_option *o)
{
    static const char *const kinds[] = {[PPROF_BOOL] = "bool",
                                        [PPROF_INT] = "int",
                                        [PPROF_FLOAT] = "float",
                                        [PPROF_STRING] = "text"};
    struct strbuf value = {0};
    pprof_config_get(&v->serve->config, o, &value);
    strbuf_putc(v->out, '{');
    view_member(v->out, "name", o->name);
    view_member(v->out, "url", o->url);
    view_member(v->out, "kind", kinds[o->kind]);
    view_member(v->out, "value", strbuf_str(&value));
    view_member(v->out, "help", o->help);
    if (o->choices) {
        view_key(v->out, "choices");
        for (const char *const *c = o->choices; *c; c++) {
            strbuf_putc(v->out, c == o->choices ? '[' : ',');
            view_string(v->out, *c);
        }
        strbuf_putc(v->out, ']');
    }
    strbuf_putc(v->out, '}');
    strbuf_release(&value);
}

static void put_options(struct view *v)
{
    bool first = true;
    view_key(v->out, "options");
    strbuf_putc(v->out, '[');
    for (const struct pprof_option *o = pprof_options; o->name; o++) {
        if (!o->url[0])
            continue;
        strbuf_puts(v->out, first ? "" : ",");
        put_option(v, o);
        first = false;
    }
    strbuf_putc(v->out, ']');
}

/* The keys of the labels, each once. */
static void put_label_keys(struct view *v)
{
    struct intern keys = {0};
    for (size_t i = 0; i < v->profile->model.sample_count; i++) {
        const struct profile_sample *s = &v->profile->model.samples[i];
        for (uint32_t k = 0; k < s->label_count; k++)
            if (strcmp(s->labels[k].key, "pprof::base") != 0)
                intern_str(&keys, s->labels[k].key);
    }
    view_key(v->out, "labels");
    strbuf_putc(v->out, '[');
    for (uint32_t i = 0; i < keys.count; i++) {
        strbuf_puts(v->out, i ? "," : "");
        view_string(v->out, intern_get(&keys, i));
    }
    strbuf_putc(v->out, ']');
    intern_release(&keys);
}

bool view_info(struct view *v, struct err *err)
{
    struct view_report r = {0};
    struct err ignored;
    bool ok = view_begin(v, &r, "top", NULL, err);
    if (ok) {
        strbuf_putc(v->out, '{');
        view_head(v, &r.report);
        view_member(v->out, "profile", v->profile->name);
        view_key(v->out, "profiles");
        for (size_t i = 0; i < v->serve->count; i++) {
            strbuf_putc(v->out, i ? ',' : '[');
            view_string(v->out, v->serve->profiles[i].name);
        }
        strbuf_putc(v->out, ']');
        view_member(v->out, "doc", r.model.doc_url);
        put_types(v);
        put_options(v);
        put_label_keys(v);
        view_key(v->out, "configs");
        size_t at = v->out->len;
        if (!v->serve->settings_path || !settings_list(v->serve->settings_path, v->out, &ignored)) {
            v->out->len = at;
            strbuf_puts(v->out, "[]");
        }
        strbuf_putc(v->out, '}');
    }
    view_end(&r);
    return ok;
}
