/* Parses a profile from memory and follows every reference in it. */
#include "fuzz.h"
#include "profile/profile.h"

extern size_t seen;
size_t seen; /* what was read must count, or the compiler would not read it */

static void follow(const struct profile *p)
{
    for (size_t v = 0; v < p->value_type_count; v++)
        profile_total(p, v);
    for (size_t i = 0; i < p->sample_count; i++) {
        const struct profile_sample *s = &p->samples[i];
        for (uint32_t d = 0; d < s->depth; d++) {
            const struct profile_location *loc = &p->locations[s->locations[d]];
            if (loc->mapping != PROFILE_NONE)
                seen += *p->mappings[loc->mapping].filename != 0;
            for (uint32_t l = 0; l < loc->line_count; l++)
                seen += *profile_line_name(p, &loc->lines[l]) != 0;
        }
        for (uint32_t l = 0; l < s->label_count; l++)
            seen += *s->labels[l].key != 0;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct profile p;
    struct err err;
    if (profile_parse(&p, data, size, &err))
        follow(&p);
    profile_release(&p);
    return 0;
}
