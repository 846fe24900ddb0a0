/* proto and topproto: the profile, filtered or summed up, as a profile again. */
#include "base/map.h"
#include "pprof/report.h"
#include "profile/write.h"

#include <stdlib.h>
#include <string.h>

static bool write_model(const struct pprof_model *m, struct strbuf *out, struct err *err)
{
    const struct profile p = {.value_types = m->types,
                              .samples = m->samples,
                              .mappings = m->mappings,
                              .functions = m->functions,
                              .locations = m->locations,
                              .comments = m->comments,
                              .value_type_count = m->type_count,
                              .sample_count = m->sample_count,
                              .mapping_count = m->mapping_count,
                              .function_count = m->function_count,
                              .location_count = m->location_count,
                              .comment_count = m->comment_count,
                              .period_type = m->period_type,
                              .period = m->period,
                              .time_unix_ns = m->time_unix_ns,
                              .duration_ns = m->duration_ns,
                              .drop_frames = m->drop_frames,
                              .keep_frames = m->keep_frames,
                              .doc_url = m->doc_url};
    return profile_write(&p, m->default_type, out, err);
}

bool pprof_write_proto(struct pprof_report *r, struct strbuf *out, struct err *err)
{
    struct pprof_model *m = r->model;
    if (r->ratio > 0 && r->ratio != 1) {
        for (size_t i = 0; i < m->sample_count; i++) {
            int64_t *values = arena_array(&m->arena, m->type_count, sizeof *values);
            for (size_t t = 0; t < m->type_count; t++)
                values[t] = measure_truncate((double)m->samples[i].values[t] * r->ratio);
            m->samples[i].values = values;
        }
    }
    return write_model(m, out, err);
}

/* The function of a frame: equal ones once. */
static uint32_t function_for(struct pprof_model *top, struct intern *keys,
                             const struct pprof_frame *f)
{
    struct strbuf key = {0};
    strbuf_printf(&key, "%s%c%s%c%lld", f->name, 1, f->file, 1, (long long)f->start_line);
    uint32_t id = intern_bytes(keys, key.p, key.len);
    strbuf_release(&key);
    if (id == top->function_count)
        top->functions[top->function_count++] =
            (struct profile_function){.id = id + 1,
                                      .name = f->name,
                                      .system_name = "",
                                      .filename = f->file,
                                      .start_line = f->start_line};
    return id;
}

bool pprof_write_topproto(struct pprof_report *r, struct strbuf *out, struct err *err)
{
    struct pprof_trimmed t;
    pprof_trimmed_init(&t, r);
    const struct pprof_model *m = r->model;
    size_t n = t.graph.count;
    struct profile_value_type types[] = {{"cum", r->output_unit}, {"flat", r->output_unit}};
    struct pprof_model top = {.types = types,
                              .type_count = 2,
                              .default_type = "",
                              .period_type = m->period_type,
                              .period = m->period,
                              .time_unix_ns = m->time_unix_ns,
                              .duration_ns = m->duration_ns,
                              .drop_frames = "",
                              .keep_frames = "",
                              .doc_url = ""};
    struct arena *a = &top.arena;
    top.samples = arena_array(a, n + 1, sizeof *top.samples);
    top.locations = arena_array(a, n + 1, sizeof *top.locations);
    top.functions = arena_array(a, n + 1, sizeof *top.functions);
    struct intern keys = {0};
    for (size_t i = 0; i < n; i++) {
        const struct pprof_node *node = t.graph.order[i];
        const struct pprof_frame *f = &t.frames.frames[node->frame];
        struct profile_line *line = arena_alloc(a, sizeof *line);
        *line = (struct profile_line){.function = function_for(&top, &keys, f), .line = f->line};
        top.locations[i] = (struct profile_location){.id = i + 1,
                                                     .address = f->address,
                                                     .mapping = PROFILE_NONE,
                                                     .line_count = 1,
                                                     .lines = line};
        uint32_t *stack = arena_alloc(a, sizeof *stack);
        *stack = (uint32_t)i;
        int64_t *values = arena_array(a, 2, sizeof *values);
        values[0] = measure_truncate(pprof_scaled(r, pprof_node_cum(node)));
        values[1] = measure_truncate(pprof_scaled(r, pprof_node_flat(node)));
        top.samples[i] = (struct profile_sample){.locations = stack, .values = values, .depth = 1};
    }
    top.sample_count = top.location_count = n;
    bool ok = write_model(&top, out, err);
    intern_release(&keys);
    arena_release(a);
    pprof_trimmed_release(&t);
    return ok;
}
