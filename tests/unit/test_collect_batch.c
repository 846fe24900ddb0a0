/* The collector's pure parts: merging lanes behind a watermark, reading a BPF ring,
 * packing records, reading /proc's text. */
#include "collect/batch.h"
#include "collect/proc.h"
#include "collect/record.h"
#include "collect/ring.h"
#include "tracepoints/events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <linux/bpf.h>

/* ---- batch ---- */

struct sent {
    uint64_t words[100000];
    uint32_t len;
    uint32_t longest;
    uint32_t calls;
};

static struct sent sent[COLLECT_CLASSES];

static void keep(void *data, enum collect_class class, const uint64_t *words, uint32_t count)
{
    (void)data;
    struct sent *s = &sent[class];
    memcpy(s->words + s->len, words, count * sizeof *words);
    s->len += count;
    s->calls++;
    if (count > s->longest)
        s->longest = count;
}

static void batch_begin(struct batch *b, unsigned lanes)
{
    memset(sent, 0, sizeof sent);
    batch_init(b, lanes, &(struct batch_out){keep, NULL});
}

static void add_in(struct batch *b, unsigned lane, uint32_t tid, uint64_t ts)
{
    uint64_t w[RECORD_MAX_WORDS];
    batch_add_copy(b, lane, w, record_switch_in(w, (struct record_at){ts, tid, lane}));
}

static void test_merges_lanes_by_time(void **state)
{
    (void)state;
    struct batch b;
    batch_begin(&b, 2);
    add_in(&b, 0, 1, 10);
    add_in(&b, 0, 2, 30);
    add_in(&b, 1, 3, 20);
    add_in(&b, 1, 4, 25); /* an inversion inside the lane: */
    add_in(&b, 1, 5, 22);
    batch_complete(&b, 0, 100);
    batch_complete(&b, 1, 100);
    assert_int_equal(batch_flush(&b), 100);
    const uint64_t want[] = {10, 20, 22, 25, 30};
    assert_int_equal(sent[COLLECT_SCHED].len, 10);
    for (int i = 0; i < 5; i++)
        assert_int_equal(sent[COLLECT_SCHED].words[2 * i + 1], want[i]);
    batch_release(&b);
}

static void test_keeps_what_a_lane_may_still_precede(void **state)
{
    (void)state;
    struct batch b;
    batch_begin(&b, 2);
    uint64_t lent[RECORD_MAX_WORDS];
    batch_add(&b, 0, lent, record_switch_in(lent, (struct record_at){50, 7, 0}));
    add_in(&b, 0, 1, 10);
    batch_complete(&b, 0, 100);
    batch_complete(&b, 1, 40); /* lane 1 may still bring 40 to 100 */
    assert_int_equal(batch_flush(&b), 40);
    assert_int_equal(sent[COLLECT_SCHED].len, 2);
    memset(lent, 0, sizeof lent); /* the lane's memory is reused */
    add_in(&b, 1, 2, 45);
    batch_complete(&b, 1, 90);
    assert_int_equal(batch_flush(&b), 90);
    assert_int_equal(sent[COLLECT_SCHED].len, 6);
    assert_int_equal(sent[COLLECT_SCHED].words[3], 45);
    assert_int_equal(sent[COLLECT_SCHED].words[5], 50);
    assert_int_equal(WHYPROF_KERNEL_TID(sent[COLLECT_SCHED].words[4]), 7);
    batch_release(&b);
}

static void test_watermark_never_goes_back(void **state)
{
    (void)state;
    struct batch b;
    batch_begin(&b, 1);
    batch_complete(&b, 0, 100);
    assert_int_equal(batch_flush(&b), 100);
    batch_complete(&b, 0, 60);
    add_in(&b, 0, 1, 70); /* late: told as of the watermark, and counted */
    batch_complete(&b, 0, 200);
    assert_int_equal(batch_flush(&b), 200);
    assert_int_equal(sent[COLLECT_SCHED].words[1], 100);
    assert_int_equal(b.late, 1);
    batch_release(&b);
}

static void test_sequences_have_whole_records_of_one_class(void **state)
{
    (void)state;
    struct batch b;
    batch_begin(&b, 1);
    uint64_t w[RECORD_MAX_WORDS], args[COLLECT_MAX_ARGS] = {1, 2, 3};
    struct record_call call = {1, 5, args}; /* write */
    enum {
        COUNT = 3000
    };
    for (uint64_t i = 0; i < COUNT; i++) {
        struct record_at at = {10 + i, 9, 0};
        batch_add_copy(&b, 0, w, record_switch_out(w, at, 1, false, 2));
        batch_add_copy(&b, 0, w, record_syscall(w, at, &call, -4));
    }
    batch_complete(&b, 0, 1u << 20);
    batch_flush(&b);
    assert_int_equal(sent[COLLECT_SCHED].len, COUNT * 3);
    assert_int_equal(sent[COLLECT_SYSCALL].len, COUNT * 8);
    assert_true(sent[COLLECT_SYSCALL].longest <= BATCH_WORDS);
    assert_true(sent[COLLECT_SYSCALL].longest % 8 == 0);
    assert_int_equal(sent[COLLECT_SYSCALL].calls, 6);
    batch_release(&b);
}

static void test_witness_tells_the_state_before(void **state)
{
    (void)state;
    struct batch b;
    uint64_t waking[3] = {WHYPROF_KERNEL_HEAD(WHYPROF_KERNEL_WAKING, 3, 0, 5), 15, 0};
    uint64_t w[RECORD_MAX_WORDS];
    batch_begin(&b, 2);
    add_in(&b, 0, 5, 20);
    batch_add_copy(&b, 1, w, record_switch_out(w, (struct record_at){30, 5, 1}, 1, false, 0));
    assert_int_equal(batch_witness(&b, 5).first_switch, WHYPROF_KERNEL_SWITCH_IN);
    assert_false(batch_witness(&b, 5).woken);
    batch_add(&b, 1, waking, 3);
    assert_true(batch_witness(&b, 5).woken);
    assert_int_equal(batch_witness(&b, 6).first_switch, 0);
    batch_release(&b);
}

/* ---- ring ---- */

enum {
    RING_BYTES = 256
};

struct fake_ring {
    uint8_t data[2 * RING_BYTES] __attribute__((aligned(8)));
    unsigned long producer, consumer;
    struct ring ring;
};

static void fake_begin(struct fake_ring *f)
{
    memset(f, 0, sizeof *f);
    f->ring = (struct ring){&f->consumer, &f->producer, f->data, RING_BYTES - 1, 0, 0};
}

/* As the kernel does, in both halves of the double mapping. */
static unsigned long fake_put(struct fake_ring *f, uint64_t value, uint32_t flags)
{
    unsigned long pos = f->producer;
    for (int i = 0; i < 2; i++) {
        size_t off = (pos & (RING_BYTES - 1)) + (size_t)i * RING_BYTES;
        if (off + 16 > sizeof f->data)
            continue;
        uint32_t len = 8 | flags;
        memcpy(f->data + off, &len, 4);
        memcpy(f->data + off + 8, &value, 8);
    }
    f->producer += 16;
    return pos;
}

static void fake_finish(struct fake_ring *f, unsigned long pos)
{
    uint32_t len = 8;
    memcpy(f->data + (pos & (RING_BYTES - 1)), &len, 4);
}

static void test_ring_returns_all_up_to_the_producer(void **state)
{
    (void)state;
    struct fake_ring f;
    const uint64_t *words;
    uint32_t count;
    fake_begin(&f);
    for (uint64_t round = 0; round < 40; round++) { /* wraps many times */
        fake_put(&f, round, 0);
        fake_put(&f, 999, BPF_RINGBUF_DISCARD_BIT);
        ring_begin(&f.ring);
        fake_put(&f, round + 1000, 0); /* after begin: not of this round */
        assert_int_equal(ring_next(&f.ring, &words, &count), RING_RECORD);
        assert_int_equal(count, 1);
        assert_int_equal(*words, round);
        assert_int_equal(ring_next(&f.ring, &words, &count), RING_END);
        ring_begin(&f.ring);
        assert_int_equal(ring_next(&f.ring, &words, &count), RING_RECORD);
        assert_int_equal(*words, round + 1000);
        ring_release(&f.ring);
        assert_int_equal(f.consumer, f.producer);
    }
}

static void test_ring_stops_at_an_unfinished_record(void **state)
{
    (void)state;
    struct fake_ring f;
    const uint64_t *words;
    uint32_t count;
    fake_begin(&f);
    fake_put(&f, 1, 0);
    unsigned long busy = fake_put(&f, 2, BPF_RINGBUF_BUSY_BIT);
    fake_put(&f, 3, 0);
    ring_begin(&f.ring);
    assert_int_equal(ring_next(&f.ring, &words, &count), RING_RECORD);
    assert_int_equal(ring_next(&f.ring, &words, &count), RING_BUSY);
    ring_release(&f.ring);
    assert_int_equal(f.consumer, 16);
    fake_finish(&f, busy);
    ring_begin(&f.ring);
    assert_int_equal(ring_next(&f.ring, &words, &count), RING_RECORD);
    assert_int_equal(*words, 2);
    assert_int_equal(ring_next(&f.ring, &words, &count), RING_RECORD);
    assert_int_equal(*words, 3);
    assert_int_equal(ring_next(&f.ring, &words, &count), RING_END);
}

/* ---- records ---- */

static void assert_text(const uint64_t *words, uint32_t count, const char *want)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    record_print(f, words, count);
    fclose(f);
    assert_string_equal(text, want);
    free(text);
}

static void test_records_read_back_as_packed(void **state)
{
    (void)state;
    uint64_t w[RECORD_MAX_WORDS], args[COLLECT_MAX_ARGS] = {3, 16, 255, 0, 0, 0};
    struct record_at at = {.ts = 123, .tid = 77, .cpu = 300};
    struct record_call write = {1, 100, args}, unknown = {1000, 100, args};
    assert_text(w, record_switch_in(w, at), "123 tid 77 cpu 300 in\n");
    assert_text(w, record_switch_out(w, at, 0x2001, true, 233),
                "123 tid 77 cpu 300 out state 0x2001 preempted 1 call 232\n");
    assert_text(w, record_fork(w, at, 8, 9, "child"), "123 tid 77 cpu 300 fork 8 of 9 child\n");
    assert_text(w, record_exec(w, at, 77, "a name of more than 15"),
                "123 tid 77 cpu 300 exec 77 a name of more \n");
    assert_text(w, record_exit(w, at, 70, true, 9, 5000),
                "123 tid 77 cpu 300 exit of 70 last 1 code 9 cpu 5000\n");
    assert_text(w, record_name(w, at, 70, "x", 12), "123 tid 77 cpu 300 name of 70 x start 12\n");
    assert_int_equal(record_syscall(w, at, &write, -32), 8);
    assert_text(w, 8, "123 tid 77 cpu 300 call 1 begin 100 ret -32 0x3 0x10 0xff\n");
    assert_text(w, record_syscall_open(w, at, &write),
                "123 tid 77 cpu 300 open 1 begin 100 0x3 0x10 0xff\n");
    assert_int_equal(record_syscall(w, at, &unknown, 0), 5 + COLLECT_MAX_ARGS);
}

/* ---- /proc ---- */

static void test_proc_stat_with_a_hostile_name(void **state)
{
    (void)state;
    struct proc_thread t = {0};
    assert_true(proc_parse_stat(
        &t, "42 (a) R 1) (b) S 17 42 42 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 3 0 987 1000 10\n"));
    assert_string_equal(t.comm, "a) R 1) (b");
    assert_int_equal(t.state, 'S');
    assert_int_equal(t.ppid, 17);
    assert_int_equal(t.start_ns, 987);
    assert_false(proc_parse_stat(&t, ""));
    assert_false(proc_parse_stat(&t, "42 (x"));
    assert_false(proc_parse_stat(&t, "42 (x) S 1 2"));
}

static void test_proc_syscall(void **state)
{
    (void)state;
    struct proc_thread t = {0};
    proc_parse_syscall(&t, "232 0x5 0x7f00 0x80 0xffffffffffffffff 0x0 0x8 0x7ffe 0x7f12\n");
    assert_true(t.in_call);
    assert_int_equal(t.nr, 232);
    assert_int_equal(t.args[0], 5);
    assert_int_equal(t.args[3], UINT64_MAX);
    assert_int_equal(t.args[5], 8);
    proc_parse_syscall(&t, "running\n");
    assert_false(t.in_call);
    proc_parse_syscall(&t, "-1 0x7ffe 0x7f12\n");
    assert_false(t.in_call);
}

static void test_proc_map_line(void **state)
{
    (void)state;
    struct proc_module m;
    char code[] = "7f00-8f00 r-xp 00001000 08:01 1234    /usr/lib/with blank.so\n";
    char data[] = "7f00-8f00 rw-p 00001000 08:01 1234    /usr/lib/x.so\n";
    char anonymous[] = "7f00-8f00 r-xp 00000000 00:00 0 \n";
    assert_true(proc_parse_map(&m, code));
    assert_int_equal(m.begin, 0x7f00);
    assert_int_equal(m.end, 0x8f00);
    assert_int_equal(m.file_off, 0x1000);
    assert_string_equal(m.path, "/usr/lib/with blank.so");
    assert_false(proc_parse_map(&m, data));
    assert_false(proc_parse_map(&m, anonymous));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merges_lanes_by_time),
        cmocka_unit_test(test_keeps_what_a_lane_may_still_precede),
        cmocka_unit_test(test_watermark_never_goes_back),
        cmocka_unit_test(test_sequences_have_whole_records_of_one_class),
        cmocka_unit_test(test_witness_tells_the_state_before),
        cmocka_unit_test(test_ring_returns_all_up_to_the_producer),
        cmocka_unit_test(test_ring_stops_at_an_unfinished_record),
        cmocka_unit_test(test_records_read_back_as_packed),
        cmocka_unit_test(test_proc_stat_with_a_hostile_name),
        cmocka_unit_test(test_proc_syscall),
        cmocka_unit_test(test_proc_map_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
