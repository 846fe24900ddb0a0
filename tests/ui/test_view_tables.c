/* What the bottom panel shows, without a window: tables, latencies, flame trees made
 * from flame trees, notes. */
#include "model/flame_build.h"
#include "model/notes.h"
#include "model/tables.h"
#include "model/work.h"
#include "support/sample_trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct model_doc *doc;

static int open_sample(void **state)
{
    (void)state;
    char path[] = "/tmp/test_view_tables_XXXXXX";
    struct err err = {0};
    close(mkstemp(path));
    assert_true(sample_trace_write(path, &err));
    doc = model_doc_open(path, &err);
    unlink(path);
    assert_non_null(doc);
    return 0;
}

static int close_sample(void **state)
{
    (void)state;
    model_doc_close(doc);
    return 0;
}

static struct model_table_query query_of(enum model_table_kind kind)
{
    return (struct model_table_query){
        .kind = kind, .thread = MODEL_NO_THREAD, .end_ns = doc->duration_ns + 1};
}

static struct model_table make(const struct model_table_query *q, struct model_latency *latency)
{
    static const atomic_bool never;
    struct model_table t = {0};
    struct model_latency unused;
    model_table_make(&t, latency ? latency : &unused, doc, q, &never);
    return t;
}

/* --- table ----------------------------------------------------------------------- */

static const struct model_column_info columns[] = {{"Name", MODEL_CELL_TEXT, 1, NULL},
                                                   {"Time", MODEL_CELL_NS, 60, NULL}};

static struct model_table three_rows(void)
{
    static const char *const names[] = {"b, \"two\"", "a", "c"};
    static const int64_t ns[] = {20, 30, 10};
    struct model_table t = {0};
    model_table_begin(&t, columns, 2, 1);
    for (int i = 0; i < 3; i++) {
        struct model_cell *c = model_table_row(&t, NULL);
        c[0].text = names[i];
        c[1].n = ns[i];
    }
    return t;
}

static void table_sorts_and_filters(void **state)
{
    (void)state;
    struct model_table t = three_rows();
    model_table_arrange(&t, "");
    assert_int_equal(t.shown_count, 3);
    assert_int_equal(t.shown[0], 1); /* numbers: the largest first */
    assert_int_equal(t.shown[2], 2);
    model_table_sort(&t, 1);
    model_table_arrange(&t, "");
    assert_int_equal(t.shown[0], 2);
    model_table_sort(&t, 0);
    model_table_arrange(&t, "");
    assert_int_equal(t.shown[0], 1); /* texts: a to z */
    model_table_arrange(&t, "TWO");
    assert_int_equal(t.shown_count, 1);
    assert_int_equal(t.shown[0], 0);
    model_table_arrange(&t, "30 ns"); /* what is read can be looked for */
    assert_int_equal(t.shown_count, 1);
    model_table_arrange(&t, "nothing");
    assert_int_equal(t.shown_count, 0);
    model_table_release(&t);
}

static void table_as_csv(void **state)
{
    (void)state;
    struct model_table t = three_rows();
    struct strbuf csv = {0};
    model_table_arrange(&t, "");
    model_table_csv(&t, &csv);
    assert_string_equal(csv.p, "Name,Time (ns)\r\na,30\r\n\"b, \"\"two\"\"\",20\r\nc,10\r\n");
    strbuf_release(&csv);
    model_table_release(&t);
}

/* --- tables of a trace -------------------------------------------------------------- */

static void locks_lead_to_the_longest_wait(void **state)
{
    (void)state;
    struct model_table_query q = query_of(MODEL_TABLE_LOCKS);
    struct model_table t = make(&q, NULL);
    assert_int_equal(t.shown_count, 1);
    const struct model_target *at = &t.targets[t.shown[0]];
    assert_true(at->set && at->lane == MODEL_LANE_LOCKS);
    assert_string_equal(doc->threads[at->thread].name, "worker-2");
    assert_int_equal(at->begin_ns, US(1000));
    assert_int_equal(at->end_ns, US(5000));
    assert_true(at->stack_id && at->other_stack_id);
    model_table_release(&t);
}

static void events_are_of_the_thread_and_range(void **state)
{
    (void)state;
    struct model_table_query q = query_of(MODEL_TABLE_EVENTS);
    struct model_table t = make(&q, NULL);
    assert_int_equal(t.shown_count, 0); /* no thread */
    model_table_release(&t);
    for (uint32_t i = 0; i < doc->thread_count; i++) {
        q.thread = (int)i;
        q.begin_ns = US(2000);
        q.end_ns = US(6000);
        t = make(&q, NULL);
        assert_int_equal(t.total_rows, t.row_count);
        for (uint32_t r = 0; r < t.row_count; r++) {
            assert_int_equal(t.targets[r].thread, i);
            assert_true(t.targets[r].begin_ns < q.end_ns && t.targets[r].end_ns >= q.begin_ns);
        }
        model_table_release(&t);
    }
}

static void live_memory_is_a_part(void **state)
{
    (void)state;
    struct model_table_query q = query_of(MODEL_TABLE_ALLOCS);
    struct model_table all = make(&q, NULL);
    q.variant = MODEL_ALLOCS_LIVE;
    struct model_table live = make(&q, NULL);
    assert_true(all.row_count > 0 && live.row_count > 0 && live.row_count <= all.row_count);
    for (uint32_t r = 0; r < live.row_count; r++) {
        int64_t bytes = model_table_cell(&live, r, 2)->n, peak = model_table_cell(&live, r, 4)->n;
        int64_t kept = model_table_cell(&live, r, 5)->n;
        assert_true(kept > 0 && kept <= peak && peak <= bytes);
    }
    model_table_release(&all);
    model_table_release(&live);
}

static void calls_by_object_are_the_calls_with_one(void **state)
{
    (void)state;
    struct model_table_query q = query_of(MODEL_TABLE_SYSCALLS);
    struct model_table by_call = make(&q, NULL);
    q.variant = MODEL_SYSCALLS_BY_OBJECT;
    struct model_table by_object = make(&q, NULL);
    int64_t calls = 0, objects = 0;
    for (uint32_t r = 0; r < by_call.row_count; r++)
        calls += model_table_cell(&by_call, r, 1)->n;
    for (uint32_t r = 0; r < by_object.row_count; r++) {
        objects += model_table_cell(&by_object, r, 1)->n;
        assert_true(model_table_cell(&by_object, r, 0)->text[0]);
    }
    assert_true(objects > 0 && objects <= calls);
    model_table_release(&by_call);
    model_table_release(&by_object);
}

static void a_cancelled_table_ends(void **state)
{
    (void)state;
    static const atomic_bool now = true;
    for (int kind = 0; kind < MODEL_TABLE_KINDS; kind++) {
        struct model_table_query q = query_of((enum model_table_kind)kind);
        struct model_table t = {0};
        struct model_latency l;
        model_table_make(&t, &l, doc, &q, &now);
        assert_int_equal(t.shown_count, 0);
        model_table_release(&t);
    }
}

/* --- latency ------------------------------------------------------------------------- */

static void buckets_cover_all_durations(void **state)
{
    (void)state;
    for (unsigned b = 0; b + 1 < MODEL_LATENCY_BUCKETS; b++)
        assert_true(model_latency_begin(b) <= model_latency_begin(b + 1));
    for (uint64_t ns = 0; ns < 5000; ns++) {
        unsigned b = model_latency_bucket(ns);
        assert_true(model_latency_begin(b) <= ns && ns < model_latency_begin(b + 1));
    }
    assert_true(model_latency_bucket(UINT64_MAX) < MODEL_LATENCY_BUCKETS);
}

static void a_brush_lists_its_part(void **state)
{
    (void)state;
    struct model_latency l;
    struct model_table_query q = query_of(MODEL_TABLE_LATENCY);
    q.variant = MODEL_LATENCY_CALLS;
    struct model_table all = make(&q, &l);
    assert_true(l.count > 1);
    assert_int_equal(all.total_rows, l.count);
    assert_int_equal(model_table_cell(&all, all.shown[0], 0)->n, l.max_ns); /* the worst first */
    q.least_ns = l.max_ns;
    q.most_ns = l.max_ns + 1;
    struct model_latency again;
    struct model_table worst = make(&q, &again);
    assert_int_equal(again.count, l.count); /* the histogram stays */
    assert_true(worst.total_rows >= 1 && worst.total_rows < l.count);
    model_table_release(&all);
    model_table_release(&worst);
}

/* --- flame ---------------------------------------------------------------------------- */

static void add_stack(struct model_flame *f, const char *stack, uint64_t weight)
{
    uint32_t node = 0;
    for (const char *c = stack; *c; c++) {
        char name[2] = {*c};
        node = model_flame_child(f, node, &(struct flame_frame){name, "", "", MODEL_CLASSES});
    }
    f->nodes[node].self += weight;
}

static struct model_flame flame_of(const char *const *stacks, size_t count, bool in_time_order)
{
    struct model_flame f = {0};
    model_flame_clear(&f);
    f.in_time_order = in_time_order;
    for (size_t i = 0; i < count; i++)
        add_stack(&f, stacks[i], 10);
    model_flame_finish(&f);
    return f;
}

/* The path's node, or 0. */
static uint32_t find(const struct model_flame *f, const char *path)
{
    uint32_t node = 0;
    for (; *path; path++) {
        uint32_t c = f->nodes[node].child;
        while (c && *model_flame_name(f, c) != *path)
            c = f->nodes[c].sibling;
        if (!c)
            return 0;
        node = c;
    }
    return node;
}

static const char *const stacks[] = {"mab", "mac", "mab", "mbab", "mb"};

static void time_order_keeps_moments_apart(void **state)
{
    (void)state;
    struct model_flame heavy = flame_of(stacks, 3, false), timed = flame_of(stacks, 3, true);
    assert_int_equal(heavy.nodes[find(&heavy, "mab")].total, 20);
    uint32_t a = find(&timed, "ma"), first = timed.nodes[a].child;
    uint32_t second = timed.nodes[first].sibling, third = timed.nodes[second].sibling;
    assert_string_equal(model_flame_name(&timed, first), "b");
    assert_string_equal(model_flame_name(&timed, second), "c");
    assert_string_equal(model_flame_name(&timed, third), "b");
    assert_int_equal(timed.nodes[third].sibling, 0);
    assert_int_equal(timed.nodes[a].total, 30);
    model_flame_release(&heavy);
    model_flame_release(&timed);
}

static void sandwich_counts_recursion_once(void **state)
{
    (void)state;
    struct model_flame f = flame_of(stacks, 5, false), callers = {0}, callees = {0};
    assert_true(model_flame_callees(&callees, &f, "b"));
    assert_true(model_flame_callers(&callers, &f, "b"));
    assert_int_equal(callees.nodes[0].total, 40);
    assert_int_equal(callers.nodes[0].total, 40);
    assert_int_equal(callees.nodes[find(&callees, "ab")].total, 10); /* it called itself */
    assert_int_equal(callers.nodes[find(&callers, "am")].total, 20);
    assert_int_equal(callers.nodes[find(&callers, "m")].total, 20);
    assert_false(model_flame_callees(&callees, &f, "x"));
    assert_false(model_flame_callers(&callers, &f, "x"));
    model_flame_release(&f);
    model_flame_release(&callers);
    model_flame_release(&callees);
}

static void search_tells_its_share(void **state)
{
    (void)state;
    struct model_flame f = flame_of(stacks, 5, false);
    bool match[32];
    assert_true(f.count < 32);
    assert_int_equal(model_flame_match(&f, "B", match), 40);
    assert_true(match[find(&f, "mb")] && match[find(&f, "mbab")]);
    assert_false(match[find(&f, "ma")]);
    assert_int_equal(model_flame_match(&f, "m", match), 50);
    assert_int_equal(model_flame_match(&f, "z", match), 0);
    model_flame_release(&f);
}

static void difference_has_both_sides(void **state)
{
    (void)state;
    static const char *const old_stacks[] = {"mab", "md"};
    struct model_flame now = flame_of(stacks, 5, false), old = flame_of(old_stacks, 2, false);
    struct model_flame diff = {0};
    model_flame_diff(&diff, &old, &now, false, false);
    assert_true(diff.is_diff);
    assert_int_equal(diff.nodes[0].total, 50);
    assert_int_equal(diff.nodes[0].before, 20);
    assert_int_equal(diff.nodes[find(&diff, "mab")].total, 20);
    assert_int_equal(diff.nodes[find(&diff, "mab")].before, 10);
    assert_int_equal(diff.nodes[find(&diff, "md")].total, 0);
    assert_int_equal(diff.nodes[find(&diff, "md")].before, 10);
    model_flame_diff(&diff, &old, &now, true, false);
    assert_int_equal(diff.nodes[0].before, 50); /* as if both had the same sum */
    model_flame_diff(&diff, &old, &now, false, true);
    assert_int_equal(diff.nodes[find(&diff, "md")].total, 10);
    assert_int_equal(diff.nodes[find(&diff, "md")].before, 0);
    model_flame_release(&now);
    model_flame_release(&old);
    model_flame_release(&diff);
}

/* --- notes, work ------------------------------------------------------------------------ */

static void notes_stay_in_order(void **state)
{
    (void)state;
    struct model_notes n = {0};
    assert_int_equal(model_notes_add(&n, 50, 60, "later"), 0);
    assert_int_equal(model_notes_add(&n, 10, 5, "first"), 0);
    assert_int_equal(model_notes_add(&n, 20, 20, "second"), 1);
    assert_int_equal(n.v[0].end_ns, 10); /* never before its begin */
    model_notes_set(&n, 1, n.v[1].text);
    assert_string_equal(n.v[1].text, "second");
    model_notes_remove(&n, 0);
    assert_int_equal(n.count, 2);
    assert_string_equal(n.v[1].text, "later");
    model_notes_release(&n);
}

static void run_until_cancelled(void *arg, const atomic_bool *cancel)
{
    atomic_bool *entered = arg;
    atomic_store(entered, true);
    while (!atomic_load(cancel))
        usleep(100);
}

static void work_can_be_cancelled(void **state)
{
    (void)state;
    struct model_work w = {0};
    atomic_bool entered = false;
    assert_false(model_work_done(&w));
    model_work_start(&w, run_until_cancelled, &entered, NULL);
    while (!atomic_load(&entered))
        usleep(100);
    assert_true(model_work_is_started(&w));
    assert_false(model_work_done(&w));
    model_work_stop(&w);
    assert_false(model_work_is_started(&w));
    assert_false(model_work_done(&w)); /* a cancelled end is none */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_sorts_and_filters),
        cmocka_unit_test(table_as_csv),
        cmocka_unit_test(locks_lead_to_the_longest_wait),
        cmocka_unit_test(events_are_of_the_thread_and_range),
        cmocka_unit_test(live_memory_is_a_part),
        cmocka_unit_test(calls_by_object_are_the_calls_with_one),
        cmocka_unit_test(a_cancelled_table_ends),
        cmocka_unit_test(buckets_cover_all_durations),
        cmocka_unit_test(a_brush_lists_its_part),
        cmocka_unit_test(time_order_keeps_moments_apart),
        cmocka_unit_test(sandwich_counts_recursion_once),
        cmocka_unit_test(search_tells_its_share),
        cmocka_unit_test(difference_has_both_sides),
        cmocka_unit_test(notes_stay_in_order),
        cmocka_unit_test(work_can_be_cancelled),
    };
    return cmocka_run_group_tests(tests, open_sample, close_sample);
}
