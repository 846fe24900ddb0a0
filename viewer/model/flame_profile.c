/* flame_profile: a flame tree from a pprof profile. */
#include "model/describe.h"
#include "model/flame_build.h"

#include <inttypes.h>
#include <stdio.h>

static uint32_t add_line(struct model_flame *f, uint32_t parent, const struct profile *p,
                         const struct profile_location *loc, const struct profile_line *line)
{
    char name[1024], source[1024] = "";
    const char *module =
        loc->mapping == PROFILE_NONE ? "" : model_basename(p->mappings[loc->mapping].filename);
    const char *known = line ? profile_line_name(p, line) : "";
    if (known[0])
        snprintf(name, sizeof name, "%s", known);
    else
        snprintf(name, sizeof name, "%s+0x%" PRIx64, module[0] ? module : "?", loc->address);
    if (line && line->function != PROFILE_NONE && p->functions[line->function].filename[0])
        snprintf(source, sizeof source, "%s:%" PRId64, p->functions[line->function].filename,
                 line->line);
    return model_flame_child(f, parent, &(struct flame_frame){name, module, source, MODEL_CLASSES});
}

/* Leaf first in the file, root first in the tree; so too inside a location. */
static uint32_t add_location(struct model_flame *f, uint32_t node, const struct profile *p,
                             const struct profile_location *loc)
{
    if (!loc->line_count)
        return add_line(f, node, p, loc, NULL);
    for (uint32_t l = loc->line_count; l-- > 0;)
        node = add_line(f, node, p, loc, &loc->lines[l]);
    return node;
}

void model_flame_from_profile(struct model_flame *f, const struct profile *p, size_t type)
{
    model_flame_clear(f);
    for (size_t i = 0; i < p->sample_count; i++) {
        const struct profile_sample *s = &p->samples[i];
        if (s->values[type] <= 0)
            continue;
        uint32_t node = 0;
        uint32_t keep = s->depth < MODEL_FLAME_DEPTH ? s->depth : MODEL_FLAME_DEPTH;
        for (uint32_t d = 0; d < keep; d++)
            node = add_location(f, node, p, &p->locations[s->locations[s->depth - 1 - d]]);
        f->nodes[node].self += (uint64_t)s->values[type];
        f->samples++;
    }
    model_flame_finish(f);
}
