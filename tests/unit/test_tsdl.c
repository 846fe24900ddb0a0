/* Metadata to flat reads, and streams by them: what LTTng's tracers write, and what
 * is refused because only babeltrace2's own reader knows it. */
#include "convert/ctf_stream.h"
#include "unit/ctf_maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define Q27 (UINT64_C(1) << 27) /* the span of a compact header's time */

static struct arena arena;
static struct tsdl tsdl;
static struct err err;

static int clear(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static bool parse(const char *text)
{
    err = (struct err){0};
    return tsdl_parse(&tsdl, &arena, text, strlen(text), &err);
}

/* The fixtures' head and one event with these fields. */
static bool parse_fields(const char *fields)
{
    return parse(arena_printf(
        &arena, "%s event { name = \"p:e\"; id = 3; stream_id = 0; fields := struct { %s }; };",
        ctf_head, fields));
}

static void refused(const char *fields, const char *why)
{
    assert_false(parse_fields(fields));
    if (!strstr(err.text, why))
        fail_msg("\"%s\" does not say \"%s\"", err.text, why);
}

static void test_head(void **state)
{
    (void)state;
    assert_true(parse(ctf_head));
    assert_memory_equal(tsdl.uuid, "0123456789abcdef", 16);
    assert_int_equal(tsdl.stream_count, 1);
    assert_true(tsdl.streams[0].large_header);
    assert_int_equal(tsdl.streams[0].packet.count, 7);
    assert_string_equal(tsdl.streams[0].context.fields[1].name, "vtid");
    assert_int_equal(tsdl.streams[0].context.fields[1].read, TSDL_SIGNED);
    assert_int_equal(tsdl.clock_hz, 1000000000);
    assert_int_equal(tsdl.clock_offset_s, CTF_OFFSET_S);
    assert_int_equal(tsdl.env_count, 5);
    assert_string_equal(tsdl.env[0].text, "testbox");
    assert_int_equal(tsdl.env[4].number, 13);
}

static void test_fields(void **state)
{
    (void)state;
    assert_true(parse_fields("uint8_t _a; int64_t _b; string _c; double_t d;\n"
                             "enum : uint16_t { \"x\" = 0, y = 1 ... 5 } _e;\n"
                             "integer { size = 8; align = 8; encoding = UTF8; } _f[4];\n"
                             "uint32_t __g_length; int32_t _g[ __g_length ];\n"));
    const struct tsdl_event *e = &tsdl.events[0];
    static const struct tsdl_field want[] = {
        {.name = "a", .read = TSDL_UNSIGNED, .bytes = 1},
        {.name = "b", .read = TSDL_SIGNED, .bytes = 8},
        {.name = "c", .read = TSDL_STRING},
        {.name = "d", .read = TSDL_FLOAT, .bytes = 8},
        {.name = "e", .read = TSDL_UNSIGNED, .bytes = 2, .is_enum = true},
        {.name = "f", .read = TSDL_ARRAY, .bytes = 1, .text = true, .count = 4},
        {.name = "_g_length", .read = TSDL_UNSIGNED, .bytes = 4},
        {.name = "g", .read = TSDL_SEQUENCE, .bytes = 4, .element_signed = true, .length = 6},
    };
    assert_string_equal(e->name, "p:e");
    assert_int_equal(tsdl.streams[0].event_of_id[3], 0);
    assert_int_equal(tsdl.streams[0].event_of_id[2], UINT32_MAX);
    assert_int_equal(e->payload.count, sizeof want / sizeof *want);
    for (uint32_t i = 0; i < e->payload.count; i++) {
        const struct tsdl_field *f = &e->payload.fields[i], *w = &want[i];
        assert_string_equal(f->name, w->name);
        assert_int_equal(f->read, w->read);
        assert_int_equal(f->bytes, w->bytes);
        assert_int_equal(f->element_signed, w->element_signed);
        assert_int_equal(f->text, w->text);
        assert_int_equal(f->is_enum, w->is_enum);
        assert_int_equal(f->length, w->length);
        assert_int_equal(f->count, w->count);
    }
}

static void test_refused(void **state)
{
    (void)state;
    refused("integer { size = 5; align = 1; } _a;", "whole bytes is not supported");
    refused("integer { size = 32; align = 32; } _a;", "whole bytes is not supported");
    refused("integer { size = 32; align = 8; byte_order = be; } _a;", "byte order");
    refused("struct { uint8_t x; } _a;", "is not supported");
    refused("uint8_t _a[3][2];", "array of arrays");
    refused("uint8_t _a[_n];", "a sequence without its length");
    refused("double_t _a[2];", "array of floats");
    refused("uint8_t _a[99999999];", "an array that long");
    refused("uint8_t _a; uint16_t _a;", "two fields of one name");
    refused("nothing_t _a;", "type is not known");
    refused("uint8_t _a", "';' is missing");
    assert_false(parse(""));
    assert_string_equal(err.text, "metadata is empty");
    assert_false(parse("/* CTF 1.8 */ trace { byte_order = be; };"));
    assert_false(parse("trace { uuid = \"12\"; };"));
    assert_false(parse("stream { event.header := struct { uint8_t id; }; };"));
    assert_false(parse("struct { struct { struct {"));
}

/* Metadata as LTTng writes it to disk: packets, the last one perhaps cut. */
static void test_packets(void **state)
{
    (void)state;
    struct strbuf file = {0};
    size_t half = sizeof ctf_head / 2, whole = strlen(ctf_head);
    const size_t parts[][2] = {{0, half}, {half, whole}, {0, whole}};
    for (int i = 0; i < 3; i++) {
        size_t len = parts[i][1] - parts[i][0];
        ctf_put(&file, 0x75d11d57, 4);
        strbuf_append(&file, "0123456789abcdef", 16);
        ctf_put(&file, 0, 4);
        ctf_put(&file, (37 + len) * 8, 4);
        ctf_put(&file, (37 + len + 3) * 8, 4);
        strbuf_append(&file, "\0\0\0\1\10", 5);
        strbuf_append(&file, ctf_head + parts[i][0], len);
        strbuf_append(&file, "\0\0\0", 3);
    }
    err = (struct err){0};
    if (!tsdl_parse(&tsdl, &arena, file.p, file.len - 1, &err))
        fail_msg("%s", err.text);
    assert_int_equal(tsdl.stream_count, 1); /* the third packet would give a second one */
    strbuf_release(&file);
}

/* A kernel trace's header: 5 bits of id and 27 of time, or both in full. */
static void test_compact_header(void **state)
{
    (void)state;
    const char *head = ctf_head;
    const char *large = "uint16_t { compact = 0 ... 65534, extended = 65535 }";
    const char *at = strstr(head, large);
    assert_non_null(at);
    head = arena_printf(&arena,
                        "%.*s integer { size = 5; align = 1; } { compact = 0 ... 30, ext = 31 }%s",
                        (int)(at - head), head, at + strlen(large));
    char *text = arena_printf(&arena,
                              "%s event { name = \"e\"; id = 7; stream_id = 0;"
                              " fields := struct { uint8_t _a; }; };",
                              head);
    if (!parse(text))
        fail_msg("%s", err.text);
    assert_false(tsdl.streams[0].large_header);
    struct ctf c = {0};
    struct strbuf *sb = &c.packet[0];
    c.begin[0] = (Q27 << 3) - 10;
    c.end[0] = Q27 << 3;
    ctf_put(sb, 7 | (Q27 - 5) << 5, 4); /* 5 before the 27 bits run over */
    ctf_put(sb, 1, 8);
    ctf_put(sb, 10, 1);
    ctf_put(sb, 7 | 6 << 5, 4); /* 6 after */
    ctf_put(sb, 1, 8);
    ctf_put(sb, 11, 1);
    ctf_put(sb, 31, 1);
    ctf_put(sb, 7, 4);
    ctf_put(sb, Q27 << 4, 8);
    ctf_put(sb, 1, 8);
    ctf_put(sb, 12, 1);
    ctf_packet(&c, 0);
    struct ctf_stream s;
    struct ctf_event ev;
    struct ctf_value value;
    static const uint64_t times[] = {(Q27 << 3) - 5, (Q27 << 3) + 6, Q27 << 4};
    ctf_stream_from_memory(&s, c.file[0].p, c.file[0].len, &tsdl);
    assert_int_equal(ctf_stream_packet(&s, &err), CTF_MORE);
    for (uint64_t i = 0; i < 3; i++) {
        assert_int_equal(ctf_stream_event(&s, &ev, &err), CTF_MORE);
        assert_int_equal(ev.ts, times[i]);
        s.at += 8;
        assert_true(ctf_read(&s, &ev.class->payload.fields[0], 0, &value));
        assert_int_equal(value.word, 10 + i);
    }
    assert_int_equal(ctf_stream_event(&s, &ev, &err), CTF_END);
    assert_int_equal(ctf_stream_packet(&s, &err), CTF_END);
    assert_false(s.cut);
    ctf_stream_close(&s);
    strbuf_release(&c.file[0]);
    strbuf_release(&c.packet[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_head, clear),
        cmocka_unit_test_teardown(test_fields, clear),
        cmocka_unit_test_teardown(test_refused, clear),
        cmocka_unit_test_teardown(test_packets, clear),
        cmocka_unit_test_teardown(test_compact_header, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
