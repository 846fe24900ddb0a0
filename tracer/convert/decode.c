#include "convert/decode.h"

#include "base/arena.h"
#include "convert/foreign.h"
#include "tracepoints/events.h"

#include <stdlib.h>
#include <string.h>

enum field_type {
    FIELD_MISSING,
    FIELD_UNSIGNED,
    FIELD_SIGNED,
    FIELD_REAL,
    FIELD_STRING,
    FIELD_ARRAY
};

struct place {
    uint16_t index; /* member of its structure */
    uint8_t type;   /* enum field_type */
};

struct decode_plan {
    const bt_event_class *class; /* owned reference: keeps the pointer unique */
    uint32_t name;
    uint8_t kind;
    uint8_t fields;
    struct place field[EVENT_MAX_FIELDS];
    struct place vpid; /* in the common context */
    struct place vtid;
};

static const struct {
    const char *name;   /* "provider:event" */
    const char *fields; /* the contract's, in order */
} contract[EVENT_KINDS] = {
#define ENTRY(provider, event, fields)                                                             \
    [EVENT_##provider##_##event] = {#provider ":" #event, fields},
    WHYPROF_EVENTS(ENTRY)
#undef ENTRY
};

void decoder_release(struct decoder *d)
{
    for (size_t i = 0; i < d->plan_count; i++)
        bt_event_class_put_ref(d->plans[i].class);
    free(d->plans);
    free(d->counts);
    free(d->seq);
    map64_release(&d->plan_of_class);
    intern_release(&d->names);
    *d = (struct decoder){0};
}

static enum field_type type_of(const bt_field_class *fc)
{
    bt_field_class_type type = bt_field_class_get_type(fc);
    if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_UNSIGNED_INTEGER))
        return FIELD_UNSIGNED;
    if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_SIGNED_INTEGER))
        return FIELD_SIGNED;
    if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_REAL))
        return FIELD_REAL;
    if (type == BT_FIELD_CLASS_TYPE_STRING)
        return FIELD_STRING;
    if (!bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_ARRAY))
        return FIELD_MISSING;
    enum field_type element = type_of(bt_field_class_array_borrow_element_field_class_const(fc));
    return element == FIELD_UNSIGNED || element == FIELD_SIGNED ? FIELD_ARRAY : FIELD_MISSING;
}

/* Where the member `name` (of len bytes) stands in a structure class, which may be NULL. */
static struct place find_place(const bt_field_class *structure, const char *name, size_t len)
{
    uint64_t count = structure ? bt_field_class_structure_get_member_count(structure) : 0;
    for (uint64_t i = 0; i < count; i++) {
        const bt_field_class_structure_member *member =
            bt_field_class_structure_borrow_member_by_index_const(structure, i);
        const char *its_name = bt_field_class_structure_member_get_name(member);
        if (strncmp(its_name, name, len) || its_name[len])
            continue;
        enum field_type type =
            type_of(bt_field_class_structure_member_borrow_field_class_const(member));
        return (struct place){(uint16_t)i, (uint8_t)type};
    }
    return (struct place){0, FIELD_MISSING};
}

enum event_kind decoder_kind(const char *name)
{
    for (int kind = 0; kind < EVENT_KINDS; kind++)
        if (!strcmp(name, contract[kind].name))
            return (enum event_kind)kind;
    return foreign_kind(name);
}

const char *decoder_fields(enum event_kind kind, const char *name)
{
    return kind < EVENT_KINDS ? contract[kind].fields : foreign_fields(kind, name);
}

static void plan_fields(struct decode_plan *plan, const bt_event_class *class)
{
    const bt_field_class *payload = bt_event_class_borrow_payload_field_class_const(class);
    const char *event = bt_event_class_get_name(class);
    const char *name = decoder_fields((enum event_kind)plan->kind, event ? event : "");
    while (*name) {
        size_t len = strcspn(name, " ");
        plan->field[plan->fields++] = find_place(payload, name, len);
        name += len + (name[len] == ' ');
    }
    const bt_field_class *context = bt_stream_class_borrow_event_common_context_field_class_const(
        bt_event_class_borrow_stream_class_const(class));
    plan->vpid = find_place(context, "vpid", 4);
    plan->vtid = find_place(context, "vtid", 4);
}

uint32_t decoder_name(struct decoder *d, const char *name)
{
    uint32_t names = d->names.count;
    uint32_t id = intern_str(&d->names, name);
    mem_grow(&d->counts, &d->counts_cap, (size_t)id + 1, sizeof *d->counts);
    if (d->names.count > names)
        d->counts[id] = 0;
    return id;
}

static size_t plan_new(struct decoder *d, const bt_event_class *class)
{
    const char *name = bt_event_class_get_name(class);
    struct decode_plan plan = {.class = class};
    bt_event_class_get_ref(class);
    plan.name = decoder_name(d, name ? name : "(unnamed)");
    plan.kind = (uint8_t)decoder_kind(name ? name : "");
    if (plan.kind != EVENT_FOREIGN)
        plan_fields(&plan, class);
    mem_grow(&d->plans, &d->plan_cap, d->plan_count + 1, sizeof *d->plans);
    d->plans[d->plan_count] = plan;
    return d->plan_count++;
}

static const struct decode_plan *plan_for(struct decoder *d, const bt_event_class *class)
{
    if (class != d->last_class) {
        bool added;
        uint64_t *index = map64_put(&d->plan_of_class, (uint64_t)(uintptr_t) class, &added);
        if (added)
            *index = plan_new(d, class);
        d->last_class = class;
        d->last_plan = *index;
    }
    return &d->plans[d->last_plan];
}

static uint64_t integer(const bt_field *field, enum field_type type)
{
    return type == FIELD_SIGNED ? (uint64_t)bt_field_integer_signed_get_value(field)
                                : bt_field_integer_unsigned_get_value(field);
}

static uint64_t real_bits(const bt_field *field)
{
    double d = bt_field_get_class_type(field) == BT_FIELD_CLASS_TYPE_SINGLE_PRECISION_REAL
                   ? (double)bt_field_real_single_precision_get_value(field)
                   : bt_field_real_double_precision_get_value(field);
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    return bits;
}

static void read_array(struct decoder *d, const bt_field *field, struct event *ev, int8_t f)
{
    uint64_t len = bt_field_array_get_length(field);
    if (len > UINT32_MAX)
        len = UINT32_MAX;
    mem_grow(&d->seq, &d->seq_cap, len + 1, sizeof *d->seq);
    bool is_signed = false;
    for (uint64_t i = 0; i < len; i++) {
        const bt_field *element = bt_field_array_borrow_element_field_by_index_const(field, i);
        if (i == 0)
            is_signed = bt_field_class_type_is(bt_field_get_class_type(element),
                                               BT_FIELD_CLASS_TYPE_SIGNED_INTEGER);
        d->seq[i] = integer(element, is_signed ? FIELD_SIGNED : FIELD_UNSIGNED);
    }
    ev->sequence = f;
    ev->seq_len = (uint32_t)len;
    ev->v[f] = (uint64_t)(uintptr_t)d->seq;
}

static void read_fields(struct decoder *d, const struct decode_plan *plan, const bt_field *payload,
                        struct event *ev)
{
    for (uint8_t f = 0; f < plan->fields; f++) {
        struct place place = plan->field[f];
        if (place.type == FIELD_MISSING)
            continue;
        const bt_field *field =
            bt_field_structure_borrow_member_field_by_index_const(payload, place.index);
        switch ((enum field_type)place.type) {
        case FIELD_REAL:
            ev->v[f] = real_bits(field);
            break;
        case FIELD_STRING:
            /* babeltrace2 2.0.4 leaves the text of the field's last use in an empty one. */
            ev->v[f] = (uint64_t)(uintptr_t)(bt_field_string_get_length(field)
                                                 ? bt_field_string_get_value(field)
                                                 : "");
            ev->strings = (uint8_t)(ev->strings | 1u << f);
            break;
        case FIELD_ARRAY:
            read_array(d, field, ev, (int8_t)f);
            break;
        default:
            ev->v[f] = integer(field, place.type);
        }
    }
}

static uint32_t context_id(const bt_field *context, struct place place)
{
    if (place.type != FIELD_SIGNED && place.type != FIELD_UNSIGNED)
        return 0;
    return (uint32_t)integer(
        bt_field_structure_borrow_member_field_by_index_const(context, place.index), place.type);
}

void decoder_event(struct decoder *d, const bt_message *msg, uint64_t ts, struct event *ev)
{
    const bt_event *event = bt_message_event_borrow_event_const(msg);
    const struct decode_plan *plan = plan_for(d, bt_event_borrow_class_const(event));
    d->counts[plan->name]++;
    *ev = (struct event){.ts = ts, .kind = plan->kind, .sequence = -1};
    if (plan->kind == EVENT_FOREIGN)
        return;
    const bt_field *context = bt_event_borrow_common_context_field_const(event);
    ev->vpid = context_id(context, plan->vpid);
    ev->vtid = context_id(context, plan->vtid);
    read_fields(d, plan, bt_event_borrow_payload_field_const(event), ev);
}
