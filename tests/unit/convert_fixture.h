/* convert_fixture: a folder for each test with a small CTF trace (ctf_maker.h), which is
 * converted by our reader and by ctf.fs: both must make the same file. */
#ifndef TESTS_CONVERT_FIXTURE_H
#define TESTS_CONVERT_FIXTURE_H

#include "convert/convert.h"

#include "base/file.h"
#include "base/strbuf.h"
#include "trace/reader.h"
#include "unit/ctf_maker.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

/* Values for the variadic ctf_event. */
#define Q(x) ((uint64_t)(x))
enum {
    MS = 1000000,
    T0 = 1000 * MS
};
#define AT(ms) Q(T0 + (ms)*MS)

static char folder[64]; /* of the running test */
static char out_path[128];

static inline int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/whyprof-test-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(out_path, sizeof out_path, "%s/x.out", folder);
    return 0;
}

static inline int remove_folder(void **state)
{
    (void)state;
    return file_remove_tree(folder, NULL) ? 0 : -1;
}

static inline const char *ctf_dir(void)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/ctf", folder);
    return path;
}

static struct convert_result result;

static inline bool convert(struct err *err)
{
    struct convert_options options = {
        .ctf_dir = ctf_dir(), .reader = CONVERT_READER_CTF, .threads = 2, .out_path = out_path};
    return convert_ctf(&options, &result, err);
}

/* Both readers write the same file, byte for byte, with any number of threads. */
static inline void compare_readers(void)
{
    static unsigned threads;
    char other_path[128], *own, *other;
    size_t own_bytes, other_bytes;
    struct err err = {0};
    snprintf(other_path, sizeof other_path, "%s/ctf.fs.out", folder);
    struct convert_options options = {.ctf_dir = ctf_dir(),
                                      .reader = CONVERT_READER_CTF_FS,
                                      .threads = threads++ % 3 + 1,
                                      .out_path = other_path};
    struct convert_result other_result;
    if (!convert_ctf(&options, &other_result, &err))
        fail_msg("convert by ctf.fs: %s", err.text);
    assert_true(file_read(out_path, &own, &own_bytes, NULL));
    assert_true(file_read(other_path, &other, &other_bytes, NULL));
    assert_int_equal(unlink(other_path), 0);
    assert_int_equal(own_bytes, other_bytes);
    assert_memory_equal(own, other, own_bytes);
    assert_memory_equal(&result, &other_result, sizeof result);
    free(own);
    free(other);
}

static inline struct trace *convert_and_open(void)
{
    struct err err = {0};
    if (!convert(&err))
        fail_msg("convert: %s", err.text);
    compare_readers();
    struct trace *t = trace_open(out_path, &err);
    if (!t)
        fail_msg("open: %s", err.text);
    return t;
}

/* A partition's rows as text, the named columns only: "12 running|20 blocked lock". */
static inline const char *rows(const struct trace *t, enum trace_table table, uint32_t key,
                               const char *columns)
{
    static struct strbuf sb;
    struct trace_cursor c = trace_cursor(t, table, key);
    const struct trace_table_info *info = &trace_tables[table];
    strbuf_clear(&sb);
    for (uint64_t r = 0; r < c.total_rows; r++) {
        const char *separator = r ? "|" : "";
        for (const char *name = columns; *name;) {
            size_t len = strcspn(name, " ");
            unsigned col = 0;
            while (col < info->columns &&
                   (strncmp(info->column[col].name, name, len) != 0 || info->column[col].name[len]))
                col++;
            if (col == info->columns)
                fail_msg("no column %s", name);
            uint64_t v = trace_get(&c, r, col);
            enum trace_kind kind = info->column[col].kind;
            strbuf_puts(&sb, separator);
            if (kind == TRACE_STR)
                strbuf_puts(&sb, trace_string(t, v));
            else if (trace_enum_name(kind, v))
                strbuf_puts(&sb, trace_enum_name(kind, v));
            else if (kind == TRACE_F64)
                strbuf_printf(&sb, "%g", trace_get_f64(&c, r, col));
            else if (kind == TRACE_TS || kind == TRACE_DUR)
                strbuf_printf(&sb, "%g", (double)v / MS);
            else if (kind == TRACE_HEX)
                strbuf_printf(&sb, "%" PRIx64, v);
            else
                strbuf_printf(&sb, "%" PRId64, (int64_t)v);
            separator = " ";
            name += len + (name[len] == ' ');
        }
    }
    return strbuf_str(&sb);
}

#define EXPECT(t, TABLE, key, columns, text)                                                       \
    assert_string_equal(rows(t, TRACE_##TABLE##_TABLE, key, columns), text)

static inline void begin_process(struct ctf *c, uint64_t ts)
{
    ctf_event(c, 0, ts, 100, 100, "whyprof_sched:process_start", 1, ts, "prog", "prog -x");
    ctf_event(c, 0, ts, 100, 100, "whyprof_sched:thread_start", 100, ts, "prog");
}

static inline void make_two_packets(void)
{
    struct ctf c;
    ctf_open(&c, ctf_dir());
    begin_process(&c, AT(0));
    ctf_packet(&c, 0);
    ctf_event(&c, 0, AT(5), 100, 100, "whyprof_user:message", "second packet");
    ctf_event(&c, 1, AT(7), 100, 101, "whyprof_user:message", "other stream");
    ctf_close(&c);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

#endif
