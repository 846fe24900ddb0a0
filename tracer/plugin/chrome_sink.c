#include "plugin/chrome_sink.h"

#include "base/strbuf.h"
#include "export/export.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct chrome {
    const struct export_format *format;
    struct strbuf path;
    struct strbuf trace; /* the temporary trace file, beside it */
};

static void chrome_free(struct chrome *c)
{
    if (c->trace.len)
        unlink(strbuf_str(&c->trace));
    strbuf_release(&c->path);
    strbuf_release(&c->trace);
    free(c);
}

static const char *string_param(const bt_value *params, const char *key)
{
    const bt_value *value = bt_value_map_borrow_entry_value_const(params, key);
    return value && bt_value_is_string(value) ? bt_value_string_get(value) : NULL;
}

/* JSON of these formats alone: the others have options of their own. */
static const struct export_format *find_format(const char *name, struct err *err)
{
    static const char *const names[] = {"chrome", "perfetto", "speedscope"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i]))
            return export_find(name, err);
    err_set(err, "parameter `for` is chrome, perfetto or speedscope");
    return NULL;
}

static bool read_params(struct chrome *c, const bt_value *params, struct err *err)
{
    const char *path = string_param(params, "path"), *name = string_param(params, "for");
    if (!path || !*path)
        return err_set(err, "parameter `path` (string: the JSON file to write) is missing");
    c->format = find_format(name ? name : "chrome", err);
    if (!c->format)
        return false;
    strbuf_puts(&c->path, path);
    strbuf_printf(&c->trace, "%s.%ld.whyprof", path, (long)getpid());
    return true;
}

/* The complete trace file as JSON. */
static bool export_it(void *data, const char *trace_path, struct err *err)
{
    const struct chrome *c = data;
    struct trace *t = trace_open(trace_path, err);
    if (!t)
        return false;
    struct export_options options = {.range = analyze_range_whole(t)};
    struct export_result result;
    bool ok = export_trace(t, c->format, strbuf_str(&c->path), &options, &result, err);
    trace_close(t);
    return ok;
}

/* As sink.whyprof.trace, writing the temporary file. */
static bt_component_class_initialize_method_status
init_trace_sink(struct chrome *c, bt_self_component_sink *self,
                bt_self_component_sink_configuration *config)
{
    bt_value *params = bt_value_map_create();
    bt_component_class_initialize_method_status status =
        BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_MEMORY_ERROR;
    if (params && !bt_value_map_insert_string_entry(params, "path", strbuf_str(&c->trace)))
        status = sink_init(self, config, params, NULL);
    bt_value_put_ref(params);
    return status;
}

bt_component_class_initialize_method_status
chrome_sink_init(bt_self_component_sink *self, bt_self_component_sink_configuration *config,
                 const bt_value *params, void *data)
{
    (void)data;
    struct err err = {0};
    struct chrome *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    bt_component_class_initialize_method_status status =
        BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_ERROR;
    if (read_params(c, params, &err))
        status = init_trace_sink(c, self, config);
    else
        BT_CURRENT_THREAD_ERROR_APPEND_CAUSE_FROM_COMPONENT(
            bt_self_component_sink_as_self_component(self), "%s", err.text);
    if (status == BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_OK)
        sink_on_done(self, export_it, c);
    else
        chrome_free(c);
    return status;
}

void chrome_sink_finalize(bt_self_component_sink *self)
{
    struct chrome *c = sink_done_data(self);
    sink_finalize(self);
    chrome_free(c);
}
