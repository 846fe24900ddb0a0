#include "convert/foreign_text.h"

#include "convert/ctf_stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_ELEMENTS = 64,   /* of an array that are shown */
    MOST_BYTES = 64 << 10 /* of a line */
};

/* -- values, as both kinds of input write them; printf would take half of the time */

static void put_digits(struct strbuf *text, uint64_t word, unsigned base)
{
    char digits[20], *p = digits + sizeof digits;
    do
        *--p = "0123456789abcdef"[word % base];
    while (word /= base);
    strbuf_append(text, p, (size_t)(digits + sizeof digits - p));
}

static void put_integer(struct strbuf *text, uint64_t word, bool is_signed, bool hex, unsigned bits)
{
    if (hex && bits < 64)
        word &= (UINT64_C(1) << bits) - 1;
    if (hex)
        strbuf_append(text, "0x", 2);
    bool negative = is_signed && !hex && (int64_t)word < 0;
    if (negative)
        strbuf_putc(text, '-');
    put_digits(text, negative ? -word : word, hex ? 16 : 10);
}

/* The shortest of two ways that gives the same number back. */
static void put_real(struct strbuf *text, double d)
{
    char digits[40];
    if (d > 0 && d < 1e15 && d == (double)(uint64_t)d) {
        put_digits(text, (uint64_t)d, 10);
        return;
    }
    snprintf(digits, sizeof digits, "%.15g", d);
    if (strtod(digits, NULL) != d)
        snprintf(digits, sizeof digits, "%.17g", d);
    strbuf_puts(text, digits);
}

static bool is_plain(char c)
{
    return (unsigned char)c >= 0x20 && c != 0x7f && c != '"' && c != '\\';
}

static void put_string(struct strbuf *text, const char *s, size_t len)
{
    strbuf_putc(text, '"');
    for (size_t i = 0; i < len && text->len < MOST_BYTES; i++) {
        size_t plain = 0;
        while (i + plain < len && plain < MOST_BYTES && is_plain(s[i + plain]))
            plain++;
        strbuf_append(text, s + i, plain);
        if ((i += plain) == len)
            break;
        unsigned char c = (unsigned char)s[i];
        if (c == '"' || c == '\\')
            strbuf_printf(text, "\\%c", c);
        else if (c == '\n')
            strbuf_puts(text, "\\n");
        else
            strbuf_printf(text, "\\x%02x", c);
    }
    strbuf_putc(text, '"');
}

/* Fields that only say how long another one is. */
static bool is_length(const char *name)
{
    size_t len = strlen(name);
    return name[0] == '_' && len > 7 && !strcmp(name + len - 7, "_length");
}

static void begin_field(struct strbuf *text, bool *first, const char *name)
{
    strbuf_append(text, *first ? ": " : ", ", 2);
    strbuf_puts(text, name);
    strbuf_append(text, " = ", 3);
    *first = false;
}

/* The printf-like ones: their only field that matters. */
static const char *only_field(const char *event)
{
    bool is_printf =
        !strncmp(event, "lttng_ust_tracef:", 17) || !strncmp(event, "lttng_ust_tracelog:", 19);
    return is_printf ? "msg" : NULL;
}

/* -- from babeltrace2 */

static bool is(bt_field_class_type type, bt_field_class_type of)
{
    return bt_field_class_type_is(type, of);
}

static void put_field(struct strbuf *text, const bt_field *field, bool labels);

static bool put_label(struct strbuf *text, const bt_field *field, bt_field_class_type type)
{
    bt_field_class_enumeration_mapping_label_array labels;
    uint64_t count = 0;
    if (is(type, BT_FIELD_CLASS_TYPE_UNSIGNED_ENUMERATION))
        (void)!bt_field_enumeration_unsigned_get_mapping_labels(field, &labels, &count);
    else
        (void)!bt_field_enumeration_signed_get_mapping_labels(field, &labels, &count);
    if (count)
        strbuf_puts(text, labels[0]);
    return count > 0;
}

static void put_bt_integer(struct strbuf *text, const bt_field *field, bt_field_class_type type)
{
    const bt_field_class *class = bt_field_borrow_class_const(field);
    bool is_signed = is(type, BT_FIELD_CLASS_TYPE_SIGNED_INTEGER);
    uint64_t word = is_signed ? (uint64_t)bt_field_integer_signed_get_value(field)
                              : bt_field_integer_unsigned_get_value(field);
    put_integer(text, word, is_signed,
                bt_field_class_integer_get_preferred_display_base(class) ==
                    BT_FIELD_CLASS_INTEGER_PREFERRED_DISPLAY_BASE_HEXADECIMAL,
                (unsigned)bt_field_class_integer_get_field_value_range(class));
}

static void put_array(struct strbuf *text, const bt_field *field)
{
    uint64_t count = bt_field_array_get_length(field);
    strbuf_putc(text, '[');
    for (uint64_t i = 0; i < count && i < MOST_ELEMENTS; i++) {
        strbuf_puts(text, i ? ", " : "");
        put_field(text, bt_field_array_borrow_element_field_by_index_const(field, i), false);
    }
    strbuf_puts(text, count > MOST_ELEMENTS ? ", ...]" : "]");
}

static void put_structure(struct strbuf *text, const bt_field *field)
{
    const bt_field_class *class = bt_field_borrow_class_const(field);
    uint64_t count = bt_field_class_structure_get_member_count(class);
    strbuf_putc(text, '{');
    for (uint64_t i = 0; i < count; i++) {
        const char *name = bt_field_class_structure_member_get_name(
            bt_field_class_structure_borrow_member_by_index_const(class, i));
        strbuf_printf(text, "%s%s = ", i ? ", " : "", name);
        put_field(text, bt_field_structure_borrow_member_field_by_index_const(field, i), true);
    }
    strbuf_putc(text, '}');
}

static void put_field(struct strbuf *text, const bt_field *field, bool labels)
{
    bt_field_class_type type = bt_field_get_class_type(field);
    if (text->len > MOST_BYTES)
        return;
    if (labels && is(type, BT_FIELD_CLASS_TYPE_ENUMERATION) && put_label(text, field, type))
        return;
    if (is(type, BT_FIELD_CLASS_TYPE_INTEGER))
        put_bt_integer(text, field, type);
    else if (type == BT_FIELD_CLASS_TYPE_BOOL)
        strbuf_puts(text, bt_field_bool_get_value(field) ? "true" : "false");
    else if (type == BT_FIELD_CLASS_TYPE_BIT_ARRAY)
        strbuf_printf(text, "0x%" PRIx64, bt_field_bit_array_get_value_as_integer(field));
    else if (type == BT_FIELD_CLASS_TYPE_SINGLE_PRECISION_REAL)
        put_real(text, (double)bt_field_real_single_precision_get_value(field));
    else if (type == BT_FIELD_CLASS_TYPE_DOUBLE_PRECISION_REAL)
        put_real(text, bt_field_real_double_precision_get_value(field));
    else if (type == BT_FIELD_CLASS_TYPE_STRING)
        /* babeltrace2 2.0.4 leaves the text of the field's last use in an empty one */
        put_string(text, bt_field_string_get_value(field), bt_field_string_get_length(field));
    else if (is(type, BT_FIELD_CLASS_TYPE_ARRAY))
        put_array(text, field);
    else if (type == BT_FIELD_CLASS_TYPE_STRUCTURE)
        put_structure(text, field);
    else if (is(type, BT_FIELD_CLASS_TYPE_VARIANT))
        put_field(text, bt_field_variant_borrow_selected_option_field_const(field), labels);
    else
        strbuf_puts(text, "?");
}

static void put_only(struct strbuf *text, const bt_field *payload, const char *name)
{
    const bt_field *field = bt_field_structure_borrow_member_field_by_name_const(payload, name);
    if (!field || bt_field_get_class_type(field) != BT_FIELD_CLASS_TYPE_STRING)
        return;
    strbuf_clear(text);
    strbuf_append(text, bt_field_string_get_value(field), bt_field_string_get_length(field));
}

void foreign_text_message(struct strbuf *text, const bt_message *msg)
{
    const bt_event *event = bt_message_event_borrow_event_const(msg);
    const char *name = bt_event_class_get_name(bt_event_borrow_class_const(event));
    const bt_field *payload = bt_event_borrow_payload_field_const(event);
    name = name ? name : "";
    strbuf_clear(text);
    strbuf_puts(text, name);
    if (!payload)
        return;
    if (only_field(name)) {
        put_only(text, payload, only_field(name));
        return;
    }
    const bt_field_class *class = bt_field_borrow_class_const(payload);
    uint64_t count = bt_field_class_structure_get_member_count(class);
    bool first = true;
    for (uint64_t i = 0; i < count; i++) {
        const char *member = bt_field_class_structure_member_get_name(
            bt_field_class_structure_borrow_member_by_index_const(class, i));
        if (is_length(member))
            continue;
        begin_field(text, &first, member);
        put_field(text, bt_field_structure_borrow_member_field_by_index_const(payload, i), true);
    }
}

/* -- from bytes */

static uint64_t element(const uint8_t *p, unsigned bytes, bool is_signed)
{
    uint64_t word = 0;
    memcpy(&word, p, bytes);
    unsigned shift = 64u - 8u * bytes;
    return is_signed ? (uint64_t)((int64_t)(word << shift) >> shift) : word;
}

static void put_elements(struct strbuf *text, const struct tsdl_field *f,
                         const struct ctf_value *value)
{
    if (f->text) {
        const char *s = (const char *)value->bytes;
        put_string(text, s, strnlen(s, value->count));
        return;
    }
    strbuf_putc(text, '[');
    for (uint64_t i = 0; i < value->count && i < MOST_ELEMENTS; i++) {
        strbuf_puts(text, i ? ", " : "");
        put_integer(text, element(value->bytes + i * f->bytes, f->bytes, f->element_signed),
                    f->element_signed, f->hex, 8u * f->bytes);
    }
    strbuf_puts(text, value->count > MOST_ELEMENTS ? ", ...]" : "]");
}

static double real_value(const struct tsdl_field *f, uint64_t word)
{
    union {
        uint64_t word;
        uint32_t half;
        double d;
        float f;
    } bits = {.word = word};
    return f->bytes == 4 ? (double)bits.f : bits.d;
}

static void put_value(struct strbuf *text, const struct tsdl_field *f,
                      const struct ctf_value *value)
{
    const char *label = tsdl_label(f, value->word);
    if (text->len > MOST_BYTES)
        return;
    switch (f->read) {
    case TSDL_UNSIGNED:
    case TSDL_SIGNED:
        if (label)
            strbuf_puts(text, label);
        else
            put_integer(text, value->word, f->read == TSDL_SIGNED, f->hex, 8u * f->bytes);
        break;
    case TSDL_FLOAT:
        put_real(text, real_value(f, value->word));
        break;
    case TSDL_STRING:
        put_string(text, (const char *)value->bytes, value->count);
        break;
    case TSDL_ARRAY:
    case TSDL_SEQUENCE:
        put_elements(text, f, value);
    }
}

/* Reads over fields, or writes them where text is not NULL. They were checked when the
 * event was decoded. */
static bool walk_fields(struct strbuf *text, const char *event, const struct tsdl_fields *fields,
                        struct ctf_stream *at)
{
    uint64_t words[TSDL_MAX_FIELDS];
    const char *only = only_field(event);
    bool first = true;
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct tsdl_field *f = &fields->fields[i];
        struct ctf_value value = {0};
        if (!ctf_read(at, f, f->read == TSDL_SEQUENCE ? words[f->length] : 0, &value))
            return false;
        words[i] = value.word;
        if (!text || is_length(f->name))
            continue;
        if (!only) {
            begin_field(text, &first, f->name);
            put_value(text, f, &value);
        } else if (!strcmp(f->name, only) && (f->text || f->read == TSDL_STRING)) {
            strbuf_clear(text);
            strbuf_append(text, value.bytes, strnlen((const char *)value.bytes, value.count));
        }
    }
    return true;
}

static const struct tsdl_fields *context_of(const struct tsdl *tsdl, uint64_t stream_id)
{
    static const struct tsdl_fields none;
    for (uint32_t i = 0; i < tsdl->stream_count; i++)
        if (tsdl->streams[i].id == stream_id)
            return &tsdl->streams[i].context;
    return &none;
}

void foreign_text_bytes(struct strbuf *text, const struct tsdl *tsdl,
                        const struct tsdl_event *class, const uint8_t *begin, const uint8_t *end)
{
    struct ctf_stream at = {.at = begin, .content_end = end};
    strbuf_clear(text);
    strbuf_puts(text, class->name);
    (void)!(walk_fields(NULL, "", context_of(tsdl, class->stream_id), &at) &&
            walk_fields(NULL, "", &class->common, &at) &&
            walk_fields(text, class->name, &class->payload, &at));
}
