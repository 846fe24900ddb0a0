#include "analyze/compare.h"

#include "base/map.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Sums of each profile, by function or stack: `v[id * profiles + profile]`. */
struct sums {
    double *v; /* owned */
    size_t cap;
    uint32_t count; /* ids */
};

struct comparer {
    struct compare *c;
    size_t profiles;      /* of both sides, before first */
    size_t before;        /* of them */
    struct intern names;  /* function ids */
    const char **file_of; /* owned */
    size_t file_cap;
    struct intern stacks; /* of function ids */
    struct sums flat, cum, stack;
    double *totals;   /* owned, by profile */
    uint32_t *frames; /* owned: the stack being read */
    size_t frames_cap;
    uint64_t *seen; /* owned, by function: the sample that counted it last, + 1 */
    size_t seen_cap;
    uint64_t samples; /* read so far */
};

static double *sum_at(struct comparer *k, struct sums *s, uint32_t id, size_t profile)
{
    if (id >= s->count) {
        size_t was = (size_t)s->count * k->profiles;
        s->count = id + 1;
        mem_grow(&s->v, &s->cap, (size_t)s->count * k->profiles, sizeof *s->v);
        for (size_t i = was; i < (size_t)s->count * k->profiles; i++)
            s->v[i] = 0;
    }
    return &s->v[(size_t)id * k->profiles + profile];
}

static uint32_t function_id(struct comparer *k, const char *name, const char *file)
{
    uint32_t known = k->names.count, id = intern_str(&k->names, name);
    if (id == known) {
        mem_grow(&k->file_of, &k->file_cap, (size_t)id + 1, sizeof(char *));
        k->file_of[id] = *file ? arena_strdup(&k->c->arena, file) : "";
        mem_grow(&k->seen, &k->seen_cap, (size_t)id + 1, sizeof *k->seen);
        k->seen[id] = 0;
    }
    return id;
}

/* A place without a name is told by its module, the same wherever it was loaded. */
static uint32_t unnamed_id(struct comparer *k, const struct profile *p,
                           const struct profile_location *l)
{
    const struct profile_mapping *m = l->mapping == PROFILE_NONE ? NULL : &p->mappings[l->mapping];
    const char *slash = m ? strrchr(m->filename, '/') : NULL;
    unsigned long long off = l->address - (m ? m->start - m->file_off : 0);
    return function_id(
        k, arena_printf(&k->c->arena, "%s+0x%llx", m ? slash ? slash + 1 : m->filename : "", off),
        "");
}

static void push(struct comparer *k, uint32_t *depth, uint32_t function)
{
    mem_grow(&k->frames, &k->frames_cap, (size_t)*depth + 1, sizeof *k->frames);
    k->frames[(*depth)++] = function;
}

/* The sample's functions, leaf first, into k->frames. */
static uint32_t read_stack(struct comparer *k, const struct profile *p,
                           const struct profile_sample *s)
{
    uint32_t depth = 0;
    for (uint32_t i = 0; i < s->depth; i++) {
        const struct profile_location *l = &p->locations[s->locations[i]];
        for (uint32_t n = 0; n < l->line_count; n++) {
            const struct profile_line *line = &l->lines[n];
            const char *name = profile_line_name(p, line);
            const char *file =
                line->function == PROFILE_NONE ? "" : p->functions[line->function].filename;
            push(k, &depth, *name ? function_id(k, name, file) : unnamed_id(k, p, l));
        }
        if (!l->line_count)
            push(k, &depth, unnamed_id(k, p, l));
    }
    return depth;
}

static void add_sample(struct comparer *k, size_t profile, uint32_t depth, double value)
{
    k->samples++;
    k->totals[profile] += value;
    uint32_t stack = intern_bytes(&k->stacks, k->frames, depth * sizeof *k->frames);
    *sum_at(k, &k->stack, stack, profile) += value;
    if (depth)
        *sum_at(k, &k->flat, k->frames[0], profile) += value;
    for (uint32_t i = 0; i < depth; i++)
        if (k->seen[k->frames[i]] != k->samples) {
            k->seen[k->frames[i]] = k->samples;
            *sum_at(k, &k->cum, k->frames[i], profile) += value;
        }
}

static bool find_type(const struct profile *p, const char *name, size_t *index)
{
    for (size_t i = 0; i < p->value_type_count; i++)
        if (!strcmp(p->value_types[i].type, name)) {
            *index = i;
            return true;
        }
    return false;
}

static bool read_profile(struct comparer *k, const struct profile *p, size_t at, struct err *err)
{
    size_t value;
    const char *side = at < k->before ? "before" : "after";
    if (!find_type(p, k->c->type, &value)) {
        err_set(err, "a profile of the side '%s' has no values of type '%s'", side, k->c->type);
        return err_hint(err,
                        "only profiles of one kind can be compared; --type chooses the values");
    }
    if (strcmp(p->value_types[value].unit, k->c->unit))
        return err_set(err, "values of type '%s' are %s before, and %s in one after", k->c->type,
                       k->c->unit, p->value_types[value].unit);
    for (size_t i = 0; i < p->sample_count; i++) {
        double v = (double)p->samples[i].values[value];
        if (v != 0)
            add_sample(k, at, read_stack(k, p, &p->samples[i]), v);
    }
    return true;
}

/* ---- scaling ---- */

static void scale_sums(const struct comparer *k, struct sums *s, const double *factor)
{
    for (uint32_t id = 0; id < s->count; id++)
        for (size_t p = 0; p < k->profiles; p++)
            s->v[(size_t)id * k->profiles + p] *= factor[p];
}

static bool scale(struct comparer *k, const struct profile *const *all, enum compare_scale how,
                  struct err *err)
{
    double mean = 0, *factor = arena_array(&k->c->arena, k->profiles, sizeof *factor);
    for (size_t p = 0; p < k->profiles; p++)
        mean += k->totals[p] / (double)k->profiles;
    for (size_t p = 0; p < k->profiles; p++) {
        if (how == COMPARE_PER_SECOND && all[p]->duration_ns <= 0)
            return err_set(err, "a profile does not tell its duration: no values per second");
        factor[p] = how == COMPARE_PER_SECOND ? 1e9 / (double)all[p]->duration_ns
                    : k->totals[p] != 0       ? mean / k->totals[p]
                                              : 1;
        k->totals[p] *= factor[p];
    }
    scale_sums(k, &k->flat, factor);
    scale_sums(k, &k->cum, factor);
    scale_sums(k, &k->stack, factor);
    return true;
}

/* ---- results ---- */

static struct compare_value value_of(const struct comparer *k, const double *v)
{
    return compare_value(v, k->before, v + k->before, k->profiles - k->before);
}

static int by_change(const struct compare_value *a, const struct compare_value *b)
{
    double x = fabs(compare_change(a)), y = fabs(compare_change(b));
    return (x < y) - (x > y);
}

static int compare_functions(const void *a, const void *b)
{
    const struct compare_function *x = a, *y = b;
    int order = by_change(&x->flat, &y->flat);
    if (!order)
        order = by_change(&x->cum, &y->cum);
    return order ? order : strcmp(x->name, y->name);
}

static int compare_stacks(const void *a, const void *b)
{
    const struct compare_stack *x = a, *y = b;
    int order = by_change(&x->value, &y->value);
    if (order || x->depth != y->depth)
        return order ? order : (x->depth > y->depth) - (x->depth < y->depth);
    return memcmp(x->functions, y->functions, x->depth * sizeof *x->functions);
}

/* Sorted functions get new numbers: `place[id]` is where function `id` is now. */
static uint32_t *publish_functions(struct comparer *k)
{
    struct compare *c = k->c;
    uint32_t count = k->names.count, *place = arena_array(&c->arena, count + 1, sizeof *place);
    struct map64 ids = {0};
    c->functions = arena_array(&c->arena, count + 1, sizeof *c->functions);
    c->function_count = count;
    for (uint32_t id = 0; id < count; id++) {
        char *name = arena_strdup(&c->arena, intern_get(&k->names, id));
        *map64_put(&ids, (uint64_t)(uintptr_t)name, NULL) = id;
        c->functions[id] = (struct compare_function){
            .name = name,
            .file = k->file_of[id],
            .flat = value_of(k, sum_at(k, &k->flat, id, 0)),
            .cum = value_of(k, sum_at(k, &k->cum, id, 0)),
        };
    }
    qsort(c->functions, count, sizeof *c->functions, compare_functions);
    for (uint32_t i = 0; i < count; i++)
        place[*map64_get(&ids, (uint64_t)(uintptr_t)c->functions[i].name)] = i;
    map64_release(&ids);
    return place;
}

static void publish_stacks(struct comparer *k, const uint32_t *place)
{
    struct compare *c = k->c;
    c->stack_count = k->stacks.count;
    c->stacks = arena_array(&c->arena, c->stack_count + 1, sizeof *c->stacks);
    for (uint32_t i = 0; i < k->stacks.count; i++) {
        uint32_t depth = k->stacks.lens[i] / (uint32_t)sizeof(uint32_t);
        uint32_t *functions = arena_array(&c->arena, (size_t)depth + 1, sizeof *functions);
        memcpy(functions, intern_get(&k->stacks, i), depth * sizeof *functions);
        for (uint32_t d = 0; d < depth; d++)
            functions[d] = place[functions[d]];
        c->stacks[i] =
            (struct compare_stack){functions, depth, value_of(k, sum_at(k, &k->stack, i, 0))};
    }
    qsort(c->stacks, c->stack_count, sizeof *c->stacks, compare_stacks);
}

/* ---- the tree ---- */

static uint32_t child_of(struct compare *c, struct map64 *nodes, size_t *cap, uint32_t parent,
                         uint32_t function)
{
    bool added;
    uint64_t *at = map64_put(nodes, (uint64_t)parent << 32 | function, &added);
    if (added) {
        *at = c->node_count;
        mem_grow(&c->nodes, cap, c->node_count + 1, sizeof *c->nodes);
        c->nodes[c->node_count++] = (struct compare_node){
            .function = function, .parent = parent, .depth = c->nodes[parent].depth + 1};
    }
    return (uint32_t)*at;
}

struct sibling {
    const char *name;
    uint32_t parent, node;
};

static int compare_siblings(const void *a, const void *b)
{
    const struct sibling *x = a, *y = b;
    return x->parent != y->parent ? (x->parent > y->parent) - (x->parent < y->parent)
                                  : -strcmp(x->name, y->name);
}

/* Each node becomes its parent's first child in turn: from the last name to the first. */
static void link_children(struct compare *c)
{
    struct sibling *s = mem_realloc(NULL, c->node_count, sizeof *s);
    size_t count = 0;
    for (uint32_t i = 1; i < c->node_count; i++)
        s[count++] =
            (struct sibling){c->functions[c->nodes[i].function].name, c->nodes[i].parent, i};
    qsort(s, count, sizeof *s, compare_siblings);
    for (size_t i = 0; i < count; i++) {
        c->nodes[s[i].node].next = c->nodes[s[i].parent].first_child;
        c->nodes[s[i].parent].first_child = s[i].node;
    }
    free(s);
}

static void build_tree(struct compare *c)
{
    struct map64 known = {0};
    size_t cap = 0;
    mem_grow(&c->nodes, &cap, 1, sizeof *c->nodes);
    c->nodes[0] = (struct compare_node){.function = UINT32_MAX};
    c->node_count = 1;
    for (size_t i = 0; i < c->stack_count; i++) {
        const struct compare_stack *s = &c->stacks[i];
        uint32_t at = 0;
        for (uint32_t d = s->depth; d-- > 0;)
            at = child_of(c, &known, &cap, at, s->functions[d]);
        c->nodes[at].self_before += s->value.before;
        c->nodes[at].self_after += s->value.after;
    }
    for (size_t i = c->node_count; i-- > 0;) { /* children come after their parents */
        struct compare_node *n = &c->nodes[i];
        n->before += n->self_before;
        n->after += n->self_after;
        if (i) {
            c->nodes[n->parent].before += n->before;
            c->nodes[n->parent].after += n->after;
        }
    }
    link_children(c);
    struct compare_node *own = arena_memdup(&c->arena, c->nodes, c->node_count * sizeof *own);
    free(c->nodes);
    c->nodes = own;
    map64_release(&known);
}

/* ---- all of it ---- */

static double mean_duration_s(const struct compare_side *side)
{
    double sum = 0;
    for (size_t i = 0; i < side->count; i++)
        sum += (double)side->profiles[i]->duration_ns / 1e9;
    return sum / (double)side->count;
}

static void publish(struct comparer *k)
{
    k->c->total = value_of(k, k->totals);
    publish_stacks(k, publish_functions(k));
    build_tree(k->c);
}

static void comparer_release(struct comparer *k)
{
    intern_release(&k->names);
    intern_release(&k->stacks);
    free(k->file_of);
    free(k->flat.v);
    free(k->cum.v);
    free(k->stack.v);
    free(k->totals);
    free(k->frames);
    free(k->seen);
}

static void begin(struct compare *c, const struct compare_side *before,
                  const struct compare_side *after, const struct compare_options *options)
{
    const struct profile *first = before->profiles[0];
    const struct profile_value_type *type = &first->value_types[first->default_type];
    size_t named;
    if (options->value_type && find_type(first, options->value_type, &named))
        type = &first->value_types[named];
    c->type = arena_strdup(&c->arena, options->value_type ? options->value_type : type->type);
    c->unit = arena_strdup(&c->arena, type->unit);
    c->before_count = before->count;
    c->after_count = after->count;
    c->before_s = mean_duration_s(before);
    c->after_s = mean_duration_s(after);
}

bool compare_profiles(struct compare *c, const struct compare_side *before,
                      const struct compare_side *after, const struct compare_options *options,
                      struct err *err)
{
    *c = (struct compare){0};
    struct comparer k = {.c = c, .before = before->count, .profiles = before->count + after->count};
    const struct profile **all = arena_array(&c->arena, k.profiles, sizeof(struct profile *));
    k.totals = mem_realloc(NULL, k.profiles, sizeof *k.totals);
    begin(c, before, after, options);
    bool ok = true;
    for (size_t i = 0; ok && i < k.profiles; i++) {
        all[i] = i < k.before ? before->profiles[i] : after->profiles[i - k.before];
        k.totals[i] = 0;
        ok = read_profile(&k, all[i], i, err);
    }
    ok = ok && (options->scale == COMPARE_AS_IS || scale(&k, all, options->scale, err));
    if (ok)
        publish(&k);
    comparer_release(&k);
    if (!ok)
        compare_release(c);
    return ok;
}

void compare_release(struct compare *c)
{
    arena_release(&c->arena);
    *c = (struct compare){0};
}
