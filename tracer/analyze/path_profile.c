#include "analyze/path_profile.h"

#include "analyze/causes.h"
#include "profile/build.h"
#include "profile/write.h"

static const struct reduce_info info = {
    .name = "path",
    .types = {{"time", "nanoseconds"}},
    .default_type = "",
    .period_type = {"time", "nanoseconds"},
    .period = 1,
    .detail = REDUCE_DETAIL_STATE,
};

bool analyze_path_profile(const struct trace *t, const struct analyze_scope *scope,
                          const struct analyze_causes *causes, struct strbuf *out, struct err *err)
{
    struct arena scratch = {0};
    struct reduced groups = {.count = causes->stack_count, .rows = causes->stack_count};
    groups.v = arena_array(&scratch, groups.count + 1, sizeof *groups.v);
    for (size_t i = 0; i < groups.count; i++) {
        const struct analyze_path_stack *s = &causes->stacks[i];
        groups.v[i] = (struct reduce_group){.thread = s->thread,
                                            .stack_id = s->stack_id,
                                            .detail = s->class,
                                            .values = {(int64_t)s->ns}};
    }
    struct profile p;
    profile_build_groups(&p, t, &info,
                         (struct reduce_range){scope->range.begin_ns, scope->range.end_ns + 1},
                         &groups);
    bool ok = profile_write(&p, info.default_type, out, err);
    profile_release(&p);
    arena_release(&scratch);
    return ok;
}
