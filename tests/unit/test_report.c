/* The reports on the sample trace, as text and as JSON; and the analyses behind
 * them where a golden file would hide the point. */
#include "analyze/allocs.h"
#include "analyze/histogram.h"
#include "analyze/locks.h"
#include "analyze/threads.h"
#include "report/report.h"
#include "support/golden.h"
#include "support/json_valid.h"
#include "support/sample_trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct trace *trace;
static struct arena arena;

static int open_sample(void **state)
{
    (void)state;
    struct err err;
    char path[64];
    snprintf(path, sizeof path, "/tmp/whyprof-report-%d.out", getpid());
    if (!sample_trace_write(path, &err) || !(trace = trace_open(path, &err))) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    unlink(path);
    return 0;
}

static int close_sample(void **state)
{
    (void)state;
    trace_close(trace);
    arena_release(&arena);
    return 0;
}

/* The text of a report; the caller frees it. */
static char *report_text(const char *name, struct report_options options)
{
    struct err err;
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    const struct report *r = report_find(name, &err);
    assert_non_null(r);
    if (!options.range.end_ns)
        options.range = analyze_range_whole(trace);
    assert_true(report_print(r, trace, &options, out, &err));
    fclose(out);
    return text;
}

static void texts_match_golden(void **state)
{
    (void)state;
    for (const struct report *r = report_table; r->name; r++) {
        char name[64];
        snprintf(name, sizeof name, "sample.report.%s.txt", r->name);
        char *text = report_text(r->name, (struct report_options){0});
        assert_true(golden_equal(name, text));
        free(text);
    }
}

static void json_is_valid(void **state)
{
    (void)state;
    for (const struct report *r = report_table; r->name; r++) {
        char *text = report_text(r->name, (struct report_options){.json = true});
        assert_true(json_valid(text));
        assert_null(strstr(text, "\033"));
        free(text);
    }
}

static void summary_json_matches_golden(void **state)
{
    (void)state;
    char *text = report_text("summary", (struct report_options){.json = true});
    char *file = strstr(text, "  \"file\""); /* its path differs from run to run */
    char *next = file + strcspn(file, "\n") + 1;
    memmove(file, next, strlen(next) + 1);
    assert_true(golden_equal("sample.report.summary.json", text));
    free(text);
}

static void top_cuts_and_says_so(void **state)
{
    (void)state;
    char *text = report_text("threads", (struct report_options){.style = {.top = 1}});
    assert_non_null(strstr(text, "... 3 more (--all shows them)"));
    assert_null(strstr(text, "worker-2"));
    free(text);
}

static void lines_fit_the_terminal(void **state)
{
    (void)state;
    char *text = report_text("summary", (struct report_options){.style = {.width = 100}});
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
        if (line[0] == ' ' && strncmp(line, "  recorded", 10))
            assert_in_range(strcspn(line, "\n"), 0, 100);
    assert_non_null(strstr(text, "..."));
    free(text);
}

static void range_counts_parts_of_spans(void **state)
{
    (void)state;
    /* worker-2 waits for the lock from 1 to 5 ms */
    struct analyze_range range = {.begin_ns = US(2000), .end_ns = US(3000)};
    struct analyze_locks locks = analyze_locks(&arena, trace, range);
    assert_int_equal(locks.count, 1);
    assert_int_equal(locks.v[0].wait_ns, US(1000));
    assert_int_equal(locks.v[0].max_wait_ns, US(4000));
    assert_string_equal(locks.v[0].waiter, "queue_take");
    assert_string_equal(locks.v[0].holder, "queue_put");
    assert_int_equal(locks.v[0].holder_tid, 101);
    struct analyze_threads threads = analyze_threads(&arena, trace, range);
    assert_int_equal(threads.count, 4);
    for (size_t i = 0; i < threads.count; i++) {
        const struct analyze_thread *th = &threads.v[i];
        uint64_t sum = th->state_ns[TRACE_RUNNING] + th->blocked_ns;
        assert_int_equal(sum, US(1000)); /* nobody is runnable then */
    }
    assert_int_equal(analyze_locks(&arena, trace,
                                   (struct analyze_range){.begin_ns = US(6000), .end_ns = US(7000)})
                         .waits,
                     0);
}

static void live_memory_depends_on_the_ranges_end(void **state)
{
    (void)state;
    struct analyze_allocs all = analyze_allocs(&arena, trace, analyze_range_whole(trace));
    struct analyze_allocs early =
        analyze_allocs(&arena, trace, (struct analyze_range){.end_ns = US(800)});
    assert_string_equal(all.v[0].function, "buffer_grow");
    assert_string_equal(all.v[0].caller, "queue_put");
    assert_true(all.live_bytes == 3 * 128.5 * 4096);
    assert_true(early.live_bytes == 6 * 128.5 * 4096);
}

static void histogram_is_close(void **state)
{
    (void)state;
    static struct histogram h;
    assert_int_equal(histogram_at(&h, 0.5), 0);
    for (uint64_t i = 1; i <= 100000; i++)
        histogram_add(&h, i * i);
    for (int percent = 1; percent <= 100; percent++) {
        double exact = (double)percent * 1000 * percent * 1000;
        double got = (double)histogram_at(&h, percent / 100.0);
        assert_true(got > exact * 0.992 && got < exact * 1.008);
    }
    assert_int_equal(h.max, 10000000000);
}

static void unknown_report_lists_them(void **state)
{
    (void)state;
    struct err err;
    assert_null(report_find("nonsense", &err));
    assert_non_null(strstr(err.hint, "summary, threads"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_match_golden),
        cmocka_unit_test(json_is_valid),
        cmocka_unit_test(summary_json_matches_golden),
        cmocka_unit_test(top_cuts_and_says_so),
        cmocka_unit_test(lines_fit_the_terminal),
        cmocka_unit_test(range_counts_parts_of_spans),
        cmocka_unit_test(live_memory_depends_on_the_ranges_end),
        cmocka_unit_test(histogram_is_close),
        cmocka_unit_test(unknown_report_lists_them),
    };
    return cmocka_run_group_tests(tests, open_sample, close_sample);
}
