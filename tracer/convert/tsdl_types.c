/* From the words of a type to flat fields. */
#include "convert/tsdl_parser.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_ARRAY = 1 << 20,
    MAX_DEPTH = 16
};

static const struct type *find_type(const struct parser *ps, const char *name)
{
    for (unsigned i = ps->type_count; i-- > 0;)
        if (!strcmp(ps->types[i].name, name))
            return ps->types[i].type;
    return NULL;
}

void tsdl_name_type(struct parser *ps, const char *name, const struct type *type)
{
    if (ps->type_count == MAX_TYPES)
        tsdl_fail(ps, "too many types");
    else
        ps->types[ps->type_count++] = (struct named_type){name, type};
}

/* { key = value; ... } of integer, floating_point and string. */
static void parse_attributes(struct parser *ps, struct type *t)
{
    unsigned exponent = 0, mantissa = 0;
    while (!ps->failed && !tsdl_is(ps, "}")) {
        const char *key = tsdl_words(ps);
        tsdl_expect(ps, "=");
        const char *value = tsdl_words(ps);
        tsdl_expect(ps, ";");
        if (!strcmp(key, "size"))
            t->size = (unsigned)atoi(value);
        else if (!strcmp(key, "align"))
            t->align = (unsigned)atoi(value);
        else if (!strcmp(key, "signed"))
            t->is_signed = tsdl_yes(value);
        else if (!strcmp(key, "base"))
            t->hex = !strcmp(value, "16") || !strcmp(value, "x") || !strcmp(value, "hex");
        else if (!strcmp(key, "encoding"))
            t->text = strcmp(value, "none") != 0;
        else if (!strcmp(key, "byte_order") && strcmp(value, "le") && strcmp(value, "native"))
            tsdl_fail(ps, "byte order is not supported");
        else if (!strcmp(key, "exp_dig"))
            exponent = (unsigned)atoi(value);
        else if (!strcmp(key, "mant_dig"))
            mantissa = (unsigned)atoi(value);
    }
    if (t->kind == FLOATING)
        t->size = exponent + mantissa;
    tsdl_expect(ps, "}");
}

/* declarations up to '}': "type name;", "type name[len];" */
static void parse_members(struct parser *ps, struct type *t)
{
    struct member members[TSDL_MAX_FIELDS];
    uint32_t n = 0;
    while (!ps->failed && !tsdl_is(ps, "}") && ps->token_kind != END) {
        if (n == TSDL_MAX_FIELDS) {
            tsdl_fail(ps, "too many fields");
            break;
        }
        struct member *m = &members[n++];
        *m = (struct member){.type = tsdl_type(ps)};
        m->name = arena_strdup(ps->arena, ps->token);
        if (ps->token_kind != WORD)
            tsdl_fail(ps, "a field's name is missing");
        tsdl_next(ps);
        if (tsdl_accept(ps, "[")) {
            m->is_array = true;
            if (isdigit((unsigned char)ps->token[0])) {
                m->count = (uint64_t)tsdl_number(ps);
            } else {
                m->length = arena_strdup(ps->arena, ps->token);
                tsdl_next(ps);
            }
            tsdl_expect(ps, "]");
            if (tsdl_is(ps, "["))
                tsdl_fail(ps, "array of arrays is not supported");
        }
        tsdl_expect(ps, ";");
    }
    t->members = arena_memdup(ps->arena, members, n * sizeof *members);
    t->member_count = n;
    tsdl_expect(ps, "}");
}

static struct type *type_new(struct parser *ps, enum tsdl_kind kind)
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
        tsdl_next(ps);
    }
    if (!tsdl_accept(ps, "{")) {
        const struct type *known = name ? find_type(ps, name) : NULL;
        if (!known)
            tsdl_fail(ps, "struct is not known");
        return known;
    }
    struct type *t = type_new(ps, STRUCT);
    parse_members(ps, t);
    if (tsdl_accept(ps, "align")) {
        tsdl_expect(ps, "(");
        t->align = (unsigned)tsdl_number(ps);
        tsdl_expect(ps, ")");
    }
    if (name)
        tsdl_name_type(ps, name, t);
    return t;
}

/* "label", or "label = first", or "label = first ... last"; without a number the one after
 * the label before. */
static void parse_label(struct parser *ps, struct type *t, size_t *cap)
{
    struct tsdl_label label = {.text = arena_strdup(ps->arena, ps->token)};
    const struct tsdl_label *before = t->label_count ? &t->labels[t->label_count - 1] : NULL;
    tsdl_next(ps);
    label.first = label.last = before ? before->last + 1 : 0;
    if (tsdl_accept(ps, "=")) {
        label.first = label.last = (uint64_t)tsdl_number(ps);
        if (tsdl_accept(ps, "..."))
            label.last = (uint64_t)tsdl_number(ps);
    }
    if (t->label_count == *cap) {
        struct tsdl_label *more = arena_array(ps->arena, *cap * 2 + 8, sizeof *more);
        if (t->label_count)
            memcpy(more, t->labels, t->label_count * sizeof *more);
        t->labels = more;
        *cap = *cap * 2 + 8;
    }
    t->labels[t->label_count++] = label;
}

/* enum [name] : type { label, ... } */
static const struct type *parse_enum(struct parser *ps)
{
    if (!tsdl_is(ps, ":") && !tsdl_is(ps, "{"))
        tsdl_next(ps);
    const struct type *base = NULL;
    if (tsdl_accept(ps, ":"))
        base = tsdl_type(ps);
    if (!base || base->kind != INTEGER) {
        tsdl_fail(ps, "enum without an integer type is not supported");
        return NULL;
    }
    struct type *t = type_new(ps, INTEGER);
    size_t cap = 0;
    *t = *base;
    t->is_enum = true;
    t->label_count = 0;
    tsdl_expect(ps, "{");
    while (!ps->failed && !tsdl_is(ps, "}") && ps->token_kind != END) {
        parse_label(ps, t, &cap);
        if (!tsdl_is(ps, "}"))
            tsdl_expect(ps, ",");
    }
    tsdl_expect(ps, "}");
    return t;
}

/* variant <tag> { ... }: known only so that LTTng's event headers can be read over. */
static const struct type *parse_variant(struct parser *ps)
{
    if (tsdl_accept(ps, "<")) {
        tsdl_next(ps);
        tsdl_expect(ps, ">");
    }
    struct type *t = type_new(ps, VARIANT);
    tsdl_expect(ps, "{");
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
        tsdl_next(ps);
        const struct type *t = find_type(ps, name);
        if (t)
            return t;
    }
    tsdl_fail(ps, "type is not known");
    return NULL;
}

static const struct type *parse_basic(struct parser *ps, enum tsdl_kind kind)
{
    struct type *t = type_new(ps, kind);
    tsdl_next(ps);
    if (tsdl_accept(ps, "{"))
        parse_attributes(ps, t);
    return t;
}

const struct type *tsdl_type(struct parser *ps)
{
    static const struct type nothing = {.kind = STRING, .align = 8};
    const struct type *t = NULL;
    if (ps->depth == MAX_DEPTH)
        tsdl_fail(ps, "types nest too deep");
    if (ps->failed)
        return &nothing;
    ps->depth++;
    if (tsdl_is(ps, "integer"))
        t = parse_basic(ps, INTEGER);
    else if (tsdl_is(ps, "floating_point"))
        t = parse_basic(ps, FLOATING);
    else if (tsdl_is(ps, "string"))
        t = parse_basic(ps, STRING);
    else if (tsdl_accept(ps, "struct"))
        t = parse_struct(ps);
    else if (tsdl_accept(ps, "enum"))
        t = parse_enum(ps);
    else if (tsdl_accept(ps, "variant"))
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
    out->labels = t->labels;
    out->label_count = t->is_enum ? t->label_count : 0;
    if (t->kind == STRING && !m->is_array) {
        out->read = TSDL_STRING;
        return true;
    }
    if ((t->kind != INTEGER && t->kind != FLOATING) || !whole_bytes(t))
        return tsdl_fail(ps, "a field that is not made of whole bytes is not supported");
    out->bytes = (uint8_t)(t->size / 8);
    if (t->kind == FLOATING) {
        out->read = TSDL_FLOAT;
        return !m->is_array || tsdl_fail(ps, "an array of floats is not supported");
    }
    out->read = t->is_signed ? TSDL_SIGNED : TSDL_UNSIGNED;
    if (!m->is_array)
        return true;
    out->element_signed = t->is_signed;
    out->text = t->text && t->size == 8;
    out->read = m->length ? TSDL_SEQUENCE : TSDL_ARRAY;
    out->count = m->count;
    if (m->count > MAX_ARRAY)
        return tsdl_fail(ps, "an array that long is not supported");
    if (!m->length)
        return true;
    for (out->length = 0; out->length < fields->count; out->length++) {
        const struct tsdl_field *f = &fields->fields[out->length];
        if (!strcmp(f->name, m->length + (m->length[0] == '_')) && f->read == TSDL_UNSIGNED)
            return true;
    }
    return tsdl_fail(ps, "a sequence without its length is not supported");
}

const char *tsdl_label(const struct tsdl_field *f, uint64_t word)
{
    for (uint32_t i = 0; i < f->label_count; i++) {
        const struct tsdl_label *l = &f->labels[i];
        bool is_signed = f->read == TSDL_SIGNED;
        bool above = is_signed ? (int64_t)word >= (int64_t)l->first : word >= l->first;
        bool below = is_signed ? (int64_t)word <= (int64_t)l->last : word <= l->last;
        if (above && below)
            return l->text;
    }
    return NULL;
}

struct tsdl_fields tsdl_flatten(struct parser *ps, const struct type *t)
{
    struct tsdl_fields fields = {0};
    if (t->kind != STRUCT) {
        tsdl_fail(ps, "fields that are not a struct are not supported");
        return fields;
    }
    fields.fields = arena_array(ps->arena, t->member_count, sizeof *fields.fields);
    for (uint32_t i = 0; i < t->member_count && !ps->failed; i++) {
        flatten_one(ps, &t->members[i], &fields, &fields.fields[i]);
        fields.count = i + 1;
    }
    return fields;
}
