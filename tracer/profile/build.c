#include "profile/build.h"

#include "base/map.h"
#include "profile/write.h"

#include <stdlib.h>
#include <string.h>

enum {
    ALLOC_RATE_BYTES = 524288, /* the agent's, and Go's: one sample for so many bytes */
    LABELS_MAX = 4
};

struct builder {
    struct arena *arena; /* the profile's */
    const struct trace *trace;
    struct trace_cursor stacks, nodes, frames, modules, threads;
    const struct reduce_info *info;
    bool many_processes;

    struct map64 location_of; /* innermost frame -> location */
    struct map64 pseudo_of;   /* text's address -> location: of stacks that were not recorded */
    struct map64 mapping_of;  /* row of table module -> mapping */
    struct intern function_keys;
    struct profile_location *locations; /* owned until published, as the others */
    struct profile_function *functions;
    struct profile_mapping *mappings;
    uint32_t location_count, mapping_count;
    size_t location_cap, function_cap, mapping_cap;
    uint32_t *stack; /* owned: the stack being made */
    size_t stack_cap;
};

/* ---- mappings ---- */

static uint32_t mapping_at(struct builder *b, uint64_t row)
{
    bool added;
    uint64_t *mapping = map64_put(&b->mapping_of, row, &added);
    if (!added)
        return (uint32_t)*mapping;
    *mapping = b->mapping_count++;
    mem_grow(&b->mappings, &b->mapping_cap, b->mapping_count, sizeof *b->mappings);
    b->mappings[*mapping] = (struct profile_mapping){
        .id = *mapping + 1,
        .start = trace_get(&b->modules, row, TRACE_MODULE_begin),
        .limit = trace_get(&b->modules, row, TRACE_MODULE_end),
        .file_off = trace_get(&b->modules, row, TRACE_MODULE_file_off),
        .filename = trace_string(b->trace, trace_get(&b->modules, row, TRACE_MODULE_path)),
        .build_id = trace_string(b->trace, trace_get(&b->modules, row, TRACE_MODULE_build_id)),
        /* complete: nobody shall look anything up again */
        .has_functions = true,
        .has_filenames = true,
        .has_line_numbers = true,
        .has_inline_frames = true,
    };
    return (uint32_t)*mapping;
}

/* The main program comes first: it is what the kernel maps lowest. */
static void add_main_mapping(struct builder *b)
{
    uint64_t lowest = 0, best = UINT64_MAX, pid = 0;
    for (uint64_t row = 0; row < b->modules.total_rows && !b->modules.damaged; row++) {
        uint64_t begin = trace_get(&b->modules, row, TRACE_MODULE_begin);
        if (!row)
            pid = trace_get(&b->modules, row, TRACE_MODULE_pid);
        if (begin < best && trace_get(&b->modules, row, TRACE_MODULE_pid) == pid) {
            best = begin;
            lowest = row;
        }
    }
    if (best != UINT64_MAX)
        mapping_at(b, lowest);
}

/* Where a place of a module's file was in memory. The trace keeps the address as the
 * file has it (vaddr); code is linked at its offset in the file, or, in a program
 * without PIE, at the address it is mapped to. */
static bool address_in(struct builder *b, uint64_t row, uint64_t vaddr, uint64_t *address)
{
    uint64_t begin = trace_get(&b->modules, row, TRACE_MODULE_begin);
    uint64_t end = trace_get(&b->modules, row, TRACE_MODULE_end);
    uint64_t off = trace_get(&b->modules, row, TRACE_MODULE_file_off);
    if (vaddr >= begin && vaddr < end)
        *address = vaddr;
    else if (vaddr >= off && vaddr - off < end - begin)
        *address = begin + (vaddr - off);
    else
        return false;
    return true;
}

/* Finds the mapping of a frame; the address stays 0 where the module's layout in the
 * file does not tell it. */
static void place_frame(struct builder *b, uint64_t frame, struct profile_location *loc)
{
    uint64_t module = trace_get(&b->frames, frame, TRACE_FRAME_module);
    uint64_t vaddr = trace_get(&b->frames, frame, TRACE_FRAME_address);
    loc->mapping = PROFILE_NONE;
    if (!module) {
        loc->address = vaddr;
        return;
    }
    for (uint64_t row = 0; row < b->modules.total_rows && !b->modules.damaged; row++) {
        if (trace_get(&b->modules, row, TRACE_MODULE_path) != module)
            continue;
        if (address_in(b, row, vaddr, &loc->address)) {
            loc->mapping = mapping_at(b, row);
            return;
        }
        if (loc->mapping == PROFILE_NONE)
            loc->mapping = mapping_at(b, row);
    }
}

/* ---- functions and locations ---- */

static uint32_t function_at(struct builder *b, const char *name, const char *file)
{
    const char *const key[2] = {name, file}; /* the trace's strings are unique */
    uint32_t known = b->function_keys.count;
    uint32_t id = intern_bytes(&b->function_keys, key, sizeof key);
    if (id < known)
        return id;
    mem_grow(&b->functions, &b->function_cap, (size_t)id + 1, sizeof *b->functions);
    b->functions[id] = (struct profile_function){
        .id = (uint64_t)id + 1, .name = name, .system_name = name, .filename = file};
    return id;
}

static uint32_t new_location(struct builder *b, struct profile_location loc)
{
    uint32_t at = b->location_count++;
    mem_grow(&b->locations, &b->location_cap, b->location_count, sizeof *b->locations);
    loc.id = (uint64_t)at + 1;
    b->locations[at] = loc;
    return at;
}

static struct profile_line line_of(struct builder *b, uint64_t frame)
{
    const struct trace *t = b->trace;
    return (struct profile_line){
        .function =
            function_at(b, trace_string(t, trace_get(&b->frames, frame, TRACE_FRAME_function)),
                        trace_string(t, trace_get(&b->frames, frame, TRACE_FRAME_file))),
        .line = (int64_t)trace_get(&b->frames, frame, TRACE_FRAME_line)};
}

/* The location of `node` and, where it was inlined, of the nodes it was inlined into;
 * *next is the caller's node. */
static uint32_t location_at(struct builder *b, uint64_t node, uint64_t *next)
{
    uint64_t first = trace_get(&b->nodes, node, TRACE_STACK_NODE_frame), last = node;
    uint32_t count = 1;
    while (trace_get(&b->frames, trace_get(&b->nodes, last, TRACE_STACK_NODE_frame),
                     TRACE_FRAME_inlined)) {
        uint64_t parent = trace_get(&b->nodes, last, TRACE_STACK_NODE_parent);
        if (!parent || parent >= last)
            break;
        last = parent;
        count++;
    }
    *next = trace_get(&b->nodes, last, TRACE_STACK_NODE_parent);
    if (*next >= last) /* smaller in a sound file, so that walks end */
        *next = 0;
    bool added;
    uint64_t *known = map64_put(&b->location_of, first, &added);
    if (!added)
        return (uint32_t)*known;
    struct profile_location loc = {.line_count = count};
    struct profile_line *lines = arena_array(b->arena, count, sizeof *lines);
    for (uint32_t i = 0; i < count; i++) {
        lines[i] = line_of(b, trace_get(&b->nodes, node, TRACE_STACK_NODE_frame));
        node = trace_get(&b->nodes, node, TRACE_STACK_NODE_parent);
    }
    loc.lines = lines;
    place_frame(b, first, &loc);
    return (uint32_t)(*known = new_location(b, loc));
}

/* What stands for a stack that was not recorded. */
static const char *pseudo_name(struct builder *b, const struct reduce_group *g)
{
    static const char *const classes[TRACE_CLASSES] = {
        [TRACE_UNKNOWN] = "[no stack]",
        [TRACE_RUNNING] = "[running]",
        [TRACE_RUNNABLE] = "[runnable]",
        [TRACE_BLOCKED + TRACE_REASON_NONE] = "[blocked]",
        [TRACE_BLOCKED + TRACE_REASON_LOCK] = "[blocked: lock]",
        [TRACE_BLOCKED + TRACE_REASON_COND] = "[blocked: condition]",
        [TRACE_BLOCKED + TRACE_REASON_JOIN] = "[blocked: join]",
        [TRACE_BLOCKED + TRACE_REASON_SYSCALL] = "[blocked: system call]",
        [TRACE_BLOCKED + TRACE_REASON_SLEEP] = "[blocked: sleep]",
        [TRACE_BLOCKED + TRACE_REASON_IO] = "[blocked: I/O]",
        [TRACE_BLOCKED + TRACE_REASON_PAGE_FAULT] = "[blocked: page fault]",
        [TRACE_BLOCKED + TRACE_REASON_PREEMPTED] = "[blocked]",
        [TRACE_BLOCKED + TRACE_REASON_UNKNOWN] = "[blocked]",
    };
    enum reduce_detail kind = b->info->detail;
    uint64_t call = kind == REDUCE_DETAIL_CALL    ? g->detail
                    : kind == REDUCE_DETAIL_STATE ? g->detail >> REDUCE_CALL_SHIFT
                                                  : 0;
    if (call)
        return trace_string(b->trace, call);
    bool is_class = kind == REDUCE_DETAIL_STATE || kind == REDUCE_DETAIL_CLASS;
    return classes[is_class && g->detail < TRACE_CLASSES ? g->detail : TRACE_UNKNOWN];
}

static uint32_t pseudo_location(struct builder *b, const char *name)
{
    bool added;
    uint64_t *known = map64_put(&b->pseudo_of, (uint64_t)(uintptr_t)name, &added);
    if (!added)
        return (uint32_t)*known;
    struct profile_line *line = arena_alloc(b->arena, sizeof *line);
    *line = (struct profile_line){.function = function_at(b, name, "")};
    return (uint32_t)(*known = new_location(b, (struct profile_location){.mapping = PROFILE_NONE,
                                                                         .line_count = 1,
                                                                         .lines = line}));
}

/* ---- samples ---- */

static void add_stack(struct builder *b, const struct reduce_group *g, struct profile_sample *s)
{
    uint64_t node = g->stack_id < b->stacks.total_rows
                        ? trace_get(&b->stacks, g->stack_id, TRACE_STACK_node)
                        : 0;
    while (node && node < b->nodes.total_rows) {
        mem_grow(&b->stack, &b->stack_cap, (size_t)s->depth + 1, sizeof *b->stack);
        b->stack[s->depth++] = location_at(b, node, &node);
    }
    if (!s->depth) {
        mem_grow(&b->stack, &b->stack_cap, 1, sizeof *b->stack);
        b->stack[s->depth++] = pseudo_location(b, pseudo_name(b, g));
    }
    s->locations = arena_memdup(b->arena, b->stack, s->depth * sizeof *b->stack);
}

static const char *state_name(uint64_t class)
{
    const char *reason =
        class > TRACE_BLOCKED ? trace_enum_name(TRACE_REASON, class - TRACE_BLOCKED) : NULL;
    const char *state = trace_enum_name(TRACE_STATE, class < TRACE_BLOCKED ? class : TRACE_BLOCKED);
    return reason ? reason : state ? state : "unknown";
}

static void add_labels(struct builder *b, const struct reduce_group *g, struct profile_sample *s)
{
    struct profile_label *labels = arena_array(b->arena, LABELS_MAX, sizeof *labels);
    if (g->thread < b->threads.total_rows) {
        uint64_t name = trace_get(&b->threads, g->thread, TRACE_THREAD_name);
        uint64_t tid = trace_get(&b->threads, g->thread, TRACE_THREAD_tid);
        uint64_t pid = trace_get(&b->threads, g->thread, TRACE_THREAD_pid);
        /* Ids as text: viewers would add up and scale numbers. */
        labels[s->label_count++] =
            (struct profile_label){.key = "thread", .text = trace_string(b->trace, name)};
        labels[s->label_count++] = (struct profile_label){
            .key = "tid", .text = arena_printf(b->arena, "%llu", (unsigned long long)tid)};
        if (b->many_processes)
            labels[s->label_count++] = (struct profile_label){
                .key = "pid", .text = arena_printf(b->arena, "%llu", (unsigned long long)pid)};
    }
    if (b->info->detail == REDUCE_DETAIL_STATE)
        labels[s->label_count++] = (struct profile_label){
            .key = "state", .text = state_name(g->detail & ((1 << REDUCE_CALL_SHIFT) - 1))};
    if (b->info->detail == REDUCE_DETAIL_SIZE)
        labels[s->label_count++] =
            (struct profile_label){.key = "bytes", .number = (int64_t)g->detail, .unit = "bytes"};
    s->labels = labels;
}

static void add_samples(struct builder *b, struct profile *p, const struct reduced *r)
{
    struct profile_sample *samples = arena_array(b->arena, r->count + 1, sizeof *samples);
    for (size_t i = 0; i < r->count; i++) {
        samples[i].values =
            arena_memdup(b->arena, r->v[i].values, p->value_type_count * sizeof(int64_t));
        add_stack(b, &r->v[i], &samples[i]);
        add_labels(b, &r->v[i], &samples[i]);
    }
    p->samples = samples;
    p->sample_count = r->count;
}

/* ---- header ---- */

/* The weight that most groups' samples have: an interval's, where none was missed. */
static int64_t cpu_period(const struct reduced *r)
{
    int64_t period = 0;
    for (size_t i = 0; i < r->count; i++) {
        int64_t mean = r->v[i].values[0] ? r->v[i].values[1] / r->v[i].values[0] : 0;
        if (mean > 0 && (!period || mean < period))
            period = mean;
    }
    return period;
}

static int64_t period_of(const struct builder *b, const struct reduced *r)
{
    const char *options = trace_meta(b->trace, "session.options");
    if (b->info->period)
        return b->info->period;
    if (b->info->detail != REDUCE_DETAIL_SIZE)
        return cpu_period(r);
    return options && strstr(options, "alloc=all") ? 1 : ALLOC_RATE_BYTES;
}

static void add_header(struct builder *b, struct profile *p, struct reduce_range range,
                       const struct reduced *r)
{
    const struct reduce_info *info = b->info;
    struct profile_value_type *types = arena_array(b->arena, REDUCE_VALUES, sizeof *types);
    while (p->value_type_count < REDUCE_VALUES && info->types[p->value_type_count].type) {
        const struct reduce_value_type *v = &info->types[p->value_type_count];
        types[p->value_type_count++] = (struct profile_value_type){v->type, v->unit};
    }
    p->value_types = types;
    p->default_type = p->value_type_count - 1;
    for (size_t i = 0; i < p->value_type_count; i++)
        if (!strcmp(types[i].type, info->default_type))
            p->default_type = i;
    p->default_is_told = *info->default_type;
    p->period_type = (struct profile_value_type){info->period_type.type, info->period_type.unit};
    p->period = period_of(b, r);
    uint64_t start = trace_meta_u64(b->trace, "start_unix_ns", 0);
    p->time_unix_ns = start ? (int64_t)(start + range.begin_ns) : 0;
    p->duration_ns = (int64_t)(range.end_ns - range.begin_ns - 1);
    p->drop_frames = p->keep_frames = p->doc_url = "";
}

static void publish(struct builder *b, struct profile *p)
{
    uint32_t functions = b->function_keys.count;
    p->locations = arena_memdup(b->arena, b->locations, b->location_count * sizeof *p->locations);
    p->functions = arena_memdup(b->arena, b->functions, functions * sizeof *p->functions);
    p->mappings = arena_memdup(b->arena, b->mappings, b->mapping_count * sizeof *p->mappings);
    p->location_count = b->location_count;
    p->function_count = functions;
    p->mapping_count = b->mapping_count;
}

static void builder_release(struct builder *b)
{
    map64_release(&b->location_of);
    map64_release(&b->pseudo_of);
    map64_release(&b->mapping_of);
    intern_release(&b->function_keys);
    free(b->locations);
    free(b->functions);
    free(b->mappings);
    free(b->stack);
}

void profile_build_groups(struct profile *p, const struct trace *t, const struct reduce_info *info,
                          struct reduce_range range, const struct reduced *reduced)
{
    *p = (struct profile){0};
    struct builder b = {
        .arena = &p->arena,
        .trace = t,
        .info = info,
        .stacks = trace_cursor(t, TRACE_STACK_TABLE, 0),
        .nodes = trace_cursor(t, TRACE_STACK_NODE_TABLE, 0),
        .frames = trace_cursor(t, TRACE_FRAME_TABLE, 0),
        .modules = trace_cursor(t, TRACE_MODULE_TABLE, 0),
        .threads = trace_cursor(t, TRACE_THREAD_TABLE, 0),
        .many_processes = trace_rows(t, TRACE_PROCESS_TABLE, 0) > 1,
    };
    add_header(&b, p, range, reduced);
    add_main_mapping(&b);
    add_samples(&b, p, reduced);
    publish(&b, p);
    builder_release(&b);
}

void profile_build(struct profile *p, const struct trace *t, enum reduce_kind kind,
                   struct reduce_range range, uint64_t *rows)
{
    struct arena scratch = {0};
    struct reduced r = reduce_trace(&scratch, t, kind, range);
    profile_build_groups(p, t, &reduce_kinds[kind], range, &r);
    if (rows)
        *rows = r.rows;
    arena_release(&scratch);
}

bool profile_build_file(const struct trace *t, enum reduce_kind kind, struct reduce_range range,
                        struct strbuf *out, uint64_t *rows, struct err *err)
{
    struct profile p;
    profile_build(&p, t, kind, range, rows);
    bool ok = profile_write(&p, reduce_kinds[kind].default_type, out, err);
    profile_release(&p);
    return ok;
}
