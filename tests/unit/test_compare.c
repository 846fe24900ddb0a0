/* Two sides of profiles: what grew, what shrank, and what of it may be chance. */
#include "analyze/compare.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum {
    MAIN,
    WORK,
    HASH,
    FUNCTIONS
};

static const struct profile_function functions[FUNCTIONS] = {
    [MAIN] = {1, "main", "main", "m.c", 1},
    [WORK] = {2, "work", "work", "w.c", 1},
    [HASH] = {3, "hash", "hash", "h.c", 1},
};
static const struct profile_line lines[FUNCTIONS] = {{MAIN, 1, 0}, {WORK, 2, 0}, {HASH, 3, 0}};
static const struct profile_location locations[FUNCTIONS] = {
    {1, 0x10, PROFILE_NONE, 1, &lines[MAIN], false},
    {2, 0x20, PROFILE_NONE, 1, &lines[WORK], false},
    {3, 0x30, PROFILE_NONE, 1, &lines[HASH], false},
};
static const struct profile_value_type types[] = {{"samples", "count"}, {"cpu", "nanoseconds"}};

/* A profile of `work` called by main, and of `hash` called by it, twice in a row. */
struct made {
    struct profile p;
    struct profile_sample samples[2];
    int64_t values[2][2];
};

static const uint32_t in_work[] = {WORK, MAIN}, in_hash[] = {HASH, HASH, WORK, MAIN};

static const struct profile *make(struct made *m, int64_t work, int64_t hash)
{
    *m = (struct made){.values = {{1, work}, {1, hash}}};
    m->samples[0] = (struct profile_sample){in_work, m->values[0], NULL, 2, 0};
    m->samples[1] = (struct profile_sample){in_hash, m->values[1], NULL, 4, 0};
    m->p = (struct profile){.value_types = types,
                            .value_type_count = 2,
                            .default_type = 1,
                            .samples = m->samples,
                            .sample_count = 2,
                            .functions = functions,
                            .function_count = FUNCTIONS,
                            .locations = locations,
                            .location_count = FUNCTIONS,
                            .duration_ns = 2000000000};
    return &m->p;
}

static const struct compare_function *find(const struct compare *c, const char *name)
{
    for (size_t i = 0; i < c->function_count; i++)
        if (!strcmp(c->functions[i].name, name))
            return &c->functions[i];
    fail_msg("no function %s", name);
    return NULL;
}

static void test_functions_and_stacks(void **state)
{
    struct made a, b;
    const struct profile *before = make(&a, 100, 50), *after = make(&b, 90, 80);
    struct compare c;
    struct err err = {0};
    (void)state;
    assert_true(compare_profiles(&c, &(struct compare_side){&before, 1},
                                 &(struct compare_side){&after, 1}, &(struct compare_options){0},
                                 &err));
    assert_string_equal(c.type, "cpu");
    assert_string_equal(c.unit, "nanoseconds");
    assert_true(c.total.before == 150 && c.total.after == 170 && !c.total.has_noise);
    assert_string_equal(c.functions[0].name, "hash"); /* the largest change */
    assert_true(compare_change(&c.functions[0].flat) == 30);
    assert_true(c.functions[0].cum.after == 80); /* a recursion counts once */
    assert_true(find(&c, "work")->flat.after == 90 && find(&c, "work")->cum.after == 170);
    assert_true(find(&c, "main")->flat.after == 0 && find(&c, "main")->cum.before == 150);
    assert_int_equal(c.stack_count, 2);
    assert_int_equal(c.stacks[0].depth, 4);
    assert_true(compare_change(&c.stacks[1].value) == -10);
    /* root, main, work, hash, hash */
    assert_int_equal(c.node_count, 5);
    const struct compare_node *main_node = &c.nodes[c.nodes[0].first_child];
    assert_string_equal(c.functions[main_node->function].name, "main");
    assert_true(main_node->before == 150 && main_node->after == 170 && main_node->self_after == 0);
    const struct compare_node *work = &c.nodes[main_node->first_child];
    assert_true(work->self_before == 100 && work->after == 170 && work->depth == 2);
    compare_release(&c);
}

static void test_scales(void **state)
{
    struct made a, b;
    const struct profile *before = make(&a, 100, 100), *after = make(&b, 300, 100);
    struct compare c;
    (void)state;
    b.p.duration_ns = 4000000000;
    assert_true(compare_profiles(&c, &(struct compare_side){&before, 1},
                                 &(struct compare_side){&after, 1},
                                 &(struct compare_options){.scale = COMPARE_PER_SECOND}, NULL));
    assert_true(c.total.before == 100 && c.total.after == 100);
    assert_true(compare_change(&find(&c, "hash")->flat) == -25);
    compare_release(&c);
    assert_true(compare_profiles(&c, &(struct compare_side){&before, 1},
                                 &(struct compare_side){&after, 1},
                                 &(struct compare_options){.scale = COMPARE_SHARE}, NULL));
    assert_true(fabs(compare_change(&c.total)) < 1e-9);
    assert_true(fabs(find(&c, "hash")->flat.before - 150) < 1e-9);
    compare_release(&c);
}

static void test_noise_bound(void **state)
{
    struct made m[6];
    const struct profile *before[3], *after[3];
    struct compare c;
    (void)state;
    for (int i = 0; i < 3; i++) {
        before[i] = make(&m[i], 100 + i, 50 + 10 * i);
        after[i] = make(&m[3 + i], 200 + i, 55 + 10 * i);
    }
    assert_true(compare_profiles(&c, &(struct compare_side){before, 3},
                                 &(struct compare_side){after, 3}, &(struct compare_options){0},
                                 NULL));
    const struct compare_value *work = &find(&c, "work")->flat, *hash = &find(&c, "hash")->flat;
    assert_true(work->has_noise && compare_change(work) == 100 && compare_is_real(work));
    /* standard error of each mean 1/sqrt(3), of the difference sqrt(2/3); 4 degrees */
    assert_true(fabs(work->noise - 2.776 * sqrt(2.0 / 3)) < 1e-3);
    assert_true(compare_change(hash) == 5 && !compare_is_real(hash));
    compare_release(&c);
}

static void test_students_t(void **state)
{
    static const double known[][2] = {{1, 12.706}, {4, 2.776},  {10, 2.228},
                                      {20, 2.086}, {60, 2.000}, {1e6, 1.960}};
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_true(fabs(compare_student_t(known[i][0]) - known[i][1]) < 2e-3);
    assert_true(compare_student_t(2.5) < 4.303 && compare_student_t(2.5) > 3.182);
}

static void test_other_values_are_refused(void **state)
{
    static const struct profile_value_type other[] = {{"samples", "count"}, {"cpu", "ms"}};
    static const struct profile_value_type heap[] = {{"objects", "count"}, {"space", "bytes"}};
    struct made a, b;
    const struct profile *before = make(&a, 1, 1), *after = make(&b, 1, 1);
    const struct compare_side x = {&before, 1}, y = {&after, 1};
    struct compare c;
    struct err err = {0};
    (void)state;
    b.p.value_types = other;
    assert_false(compare_profiles(&c, &x, &y, &(struct compare_options){0}, &err));
    assert_non_null(strstr(err.text, "ms"));
    b.p.value_types = heap;
    assert_false(compare_profiles(&c, &x, &y, &(struct compare_options){0}, &err));
    assert_non_null(strstr(err.text, "after"));
    assert_false(compare_profiles(&c, &x, &x, &(struct compare_options){"wall", 0}, &err));
    b.p.value_types = types;
    b.p.duration_ns = 0;
    assert_false(
        compare_profiles(&c, &x, &y, &(struct compare_options){NULL, COMPARE_PER_SECOND}, &err));
    assert_non_null(strstr(err.text, "duration"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_functions_and_stacks),
        cmocka_unit_test(test_scales),
        cmocka_unit_test(test_noise_bound),
        cmocka_unit_test(test_students_t),
        cmocka_unit_test(test_other_values_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
