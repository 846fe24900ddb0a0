#include "pprof/model.h"

#include "base/strbuf.h"

#include <stdlib.h>
#include <string.h>

/* Labels that say nothing: pprof drops a number 0 without a unit, and empty text. */
static bool says_nothing(const struct profile_label *l)
{
    return l->text ? !l->text[0] : l->number == 0 && !l->unit[0];
}

static void drop_empty_labels(struct pprof_model *m)
{
    for (size_t i = 0; i < m->sample_count; i++) {
        struct profile_sample *s = &m->samples[i];
        uint32_t kept = 0;
        for (uint32_t k = 0; k < s->label_count; k++)
            kept += !says_nothing(&s->labels[k]);
        if (kept == s->label_count)
            continue;
        struct profile_label *labels = arena_array(&m->arena, kept, sizeof *labels);
        kept = 0;
        for (uint32_t k = 0; k < s->label_count; k++)
            if (!says_nothing(&s->labels[k]))
                labels[kept++] = s->labels[k];
        s->labels = labels;
        s->label_count = kept;
    }
}

static void *copy_table(struct arena *a, const void *table, size_t count, size_t size)
{
    /* One more than there is: a table of none is a table still. */
    void *copy = arena_array(a, count + 1, size);
    if (count)
        memcpy(copy, table, count * size);
    return copy;
}

#define TABLE(a, table, count) copy_table(a, table, count, sizeof *(table))

void pprof_model_from_profile(struct pprof_model *m, const struct profile *p)
{
    *m = (struct pprof_model){
        .type_count = p->value_type_count,
        .sample_count = p->sample_count,
        .mapping_count = p->mapping_count,
        .function_count = p->function_count,
        .location_count = p->location_count,
        .comment_count = p->comment_count,
        .default_type = p->default_is_told ? p->value_types[p->default_type].type : "",
        .period_type = p->period_type,
        .period = p->period,
        .time_unix_ns = p->time_unix_ns,
        .duration_ns = p->duration_ns,
        .drop_frames = p->drop_frames,
        .keep_frames = p->keep_frames,
        .doc_url = p->doc_url,
    };
    struct arena *a = &m->arena;
    m->types = TABLE(a, p->value_types, p->value_type_count);
    m->samples = TABLE(a, p->samples, p->sample_count);
    m->mappings = TABLE(a, p->mappings, p->mapping_count);
    m->functions = TABLE(a, p->functions, p->function_count);
    m->locations = TABLE(a, p->locations, p->location_count);
    m->comments = TABLE(a, p->comments, p->comment_count);
    drop_empty_labels(m);
}

void pprof_model_copy(struct pprof_model *copy, const struct pprof_model *m)
{
    *copy = *m;
    copy->arena = (struct arena){0};
    struct arena *a = &copy->arena;
    copy->types = TABLE(a, m->types, m->type_count);
    copy->samples = TABLE(a, m->samples, m->sample_count);
    copy->mappings = TABLE(a, m->mappings, m->mapping_count);
    copy->functions = TABLE(a, m->functions, m->function_count);
    copy->locations = TABLE(a, m->locations, m->location_count);
    copy->comments = TABLE(a, m->comments, m->comment_count);
}

void pprof_model_release(struct pprof_model *m)
{
    arena_release(&m->arena);
    *m = (struct pprof_model){0};
}

void pprof_model_ensure_mapping(struct pprof_model *m)
{
    if (m->mapping_count)
        return;
    m->mappings[0] = (struct profile_mapping){.id = 1, .filename = "", .build_id = ""};
    m->mapping_count = 1;
    for (size_t i = 0; i < m->location_count; i++)
        m->locations[i].mapping = 0;
}

void pprof_model_add_comment(struct pprof_model *m, const char *text)
{
    m->comments[m->comment_count] = arena_strdup(&m->arena, text);
    m->comments = TABLE(&m->arena, m->comments, m->comment_count + 1);
    m->comment_count++;
}

static bool no_such_value(const struct pprof_model *m, const char *name, struct err *err)
{
    struct strbuf all = {0};
    for (size_t i = 0; i < m->type_count; i++)
        strbuf_printf(&all, "%s%s", i ? " " : "", m->types[i].type);
    err_set(err, "sample_index \"%s\" must be one of: [%s]", name, strbuf_str(&all));
    strbuf_release(&all);
    return false;
}

bool pprof_model_value_index(const struct pprof_model *m, const char *name, size_t *index,
                             struct err *err)
{
    if (m->type_count == 0)
        return err_set(err, "profile has no samples");
    *index = m->type_count - 1;
    if (!name[0]) {
        for (size_t i = 0; m->default_type[0] && i < m->type_count; i++)
            if (!strcmp(m->types[i].type, m->default_type)) {
                *index = i;
                break;
            }
        return true;
    }
    char *end;
    long n = strtol(name, &end, 10);
    if (!*end) {
        if (n < 0 || (size_t)n >= m->type_count)
            return err_set(err, "sample_index %s is outside the range [0..%zu]", name,
                           m->type_count - 1);
        *index = (size_t)n;
        return true;
    }
    const char *short_name = strncmp(name, "inuse_", 6) ? name : name + 6;
    for (size_t i = 0; i < m->type_count; i++)
        if (!strcmp(m->types[i].type, name) || !strcmp(m->types[i].type, short_name)) {
            *index = i;
            return true;
        }
    return no_such_value(m, name, err);
}

static const char base_key[] = "pprof::base";

void pprof_mark_base(struct pprof_model *m)
{
    for (size_t i = 0; i < m->sample_count; i++) {
        struct profile_sample *s = &m->samples[i];
        struct profile_label *labels = arena_array(&m->arena, s->label_count + 1u, sizeof *labels);
        uint32_t n = 0;
        for (uint32_t k = 0; k < s->label_count; k++)
            if (!s->labels[k].text || strcmp(s->labels[k].key, base_key))
                labels[n++] = s->labels[k];
        labels[n++] = (struct profile_label){.key = base_key, .text = "true", .unit = ""};
        s->labels = labels;
        s->label_count = n;
    }
}

bool pprof_is_base(const struct profile_sample *s)
{
    for (uint32_t k = 0; k < s->label_count; k++) {
        const struct profile_label *l = &s->labels[k];
        if (l->text && !strcmp(l->key, base_key) && !strcmp(l->text, "true"))
            return true;
    }
    return false;
}

static void aggregate_lines(struct pprof_model *m, struct pprof_grain keep)
{
    for (size_t i = 0; i < m->location_count; i++) {
        struct profile_location *loc = &m->locations[i];
        if (!keep.inlines && loc->line_count > 1) {
            loc->lines += loc->line_count - 1;
            loc->line_count = 1;
        }
        if (!keep.address)
            loc->address = 0;
        if (keep.line && keep.column)
            continue;
        struct profile_line *lines = arena_array(&m->arena, loc->line_count, sizeof *lines);
        for (uint32_t k = 0; k < loc->line_count; k++)
            lines[k] = (struct profile_line){
                .function = loc->lines[k].function,
                .line = keep.line ? loc->lines[k].line : 0,
                .column = keep.line && keep.column ? loc->lines[k].column : 0};
        loc->lines = lines;
    }
}

void pprof_aggregate(struct pprof_model *m, struct pprof_grain keep)
{
    for (size_t i = 0; i < m->mapping_count; i++) {
        struct profile_mapping *map = &m->mappings[i];
        map->has_inline_frames &= keep.inlines;
        map->has_functions &= keep.function;
        map->has_filenames &= keep.file;
        map->has_line_numbers &= keep.line;
    }
    for (size_t i = 0; i < m->function_count; i++) {
        struct profile_function *f = &m->functions[i];
        if (!keep.function)
            f->name = f->system_name = "";
        if (!keep.file)
            f->filename = "";
    }
    aggregate_lines(m, keep);
}
