/* Whatever the input is: counts and losses, traces that are cut, damaged, many or none. */
#include "base/map.h"
#include "trace/check.h"
#include "tracepoints/events.h"
#include "unit/convert_fixture.h"

/* -- counts and losses */

static void test_counts_and_losses(void **state)
{
    (void)state;
    struct ctf c;
    ctf_open(&c, ctf_dir());
    begin_process(&c, AT(0));
    for (int i = 0; i < 5; i++)
        ctf_event(&c, 1, AT(1 + i), 100, 101, "other_provider:tick", i, "tock");
    ctf_packet(&c, 1);
    c.discarded[1] += 40;
    ctf_event(&c, 1, AT(8), 100, 101, "other_provider:tick", 9, "tock");
    ctf_event(&c, 0, AT(9), 50, 50, "whyprof_sched:lost", AT(2), AT(3), Q(7), "ring full");
    ctf_event(&c, 0, AT(9), 100, 101, "whyprof_sample:lost", Q(2));
    ctf_close(&c);
    struct trace *t = convert_and_open();
    EXPECT(t, EVENT_COUNT, 0, "name count",
           "whyprof_sched:process_start 1|whyprof_sched:thread_start 1|other_provider:tick 6|"
           "whyprof_sched:lost 1|whyprof_sample:lost 1");
    EXPECT(t, LOST, 0, "ts dur cpu count source",
           "2 1 -1 7 ring full|5 3 1 40 events discarded: buffer full|"
           "9 0 -1 2 CPU samples dropped by the agent");
    assert_int_equal(result.events, 10);
    assert_int_equal(result.lost, 49);
    assert_int_equal(trace_meta_u64(t, "events", 0), 10);
    assert_int_equal(trace_meta_u64(t, "lost_events", 0), 49);
    trace_close(t);
}

static void test_no_events(void **state)
{
    (void)state;
    struct ctf c;
    ctf_open(&c, ctf_dir());
    ctf_close(&c);
    struct trace *t = convert_and_open();
    assert_int_equal(trace_duration_ns(t), 0);
    assert_int_equal(trace_table_rows(t, TRACE_EVENT_COUNT_TABLE), 0);
    trace_close(t);
}

/* -- damaged inputs */

static void expect_failure(const char *text)
{
    struct err err = {0};
    assert_false(convert(&err));
    if (!strstr(err.text, text))
        fail_msg("\"%s\" does not say \"%s\"", err.text, text);
    assert_int_equal(access(out_path, F_OK), -1);
}

static void test_no_trace(void **state)
{
    (void)state;
    expect_failure("No such file");
    assert_true(file_make_dirs(ctf_dir(), NULL));
    expect_failure("no CTF trace below");
    ctf_write(ctf_dir(), "metadata", "", 0);
    expect_failure("is empty");
    ctf_write(ctf_dir(), "metadata", "/* CTF 1.8 */\ntrace {", 20);
    expect_failure("convert");
    assert_true(file_remove_tree(ctf_dir(), NULL));
    ctf_write(folder, "ctf", "x", 1);
    expect_failure("is not a folder");
}

/* A stream cut at any byte: what is whole before the cut is kept, and the file
 * says what was dropped. */
static void test_cut_stream(void **state)
{
    (void)state;
    make_two_packets();
    char path[160];
    snprintf(path, sizeof path, "%s/ch_0", ctf_dir());
    char *data;
    size_t bytes;
    assert_true(file_read(path, &data, &bytes, NULL));
    for (size_t len = 0; len <= bytes; len += len + 3 < bytes ? 3 : 1) {
        ctf_write(ctf_dir(), "ch_0", data, len);
        struct trace *t = convert_and_open();
        uint64_t events = trace_meta_u64(t, "events", 0);
        bool whole = len == bytes || events == 3 || len == 0;
        assert_true(events == 1 || events == 3 || events == 4);
        if (len == bytes)
            assert_int_equal(events, 4);
        const char *lost = rows(t, TRACE_LOST_TABLE, 0, "source");
        if (!whole)
            assert_non_null(strstr(lost, "is cut short"));
        trace_close(t);
    }
    free(data);
    /* No temporary folder stays. */
    assert_true(file_remove_tree(ctf_dir(), NULL));
    assert_int_equal(unlink(out_path), 0);
    assert_int_equal(rmdir(folder), 0);
    assert_true(file_make_dirs(folder, NULL));
}

/* Bytes all over a stream changed: an error or a sound file, never a crash, be it
 * the end of a string that then runs out of its packet (babeltrace2 2.0.4's own
 * reader aborts on that). */
static void test_changed_stream(void **state)
{
    (void)state;
    make_two_packets();
    char path[160];
    snprintf(path, sizeof path, "%s/ch_0", ctf_dir());
    char *data;
    size_t bytes;
    assert_true(file_read(path, &data, &bytes, NULL));
    for (size_t i = 0; i < bytes; i += i + 3 < bytes ? 3 : 1) {
        data[i] = (char)~data[i];
        ctf_write(ctf_dir(), "ch_0", data, bytes);
        struct err err = {0};
        if (convert(&err)) {
            struct trace *t = trace_open(out_path, &err);
            assert_non_null(t);
            trace_close(t);
        } else {
            assert_true(err.text[0]);
        }
        data[i] = (char)~data[i];
    }
    free(data);
}

static bool stop_at_once(void *data, const char *phase, uint64_t done, uint64_t total)
{
    (void)data, (void)phase, (void)done, (void)total;
    return false;
}

static void test_cancel(void **state)
{
    (void)state;
    make_two_packets();
    struct progress progress = {.step = stop_at_once};
    struct convert_options options = {
        .ctf_dir = ctf_dir(), .out_path = out_path, .progress = &progress};
    struct err err = {0};
    assert_false(convert_ctf(&options, &result, &err));
    assert_non_null(strstr(err.text, "stopped"));
    assert_int_equal(access(out_path, F_OK), -1);
    assert_true(convert(&err)); /* the thread carries no error on */
}

static void test_out_path(void **state)
{
    (void)state;
    make_two_packets();
    snprintf(out_path, sizeof out_path, "%s/none/x.out", folder);
    expect_failure("none/x.out");
}

/* Several traces below one folder, as per-user buffers make them. */
static void test_many_traces(void **state)
{
    (void)state;
    char dir[160];
    for (int uid = 0; uid < 3; uid++) {
        struct ctf c;
        snprintf(dir, sizeof dir, "%s/ust/uid/%d/64-bit", ctf_dir(), uid);
        ctf_open(&c, dir);
        ctf_event(&c, 0, AT(uid), 100 + uid, 100 + uid, "whyprof_user:message", "hello");
        ctf_close(&c);
    }
    struct trace *t = convert_and_open();
    EXPECT(t, EVENT_COUNT, 0, "name count", "whyprof_user:message 3");
    EXPECT(t, THREAD, 0, "tid pid start_ts", "100 100 0|101 101 1|102 102 2");
    trace_close(t);
}

/* -- random sessions */

static uint64_t random_state;

static uint64_t random_below(uint64_t n)
{
    return hash64(random_state++) % n;
}

/* Kernel records that no kernel would make in such an order. */
static void random_words(struct strbuf *sb, uint64_t ts)
{
    uint64_t words[32];
    unsigned n = 0;
    for (uint64_t records = random_below(5); records; records--) {
        unsigned len = 2 + (unsigned)random_below(5);
        words[n++] = WHYPROF_KERNEL_HEAD(1 + random_below(9), len, random_below(2),
                                         random_below(9) ? 100 + random_below(6) : 0);
        words[n++] = ts - random_below(20 * MS);
        for (unsigned i = 2; i < len; i++)
            words[n++] = i == 2 || random_below(2) ? random_below(110) | random_below(110) << 32
                                                   : ts - random_below(20 * MS);
    }
    ctf_put(sb, n, 4);
    strbuf_append(sb, words, n * sizeof *words);
}

/* Allocations and frees of a few addresses. */
static void random_batch(struct strbuf *sb)
{
    uint64_t words[32];
    unsigned n = 0;
    for (uint64_t records = random_below(12); records; records--) {
        bool alloc = random_below(2);
        words[n++] = WHYPROF_BATCH_HEAD(alloc ? WHYPROF_BATCH_ALLOC : WHYPROF_BATCH_FREE,
                                        random_below(1000), 4096 + random_below(50) * 64);
        if (alloc)
            words[n++] = WHYPROF_BATCH_WHAT(random_below(6), random_below(5000), random_below(40));
    }
    ctf_put(sb, n, 4);
    strbuf_append(sb, words, n * sizeof *words);
}

static void random_field(struct strbuf *sb, char type, uint64_t ts)
{
    static const char *const texts[] = {
        "", "a", "parse", "a longer text than that", "whyprof-ust", "/usr/lib/libc.so.6"};
    double d = (double)random_below(100) / 8;
    switch (type) {
    case 's': {
        const char *text = texts[random_below(sizeof texts / sizeof *texts)];
        strbuf_append(sb, text, strlen(text) + 1);
        break;
    }
    case 'd':
        strbuf_append(sb, &d, sizeof d);
        break;
    case 'B':
        ctf_put(sb, random_below(TRACE_ALLOC_KINDS), 1);
        break;
    case 'I':
    case 'i':
        ctf_put(sb, random_below(3) ? 98 + random_below(8) : random_below(40), 4);
        break;
    case 'b':
        ctf_put(sb, 3, 4);
        ctf_put(sb, random_below(1 << 20), 3);
        break;
    case 'W':
        random_words(sb, ts);
        break;
    default:
        ctf_put(sb, random_below(2) ? ts - random_below(30 * MS) : 4096 + random_below(50) * 64, 8);
    }
}

static void random_event(struct ctf *c, int cpu, uint64_t ts)
{
    uint64_t class = random_below(CTF_CLASSES);
    struct strbuf *sb = &c->packet[cpu];
    if (!sb->len && !c->begin[cpu])
        c->begin[cpu] = ts;
    ctf_put_header(c, cpu, class, ts);
    ctf_put(sb, 100 + random_below(3), 4);
    ctf_put(sb, 100 + random_below(6), 4);
    for (const char *f = ctf_classes[class].fields; *f; f += *f == ' ') {
        if (*f == 'W' && !strcmp(ctf_classes[class].name, "whyprof_alloc:batch"))
            random_batch(sb);
        else
            random_field(sb, *f, ts);
        f += strcspn(f + 2, " ") + 2;
    }
}

static void random_session(void)
{
    struct ctf c;
    uint64_t ts = AT(50);
    ctf_open(&c, ctf_dir());
    for (uint64_t events = 500 + random_below(3000); events; events--) {
        int cpu = (int)random_below(CTF_STREAMS);
        ts += random_below(4) ? random_below(2000) : random_below(5 * MS);
        random_event(&c, cpu, ts);
        if (random_below(200) == 0) {
            c.discarded[cpu] += random_below(3);
            ctf_packet(&c, cpu);
        }
    }
    ctf_close(&c);
}

static void tell_problem(void *data, uint64_t off, const char *text)
{
    fail_msg("seed %u, offset %" PRIu64 ": %s", *(unsigned *)data, off, text);
}

/* Whatever the events say and in whatever order: both readers make the same sound file. */
static void test_random_sessions(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 12; seed++) {
        random_state = (uint64_t)seed << 32;
        random_session();
        trace_close(convert_and_open());
        char *data;
        size_t bytes;
        assert_true(file_read(out_path, &data, &bytes, NULL));
        struct trace_check_sink sink = {.problem = tell_problem, .data = &seed, .max = 1};
        assert_int_equal(trace_check(data, bytes, &sink), 0);
        free(data);
        assert_true(file_remove_tree(ctf_dir(), NULL));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_counts_and_losses), TEST(test_no_events),      TEST(test_no_trace),
        TEST(test_cut_stream),        TEST(test_changed_stream), TEST(test_cancel),
        TEST(test_out_path),          TEST(test_many_traces),    TEST(test_random_sessions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
