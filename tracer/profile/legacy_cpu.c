/* gperftools' binary CPU profiles: words of 32 or 64 bits in either byte order. A
 * header 0 3 KIND PERIOD_US 0 (KIND 0: addresses, 1: a Java program), then for
 * each stack COUNT DEPTH ADDRESS..., ended by 0 1 0; text follows: the memory map,
 * or the names of the Java program's frames. */
#include "profile/legacy.h"
#include "profile/legacy_java.h"

#include <stdlib.h>
#include <string.h>

struct words {
    const uint8_t *p, *end;
    unsigned bytes; /* 4 or 8 */
    bool big;       /* most significant byte first */
};

static bool next_word(struct words *w, uint64_t *value)
{
    if ((size_t)(w->end - w->p) < w->bytes)
        return false;
    *value = 0;
    for (unsigned i = 0; i < w->bytes; i++)
        *value |= (uint64_t)w->p[i] << 8 * (w->big ? w->bytes - 1 - i : i);
    w->p += w->bytes;
    return true;
}

static bool take_header(struct words *w, uint64_t *kind, uint64_t *period_us)
{
    uint64_t zero, three, pad;
    return next_word(w, &zero) && next_word(w, &three) && next_word(w, kind) &&
           next_word(w, period_us) && next_word(w, &pad) && !zero && three == 3 && *kind <= 1 &&
           *period_us && !pad && w->p < w->end;
}

static bool take_samples(struct legacy *in, struct words *w, bool adjust)
{
    uint64_t *addresses = NULL;
    size_t cap = 0;
    bool ok = true;
    while (ok && w->p < w->end) {
        uint64_t count, depth;
        ok = next_word(w, &count) && next_word(w, &depth) &&
             depth <= (size_t)(w->end - w->p) / w->bytes;
        if (!ok)
            break;
        mem_grow(&addresses, &cap, (size_t)depth + 1, sizeof *addresses);
        for (uint64_t i = 0; i < depth; i++)
            next_word(w, &addresses[i]);
        if (count == 0 && depth == 1 && addresses[0] == 0)
            break; /* the end */
        const int64_t values[] = {(int64_t)count, (int64_t)(count * (uint64_t)in->p->period)};
        uint32_t *stack = legacy_stack(in, addresses, (size_t)depth, adjust ? 1 : SIZE_MAX);
        legacy_sample(in, stack, (size_t)depth, values);
        free(stack);
    }
    free(addresses);
    return ok;
}

static void drop_frame(struct legacy *in, struct profile_sample *s)
{
    uint32_t *stack = arena_array(&in->p->arena, s->depth, sizeof *stack);
    stack[0] = s->locations[0];
    memcpy(stack + 1, s->locations + 2, (s->depth - 2) * sizeof *stack);
    s->locations = stack;
    s->depth--;
}

/* A second frame that nearly all stacks have is the signal's, not the program's. */
static void drop_signal_frame(struct legacy *in)
{
    enum {
        SIMILAR = 32 /* one stack in this many may do without it */
    };
    struct map64 seconds = {0};
    for (size_t i = 0; i < in->sample_count; i++)
        if (in->samples[i].depth > 1)
            ++*map64_put(&seconds, in->samples[i].locations[1], NULL);
    size_t pos = 0;
    uint64_t location, count;
    while (map64_next(&seconds, &pos, &location, &count)) {
        if (count < in->sample_count - in->sample_count / SIMILAR)
            continue;
        for (size_t i = 0; i < in->sample_count; i++)
            if (in->samples[i].depth > 1 && in->samples[i].locations[1] == location)
                drop_frame(in, &in->samples[i]);
        break;
    }
    map64_release(&seconds);
}

/* The leaf comes from the signal's registers and again from the stack. */
static void drop_doubled_leaf(struct legacy *in)
{
    for (size_t i = 0; i < in->sample_count; i++) {
        struct profile_sample *s = &in->samples[i];
        if (s->depth > 1 &&
            in->locations[s->locations[0]].address == in->locations[s->locations[1]].address + 1)
            drop_frame(in, s);
    }
}

enum legacy_result legacy_cpu(struct legacy *in)
{
    uint64_t kind = 0, period_us = 0;
    struct words w = {0};
    bool found = false;
    for (int layout = 0; layout < 4 && !found; layout++) {
        w = (struct words){(const uint8_t *)in->begin, (const uint8_t *)in->end, layout & 2 ? 8 : 4,
                           layout & 1};
        found = take_header(&w, &kind, &period_us);
    }
    if (!found)
        return LEGACY_OTHER;
    legacy_type(in, "samples", "count");
    legacy_type(in, "cpu", "nanoseconds");
    in->p->period_type = (struct profile_value_type){"cpu", "nanoseconds"};
    in->p->period = (int64_t)(period_us * 1000);
    if (!take_samples(in, &w, kind == 0))
        return LEGACY_OTHER;
    in->next = in->line = (char *)(uintptr_t)w.p; /* into our copy */
    if (kind == 1) {
        legacy_java_locations(in);
        return LEGACY_OK;
    }
    drop_signal_frame(in);
    drop_signal_frame(in);
    legacy_memory_map(in);
    drop_doubled_leaf(in);
    return LEGACY_OK;
}
