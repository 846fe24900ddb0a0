/* raw: everything in the profile as text. */
#include "pprof/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void put_time(int64_t ns, struct strbuf *out)
{
    time_t s = (time_t)(ns / 1000000000);
    int64_t rest = ns % 1000000000;
    if (rest < 0) {
        rest += 1000000000;
        s--;
    }
    struct tm tm;
    char date[32] = "", zone[32] = "", fraction[16] = "";
    if (localtime_r(&s, &tm)) {
        strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", &tm);
        strftime(zone, sizeof zone, "%z %Z", &tm);
    }
    if (rest) {
        int len = snprintf(fraction, sizeof fraction, ".%09" PRId64, rest);
        while (len > 1 && fraction[len - 1] == '0')
            fraction[--len] = 0;
    }
    strbuf_printf(out, "Time: %s%s %s\n", date, fraction, zone);
}

/* "1h2m3.5s" as Go writes durations, cut to four characters as pprof does. */
static void put_duration(int64_t ns, struct strbuf *out)
{
    enum {
        SHOWN = 4
    };
    char text[64];
    const char *sign = ns < 0 ? "-" : "";
    uint64_t v = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns, s = v / 1000000000;
    if (v < 1000)
        snprintf(text, sizeof text, "%s%" PRIu64 "ns", sign, v);
    else if (v < 1000000)
        snprintf(text, sizeof text, "%s%.10gµs", sign, (double)v / 1e3);
    else if (s == 0)
        snprintf(text, sizeof text, "%s%.10gms", sign, (double)v / 1e6);
    else if (s < 60)
        snprintf(text, sizeof text, "%s%.12gs", sign, (double)v / 1e9);
    else if (s < 3600)
        snprintf(text, sizeof text, "%s%" PRIu64 "m%" PRIu64 "s", sign, s / 60, s % 60);
    else
        snprintf(text, sizeof text, "%s%" PRIu64 "h%" PRIu64 "m", sign, s / 3600, s / 60 % 60);
    size_t end = 0;
    for (int shown = 0; text[end] && shown < SHOWN; shown++)
        do
            end++;
        while (((unsigned char)text[end] & 0xc0) == 0x80);
    strbuf_printf(out, "Duration: %.*s\n", (int)end, text);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "key:[value value]" for the label's key, and for numbers "key:[12 bytes]". */
static char *label_text(struct arena *a, const struct profile_sample *s, const char *key,
                        bool numbers)
{
    bool has_unit = false;
    for (uint32_t k = 0; k < s->label_count; k++)
        has_unit = has_unit ||
                   (!s->labels[k].text && !strcmp(s->labels[k].key, key) && s->labels[k].unit[0]);
    struct strbuf sb = {0};
    strbuf_printf(&sb, "%s:[", key);
    bool first = true;
    for (uint32_t k = 0; k < s->label_count; k++) {
        const struct profile_label *l = &s->labels[k];
        if (strcmp(l->key, key) || !l->text != numbers)
            continue;
        if (!first)
            strbuf_putc(&sb, ' ');
        first = false;
        if (l->text)
            strbuf_puts(&sb, l->text);
        else
            strbuf_printf(&sb, "%" PRId64, l->number);
        if (!l->text && has_unit)
            strbuf_printf(&sb, " %s", l->unit);
    }
    strbuf_putc(&sb, ']');
    char *text = arena_strdup(a, sb.p);
    strbuf_release(&sb);
    return text;
}

static void put_labels(const struct profile_sample *s, bool numbers, struct strbuf *out)
{
    struct arena a = {0};
    char **texts = arena_array(&a, s->label_count + 1u, sizeof *texts);
    size_t n = 0;
    for (uint32_t k = 0; k < s->label_count; k++) {
        const struct profile_label *l = &s->labels[k];
        bool told = !l->text != numbers;
        for (uint32_t i = 0; i < k && !told; i++)
            told = !strcmp(s->labels[i].key, l->key) && !s->labels[i].text == numbers;
        if (!told)
            texts[n++] = label_text(&a, s, l->key, numbers);
    }
    qsort(texts, n, sizeof *texts, by_text);
    for (size_t i = 0; i < n; i++)
        strbuf_printf(out, "%s%s", i ? " " : "                ", texts[i]);
    if (n)
        strbuf_putc(out, '\n');
    arena_release(&a);
}

static void put_samples(const struct pprof_model *m, struct strbuf *out)
{
    strbuf_puts(out, "Samples:\n");
    for (size_t t = 0; t < m->type_count; t++)
        strbuf_printf(out, "%s%s/%s%s", t ? " " : "", m->types[t].type, m->types[t].unit,
                      strcmp(m->types[t].type, m->default_type) ? "" : "[dflt]");
    strbuf_putc(out, '\n');
    for (size_t i = 0; i < m->sample_count; i++) {
        const struct profile_sample *s = &m->samples[i];
        for (size_t t = 0; t < m->type_count; t++)
            strbuf_printf(out, " %10" PRId64, s->values[t]);
        strbuf_puts(out, ": ");
        for (uint32_t d = 0; d < s->depth; d++)
            strbuf_printf(out, "%" PRIu64 " ", m->locations[s->locations[d]].id);
        strbuf_putc(out, '\n');
        put_labels(s, false, out);
        put_labels(s, true, out);
    }
}

static void put_location(const struct pprof_model *m, const struct profile_location *loc,
                         struct strbuf *out)
{
    strbuf_printf(out, "%6" PRIu64 ": 0x%" PRIx64 " ", loc->id, loc->address);
    if (loc->mapping != PROFILE_NONE)
        strbuf_printf(out, "M=%" PRIu64 " ", m->mappings[loc->mapping].id);
    if (loc->is_folded)
        strbuf_puts(out, "[F] ");
    if (!loc->line_count)
        strbuf_putc(out, '\n');
    for (uint32_t k = 0; k < loc->line_count; k++) {
        const struct profile_line *l = &loc->lines[k];
        if (k)
            strbuf_puts(out, "             ");
        if (l->function == PROFILE_NONE) {
            strbuf_puts(out, "??\n");
            continue;
        }
        const struct profile_function *f = &m->functions[l->function];
        strbuf_printf(out, "%s %s:%" PRId64 ":%" PRId64 " s=%" PRId64, f->name, f->filename,
                      l->line, l->column, f->start_line);
        if (strcmp(f->name, f->system_name))
            strbuf_printf(out, "(%s)", f->system_name);
        strbuf_putc(out, '\n');
    }
}

bool pprof_write_raw(struct pprof_report *r, struct strbuf *out, struct err *err)
{
    (void)err;
    const struct pprof_model *m = r->model;
    for (size_t i = 0; i < m->comment_count; i++)
        strbuf_printf(out, "Comment: %s\n", m->comments[i]);
    if (m->doc_url[0])
        strbuf_printf(out, "Doc: %s\n", m->doc_url);
    strbuf_printf(out, "PeriodType: %s %s\nPeriod: %" PRId64 "\n", m->period_type.type,
                  m->period_type.unit, m->period);
    if (m->time_unix_ns)
        put_time(m->time_unix_ns, out);
    if (m->duration_ns)
        put_duration(m->duration_ns, out);
    put_samples(m, out);
    strbuf_puts(out, "Locations\n");
    for (size_t i = 0; i < m->location_count; i++)
        put_location(m, &m->locations[i], out);
    strbuf_puts(out, "Mappings\n");
    for (size_t i = 0; i < m->mapping_count; i++) {
        const struct profile_mapping *map = &m->mappings[i];
        strbuf_printf(out,
                      "%" PRIu64 ": 0x%" PRIx64 "/0x%" PRIx64 "/0x%" PRIx64 " %s %s %s%s%s%s\n",
                      map->id, map->start, map->limit, map->file_off, map->filename, map->build_id,
                      map->has_functions ? "[FN]" : "", map->has_filenames ? "[FL]" : "",
                      map->has_line_numbers ? "[LN]" : "", map->has_inline_frames ? "[IN]" : "");
    }
    return true;
}
