/* Merging and scaling. Rows of the tables are recognised again by a key of bytes
 * that says all that makes them equal; intern gives equal keys the same number,
 * which is the row's index in the merged table. */
#include "base/map.h"
#include "base/strbuf.h"
#include "pprof/measure.h"
#include "pprof/model.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct merger {
    struct pprof_model *out;
    struct intern sample_keys, location_keys, function_keys, mapping_keys;
    size_t sample_cap, location_cap, function_cap, mapping_cap;
    struct strbuf key;

    /* Of the profile being added: its rows' new indices, or PROFILE_NONE. */
    const struct pprof_model *in;
    uint32_t *locations, *functions, *mappings;
    int64_t *slide; /* of each mapping: what its addresses move by */
};

static void key_number(struct strbuf *key, uint64_t v)
{
    strbuf_append(key, &v, sizeof v);
}

static void key_text(struct strbuf *key, const char *s)
{
    strbuf_append(key, s, strlen(s) + 1);
}

/* The row's index in a table of `*count` rows; *added when it is new. */
static uint32_t row_for_key(struct intern *keys, struct strbuf *key, bool *added)
{
    uint32_t before = keys->count;
    uint32_t row = intern_bytes(keys, strbuf_str(key), key->len);
    *added = keys->count != before;
    strbuf_clear(key);
    return row;
}

static uint32_t map_mapping(struct merger *mg, uint32_t index)
{
    enum {
        SIZE_ROUNDING = 0x1000 /* sizes differ a little where the loader rounds */
    };
    if (index == PROFILE_NONE || mg->mappings[index] != PROFILE_NONE)
        return index == PROFILE_NONE ? index : mg->mappings[index];
    const struct profile_mapping *m = &mg->in->mappings[index];
    key_number(&mg->key, (m->limit - m->start + SIZE_ROUNDING - 1) / SIZE_ROUNDING);
    key_number(&mg->key, m->file_off);
    key_text(&mg->key, m->build_id[0] ? m->build_id : m->filename);
    bool added;
    uint32_t row = row_for_key(&mg->mapping_keys, &mg->key, &added);
    struct pprof_model *out = mg->out;
    mem_grow(&out->mappings, &mg->mapping_cap, row + 2u, sizeof *out->mappings);
    if (added) {
        out->mappings[row] = *m;
        out->mappings[row].id = row + 1;
        out->mapping_count = row + 1;
    }
    mg->slide[index] = (int64_t)(out->mappings[row].start - m->start);
    return mg->mappings[index] = row;
}

static uint32_t map_function(struct merger *mg, uint32_t index)
{
    if (index == PROFILE_NONE || mg->functions[index] != PROFILE_NONE)
        return index == PROFILE_NONE ? index : mg->functions[index];
    const struct profile_function *f = &mg->in->functions[index];
    key_number(&mg->key, (uint64_t)f->start_line);
    key_text(&mg->key, f->name);
    key_text(&mg->key, f->system_name);
    key_text(&mg->key, f->filename);
    bool added;
    uint32_t row = row_for_key(&mg->function_keys, &mg->key, &added);
    struct pprof_model *out = mg->out;
    mem_grow(&out->functions, &mg->function_cap, row + 2u, sizeof *out->functions);
    if (added) {
        out->functions[row] = *f;
        out->functions[row].id = row + 1;
        out->function_count = row + 1;
    }
    return mg->functions[index] = row;
}

/* Of columns only the last line's tells locations apart, as in pprof. */
static void key_lines(struct strbuf *key, const struct profile_line *lines, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        key_number(key, lines[i].function);
        key_number(key, (uint64_t)lines[i].line);
    }
    key_number(key, count ? (uint64_t)lines[count - 1].column : 0);
}

static uint32_t map_location(struct merger *mg, uint32_t index)
{
    if (mg->locations[index] != PROFILE_NONE)
        return mg->locations[index];
    struct pprof_model *out = mg->out;
    struct profile_location loc = mg->in->locations[index];
    uint32_t mapping = map_mapping(mg, loc.mapping);
    if (mapping != PROFILE_NONE)
        loc.address += (uint64_t)mg->slide[loc.mapping];
    loc.mapping = mapping;
    struct profile_line *lines = arena_array(&out->arena, loc.line_count, sizeof *lines);
    for (uint32_t i = 0; i < loc.line_count; i++) {
        lines[i] = loc.lines[i];
        lines[i].function = map_function(mg, lines[i].function);
    }
    loc.lines = lines;
    uint64_t start = mapping == PROFILE_NONE ? 0 : out->mappings[mapping].start;
    key_number(&mg->key, loc.address - start);
    key_number(&mg->key, (uint64_t)mapping << 1 | loc.is_folded);
    key_lines(&mg->key, lines, loc.line_count);
    bool added;
    uint32_t row = row_for_key(&mg->location_keys, &mg->key, &added);
    mem_grow(&out->locations, &mg->location_cap, row + 2u, sizeof *out->locations);
    if (added) {
        loc.id = row + 1;
        out->locations[row] = loc;
        out->location_count = row + 1;
    }
    return mg->locations[index] = row;
}

static int by_key(const void *a, const void *b)
{
    const struct profile_label *const *x = a, *const *y = b;
    int order = strcmp((*x)->key, (*y)->key);
    if (order)
        return order;
    order = !(*x)->text - !(*y)->text;
    return order ? order : (*x > *y) - (*x < *y); /* values of one key keep their order */
}

static void key_labels(struct strbuf *key, const struct profile_sample *s)
{
    const struct profile_label **sorted = mem_realloc(NULL, s->label_count + 1u, sizeof *sorted);
    for (uint32_t i = 0; i < s->label_count; i++)
        sorted[i] = &s->labels[i];
    qsort(sorted, s->label_count, sizeof *sorted, by_key);
    for (uint32_t i = 0; i < s->label_count; i++) {
        const struct profile_label *l = sorted[i];
        key_text(key, l->key);
        key_text(key, l->text ? l->text : "");
        key_number(key, l->text ? 0 : (uint64_t)l->number);
        key_text(key, l->text ? "" : l->unit);
    }
    free(sorted);
}

static void add_sample(struct merger *mg, const struct profile_sample *s)
{
    struct pprof_model *out = mg->out;
    size_t types = out->type_count;
    uint32_t *stack = arena_array(&out->arena, s->depth, sizeof *stack);
    for (uint32_t i = 0; i < s->depth; i++)
        stack[i] = map_location(mg, s->locations[i]);
    key_number(&mg->key, s->depth);
    strbuf_append(&mg->key, stack, s->depth * sizeof *stack);
    key_labels(&mg->key, s);
    bool added;
    uint32_t row = row_for_key(&mg->sample_keys, &mg->key, &added);
    mem_grow(&out->samples, &mg->sample_cap, row + 2u, sizeof *out->samples);
    if (added) {
        int64_t *values = arena_array(&out->arena, types, sizeof *values);
        memcpy(values, s->values, types * sizeof *values);
        out->samples[row] = *s;
        out->samples[row].locations = stack;
        out->samples[row].values = values;
        out->sample_count = row + 1;
        return;
    }
    int64_t *sum = (int64_t *)(uintptr_t)out->samples[row].values; /* ours: see above */
    for (size_t t = 0; t < types; t++)
        sum[t] = (int64_t)((uint64_t)sum[t] + (uint64_t)s->values[t]);
}

static bool is_zero(const struct profile_sample *s, size_t types)
{
    for (size_t t = 0; t < types; t++)
        if (s->values[t])
            return false;
    return true;
}

static uint32_t *unmapped(size_t count)
{
    uint32_t *rows = mem_realloc(NULL, count + 1, sizeof *rows);
    memset(rows, 0xff, (count + 1) * sizeof *rows);
    return rows;
}

static void add_profile(struct merger *mg, const struct pprof_model *in)
{
    mg->in = in;
    mg->locations = unmapped(in->location_count);
    mg->functions = unmapped(in->function_count);
    mg->mappings = unmapped(in->mapping_count);
    mg->slide = mem_realloc(NULL, in->mapping_count + 1, sizeof *mg->slide);
    if (mg->mapping_keys.count == 0 && in->mapping_count)
        map_mapping(mg, 0); /* the main program stays the first */
    for (size_t i = 0; i < in->sample_count; i++)
        if (!is_zero(&in->samples[i], in->type_count))
            add_sample(mg, &in->samples[i]);
    free(mg->locations);
    free(mg->functions);
    free(mg->mappings);
    free(mg->slide);
}

static bool has_comment(const struct pprof_model *m, const char *text)
{
    for (size_t i = 0; i < m->comment_count; i++)
        if (!strcmp(m->comments[i], text))
            return true;
    return false;
}

static void merge_headers(struct pprof_model *out, struct pprof_model *const *in, size_t count)
{
    const struct pprof_model *first = in[0];
    *out = (struct pprof_model){.type_count = first->type_count,
                                .period_type = first->period_type,
                                .drop_frames = first->drop_frames,
                                .keep_frames = first->keep_frames,
                                .default_type = "",
                                .doc_url = ""};
    out->types = arena_memdup(&out->arena, first->types, first->type_count * sizeof *out->types);
    size_t comments = 1;
    for (size_t i = 0; i < count; i++)
        comments += in[i]->comment_count;
    out->comments = arena_array(&out->arena, comments, sizeof *out->comments);
    for (size_t i = 0; i < count; i++) {
        const struct pprof_model *m = in[i];
        if (out->time_unix_ns == 0 || m->time_unix_ns < out->time_unix_ns)
            out->time_unix_ns = m->time_unix_ns;
        out->duration_ns = measure_add(out->duration_ns, m->duration_ns);
        if (out->period == 0 || out->period < m->period)
            out->period = m->period;
        for (size_t c = 0; c < m->comment_count; c++)
            if (!has_comment(out, m->comments[c]))
                out->comments[out->comment_count++] = m->comments[c];
        if (!out->default_type[0])
            out->default_type = m->default_type;
        if (!out->doc_url[0])
            out->doc_url = m->doc_url;
    }
}

/* Moves the tables that grew by realloc into the arena. */
static void settle(struct pprof_model *out)
{
    void *grown[] = {out->samples, out->locations, out->functions, out->mappings};
    struct arena *a = &out->arena;
    const struct profile_sample *samples = out->samples;
    out->samples = arena_array(a, out->sample_count + 1, sizeof *out->samples);
    if (samples)
        memcpy(out->samples, samples, out->sample_count * sizeof *samples);
    const struct profile_location *locations = out->locations;
    out->locations = arena_array(a, out->location_count + 1, sizeof *out->locations);
    if (locations)
        memcpy(out->locations, locations, out->location_count * sizeof *locations);
    const struct profile_function *functions = out->functions;
    out->functions = arena_array(a, out->function_count + 1, sizeof *out->functions);
    if (functions)
        memcpy(out->functions, functions, out->function_count * sizeof *functions);
    const struct profile_mapping *mappings = out->mappings;
    out->mappings = arena_array(a, out->mapping_count + 1, sizeof *out->mappings);
    if (mappings)
        memcpy(out->mappings, mappings, out->mapping_count * sizeof *mappings);
    for (size_t i = 0; i < sizeof grown / sizeof *grown; i++)
        free(grown[i]);
}

static void merge_tables(struct pprof_model *out, struct pprof_model *const *in, size_t count)
{
    merge_headers(out, in, count);
    struct merger mg = {.out = out};
    for (size_t i = 0; i < count; i++)
        add_profile(&mg, in[i]);
    intern_release(&mg.sample_keys);
    intern_release(&mg.location_keys);
    intern_release(&mg.function_keys);
    intern_release(&mg.mapping_keys);
    strbuf_release(&mg.key);
    settle(out);
}

/* ---- value types that all profiles have, in one unit ---- */

static size_t find_type(const struct pprof_model *m, const char *type)
{
    for (size_t i = 0; i < m->type_count; i++)
        if (!strcmp(m->types[i].type, type))
            return i;
    return SIZE_MAX;
}

static void keep_types(struct pprof_model *m, const char *const *types, size_t count)
{
    size_t *from = arena_array(&m->arena, count, sizeof *from);
    bool same = count == m->type_count;
    for (size_t t = 0; t < count; t++) {
        from[t] = find_type(m, types[t]);
        same = same && from[t] == t;
    }
    if (same)
        return;
    struct profile_value_type *kept = arena_array(&m->arena, count, sizeof *kept);
    for (size_t t = 0; t < count; t++)
        kept[t] = m->types[from[t]];
    for (size_t i = 0; i < m->sample_count; i++) {
        int64_t *values = arena_array(&m->arena, count, sizeof *values);
        for (size_t t = 0; t < count; t++)
            values[t] = m->samples[i].values[from[t]];
        m->samples[i].values = values;
    }
    m->types = kept;
    m->type_count = count;
    if (find_type(m, m->default_type) == SIZE_MAX)
        m->default_type = "";
}

static bool intersect_types(struct pprof_model *const *in, size_t count, struct err *err)
{
    const struct pprof_model *first = in[0];
    const char **common = mem_realloc(NULL, first->type_count + 1, sizeof *common);
    size_t n = 0;
    for (size_t t = 0; t < first->type_count; t++) {
        bool everywhere = true;
        for (size_t i = 1; i < count; i++)
            everywhere = everywhere && find_type(in[i], first->types[t].type) != SIZE_MAX;
        if (everywhere)
            common[n++] = first->types[t].type;
    }
    for (size_t i = 0; i < count && n; i++)
        keep_types(in[i], common, n);
    free(common);
    return n || err_set(err, "profiles have empty common sample type list");
}

static double unit_ratio(const char *from, const char *to)
{
    const char *unit;
    return measure_scale(1, from, to, &unit);
}

static bool scale_by_type(struct pprof_model *m, const double *ratios)
{
    bool same = true;
    for (size_t t = 0; t < m->type_count; t++)
        same = same && ratios[t] == 1;
    if (same)
        return true;
    size_t kept = 0;
    for (size_t i = 0; i < m->sample_count; i++) {
        struct profile_sample s = m->samples[i];
        int64_t *values = arena_array(&m->arena, m->type_count, sizeof *values);
        bool keep = false;
        for (size_t t = 0; t < m->type_count; t++) {
            values[t] = s.values[t];
            if (ratios[t] == 1)
                continue;
            values[t] = measure_truncate(round((double)s.values[t] * ratios[t]));
            keep = keep || values[t];
        }
        s.values = values;
        if (keep)
            m->samples[kept++] = s;
    }
    m->sample_count = kept;
    return true;
}

static bool same_family(const struct profile_value_type *a, const struct profile_value_type *b,
                        struct err *err)
{
    size_t x = strlen(a->type), y = strlen(b->type);
    x -= x && a->type[x - 1] == 's';
    y -= y && b->type[y - 1] == 's';
    if (x == y && !memcmp(a->type, b->type, x) &&
        (!strcmp(a->unit, b->unit) || measure_same_kind(a->unit, b->unit)))
        return true;
    return err_set(err, "incompatible types: {%s %s} {%s %s}", a->type, a->unit, b->type, b->unit);
}

/* The finest unit of value type t over all profiles. */
static const char *finest_unit(struct pprof_model *const *in, size_t count, size_t t,
                               struct err *err)
{
    const struct profile_value_type *finest = &in[0]->types[t];
    for (size_t i = 1; i < count; i++) {
        const struct profile_value_type *type = &in[i]->types[t];
        if (!same_family(finest, type, err))
            return NULL;
        if (unit_ratio(type->unit, finest->unit) < 1)
            finest = type;
    }
    return finest->unit;
}

static bool unify_period(struct pprof_model *const *in, size_t count, struct err *err)
{
    const struct profile_value_type *finest = &in[0]->period_type;
    for (size_t i = 1; i < count; i++) {
        const struct profile_value_type *type = &in[i]->period_type;
        if (!same_family(finest, type, err))
            return err_wrap(err, "period type");
        if (unit_ratio(type->unit, finest->unit) < 1)
            finest = type;
    }
    const char *unit = finest->unit, *shown;
    for (size_t i = 0; i < count; i++) {
        struct pprof_model *m = in[i];
        m->period = measure_truncate(measure_scale(m->period, m->period_type.unit, unit, &shown));
        m->period_type.unit = unit;
    }
    return true;
}

static bool unify_units(struct pprof_model *const *in, size_t count, struct err *err)
{
    if (!unify_period(in, count, err))
        return false;
    size_t types = in[0]->type_count;
    const char **units = mem_realloc(NULL, types + 1, sizeof *units);
    double *ratios = mem_realloc(NULL, types + 1, sizeof *ratios);
    bool ok = true;
    for (size_t t = 0; ok && t < types; t++)
        ok = (units[t] = finest_unit(in, count, t, err)) != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        for (size_t t = 0; t < types; t++) {
            ratios[t] = unit_ratio(in[i]->types[t].unit, units[t]);
            in[i]->types[t].unit = units[t];
        }
        scale_by_type(in[i], ratios);
    }
    free(units);
    free(ratios);
    return ok || err_wrap(err, "sample types");
}

static bool compatible(const struct pprof_model *a, const struct pprof_model *b, struct err *err)
{
    bool same = !strcmp(a->period_type.type, b->period_type.type) &&
                !strcmp(a->period_type.unit, b->period_type.unit);
    if (!same)
        return err_set(err, "incompatible period types {%s %s} and {%s %s}", a->period_type.type,
                       a->period_type.unit, b->period_type.type, b->period_type.unit);
    same = a->type_count == b->type_count;
    for (size_t t = 0; same && t < a->type_count; t++)
        same = !strcmp(a->types[t].type, b->types[t].type) &&
               !strcmp(a->types[t].unit, b->types[t].unit);
    return same || err_set(err, "incompatible sample types");
}

bool pprof_merge(struct pprof_model *out, struct pprof_model *const *in, size_t count,
                 struct err *err)
{
    *out = (struct pprof_model){0};
    if (!intersect_types(in, count, err) || !unify_units(in, count, err))
        return false;
    for (size_t i = 1; i < count; i++)
        if (!compatible(in[0], in[i], err))
            return false;
    merge_tables(out, in, count);
    for (size_t i = 0; i < out->sample_count; i++) {
        if (!is_zero(&out->samples[i], out->type_count))
            continue;
        /* What cancelled out goes, with what only it used. Stacks and values are
         * copied by merging, lines too; what `again` borrows is the inputs'. */
        struct pprof_model again, *once = out;
        merge_tables(&again, &once, 1);
        pprof_model_release(out);
        *out = again;
        break;
    }
    return true;
}

void pprof_scale(struct pprof_model *m, double ratio)
{
    double *ratios = mem_realloc(NULL, m->type_count + 1, sizeof *ratios);
    for (size_t t = 0; t < m->type_count; t++)
        ratios[t] = ratio;
    scale_by_type(m, ratios);
    free(ratios);
}

static uint64_t sum_of(const struct pprof_model *m, size_t t)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < m->sample_count; i++)
        sum += (uint64_t)m->samples[i].values[t];
    return sum;
}

bool pprof_normalize(struct pprof_model *m, const struct pprof_model *base, struct err *err)
{
    if (!compatible(m, base, err))
        return false;
    double *ratios = mem_realloc(NULL, m->type_count + 1, sizeof *ratios);
    for (size_t t = 0; t < m->type_count; t++) {
        int64_t own = (int64_t)sum_of(m, t), wanted = (int64_t)sum_of(base, t);
        ratios[t] = own ? (double)wanted / (double)own : 0;
    }
    scale_by_type(m, ratios);
    free(ratios);
    return true;
}
