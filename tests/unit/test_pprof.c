/* The parts of pprof's reports that golden files reach badly: expressions, units,
 * options, paths, and a profile that goes out and comes back. */
#include "pprof/load.h"
#include "pprof/measure.h"
#include "pprof/report.h"
#include "profile/write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool matches(const char *pattern, const char *text)
{
    struct err err = {0};
    struct pprof_rx *rx = pprof_rx_new(pattern, &err);
    if (!rx)
        fail_msg("%s", err.text);
    bool hit = pprof_rx_match(rx, text);
    pprof_rx_release(rx);
    return hit;
}

static void refused(const char *pattern, const char *why)
{
    struct err err = {0};
    assert_null(pprof_rx_new(pattern, &err));
    if (!strstr(err.text, why))
        fail_msg("%s: \"%s\" does not say \"%s\"", pattern, err.text, why);
}

static void test_regex(void **state)
{
    (void)state;
    assert_true(matches("(?i)MALLOC", "tc_malloc"));
    assert_true(matches("^\\pL+$", "größe"));
    assert_true(matches("[[:digit:]]{2}", "a12"));
    assert_true(matches("a|^$", ""));
    assert_false(matches("x$", "x\n")); /* RE2's $ is the end, not a line's */
    assert_true(matches("\\Q(*\\E", "a(*b"));
    refused("a(?=b)", "invalid or unsupported Perl syntax: `(?=`");
    refused("(a)\\1", "invalid escape sequence: `\\1`");
    refused("(", "missing closing ): `(`");
    refused("a**", "invalid nested repetition operator: `**`");
    refused("[a", "missing closing ]");
    /* Backtracks for ages: counts as no match instead. */
    assert_false(matches("(a+)+(a+)+(a+)+b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

static void test_measure(void **state)
{
    (void)state;
    char buf[MEASURE_MAX];
    assert_string_equal(measure_auto(buf, 1120000000, "nanoseconds"), "1.12s");
    assert_string_equal(measure_label(buf, 1536, "bytes", "kb"), "1.50kB");
    assert_string_equal(measure_label(buf, 7200, "seconds", "minimum"), "2hrs");
    assert_string_equal(measure_label(buf, 0, "count", "minimum"), "0");
    assert_string_equal(measure_label(buf, -2048, "bytes", "auto"), "-2kB");
    assert_string_equal(measure_percent(buf, 1, 3), "33.33%");
    assert_string_equal(measure_percent(buf, 9999, 10000), "  100%");
    assert_string_equal(measure_percent(buf, 1, 0), "    0%");
    assert_true(measure_same_kind("ms", "seconds"));
    assert_false(measure_same_kind("ms", "bytes"));
}

static void test_options(void **state)
{
    (void)state;
    struct err err = {0};
    struct pprof_config c = pprof_config_default();
    assert_true(pprof_config_set(&c, "cum", "true", &err));
    assert_string_equal(c.sort, "cum");
    assert_true(pprof_config_set(&c, "nodecount", "12", &err));
    assert_int_equal(c.nodecount, 12);
    assert_false(pprof_config_set(&c, "nodecount", "12x", &err));
    assert_false(pprof_config_set(&c, "sort", "bogus", &err));
    assert_string_equal(err.text, "invalid \"sort\" value \"bogus\"");
    assert_false(pprof_config_set(&c, "call_tree", "maybe", &err));
}

static void test_clean_path(void **state)
{
    (void)state;
    static const char *const paths[][2] = {
        {"/a/b/../c", "/a/c"}, {"./a//b/.", "a/b"}, {"../../x", "../../x"}, {"/..", "/"},
        {"a/..", "."},         {"a.c", "a.c"},      {"/a/", "/a"},          {"..a/b", "..a/b"}};
    struct arena a = {0};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        assert_string_equal(pprof_clean_path(&a, paths[i][0]), paths[i][1]);
    arena_release(&a);
}

/* ---- whole reports ---- */

static char *report(const char *path, const char *command, struct pprof_config *config)
{
    struct err err = {0};
    struct pprof_loaded l;
    struct pprof_report r;
    struct strbuf out = {0};
    const struct pprof_input in = {.sources = &path, .source_count = 1};
    if (!pprof_load(&l, &in, NULL, &err) ||
        !pprof_report_init(&r, &l.model, pprof_command_find(command), NULL, config, NULL, &err) ||
        !pprof_report_write(&r, &out, &err))
        fail_msg("%s", err.text);
    pprof_report_release(&r);
    pprof_loaded_release(&l);
    strbuf_putc(&out, 0);
    return out.p;
}

/* What -proto writes says the same as what it was made from. */
static void test_round_trip(void **state)
{
    (void)state;
    struct pprof_config c = pprof_config_default();
    const char *path = TEST_DATA_DIR "/pprof/in/cpu.pb.gz";
    struct err err = {0};
    struct pprof_loaded l;
    struct pprof_report r;
    struct strbuf packed = {0};
    const struct pprof_input in = {.sources = &path, .source_count = 1};
    assert_true(pprof_load(&l, &in, NULL, &err));
    assert_true(pprof_report_init(&r, &l.model, pprof_command_find("proto"), NULL, &c, NULL, &err));
    assert_true(pprof_report_write(&r, &packed, &err));
    struct profile again;
    assert_true(profile_parse(&again, packed.p, packed.len, &err));
    assert_int_equal(again.sample_count, l.model.sample_count);
    assert_int_equal(again.location_count, l.model.location_count);
    for (size_t i = 0; i < again.sample_count; i++) {
        assert_int_equal(again.samples[i].values[1], l.model.samples[i].values[1]);
        assert_int_equal(again.samples[i].label_count, l.model.samples[i].label_count);
        assert_int_equal(again.samples[i].depth, l.model.samples[i].depth);
    }
    profile_release(&again);
    strbuf_release(&packed);
    pprof_report_release(&r);
    pprof_loaded_release(&l);
}

static void test_folded(void **state)
{
    (void)state;
    struct pprof_config c = pprof_config_default();
    char *text = report(TEST_DATA_DIR "/pprof/in/cpu.pb.gz", "folded", &c);
    assert_non_null(strstr(text, "line3000;line3001;line3002;line2000;line2001;line1000 1000"));
    free(text);
    c.tagroot = "key1";
    text = report(TEST_DATA_DIR "/pprof/in/cpu.pb.gz", "folded", &c);
    assert_non_null(strstr(text, "tag1;line3000;"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_regex),      cmocka_unit_test(test_measure),
        cmocka_unit_test(test_options),    cmocka_unit_test(test_clean_path),
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_folded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
