/* The perf source's pure parts: records of a perf ring to words, and joining them. */
#include "collect/perf_decode.h"
#include "collect/perf_join.h"
#include "collect/record.h"
#include "tracepoints/events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- decoding ---- */

struct perf_bytes {
    _Alignas(8) uint8_t b[256];
    uint16_t len;
};

static void bytes_put(struct perf_bytes *p, const void *data, size_t len)
{
    memcpy(p->b + p->len, data, len);
    p->len = (uint16_t)(p->len + len);
}

static void bytes_begin(struct perf_bytes *p)
{
    memset(p, 0, sizeof *p);
    p->len = sizeof(struct perf_event_header);
}

static void bytes_id(struct perf_bytes *p, uint32_t pid, uint32_t tid, uint64_t ts, uint32_t cpu)
{
    uint32_t ids[2] = {pid, tid}, cpus[2] = {cpu, 0};
    bytes_put(p, ids, 8);
    bytes_put(p, &ts, 8);
    bytes_put(p, cpus, 8);
}

static const struct perf_event_header *bytes_end(struct perf_bytes *p, uint32_t type, uint16_t misc)
{
    struct perf_event_header h = {type, misc, p->len};
    memcpy(p->b, &h, sizeof h);
    return (const void *)p->b;
}

static char *text_of(const uint64_t *words, uint32_t count)
{
    static char text[4096];
    memset(text, 0, sizeof text);
    FILE *f = fmemopen(text, sizeof text - 1, "w");
    record_print(f, words, count);
    fclose(f);
    return text;
}

static void test_decodes_switches(void **state)
{
    (void)state;
    struct perf_decode d = {0};
    struct perf_bytes p;
    uint64_t w[PERF_DECODE_WORDS];
    uint32_t forked;
    bytes_begin(&p);
    bytes_id(&p, 10, 11, 500, 3);
    uint32_t n = perf_decode(&d, bytes_end(&p, PERF_RECORD_SWITCH, 0), w, &forked);
    assert_string_equal(text_of(w, n), "500 tid 11 cpu 3 in\n");
    n = perf_decode(&d, bytes_end(&p, PERF_RECORD_SWITCH, PERF_RECORD_MISC_SWITCH_OUT), w, &forked);
    assert_string_equal(text_of(w, n), "500 tid 11 cpu 3 out state 0x1 preempted 0 call -1\n");
    uint16_t preempted = PERF_RECORD_MISC_SWITCH_OUT | PERF_RECORD_MISC_SWITCH_OUT_PREEMPT;
    n = perf_decode(&d, bytes_end(&p, PERF_RECORD_SWITCH, preempted), w, &forked);
    assert_string_equal(text_of(w, n), "500 tid 11 cpu 3 out state 0 preempted 1 call -1\n");
    assert_int_equal(forked, 0);
}

static void test_decodes_life(void **state)
{
    (void)state;
    struct perf_decode d = {0};
    struct perf_bytes p;
    uint64_t w[PERF_DECODE_WORDS], time = 0;
    uint32_t forked, n, who[2] = {10, 11}, born[4] = {20, 10, 21, 11};
    bytes_begin(&p);
    bytes_put(&p, who, 8);
    bytes_put(&p, "sleeper\0", 8);
    bytes_id(&p, 10, 11, 500, 3);
    n = perf_decode(&d, bytes_end(&p, PERF_RECORD_COMM, PERF_RECORD_MISC_COMM_EXEC), w, &forked);
    assert_string_equal(text_of(w, n), "500 tid 11 cpu 3 exec 10 sleeper\n");
    bytes_begin(&p);
    bytes_put(&p, born, 16);
    bytes_put(&p, &time, 8);
    bytes_id(&p, 10, 11, 501, 3);
    n = perf_decode(&d, bytes_end(&p, PERF_RECORD_FORK, 0), w, &forked);
    assert_string_equal(text_of(w, n), "501 tid 11 cpu 3 fork 21 of 20 \n");
    assert_int_equal(forked, 21);
}

static void test_counts_losses_and_refuses_damage(void **state)
{
    (void)state;
    struct perf_decode d = {0};
    struct perf_bytes p;
    uint64_t w[PERF_DECODE_WORDS], lost[2] = {7, 42};
    uint32_t forked;
    bytes_begin(&p);
    bytes_put(&p, lost, 16);
    bytes_id(&p, 1, 1, 900, 0);
    assert_int_equal(perf_decode(&d, bytes_end(&p, PERF_RECORD_LOST, 0), w, &forked), 0);
    assert_int_equal(d.lost, 42);
    assert_int_equal(d.lost_ts, 900);
    const uint32_t types[] = {PERF_RECORD_SWITCH, PERF_RECORD_COMM, PERF_RECORD_FORK,
                              PERF_RECORD_EXIT,   PERF_RECORD_LOST, PERF_RECORD_SAMPLE};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        bytes_begin(&p); /* a header and nothing else */
        assert_int_equal(perf_decode(&d, bytes_end(&p, types[i], 0), w, &forked), 0);
    }
}

/* ---- joining ---- */

static uint64_t joined[1000];
static uint32_t joined_len;

static void keep(void *data, const uint64_t *words, uint32_t count)
{
    (void)data;
    memcpy(joined + joined_len, words, count * sizeof *words);
    joined_len += count;
}

static void join_begin(struct join *j)
{
    joined_len = 0;
    *j = (struct join){.put = keep};
}

static void feed_enter(struct join *j, uint32_t tid, uint64_t ts, uint64_t nr)
{
    uint64_t w[9] = {WHYPROF_KERNEL_HEAD(PERF_CALL_ENTER, 9, 1, tid), ts, nr, 0xa, 0xb, 0xc};
    join_words(j, w, 9);
}

static void feed_leave(struct join *j, uint32_t tid, uint64_t ts, int64_t ret)
{
    uint64_t w[3] = {WHYPROF_KERNEL_HEAD(PERF_CALL_LEAVE, 3, 2, tid), ts, (uint64_t)ret};
    join_words(j, w, 3);
}

static void feed_in(struct join *j, uint32_t tid, uint64_t ts)
{
    uint64_t w[RECORD_MAX_WORDS];
    join_words(j, w, record_switch_in(w, (struct record_at){ts, tid, 0}));
}

static void feed_out(struct join *j, uint32_t tid, uint64_t ts, uint32_t state)
{
    uint64_t w[RECORD_MAX_WORDS];
    join_words(j, w, record_switch_out(w, (struct record_at){ts, tid, 0}, state, !state, 0));
}

static void feed_exit(struct join *j, uint32_t tid, uint32_t pid, uint64_t ts)
{
    uint64_t w[3] = {WHYPROF_KERNEL_HEAD(PERF_THREAD_EXIT, 3, 0, tid), ts, pid};
    join_words(j, w, 3);
}

static void test_pairs_calls(void **state)
{
    (void)state;
    struct join j;
    join_begin(&j);
    join_add(&j, 5, 4);
    feed_leave(&j, 5, 90, 0); /* of a call whose begin nobody saw */
    feed_enter(&j, 5, 100, 1);
    feed_leave(&j, 5, 150, -11);
    assert_string_equal(text_of(joined, joined_len),
                        "150 tid 5 cpu 2 call 1 begin 100 ret -11 0xa 0xb 0xc\n");
    joined_len = 0;
    feed_enter(&j, 5, 200, 1);
    feed_leave(&j, 6, 210, 0); /* not ours */
    join_finish(&j, 300);
    assert_string_equal(text_of(joined, joined_len),
                        "300 tid 5 cpu 0 open 1 begin 200 0xa 0xb 0xc\n");
    join_release(&j);
}

static void test_sums_time_and_knows_the_last_thread(void **state)
{
    (void)state;
    struct join j;
    join_begin(&j);
    uint64_t w[RECORD_MAX_WORDS];
    memcpy(join_add(&j, 5, 5)->comm, "server", 7);
    join_words(&j, w, record_fork(w, (struct record_at){10, 5, 0}, 6, 5, ""));
    assert_string_equal(text_of(joined, joined_len), "10 tid 5 cpu 0 fork 6 of 5 server\n");
    feed_in(&j, 6, 100);
    feed_out(&j, 6, 130, 0);
    feed_in(&j, 6, 200);
    joined_len = 0;
    feed_exit(&j, 6, 5, 207);
    assert_string_equal(text_of(joined, joined_len),
                        "207 tid 6 cpu 0 out state 0x80 preempted 0 call -1\n"
                        "207 tid 6 cpu 0 exit of 5 last 0 code -1 cpu 37\n");
    joined_len = 0;
    feed_in(&j, 5, 300);
    feed_exit(&j, 5, 5, 301);
    assert_non_null(strstr(text_of(joined, joined_len), "exit of 5 last 1"));
    assert_int_equal(j.live.len, 0);
    assert_int_equal(j.thread_of.len, 0);
    join_release(&j);
}

/* The switch from one thread to the next is the next one's, the way the scheduler charges
 * it; a thread that was away for a moment only keeps the moment. */
static void test_a_switch_belongs_to_who_comes(void **state)
{
    (void)state;
    struct join j;
    join_begin(&j);
    join_add(&j, 5, 5);
    join_add(&j, 6, 5);
    feed_in(&j, 5, 1000);
    feed_out(&j, 5, 2000, 1);
    joined_len = 0;
    feed_in(&j, 6, 3000);
    assert_string_equal(text_of(joined, joined_len), "2000 tid 6 cpu 0 in\n");
    feed_out(&j, 6, 4000, 1);
    joined_len = 0;
    feed_in(&j, 6, 4500);
    assert_string_equal(text_of(joined, joined_len), "4500 tid 6 cpu 0 in\n");
    feed_out(&j, 6, 5000, 1);
    joined_len = 0;
    feed_in(&j, 5, 90000); /* too late: others may have been there */
    assert_string_equal(text_of(joined, joined_len), "90000 tid 5 cpu 0 in\n");
    join_release(&j);
}

static void test_mends_what_a_loss_left_crooked(void **state)
{
    (void)state;
    struct join j;
    join_begin(&j);
    join_add(&j, 5, 5);
    feed_out(&j, 5, 100, 1);
    feed_in(&j, 5, 110);
    feed_in(&j, 5, 120);
    assert_string_equal(text_of(joined, joined_len),
                        "100 tid 5 cpu 0 in\n"
                        "100 tid 5 cpu 0 out state 0x1 preempted 0 call -1\n"
                        "110 tid 5 cpu 0 in\n"
                        "120 tid 5 cpu 0 out state 0 preempted 0 call -1\n"
                        "120 tid 5 cpu 0 in\n");
    join_release(&j);
}

static void test_exec_by_another_thread_takes_the_leaders_id(void **state)
{
    (void)state;
    struct join j;
    uint64_t w[RECORD_MAX_WORDS];
    join_begin(&j);
    join_add(&j, 5, 5);
    join_add(&j, 6, 5);
    feed_exit(&j, 5, 5, 100);
    feed_in(&j, 6, 110);
    joined_len = 0;
    join_words(&j, w, record_exec(w, (struct record_at){120, 5, 0}, 5, "next"));
    assert_string_equal(text_of(joined, joined_len),
                        "120 tid 6 cpu 0 out state 0x80 preempted 0 call -1\n"
                        "120 tid 6 cpu 0 exit of 5 last 0 code -1 cpu 20\n"
                        "120 tid 5 cpu 0 in\n"
                        "120 tid 5 cpu 0 exec 5 next\n");
    joined_len = 0;
    feed_exit(&j, 5, 5, 130);
    assert_non_null(strstr(text_of(joined, joined_len), "last 1"));
    join_release(&j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decodes_switches),
        cmocka_unit_test(test_decodes_life),
        cmocka_unit_test(test_counts_losses_and_refuses_damage),
        cmocka_unit_test(test_pairs_calls),
        cmocka_unit_test(test_sums_time_and_knows_the_last_thread),
        cmocka_unit_test(test_a_switch_belongs_to_who_comes),
        cmocka_unit_test(test_mends_what_a_loss_left_crooked),
        cmocka_unit_test(test_exec_by_another_thread_takes_the_leaders_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
