#include "convert/source_classes.h"

#include <inttypes.h>
#include <string.h>

/* -- field classes -- */

static bt_field_class *integer_class(bt_trace_class *trace, const struct tsdl_field *f,
                                     bool is_signed)
{
    bt_field_class *class = is_signed ? bt_field_class_integer_signed_create(trace)
                                      : bt_field_class_integer_unsigned_create(trace);
    if (!class)
        return NULL;
    bt_field_class_integer_set_field_value_range(class, 8u * f->bytes);
    if (f->hex)
        bt_field_class_integer_set_preferred_display_base(
            class, BT_FIELD_CLASS_INTEGER_PREFERRED_DISPLAY_BASE_HEXADECIMAL);
    return class;
}

static bt_field_class *array_class(bt_trace_class *trace, const struct tsdl_field *f)
{
    if (f->text)
        return bt_field_class_string_create(trace);
    bt_field_class *element = integer_class(trace, f, f->element_signed);
    bt_field_class *class = NULL;
    if (element && f->read == TSDL_ARRAY)
        class = bt_field_class_array_static_create(trace, element, f->count);
    else if (element)
        class = bt_field_class_array_dynamic_create(trace, element, NULL);
    bt_field_class_put_ref(element);
    return class;
}

static bt_field_class *field_class(bt_trace_class *trace, const struct tsdl_field *f)
{
    switch (f->read) {
    case TSDL_UNSIGNED:
    case TSDL_SIGNED:
        return integer_class(trace, f, f->read == TSDL_SIGNED);
    case TSDL_FLOAT:
        return f->bytes == 4 ? bt_field_class_real_single_precision_create(trace)
                             : bt_field_class_real_double_precision_create(trace);
    case TSDL_STRING:
        return bt_field_class_string_create(trace);
    case TSDL_ARRAY:
    case TSDL_SEQUENCE:
        return array_class(trace, f);
    }
    return NULL;
}

static bt_field_class *struct_class(bt_trace_class *trace, const struct tsdl_fields *fields,
                                    struct err *err)
{
    bt_field_class *class = bt_field_class_structure_create(trace);
    bool ok = class && fields->count <= TSDL_MAX_FIELDS;
    for (uint32_t i = 0; ok && i < fields->count; i++) {
        bt_field_class *member = field_class(trace, &fields->fields[i]);
        ok = member &&
             !bt_field_class_structure_append_member(class, fields->fields[i].name, member);
        bt_field_class_put_ref(member);
    }
    if (ok)
        return class;
    bt_field_class_put_ref(class);
    err_set(err, "babeltrace2 cannot make a field class");
    return NULL;
}

/* -- the trace's classes -- */

static bool make_clock(struct source_classes *c, const struct tsdl *tsdl, bt_self_component *self,
                       struct err *err)
{
    c->clock = bt_clock_class_create(self);
    if (!c->clock)
        return err_set(err, "babeltrace2 cannot make a clock class");
    bt_clock_class_set_frequency(c->clock, tsdl->clock_hz);
    bt_clock_class_set_offset(c->clock, tsdl->clock_offset_s, (uint64_t)tsdl->clock_offset);
    bt_clock_class_set_uuid(c->clock, tsdl->clock_uuid);
    /* LTTng's clocks count from the Unix epoch whatever `absolute` says, as source.ctf.fs holds */
    bt_clock_class_set_origin_is_unix_epoch(c->clock, BT_TRUE);
    if (tsdl->clock_name)
        (void)!bt_clock_class_set_name(c->clock, tsdl->clock_name);
    if (tsdl->clock_description)
        (void)!bt_clock_class_set_description(c->clock, tsdl->clock_description);
    return true;
}

static bool make_stream_class(struct source_classes *c, struct source_stream_class *s,
                              struct err *err)
{
    s->class = bt_stream_class_create_with_id(c->trace, s->tsdl->id);
    if (!s->class || bt_stream_class_set_default_clock_class(s->class, c->clock))
        return err_set(err, "babeltrace2 cannot make a stream class");
    bt_stream_class_set_assigns_automatic_event_class_id(s->class, BT_FALSE);
    bt_stream_class_set_assigns_automatic_stream_id(s->class, BT_FALSE);
    bt_stream_class_set_supports_packets(s->class, BT_TRUE, BT_TRUE, BT_TRUE);
    bt_stream_class_set_supports_discarded_events(s->class, BT_TRUE, BT_TRUE);
    static struct tsdl_field cpu = {.name = "cpu_id", .read = TSDL_UNSIGNED, .bytes = 4};
    bt_field_class *packet =
        struct_class(c->trace, &(struct tsdl_fields){.fields = &cpu, .count = 1}, err);
    bt_field_class *context = packet ? struct_class(c->trace, &s->tsdl->context, err) : NULL;
    bool ok = context && !bt_stream_class_set_packet_context_field_class(s->class, packet) &&
              !bt_stream_class_set_event_common_context_field_class(s->class, context);
    bt_field_class_put_ref(packet);
    bt_field_class_put_ref(context);
    return ok;
}

static bool make_event_class(struct source_classes *c, struct source_stream_class *s,
                             const struct tsdl_event *e, const bt_event_class **out,
                             struct err *err)
{
    bt_event_class *class = bt_event_class_create_with_id(s->class, e->id);
    bt_field_class *payload = class ? struct_class(c->trace, &e->payload, err) : NULL;
    bt_field_class *common =
        payload && e->common.count ? struct_class(c->trace, &e->common, err) : NULL;
    bool ok = payload && (common || !e->common.count) && !bt_event_class_set_name(class, e->name) &&
              !bt_event_class_set_payload_field_class(class, payload) &&
              (!common || !bt_event_class_set_specific_context_field_class(class, common));
    bt_field_class_put_ref(payload);
    bt_field_class_put_ref(common);
    *out = class; /* the stream class holds it */
    bt_event_class_put_ref(class);
    return ok;
}

const struct source_stream_class *source_stream_class(const struct source_classes *c, uint64_t id)
{
    for (uint32_t i = 0; i < c->stream_count; i++)
        if (c->streams[i].tsdl->id == id)
            return &c->streams[i];
    return NULL;
}

bool source_classes_init(struct source_classes *c, struct arena *arena, const struct tsdl *tsdl,
                         bt_self_component *self, struct err *err)
{
    *c = (struct source_classes){.trace = bt_trace_class_create(self)};
    if (!c->trace)
        return err_set(err, "babeltrace2 cannot make a trace class");
    bt_trace_class_set_assigns_automatic_stream_class_id(c->trace, BT_FALSE);
    if (!make_clock(c, tsdl, self, err))
        return false;
    c->streams = arena_array(arena, tsdl->stream_count, sizeof *c->streams);
    for (uint32_t i = 0; i < tsdl->stream_count; i++) {
        struct source_stream_class *s = &c->streams[c->stream_count++];
        s->tsdl = &tsdl->streams[i];
        s->events = arena_array(arena, tsdl->event_count, sizeof *s->events);
        if (!make_stream_class(c, s, err))
            return false;
        for (uint32_t e = 0; e < tsdl->event_count; e++)
            if (tsdl->events[e].stream_id == s->tsdl->id &&
                !make_event_class(c, s, &tsdl->events[e], &s->events[e], err))
                return false;
    }
    return true;
}

void source_classes_release(struct source_classes *c)
{
    for (uint32_t i = 0; i < c->stream_count; i++)
        bt_stream_class_put_ref(c->streams[i].class);
    bt_clock_class_put_ref(c->clock);
    bt_trace_class_put_ref(c->trace);
}

/* -- its objects -- */

const bt_trace *source_trace(const struct source_classes *c, const struct tsdl *tsdl,
                             struct err *err)
{
    bt_trace *trace = bt_trace_create(c->trace);
    bool ok = trace != NULL;
    if (ok)
        bt_trace_set_uuid(trace, tsdl->uuid);
    for (uint32_t i = 0; ok && i < tsdl->env_count; i++) {
        const struct tsdl_env *e = &tsdl->env[i];
        ok = e->text ? !bt_trace_set_environment_entry_string(trace, e->key, e->text)
                     : !bt_trace_set_environment_entry_integer(trace, e->key, e->number);
    }
    if (ok)
        return trace;
    bt_trace_put_ref(trace);
    err_set(err, "babeltrace2 cannot make a trace");
    return NULL;
}

bt_stream *source_stream(const struct source_stream_class *class, const bt_trace *trace,
                         uint64_t id)
{
    union {
        const bt_trace *ro;
        bt_trace *rw;
    } u = {.ro = trace}; /* streams are made on a trace that is ours */
    return bt_stream_create_with_id(class->class, u.rw, id);
}

bt_packet *source_packet(const struct source_stream_class *class, bt_stream *stream,
                         const struct ctf_packet *values)
{
    (void)class;
    bt_packet *packet = bt_packet_create(stream);
    if (packet)
        bt_field_integer_unsigned_set_value(bt_field_structure_borrow_member_field_by_index(
                                                bt_packet_borrow_context_field(packet), 0),
                                            values->cpu_id & UINT32_MAX);
    return packet;
}

/* -- an event's fields -- */

static uint64_t element(const uint8_t *p, unsigned bytes, bool is_signed)
{
    uint64_t word = 0;
    memcpy(&word, p, bytes);
    unsigned shift = 64u - 8u * bytes;
    return is_signed ? (uint64_t)((int64_t)(word << shift) >> shift) : word;
}

static bool fill_array(bt_field *to, const struct tsdl_field *f, const struct ctf_value *value)
{
    if (f->text) {
        bt_field_string_clear(to);
        return !bt_field_string_append_with_length(
            to, (const char *)value->bytes, strnlen((const char *)value->bytes, value->count));
    }
    if (f->read == TSDL_SEQUENCE && bt_field_array_dynamic_set_length(to, value->count))
        return false;
    for (uint64_t i = 0; i < value->count; i++) {
        bt_field *e = bt_field_array_borrow_element_field_by_index(to, i);
        uint64_t word = element(value->bytes + i * f->bytes, f->bytes, f->element_signed);
        if (f->element_signed)
            bt_field_integer_signed_set_value(e, (int64_t)word);
        else
            bt_field_integer_unsigned_set_value(e, word);
    }
    return true;
}

static bool fill_field(bt_field *to, const struct tsdl_field *f, const struct ctf_value *value)
{
    union {
        uint64_t word;
        uint32_t half;
        double d;
        float f;
    } bits = {.word = value->word};
    switch (f->read) {
    case TSDL_UNSIGNED:
        bt_field_integer_unsigned_set_value(to, value->word);
        return true;
    case TSDL_SIGNED:
        bt_field_integer_signed_set_value(to, (int64_t)value->word);
        return true;
    case TSDL_FLOAT:
        if (f->bytes == 4)
            bt_field_real_single_precision_set_value(to, bits.f);
        else
            bt_field_real_double_precision_set_value(to, bits.d);
        return true;
    case TSDL_STRING:
        bt_field_string_clear(to);
        return !bt_field_string_append_with_length(to, (const char *)value->bytes, value->count);
    case TSDL_ARRAY:
    case TSDL_SEQUENCE:
        return fill_array(to, f, value);
    }
    return false;
}

static bool fill_fields(bt_field *to, const struct tsdl_fields *fields, struct ctf_stream *stream,
                        struct err *err)
{
    uint64_t words[TSDL_MAX_FIELDS];
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct tsdl_field *f = &fields->fields[i];
        struct ctf_value value = {0};
        if (!ctf_read(stream, f, f->read == TSDL_SEQUENCE ? words[f->length] : 0, &value))
            return ctf_damaged(stream, "event reaches past its packet", err);
        words[i] = value.word;
        if (!fill_field(bt_field_structure_borrow_member_field_by_index(to, i), f, &value))
            return err_set(err, "babeltrace2 cannot fill a field");
    }
    return true;
}

bool source_fill_event(bt_event *event, struct ctf_stream *stream,
                       const struct source_stream_class *class, const struct tsdl_event *tsdl,
                       struct err *err)
{
    const struct tsdl_fields *context = &class->tsdl->context;
    return (!context->count ||
            fill_fields(bt_event_borrow_common_context_field(event), context, stream, err)) &&
           (!tsdl->common.count || fill_fields(bt_event_borrow_specific_context_field(event),
                                               &tsdl->common, stream, err)) &&
           fill_fields(bt_event_borrow_payload_field(event), &tsdl->payload, stream, err);
}
