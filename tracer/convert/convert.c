/* The in-process graph: one source for each trace (ours where it knows the trace,
 * else source.ctf.fs), every output port connected to an input port of its own at
 * our sink. */
#include "convert/convert.h"

#include "convert/input.h"
#include "convert/intake.h"
#include "convert/sink.h"
#include "convert/source.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* One is busy with the model; more than these would only wait for it. */
enum {
    MOST_THREADS = 8,
    AGAIN_MS = 20
};

struct graph {
    bt_graph *graph;
    const bt_plugin *ctf; /* NULL: not needed yet */
    bt_component_class_source *own_class;
    bt_component_class_sink *sink_class;
    struct source_feed feed;
    const bt_component_source **sources; /* owned references, `count` */
    size_t count;
    uint32_t *port_traces; /* owned: by input port of the sink, the number of its source */
    size_t port_traces_cap;
};

/* The length of a cause without its tail of variables, ": msg-it-addr=0x55...". */
static int cause_length(const char *text)
{
    for (const char *p = text; (p = strstr(p, ": ")); p += 2) {
        size_t word = strspn(p + 2, "abcdefghijklmnopqrstuvwxyz-");
        if (word && p[2 + word] == '=')
            return (int)(p - text);
    }
    return (int)strlen(text);
}

/* Takes babeltrace2's error off the thread (no call is allowed while it is
 * there) and makes its innermost cause ours. */
static bool fail_bt(struct err *err, const char *what)
{
    const bt_error *error = bt_current_thread_take_error();
    if (!error)
        return err_set(err, "%s: babeltrace2 gave no reason", what);
    const bt_error_cause *cause =
        bt_error_get_cause_count(error) ? bt_error_borrow_cause_by_index(error, 0) : NULL;
    const char *why = cause ? bt_error_cause_get_message(cause) : "unknown cause";
    err_set(err, "%s: %.*s", what, cause_length(why), why);
    bt_error_release(error);
    return false;
}

static bool make_sink_class(struct graph *g, struct err *err)
{
    g->sink_class = bt_component_class_sink_create("trace", sink_consume);
    if (!g->sink_class || bt_component_class_sink_set_initialize_method(g->sink_class, sink_init) ||
        bt_component_class_sink_set_graph_is_configured_method(g->sink_class, sink_configured) ||
        bt_component_class_sink_set_finalize_method(g->sink_class, sink_finalize))
        return fail_bt(err, "make the sink");
    return true;
}

static bool make_own_class(struct graph *g, struct err *err)
{
    bt_message_iterator_class *iterator = bt_message_iterator_class_create(source_next);
    bool ok = iterator &&
              !bt_message_iterator_class_set_initialize_method(iterator, source_iterator_init) &&
              !bt_message_iterator_class_set_finalize_method(iterator, source_iterator_finalize) &&
              (g->own_class = bt_component_class_source_create("ctf", iterator)) &&
              !bt_component_class_source_set_initialize_method(g->own_class, source_init) &&
              !bt_component_class_source_set_finalize_method(g->own_class, source_finalize);
    bt_message_iterator_class_put_ref(iterator);
    return ok || fail_bt(err, "make the source");
}

static bool load_ctf_plugin(struct graph *g, struct err *err)
{
    if (g->ctf)
        return true;
    bt_plugin_find_status status =
        bt_plugin_find("ctf", BT_TRUE, BT_FALSE, BT_TRUE, BT_TRUE, BT_FALSE, &g->ctf);
    if (status == BT_PLUGIN_FIND_STATUS_NOT_FOUND) {
        err_set(err, "babeltrace2's plugin `ctf` is not installed");
        return err_hint(err, "install the package libbabeltrace2-0, or set BABELTRACE_PLUGIN_PATH");
    }
    if (status != BT_PLUGIN_FIND_STATUS_OK)
        return fail_bt(err, "load babeltrace2's plugin `ctf`");
    return true;
}

static const bt_component_class_source *find_stock(struct graph *g, const char *name,
                                                   struct err *err)
{
    if (!load_ctf_plugin(g, err))
        return NULL;
    const bt_component_class_source *class =
        bt_plugin_borrow_source_component_class_by_name_const(g->ctf, name);
    if (!class)
        err_set(err, "babeltrace2's plugin `ctf` has no component class `%s`", name);
    return class;
}

/* The class that reads a trace; NULL with err. */
static const bt_component_class_source *
source_class(struct graph *g, const struct input_trace *trace, struct err *err)
{
    if (!trace->own)
        return find_stock(g, trace->live ? "lttng-live" : "fs", err);
    return g->own_class || make_own_class(g, err) ? g->own_class : NULL;
}

/* {"inputs": [trace]}; of a live session that has ended meanwhile there is nothing. */
static bt_value *source_params(const struct input_trace *trace)
{
    bt_value *params = bt_value_map_create();
    bt_value *inputs = NULL;
    if (params && bt_value_map_insert_empty_array_entry(params, "inputs", &inputs) == 0 &&
        bt_value_array_append_string_element(inputs, trace->dir) == 0 &&
        (!trace->live ||
         bt_value_map_insert_string_entry(params, "session-not-found-action", "end") == 0))
        return params;
    bt_value_put_ref(params);
    return NULL;
}

static bool add_source(struct graph *g, const struct input_trace *trace, struct err *err)
{
    const bt_component_class_source *class = source_class(g, trace, err);
    if (!class)
        return false;
    bt_value *params = source_params(trace);
    if (!params)
        return fail_bt(err, "make parameters");
    char name[32];
    snprintf(name, sizeof name, "ctf%zu", g->count);
    struct err why = {0};
    struct source_setup setup = {.err = &why, .feed = &g->feed};
    const bt_component_source *source;
    bool ok = bt_graph_add_source_component_with_initialize_method_data(
                  g->graph, class, name, params, trace->own ? &setup : NULL, BT_LOGGING_LEVEL_NONE,
                  &source) == BT_GRAPH_ADD_COMPONENT_STATUS_OK;
    bt_value_put_ref(params);
    if (!ok)
        return fail_bt(err, trace->dir);
    bt_component_source_get_ref(source);
    g->sources[g->count++] = source;
    return true;
}

static bool connect(struct graph *g, const bt_component_sink *sink, struct err *err)
{
    uint64_t in = 0;
    for (size_t i = 0; i < g->count; i++) {
        uint64_t ports = bt_component_source_get_output_port_count(g->sources[i]);
        for (uint64_t port = 0; port < ports; port++)
            if (bt_graph_connect_ports(
                    g->graph,
                    bt_component_source_borrow_output_port_by_index_const(g->sources[i], port),
                    bt_component_sink_borrow_input_port_by_index_const(sink, in++), NULL))
                return fail_bt(err, "connect the graph");
    }
    return true;
}

static bool build(struct graph *g, const struct input *in, struct sink_setup *setup,
                  struct err *err)
{
    const bt_component_sink *sink;
    if (!make_sink_class(g, err))
        return false;
    g->graph = bt_graph_create(0);
    if (!g->graph)
        return fail_bt(err, "make the graph");
    g->sources = calloc(in->count + 1, sizeof *g->sources);
    if (!g->sources)
        abort();
    for (size_t i = 0; i < in->count; i++) {
        if (!add_source(g, &in->traces[i], err))
            return false;
        uint64_t ports = bt_component_source_get_output_port_count(g->sources[i]);
        mem_grow(&g->port_traces, &g->port_traces_cap, setup->ports + ports + 1,
                 sizeof *g->port_traces);
        for (uint64_t port = 0; port < ports; port++)
            g->port_traces[setup->ports++] = (uint32_t)i;
    }
    setup->port_traces = g->port_traces;
    if (bt_graph_add_sink_component_with_initialize_method_data(
            g->graph, g->sink_class, "trace", NULL, setup, BT_LOGGING_LEVEL_NONE, &sink)) {
        struct err why = *setup->err;
        fail_bt(err, "make the sink");
        if (why.text[0])
            *err = why;
        return false;
    }
    return connect(g, sink, err);
}

static bool run(struct graph *g, const struct sink_setup *setup, struct err *err)
{
    bt_graph_run_status status;
    /* again: a live session has nothing new */
    while ((status = bt_graph_run(g->graph)) == BT_GRAPH_RUN_STATUS_AGAIN)
        poll(NULL, 0, AGAIN_MS);
    if (status == BT_GRAPH_RUN_STATUS_OK && setup->done)
        return true;
    struct err why = *setup->err;
    fail_bt(err, "read the events");
    if (why.text[0])
        *err = why;
    return false;
}

static void release(struct graph *g)
{
    for (size_t i = 0; i < g->count; i++)
        bt_component_source_put_ref(g->sources[i]);
    free(g->sources);
    free(g->port_traces);
    bt_graph_put_ref(g->graph);
    bt_component_class_sink_put_ref(g->sink_class);
    bt_component_class_source_put_ref(g->own_class);
    map64_release(&g->feed.files);
    bt_plugin_put_ref(g->ctf);
}

static void take_cuts(struct intake *to, const struct input *in)
{
    for (size_t i = 0; i < in->cut_count; i++) {
        uint64_t at = in->cuts[i].last_ns;
        intake_lost(to, (struct intake_loss){at, at, 0, -1, in->cuts[i].source});
    }
    to->cut_streams += in->cut_count;
}

struct convert {
    struct intake intake;
    char *out_path;
    const struct progress *progress;
    struct pool *pool; /* owned; NULL: this thread alone */
};

static bool add_input(struct convert *c, struct input *in, struct err *err)
{
    struct graph g = {0};
    struct err sink_err = {0};
    struct sink_setup setup = {
        .intake = &c->intake,
        .progress = c->progress,
        .feed = &g.feed,
        .pool = c->pool,
        .hosts = &in->hosts,
        .live = in->count && in->traces[0].live,
        .packets = in->packets,
        .err = &sink_err,
    };
    take_cuts(&c->intake, in);
    intake_hosts(&c->intake, &in->hosts);
    bool ok = build(&g, in, &setup, err) && run(&g, &setup, err);
    release(&g);
    return ok;
}

struct convert *convert_begin(const char *out_path, const struct progress *progress,
                              struct err *err)
{
    struct convert *c = mem_realloc(NULL, 1, sizeof *c);
    *c = (struct convert){.out_path = strdup(out_path), .progress = progress};
    if (c->out_path && intake_open(&c->intake, out_path, progress, err))
        return c;
    convert_cancel(c);
    return NULL;
}

void convert_use_threads(struct convert *c, unsigned threads)
{
    if (!threads)
        threads = pool_cpus();
    if (threads > MOST_THREADS)
        threads = MOST_THREADS;
    trace_writer_use(c->intake.writer, NULL);
    pool_free(c->pool);
    c->pool = pool_new(threads - 1);
    trace_writer_use(c->intake.writer, c->pool);
}

static bool add_folders(struct convert *c, const char *const *dirs, size_t count,
                        enum convert_reader reader, uint64_t until_ns, struct err *err)
{
    struct input in;
    struct input_options from = {dirs, count, reader, c->out_path};
    intake_begin(&c->intake, until_ns);
    bool ok = input_open(&in, &from, err) && add_input(c, &in, err);
    input_close(&in);
    return ok || err_wrap(err, "convert %s", dirs[0]);
}

bool convert_add(struct convert *c, const char *ctf_dir, enum convert_reader reader,
                 uint64_t until_ns, struct err *err)
{
    return add_folders(c, &ctf_dir, 1, reader, until_ns, err);
}

bool convert_branch(struct convert *c, const char *out_path, struct err *err)
{
    if (!trace_writer_branch(c->intake.writer, out_path, err))
        return false;
    free(c->out_path);
    c->out_path = strdup(out_path);
    return c->out_path != NULL;
}

void convert_resolve(struct convert *c)
{
    stack_resolve(c->intake.model);
}

bool convert_end(struct convert *c, const char *const *meta, struct convert_result *result,
                 struct err *err)
{
    bool stopped;
    struct convert_result own = {0};
    struct stat st;
    bool ok = intake_finish(&c->intake, meta, &own, &stopped, err);
    if (ok && stat(c->out_path, &st) == 0)
        own.bytes = (uint64_t)st.st_size;
    if (ok)
        *result = own;
    else
        err_wrap(err, "write %s", c->out_path);
    convert_cancel(c);
    return ok;
}

void convert_cancel(struct convert *c)
{
    intake_release(&c->intake);
    pool_free(c->pool);
    free(c->out_path);
    free(c);
}

bool convert_ctf(const struct convert_options *options, struct convert_result *result,
                 struct err *err)
{
    struct convert *c = convert_begin(options->out_path, options->progress, err);
    if (!c)
        return err_wrap(err, "convert %s", options->ctf_dir);
    convert_use_threads(c, options->threads);
    size_t count = 1 + options->more_count;
    const char **dirs = mem_realloc(NULL, count, sizeof *dirs);
    dirs[0] = options->ctf_dir;
    for (size_t i = 1; i < count; i++)
        dirs[i] = options->more_dirs[i - 1];
    bool ok = add_folders(c, dirs, count, options->reader, UINT64_MAX, err);
    free(dirs);
    if (ok)
        return convert_end(c, options->meta, result, err);
    convert_cancel(c);
    return false;
}
