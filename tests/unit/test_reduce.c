/* Profiles built from the sample trace, read back: totals, conventions, labels,
 * mappings; and stacks with inlined calls. */
#include "base/file.h"
#include "profile/build.h"
#include "support/sample_trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct trace *trace;
static char path[] = "/tmp/whyprof-reduce-XXXXXX";

static int open_sample(void **state)
{
    (void)state;
    struct err err;
    int fd = mkstemp(path);
    if (fd < 0 || close(fd) || !sample_trace_write(path, &err))
        return 1;
    trace = trace_open(path, &err);
    return trace == NULL;
}

static int close_sample(void **state)
{
    (void)state;
    trace_close(trace);
    return unlink(path);
}

/* Through the file's bytes: what is written is what is read. */
static void profile_of(struct profile *p, enum reduce_kind kind, struct reduce_range range)
{
    struct err err = {0};
    struct strbuf file = {0};
    assert_true(profile_build_file(trace, kind, range, &file, NULL, &err));
    if (!profile_parse(p, file.p, file.len, &err))
        fail_msg("%s", err.text);
    strbuf_release(&file);
}

static const struct reduce_range whole = {0, US(10000) + 1};

static const char *leaf(const struct profile *p, size_t sample)
{
    const struct profile_location *loc = &p->locations[p->samples[sample].locations[0]];
    return profile_line_name(p, &loc->lines[0]);
}

static const char *label(const struct profile *p, size_t sample, const char *key)
{
    const struct profile_sample *s = &p->samples[sample];
    for (uint32_t i = 0; i < s->label_count; i++)
        if (!strcmp(s->labels[i].key, key))
            return s->labels[i].text;
    return "";
}

static void cpu_adds_up_samples(void **state)
{
    (void)state;
    struct profile p;
    profile_of(&p, REDUCE_CPU, whole);
    assert_int_equal(p.value_type_count, 2);
    assert_string_equal(p.value_types[0].type, "samples");
    assert_string_equal(p.value_types[1].unit, "nanoseconds");
    assert_int_equal(profile_total(&p, 0), 40);
    assert_int_equal(profile_total(&p, 1), 40 * 100000);
    assert_int_equal(p.period, 100000);
    assert_int_equal(p.duration_ns, US(10000));
    assert_int_equal(p.time_unix_ns, 1700000000123456789);
    assert_string_equal(leaf(&p, 0), "hash_all");
    assert_string_equal(label(&p, 0, "thread"), "worker-1");
    assert_string_equal(label(&p, 0, "tid"), "101");
    assert_string_equal(p.mappings[0].filename, "/opt/server");
    assert_string_equal(p.mappings[0].build_id, "00ff");
    assert_true(p.mappings[0].has_functions && p.mappings[0].has_line_numbers);
    const struct profile_location *loc = &p.locations[p.samples[0].locations[0]];
    assert_int_equal(loc->address, 0x400000 + 0x1000 + 50 * 16); /* at its place in memory */
    assert_int_equal(loc->lines[0].line, 50);
    profile_release(&p);
}

static void waits_are_charged_to_waiter_and_holder(void **state)
{
    (void)state;
    struct profile p;
    profile_of(&p, REDUCE_BLOCK, whole);
    assert_int_equal(profile_total(&p, 0), 1);
    assert_int_equal(profile_total(&p, 1), US(4000));
    assert_string_equal(leaf(&p, 0), "pthread_mutex_lock");
    assert_string_equal(label(&p, 0, "thread"), "worker-2");
    profile_release(&p);
    profile_of(&p, REDUCE_MUTEX, whole);
    assert_int_equal(profile_total(&p, 1), US(4000));
    assert_string_equal(leaf(&p, 0), "queue_put");
    assert_string_equal(label(&p, 0, "thread"), "worker-1");
    profile_release(&p);
}

static void heap_weighs_samples(void **state)
{
    (void)state;
    struct profile p;
    profile_of(&p, REDUCE_HEAP, whole);
    assert_int_equal(p.value_type_count, 4);
    assert_int_equal(p.default_type, 3);
    assert_int_equal(p.period, 524288);
    assert_int_equal(profile_total(&p, 0), 771); /* 6 x 128.5 */
    assert_int_equal(profile_total(&p, 1), 771 * 4096);
    assert_int_equal(profile_total(&p, 2), 386); /* 3 x 128.5, rounded once */
    assert_int_equal(profile_total(&p, 3), 3 * 4096 * 257 / 2);
    assert_int_equal(p.samples[0].labels[0].number, 4096);
    profile_release(&p);
    profile_of(&p, REDUCE_ALLOCS, whole);
    assert_int_equal(p.default_type, 1);
    profile_release(&p);
    /* Until before the frees nothing is gone. */
    profile_of(&p, REDUCE_HEAP, (struct reduce_range){0, US(900)});
    assert_int_equal(profile_total(&p, 2), 771);
    profile_release(&p);
}

static void ranges_cut_spans(void **state)
{
    (void)state;
    struct profile p;
    profile_of(&p, REDUCE_BLOCK, (struct reduce_range){US(2000), US(3000)});
    assert_int_equal(profile_total(&p, 0), 1);
    assert_int_equal(profile_total(&p, 1), US(1000));
    profile_release(&p);
    profile_of(&p, REDUCE_BLOCK, (struct reduce_range){US(6000), US(7000)});
    assert_int_equal(p.sample_count, 0);
    profile_release(&p);
}

static void states_and_calls_add_up(void **state)
{
    (void)state;
    struct profile p;
    profile_of(&p, REDUCE_OFFCPU, whole);
    assert_int_equal(profile_total(&p, 1), US(8000 + 1000 + 4000 + 7000));
    profile_release(&p);
    profile_of(&p, REDUCE_SCHED, whole);
    assert_int_equal(profile_total(&p, 1), US(10 + 20 + 200 + 500));
    profile_release(&p);
    profile_of(&p, REDUCE_SYSCALL, whole);
    assert_int_equal(profile_total(&p, 0), 3);
    assert_int_equal(profile_total(&p, 1), US(9000) + 800);
    profile_release(&p);
}

static void threads_say_where_they_are(void **state)
{
    (void)state;
    struct profile p;
    profile_of(&p, REDUCE_THREADS, (struct reduce_range){0, US(3000)});
    assert_int_equal(profile_total(&p, 0), 4);
    bool found = false;
    for (size_t i = 0; i < p.sample_count; i++)
        if (!strcmp(label(&p, i, "thread"), "worker-2")) {
            found = true;
            assert_string_equal(label(&p, i, "state"), "lock");
            assert_string_equal(leaf(&p, i), "pthread_mutex_lock");
        }
    assert_true(found);
    profile_release(&p);
}

/* Two inlined calls at one address are one location with three lines. */
static void inlined_calls_share_a_location(void **state)
{
    (void)state;
    struct err err;
    struct profile p;
    char file[] = "/tmp/whyprof-inline-XXXXXX";
    close(mkstemp(file));
    struct trace_writer *w = trace_writer_open(file, &err);
    assert_non_null(w);
    uint32_t module = trace_writer_string(w, "/opt/x"), frames[4];
    static const char *const names[] = {"inner", "middle", "outer", "main"};
    for (uint32_t i = 0; i < 4; i++)
        frames[i] = trace_writer_frame(w, (uint64_t[]){i < 3 ? 0x1100 : 0x1200,
                                                       trace_writer_string(w, names[i]), 0, i + 1,
                                                       module, i < 2});
    uint32_t stack = trace_writer_stack_new(w);
    trace_writer_stack_define(w, stack, frames, 4);
    sample_thread(w, 7, 7, "x", 0, US(10));
    trace_writer_row(w, TRACE_SAMPLE_TABLE, 0, (uint64_t[]){US(1), TRACE_SAMPLE_CPU, 5, stack});
    trace_writer_row(w, TRACE_MODULE_TABLE, 0,
                     (uint64_t[]){7, 0x555500001000, 0x555500003000, 0x1000, module, 0});
    assert_true(trace_writer_close(w, US(10), &err));
    struct trace *t = trace_open(file, &err);
    assert_non_null(t);
    profile_build(&p, t, REDUCE_CPU, whole, NULL);
    assert_int_equal(p.location_count, 2);
    assert_int_equal(p.samples[0].depth, 2);
    const struct profile_location *loc = &p.locations[p.samples[0].locations[0]];
    assert_int_equal(loc->line_count, 3);
    assert_string_equal(profile_line_name(&p, &loc->lines[0]), "inner");
    assert_string_equal(profile_line_name(&p, &loc->lines[2]), "outer");
    assert_int_equal(loc->address, 0x555500001100);
    profile_release(&p);
    trace_close(t);
    unlink(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cpu_adds_up_samples),
        cmocka_unit_test(waits_are_charged_to_waiter_and_holder),
        cmocka_unit_test(heap_weighs_samples),
        cmocka_unit_test(ranges_cut_spans),
        cmocka_unit_test(states_and_calls_add_up),
        cmocka_unit_test(threads_say_where_they_are),
        cmocka_unit_test(inlined_calls_share_a_location),
    };
    return cmocka_run_group_tests(tests, open_sample, close_sample);
}
