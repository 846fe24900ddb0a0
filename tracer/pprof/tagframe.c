/* Frames made of labels (tagroot, tagleaf): so that a call graph or a flame graph
 * splits by request, thread or whatever the labels tell. */
#include "base/map.h"
#include "base/strbuf.h"
#include "pprof/filter.h"
#include "pprof/measure.h"

#include <stdlib.h>
#include <string.h>

struct tag_frames {
    struct pprof_model *model;
    struct intern names; /* "KEY\0VALUES" to the number of the frame */
    size_t first_location, first_function;
    size_t location_cap, function_cap;
    uint64_t next_location_id, next_function_id;
    const char *unit;
    struct strbuf text;
};

static void append_value(struct strbuf *sb, size_t start, const char *value)
{
    if (sb->len > start)
        strbuf_putc(sb, ',');
    strbuf_puts(sb, value);
}

/* Appends the label's values as the frame's name; false when it has none. */
static bool put_values(struct tag_frames *t, const struct profile_sample *s, const char *key)
{
    size_t start = t->text.len;
    bool has_unit = false, any = false;
    for (uint32_t k = 0; k < s->label_count; k++) {
        const struct profile_label *l = &s->labels[k];
        if (strcmp(l->key, key))
            continue;
        any = true;
        has_unit = has_unit || (!l->text && l->unit[0]);
        if (l->text)
            append_value(&t->text, start, l->text);
    }
    char buf[MEASURE_MAX];
    for (uint32_t k = 0; k < s->label_count; k++) {
        const struct profile_label *l = &s->labels[k];
        if (!l->text && !strcmp(l->key, key))
            append_value(&t->text, start,
                         measure_label(buf, l->number, l->unit, has_unit ? t->unit : ""));
    }
    return any;
}

static uint32_t new_frame(struct tag_frames *t, const char *name, const char *file)
{
    struct pprof_model *m = t->model;
    uint32_t fn = (uint32_t)m->function_count++, loc = (uint32_t)m->location_count++;
    if (m->function_count >= t->function_cap) {
        struct profile_function *more =
            arena_array(&m->arena, t->function_cap = 2 * m->function_count + 8, sizeof *more);
        memcpy(more, m->functions, fn * sizeof *more);
        m->functions = more;
    }
    if (m->location_count >= t->location_cap) {
        struct profile_location *more =
            arena_array(&m->arena, t->location_cap = 2 * m->location_count + 8, sizeof *more);
        memcpy(more, m->locations, loc * sizeof *more);
        m->locations = more;
    }
    m->functions[fn] = (struct profile_function){.id = t->next_function_id++,
                                                 .name = arena_strdup(&m->arena, name),
                                                 .system_name = "",
                                                 .filename = arena_strdup(&m->arena, file)};
    struct profile_line *line = arena_alloc(&m->arena, sizeof *line);
    line->function = fn;
    m->locations[loc] = (struct profile_location){
        .id = t->next_location_id++, .mapping = PROFILE_NONE, .line_count = 1, .lines = line};
    return loc;
}

static uint32_t frame_for(struct tag_frames *t, const struct profile_sample *s, const char *key,
                          bool *matched)
{
    strbuf_clear(&t->text);
    strbuf_append(&t->text, key, strlen(key) + 1);
    size_t name_off = t->text.len;
    *matched |= put_values(t, s, key);
    uint32_t before = t->names.count;
    uint32_t id = intern_bytes(&t->names, t->text.p, t->text.len);
    if (t->names.count != before)
        new_frame(t, t->text.p + name_off, key);
    return (uint32_t)t->first_location + id;
}

struct keys {
    const char **key;
    size_t count;
};

static struct keys split_keys(struct arena *a, const char *list)
{
    struct keys keys = {arena_array(a, strlen(list) + 1, sizeof *keys.key), 0};
    char *copy = arena_strdup(a, list), *rest = copy;
    for (char *word; (word = strsep(&rest, ","));)
        if (*word)
            keys.key[keys.count++] = word;
    return keys;
}

static uint64_t after_last_id(const struct pprof_model *m, bool of_locations)
{
    uint64_t last = 0;
    for (size_t i = 0; of_locations && i < m->location_count; i++)
        last = m->locations[i].id > last ? m->locations[i].id : last;
    for (size_t i = 0; !of_locations && i < m->function_count; i++)
        last = m->functions[i].id > last ? m->functions[i].id : last;
    return last + 1;
}

void pprof_add_tag_frames(struct pprof_model *m, const char *root_keys, const char *leaf_keys,
                          const char *unit, const struct pprof_notes *notes)
{
    struct keys roots = split_keys(&m->arena, root_keys), leaves = split_keys(&m->arena, leaf_keys);
    if (roots.count + leaves.count == 0)
        return;
    struct tag_frames t = {.model = m,
                           .first_location = m->location_count,
                           .first_function = m->function_count,
                           .next_location_id = after_last_id(m, true),
                           .next_function_id = after_last_id(m, false),
                           .unit = unit};
    bool root_matched = !roots.count, leaf_matched = !leaves.count;
    for (size_t i = 0; i < m->sample_count; i++) {
        struct profile_sample *s = &m->samples[i];
        uint32_t *stack =
            arena_array(&m->arena, s->depth + roots.count + leaves.count, sizeof *stack);
        uint32_t n = 0;
        /* Backwards: the first key is nearest to the root, the last to the leaf. */
        for (size_t r = roots.count; r > 0; r--)
            stack[leaves.count + s->depth + roots.count - r] =
                frame_for(&t, s, roots.key[r - 1], &root_matched);
        for (size_t l = leaves.count; l > 0; l--)
            stack[n++] = frame_for(&t, s, leaves.key[l - 1], &leaf_matched);
        memcpy(stack + n, s->locations, s->depth * sizeof *stack);
        s->locations = stack;
        s->depth += (uint32_t)(roots.count + leaves.count);
    }
    if (!root_matched)
        pprof_note(notes, "TagRoot expression matched no samples");
    if (!leaf_matched)
        pprof_note(notes, "TagLeaf expression matched no samples");
    strbuf_release(&t.text);
    intern_release(&t.names);
}
