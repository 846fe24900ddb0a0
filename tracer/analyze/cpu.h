/* cpu: which functions the CPU samples of a range fell into. */
#ifndef ANALYZE_CPU_H
#define ANALYZE_CPU_H

#include "analyze/range.h"
#include "base/arena.h"

struct analyze_function {
    const char *name;
    const char *module; /* borrowed from the trace */
    uint64_t self_ns;   /* it was running itself */
    uint64_t total_ns;  /* it or what it called; a recursion counts once */
    uint64_t samples;   /* with it as the leaf */
};

struct analyze_cpu {
    struct analyze_function *v; /* most self time first */
    size_t count;
    uint64_t samples;
    uint64_t sample_ns;
    uint64_t no_stack_ns; /* of samples without a stack */
};

struct analyze_cpu analyze_cpu(struct arena *a, const struct trace *t, struct analyze_range range);

/* One stack and what its samples weigh, for folded output and flame graphs. */
struct analyze_stack_weight {
    uint64_t stack_id;
    uint64_t weight_ns;
    uint64_t samples;
};

struct analyze_stack_weights {
    struct analyze_stack_weight *v; /* by stack id */
    size_t count;
};

/* CPU samples of one thread (`thread` its row) or of all (UINT32_MAX). */
struct analyze_stack_weights analyze_cpu_stacks(struct arena *a, const struct trace *t,
                                                struct analyze_range range, uint32_t thread);

#endif
