/* flame_derive: trees made from trees: differences, callers, callees, matches. */
#include "model/flame_build.h"

#include <stdlib.h>
#include <string.h>

static struct flame_frame frame_of(const struct model_flame *f, uint32_t node)
{
    const struct model_flame_node *n = &f->nodes[node];
    return (struct flame_frame){.name = intern_get(&f->names, n->name),
                                .module = intern_get(&f->names, n->module),
                                .source = intern_get(&f->names, n->source),
                                .wait = n->wait};
}

/* Where each node of `from` is in `to`, made where missing. Parents come first. */
static uint32_t *map_nodes(struct model_flame *to, const struct model_flame *from)
{
    uint32_t *at = mem_realloc(NULL, from->count + 1, sizeof *at);
    at[0] = 0;
    for (uint32_t i = 1; i < from->count; i++) {
        struct flame_frame frame = frame_of(from, i);
        at[i] = model_flame_child(to, at[from->nodes[i].parent], &frame);
    }
    return at;
}

static double scale_of(const struct model_flame *before, const struct model_flame *after,
                       bool relative)
{
    uint64_t a = before->count ? before->nodes[0].total : 0;
    uint64_t b = after->count ? after->nodes[0].total : 0;
    return relative && a && b ? (double)b / (double)a : 1;
}

void model_flame_diff(struct model_flame *out, const struct model_flame *before,
                      const struct model_flame *after, bool relative, bool by_before)
{
    double scale = scale_of(before, after, relative);
    model_flame_clear(out);
    uint32_t *old = map_nodes(out, before), *new = map_nodes(out, after);
    for (uint32_t i = 0; i < before->count; i++)
        out->nodes[old[i]].before_self += (uint64_t)((double)before->nodes[i].self * scale + 0.5);
    for (uint32_t i = 0; i < after->count; i++)
        out->nodes[new[i]].self += after->nodes[i].self;
    if (by_before) { /* so that what is gone can be seen */
        for (uint32_t i = 0; i < out->count; i++) {
            uint64_t swap = out->nodes[i].self;
            out->nodes[i].self = out->nodes[i].before_self;
            out->nodes[i].before_self = swap;
        }
    }
    out->samples = after->samples;
    model_flame_finish(out);
    out->is_diff = true;
    out->by_before = by_before;
    free(old);
    free(new);
}

static bool is_called(const struct model_flame *f, uint32_t node, const char *name)
{
    return node && !strcmp(model_flame_name(f, node), name);
}

/* Some frame further out has the name too: this one is a recursion. */
static bool is_inner(const struct model_flame *f, uint32_t node, const char *name)
{
    for (uint32_t n = f->nodes[node].parent; n; n = f->nodes[n].parent)
        if (is_called(f, n, name))
            return true;
    return false;
}

static void begin(struct model_flame *out, const char *name)
{
    model_flame_clear(out);
    out->nodes[0].name = intern_str(&out->names, name);
}

bool model_flame_callees(struct model_flame *out, const struct model_flame *f, const char *name)
{
    enum {
        OUTSIDE = UINT32_MAX
    };
    uint32_t *at = mem_realloc(NULL, f->count + 1, sizeof *at);
    bool found = false;
    begin(out, name);
    for (uint32_t i = 0; i < f->count; i++) {
        uint32_t parent = i ? at[f->nodes[i].parent] : OUTSIDE;
        at[i] = OUTSIDE;
        if (parent != OUTSIDE) {
            struct flame_frame frame = frame_of(f, i);
            at[i] = model_flame_child(out, parent, &frame);
        } else if (is_called(f, i, name)) {
            at[i] = 0;
        }
        if (at[i] == OUTSIDE)
            continue;
        found = true;
        out->nodes[at[i]].self += f->nodes[i].self;
        out->nodes[at[i]].before_self += f->nodes[i].before_self;
    }
    model_flame_finish(out);
    out->is_diff = f->is_diff;
    out->by_before = f->by_before;
    free(at);
    return found;
}

bool model_flame_callers(struct model_flame *out, const struct model_flame *f, const char *name)
{
    bool found = false;
    begin(out, name);
    for (uint32_t i = 1; i < f->count; i++) {
        if (!is_called(f, i, name) || is_inner(f, i, name))
            continue;
        uint32_t at = 0;
        for (uint32_t n = f->nodes[i].parent; n; n = f->nodes[n].parent) {
            struct flame_frame frame = frame_of(f, n);
            at = model_flame_child(out, at, &frame);
        }
        out->nodes[at].self += f->nodes[i].total;
        out->nodes[at].before_self += f->nodes[i].before;
        found = true;
    }
    model_flame_finish(out);
    out->is_diff = f->is_diff;
    out->by_before = f->by_before;
    return found;
}

uint64_t model_flame_match(const struct model_flame *f, const char *text, bool *match)
{
    uint64_t weight = 0;
    /* Many nodes share a name: look at each name once. */
    signed char *by_name = calloc(f->names.count + 1, 1);
    bool *below = calloc(f->count + 1, sizeof *below);
    if (!by_name || !below)
        abort();
    for (uint32_t i = 0; i < f->count; i++) {
        signed char *known = &by_name[f->nodes[i].name];
        if (!*known)
            *known = strcasestr(model_flame_name(f, i), text) ? 1 : -1;
        match[i] = i && *known > 0;
        bool inside = i && below[f->nodes[i].parent];
        below[i] = inside || match[i];
        if (match[i] && !inside)
            weight += f->nodes[i].total;
    }
    free(by_name);
    free(below);
    return weight;
}
