/* The viewer's model: what is drawn is the truth, and what is hit is what is drawn. */
#include "model/flame.h"
#include "model/lanes.h"
#include "model/ticks.h"
#include "trace/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    STATES = 5000,
    DURATION = 40000000
};

static uint64_t seed = 7;

static uint64_t random_below(uint64_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
}

/* Times near a boundary of columns matter most: mix scales from a few ns up. */
static int64_t random_length(void)
{
    return 1 + (int64_t)random_below(random_below(3) ? 40 : random_below(9) ? 2000 : 90000);
}

static void test_window_columns(void **unused)
{
    (void)unused;
    for (int i = 0; i < 3000; i++) {
        struct model_window w;
        model_window_init(&w, 1 + (int64_t)random_below(1u << 30), 1 + (int)random_below(2500));
        int64_t begin = (int64_t)random_below((uint64_t)w.end_ns);
        model_window_show(&w, begin, begin + 1 + (int64_t)random_below((uint64_t)w.end_ns));
        assert_true(w.begin_ns >= 0 && w.end_ns - w.begin_ns >= w.width_px);
        assert_int_equal(model_ns_from_px(&w, 0), w.begin_ns);
        assert_int_equal(model_ns_from_px(&w, w.width_px), w.end_ns);
        for (int k = 0; k < 20; k++) {
            int p = (int)random_below((uint64_t)w.width_px);
            int64_t first = model_ns_from_px(&w, p), next = model_ns_from_px(&w, p + 1);
            assert_true(next > first);
            assert_int_equal(model_px_from_ns(&w, first), p);
            assert_int_equal(model_px_from_ns(&w, next - 1), p);
            assert_int_equal(model_px_from_ns(&w, first - 1), p - 1);
        }
    }
}

static void test_window_zoom_keeps_the_pointer(void **unused)
{
    (void)unused;
    struct model_window w;
    model_window_init(&w, 2000000000, 1600);
    model_window_show(&w, 500000000, 900000000);
    for (int i = 0; i < 60; i++) {
        int64_t at = model_ns_from_px(&w, 400), column = (w.end_ns - w.begin_ns) / w.width_px + 1;
        model_window_zoom(&w, i < 40 ? 1 / 1.3 : 1.3, 400);
        int64_t moved = llabs((long long)(model_ns_from_px(&w, 400) - at));
        assert_true(moved <= column);
    }
    for (int i = 0; i < 80; i++)
        model_window_zoom(&w, 1.3, 400);
    assert_int_equal(w.begin_ns, 0);
    assert_int_equal(w.end_ns, 2000000000);
    model_window_pan(&w, 0.5);
    assert_int_equal(w.begin_ns, 0);
}

static void test_ticks(void **unused)
{
    (void)unused;
    struct model_window w;
    struct model_tick tick;
    char buf[MODEL_TIME_MAX];
    model_window_init(&w, 10000000000, 1000);
    for (int i = 0; i < 2000; i++) {
        int64_t begin = (int64_t)random_below(9000000000u);
        model_window_show(&w, begin,
                          begin + 1000 + (int64_t)random_below(random_below(2) ? 90000 : 1u << 29));
        struct model_ticks t = model_ticks(&w, 90);
        int last = -1000, count = 0;
        while (model_ticks_next(&t, &tick)) {
            int x = model_px_from_ns(&w, tick.ns);
            assert_true(x >= 0 && x < w.width_px && x - last >= 90);
            assert_true(tick.ns % t.step_ns == 0);
            last = x;
            count++;
        }
        assert_true(count >= 3 && count <= 12);
    }
    assert_string_equal(model_time_exact(buf, 1234567891), "1.234567891 s");
    assert_string_equal(model_time_exact(buf, 12500), "12.5 us");
    assert_string_equal(model_time_exact(buf, 20000000), "20 ms");
    assert_string_equal(model_time_exact(buf, 7), "7 ns");
    assert_string_equal(model_time_exact(buf, 0), "0 s");
    assert_string_equal(model_time_exact(buf, -1500000), "-1.5 ms");
}

/* --- a random trace ------------------------------------------------------ */

struct truth {
    int64_t begin_ns, end_ns;
    enum model_class class;
};

static struct truth truths[STATES], calls[STATES];
static size_t call_count;

static void write_states(struct trace_writer *w)
{
    int64_t at = 1000;
    for (int i = 0; i < STATES; i++) {
        enum trace_state state = (enum trace_state)(1 + random_below(3));
        enum trace_reason reason =
            state == TRACE_BLOCKED ? (enum trace_reason)(1 + random_below(7)) : TRACE_REASON_NONE;
        uint64_t v[TRACE_THREAD_STATE_COLUMNS] = {(uint64_t)at, state, 0, reason, 0, 0, 0};
        trace_writer_row(w, TRACE_THREAD_STATE_TABLE, 0, v);
        truths[i] = (struct truth){at, at + random_length(), model_class_from_state(state, reason)};
        at = truths[i].end_ns;
    }
    truths[STATES - 1].end_ns = DURATION;
}

/* Calls with gaps between them, some of no length. */
static void write_calls(struct trace_writer *w)
{
    static const char *const names[] = {"read", "futex", "epoll_wait", "mmap", "openat", "getpid"};
    int64_t at = 500;
    for (call_count = 0; call_count < STATES && at < DURATION - 200000; call_count++) {
        const char *name = names[random_below(6)];
        int64_t dur = random_length() - 1;
        uint64_t v[TRACE_SYSCALL_COLUMNS] = {[TRACE_SYSCALL_ts] = (uint64_t)at,
                                             [TRACE_SYSCALL_dur] = (uint64_t)dur,
                                             [TRACE_SYSCALL_name] = trace_writer_string(w, name)};
        trace_writer_row(w, TRACE_SYSCALL_TABLE, 0, v);
        calls[call_count] = (struct truth){at, at + dur, model_class_from_syscall(name)};
        at += dur + random_length();
    }
}

static void write_region(struct trace_writer *w, const char *name, uint64_t ts, uint64_t dur)
{
    uint64_t v[TRACE_REGION_COLUMNS] = {ts, dur, trace_writer_string(w, name), 0};
    trace_writer_row(w, TRACE_REGION_TABLE, 0, v);
}

static uint32_t stack_of(struct trace_writer *w, const char *const *names, size_t count)
{
    uint32_t frames[8], id = trace_writer_stack_new(w);
    for (size_t i = 0; i < count; i++)
        frames[i] =
            trace_writer_frame(w, (uint64_t[TRACE_FRAME_COLUMNS]){
                                      [TRACE_FRAME_function] = trace_writer_string(w, names[i])});
    trace_writer_stack_define(w, id, frames, count);
    return id;
}

static void write_samples(struct trace_writer *w)
{
    uint32_t deep = stack_of(w, (const char *const[]){"leaf", "work", "main"}, 3);
    uint32_t flat = stack_of(w, (const char *const[]){"work", "main"}, 2);
    uint32_t again = stack_of(w, (const char *const[]){"work", "leaf", "work", "main"}, 4);
    uint32_t ids[] = {deep, deep, deep, flat, again, 0};
    for (uint64_t i = 0; i < 6; i++)
        trace_writer_row(w, TRACE_SAMPLE_TABLE, 0,
                         (uint64_t[]){1000 * (i + 1), TRACE_SAMPLE_CPU, 10, ids[i]});
}

static struct model_doc *open_doc(void)
{
    char path[] = "/tmp/test_view_model_XXXXXX";
    struct err err = {0};
    close(mkstemp(path));
    struct trace_writer *w = trace_writer_open(path, &err);
    assert_non_null(w);
    uint64_t thread[TRACE_THREAD_COLUMNS] = {9,    9,        trace_writer_string(w, "main"),
                                             1000, DURATION, 0};
    trace_writer_row(w, TRACE_THREAD_TABLE, 0, thread);
    write_states(w);
    write_calls(w);
    /* Written as they end: inner ones first, also where they begin together. */
    write_region(w, "inner", 100, 50);
    write_region(w, "innermost", 160, 10);
    write_region(w, "second", 160, 30);
    write_region(w, "outer", 100, 100);
    write_region(w, "alone", 300, 10);
    write_samples(w);
    assert_true(trace_writer_close(w, DURATION, &err));
    struct model_doc *doc = model_doc_open(path, &err);
    unlink(path);
    if (!doc)
        fail_msg("%s", err.text);
    return doc;
}

static int setup(void **state)
{
    *state = open_doc();
    return 0;
}

static int teardown(void **state)
{
    model_doc_close(*state);
    return 0;
}

/* --- rows ------------------------------------------------------------------ */

static void count_truth(const struct truth *t, size_t count, int64_t begin, int64_t end,
                        uint64_t ns[MODEL_CLASSES])
{
    memset(ns, 0, MODEL_CLASSES * sizeof *ns);
    for (size_t i = 0; i < count; i++) {
        int64_t from = t[i].begin_ns > begin ? t[i].begin_ns : begin;
        int64_t to = t[i].end_ns < end ? t[i].end_ns : end;
        if (to > from)
            ns[t[i].class] += (uint64_t)(to - from);
    }
}

/* What the row claims for the column at x. */
static void column_of(const struct model_row *row, const struct model_window *w, int x,
                      uint64_t ns[MODEL_CLASSES])
{
    memset(ns, 0, MODEL_CLASSES * sizeof *ns);
    const struct model_piece *p = model_row_at(row, x);
    if (!p)
        return;
    assert_true(p->x0 <= x && x < p->x1);
    if (p->kind == MODEL_PIECE_MIXED)
        memcpy(ns, row->columns[p->index].ns, MODEL_CLASSES * sizeof *ns);
    else
        ns[p->span.class] = (uint64_t)(model_ns_from_px(w, x + 1) - model_ns_from_px(w, x));
}

static size_t count_begins(const struct truth *truth, size_t count, int64_t begin, int64_t end)
{
    size_t begins = 0;
    for (size_t i = 0; i < count; i++)
        begins += truth[i].begin_ns >= begin && truth[i].begin_ns < end;
    return begins;
}

static void check_columns(const struct model_row *row, const struct model_window *w,
                          const struct truth *truth, size_t count)
{
    int at = 0;
    for (size_t k = 0; k < row->piece_count; k++) {
        assert_true(row->pieces[k].x0 >= at && row->pieces[k].x1 <= w->width_px);
        at = row->pieces[k].x1;
    }
    for (int k = 0; k < 25; k++) {
        uint64_t shown[MODEL_CLASSES], real[MODEL_CLASSES];
        int x = (int)random_below((uint64_t)w->width_px);
        int64_t begin = model_ns_from_px(w, x), end = model_ns_from_px(w, x + 1);
        if (row->counted) {
            const struct model_piece *p = model_row_at(row, x);
            assert_int_equal(p ? p->index : 0, count_begins(truth, count, begin, end));
            continue;
        }
        column_of(row, w, x, shown);
        count_truth(truth, count, begin, end, real);
        assert_memory_equal(shown, real, sizeof real);
    }
}

/* Random windows, and each moved by a few columns, which keeps what is in sight. */
static void check_row(struct model_doc *doc, enum model_lane_kind kind, const struct truth *truth,
                      size_t count)
{
    struct model_lane lane = {.kind = kind};
    struct model_spans spans;
    struct model_row row = {0};
    assert_true(model_lane_spans(&lane, doc, &spans));
    for (int i = 0; i < 60; i++) {
        struct model_window w;
        model_window_init(&w, DURATION, 20 + (int)random_below(900));
        int64_t begin = (int64_t)random_below(DURATION);
        int64_t length = 1 + (int64_t)random_below(random_below(2) ? 3000 : DURATION);
        if (i)
            model_window_show(&w, begin, begin + length);
        model_row_build(&row, &spans, &w);
        check_columns(&row, &w, truth, count);
        for (int pan = 0; pan < 3; pan++) {
            struct model_row fresh = {0};
            model_window_pan_px(&w, (int)random_below(600) - 300);
            model_row_build(&row, &spans, &w);
            model_row_build(&fresh, &spans, &w);
            check_columns(&row, &w, truth, count);
            assert_int_equal(row.piece_count, fresh.piece_count);
            for (size_t k = 0; k < row.piece_count; k++)
                assert_int_equal(row.pieces[k].x1, fresh.pieces[k].x1);
            model_row_release(&fresh);
        }
    }
    model_row_release(&row);
}

static void test_state_columns_are_exact(void **state)
{
    check_row(*state, MODEL_LANE_STATE, truths, STATES);
}

static void test_call_columns_are_exact(void **state)
{
    check_row(*state, MODEL_LANE_SYSCALLS, calls, call_count);
}

static void test_totals_are_exact(void **state)
{
    struct model_doc *doc = *state;
    struct model_lane lane = {.kind = MODEL_LANE_STATE};
    struct model_spans spans;
    model_lane_spans(&lane, doc, &spans);
    for (int i = 0; i < 50; i++) {
        uint64_t real[MODEL_CLASSES];
        struct model_totals totals;
        int64_t begin = (int64_t)random_below(DURATION), end = begin + random_length() * 50;
        assert_true(model_row_totals(&spans, begin, end, 0, &totals));
        count_truth(truths, STATES, begin, end, real);
        assert_memory_equal(totals.ns, real, sizeof real);
    }
}

/* A span under the pointer is the one whose box covers the pointer. */
static void test_hit_is_what_is_drawn(void **state)
{
    struct model_doc *doc = *state;
    struct model_lane lane = {.kind = MODEL_LANE_STATE};
    struct model_spans spans;
    struct model_row row = {0};
    struct model_window w;
    model_lane_spans(&lane, doc, &spans);
    model_window_init(&w, DURATION, 1000);
    model_window_show(&w, 4000, 9000);
    model_row_build(&row, &spans, &w);
    for (int x = 0; x < w.width_px; x++) {
        const struct model_piece *p = model_row_at(&row, x);
        assert_non_null(p);
        if (p->kind != MODEL_PIECE_SPAN)
            continue;
        const struct truth *t = &truths[p->span.row];
        assert_true(t->begin_ns <= model_ns_from_px(&w, x));
        assert_true(t->end_ns >= model_ns_from_px(&w, x + 1));
        assert_int_equal(t->class, p->span.class);
    }
    model_row_release(&row);
}

static void test_overview_adds_up(void **state)
{
    struct model_doc *doc = *state;
    uint64_t real[MODEL_CLASSES], running = 0;
    assert_true(model_overview_run(doc));
    count_truth(truths, STATES, 0, DURATION, real);
    assert_memory_equal(doc->overview.thread_ns, real, MODEL_STATES * sizeof *real);
    for (int b = 0; b < MODEL_OVERVIEW_BUCKETS; b++)
        running += doc->overview.running_ns[b];
    assert_int_equal(running, real[MODEL_RUNNING]);
}

static void test_regions_nest(void **state)
{
    struct model_doc *doc = *state;
    static const char *const expected[3][3] = {
        {"outer", "alone"}, {"inner", "second"}, {"innermost"}};
    const struct model_regions *r = &doc->threads[0].regions;
    struct trace_cursor c = trace_cursor(doc->trace, TRACE_REGION_TABLE, 0);
    assert_int_equal(r->depths, 3);
    for (unsigned d = 0; d < 3; d++) {
        size_t count = d < 2 ? 2 : 1;
        assert_int_equal(r->depth[d].count, count);
        for (size_t i = 0; i < count; i++) {
            uint64_t name = trace_get(&c, r->depth[d].rows[i], TRACE_REGION_name);
            assert_string_equal(trace_string(doc->trace, name), expected[d][i]);
        }
    }
}

static void test_lanes_cover_all_heights(void **state)
{
    struct model_doc *doc = *state;
    struct model_lanes l = {.lane_px = {24, 22, 15, 16, 15, 13, 24, 36}, .gap_px = 5};
    model_lanes_build(&l, doc);
    assert_null(model_lanes_at(&l, -1));
    assert_null(model_lanes_at(&l, l.height_px));
    size_t last = 0;
    for (int y = 0; y < l.height_px; y++) {
        struct model_lane *lane = model_lanes_at(&l, y);
        assert_non_null(lane);
        size_t i = (size_t)(lane - l.items);
        assert_true(i == last || i == last + 1);
        assert_true(y >= lane->y);
        last = i;
    }
    assert_int_equal(last, l.count - 1);
    l.process_closed[0] = true;
    model_lanes_build(&l, doc);
    assert_int_equal(l.count, 1);
    model_lanes_release(&l);
}

/* --- flame graphs ------------------------------------------------------------ */

static uint32_t child_named(const struct model_flame *f, uint32_t parent, const char *name)
{
    for (uint32_t c = f->nodes[parent].child; c; c = f->nodes[c].sibling)
        if (!strcmp(model_flame_name(f, c), name))
            return c;
    fail_msg("no %s below %s", name, model_flame_name(f, parent));
    return 0;
}

static void build_flame(struct model_doc *doc, struct model_range range, uint64_t slice,
                        struct model_flame *f)
{
    struct model_flame_job job;
    model_flame_job_init(&job, doc, MODEL_FLAME_CPU, range, MODEL_NO_THREAD);
    model_flame_clear(f);
    while (!model_flame_job_step(&job, f, slice))
        ;
    model_flame_job_release(&job);
}

static void test_flame_weights(void **state)
{
    for (uint64_t slice = 1; slice <= 100; slice += 33) {
        struct model_flame f = {0};
        build_flame(*state, (struct model_range){0, DURATION}, slice, &f);
        uint32_t main_node = child_named(&f, 0, "main"), work = child_named(&f, main_node, "work");
        assert_int_equal(f.nodes[0].total, 60);
        assert_int_equal(f.nodes[main_node].total, 50);
        assert_int_equal(f.nodes[work].self, 10);
        assert_int_equal(f.nodes[child_named(&f, work, "leaf")].total, 40);
        assert_int_equal(f.nodes[child_named(&f, 0, "[no stack]")].self, 10);
        assert_int_equal(f.unknown, 10);
        struct model_top top = {0};
        model_top_from_flame(&top, &f, MODEL_TOP_TOTAL);
        assert_int_equal(top.count, 4);
        for (size_t i = 0; i < top.count; i++) /* recursion counts once */
            assert_true(top.rows[i].total <= 50);
        free(top.rows);
        model_flame_release(&f);
    }
}

static void test_flame_of_a_range(void **state)
{
    struct model_flame f = {0};
    build_flame(*state, (struct model_range){2000, 4000}, 1000, &f);
    assert_int_equal(f.nodes[0].total, 20);
    build_flame(*state, (struct model_range){5000000, 5000001}, 1000, &f);
    assert_int_equal(f.nodes[0].total, 0);
    model_flame_release(&f);
}

static void test_waits_add_up(void **state)
{
    struct model_flame f = {0};
    struct model_flame_job job;
    uint64_t real[MODEL_CLASSES], blocked = 0;
    for (uint64_t slice = 7; slice < 20000; slice *= 40) {
        model_flame_job_init(&job, *state, MODEL_FLAME_WAITS, (struct model_range){12345, 600000},
                             0);
        model_flame_clear(&f);
        while (!model_flame_job_step(&job, &f, slice))
            ;
        model_flame_job_release(&job);
        count_truth(truths, STATES, 12345, 600000, real);
        blocked = 0;
        for (int c = 0; c < MODEL_CLASSES; c++)
            if (model_class_is_blocked((enum model_class)c))
                blocked += real[c];
        assert_int_equal(f.nodes[0].total, blocked);
    }
    model_flame_release(&f);
}

static void test_flame_boxes(void **state)
{
    struct model_flame f = {0};
    struct model_flame_boxes boxes = {0};
    build_flame(*state, (struct model_range){0, DURATION}, 1000, &f);
    model_flame_layout(&f, 0, 600, &boxes);
    for (size_t i = 0; i < boxes.count; i++) {
        const struct model_flame_box *b = &boxes.items[i];
        assert_ptr_equal(model_flame_hit(&boxes, b->x0, b->row), b);
        assert_ptr_equal(model_flame_hit(&boxes, b->x1 - 1, b->row), b);
        assert_int_equal(b->x1 - b->x0, f.nodes[b->node].total * 10);
    }
    assert_null(model_flame_hit(&boxes, 599, 2));
    uint32_t work = child_named(&f, child_named(&f, 0, "main"), "work");
    model_flame_layout(&f, work, 500, &boxes);
    const struct model_flame_box *zoomed = model_flame_hit(&boxes, 250, 2);
    assert_int_equal(zoomed->node, work);
    assert_int_equal(zoomed->x1 - zoomed->x0, 500);
    free(boxes.items);
    model_flame_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_window_columns),
        cmocka_unit_test(test_window_zoom_keeps_the_pointer),
        cmocka_unit_test(test_ticks),
        cmocka_unit_test(test_state_columns_are_exact),
        cmocka_unit_test(test_call_columns_are_exact),
        cmocka_unit_test(test_totals_are_exact),
        cmocka_unit_test(test_hit_is_what_is_drawn),
        cmocka_unit_test(test_overview_adds_up),
        cmocka_unit_test(test_regions_nest),
        cmocka_unit_test(test_lanes_cover_all_heights),
        cmocka_unit_test(test_flame_weights),
        cmocka_unit_test(test_flame_of_a_range),
        cmocka_unit_test(test_waits_add_up),
        cmocka_unit_test(test_flame_boxes),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
