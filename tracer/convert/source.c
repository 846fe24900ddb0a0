#include "convert/source.h"

#include "base/arena.h"
#include "convert/ctf_stream.h"
#include "convert/source_classes.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* One component: a trace. */
struct source {
    struct arena arena;
    struct tsdl tsdl;
    struct source_classes classes; /* the trace in babeltrace2's words */
    const bt_trace *trace;         /* owned reference */
    uint64_t next_stream_id;
    struct source_feed *feed; /* NULL: event messages */
};

/* One output port: a stream file. Lives in the source's arena. */
struct source_port {
    struct source *source;
    const char *path;
};

/* What an iterator gives out next. */
enum step {
    STREAM_BEGINS,
    NEXT_PACKET,
    PACKET_BEGINS,
    EVENTS,
    STREAM_ENDS,
    OVER
};

struct iterator {
    struct source *source;
    struct ctf_stream file;
    bt_stream *stream; /* owned reference; NULL: the file has no packet */
    bt_packet *packet; /* owned reference; the open one */
    const struct source_stream_class *class;
    enum step step;
    bool has_before; /* a packet came before this one */
    struct ctf_packet before;
};

static bool not_ok(int status)
{
    return status != 0;
}

/* -- the component -- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Paths of the trace's stream files, sorted. */
static char **list_streams(struct arena *arena, const char *dir, size_t *count)
{
    char **paths = NULL;
    size_t cap = 0;
    *count = 0;
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));) {
        struct stat st;
        char *path = arena_printf(arena, "%s/%s", dir, e->d_name);
        if (e->d_name[0] == '.' || !strcmp(e->d_name, "metadata") || stat(path, &st) != 0 ||
            !S_ISREG(st.st_mode))
            continue;
        mem_grow(&paths, &cap, *count + 1, sizeof *paths);
        paths[(*count)++] = path;
    }
    if (d)
        closedir(d);
    if (*count)
        qsort(paths, *count, sizeof *paths, by_name);
    return paths;
}

static const char *input_of(const bt_value *params)
{
    const bt_value *inputs =
        params ? bt_value_map_borrow_entry_value_const(params, "inputs") : NULL;
    if (!inputs || !bt_value_is_array(inputs) || bt_value_array_get_length(inputs) != 1)
        return NULL;
    const bt_value *input = bt_value_array_borrow_element_by_index_const(inputs, 0);
    return bt_value_is_string(input) ? bt_value_string_get(input) : NULL;
}

static bool read_metadata(struct source *s, const char *dir, struct err *err)
{
    char *data;
    size_t bytes;
    if (!file_read(arena_printf(&s->arena, "%s/metadata", dir), &data, &bytes, err))
        return false;
    bool ok = tsdl_parse(&s->tsdl, &s->arena, data, bytes, err);
    free(data);
    return ok;
}

static bool add_ports(struct source *s, bt_self_component_source *self, const char *dir,
                      struct err *err)
{
    size_t count;
    char **paths = list_streams(&s->arena, dir, &count);
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++) {
        struct source_port *port = arena_alloc(&s->arena, sizeof *port);
        *port = (struct source_port){s, paths[i]};
        ok = !not_ok(bt_self_component_source_add_output_port(self, paths[i], port, NULL));
    }
    free(paths);
    return ok || err_set(err, "babeltrace2 cannot add an output port");
}

static void source_free(struct source *s)
{
    bt_trace_put_ref(s->trace);
    source_classes_release(&s->classes);
    arena_release(&s->arena);
    free(s);
}

static bool source_open(struct source *s, bt_self_component_source *self, const char *dir,
                        struct err *err)
{
    if (!dir)
        return err_set(err,
                       "source.whyprof.ctf: parameter `inputs` must be an array of one folder");
    if (!read_metadata(s, dir, err) ||
        !source_classes_init(&s->classes, &s->arena, &s->tsdl,
                             bt_self_component_source_as_self_component(self), err))
        return false;
    s->trace = source_trace(&s->classes, &s->tsdl, err);
    return s->trace && add_ports(s, self, dir, err);
}

bt_component_class_initialize_method_status
source_init(bt_self_component_source *self, bt_self_component_source_configuration *config,
            const bt_value *params, void *data)
{
    (void)config;
    struct source_setup *setup = data;
    struct err own_err = {0}, *err = setup ? setup->err : &own_err;
    struct source *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    s->feed = setup ? setup->feed : NULL;
    if (!source_open(s, self, input_of(params), err)) {
        bt_self_component *component = bt_self_component_source_as_self_component(self);
        bt_current_thread_error_append_cause_from_component(component, __FILE__, __LINE__, "%s",
                                                            err->text);
        source_free(s);
        return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_ERROR;
    }
    bt_self_component_set_data(bt_self_component_source_as_self_component(self), s);
    return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_OK;
}

void source_finalize(bt_self_component_source *self)
{
    source_free(bt_self_component_get_data(bt_self_component_source_as_self_component(self)));
}

/* -- an iterator: a stream -- */

/* Reads the first packet's header, which tells the stream's class and number. */
static bool open_stream(struct iterator *it, const char *path, struct err *err)
{
    struct source *s = it->source;
    if (!ctf_stream_open(&it->file, path, &s->tsdl, err))
        return false;
    enum ctf_result first = ctf_stream_packet(&it->file, err);
    if (first != CTF_MORE) {
        it->step = OVER;
        return first == CTF_END;
    }
    it->class = source_stream_class(&s->classes, it->file.class->id);
    /* not the file's own number: a damaged one may stand twice, which babeltrace2 aborts on */
    it->stream = source_stream(it->class, s->trace, s->next_stream_id++);
    it->file.next_off = 0; /* the packet will be met again */
    if (it->stream && s->feed)
        *map64_put(&s->feed->files, (uint64_t)(uintptr_t)it->stream, NULL) =
            (uint64_t)(uintptr_t)&it->file;
    return it->stream || err_set(err, "babeltrace2 cannot make a stream for %s", path);
}

static void append_cause(bt_self_message_iterator *self, const struct err *err)
{
    bt_current_thread_error_append_cause_from_message_iterator(self, __FILE__, __LINE__, "%s",
                                                               err->text);
}

bt_message_iterator_class_initialize_method_status
source_iterator_init(bt_self_message_iterator *self, bt_self_message_iterator_configuration *config,
                     bt_self_component_port_output *self_port)
{
    (void)config;
    struct source_port *port = bt_self_component_port_get_data(
        bt_self_component_port_output_as_self_component_port(self_port));
    struct iterator *it = calloc(1, sizeof *it);
    if (!it)
        abort();
    it->source = port->source;
    struct err err;
    if (!open_stream(it, port->path, &err)) {
        append_cause(self, &err);
        ctf_stream_close(&it->file);
        free(it);
        return BT_MESSAGE_ITERATOR_CLASS_INITIALIZE_METHOD_STATUS_ERROR;
    }
    bt_self_message_iterator_set_data(self, it);
    return BT_MESSAGE_ITERATOR_CLASS_INITIALIZE_METHOD_STATUS_OK;
}

void source_iterator_finalize(bt_self_message_iterator *self)
{
    struct iterator *it = bt_self_message_iterator_get_data(self);
    bt_packet_put_ref(it->packet);
    bt_stream_put_ref(it->stream);
    ctf_stream_close(&it->file);
    free(it);
}

/* The events that were discarded since the packet before this one. The first
 * packet's count may be older than the trace, so it is told without a number,
 * as source.ctf.fs does. */
static bt_message *discarded_events(struct iterator *it, bt_self_message_iterator *self)
{
    const struct ctf_packet *p = &it->file.packet;
    uint64_t begin = it->has_before ? it->before.ts_end : p->ts_begin;
    uint64_t lost = p->discarded - (it->has_before ? it->before.discarded : 0);
    if (!lost)
        return NULL;
    bt_message *msg = bt_message_discarded_events_create_with_default_clock_snapshots(
        self, it->stream, begin, p->ts_end);
    if (msg && it->has_before)
        bt_message_discarded_events_set_count(msg, lost);
    return msg;
}

static bt_message *packet_beginning(struct iterator *it, bt_self_message_iterator *self)
{
    it->packet = source_packet(it->class, it->stream, &it->file.packet);
    return it->packet ? bt_message_packet_beginning_create_with_default_clock_snapshot(
                            self, it->packet, it->file.packet.ts_begin)
                      : NULL;
}

static bt_message *packet_end(struct iterator *it, bt_self_message_iterator *self)
{
    bt_message *msg = bt_message_packet_end_create_with_default_clock_snapshot(
        self, it->packet, it->file.packet.ts_end);
    bt_packet_put_ref(it->packet);
    it->packet = NULL;
    it->has_before = true;
    it->before = it->file.packet;
    return msg;
}

static bt_message *next_event(struct iterator *it, bt_self_message_iterator *self, struct err *err)
{
    struct ctf_event ev;
    enum ctf_result result = ctf_stream_event(&it->file, &ev, err);
    if (result == CTF_DAMAGED)
        return NULL;
    if (result == CTF_END) {
        it->step = NEXT_PACKET;
        return packet_end(it, self);
    }
    const bt_event_class *class = source_event_class(it->class, &it->source->tsdl, ev.class);
    bt_message *msg = class ? bt_message_event_create_with_packet_and_default_clock_snapshot(
                                  self, class, it->packet, ev.ts)
                            : NULL;
    if (!msg) {
        err_set(err, "babeltrace2 cannot make an event message");
        return NULL;
    }
    if (!source_fill_event(bt_message_event_borrow_event(msg), &it->file, it->class, ev.class,
                           err)) {
        bt_message_put_ref(msg);
        return NULL;
    }
    return msg;
}

/* The next message; NULL at the end (step OVER), after a failure (err set), or
 * where a step has nothing to say. */
static bt_message *step(struct iterator *it, bt_self_message_iterator *self, struct err *err)
{
    switch (it->step) {
    case STREAM_BEGINS:
        it->step = NEXT_PACKET;
        return bt_message_stream_beginning_create(self, it->stream);
    case NEXT_PACKET: {
        enum ctf_result result = ctf_stream_packet(&it->file, err);
        it->step = result == CTF_MORE ? PACKET_BEGINS : STREAM_ENDS;
        return result == CTF_MORE ? discarded_events(it, self) : NULL;
    }
    case PACKET_BEGINS:
        it->step = EVENTS;
        return packet_beginning(it, self);
    case EVENTS:
        if (!it->source->feed)
            return next_event(it, self, err);
        it->step = NEXT_PACKET; /* the sink has read them */
        return packet_end(it, self);
    case STREAM_ENDS:
        it->step = OVER;
        return bt_message_stream_end_create(self, it->stream);
    case OVER:
        break;
    }
    return NULL;
}

bt_message_iterator_class_next_method_status source_next(bt_self_message_iterator *self,
                                                         bt_message_array_const msgs, uint64_t cap,
                                                         uint64_t *count)
{
    struct iterator *it = bt_self_message_iterator_get_data(self);
    struct err err = {0};
    uint64_t n = 0;
    bool handed_over = false;
    while (n < cap && it->step != OVER && !err.text[0] && !handed_over) {
        bool begins = it->step == PACKET_BEGINS;
        bt_message *msg = step(it, self, &err);
        if (msg)
            msgs[n++] = msg;
        handed_over = begins && it->source->feed;
    }
    if (err.text[0]) {
        while (n > 0)
            bt_message_put_ref(msgs[--n]);
        append_cause(self, &err);
        return BT_MESSAGE_ITERATOR_CLASS_NEXT_METHOD_STATUS_ERROR;
    }
    *count = n;
    return n ? BT_MESSAGE_ITERATOR_CLASS_NEXT_METHOD_STATUS_OK
             : BT_MESSAGE_ITERATOR_CLASS_NEXT_METHOD_STATUS_END;
}
