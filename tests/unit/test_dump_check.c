/* dump prints a trace's content; check finds no problem in what the writer makes
 * and finds each kind of damage that the format rules out. */
#include "support/golden.h"
#include "support/sample_trace.h"
#include "trace/check.h"
#include "trace/dump.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

static char path[64];
static uint64_t *data; /* the file's content, aligned; tests may change it */
static size_t bytes;

static int load(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/whyprof-check-%d.out", getpid());
    struct err err;
    char *content;
    if (!sample_trace_write(path, &err) || !file_read(path, &content, &bytes, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    unlink(path);
    data = aligned_alloc(8, (bytes + 7) / 8 * 8);
    memcpy(data, content, bytes);
    free(content);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    free(data);
    return 0;
}

static char found[4096]; /* what check said */

static void keep_problem(void *ignored, uint64_t off, const char *text)
{
    (void)ignored;
    size_t len = strlen(found);
    snprintf(found + len, sizeof found - len, "%llu: %s\n", (unsigned long long)off, text);
}

static uint64_t check(void)
{
    found[0] = '\0';
    struct trace_check_sink sink = {.problem = keep_problem, .max = 20};
    return trace_check(data, bytes, &sink);
}

static void dump_matches_golden(void **state)
{
    (void)state;
    struct err err;
    struct trace *t = trace_open_memory(data, bytes, "sample", &err);
    assert_non_null(t);
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    assert_true(trace_dump(t, -1, out, &err));
    fclose(out);
    assert_true(golden_equal("sample.dump.txt", text));
    free(text);
    trace_close(t);
}

static void dump_of_one_table(void **state)
{
    (void)state;
    struct err err;
    struct trace *t = trace_open_memory(data, bytes, "sample", &err);
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    assert_true(trace_dump(t, trace_dump_find("wakeup", &err), out, &err));
    assert_int_equal(trace_dump_find("no_such", &err), -1);
    assert_non_null(strstr(err.hint, "thread_state"));
    fclose(out);
    assert_string_equal(text, "wakeup ts=100000 waker_tid=100 wakee_tid=101 cpu=1\n"
                              "wakeup ts=5000000 waker_tid=101 wakee_tid=102 cpu=0\n"
                              "wakeup ts=8500000 waker_tid=102 wakee_tid=100 cpu=1\n");
    free(text);
    trace_close(t);
}

static void sound_file_has_no_problem(void **state)
{
    (void)state;
    uint64_t problems = check();
    assert_string_equal(found, "");
    assert_int_equal(problems, 0);
}

static void trailing_bytes_are_told(void **state)
{
    (void)state;
    size_t whole = bytes;
    data = realloc(data, bytes + 8);
    memset((char *)data + bytes, 0, 8);
    bytes += 8;
    uint64_t problems = check();
    bytes = whole;
    assert_int_equal(problems, 1);
    assert_non_null(strstr(found, "8 bytes behind the file's end"));
}

/* Every byte belongs to a checksum or is padding that nobody reads. */
static void flipped_bytes_are_told(void **state)
{
    (void)state;
    size_t silent = 0;
    for (size_t i = 0; i < bytes; i++) {
        ((uint8_t *)data)[i] ^= 0x40;
        silent += check() == 0;
        ((uint8_t *)data)[i] ^= 0x40;
    }
    assert_int_equal(check(), 0);
    assert_in_range(silent, 0, bytes / 20); /* alignment gaps */
}

static struct trace_section *section(uint32_t kind, uint32_t table)
{
    const struct trace_header *h = (const void *)data;
    struct trace_section *toc = (void *)((uint8_t *)data + h->toc_off);
    for (uint32_t i = 0; i < h->toc_entries; i++)
        if (toc[i].kind == kind && toc[i].arg == table)
            return &toc[i];
    fail_msg("no section %u of table %u", kind, table);
    return NULL;
}

/* Makes all checksums right again, so that only the content is wrong. */
static void reseal(enum trace_table table)
{
    struct trace_header *h = (void *)data;
    struct trace_section *blocks = section(TRACE_SECTION_BLOCKS, table);
    const struct trace_block_entry *e = (const void *)((uint8_t *)data + blocks->off);
    for (uint64_t i = 0; i < blocks->count; i++) {
        uint8_t *p = (uint8_t *)data + e[i].off;
        struct trace_block head;
        memcpy(&head, p, sizeof head);
        size_t covered = offsetof(struct trace_block, crc) + sizeof head.crc;
        head.crc = (uint32_t)crc32_z(0, p + covered, head.bytes - covered);
        memcpy(p, &head, sizeof head);
    }
    struct trace_section *toc = (void *)((uint8_t *)data + h->toc_off);
    for (uint32_t i = 0; i < h->toc_entries; i++)
        toc[i].crc = (uint32_t)crc32_z(0, (uint8_t *)data + toc[i].off, toc[i].bytes);
    h->toc_crc = (uint32_t)crc32_z(0, (const void *)toc, h->toc_entries * sizeof *toc);
    h->header_crc = 0;
    h->header_crc = (uint32_t)crc32_z(0, (const void *)h, sizeof *h);
}

/* The descriptor of a column in the table's first block. */
static struct trace_column *column(enum trace_table table, unsigned number)
{
    struct trace_section *blocks = section(TRACE_SECTION_BLOCKS, table);
    const struct trace_block_entry *e = (const void *)((uint8_t *)data + blocks->off);
    struct trace_column *columns = (void *)((uint8_t *)data + e->off + sizeof(struct trace_block));
    return &columns[number];
}

/* Adds `by` to all values of a frame-of-reference column: wrong, but well formed. */
static void expect_shift_is_told(enum trace_table table, unsigned number, uint64_t by,
                                 const char *text)
{
    struct trace_column *c = column(table, number);
    assert_int_equal(c->pack, TRACE_PACK_FRAME);
    c->base += by;
    reseal(table);
    uint64_t problems = check();
    c->base -= by;
    reseal(table);
    assert_true(problems > 0);
    if (!strstr(found, text))
        fail_msg("'%s' is not in:\n%s", text, found);
    assert_int_equal(check(), 0);
}

static void wrong_content_is_told(void **state)
{
    (void)state;
    expect_shift_is_told(TRACE_MODULE_TABLE, TRACE_MODULE_path, 5000, "path is");
    expect_shift_is_told(TRACE_LOCK_HOLD_TABLE, TRACE_LOCK_HOLD_stack_id, 50, "stack_id is");
    expect_shift_is_told(TRACE_LOCK_HOLD_TABLE, TRACE_LOCK_HOLD_kind, 70, "kind is");
    expect_shift_is_told(TRACE_LOCK_HOLD_TABLE, TRACE_LOCK_HOLD_dur, US(9000), "ends after");
    expect_shift_is_told(TRACE_TASK_TABLE, TRACE_TASK_ts, 5, "its directory says");
    expect_shift_is_told(TRACE_STACK_TABLE, TRACE_STACK_node, 1, "stack 0 is not empty");
    expect_shift_is_told(TRACE_STACK_NODE_TABLE, TRACE_STACK_NODE_parent, 30, "later parent");
    expect_shift_is_told(TRACE_THREAD_TABLE, TRACE_THREAD_start_ts, 7, "states of thread");
    expect_shift_is_told(TRACE_THREAD_TABLE, TRACE_THREAD_pid, 3, "belongs to no process");
}

static void problems_stop_at_max(void **state)
{
    (void)state;
    struct trace_column *c = column(TRACE_SAMPLE_TABLE, TRACE_SAMPLE_ts);
    c->base += US(100000);
    reseal(TRACE_SAMPLE_TABLE);
    found[0] = '\0';
    struct trace_check_sink sink = {.problem = keep_problem, .max = 3};
    assert_true(trace_check(data, bytes, &sink) >= 3);
    int lines = 0;
    for (const char *p = found; *p; p++)
        lines += *p == '\n';
    assert_int_equal(lines, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(dump_matches_golden, load, unload),
        cmocka_unit_test_setup_teardown(dump_of_one_table, load, unload),
        cmocka_unit_test_setup_teardown(sound_file_has_no_problem, load, unload),
        cmocka_unit_test_setup_teardown(trailing_bytes_are_told, load, unload),
        cmocka_unit_test_setup_teardown(flipped_bytes_are_told, load, unload),
        cmocka_unit_test_setup_teardown(wrong_content_is_told, load, unload),
        cmocka_unit_test_setup_teardown(problems_stop_at_max, load, unload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
