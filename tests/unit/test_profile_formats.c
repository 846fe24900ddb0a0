/* The formats other than profile.proto: what is read, and what damage is told. */
#include "profile/profile.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct profile p;

static void parse(const char *text)
{
    struct err err = {0};
    if (!profile_parse(&p, text, strlen(text), &err))
        fail_msg("%s", err.text);
}

static void refuse(const char *text, const char *why)
{
    struct err err = {0};
    assert_false(profile_parse(&p, text, strlen(text), &err));
    if (!strstr(err.text, why))
        fail_msg("\"%s\" does not say \"%s\"", err.text, why);
    profile_release(&p);
}

static const char *frame(size_t sample, uint32_t depth)
{
    const struct profile_location *loc = &p.locations[p.samples[sample].locations[depth]];
    return loc->line_count ? profile_line_name(&p, &loc->lines[0]) : "";
}

static void test_folded(void **state)
{
    (void)state;
    parse("main;work;leaf 12\n\nmain;other thing 3\n");
    assert_int_equal(p.sample_count, 2);
    assert_int_equal(p.samples[0].depth, 3);
    assert_string_equal(frame(0, 0), "leaf");
    assert_string_equal(frame(0, 2), "main");
    assert_string_equal(frame(1, 0), "other thing");
    assert_int_equal(profile_total(&p, 0), 15);
    assert_int_equal(p.location_count, 4); /* main once */
    profile_release(&p);
    refuse("main;work 12\nmain;work\n", "no folded stack at byte 13");
    refuse("hello\n", "not a pprof profile");
}

static void test_perf_script(void **state)
{
    (void)state;
    parse("redis-server  41/42 [001]  8.100001:     250000 cpu-clock:u: \n"
          "\t    5561 dictFind+0x21 (/usr/bin/redis-server)\n"
          "\t    7f01 [unknown] (/usr/lib/libc.so.6)\n"
          "\n"
          "redis-server  41 8.2: 250000 cpu-clock:u: \n"
          "\t    5561 dictFind+0x33 (/usr/bin/redis-server)\n");
    assert_int_equal(p.sample_count, 2);
    assert_string_equal(p.value_types[1].type, "cpu");
    assert_string_equal(p.value_types[1].unit, "nanoseconds");
    assert_int_equal(profile_total(&p, 0), 2);
    assert_int_equal(profile_total(&p, 1), 500000);
    assert_string_equal(frame(0, 0), "dictFind");
    assert_string_equal(frame(0, 1), "[libc.so.6]");
    assert_string_equal(p.samples[0].labels[0].text, "redis-server");
    assert_int_equal(p.samples[0].labels[1].number, 42);
    assert_int_equal(p.samples[1].labels[1].number, 41);
    profile_release(&p);
    refuse("a 1 2.0: 5 cycles:\n\t 1f main+0x1 (/a)\n\nwhat is this\n", "at byte 39");
}

/* Counts of sampled allocations become estimates of all: divided by the chance that
 * an allocation of that size is sampled. */
static void test_jemalloc(void **state)
{
    (void)state;
    parse("heap_v2/524288\n"
          "  t*: 2: 2097152 [0: 0]\n"
          "  t0: 2: 2097152 [0: 0]\n"
          "@ 0x401010 0x401020\n"
          "  t*: 1: 1048576 [0: 0]\n"
          "  t0: 1: 1048576 [0: 0]\n"
          "@ 0x401030\n"
          "  t*: 1: 64 [0: 0]\n"
          "\nMAPPED_LIBRARIES:\n"
          "00400000-00500000 r-xp 00000000 08:01 7 /usr/bin/prog\n"
          "00600000-00700000 rw-p 00000000 08:01 7 /usr/bin/prog\n");
    assert_int_equal(p.sample_count, 2);
    assert_int_equal(p.mapping_count, 1);
    assert_string_equal(p.mappings[0].filename, "/usr/bin/prog");
    assert_int_equal(p.locations[p.samples[0].locations[0]].address, 0x40100f);
    double big = 1048576 / (1 - exp(-2)), small = 64 / (1 - exp(-64 / 524288.));
    assert_int_equal(p.samples[0].values[1], (int64_t)big);
    assert_int_equal(p.samples[1].values[1], (int64_t)small);
    assert_int_equal(p.samples[0].labels[0].number, 1048576);
    profile_release(&p);
    refuse("heap_v2/1\n@ 0x1\n  t*: what\n", "no count of a stack at byte 16");
}

static void test_heap_damage(void **state)
{
    (void)state;
    refuse("heap profile: 1: 2 [1: 2] @ heap/5\n1: 2 [1: 2] @ 0x10\nnonsense\n",
           "no heap sample at byte 54");
    refuse("heap profile: 1: 2 [1: 2] @ heap/5\n0: 2 [1: 2] @ 0x10\n", "at byte 35");
}

static void test_go_count(void **state)
{
    (void)state;
    parse("goroutine profile: total 3\n2 @ 0x10 0x20\n1 @ 0x10\n");
    assert_int_equal(profile_total(&p, 0), 3);
    assert_string_equal(p.value_types[0].type, "goroutine");
    assert_int_equal(p.locations[p.samples[0].locations[0]].address, 0xf);
    profile_release(&p);
    refuse("goroutine profile: total 3\n2 @ zero\n", "at byte 27");
}

static void test_binary_is_not_folded(void **state)
{
    (void)state;
    static const char bytes[] = "\177ELF\2\1\1 7\n";
    struct err err = {0};
    assert_false(profile_parse(&p, bytes, sizeof bytes - 1, &err));
    profile_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folded),   cmocka_unit_test(test_perf_script),
        cmocka_unit_test(test_jemalloc), cmocka_unit_test(test_heap_damage),
        cmocka_unit_test(test_go_count), cmocka_unit_test(test_binary_is_not_folded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
