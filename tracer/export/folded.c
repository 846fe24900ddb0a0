/* Folded stacks: one line a stack, "process;thread;main;f;g 1200": ns on the CPU or
 * off it, or bytes allocated. */
#include "base/strbuf.h"
#include "export/export.h"
#include "profile/reduce.h"

#include <inttypes.h>
#include <string.h>

enum {
    MAX_DEPTH = 1024
};

static const struct folded_kind {
    const char *name;
    enum reduce_kind kind;
    int value; /* which of the group's */
} kinds[] = {
    {"cpu", REDUCE_CPU, 1},
    {"offcpu", REDUCE_OFFCPU, 1},
    {"alloc", REDUCE_ALLOCS, 1},
};

/* ';' parts the frames, a newline ends the stack. */
static void add_name(struct strbuf *line, const char *name)
{
    for (; *name; name++)
        strbuf_putc(line, *name == ';' ? ':' : *name == '\n' ? ' ' : *name);
}

static void add_frame(struct strbuf *line, const struct trace_frame *f)
{
    strbuf_putc(line, ';');
    if (*f->function) {
        add_name(line, f->function);
        return;
    }
    const char *slash = strrchr(f->module, '/');
    add_name(line, *f->module ? (slash ? slash + 1 : f->module) : "?");
    strbuf_printf(line, "+0x%" PRIx64, f->address);
}

static const char *process_name(const struct trace *t, uint64_t pid)
{
    struct trace_cursor c = trace_cursor(t, TRACE_PROCESS_TABLE, 0);
    for (uint64_t row = 0; row < c.total_rows; row++)
        if (trace_get(&c, row, TRACE_PROCESS_pid) == pid)
            return trace_string(t, trace_get(&c, row, TRACE_PROCESS_name));
    return "?";
}

static void add_thread(struct strbuf *line, const struct trace *t, uint32_t thread)
{
    struct trace_cursor c = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    add_name(line, process_name(t, trace_get(&c, thread, TRACE_THREAD_pid)));
    strbuf_putc(line, ';');
    add_name(line, trace_string(t, trace_get(&c, thread, TRACE_THREAD_name)));
}

static void write_group(const struct trace *t, const struct folded_kind *kind,
                        const struct reduce_group *g, struct strbuf *line, struct export_out *out)
{
    static _Thread_local struct trace_frame frames[MAX_DEPTH];
    size_t depth = trace_stack(t, g->stack_id, frames, MAX_DEPTH);
    strbuf_clear(line);
    if (g->thread != UINT32_MAX)
        add_thread(line, t, g->thread);
    for (size_t d = depth < MAX_DEPTH ? depth : MAX_DEPTH; d-- > 0;)
        add_frame(line, &frames[d]);
    if (kind->kind == REDUCE_OFFCPU && !depth) {
        const char *reason = trace_enum_name(TRACE_REASON, g->detail - TRACE_BLOCKED);
        strbuf_printf(line, ";[%s]", reason && *reason ? reason : "blocked");
    }
    strbuf_printf(line, " %" PRId64 "\n", g->values[kind->value]);
    /* Without a thread the line begins with the separator of its first frame. */
    size_t skip = line->p[0] == ';';
    export_out_write(out, line->p + skip, line->len - skip);
}

static const struct folded_kind *find_kind(const char *name, struct err *err)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(name ? name : "cpu", kinds[i].name))
            return &kinds[i];
    err_set(err, "there is no kind '%s' of folded stacks", name);
    err_hint(err, "kinds: cpu, offcpu, alloc");
    return NULL;
}

bool export_folded_check(const struct export_options *options, struct err *err)
{
    return find_kind(options->kind, err) != NULL;
}

bool export_folded(struct trace *t, const struct export_options *options, struct export_out *out,
                   uint64_t *events, struct err *err)
{
    const struct folded_kind *kind = find_kind(options->kind, err);
    if (!kind)
        return false;
    struct arena arena = {0};
    struct strbuf line = {0};
    struct reduced r =
        reduce_trace(&arena, t, kind->kind,
                     (struct reduce_range){options->range.begin_ns, options->range.end_ns});
    *events = r.rows;
    bool go_on = true;
    for (size_t i = 0; i < r.count && go_on && !export_out_failed(out); i++) {
        if (r.v[i].values[kind->value])
            write_group(t, kind, &r.v[i], &line, out);
        go_on = progress_step(options->progress, "exporting stacks", i, r.count);
    }
    strbuf_release(&line);
    arena_release(&arena);
    return go_on || err_set(err, "stopped");
}
