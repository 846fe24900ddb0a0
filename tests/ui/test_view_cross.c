/* CPUs and locks where there is too much to show span by span: the sums of each column
 * against a scan of all rows, at many windows. */
#include "model/cross_coarse.h"
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
    char path[] = "/tmp/test_view_cross_XXXXXX";
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

static uint64_t overlap(int64_t begin, int64_t end, int64_t from, int64_t to)
{
    from = begin > from ? begin : from;
    to = end < to ? end : to;
    return to > from ? (uint64_t)(to - from) : 0;
}

/* All that the list has in [begin, end), of any class where class is MODEL_CLASSES. */
static uint64_t listed(const struct model_cross_list *l, int64_t begin, int64_t end,
                       enum model_class class)
{
    uint64_t ns = 0;
    int64_t last = INT64_MIN;
    for (size_t i = 0; i < l->count; i++) {
        assert_true(l->items[i].begin_ns >= last); /* in order, not over each other */
        last = l->items[i].end_ns;
        if (class == MODEL_CLASSES || l->items[i].class == class)
            ns += overlap(l->items[i].begin_ns, l->items[i].end_ns, begin, end);
    }
    return ns;
}

static uint64_t ran(int64_t cpu, int64_t begin, int64_t end, enum model_class class)
{
    uint64_t ns = 0;
    for (uint32_t i = 0; i < doc->thread_count; i++) {
        const struct model_thread *th = &doc->threads[i];
        struct trace_cursor c = trace_cursor(doc->trace, TRACE_THREAD_STATE_TABLE, th->key);
        if (model_class_from_name(th->name) != class)
            continue;
        for (uint64_t r = 0; r < c.total_rows; r++)
            if (trace_get(&c, r, TRACE_THREAD_STATE_state) == TRACE_RUNNING &&
                (int64_t)trace_get(&c, r, TRACE_THREAD_STATE_cpu) == cpu)
                ns += overlap((int64_t)trace_get(&c, r, TRACE_THREAD_STATE_ts),
                              (int64_t)trace_state_end(&c, r, (uint64_t)th->end_ns), begin, end);
    }
    return ns;
}

static uint64_t waited(uint64_t lock, int64_t begin, int64_t end)
{
    uint64_t ns = 0;
    for (uint32_t i = 0; i < doc->thread_count; i++) {
        struct trace_cursor c =
            trace_cursor(doc->trace, TRACE_LOCK_WAIT_TABLE, doc->threads[i].key);
        for (uint64_t r = 0; r < c.total_rows; r++) {
            int64_t from = (int64_t)trace_get(&c, r, TRACE_LOCK_WAIT_ts);
            if (trace_get(&c, r, TRACE_LOCK_WAIT_lock) == lock)
                ns += overlap(from, from + (int64_t)trace_get(&c, r, TRACE_LOCK_WAIT_dur), begin,
                              end);
        }
    }
    return ns;
}

static void check_column(const struct model_cross_data *d, int x)
{
    int64_t begin = d->range.begin_ns + x * d->column_ns, end = begin + d->column_ns;
    for (uint32_t cpu = 0; cpu < d->cpu_count; cpu++) {
        uint64_t room = (uint64_t)d->column_ns; /* the sample has two threads on one CPU */
        for (int c = MODEL_NAMED; c <= MODEL_NAMED_LAST; c++) {
            uint64_t want = ran(cpu, begin, end, (enum model_class)c);
            want = want < room ? want : room;
            room -= want;
            assert_int_equal(listed(&d->cpus[cpu], begin, end, (enum model_class)c), want);
        }
    }
    for (size_t i = 0; i < d->lock_count; i++) {
        uint64_t sum = 0;
        for (int lane = 1; lane <= MODEL_CROSS_WAITERS; lane++)
            sum += listed(&d->locks[i].lanes[lane], begin, end, MODEL_CLASSES);
        assert_int_equal(sum, waited(d->locks[i].address, begin, end));
    }
}

static void release(struct model_cross_data *d)
{
    for (uint32_t i = 0; i < d->cpu_count; i++)
        free(d->cpus[i].items);
    for (size_t i = 0; i < d->lock_count; i++)
        for (int lane = 0; lane <= MODEL_CROSS_WAITERS; lane++)
            free(d->locks[i].lanes[lane].items);
    free(d->cpus);
    free(d->locks);
}

static void test_sums(void **state)
{
    (void)state;
    static const atomic_bool never;
    uint64_t seed = 3, busy = 0;
    for (int i = 0; i < 60; i++) {
        struct model_cross_data d = {.width_px = 1 + i % 40};
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        d.range.begin_ns = i ? (int64_t)((seed >> 20) % (uint64_t)doc->duration_ns) : 0;
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        d.column_ns = 1 + (int64_t)((seed >> 20) % (uint64_t)(doc->duration_ns / d.width_px + 1));
        d.range.end_ns = d.range.begin_ns + d.column_ns * d.width_px;
        d.locks = calloc(1, sizeof *d.locks);
        struct trace_cursor c = trace_cursor(doc->trace, TRACE_LOCK_TABLE, 0);
        d.locks[0].address = trace_get(&c, 0, TRACE_LOCK_lock);
        d.lock_count = 1;
        assert_true(cross_coarse_gather(&d, doc, &never));
        for (int x = 0; x < d.width_px; x++)
            check_column(&d, x);
        busy += d.cpu_count;
        release(&d);
    }
    assert_true(busy > 0);
}

static void test_cancel(void **state)
{
    (void)state;
    static const atomic_bool now = true;
    struct model_cross_data d = {
        .width_px = 10, .column_ns = doc->duration_ns / 10, .range = {0, doc->duration_ns}};
    assert_false(cross_coarse_gather(&d, doc, &now));
    release(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sums), cmocka_unit_test(test_cancel)};
    return cmocka_run_group_tests_name("view_cross", tests, open_sample, close_sample);
}
