#include "profile/profile.h"

const char *profile_line_name(const struct profile *p, const struct profile_line *line)
{
    if (line->function == PROFILE_NONE)
        return "";
    const struct profile_function *f = &p->functions[line->function];
    return f->name[0] ? f->name : f->system_name[0] ? f->system_name : f->filename;
}

int64_t profile_total(const struct profile *p, size_t value_type)
{
    uint64_t sum = 0; /* wraps where a damaged profile would overflow */
    for (size_t i = 0; i < p->sample_count; i++)
        sum += (uint64_t)p->samples[i].values[value_type];
    return (int64_t)sum;
}

void profile_release(struct profile *p)
{
    arena_release(&p->arena);
    *p = (struct profile){0};
}
