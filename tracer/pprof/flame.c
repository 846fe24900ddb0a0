#include "pprof/flame.h"

#include <stdlib.h>
#include <string.h>

/* A sample's stack from where it is walked, and how far it is walked. */
struct walk {
    int64_t value;
    uint32_t sample;
    uint32_t location; /* index into the stack + 1; 0: the leaf was passed */
    uint32_t line;     /* of the location's frames: the next one, + 1 */
};

/* A box whose samples stand at walks [begin, end). */
struct group {
    size_t begin, end;
};

struct slot {
    uint32_t box;   /* of the frame in the group being split */
    uint32_t epoch; /* of that group */
    size_t count;   /* of walks; then where the next one goes */
};

struct work {
    struct pprof_flame *f;
    const struct pprof_model *m;
    const struct pprof_flame_options *o;
    struct walk *walks, *spare;
    size_t walk_count;
    struct group *groups; /* of each box */
    size_t box_cap, group_cap;
    struct slot *slots; /* of each frame */
    uint32_t epoch;
    double least;
};

/* ---- walking ---- */

/* Downwards from the root, that is from a stack's end. */
static bool next_down(const struct work *w, struct walk *s, uint32_t *frame, bool *inlined)
{
    const struct profile_sample *sample = &w->m->samples[s->sample];
    const uint32_t *first = w->f->frames.first;
    while (s->location > 0) {
        uint32_t loc = sample->locations[s->location - 1];
        if (s->line == PROFILE_NONE)
            s->line = first[loc + 1] - first[loc];
        if (s->line > 0) {
            *inlined = s->line != first[loc + 1] - first[loc];
            *frame = w->f->frames.of_line[first[loc] + --s->line];
            return true;
        }
        s->location--;
        s->line = PROFILE_NONE;
    }
    return false;
}

/* Upwards from the pivot, towards the root. location is an index here. */
static bool next_up(const struct work *w, struct walk *s, uint32_t *frame, bool *inlined)
{
    const struct profile_sample *sample = &w->m->samples[s->sample];
    const uint32_t *first = w->f->frames.first;
    for (; s->location < sample->depth; s->location++, s->line = 0) {
        uint32_t loc = sample->locations[s->location];
        uint32_t lines = first[loc + 1] - first[loc];
        if (s->line >= lines)
            continue;
        *inlined = s->line + 1 < lines;
        *frame = w->f->frames.of_line[first[loc] + s->line++];
        return true;
    }
    return false;
}

static bool next(const struct work *w, struct walk *s, uint32_t *frame, bool *inlined)
{
    return w->o->callers ? next_up(w, s, frame, inlined) : next_down(w, s, frame, inlined);
}

/* ---- where walks begin ---- */

/* Stands before the outermost frame that matches; false where none does. */
static bool find_pivot(const struct work *w, const bool *matches, struct walk *s)
{
    const struct profile_sample *sample = &w->m->samples[s->sample];
    const uint32_t *first = w->f->frames.first, *of_line = w->f->frames.of_line;
    for (uint32_t d = sample->depth; d > 0; d--) {
        uint32_t loc = sample->locations[d - 1];
        for (uint32_t l = first[loc + 1] - first[loc]; l > 0; l--) {
            if (!matches[of_line[first[loc] + l - 1]])
                continue;
            s->location = w->o->callers ? d - 1 : d;
            s->line = w->o->callers ? l - 1 : l;
            return true;
        }
    }
    return false;
}

static bool *match_frames(struct work *w)
{
    bool *matches = calloc(w->f->frames.count + 1, sizeof *matches);
    if (!matches)
        abort();
    for (uint32_t i = 0; i < w->f->frames.count; i++)
        matches[i] = pprof_rx_match(w->o->pivot, pprof_frame_name(&w->f->frames, i));
    return matches;
}

static void start_walks(struct work *w, const struct pprof_report *r)
{
    bool *matches = w->o->pivot ? match_frames(w) : NULL;
    w->walks = mem_realloc(NULL, w->m->sample_count + 1, sizeof *w->walks);
    w->spare = mem_realloc(NULL, w->m->sample_count + 1, sizeof *w->spare);
    for (uint32_t i = 0; i < w->m->sample_count; i++) {
        const struct profile_sample *s = &w->m->samples[i];
        struct walk walk = {
            .value = s->values[r->value], .sample = i, .location = s->depth, .line = PROFILE_NONE};
        if (r->config.mean)
            walk.value = measure_div(walk.value, s->values[0]);
        if (walk.value && (!matches || find_pivot(w, matches, &walk)))
            w->walks[w->walk_count++] = walk;
    }
    free(matches);
}

/* ---- growing ---- */

static void add_value(int64_t *more, int64_t *less, int64_t value)
{
    if (value > 0)
        *more = measure_add(*more, value);
    else
        *less = measure_add(*less, measure_abs(value));
}

static uint32_t add_box(struct work *w, struct pprof_flame_box box)
{
    struct pprof_flame *f = w->f;
    mem_grow(&f->boxes, &w->box_cap, f->count + 1, sizeof box);
    mem_grow(&w->groups, &w->group_cap, f->count + 1, sizeof *w->groups);
    w->groups[f->count] = (struct group){0, 0};
    f->boxes[f->count] = box;
    return (uint32_t)f->count++;
}

struct step {
    uint32_t frame;
    bool inlined;
};

/* Sorts the group's walks by the next frame: counted, then dealt out. What ends here is
 * the box's own. Returns the first child. */
static uint32_t split(struct work *w, uint32_t parent, struct step *steps)
{
    struct group g = w->groups[parent];
    uint32_t first = (uint32_t)w->f->count;
    w->epoch++;
    for (size_t i = g.begin; i < g.end; i++) {
        struct walk *s = &w->walks[i];
        struct step *step = &steps[i];
        if (!next(w, s, &step->frame, &step->inlined)) {
            struct pprof_flame_box *b = &w->f->boxes[parent];
            add_value(&b->self_more, &b->self_less, s->value);
            step->frame = PROFILE_NONE;
            continue;
        }
        struct slot *slot = &w->slots[step->frame];
        if (slot->epoch != w->epoch) {
            *slot = (struct slot){
                .epoch = w->epoch,
                .box = add_box(w, (struct pprof_flame_box){.frame = step->frame,
                                                           .parent = parent,
                                                           .depth = w->f->boxes[parent].depth + 1,
                                                           .inlined = true})};
        }
        struct pprof_flame_box *b = &w->f->boxes[slot->box];
        add_value(&b->more, &b->less, s->value);
        b->inlined &= step->inlined;
        slot->count++;
    }
    return first;
}

/* The widest first; of equal ones in order of frames. */
static int by_width(const void *x, const void *y)
{
    const struct pprof_flame_box *a = x, *b = y;
    int64_t v = pprof_flame_width(a), u = pprof_flame_width(b);
    if (v != u)
        return v > u ? -1 : 1;
    return (a->frame > b->frame) - (a->frame < b->frame);
}

static void keep_wide(struct work *w, uint32_t first)
{
    struct pprof_flame *f = w->f;
    size_t kept = first;
    for (size_t i = first; i < f->count; i++)
        if ((double)pprof_flame_width(&f->boxes[i]) >= w->least)
            f->boxes[kept++] = f->boxes[i];
        else
            w->slots[f->boxes[i].frame].box = PROFILE_NONE;
    f->cut += f->count - kept;
    f->count = kept;
    if (kept > first)
        qsort(f->boxes + first, kept - first, sizeof *f->boxes, by_width);
    for (size_t i = first; i < kept; i++)
        w->slots[f->boxes[i].frame].box = (uint32_t)i;
}

static void deal(struct work *w, uint32_t parent, uint32_t first, const struct step *steps)
{
    struct group g = w->groups[parent];
    size_t at = g.begin;
    for (size_t i = first; i < w->f->count; i++) {
        struct slot *slot = &w->slots[w->f->boxes[i].frame];
        w->groups[i] = (struct group){at, at + slot->count};
        at += slot->count;
        slot->count = w->groups[i].begin;
    }
    for (size_t i = g.begin; i < g.end; i++) {
        uint32_t frame = steps[i].frame;
        if (frame != PROFILE_NONE && w->slots[frame].box != PROFILE_NONE)
            w->spare[w->slots[frame].count++] = w->walks[i];
    }
    memcpy(w->walks + g.begin, w->spare + g.begin, (at - g.begin) * sizeof *w->walks);
}

static void grow(struct work *w)
{
    struct step *steps = mem_realloc(NULL, w->walk_count + 1, sizeof *steps);
    uint32_t root =
        add_box(w, (struct pprof_flame_box){.frame = PROFILE_NONE, .parent = PROFILE_NONE});
    w->groups[root] = (struct group){0, w->walk_count};
    for (size_t i = 0; i < w->walk_count; i++)
        add_value(&w->f->boxes[0].more, &w->f->boxes[0].less, w->walks[i].value);
    w->least = w->o->least * (double)pprof_flame_width(&w->f->boxes[0]);
    w->least = w->least > 1 ? w->least : 1;
    for (uint32_t parent = 0; parent < w->f->count; parent++) {
        if (w->o->most_boxes && w->f->count >= w->o->most_boxes)
            break;
        uint32_t first = split(w, parent, steps);
        keep_wide(w, first);
        deal(w, parent, first, steps);
    }
    free(steps);
}

void pprof_flame_init(struct pprof_flame *f, struct pprof_report *r,
                      const struct pprof_flame_options *o)
{
    *f = (struct pprof_flame){0};
    pprof_frames_init(&f->frames, r->model, false);
    struct work w = {.f = f, .m = r->model, .o = o};
    w.slots = calloc(f->frames.count + 1, sizeof *w.slots);
    if (!w.slots)
        abort();
    start_walks(&w, r);
    grow(&w);
    free(w.walks);
    free(w.spare);
    free(w.groups);
    free(w.slots);
}

void pprof_flame_release(struct pprof_flame *f)
{
    pprof_frames_release(&f->frames);
    free(f->boxes);
    *f = (struct pprof_flame){0};
}
