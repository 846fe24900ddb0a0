/* Folded stacks: one line a stack, "process;thread;main;f;g 1200" with ns of CPU time. */
#include "analyze/cpu.h"
#include "base/strbuf.h"
#include "export/export.h"

#include <inttypes.h>

enum {
    MAX_DEPTH = 1024
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

static void write_thread(const struct trace *t, uint32_t thread, struct analyze_range range,
                         struct export_out *out, uint64_t *events)
{
    static _Thread_local struct trace_frame frames[MAX_DEPTH];
    struct arena arena = {0};
    struct strbuf line = {0};
    struct trace_cursor c = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    struct analyze_stack_weights stacks = analyze_cpu_stacks(&arena, t, range, thread);
    for (size_t i = 0; i < stacks.count; i++) {
        size_t depth = trace_stack(t, stacks.v[i].stack_id, frames, MAX_DEPTH);
        strbuf_clear(&line);
        add_name(&line, process_name(t, trace_get(&c, thread, TRACE_THREAD_pid)));
        strbuf_putc(&line, ';');
        add_name(&line, trace_string(t, trace_get(&c, thread, TRACE_THREAD_name)));
        for (size_t d = depth < MAX_DEPTH ? depth : MAX_DEPTH; d-- > 0;)
            add_frame(&line, &frames[d]);
        strbuf_printf(&line, " %" PRIu64 "\n", stacks.v[i].weight_ns);
        export_out_write(out, line.p, line.len);
        *events += stacks.v[i].samples;
    }
    strbuf_release(&line);
    arena_release(&arena);
}

bool export_folded(const struct trace *t, const struct export_options *options,
                   struct export_out *out, uint64_t *events, struct err *err)
{
    uint64_t threads = trace_rows(t, TRACE_THREAD_TABLE, 0);
    for (uint64_t th = 0; th < threads && th <= UINT32_MAX && !export_out_failed(out); th++) {
        write_thread(t, (uint32_t)th, options->range, out, events);
        if (!progress_step(options->progress, "exporting threads", th, threads))
            return err_set(err, "stopped");
    }
    return true;
}
