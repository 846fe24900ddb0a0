#include "convert/sink.h"

#include "base/arena.h"
#include "convert/foreign.h"
#include "convert/foreign_text.h"
#include "convert/handed.h"
#include "convert/hosts.h"
#include "convert/intake.h"
#include "convert/source.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Messages a call of consume handles, and so how often progress is told. */
enum {
    CONSUME_MESSAGES = 8192
};

struct port {
    bt_message_iterator *iterator; /* owned */
    bt_message_array_const msgs;   /* the batch; owned from msgs[pos] on */
    uint64_t count, pos;
    uint64_t ts;                   /* of the event that is next */
    uint32_t trace;                /* with the next two: its rank among events of one time */
    uint64_t stream_class, stream; /* the metadata's and the file's numbers */
    struct foreign_origin origin;
    const struct host *host; /* borrowed: where there are several machines; else NULL */
    uint64_t shift_ns;       /* its times' */
    struct handed *handed;   /* owned: its stream is handed over; else NULL */
    bool new_names;          /* then: its batch has event names not met before */
    int ahead;               /* then: enum advance, of the messages after its packet */
};

/* A port's place in the merge. */
struct lead {
    uint64_t ts; /* of its next event */
    uint32_t port;
};

struct sink {
    struct sink_setup own_setup; /* the plugin's */
    struct sink_setup *setup;
    struct intake own_intake; /* the plugin's */
    struct intake *in;
    struct port *ports; /* owned, setup->ports */
    struct lead *heap;  /* ports with an event, earliest first */
    uint64_t heap_len;
    uint64_t next_start; /* ports below have delivered their first event */
    uint64_t refill;     /* port + 1 that has to be advanced first */
    uint64_t events, packets;
    struct map64 cpu_of_stream; /* const bt_stream * -> CPU + 1 */
    char *path;                 /* owned: the plugin's parameter */
    struct foreign foreign;     /* other tracers' events */
    sink_done *done;            /* or NULL */
    void *done_data;
    struct flat_trace **flats; /* owned: one for each trace that is handed over */
    size_t flat_count, flat_cap;
    struct err read_err; /* why a file could not be read */
};

/* -- time */

static uint64_t cycles_to_ns(uint64_t cycles, uint64_t hz)
{
    if (hz == 1000000000)
        return cycles;
    return cycles / hz * 1000000000 + cycles % hz * 1000000000 / hz;
}

static uint64_t snapshot_ns(const bt_clock_snapshot *snapshot)
{
    const bt_clock_class *clock = bt_clock_snapshot_borrow_clock_class_const(snapshot);
    return cycles_to_ns(bt_clock_snapshot_get_value(snapshot), bt_clock_class_get_frequency(clock));
}

/* ts: as the clock told it. */
static void take_start_from_clock(struct sink *s, const bt_clock_class *clock, uint64_t ts)
{
    int64_t seconds;
    uint64_t cycles;
    bt_clock_class_get_offset(clock, &seconds, &cycles);
    intake_start(s->in, seconds, cycles_to_ns(cycles, bt_clock_class_get_frequency(clock)), ts);
}

/* An event's time; without a clock it has the time of the one before. */
static uint64_t message_ts(const struct port *port, const bt_message *msg)
{
    if (!bt_message_event_borrow_stream_class_default_clock_class_const(msg))
        return port->ts;
    return snapshot_ns(bt_message_event_borrow_default_clock_snapshot_const(msg)) + port->shift_ns;
}

/* -- messages that are not events */

static int64_t stream_cpu(const struct sink *s, const bt_stream *stream)
{
    uint64_t *cpu = map64_get(&s->cpu_of_stream, (uint64_t)(uintptr_t)stream);
    return cpu ? (int64_t)*cpu - 1 : -1;
}

/* The source's own reader, which stands at the packet that messages tell of. */
static const struct ctf_stream *file_of(const struct port *port)
{
    return port->handed ? port->handed->file : NULL;
}

static void on_packet(struct sink *s, const struct port *port, const bt_message *msg)
{
    const struct ctf_stream *file = file_of(port);
    if (file)
        intake_count_discards(s->in, file->path, file->packet.discarded);
    const bt_packet *packet = bt_message_packet_beginning_borrow_packet_const(msg);
    const bt_field *context = bt_packet_borrow_context_field_const(packet);
    s->packets++;
    if (!context)
        return;
    const bt_field *cpu = bt_field_structure_borrow_member_field_by_name_const(context, "cpu_id");
    if (cpu && bt_field_class_type_is(bt_field_get_class_type(cpu),
                                      BT_FIELD_CLASS_TYPE_UNSIGNED_INTEGER)) {
        uint64_t stream = (uint64_t)(uintptr_t)bt_packet_borrow_stream_const(packet);
        *map64_put(&s->cpu_of_stream, stream, NULL) = bt_field_integer_unsigned_get_value(cpu) + 1;
    }
}

/* To the time and CPUs of all machines. */
static void move_loss(const struct port *port, struct intake_loss *loss)
{
    if (!port->host)
        return;
    loss->begin += port->shift_ns;
    loss->end += port->shift_ns;
    if (loss->cpu >= 0)
        loss->cpu += port->host->cpu_base;
}

static void on_discarded_events(struct sink *s, const struct port *port, const bt_message *msg)
{
    const bt_stream *stream = bt_message_discarded_events_borrow_stream_const(msg);
    struct intake_loss loss = {.cpu = stream_cpu(s, stream),
                               .source = "events discarded: buffer full"};
    const struct ctf_stream *file = file_of(port);
    bool told = bt_message_discarded_events_get_count(msg, &loss.count) ==
                BT_PROPERTY_AVAILABILITY_AVAILABLE;
    if (!told && file &&
        intake_new_discards(s->in, file->path, file->packet.discarded, &loss.count) && !loss.count)
        return; /* they were told in the chunk before */
    if (bt_stream_class_discarded_events_have_default_clock_snapshots(
            bt_stream_borrow_class_const(stream))) {
        loss.begin = snapshot_ns(
            bt_message_discarded_events_borrow_beginning_default_clock_snapshot_const(msg));
        loss.end =
            snapshot_ns(bt_message_discarded_events_borrow_end_default_clock_snapshot_const(msg));
    }
    move_loss(port, &loss);
    intake_lost(s->in, loss);
}

static void on_discarded_packets(struct sink *s, const struct port *port, const bt_message *msg)
{
    const bt_stream *stream = bt_message_discarded_packets_borrow_stream_const(msg);
    struct intake_loss loss = {.cpu = stream_cpu(s, stream), .source = "packets overwritten"};
    if (bt_stream_class_discarded_packets_have_default_clock_snapshots(
            bt_stream_borrow_class_const(stream))) {
        loss.begin = snapshot_ns(
            bt_message_discarded_packets_borrow_beginning_default_clock_snapshot_const(msg));
        loss.end =
            snapshot_ns(bt_message_discarded_packets_borrow_end_default_clock_snapshot_const(msg));
    }
    move_loss(port, &loss);
    intake_lost(s->in, loss); /* how many events were in them nobody knows */
}

static struct flat_trace *flat_for(struct sink *s, const struct tsdl *tsdl)
{
    for (size_t i = 0; i < s->flat_count; i++)
        if (s->flats[i]->tsdl == tsdl)
            return s->flats[i];
    mem_grow(&s->flats, &s->flat_cap, s->flat_count + 1, sizeof(struct flat_trace *));
    struct flat_trace *flat = s->flats[s->flat_count++] = mem_realloc(NULL, 1, sizeof *flat);
    flat_trace_init(flat, tsdl);
    return flat;
}

static void on_stream(struct sink *s, struct port *port, const bt_stream *stream)
{
    const struct source_feed *feed = s->setup->feed;
    uint64_t *file = feed ? map64_get(&feed->files, (uint64_t)(uintptr_t)stream) : NULL;
    foreign_stream(&s->foreign, stream, &port->origin);
    if (port->host) {
        port->origin.id_base = port->host->id_base;
        port->origin.cpu_base = port->host->cpu_base;
    }
    port->stream_class = bt_stream_class_get_id(bt_stream_borrow_class_const(stream));
    port->stream = bt_stream_get_id(stream);
    if (file) {
        const struct ctf_stream *reader = (const struct ctf_stream *)(uintptr_t)*file;
        port->stream = reader->instance_id;
        port->handed = handed_new(reader, flat_for(s, reader->tsdl), s->setup->pool);
    }
    const bt_value *host = bt_trace_borrow_environment_entry_value_by_name_const(
        bt_stream_borrow_trace_const(stream), "hostname");
    if (host && bt_value_is_string(host) && !s->in->several_hosts)
        snprintf(s->in->hostname, sizeof s->in->hostname, "%s", bt_value_string_get(host));
}

static void on_other_message(struct sink *s, struct port *port, const bt_message *msg)
{
    switch (bt_message_get_type(msg)) {
    case BT_MESSAGE_TYPE_STREAM_BEGINNING:
        on_stream(s, port, bt_message_stream_beginning_borrow_stream_const(msg));
        break;
    case BT_MESSAGE_TYPE_PACKET_BEGINNING:
        on_packet(s, port, msg);
        break;
    case BT_MESSAGE_TYPE_DISCARDED_EVENTS:
        on_discarded_events(s, port, msg);
        break;
    case BT_MESSAGE_TYPE_DISCARDED_PACKETS:
        on_discarded_packets(s, port, msg);
        break;
    default:
        break;
    }
}

/* -- the merge: a heap of ports by the time of their next event */

/* Events of equal time stand in an order that no reader's order of ports can change. */
static bool ranks_before(const struct sink *s, uint32_t a, uint32_t b)
{
    const struct port *x = &s->ports[a], *y = &s->ports[b];
    if (x->trace != y->trace)
        return x->trace < y->trace;
    if (x->stream_class != y->stream_class)
        return x->stream_class < y->stream_class;
    return x->stream != y->stream ? x->stream < y->stream : a < b;
}

static inline bool is_before(const struct sink *s, struct lead a, struct lead b)
{
    return a.ts != b.ts ? a.ts < b.ts : ranks_before(s, a.port, b.port);
}

/* Puts the port whose event is next, at ts, to its place from the top down. */
static void sift_down(struct sink *s, struct lead lead)
{
    struct lead *heap = s->heap;
    uint64_t i = 0;
    for (;;) {
        uint64_t child = 2 * i + 1;
        if (child >= s->heap_len)
            break;
        if (child + 1 < s->heap_len && is_before(s, heap[child + 1], heap[child]))
            child++;
        if (is_before(s, lead, heap[child]))
            break;
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = lead;
}

static void heap_add(struct sink *s, uint32_t port)
{
    struct lead lead = {s->ports[port].ts, port};
    uint64_t i = s->heap_len++;
    for (; i && is_before(s, lead, s->heap[(i - 1) / 2]); i = (i - 1) / 2)
        s->heap[i] = s->heap[(i - 1) / 2];
    s->heap[i] = lead;
}

enum advance {
    ADVANCE_PACKET, /* of a stream that is handed over */
    ADVANCE_EVENT,
    ADVANCE_END,
    ADVANCE_AGAIN,
    ADVANCE_ERROR
};

static enum advance next_batch(struct port *port)
{
    if (!port->iterator)
        return ADVANCE_END;
    port->pos = port->count = 0;
    switch (bt_message_iterator_next(port->iterator, &port->msgs, &port->count)) {
    case BT_MESSAGE_ITERATOR_NEXT_STATUS_OK:
        return ADVANCE_EVENT;
    case BT_MESSAGE_ITERATOR_NEXT_STATUS_AGAIN:
        return ADVANCE_AGAIN;
    case BT_MESSAGE_ITERATOR_NEXT_STATUS_END:
        return ADVANCE_END;
    default:
        return ADVANCE_ERROR;
    }
}

/* Goes on to the port's next event message, or the next packet that is handed
 * over, taking all other messages on the way. */
static enum advance next_message(struct sink *s, struct port *port)
{
    for (;;) {
        while (port->pos < port->count) {
            const bt_message *msg = port->msgs[port->pos];
            enum bt_message_type type = bt_message_get_type(msg);
            if (type == BT_MESSAGE_TYPE_EVENT) {
                port->ts = message_ts(port, msg);
                return ADVANCE_EVENT;
            }
            on_other_message(s, port, msg);
            bt_message_put_ref(msg);
            port->pos++;
            if (port->handed && type == BT_MESSAGE_TYPE_PACKET_BEGINNING)
                return ADVANCE_PACKET;
        }
        enum advance batch = next_batch(port);
        if (batch != ADVANCE_EVENT)
            return batch;
    }
}

/* Adds a batch that was taken to the counts of event names. */
static void count_batch(struct sink *s, struct handed *h)
{
    struct flat_batch *b = handed_batch(h);
    for (uint32_t class = 0; b->count && class < h->flat->tsdl->event_count; class ++)
        if (b->counts[class])
            s->in->decoder.counts[h->flat->names[class]] += b->counts[class];
    b->count = 0;
}

/* Whether the batch in hand has events of a name not met before. */
static bool has_new_names(struct handed *h)
{
    const struct flat_batch *b = handed_batch(h);
    for (uint32_t class = 0; class < h->flat->tsdl->event_count; class ++)
        if (b->counts[class] && h->flat->names[class] == UINT32_MAX)
            return true;
    return false;
}

/* The same where the batch in hand is at its end. */
static enum advance next_handed(struct sink *s, struct port *port)
{
    struct handed *h = port->handed;
    for (;;) {
        count_batch(s, h);
        bool some = handed_some(h);
        port->new_names = some && has_new_names(h);
        if (port->ahead == ADVANCE_PACKET && handed_wants_packet(h)) {
            port->ahead = (int)next_message(s, port);
            if (port->ahead == ADVANCE_PACKET)
                handed_packet(h);
            else if (port->ahead == ADVANCE_ERROR) /* nothing may be called before it is told */
                return ADVANCE_ERROR;
        }
        if (some) {
            port->ts = handed_front(h)->ts + port->shift_ns;
            return ADVANCE_EVENT;
        }
        if (handed_damage(h)) {
            s->read_err = *handed_damage(h);
            return ADVANCE_ERROR;
        }
        enum advance ahead = (enum advance)port->ahead;
        if (ahead == ADVANCE_AGAIN)
            port->ahead = ADVANCE_PACKET; /* ask again next time */
        if (ahead != ADVANCE_PACKET)
            return ahead;
    }
}

/* Goes on to the port's next event. */
static enum advance advance(struct sink *s, struct port *port)
{
    struct handed *h = port->handed;
    if (h && h->next < h->end) { /* nearly always: in the batch in hand */
        port->ts = h->next->ts + port->shift_ns;
        if (h->next->strings) /* in the file, far away; there is time until it is taken */
            __builtin_prefetch((const void *)(uintptr_t)h->next->v[0]);
        return ADVANCE_EVENT;
    }
    if (!h) {
        enum advance result = next_message(s, port);
        if (result != ADVANCE_PACKET)
            return result;
        handed_packet(port->handed);
    }
    return next_handed(s, port);
}

static const char *message_name(const bt_message *msg)
{
    return bt_event_class_get_name(
        bt_event_borrow_class_const(bt_message_event_borrow_event_const(msg)));
}

static uint32_t message_cpu(const struct sink *s, const bt_message *msg)
{
    int64_t cpu =
        stream_cpu(s, bt_event_borrow_stream_const(bt_message_event_borrow_event_const(msg)));
    return cpu < 0 ? 0 : (uint32_t)cpu;
}

static void take_message(struct sink *s, struct port *port, struct event *ev)
{
    const bt_message *msg = port->msgs[port->pos++];
    decoder_event(&s->in->decoder, msg, port->ts, ev);
    const bt_clock_class *clock =
        s->in->events ? NULL : bt_message_event_borrow_stream_class_default_clock_class_const(msg);
    if (clock)
        take_start_from_clock(s, clock, port->ts - port->shift_ns);
    if (port->host && !hosts_move(s->setup->hosts, port->host, ev)) {
        bt_message_put_ref(msg);
        return;
    }
    intake_push(s->in, ev);
    if (ev->kind > EVENT_FOREIGN) {
        port->origin.cpu = message_cpu(s, msg) + port->origin.cpu_base;
        if (ev->kind == FOREIGN_MESSAGE && !port->origin.kernel)
            foreign_text_message(&s->foreign.text, msg);
        foreign_event(&s->foreign, ev, message_name(msg), &port->origin);
    }
    bt_message_put_ref(msg);
}

/* Of a stream that is handed over. */
static void take_foreign(struct sink *s, struct port *port, const struct event *ev,
                         const struct tsdl_event *class)
{
    const struct handed *h = port->handed;
    port->origin.cpu = (uint32_t)h->cursor.packet.cpu_id + port->origin.cpu_base;
    if (ev->kind == FOREIGN_MESSAGE && !port->origin.kernel)
        foreign_text_bytes(&s->foreign.text, h->flat->tsdl, class,
                           (const uint8_t *)(uintptr_t)ev->v[0],
                           (const uint8_t *)(uintptr_t)ev->v[1]);
    foreign_event(&s->foreign, ev, class->name, &port->origin);
}

/* Names are numbered in the order of their first events. */
static void number_name(struct sink *s, const struct handed *h, uint32_t class)
{
    uint32_t *name = &h->flat->names[class];
    if (*name == UINT32_MAX)
        *name = decoder_name(&s->in->decoder, h->flat->tsdl->events[class].name);
}

static void take_handed(struct sink *s, struct port *port)
{
    uint32_t class;
    struct handed *h = port->handed;
    const struct event *ev = handed_take(h, &class);
    struct event moved;
    const struct tsdl *tsdl = h->flat->tsdl;
    if (port->new_names)
        number_name(s, h, class);
    if (!s->in->events)
        intake_start(s->in, tsdl->clock_offset_s,
                     cycles_to_ns((uint64_t)tsdl->clock_offset, tsdl->clock_hz), ev->ts);
    if (port->host) {
        moved = *ev;
        moved.ts = port->ts;
        ev = &moved;
        if (!hosts_move(s->setup->hosts, port->host, &moved))
            return;
    }
    intake_push(s->in, ev);
    if (ev->kind > EVENT_FOREIGN)
        take_foreign(s, port, ev, &tsdl->events[class]);
}

static void take_event(struct sink *s, struct port *port)
{
    struct event ev;
    s->events++;
    if (port->handed)
        take_handed(s, port);
    else
        take_message(s, port, &ev);
}

/* Fills the heap with each port's first event. */
static enum advance start_ports(struct sink *s)
{
    for (; s->next_start < s->setup->ports; s->next_start++) {
        enum advance result = advance(s, &s->ports[s->next_start]);
        if (result == ADVANCE_EVENT)
            heap_add(s, (uint32_t)s->next_start);
        else if (result != ADVANCE_END)
            return result;
    }
    return ADVANCE_EVENT;
}

/* Takes the earliest event of all ports. A port that has to wait stays on top
 * of the heap, so that the next call goes on there. */
static enum advance step(struct sink *s)
{
    if (!s->heap_len)
        return ADVANCE_END;
    struct lead lead = s->heap[0];
    struct port *port = &s->ports[lead.port];
    if (!s->refill)
        take_event(s, port);
    s->refill = 0;
    enum advance result = advance(s, port);
    if (result == ADVANCE_AGAIN)
        s->refill = 1;
    if (result == ADVANCE_AGAIN || result == ADVANCE_ERROR)
        return result;
    lead.ts = port->ts;
    if (result == ADVANCE_END)
        lead = s->heap[--s->heap_len];
    if (s->heap_len)
        sift_down(s, lead);
    return ADVANCE_EVENT;
}

/* -- the class's methods */

static void append_error(bt_self_component_sink *self, const struct err *err)
{
    BT_CURRENT_THREAD_ERROR_APPEND_CAUSE_FROM_COMPONENT(
        bt_self_component_sink_as_self_component(self), "%s", err->text);
}

static struct sink *sink_of(bt_self_component_sink *self)
{
    return bt_self_component_get_data(bt_self_component_sink_as_self_component(self));
}

void sink_on_done(bt_self_component_sink *self, sink_done *done, void *data)
{
    sink_of(self)->done = done;
    sink_of(self)->done_data = data;
}

void *sink_done_data(bt_self_component_sink *self)
{
    return sink_of(self)->done_data;
}

static void flat_free(struct flat_trace *flat)
{
    flat_trace_release(flat);
    free(flat);
}

static void free_sink(struct sink *s)
{
    for (uint64_t i = 0; s->ports && i < s->setup->ports; i++) {
        struct port *port = &s->ports[i];
        handed_free(port->handed);
        for (; port->pos < port->count; port->pos++)
            bt_message_put_ref(port->msgs[port->pos]);
        bt_message_iterator_put_ref(port->iterator);
    }
    if (s->in == &s->own_intake)
        intake_release(&s->own_intake);
    for (size_t i = 0; i < s->flat_count; i++)
        flat_free(s->flats[i]);
    free(s->flats);
    map64_release(&s->cpu_of_stream);
    foreign_release(&s->foreign);
    free(s->ports);
    free(s->heap);
    free(s->path);
    free(s);
}

/* The plugin's parameters as a setup of its own. */
static bool setup_from_params(struct sink *s, const bt_value *params, struct err *err)
{
    const bt_value *path = bt_value_map_borrow_entry_value_const(params, "path");
    if (!path || !bt_value_is_string(path) || !*bt_value_string_get(path))
        return err_set(err, "parameter `path` (string: the trace file to write) is missing");
    size_t bytes = strlen(bt_value_string_get(path)) + 1;
    s->path = mem_realloc(NULL, bytes, 1);
    memcpy(s->path, bt_value_string_get(path), bytes);
    s->own_setup = (struct sink_setup){.ports = 1};
    s->setup = &s->own_setup;
    s->in = &s->own_intake;
    return intake_open(s->in, s->path, NULL, err);
}

static void open_port(struct sink *s, uint64_t i)
{
    struct port *port = &s->ports[i];
    *port = (struct port){.trace = s->setup->port_traces ? s->setup->port_traces[i] : 0};
    port->host = hosts_of_trace(s->setup->hosts, port->trace);
    port->shift_ns = port->host ? port->host->shift_ns : 0;
}

static bool add_ports(bt_self_component_sink *self, const struct sink *s)
{
    for (uint64_t i = 0; i < s->setup->ports; i++) {
        char name[32];
        snprintf(name, sizeof name, "in%" PRIu64, i);
        if (bt_self_component_sink_add_input_port(self, s->path ? "in" : name, NULL, NULL))
            return false;
    }
    return true;
}

bt_component_class_initialize_method_status sink_init(bt_self_component_sink *self,
                                                      bt_self_component_sink_configuration *config,
                                                      const bt_value *params, void *data)
{
    (void)config;
    struct err err = {0};
    struct sink *s = mem_realloc(NULL, 1, sizeof *s);
    *s = (struct sink){.setup = data};
    if (s->setup)
        s->in = s->setup->intake;
    else if (!setup_from_params(s, params, &err))
        goto fail;
    if (!add_ports(self, s)) {
        free_sink(s);
        return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_ERROR; /* the library's own cause */
    }
    s->ports = mem_realloc(NULL, s->setup->ports + 1, sizeof *s->ports);
    for (uint64_t i = 0; i < s->setup->ports; i++)
        open_port(s, i);
    s->foreign.order = &s->in->order;
    s->heap = mem_realloc(NULL, s->setup->ports + 1, sizeof *s->heap);
    bt_self_component_set_data(bt_self_component_sink_as_self_component(self), s);
    return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_OK;
fail:
    append_error(self, &err);
    free_sink(s);
    return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_ERROR;
}

bt_component_class_sink_graph_is_configured_method_status
sink_configured(bt_self_component_sink *self)
{
    struct sink *s = sink_of(self);
    for (uint64_t i = 0; i < s->setup->ports; i++) {
        bt_self_component_port_input *port =
            bt_self_component_sink_borrow_input_port_by_index(self, i);
        int status =
            bt_message_iterator_create_from_sink_component(self, port, &s->ports[i].iterator);
        if (status)
            return (bt_component_class_sink_graph_is_configured_method_status)status;
    }
    return BT_COMPONENT_CLASS_SINK_GRAPH_IS_CONFIGURED_METHOD_STATUS_OK;
}

static bt_component_class_sink_consume_method_status fail(bt_self_component_sink *self,
                                                          const struct err *err)
{
    struct sink *s = sink_of(self);
    append_error(self, err);
    if (s->setup->err)
        *s->setup->err = *err;
    return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_ERROR;
}

/* Tells the progress; the number of events to come is a guess from the packets. */
static bool tell_progress(struct sink *s)
{
    uint64_t total = 0;
    if (s->setup->packets && s->packets)
        total = (uint64_t)((double)s->events * (double)s->setup->packets / (double)s->packets);
    return progress_step(s->setup->progress, "converting events", s->events, total);
}

bt_component_class_sink_consume_method_status sink_consume(bt_self_component_sink *self)
{
    struct sink *s = sink_of(self);
    struct err err = {0};
    enum advance result = start_ports(s);
    for (int i = 0; i < CONSUME_MESSAGES && result == ADVANCE_EVENT; i++)
        result = step(s);
    if (result == ADVANCE_ERROR && s->read_err.text[0])
        return fail(self, &s->read_err);
    if (result == ADVANCE_ERROR) /* the upstream component has told its cause */
        return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_ERROR;
    bool go_on = tell_progress(s);
    if (!go_on && s->setup->live) {
        result = ADVANCE_END;
    } else if (!go_on) {
        s->setup->stopped = true;
        err_set(&err, "stopped");
        return fail(self, &err);
    }
    if (result == ADVANCE_AGAIN)
        return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_AGAIN;
    if (result == ADVANCE_EVENT)
        return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_OK;
    foreign_flush(&s->foreign);
    intake_end(s->in);
    if (s->in == &s->own_intake && !intake_finish(s->in, NULL, NULL, &s->setup->stopped, &err)) {
        err_wrap(&err, "write %s", s->path);
        return fail(self, &err);
    }
    if (s->done && !s->done(s->done_data, s->path, &err))
        return fail(self, &err);
    s->setup->done = true;
    return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_END;
}

void sink_finalize(bt_self_component_sink *self)
{
    free_sink(sink_of(self));
}
