/* Programs' files for reports: frames and code of tests/targets/symbols_target.cc, by
 * what its symbol table says, and names as long as they were asked for. */
#include "symbols/object.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define TARGET TEST_BIN_DIR "/symbols_target"

static struct object *open_target(const struct object_map *map)
{
    struct err err = {0};
    struct object *o = object_open(TARGET, map, &err);
    if (!o)
        fail_msg("%s", err.text);
    return o;
}

static uint64_t vaddr_of(struct object *o, const char *name)
{
    size_t count;
    const struct object_symbol *s = object_symbols(o, &count);
    for (size_t i = 0; i < count; i++)
        if (!strcmp(s[i].name, name))
            return s[i].vaddr;
    fail_msg("no symbol %s", name);
    return 0;
}

static void test_symbols_sorted(void **state)
{
    (void)state;
    size_t count;
    struct object *o = open_target(&(struct object_map){0});
    const struct object_symbol *s = object_symbols(o, &count);
    assert_true(count > 20);
    for (size_t i = 1; i < count; i++)
        assert_true(s[i - 1].vaddr <= s[i].vaddr);
    assert_true(strlen(object_build_id(o)) >= 16);
    object_close(o);
}

static void test_frames(void **state)
{
    (void)state;
    struct object_frame frames[OBJECT_FRAMES];
    struct object *o = open_target(&(struct object_map){0});
    uint64_t main_at = vaddr_of(o, "main");
    assert_true(object_frames(o, main_at, false, frames) >= 1);
    assert_string_equal(frames[0].function, "main");
    assert_non_null(strstr(frames[0].file, "symbols_target.cc"));
    assert_true(frames[0].line > 0);
    assert_int_equal(object_frames(o, main_at, true, frames), 1);
    assert_string_equal(frames[0].file, "");
    assert_int_equal(object_frames(o, 1, false, frames), 0);
    object_close(o);
}

/* As a process had it mapped: the same places at other addresses. */
static void test_mapped(void **state)
{
    (void)state;
    struct object *file = open_target(&(struct object_map){0});
    uint64_t page = vaddr_of(file, "main") & ~(uint64_t)0xfff, vaddr = 0;
    object_close(file);
    const struct object_map map = {0x7f0000000000, 0x7f0000100000, page};
    struct object *o = open_target(&map);
    assert_true(object_vaddr(o, 0x7f0000000123, &vaddr));
    assert_int_equal(vaddr, page + 0x123);
    object_close(o);
}

/* Both disassemblers see the same instructions, where objdump is installed. */
static void test_code(void **state)
{
    (void)state;
    struct object_code own, theirs;
    struct err err = {0};
    struct object *o = open_target(&(struct object_map){0});
    uint64_t begin = vaddr_of(o, "main");
    if (!object_disassemble(o, begin, begin + 40, false, &own, &err))
        fail_msg("%s", err.text);
    assert_true(own.count >= 5);
    assert_int_equal(own.insts[0].vaddr, begin);
    assert_string_equal(own.insts[0].function, "main");
    for (size_t i = 1; i < own.count; i++)
        assert_int_equal(own.insts[i].vaddr, own.insts[i - 1].vaddr + own.insts[i - 1].length);
    if (object_objdump(TARGET, begin, begin + 40, false, "", &theirs)) {
        for (size_t i = 0; i < theirs.count && i < own.count; i++)
            assert_int_equal(own.insts[i].vaddr, theirs.insts[i].vaddr);
        arena_release(&theirs.arena);
    }
    assert_false(object_disassemble(o, 1ull << 60, (1ull << 60) + 8, false, &theirs, &err));
    arena_release(&own.arena);
    object_close(o);
}

static void test_names(void **state)
{
    (void)state;
    struct arena a = {0};
    static const char set[] = "_ZN3foo3BarIiSsE3setERKi.cold";
    static const struct {
        const char *name, *readable;
        enum object_names names;
    } cases[] = {
        {"main", "main", OBJECT_NAMES_SHORT},
        {set, set, OBJECT_NAMES_RAW},
        {set, "foo::Bar::set", OBJECT_NAMES_SHORT},
        {set, "foo::Bar<int, std::string>::set", OBJECT_NAMES_TEMPLATES},
        {set, "foo::Bar<int, std::string>::set(int const&)", OBJECT_NAMES_FULL},
        {"_ZStltIcEbRKSt6vectorIT_EES4_", "std::operator<", OBJECT_NAMES_SHORT},
        {"a::b<c<d> >::e(f<g>)", "a::b::e", OBJECT_NAMES_SHORT},
        {"a::operator->(int)", "a::operator->", OBJECT_NAMES_SHORT},
        {"a::operator<<(b<int>)", "a::operator<<", OBJECT_NAMES_SHORT},
        {"java.lang.Object.<init>", "java.lang.Object.<init>", OBJECT_NAMES_SHORT},
        {"foo.(*Bar[...]).Method", "foo.(*Bar[...]).Method", OBJECT_NAMES_SHORT},
        {"a::b>c", "a::b>c", OBJECT_NAMES_SHORT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(object_readable_name(&a, cases[i].name, cases[i].names),
                            cases[i].readable);
    arena_release(&a);
}

static void test_refused(void **state)
{
    (void)state;
    struct err err = {0};
    assert_null(object_open("/nonexistent/x", &(struct object_map){0}, &err));
    assert_non_null(strstr(err.text, "/nonexistent/x"));
    assert_null(object_open(__FILE__, &(struct object_map){0}, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_symbols_sorted), cmocka_unit_test(test_frames),
        cmocka_unit_test(test_mapped),         cmocka_unit_test(test_code),
        cmocka_unit_test(test_names),          cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
