/* From a metadata file to its blocks: trace, env, clock, stream, event. */
#include "convert/tsdl_parser.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Makes room for one more in an array that lives in the arena. */
static void grow(struct arena *arena, void *items_ptr, size_t *cap, size_t count, size_t size)
{
    if (count < *cap)
        return;
    size_t more = *cap ? *cap * 2 : 16;
    void *items, *grown = arena_array(arena, more, size);
    memcpy(&items, items_ptr, sizeof items);
    if (count)
        memcpy(grown, items, count * size);
    memcpy(items_ptr, &grown, sizeof grown);
    *cap = more;
}

/* -- blocks -- */

/* Tracers number event classes from 0. */
enum {
    MAX_EVENT_IDS = 1 << 16
};

static void parse_uuid(struct parser *ps, const char *text, uint8_t uuid[16])
{
    unsigned n = 0;
    for (const char *p = text; *p && n < 16; p++) {
        unsigned byte;
        if (*p == '-')
            continue;
        if (!isxdigit((unsigned char)p[0]) || !isxdigit((unsigned char)p[1]) ||
            sscanf(p, "%2x", &byte) != 1)
            break;
        uuid[n++] = (uint8_t)byte;
        p++;
    }
    if (n != 16)
        tsdl_fail(ps, "a uuid is wrong");
}

/* The packet header that every LTTng tracer writes; packets are read by it. */
static void check_packet_header(struct parser *ps, const struct type *t)
{
    static const char *const names[] = {"magic", "uuid", "stream_id", "stream_instance_id"};
    bool same = t->kind == STRUCT && t->member_count == 4;
    for (unsigned i = 0; same && i < 4; i++)
        same = !strcmp(t->members[i].name, names[i]);
    if (!same)
        tsdl_fail(ps, "a packet header other than LTTng's is not supported");
}

static void parse_trace(struct parser *ps)
{
    while (!ps->failed && !tsdl_is(ps, "}")) {
        const char *key = tsdl_words(ps);
        if (tsdl_accept(ps, ":=")) {
            const struct type *t = tsdl_type(ps);
            if (!ps->failed && !strcmp(key, "packet.header"))
                check_packet_header(ps, t);
        } else {
            tsdl_expect(ps, "=");
            const char *value = tsdl_words(ps);
            if (!strcmp(key, "uuid"))
                parse_uuid(ps, value, ps->out->uuid);
            else if (!strcmp(key, "byte_order") && strcmp(value, "le"))
                tsdl_fail(ps, "byte order is not supported");
        }
        tsdl_expect(ps, ";");
    }
}

static void parse_env(struct parser *ps)
{
    struct tsdl *out = ps->out;
    while (!ps->failed && !tsdl_is(ps, "}")) {
        grow(ps->arena, &out->env, &ps->env_cap, out->env_count, sizeof *out->env);
        struct tsdl_env *e = &out->env[out->env_count];
        e->key = tsdl_words(ps);
        tsdl_expect(ps, "=");
        if (ps->token_kind == TEXT)
            e->text = tsdl_words(ps);
        else
            e->number = tsdl_number(ps);
        tsdl_expect(ps, ";");
        out->env_count++;
    }
}

static void parse_clock(struct parser *ps)
{
    struct tsdl *out = ps->out;
    out->clock_hz = 1000000000;
    while (!ps->failed && !tsdl_is(ps, "}")) {
        const char *key = tsdl_words(ps);
        tsdl_expect(ps, "=");
        if (!strcmp(key, "freq"))
            out->clock_hz = (uint64_t)tsdl_number(ps);
        else if (!strcmp(key, "offset"))
            out->clock_offset = tsdl_number(ps);
        else if (!strcmp(key, "offset_s"))
            out->clock_offset_s = tsdl_number(ps);
        else if (!strcmp(key, "uuid"))
            parse_uuid(ps, tsdl_words(ps), out->clock_uuid);
        else if (!strcmp(key, "name"))
            out->clock_name = tsdl_words(ps);
        else if (!strcmp(key, "description"))
            out->clock_description = tsdl_words(ps);
        else if (!strcmp(key, "absolute"))
            out->clock_absolute = tsdl_yes(tsdl_words(ps));
        else
            tsdl_words(ps);
        tsdl_expect(ps, ";");
    }
    int64_t hz = (int64_t)out->clock_hz;
    if (hz <= 0) {
        tsdl_fail(ps, "a clock of 0 Hz is not supported");
        return;
    }
    /* babeltrace2 wants the cycles to be less than a second's */
    int64_t cycles = out->clock_offset % hz;
    out->clock_offset_s += out->clock_offset / hz - (cycles < 0);
    out->clock_offset = cycles + (cycles < 0 ? hz : 0);
}

/* compact: 5 bits of id, 27 of time; large: 16 and 32. Escapes follow either. */
static bool header_is_large(struct parser *ps, const struct type *t)
{
    bool variant = t->kind == STRUCT && t->member_count == 2 && t->members[1].type->kind == VARIANT;
    unsigned size = variant ? t->members[0].type->size : 0;
    if (size != 5 && size != 16)
        tsdl_fail(ps, "an event header other than LTTng's is not supported");
    return size == 16;
}

static void parse_stream(struct parser *ps)
{
    struct tsdl *out = ps->out;
    grow(ps->arena, &out->streams, &ps->stream_cap, out->stream_count, sizeof *out->streams);
    struct tsdl_stream *s = &out->streams[out->stream_count++];
    bool has_header = false;
    while (!ps->failed && !tsdl_is(ps, "}")) {
        const char *key = tsdl_words(ps);
        if (tsdl_accept(ps, "=")) {
            uint64_t value = (uint64_t)tsdl_number(ps);
            if (!strcmp(key, "id"))
                s->id = value;
        } else if (tsdl_expect(ps, ":=")) {
            const struct type *t = tsdl_type(ps);
            if (!strcmp(key, "event.header"))
                s->large_header = header_is_large(ps, t), has_header = true;
            else if (!strcmp(key, "packet.context"))
                s->packet = tsdl_flatten(ps, t);
            else if (!strcmp(key, "event.context"))
                s->context = tsdl_flatten(ps, t);
        }
        tsdl_expect(ps, ";");
    }
    if (!has_header)
        tsdl_fail(ps, "a stream without event header is not supported");
}

static void parse_event(struct parser *ps)
{
    struct tsdl *out = ps->out;
    grow(ps->arena, &out->events, &ps->event_cap, out->event_count, sizeof *out->events);
    struct tsdl_event *e = &out->events[out->event_count++];
    e->name = "";
    while (!ps->failed && !tsdl_is(ps, "}")) {
        const char *key = tsdl_words(ps);
        if (tsdl_accept(ps, ":=")) {
            const struct type *t = tsdl_type(ps);
            if (!strcmp(key, "fields"))
                e->payload = tsdl_flatten(ps, t);
            else if (!strcmp(key, "context"))
                e->common = tsdl_flatten(ps, t);
        } else {
            tsdl_expect(ps, "=");
            if (!strcmp(key, "id"))
                e->id = (uint64_t)tsdl_number(ps);
            else if (!strcmp(key, "stream_id"))
                e->stream_id = (uint64_t)tsdl_number(ps);
            else if (!strcmp(key, "name"))
                e->name = tsdl_words(ps);
            else
                tsdl_words(ps);
        }
        tsdl_expect(ps, ";");
    }
}

static void skip_block(struct parser *ps)
{
    for (unsigned open = 1; open && !ps->failed && ps->token_kind != END; tsdl_next(ps))
        open += tsdl_is(ps, "{") ? 1u : tsdl_is(ps, "}") ? -1u : 0u;
}

static void parse_block(struct parser *ps)
{
    static const struct {
        const char *name;
        void (*parse)(struct parser *ps);
    } blocks[] = {{"trace", parse_trace},
                  {"env", parse_env},
                  {"clock", parse_clock},
                  {"stream", parse_stream},
                  {"event", parse_event}};
    if (tsdl_accept(ps, "typealias")) {
        const struct type *t = tsdl_type(ps);
        tsdl_expect(ps, ":=");
        tsdl_name_type(ps, tsdl_words(ps), t);
    } else if (tsdl_is(ps, "struct") || tsdl_is(ps, "enum")) {
        tsdl_type(ps);
    } else {
        char name[32];
        snprintf(name, sizeof name, "%.31s", ps->token);
        tsdl_next(ps);
        tsdl_expect(ps, "{");
        size_t i = 0, count = sizeof blocks / sizeof *blocks;
        while (i < count && strcmp(name, blocks[i].name))
            i++;
        if (i < count) {
            blocks[i].parse(ps);
            tsdl_expect(ps, "}");
        } else {
            skip_block(ps);
        }
    }
    tsdl_expect(ps, ";");
}

/* -- what babeltrace2 would abort on -- */

static bool unique_names(struct parser *ps, const struct tsdl_fields *fields)
{
    for (uint32_t i = 0; i < fields->count; i++)
        for (uint32_t k = 0; k < i; k++)
            if (!strcmp(fields->fields[i].name, fields->fields[k].name))
                return tsdl_fail(ps, "two fields of one name");
    return true;
}

/* Fills s->event_of_id; false where an id stands twice. */
static bool index_events(struct parser *ps, struct tsdl_stream *s)
{
    const struct tsdl *out = ps->out;
    for (uint32_t i = 0; i < out->event_count; i++)
        if (out->events[i].stream_id == s->id && out->events[i].id >= s->ids)
            s->ids = (uint32_t)out->events[i].id + 1;
    s->event_of_id = arena_array(ps->arena, s->ids, sizeof *s->event_of_id);
    memset(s->event_of_id, 0xff, s->ids * sizeof *s->event_of_id);
    for (uint32_t i = 0; i < out->event_count; i++) {
        const struct tsdl_event *e = &out->events[i];
        if (e->stream_id != s->id)
            continue;
        if (s->event_of_id[e->id] != UINT32_MAX)
            return tsdl_fail(ps, "an event id that stands twice");
        s->event_of_id[e->id] = i;
    }
    return true;
}

static bool check_ids(struct parser *ps)
{
    struct tsdl *out = ps->out;
    for (uint32_t i = 0; i < out->event_count; i++) {
        const struct tsdl_event *e = &out->events[i];
        if (e->id >= MAX_EVENT_IDS || e->stream_id > UINT32_MAX)
            return tsdl_fail(ps, "an event id that large is not supported");
        if (!unique_names(ps, &e->payload) || !unique_names(ps, &e->common))
            return false;
    }
    for (uint32_t i = 0; i < out->stream_count; i++) {
        for (uint32_t k = 0; k < i; k++)
            if (out->streams[i].id == out->streams[k].id)
                return tsdl_fail(ps, "two streams of one id");
        if (!unique_names(ps, &out->streams[i].context) || !index_events(ps, &out->streams[i]))
            return false;
    }
    return true;
}

/* -- the file -- */

enum {
    PACKET_HEADER_BYTES = 37
};
#define PACKET_MAGIC 0x75d11d57u

static uint32_t word_at(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* The text of a packetised metadata file: the packets' contents in a row. */
static const char *join_packets(struct arena *arena, const uint8_t *data, size_t bytes, size_t *len,
                                struct err *err)
{
    char *text = arena_alloc(arena, bytes + 1);
    size_t off = 0;
    *len = 0;
    while (bytes - off >= PACKET_HEADER_BYTES) {
        size_t content = word_at(data + off + 24) / 8, packet = word_at(data + off + 28) / 8;
        if (word_at(data + off) != PACKET_MAGIC || content < PACKET_HEADER_BYTES ||
            packet < content) {
            err_set(err, "metadata offset %zu: no packet header", off);
            return NULL;
        }
        if (packet > bytes - off) /* its writer was killed */
            break;
        memcpy(text + *len, data + off + PACKET_HEADER_BYTES, content - PACKET_HEADER_BYTES);
        *len += content - PACKET_HEADER_BYTES;
        off += packet;
    }
    return text;
}

const char *tsdl_text(struct arena *arena, const void *data, size_t bytes, size_t *len,
                      struct err *err)
{
    *len = bytes;
    return bytes >= 4 && word_at(data) == PACKET_MAGIC ? join_packets(arena, data, bytes, len, err)
                                                       : data;
}

bool tsdl_parse(struct tsdl *out, struct arena *arena, const void *data, size_t bytes,
                struct err *err)
{
    *out = (struct tsdl){0};
    size_t len;
    const char *text = tsdl_text(arena, data, bytes, &len, err);
    if (!text)
        return false;
    struct parser *ps = arena_alloc(arena, sizeof *ps);
    *ps = (struct parser){
        .arena = arena, .p = text, .end = text + len, .line = 1, .err = err, .out = out};
    tsdl_next(ps);
    if (ps->token_kind == END)
        return err_set(err, "metadata is empty");
    while (!ps->failed && ps->token_kind != END)
        parse_block(ps);
    if (!ps->failed && !out->clock_hz)
        tsdl_fail(ps, "a trace without a clock is not supported");
    return !ps->failed && check_ids(ps);
}
