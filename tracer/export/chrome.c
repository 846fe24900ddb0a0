/* Chrome trace JSON: one object with the trace's facts, its call stacks as a tree
 * of frames, the events in order of time and the CPU samples; or several such
 * files, one after the other in time. */
#include "base/utf8.h"
#include "export/chrome_events.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

enum {
    PROGRESS_EVERY = 4096
};

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
    text_lit(&ch->w.x, json);
    cJSON_free(json);
    cJSON_Delete(object);
    strbuf_release(&key);
    strbuf_release(&value);
}

static void write_frame(struct chrome *ch, struct strbuf *line, uint64_t node, uint64_t parent,
                        const struct trace_frame *f)
{
    const char *slash = strrchr(f->module, '/');
    strbuf_clear(line);
    chrome_frame_name(line, f);
    strbuf_puts(line, ",\"category\":");
    chrome_escape(line, slash ? slash + 1 : f->module);
    text_lit(&ch->w.x, node > 1 ? ",\n\"" : "\n\"");
    text_u64(&ch->w.x, node);
    text_lit(&ch->w.x, "\":{\"name\":");
    text_put(&ch->w.x, line->p, line->len);
    if (parent) {
        text_lit(&ch->w.x, ",\"parent\":");
        text_u64(&ch->w.x, parent);
    }
    text_putc(&ch->w.x, '}');
}

/* The tree of frames that events' `sf` and samples point into. */
static void write_frames(struct chrome *ch)
{
    struct trace_cursor c = trace_cursor(ch->trace, TRACE_STACK_NODE_TABLE, 0);
    struct strbuf line = {0};
    text_lit(&ch->w.x, ",\n\"stackFrames\": {");
    for (uint64_t node = 1; node < c.total_rows && !c.damaged; node++) {
        struct trace_frame f =
            trace_frame_at(ch->trace, trace_get(&c, node, TRACE_STACK_NODE_frame));
        write_frame(ch, &line, node, trace_get(&c, node, TRACE_STACK_NODE_parent), &f);
    }
    text_lit(&ch->w.x, "\n}");
    strbuf_release(&line);
}

static void write_sample(struct chrome *ch, const struct merge_event *e)
{
    struct text *x = &ch->w.x;
    uint64_t stack = trace_get(e->cursor, e->row, TRACE_SAMPLE_stack_id);
    uint64_t node =
        stack < ch->stacks.total_rows ? trace_get(&ch->stacks, stack, TRACE_STACK_node) : 0;
    chrome_separate(&ch->w);
    text_lit(x, "{\"name\":\"cpu\",\"tid\":");
    text_u64(x, ch->rows.threads[e->cursor->key].tid);
    text_lit(x, ",\"ts\":");
    text_us(x, e->ts_ns);
    if (node)
        chrome_member_u64(&ch->w, "sf", node);
    chrome_member_u64(&ch->w, "weight", trace_get(e->cursor, e->row, TRACE_SAMPLE_weight));
    text_putc(x, '}');
}

/* Those up to that time that have not been written. */
static void write_samples(struct chrome *ch, uint64_t until_ns)
{
    for (; ch->sample_left && ch->sample.ts_ns <= until_ns;
         ch->sample_left = merge_next(&ch->samples, &ch->sample))
        if (analyze_in_range(ch->options->range, ch->sample.ts_ns, 0))
            write_sample(ch, &ch->sample);
}

static void begin_part(struct chrome *ch)
{
    struct text *x = &ch->w.x;
    ch->part_begin_bytes = text_total(x);
    text_lit(x, "{\"displayTimeUnit\": \"ns\",\n\"otherData\": ");
    write_meta(ch);
    if (ch->dialect.frames)
        write_frames(ch);
    text_lit(x, ",\n");
    chrome_array_begin(&ch->w, "traceEvents");
    text_put(x, ch->described.buf, ch->described.len);
    ch->w.after_first = ch->described.len > 0;
}

/* `until_ns`: no event of this part is later. */
static void end_part(struct chrome *ch, uint64_t until_ns)
{
    chrome_array_end(&ch->w);
    if (ch->dialect.frames) {
        text_lit(&ch->w.x, ",\n");
        chrome_array_begin(&ch->w, "samples");
        write_samples(ch, until_ns);
        chrome_array_end(&ch->w);
    }
    text_lit(&ch->w.x, "\n}\n");
    text_flush(&ch->w.x);
}

static bool part_is_full(const struct chrome *ch)
{
    return ch->options->split_bytes &&
           text_total(&ch->w.x) - ch->part_begin_bytes >= ch->options->split_bytes;
}

/* Spans end in the part in which they began. */
static bool next_part(struct chrome *ch, uint64_t ts_ns, struct err *err)
{
    chrome_write_span_ends(ch, UINT64_MAX);
    end_part(ch, ts_ns);
    if (!export_out_next(ch->w.x.out, err))
        return false;
    begin_part(ch);
    return true;
}

static bool write_events(struct chrome *ch, struct err *err)
{
    struct merge m = {.trace = ch->trace};
    struct merge_event e;
    bool go_on = true;
    uint64_t last_ns = 0;
    chrome_add_sources(ch, &m);
    for (uint64_t n = 0; go_on && merge_next(&m, &e); n++) {
        if (part_is_full(ch) && !next_part(ch, last_ns, err)) {
            merge_release(&m);
            return false;
        }
        last_ns = e.ts_ns;
        chrome_write_task_ends(ch, e.ts_ns);
        chrome_write_span_ends(ch, e.ts_ns);
        chrome_write_row(ch, &e);
        if (n % PROGRESS_EVERY == 0)
            go_on = progress_step(ch->options->progress, "exporting rows", n, m.total_rows) &&
                    !export_out_failed(ch->w.x.out);
    }
    chrome_write_task_ends(ch, UINT64_MAX);
    chrome_write_span_ends(ch, UINT64_MAX);
    merge_release(&m);
    return go_on || export_out_failed(ch->w.x.out) || err_set(err, "stopped");
}

/* The metadata events, kept as text. */
static void describe(struct chrome *ch)
{
    struct chrome_writer w;
    chrome_writer_init(&w, ch->trace, NULL);
    chrome_rows_describe(&ch->rows, ch->trace, &w);
    ch->described = w.x;
    ch->w.events = w.events;
    w.x = (struct text){0};
    chrome_writer_release(&w);
}

static void chrome_init(struct chrome *ch)
{
    ch->stacks = trace_cursor(ch->trace, TRACE_STACK_TABLE, 0);
    ch->w.plain = ch->dialect.spans_only;
    chrome_rows_init(&ch->rows, ch->trace);
    describe(ch);
    ch->samples.trace = ch->trace;
    for (uint64_t th = 0; th < ch->rows.thread_count && th <= UINT32_MAX; th++)
        merge_add(&ch->samples, TRACE_SAMPLE_TABLE, (uint32_t)th, 0, ch->options->range);
    ch->sample_left = merge_next(&ch->samples, &ch->sample);
    ch->stack_json = calloc(ch->stacks.total_rows + 1, sizeof *ch->stack_json);
    if (!ch->stack_json)
        abort(); /* no memory */
}

static void chrome_release(struct chrome *ch)
{
    chrome_writer_release(&ch->w);
    chrome_rows_release(&ch->rows);
    merge_release(&ch->samples);
    text_release(&ch->described);
    text_release(&ch->stack_texts);
    free(ch->stack_json);
    free(ch->ends);
    chrome_spans_release(&ch->spans);
}

static bool export_dialect(struct trace *t, const struct export_options *options,
                           struct chrome_dialect dialect, struct export_out *out, uint64_t *events,
                           struct err *err)
{
    struct chrome ch = {.trace = t, .options = options, .dialect = dialect};
    chrome_writer_init(&ch.w, t, out);
    chrome_init(&ch);
    begin_part(&ch);
    bool ok = write_events(&ch, err);
    end_part(&ch, UINT64_MAX);
    *events = ch.w.events;
    chrome_release(&ch);
    return ok;
}

bool export_chrome(struct trace *t, const struct export_options *options, struct export_out *out,
                   uint64_t *events, struct err *err)
{
    return export_dialect(t, options, (struct chrome_dialect){.frames = true}, out, events, err);
}

bool export_perfetto(struct trace *t, const struct export_options *options, struct export_out *out,
                     uint64_t *events, struct err *err)
{
    return export_dialect(t, options, (struct chrome_dialect){.states = true}, out, events, err);
}

bool export_speedscope(struct trace *t, const struct export_options *options,
                       struct export_out *out, uint64_t *events, struct err *err)
{
    return export_dialect(t, options, (struct chrome_dialect){.spans_only = true}, out, events,
                          err);
}
