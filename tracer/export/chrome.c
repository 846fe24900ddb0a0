/* Chrome trace JSON: one object with the trace's facts, its call stacks as a tree
 * of frames, the events in order of time and the CPU samples. */
#include "base/utf8.h"
#include "export/chrome_events.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    PROGRESS_EVERY = 4096
};

static bool write_events(struct chrome *ch, struct err *err)
{
    struct merge m = {.trace = ch->trace};
    struct merge_event e;
    bool go_on = true;
    chrome_add_sources(ch, &m);
    for (uint64_t n = 0; go_on && merge_next(&m, &e); n++) {
        chrome_write_task_ends(ch, e.ts_ns);
        chrome_write_row(ch, &e);
        if (n % PROGRESS_EVERY == 0)
            go_on = progress_step(ch->options->progress, "exporting rows", n, m.total_rows) &&
                    !export_out_failed(ch->w.out);
    }
    chrome_write_task_ends(ch, UINT64_MAX);
    merge_release(&m);
    return go_on || export_out_failed(ch->w.out) || err_set(err, "stopped");
}

/* meta's keys and values. */
static void write_meta(struct chrome *ch)
{
    struct trace_cursor c = trace_cursor(ch->trace, TRACE_META_TABLE, 0);
    struct strbuf key = {0}, value = {0};
    cJSON *object = cJSON_CreateObject();
    for (uint64_t row = 0; row < c.total_rows; row++) {
        strbuf_clear(&key);
        strbuf_clear(&value);
        utf8_append(&key, trace_string(ch->trace, trace_get(&c, row, TRACE_META_key)));
        utf8_append(&value, trace_string(ch->trace, trace_get(&c, row, TRACE_META_value)));
        cJSON_AddStringToObject(object, strbuf_str(&key), strbuf_str(&value));
    }
    char *json = cJSON_PrintUnformatted(object);
    if (!json)
        abort(); /* no memory */
    export_out_puts(ch->w.out, json);
    cJSON_free(json);
    cJSON_Delete(object);
    strbuf_release(&key);
    strbuf_release(&value);
}

static void add_frame_name(struct strbuf *line, const struct trace_frame *f, const char *module)
{
    char unknown[256];
    if (*f->function) {
        chrome_escape(line, f->function);
        return;
    }
    snprintf(unknown, sizeof unknown, "%s+0x%" PRIx64, *module ? module : "?", f->address);
    chrome_escape(line, unknown);
}

/* The tree of frames that events' `sf` and samples point into. */
static void write_frames(struct chrome *ch)
{
    struct trace_cursor c = trace_cursor(ch->trace, TRACE_STACK_NODE_TABLE, 0);
    struct strbuf line = {0};
    for (uint64_t node = 1; node < c.total_rows && !c.damaged; node++) {
        uint64_t parent = trace_get(&c, node, TRACE_STACK_NODE_parent);
        struct trace_frame f =
            trace_frame_at(ch->trace, trace_get(&c, node, TRACE_STACK_NODE_frame));
        const char *slash = strrchr(f.module, '/');
        const char *module = slash ? slash + 1 : f.module;
        strbuf_clear(&line);
        strbuf_printf(&line, "%s\n\"%" PRIu64 "\":{\"name\":", node > 1 ? "," : "", node);
        add_frame_name(&line, &f, module);
        strbuf_puts(&line, ",\"category\":");
        chrome_escape(&line, module);
        if (parent)
            strbuf_printf(&line, ",\"parent\":%" PRIu64, parent);
        strbuf_putc(&line, '}');
        export_out_write(ch->w.out, line.p, line.len);
    }
    strbuf_release(&line);
}

static void write_sample(struct chrome *ch, const struct merge_event *e)
{
    uint64_t stack = trace_get(e->cursor, e->row, TRACE_SAMPLE_stack_id);
    uint64_t node =
        stack < ch->stacks.total_rows ? trace_get(&ch->stacks, stack, TRACE_STACK_node) : 0;
    struct strbuf text = {0};
    strbuf_printf(&text, "{\"name\":\"cpu\",\"tid\":%" PRIu64 ",\"ts\":",
                  ch->rows.threads[e->cursor->key].tid);
    chrome_us(&text, e->ts_ns);
    if (node)
        strbuf_printf(&text, ",\"sf\":%" PRIu64, node);
    strbuf_printf(&text, ",\"weight\":%" PRIu64 "}",
                  trace_get(e->cursor, e->row, TRACE_SAMPLE_weight));
    chrome_event_text(&ch->w, text.p);
    strbuf_release(&text);
}

static void write_samples(struct chrome *ch)
{
    struct merge m = {.trace = ch->trace};
    struct merge_event e;
    for (uint64_t th = 0; th < ch->rows.thread_count && th <= UINT32_MAX; th++)
        merge_add(&m, TRACE_SAMPLE_TABLE, (uint32_t)th, 0, ch->options->range);
    while (merge_next(&m, &e))
        if (analyze_in_range(ch->options->range, e.ts_ns, 0))
            write_sample(ch, &e);
    merge_release(&m);
}

static bool write_all(struct chrome *ch, struct err *err)
{
    export_out_puts(ch->w.out, "{\"displayTimeUnit\": \"ns\",\n\"otherData\": ");
    write_meta(ch);
    export_out_puts(ch->w.out, ",\n\"stackFrames\": {");
    write_frames(ch);
    export_out_puts(ch->w.out, "\n},\n");
    chrome_array_begin(&ch->w, "traceEvents");
    chrome_rows_describe(&ch->rows, ch->trace, &ch->w);
    bool ok = write_events(ch, err);
    chrome_array_end(&ch->w);
    export_out_puts(ch->w.out, ",\n");
    chrome_array_begin(&ch->w, "samples");
    if (ok)
        write_samples(ch);
    chrome_array_end(&ch->w);
    export_out_puts(ch->w.out, "\n}\n");
    return ok;
}

bool export_chrome(const struct trace *t, const struct export_options *options,
                   struct export_out *out, uint64_t *events, struct err *err)
{
    struct chrome ch = {.trace = t, .options = options, .w = {.trace = t, .out = out}};
    ch.stacks = trace_cursor(t, TRACE_STACK_TABLE, 0);
    chrome_rows_init(&ch.rows, t);
    bool ok = write_all(&ch, err);
    *events = ch.w.events;
    chrome_rows_release(&ch.rows);
    chrome_writer_release(&ch.w);
    free(ch.ends);
    return ok;
}
