/* The call graph of a flame tree: each function once, recursions counted once, calls
 * through functions that are left out. */
#include "model/calls.h"
#include "model/flame_build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A stack from the root, "main;a;b", with a weight. */
static void add(struct model_flame *f, const char *stack, uint64_t weight)
{
    char copy[256], *save;
    uint32_t node = 0;
    snprintf(copy, sizeof copy, "%s", stack);
    for (char *name = strtok_r(copy, ";", &save); name; name = strtok_r(NULL, ";", &save))
        node = model_flame_child(f, node, &(struct flame_frame){name, "", "", MODEL_CLASSES});
    f->nodes[node].self += weight;
}

static const struct model_call_node *node_of(const struct model_calls *c,
                                             const struct model_flame *f, const char *name)
{
    for (size_t i = 0; i < c->node_count; i++)
        if (!strcmp(intern_get(&f->names, c->nodes[i].name), name))
            return &c->nodes[i];
    return NULL;
}

static const struct model_call_edge *
edge_of(const struct model_calls *c, const struct model_flame *f, const char *src, const char *dest)
{
    for (size_t i = 0; i < c->edge_count; i++)
        if (&c->nodes[c->edges[i].src] == node_of(c, f, src) &&
            &c->nodes[c->edges[i].dest] == node_of(c, f, dest))
            return &c->edges[i];
    return NULL;
}

static void test_merges_by_name(void **unused)
{
    (void)unused;
    struct model_flame f = {0};
    struct model_calls c = {0};
    model_flame_clear(&f);
    add(&f, "main;parse;read", 10);
    add(&f, "main;write;read", 30);
    add(&f, "main;write", 5);
    model_flame_finish(&f);
    model_calls_from_flame(&c, &f, 60);
    assert_int_equal(c.node_count, 4);
    assert_int_equal(c.left_out, 0);
    assert_int_equal(node_of(&c, &f, "read")->total, 40);
    assert_int_equal(node_of(&c, &f, "write")->self, 5);
    assert_int_equal(edge_of(&c, &f, "write", "read")->weight, 30);
    assert_int_equal(edge_of(&c, &f, "main", "write")->weight, 35);
    assert_null(edge_of(&c, &f, "main", "read"));
    assert_int_equal(c.edge_count, 4);
    model_calls_release(&c);
    model_flame_release(&f);
}

static void test_recursion_counts_once(void **unused)
{
    (void)unused;
    struct model_flame f = {0};
    struct model_calls c = {0};
    model_flame_clear(&f);
    add(&f, "main;a;b;a;b;a", 7);
    add(&f, "main;a;a", 3);
    model_flame_finish(&f);
    model_calls_from_flame(&c, &f, 60);
    assert_int_equal(node_of(&c, &f, "a")->total, 10);
    assert_int_equal(edge_of(&c, &f, "a", "b")->weight, 7);
    assert_int_equal(edge_of(&c, &f, "b", "a")->weight, 7);
    assert_int_equal(edge_of(&c, &f, "a", "a")->weight, 3);
    model_calls_release(&c);
    model_flame_release(&f);
}

static void test_calls_through_what_is_left_out(void **unused)
{
    (void)unused;
    struct model_flame f = {0};
    struct model_calls c = {0};
    model_flame_clear(&f);
    for (int i = 0; i < 8; i++) {
        char stack[64];
        snprintf(stack, sizeof stack, "main;thin_%d;hot", i);
        add(&f, stack, 100);
    }
    model_flame_finish(&f);
    model_calls_from_flame(&c, &f, 2);
    assert_int_equal(c.node_count, 2);
    assert_int_equal(c.left_out, 8);
    assert_int_equal(edge_of(&c, &f, "main", "hot")->weight, 800);
    assert_true(edge_of(&c, &f, "main", "hot")->skips);
    model_calls_release(&c);
    model_flame_release(&f);
}

static void test_nothing(void **unused)
{
    (void)unused;
    struct model_flame f = {0};
    struct model_calls c = {0};
    model_flame_clear(&f);
    model_flame_finish(&f);
    model_calls_from_flame(&c, &f, 60);
    assert_int_equal(c.node_count + c.edge_count, 0);
    model_calls_release(&c);
    model_flame_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merges_by_name),
        cmocka_unit_test(test_recursion_counts_once),
        cmocka_unit_test(test_calls_through_what_is_left_out),
        cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
