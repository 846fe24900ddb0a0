/* Search, statistics of a selection, CPUs and locks across threads, pins and order:
 * each against brute force over a random trace. */
#include "model/search.h"
#include "model/stats.h"
#include "trace/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    THREADS = 3,
    STATES = 3000,
    LOCKS = 4,
    MOST = 20000
};

/* One row of the trace, as it was written. */
struct row {
    enum model_lane_kind lane;
    uint32_t thread;
    uint64_t row;
    int64_t begin_ns, end_ns;
    const char *name; /* of a call, region, function, lock */
    enum model_class class;
    int cpu;
    uint32_t address;
    bool taken; /* by the test at hand */
};

static struct row rows[MOST];
static size_t row_count;
static int64_t duration_ns;
static uint64_t seed = 5;
static const char *const functions[] = {"alpha_one", "alpha_two", "beta", "gamma"};
static const char *const calls[] = {"read", "readv", "futex"};

static uint64_t random_below(uint64_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
}

static struct row *add(enum model_lane_kind lane, uint32_t thread, uint64_t row, int64_t begin,
                       int64_t end, const char *name)
{
    assert_true(row_count < MOST);
    rows[row_count] = (struct row){.lane = lane,
                                   .thread = thread,
                                   .row = row,
                                   .begin_ns = begin,
                                   .end_ns = end,
                                   .name = name,
                                   .class = MODEL_CLASSES,
                                   .cpu = -1};
    return &rows[row_count++];
}

/* Stack i + 1 is functions[i] alone. */
static void write_stacks(struct trace_writer *w)
{
    for (size_t i = 0; i < 4; i++) {
        uint64_t v[TRACE_FRAME_COLUMNS] = {[TRACE_FRAME_address] = 0x1000 + i,
                                           [TRACE_FRAME_function] =
                                               trace_writer_string(w, functions[i])};
        uint32_t frame = trace_writer_frame(w, v);
        trace_writer_stack_define(w, trace_writer_stack_new(w), &frame, 1);
    }
}

static void write_call(struct trace_writer *w, uint32_t t, uint64_t row, int64_t at, int64_t dur)
{
    const char *name = calls[random_below(3)];
    uint64_t v[TRACE_SYSCALL_COLUMNS] = {[TRACE_SYSCALL_ts] = (uint64_t)at,
                                         [TRACE_SYSCALL_dur] = (uint64_t)dur,
                                         [TRACE_SYSCALL_name] = trace_writer_string(w, name)};
    trace_writer_row(w, TRACE_SYSCALL_TABLE, t, v);
    add(MODEL_LANE_SYSCALLS, t, row, at, at + dur, name);
}

static void write_wait(struct trace_writer *w, uint32_t t, uint64_t row, int64_t at, int64_t dur)
{
    uint32_t lock = (uint32_t)random_below(LOCKS);
    uint64_t v[TRACE_LOCK_WAIT_COLUMNS] = {[TRACE_LOCK_WAIT_ts] = (uint64_t)at,
                                           [TRACE_LOCK_WAIT_dur] = (uint64_t)dur,
                                           [TRACE_LOCK_WAIT_lock] = 0x7700 + lock};
    trace_writer_row(w, TRACE_LOCK_WAIT_TABLE, t, v);
    add(MODEL_LANE_LOCKS, t, row, at, at + dur, lock == 0 ? "orders" : "")->address = 0x7700 + lock;
}

static void write_thread(struct trace_writer *w, uint32_t t)
{
    uint64_t call_rows = 0, wait_rows = 0;
    int64_t at = 100;
    for (uint64_t i = 0; i < STATES; i++) {
        enum trace_state state = (enum trace_state)(1 + random_below(3));
        enum trace_reason reason =
            state == TRACE_BLOCKED ? (enum trace_reason)(1 + random_below(4)) : TRACE_REASON_NONE;
        int64_t dur = 1 + (int64_t)random_below(random_below(20) ? 500 : 20000);
        uint64_t stack = state == TRACE_BLOCKED ? random_below(5) : 0;
        int cpu = state == TRACE_RUNNING ? (int)random_below(2) : -1;
        uint64_t v[TRACE_THREAD_STATE_COLUMNS] = {
            (uint64_t)at, state, (uint64_t)(int64_t)cpu, reason, 0, 0, stack};
        trace_writer_row(w, TRACE_THREAD_STATE_TABLE, t, v);
        struct row *r =
            add(MODEL_LANE_STATE, t, i, at, at + dur, stack ? functions[stack - 1] : "");
        r->class = model_class_from_state(state, reason);
        r->cpu = cpu;
        if (random_below(3) == 0)
            write_call(w, t, call_rows++, at, dur);
        if (reason == TRACE_REASON_LOCK)
            write_wait(w, t, wait_rows++, at, dur);
        at += dur;
    }
    trace_writer_update(w, TRACE_THREAD_TABLE, t, TRACE_THREAD_end_ts, (uint64_t)at);
    duration_ns = at > duration_ns ? at : duration_ns;
}

static int setup(void **state)
{
    static const char *const names[THREADS] = {"main", "alpha-worker", "idle"};
    char path[] = "/tmp/test_view_search_XXXXXX";
    struct err err;
    close(mkstemp(path));
    struct trace_writer *w = trace_writer_open(path, &err);
    write_stacks(w);
    for (uint32_t t = 0; t < THREADS; t++) {
        uint64_t v[TRACE_THREAD_COLUMNS] = {50 + t, 50, trace_writer_string(w, names[t])};
        trace_writer_row(w, TRACE_THREAD_TABLE, 0, v);
    }
    for (uint32_t i = 0; i < LOCKS; i++) {
        uint64_t v[TRACE_LOCK_COLUMNS] = {[TRACE_LOCK_lock] = 0x7700 + i,
                                          [TRACE_LOCK_name] =
                                              i ? 0 : trace_writer_string(w, "orders"),
                                          [TRACE_LOCK_wait_ns] = 1000 + i};
        trace_writer_row(w, TRACE_LOCK_TABLE, 0, v);
    }
    for (uint32_t t = 0; t < THREADS; t++)
        write_thread(w, t);
    assert_true(trace_writer_close(w, (uint64_t)duration_ns, &err));
    struct model_doc *doc = model_doc_open(path, &err);
    remove(path);
    *state = doc;
    return doc ? 0 : -1;
}

static int teardown(void **state)
{
    model_doc_close(*state);
    return 0;
}

static void wait_for(struct model_search *s)
{
    while (!model_search_is_done(s))
        nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
}

/* Threads are shown in order of tid here, so an index is the row written. */
static void start(struct model_search *s, struct model_doc *doc, const char *line)
{
    struct err err;
    assert_true(model_search_start(s, doc, line, NULL, &err));
    wait_for(s);
}

static int by_time(const void *a, const void *b)
{
    const struct row *x = *(struct row *const *)a, *y = *(struct row *const *)b;
    return x->begin_ns < y->begin_ns ? -1 : x->begin_ns > y->begin_ns;
}

typedef bool match(const struct row *r);

static struct row *find(const struct model_search_place *p)
{
    for (size_t i = 0; i < row_count; i++)
        if (rows[i].lane == p->lane && rows[i].thread == p->thread && rows[i].row == p->row)
            return &rows[i];
    fail_msg("a hit that is no row");
    return NULL;
}

/* Counts, order, ordinals and the way back are those of a scan. */
static void check(struct model_doc *doc, const char *line, match *m)
{
    static struct row *wanted[MOST];
    static struct model_search s;
    size_t count = 0;
    for (size_t i = 0; i < row_count; i++) {
        rows[i].taken = false;
        if (m(&rows[i]))
            wanted[count++] = &rows[i];
    }
    qsort(wanted, count, sizeof *wanted, by_time);
    start(&s, doc, line);
    assert_int_equal(atomic_load(&s.hits), count);
    struct model_search_place place = {.lane = MODEL_LANE_KINDS};
    size_t steps = 0;
    for (; model_search_step(&s, &place, 1); steps++) {
        assert_true(steps < count);
        struct row *r = find(&place);
        assert_true(m(r) && !r->taken && r->begin_ns == wanted[steps]->begin_ns);
        assert_int_equal(r->end_ns, place.end_ns);
        r->taken = true;
        if (steps % 97 == 0)
            assert_int_equal(model_search_ordinal(&s, &place), steps);
    }
    assert_int_equal(steps, count);
    place = (struct model_search_place){.lane = MODEL_LANE_KINDS, .begin_ns = INT64_MAX};
    for (; model_search_step(&s, &place, -1); steps--)
        assert_int_equal(place.begin_ns, wanted[steps - 1]->begin_ns);
    assert_int_equal(steps, 0);
    model_search_release(&s);
}

static bool named_alpha(const struct row *r)
{
    return strstr(r->name, "alpha") != NULL;
}

static bool named_read(const struct row *r)
{
    return strstr(r->name, "read") != NULL;
}

static bool is_read(const struct row *r)
{
    return !strcmp(r->name, "read");
}

static bool long_lock_wait(const struct row *r)
{
    return r->class == MODEL_LOCK && r->end_ns - r->begin_ns >= 300;
}

static bool long_one(const struct row *r)
{
    return r->end_ns - r->begin_ns >= 1000 && r->end_ns - r->begin_ns <= 5000;
}

static bool runs_on_1_in_idle(const struct row *r)
{
    return r->cpu == 1 && r->thread == 2;
}

static bool on_orders(const struct row *r)
{
    return !strcmp(r->name, "orders");
}

static bool on_7702(const struct row *r)
{
    return r->address == 0x7702;
}

static void test_search_is_a_scan(void **state)
{
    check(*state, "alpha", named_alpha);
    check(*state, "READ", named_read);
    check(*state, "\"read\"", is_read);
    check(*state, "reason:lock dur>300ns", long_lock_wait);
    check(*state, "dur>1us dur<5us", long_one);
    check(*state, "cpu:1 thread:idle", runs_on_1_in_idle);
    check(*state, "orders", on_orders);
    check(*state, "0x7702", on_7702);
}

static void test_search_names_and_threads(void **state)
{
    static struct model_search s;
    start(&s, *state, "alpha");
    assert_int_equal(s.thread_count, 1);
    assert_int_equal(s.threads[0], 1);
    assert_int_equal(s.name_count, 2);
    uint64_t sum = 0;
    for (size_t i = 0; i < s.name_count; i++) {
        assert_int_equal(s.names[i].kind, MODEL_SEARCH_FUNCTION);
        sum += s.names[i].count;
    }
    assert_int_equal(sum, atomic_load(&s.hits));
    model_search_release(&s);
}

static void test_bad_filters_are_told(void **state)
{
    static struct model_search s;
    struct err err;
    assert_false(model_search_start(&s, *state, "state:flying", NULL, &err));
    assert_non_null(strstr(err.text, "flying"));
    assert_false(model_search_start(&s, *state, "dur>soon", NULL, &err));
    assert_true(model_search_start(&s, *state, "  ", NULL, &err));
    assert_false(model_search_is_on(&s));
}

/* A search that is dropped at once leaves nothing behind (and leaks nothing). */
static void test_search_can_be_cancelled(void **state)
{
    static struct model_search s;
    struct err err;
    for (int i = 0; i < 200; i++)
        assert_true(model_search_start(&s, *state, i % 2 ? "alpha" : "dur>1ns", NULL, &err));
    model_search_release(&s);
}

static void test_hit_columns(void **state)
{
    struct model_doc *doc = *state;
    static struct model_search s;
    start(&s, doc, "beta dur>100ns");
    for (int i = 0; i < 40; i++) {
        struct model_window w;
        struct model_lane lane = {.kind = MODEL_LANE_STATE, .owner = i % THREADS};
        model_window_init(&w, duration_ns, 50 + (int)random_below(400));
        int64_t begin = (int64_t)random_below((uint64_t)duration_ns);
        if (i > 2)
            model_window_show(&w, begin, begin + 100 + (int64_t)random_below(400000));
        while (model_search_columns(&s, &lane, &w))
            ;
        for (int x = 0; x < w.width_px; x++) {
            bool any = false;
            for (size_t k = 0; k < row_count; k++)
                any |= rows[k].lane == MODEL_LANE_STATE && rows[k].thread == lane.owner &&
                       !strcmp(rows[k].name, "beta") && rows[k].end_ns - rows[k].begin_ns >= 100 &&
                       model_px_from_ns(&w, rows[k].begin_ns) == x;
            assert_int_equal(lane.hits.bits[x / 64] >> x % 64 & 1, any);
        }
        model_lane_forget(&lane);
    }
    model_search_release(&s);
}

static int by_value(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static void check_stats(const struct model_stats *s, int kind, enum model_lane_kind lane)
{
    static uint64_t lengths[MOST];
    uint64_t count = 0, total = 0;
    for (size_t i = 0; i < row_count; i++) {
        const struct row *r = &rows[i];
        if (r->lane != lane || (lane == MODEL_LANE_STATE && (int)r->class != kind) ||
            r->begin_ns < s->range.begin_ns || r->begin_ns >= s->range.end_ns)
            continue;
        lengths[count] = (uint64_t)(r->end_ns - r->begin_ns);
        total += lengths[count++];
    }
    assert_int_equal(s->rows[kind].count, count);
    assert_int_equal(s->rows[kind].total_ns, total);
    if (!count)
        return;
    qsort(lengths, count, sizeof *lengths, by_value);
    assert_int_equal(s->rows[kind].min_ns, lengths[0]);
    assert_int_equal(s->rows[kind].max_ns, lengths[count - 1]);
    assert_int_equal(s->rows[kind].median_ns, lengths[(count - 1) / 2]);
    assert_int_equal(s->rows[kind].p99_ns, lengths[(count - 1) * 99 / 100]);
}

static void test_statistics_are_exact(void **state)
{
    struct model_doc *doc = *state;
    atomic_bool cancel = false;
    for (int i = 0; i < 12; i++) {
        struct model_stats s;
        int64_t begin = (int64_t)random_below((uint64_t)duration_ns);
        struct model_range range = {begin, begin + (int64_t)random_below(900000)};
        assert_true(model_stats_run(&s, doc, range, NULL, &cancel));
        assert_int_equal(s.threads, THREADS);
        for (int c = 0; c < MODEL_STATES; c++) {
            uint64_t inside = 0;
            for (size_t k = 0; k < row_count; k++) {
                const struct row *r = &rows[k];
                int64_t from = r->begin_ns > begin ? r->begin_ns : begin;
                int64_t to = r->end_ns < range.end_ns ? r->end_ns : range.end_ns;
                if (r->lane == MODEL_LANE_STATE && (int)r->class == c && to > from)
                    inside += (uint64_t)(to - from);
            }
            assert_int_equal(s.ns[c], inside);
            check_stats(&s, c, MODEL_LANE_STATE);
        }
        check_stats(&s, MODEL_STATS_CALLS, MODEL_LANE_SYSCALLS);
        check_stats(&s, MODEL_STATS_LOCKS, MODEL_LANE_LOCKS);
    }
}

static void gather(struct model_cross *cross, struct model_doc *doc)
{
    struct model_window w;
    model_window_init(&w, duration_ns, 500);
    while (!model_cross_update(cross, doc, &w, NULL))
        nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    assert_true(model_cross_covers(cross, &w));
}

static void test_cpus_show_who_ran(void **state)
{
    static struct model_cross cross;
    gather(&cross, *state);
    assert_int_equal(cross.now.cpu_count, 2);
    for (uint32_t cpu = 0; cpu < 2; cpu++) {
        const struct model_cross_list *l = &cross.now.cpus[cpu];
        size_t count = 0;
        for (size_t i = 0; i < row_count; i++)
            count += rows[i].cpu == (int)cpu;
        assert_int_equal(l->count, count);
        for (size_t i = 0; i < l->count; i++) {
            struct model_search_place p = {MODEL_LANE_STATE, l->items[i].thread, l->items[i].row, 0,
                                           0};
            const struct row *r = find(&p);
            assert_int_equal(r->cpu, cpu);
            assert_int_equal(r->begin_ns, l->items[i].begin_ns);
            assert_true(!i || l->items[i - 1].begin_ns <= l->items[i].begin_ns);
        }
    }
    model_cross_release(&cross);
}

static void test_waiters_lie_below_each_other(void **state)
{
    static struct model_cross cross;
    gather(&cross, *state);
    assert_int_equal(cross.now.lock_count, LOCKS);
    for (size_t i = 0; i < cross.now.lock_count; i++) {
        const struct model_cross_lock *l = &cross.now.locks[i];
        size_t waits = 0, expected = 0;
        assert_true(!i || l[-1].wait_ns >= l->wait_ns);
        for (size_t k = 0; k < row_count; k++)
            expected += rows[k].address == l->address;
        for (int lane = 1; lane <= MODEL_CROSS_WAITERS; lane++) {
            const struct model_cross_list *list = &l->lanes[lane];
            waits += list->count;
            for (size_t k = 1; k < list->count; k++)
                assert_true(list->items[k - 1].end_ns <= list->items[k].begin_ns);
        }
        assert_int_equal(waits, expected);
        assert_false(l->more_waiters); /* three threads cannot need more than four lanes */
    }
    model_cross_release(&cross);
}

static int lane_of(const struct model_lanes *l, uint32_t thread)
{
    const struct model_lane *lane = model_lanes_thread(l, thread);
    return lane ? lane->y : -1;
}

static void test_pins_hiding_order(void **state)
{
    struct model_doc *doc = *state;
    struct model_lanes l = {.gap_px = 4};
    for (int i = 0; i < MODEL_LANE_KINDS; i++)
        l.lane_px[i] = 10;
    model_lanes_build(&l, doc);
    assert_true(lane_of(&l, 0) < lane_of(&l, 1) && lane_of(&l, 1) < lane_of(&l, 2));
    model_lanes_move(&l, doc, 2, -1);
    model_lanes_build(&l, doc);
    assert_true(lane_of(&l, 0) < lane_of(&l, 2) && lane_of(&l, 2) < lane_of(&l, 1));
    l.hidden[2] = true;
    model_lanes_move(&l, doc, 1, -1); /* over the hidden one, above the first */
    model_lanes_build(&l, doc);
    assert_int_equal(lane_of(&l, 2), -1);
    assert_true(lane_of(&l, 1) < lane_of(&l, 0));
    model_lanes_move(&l, doc, 1, -1); /* stays at the top */
    l.pinned[0] = true;
    model_lanes_build(&l, doc);
    assert_true(lane_of(&l, 0) < lane_of(&l, 1));
    assert_int_equal(l.items[0].kind, MODEL_LANE_PINNED);
    bool only[THREADS] = {false, true, false};
    l.only = only;
    l.pinned[0] = false;
    model_lanes_build(&l, doc);
    assert_int_equal(lane_of(&l, 0), -1);
    assert_true(lane_of(&l, 1) >= 0);
    model_lanes_release(&l);
}

/* A tid that is used again names the thread that had it then. */
static void test_names_by_time(void **unused)
{
    (void)unused;
    char path[] = "/tmp/test_view_search_XXXXXX";
    struct err err;
    close(mkstemp(path));
    struct trace_writer *w = trace_writer_open(path, &err);
    static const char *const names[] = {"before", "after"};
    for (uint64_t i = 0; i < 2; i++) {
        uint64_t v[TRACE_THREAD_COLUMNS] = {7, 7, trace_writer_string(w, names[i]), i * 500,
                                            i * 500 + 500};
        trace_writer_row(w, TRACE_THREAD_TABLE, 0, v);
    }
    assert_true(trace_writer_close(w, 1000, &err));
    struct model_doc *doc = model_doc_open(path, &err);
    remove(path);
    assert_non_null(doc);
    assert_string_equal(model_doc_thread(doc, 7, 0)->name, "before");
    assert_string_equal(model_doc_thread(doc, 7, 499)->name, "before");
    assert_string_equal(model_doc_thread(doc, 7, 500)->name, "after");
    assert_string_equal(model_doc_thread(doc, 7, 999999)->name, "after");
    assert_null(model_doc_thread(doc, 8, 0));
    model_doc_close(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_search_is_a_scan),
        cmocka_unit_test(test_search_names_and_threads),
        cmocka_unit_test(test_bad_filters_are_told),
        cmocka_unit_test(test_search_can_be_cancelled),
        cmocka_unit_test(test_hit_columns),
        cmocka_unit_test(test_statistics_are_exact),
        cmocka_unit_test(test_cpus_show_who_ran),
        cmocka_unit_test(test_waiters_lie_below_each_other),
        cmocka_unit_test(test_pins_hiding_order),
        cmocka_unit_test(test_names_by_time),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
