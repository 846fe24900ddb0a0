/* Pictures of call graphs: boxes keep apart, callers stand above callees, cycles and
 * loops are drawn, and what can be drawn without crossings is. */
#include "pprof/layout.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void make(struct layout *l, uint32_t boxes, const uint32_t (*edges)[2], uint32_t count)
{
    layout_init(l, boxes, count);
    for (uint32_t i = 0; i < boxes; i++) {
        l->boxes[i].width = 20 + 7 * (i % 5);
        l->boxes[i].height = 10 + 3 * (i % 3);
    }
    for (uint32_t e = 0; e < count; e++)
        l->edges[e] = (struct layout_edge){
            .src = edges[e][0], .dest = edges[e][1], .weight = e + 1, .label_width = 10};
    layout_run(l);
}

static void check_sane(const struct layout *l)
{
    for (uint32_t i = 0; i < l->box_count; i++) {
        const struct layout_box *a = &l->boxes[i];
        assert_true(a->x - a->width / 2 >= -0.01 && a->x + a->width / 2 <= l->width + 0.01);
        assert_true(a->y - a->height / 2 >= -0.01 && a->y + a->height / 2 <= l->height + 0.01);
        for (uint32_t k = i + 1; k < l->box_count; k++) {
            const struct layout_box *b = &l->boxes[k];
            bool apart_x = fabs(a->x - b->x) >= (a->width + b->width) / 2 + l->gap_x - 0.01;
            bool apart_y = fabs(a->y - b->y) >= (a->height + b->height) / 2 + l->gap_y - 0.01;
            assert_true(apart_x || apart_y);
        }
    }
    for (uint32_t e = 0; e < l->edge_count; e++) {
        assert_true(l->edges[e].point_count >= 4 && l->edges[e].point_count % 3 == 1);
        for (uint32_t p = 0; p < l->edges[e].point_count; p++)
            assert_true(isfinite(l->edges[e].points[p].x) && isfinite(l->edges[e].points[p].y));
    }
}

static void test_chain(void **state)
{
    (void)state;
    static const uint32_t edges[][2] = {{0, 1}, {1, 2}, {0, 2}, {2, 3}};
    struct layout l;
    make(&l, 4, edges, 4);
    check_sane(&l);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(l.boxes[i].layer, i);
    /* past a layer: two curves more for its bend */
    assert_int_equal(l.edges[2].point_count, 10);
    assert_true(l.edges[2].points[0].y < l.edges[2].points[9].y);
    layout_release(&l);
}

static void test_cycle(void **state)
{
    (void)state;
    static const uint32_t edges[][2] = {{0, 1}, {1, 2}, {2, 1}, {2, 2}, {2, 0}};
    struct layout l;
    make(&l, 3, edges, 5);
    check_sane(&l);
    assert_true(l.boxes[0].layer < l.boxes[1].layer && l.boxes[1].layer < l.boxes[2].layer);
    /* a call back up starts at its caller all the same */
    const struct layout_edge *up = &l.edges[4];
    assert_true(up->points[0].y > up->points[up->point_count - 1].y);
    layout_release(&l);
}

/* Two chains given crosswise: the order has to be found. */
static void test_uncrossed(void **state)
{
    (void)state;
    static const uint32_t edges[][2] = {{0, 3}, {1, 2}, {2, 5}, {3, 4}, {4, 6}, {5, 6}};
    struct layout l;
    make(&l, 7, edges, 6);
    check_sane(&l);
    assert_true((l.boxes[0].x < l.boxes[1].x) == (l.boxes[3].x < l.boxes[2].x));
    assert_true((l.boxes[3].x < l.boxes[2].x) == (l.boxes[4].x < l.boxes[5].x));
    layout_release(&l);
}

static void test_random(void **state)
{
    (void)state;
    enum {
        EDGES = 300
    };
    static uint32_t edges[EDGES][2];
    uint32_t seed = 7;
    for (uint32_t boxes = 1; boxes < 120; boxes += 17) {
        struct layout a, b;
        for (uint32_t e = 0; e < EDGES; e++)
            for (int k = 0; k < 2; k++)
                edges[e][k] = (seed = seed * 1664525 + 1013904223) % 65521 % boxes;
        make(&a, boxes, edges, EDGES);
        check_sane(&a);
        make(&b, boxes, edges, EDGES);
        assert_memory_equal(a.boxes, b.boxes, boxes * sizeof *a.boxes);
        layout_release(&a);
        layout_release(&b);
    }
}

static void test_nothing(void **state)
{
    (void)state;
    struct layout l;
    make(&l, 0, NULL, 0);
    assert_true(l.width == 0 && l.height == 0);
    layout_release(&l);
    make(&l, 1, NULL, 0);
    check_sane(&l);
    layout_release(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_chain), cmocka_unit_test(test_cycle),
                                       cmocka_unit_test(test_uncrossed),
                                       cmocka_unit_test(test_random),
                                       cmocka_unit_test(test_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
