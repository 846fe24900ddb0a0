#include "convert/tsdl.h"

#include "base/map.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A type as the language describes it, before it is flattened. */
enum kind {
    INTEGER,
    FLOATING,
    STRING,
    STRUCT,
    VARIANT
};

struct type;
struct member {
    const char *name;
    const struct type *type;
    bool is_array;
    uint64_t count;     /* array: its length, where ... */
    const char *length; /* ... this is NULL; else the field that has it */
};
struct type {
    enum kind kind;
    unsigned size, align; /* bits */
    bool is_signed, hex, text, is_enum;
    struct member *members;
    uint32_t member_count;
};

struct named_type {
    const char *name;
    const struct type *type;
};

enum {
    MAX_TYPES = 256,
    MAX_MEMBERS = 256,
    MAX_DEPTH = 16
};

struct parser {
    struct arena *arena;
    const char *p, *end;
    unsigned line;
    struct err *err;
    bool failed;
    char token[1024]; /* the current one; strings without their quotes */
    enum {
        END,
        WORD,
        TEXT,
        MARK
    } token_kind;
    struct named_type types[MAX_TYPES]; /* typealias and struct names */
    unsigned type_count;
    unsigned depth;
    struct tsdl *out;
    size_t stream_cap, event_cap, env_cap;
};

static bool fail(struct parser *ps, const char *what)
{
    if (!ps->failed)
        err_set(ps->err, "metadata line %u: %s near '%s'", ps->line, what, ps->token);
    ps->failed = true;
    return false;
}

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

/* -- tokens -- */

static void skip_space(struct parser *ps)
{
    while (ps->p < ps->end) {
        if (*ps->p == '\n')
            ps->line++;
        if (isspace((unsigned char)*ps->p)) {
            ps->p++;
        } else if (ps->end - ps->p > 1 && ps->p[0] == '/' && ps->p[1] == '*') {
            for (ps->p += 2; ps->p < ps->end && !(ps->p[-1] == '*' && ps->p[0] == '/'); ps->p++)
                ps->line += *ps->p == '\n';
            if (ps->p < ps->end)
                ps->p++;
        } else {
            return;
        }
    }
}

static bool word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '.';
}

static void next_string(struct parser *ps)
{
    size_t n = 0;
    ps->token_kind = TEXT;
    for (ps->p++; ps->p < ps->end && *ps->p != '"'; ps->p++) {
        char c = *ps->p;
        if (c == '\\' && ps->p + 1 < ps->end) {
            c = *++ps->p;
            c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
        }
        if (n + 1 < sizeof ps->token)
            ps->token[n++] = c;
    }
    ps->token[n] = '\0';
    if (ps->p == ps->end)
        fail(ps, "a string without end");
    else
        ps->p++;
}

static void next(struct parser *ps)
{
    skip_space(ps);
    size_t n = 0;
    if (ps->p == ps->end) {
        ps->token_kind = END;
    } else if (*ps->p == '"') {
        next_string(ps);
        return;
    } else if (word_char(*ps->p)) {
        ps->token_kind = WORD;
        for (; ps->p < ps->end && word_char(*ps->p); ps->p++)
            if (n + 1 < sizeof ps->token)
                ps->token[n++] = *ps->p;
    } else {
        ps->token_kind = MARK;
        ps->token[n++] = *ps->p++;
        if (ps->token[0] == ':' && ps->p < ps->end && *ps->p == '=')
            ps->token[n++] = *ps->p++;
    }
    ps->token[n] = '\0';
}

static bool is(const struct parser *ps, const char *text)
{
    return ps->token_kind != TEXT && !strcmp(ps->token, text);
}

static bool accept(struct parser *ps, const char *text)
{
    if (!is(ps, text))
        return false;
    next(ps);
    return true;
}

static bool expect(struct parser *ps, const char *text)
{
    if (ps->failed)
        return false;
    if (accept(ps, text))
        return true;
    char what[64];
    snprintf(what, sizeof what, "'%s' is missing", text);
    return fail(ps, what);
}

/* Text up to a mark, words joined by a blank: "unsigned long", "clock.monotonic.value". */
static const char *words(struct parser *ps)
{
    char *text = arena_strdup(ps->arena, "");
    while (!ps->failed && (ps->token_kind == WORD || ps->token_kind == TEXT)) {
        text = *text ? arena_printf(ps->arena, "%s %s", text, ps->token)
                     : arena_strdup(ps->arena, ps->token);
        next(ps);
    }
    return text;
}

static int64_t number(struct parser *ps)
{
    bool negative = accept(ps, "-");
    char *end;
    uint64_t v = strtoull(ps->token, &end, 0);
    if (ps->token_kind != WORD || *end)
        fail(ps, "a number is missing");
    next(ps);
    return negative ? -(int64_t)v : (int64_t)v;
}

/* -- types -- */

static const struct type *find_type(const struct parser *ps, const char *name)
{
    for (unsigned i = ps->type_count; i-- > 0;)
        if (!strcmp(ps->types[i].name, name))
            return ps->types[i].type;
    return NULL;
}

static void name_type(struct parser *ps, const char *name, const struct type *type)
{
    if (ps->type_count == MAX_TYPES)
        fail(ps, "too many types");
    else
        ps->types[ps->type_count++] = (struct named_type){name, type};
}

static bool says_yes(const char *value)
{
    return !strcmp(value, "1") || !strcmp(value, "true") || !strcmp(value, "TRUE");
}

/* { key = value; ... } of integer, floating_point and string. */
static void parse_attributes(struct parser *ps, struct type *t)
{
    unsigned exponent = 0, mantissa = 0;
    while (!ps->failed && !is(ps, "}")) {
        const char *key = words(ps);
        expect(ps, "=");
        const char *value = words(ps);
        expect(ps, ";");
        if (!strcmp(key, "size"))
            t->size = (unsigned)atoi(value);
        else if (!strcmp(key, "align"))
            t->align = (unsigned)atoi(value);
        else if (!strcmp(key, "signed"))
            t->is_signed = says_yes(value);
        else if (!strcmp(key, "base"))
            t->hex = !strcmp(value, "16") || !strcmp(value, "x") || !strcmp(value, "hex");
        else if (!strcmp(key, "encoding"))
            t->text = strcmp(value, "none") != 0;
        else if (!strcmp(key, "byte_order") && strcmp(value, "le") && strcmp(value, "native"))
            fail(ps, "byte order is not supported");
        else if (!strcmp(key, "exp_dig"))
            exponent = (unsigned)atoi(value);
        else if (!strcmp(key, "mant_dig"))
            mantissa = (unsigned)atoi(value);
    }
    if (t->kind == FLOATING)
        t->size = exponent + mantissa;
    expect(ps, "}");
}

static const struct type *parse_type(struct parser *ps);

/* declarations up to '}': "type name;", "type name[len];" */
static void parse_members(struct parser *ps, struct type *t)
{
    struct member members[MAX_MEMBERS];
    uint32_t n = 0;
    while (!ps->failed && !is(ps, "}") && ps->token_kind != END) {
        if (n == MAX_MEMBERS) {
            fail(ps, "too many fields");
            break;
        }
        struct member *m = &members[n++];
        *m = (struct member){.type = parse_type(ps)};
        m->name = arena_strdup(ps->arena, ps->token);
        if (ps->token_kind != WORD)
            fail(ps, "a field's name is missing");
        next(ps);
        if (accept(ps, "[")) {
            m->is_array = true;
            if (isdigit((unsigned char)ps->token[0])) {
                m->count = (uint64_t)number(ps);
            } else {
                m->length = arena_strdup(ps->arena, ps->token);
                next(ps);
            }
            expect(ps, "]");
            if (is(ps, "["))
                fail(ps, "array of arrays is not supported");
        }
        expect(ps, ";");
    }
    t->members = arena_memdup(ps->arena, members, n * sizeof *members);
    t->member_count = n;
    expect(ps, "}");
}

static struct type *type_new(struct parser *ps, enum kind kind)
{
    struct type *t = arena_alloc(ps->arena, sizeof *t);
    t->kind = kind;
    t->align = kind == INTEGER || kind == FLOATING ? 1 : 8;
    return t;
}

/* struct [name] [{ ... }] [align(n)] */
static const struct type *parse_struct(struct parser *ps)
{
    const char *name = NULL;
    if (ps->token_kind == WORD) {
        name = arena_printf(ps->arena, "struct %s", ps->token);
        next(ps);
    }
    if (!accept(ps, "{")) {
        const struct type *known = name ? find_type(ps, name) : NULL;
        if (!known)
            fail(ps, "struct is not known");
        return known;
    }
    struct type *t = type_new(ps, STRUCT);
    parse_members(ps, t);
    if (accept(ps, "align")) {
        expect(ps, "(");
        t->align = (unsigned)number(ps);
        expect(ps, ")");
    }
    if (name)
        name_type(ps, name, t);
    return t;
}

/* enum [name] : type { ... }; the labels are not kept. */
static const struct type *parse_enum(struct parser *ps)
{
    if (!is(ps, ":") && !is(ps, "{"))
        next(ps);
    const struct type *base = NULL;
    if (accept(ps, ":"))
        base = parse_type(ps);
    if (!base || base->kind != INTEGER) {
        fail(ps, "enum without an integer type is not supported");
        return NULL;
    }
    expect(ps, "{");
    while (!ps->failed && !is(ps, "}") && ps->token_kind != END)
        next(ps);
    expect(ps, "}");
    struct type *t = type_new(ps, INTEGER);
    *t = *base;
    t->is_enum = true;
    return t;
}

/* variant <tag> { ... }: known only so that LTTng's event headers can be read over. */
static const struct type *parse_variant(struct parser *ps)
{
    if (accept(ps, "<")) {
        next(ps);
        expect(ps, ">");
    }
    struct type *t = type_new(ps, VARIANT);
    expect(ps, "{");
    parse_members(ps, t);
    return t;
}

static const struct type *parse_named(struct parser *ps)
{
    char name[256] = "";
    size_t len = 0;
    /* type names of several words end before the word that names the field */
    while (ps->token_kind == WORD && len + strlen(ps->token) + 2 < sizeof name) {
        len += (size_t)snprintf(name + len, sizeof name - len, "%s%s", len ? " " : "", ps->token);
        next(ps);
        const struct type *t = find_type(ps, name);
        if (t)
            return t;
    }
    fail(ps, "type is not known");
    return NULL;
}

static const struct type *parse_basic(struct parser *ps, enum kind kind)
{
    struct type *t = type_new(ps, kind);
    next(ps);
    if (accept(ps, "{"))
        parse_attributes(ps, t);
    return t;
}

/* Never NULL: after a failure the type is an empty one, which nobody uses. */
static const struct type *parse_type(struct parser *ps)
{
    static const struct type nothing = {.kind = STRING, .align = 8};
    const struct type *t = NULL;
    if (ps->depth == MAX_DEPTH)
        fail(ps, "types nest too deep");
    if (ps->failed)
        return &nothing;
    ps->depth++;
    if (is(ps, "integer"))
        t = parse_basic(ps, INTEGER);
    else if (is(ps, "floating_point"))
        t = parse_basic(ps, FLOATING);
    else if (is(ps, "string"))
        t = parse_basic(ps, STRING);
    else if (accept(ps, "struct"))
        t = parse_struct(ps);
    else if (accept(ps, "enum"))
        t = parse_enum(ps);
    else if (accept(ps, "variant"))
        t = parse_variant(ps);
    else
        t = parse_named(ps);
    ps->depth--;
    return t ? t : &nothing;
}

/* -- flat fields -- */

static bool whole_bytes(const struct type *t)
{
    return t->align <= 8 && (t->size == 8 || t->size == 16 || t->size == 32 || t->size == 64);
}

static bool flatten_one(struct parser *ps, const struct member *m, struct tsdl_fields *fields,
                        struct tsdl_field *out)
{
    const struct type *t = m->type;
    out->name = m->name + (m->name[0] == '_');
    out->hex = t->hex;
    out->is_enum = t->is_enum;
    if (t->kind == STRING && !m->is_array) {
        out->read = TSDL_STRING;
        return true;
    }
    if ((t->kind != INTEGER && t->kind != FLOATING) || !whole_bytes(t))
        return fail(ps, "a field that is not made of whole bytes is not supported");
    out->bytes = (uint8_t)(t->size / 8);
    if (t->kind == FLOATING) {
        out->read = TSDL_FLOAT;
        return !m->is_array || fail(ps, "an array of floats is not supported");
    }
    out->read = t->is_signed ? TSDL_SIGNED : TSDL_UNSIGNED;
    if (!m->is_array)
        return true;
    out->element_signed = t->is_signed;
    out->text = t->text && t->size == 8;
    out->read = m->length ? TSDL_SEQUENCE : TSDL_ARRAY;
    out->count = m->count;
    if (!m->length)
        return true;
    for (out->length = 0; out->length < fields->count; out->length++) {
        const struct tsdl_field *f = &fields->fields[out->length];
        if (!strcmp(f->name, m->length + (m->length[0] == '_')) && f->read == TSDL_UNSIGNED)
            return true;
    }
    return fail(ps, "a sequence without its length is not supported");
}

static struct tsdl_fields flatten(struct parser *ps, const struct type *t)
{
    struct tsdl_fields fields = {0};
    if (t->kind != STRUCT) {
        fail(ps, "fields that are not a struct are not supported");
        return fields;
    }
    fields.fields = arena_array(ps->arena, t->member_count, sizeof *fields.fields);
    for (uint32_t i = 0; i < t->member_count && !ps->failed; i++) {
        flatten_one(ps, &t->members[i], &fields, &fields.fields[i]);
        fields.count = i + 1;
    }
    return fields;
}

/* -- blocks -- */

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
        fail(ps, "a uuid is wrong");
}

/* The packet header that every LTTng tracer writes; packets are read by it. */
static void check_packet_header(struct parser *ps, const struct type *t)
{
    static const char *const names[] = {"magic", "uuid", "stream_id", "stream_instance_id"};
    bool same = t->kind == STRUCT && t->member_count == 4;
    for (unsigned i = 0; same && i < 4; i++)
        same = !strcmp(t->members[i].name, names[i]);
    if (!same)
        fail(ps, "a packet header other than LTTng's is not supported");
}

static void parse_trace(struct parser *ps)
{
    while (!ps->failed && !is(ps, "}")) {
        const char *key = words(ps);
        if (accept(ps, ":=")) {
            const struct type *t = parse_type(ps);
            if (!ps->failed && !strcmp(key, "packet.header"))
                check_packet_header(ps, t);
        } else {
            expect(ps, "=");
            const char *value = words(ps);
            if (!strcmp(key, "uuid"))
                parse_uuid(ps, value, ps->out->uuid);
            else if (!strcmp(key, "byte_order") && strcmp(value, "le"))
                fail(ps, "byte order is not supported");
        }
        expect(ps, ";");
    }
}

static void parse_env(struct parser *ps)
{
    struct tsdl *out = ps->out;
    while (!ps->failed && !is(ps, "}")) {
        grow(ps->arena, &out->env, &ps->env_cap, out->env_count, sizeof *out->env);
        struct tsdl_env *e = &out->env[out->env_count];
        e->key = words(ps);
        expect(ps, "=");
        if (ps->token_kind == TEXT)
            e->text = words(ps);
        else
            e->number = number(ps);
        expect(ps, ";");
        out->env_count++;
    }
}

static void parse_clock(struct parser *ps)
{
    struct tsdl *out = ps->out;
    out->clock_hz = 1000000000;
    while (!ps->failed && !is(ps, "}")) {
        const char *key = words(ps);
        expect(ps, "=");
        if (!strcmp(key, "freq"))
            out->clock_hz = (uint64_t)number(ps);
        else if (!strcmp(key, "offset"))
            out->clock_offset = number(ps);
        else if (!strcmp(key, "offset_s"))
            out->clock_offset_s = number(ps);
        else if (!strcmp(key, "uuid"))
            parse_uuid(ps, words(ps), out->clock_uuid);
        else if (!strcmp(key, "name"))
            out->clock_name = words(ps);
        else if (!strcmp(key, "description"))
            out->clock_description = words(ps);
        else if (!strcmp(key, "absolute"))
            out->clock_absolute = says_yes(words(ps));
        else
            words(ps);
        expect(ps, ";");
    }
    if (!out->clock_hz)
        fail(ps, "a clock of 0 Hz is not supported");
}

/* compact: 5 bits of id, 27 of time; large: 16 and 32. Escapes follow either. */
static bool header_is_large(struct parser *ps, const struct type *t)
{
    unsigned size = t->kind == STRUCT && t->member_count == 2 ? t->members[0].type->size : 0;
    if (size != 5 && size != 16)
        fail(ps, "an event header other than LTTng's is not supported");
    return size == 16;
}

static void parse_stream(struct parser *ps)
{
    struct tsdl *out = ps->out;
    grow(ps->arena, &out->streams, &ps->stream_cap, out->stream_count, sizeof *out->streams);
    struct tsdl_stream *s = &out->streams[out->stream_count++];
    bool has_header = false;
    while (!ps->failed && !is(ps, "}")) {
        const char *key = words(ps);
        if (accept(ps, "=")) {
            uint64_t value = (uint64_t)number(ps);
            if (!strcmp(key, "id"))
                s->id = value;
        } else if (expect(ps, ":=")) {
            const struct type *t = parse_type(ps);
            if (!strcmp(key, "event.header"))
                s->large_header = header_is_large(ps, t), has_header = true;
            else if (!strcmp(key, "packet.context"))
                s->packet = flatten(ps, t);
            else if (!strcmp(key, "event.context"))
                s->context = flatten(ps, t);
        }
        expect(ps, ";");
    }
    if (!has_header)
        fail(ps, "a stream without event header is not supported");
}

static void parse_event(struct parser *ps)
{
    struct tsdl *out = ps->out;
    grow(ps->arena, &out->events, &ps->event_cap, out->event_count, sizeof *out->events);
    struct tsdl_event *e = &out->events[out->event_count++];
    e->name = "";
    while (!ps->failed && !is(ps, "}")) {
        const char *key = words(ps);
        if (accept(ps, ":=")) {
            const struct type *t = parse_type(ps);
            if (!strcmp(key, "fields"))
                e->payload = flatten(ps, t);
            else if (!strcmp(key, "context"))
                e->common = flatten(ps, t);
        } else {
            expect(ps, "=");
            if (!strcmp(key, "id"))
                e->id = (uint64_t)number(ps);
            else if (!strcmp(key, "stream_id"))
                e->stream_id = (uint64_t)number(ps);
            else if (!strcmp(key, "name"))
                e->name = words(ps);
            else
                words(ps);
        }
        expect(ps, ";");
    }
}

static void skip_block(struct parser *ps)
{
    for (unsigned open = 1; open && !ps->failed && ps->token_kind != END; next(ps))
        open += is(ps, "{") ? 1u : is(ps, "}") ? -1u : 0u;
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
    if (accept(ps, "typealias")) {
        const struct type *t = parse_type(ps);
        expect(ps, ":=");
        name_type(ps, words(ps), t);
    } else if (is(ps, "struct") || is(ps, "enum")) {
        parse_type(ps);
    } else {
        char name[32];
        snprintf(name, sizeof name, "%.31s", ps->token);
        next(ps);
        expect(ps, "{");
        size_t i = 0, count = sizeof blocks / sizeof *blocks;
        while (i < count && strcmp(name, blocks[i].name))
            i++;
        if (i < count) {
            blocks[i].parse(ps);
            expect(ps, "}");
        } else {
            skip_block(ps);
        }
    }
    expect(ps, ";");
}

/* -- what babeltrace2 would abort on -- */

static bool unique_names(struct parser *ps, const struct tsdl_fields *fields)
{
    for (uint32_t i = 0; i < fields->count; i++)
        for (uint32_t k = 0; k < i; k++)
            if (!strcmp(fields->fields[i].name, fields->fields[k].name))
                return fail(ps, "two fields of one name");
    return true;
}

static bool unique_ids(struct parser *ps)
{
    struct tsdl *out = ps->out;
    for (uint32_t i = 0; i < out->stream_count; i++)
        for (uint32_t k = 0; k < i; k++)
            if (out->streams[i].id == out->streams[k].id)
                return fail(ps, "two streams of one id");
    struct map64 seen = {0};
    bool ok = true;
    for (uint32_t i = 0; ok && i < out->event_count; i++) {
        const struct tsdl_event *e = &out->events[i];
        bool added = false;
        if (e->id <= UINT32_MAX && e->stream_id <= UINT32_MAX)
            map64_put(&seen, e->stream_id << 32 | e->id, &added);
        ok = (added || fail(ps, "an event id that is wrong or stands twice")) &&
             unique_names(ps, &e->payload) && unique_names(ps, &e->common);
    }
    for (uint32_t i = 0; ok && i < out->stream_count; i++)
        ok = unique_names(ps, &out->streams[i].context);
    map64_release(&seen);
    return ok;
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

bool tsdl_parse(struct tsdl *out, struct arena *arena, const void *data, size_t bytes,
                struct err *err)
{
    *out = (struct tsdl){0};
    const char *text = data;
    size_t len = bytes;
    if (bytes >= 4 && word_at(data) == PACKET_MAGIC)
        text = join_packets(arena, data, bytes, &len, err);
    if (!text)
        return false;
    struct parser *ps = arena_alloc(arena, sizeof *ps);
    *ps = (struct parser){
        .arena = arena, .p = text, .end = text + len, .line = 1, .err = err, .out = out};
    next(ps);
    if (ps->token_kind == END)
        return err_set(err, "metadata is empty");
    while (!ps->failed && ps->token_kind != END)
        parse_block(ps);
    return !ps->failed && unique_ids(ps);
}
