/* Exports of the sample trace against golden files, and what every Chrome trace
 * must hold: order, nesting, exact times, valid JSON. */
#include "export/export.h"
#include "export/merge.h"
#include "support/golden.h"
#include "support/json_valid.h"
#include "support/sample_trace.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct trace *trace;
static char folder[] = "/tmp/whyprof-export-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[2][128];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static int open_sample(void **state)
{
    (void)state;
    struct err err;
    if (!mkdtemp(folder) || !sample_trace_write(in_folder("sample.out"), &err) ||
        !(trace = trace_open(in_folder("sample.out"), &err)))
        return 1;
    return 0;
}

static int close_sample(void **state)
{
    (void)state;
    struct err err;
    trace_close(trace);
    return !file_remove_tree(folder, &err);
}

/* What an export wrote; the caller frees it. */
static char *exported(struct trace *t, const char *format, struct export_options options)
{
    struct err err;
    struct export_result result;
    char *text;
    size_t bytes;
    if (!options.range.end_ns)
        options.range = analyze_range_whole(t);
    assert_true(
        export_trace(t, export_find(format, &err), in_folder("export"), &options, &result, &err));
    assert_true(file_read(in_folder("export"), &text, &bytes, &err));
    assert_int_equal(result.bytes, bytes);
    unlink(in_folder("export"));
    return text;
}

static void files_match_golden(void **state)
{
    (void)state;
    char *json = exported(trace, "chrome", (struct export_options){0});
    char *folded = exported(trace, "folded", (struct export_options){0});
    assert_true(golden_equal("sample.chrome.json", json));
    assert_true(golden_equal("sample.folded", folded));
    assert_true(json_valid(json));
    free(json);
    free(folded);
}

static double number(const cJSON *event, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(event, key);
    return item ? item->valuedouble : 0;
}

static const char *text(const cJSON *event, const char *key)
{
    const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, key));
    return s ? s : "";
}

enum {
    MAX_OPEN = 64
};

/* The spans open on one row: a later one lies within them or begins behind them. */
struct row {
    double id;
    double ends[MAX_OPEN];
    int open;
};

static void assert_nests(struct row *row, double ts, double dur)
{
    while (row->open && row->ends[row->open - 1] <= ts + 0.0005)
        row->open--;
    if (row->open)
        assert_true(ts + dur <= row->ends[row->open - 1] + 0.0005);
    assert_in_range(row->open, 0, MAX_OPEN - 1);
    row->ends[row->open++] = ts + dur;
}

/* Metadata first, then by time, spans nest, no thread 0, flows in pairs; the
 * number of events behind the metadata. */
static int assert_chrome_rules(const char *json)
{
    static struct row rows[256];
    int row_count = 0, events = 0, flows = 0;
    double last = 0, last_dur = 0;
    cJSON *root = cJSON_Parse(json);
    assert_non_null(root);
    const cJSON *e;
    cJSON_ArrayForEach(e, cJSON_GetObjectItem(root, "traceEvents"))
    {
        const char *ph = text(e, "ph");
        assert_true(number(e, "tid") > 0 && number(e, "pid") > 0);
        if (*ph == 'M') {
            assert_int_equal(events, 0);
            continue;
        }
        events++;
        double ts = number(e, "ts"), dur = *ph == 'X' ? number(e, "dur") : 0;
        assert_true(ts >= last);
        if (ts == last && *ph == 'X')
            assert_true(dur <= last_dur || last_dur == 0);
        last_dur = *ph == 'X' ? dur : 0;
        last = ts;
        flows += *ph == 's' ? 1 : *ph == 'f' ? -1 : 0;
        if (*ph != 'X')
            continue;
        double id = number(e, "pid") * 1e9 + number(e, "tid");
        int r = 0;
        while (r < row_count && rows[r].id != id)
            r++;
        assert_in_range(r, 0, 255);
        if (r == row_count)
            rows[row_count++] = (struct row){.id = id};
        assert_nests(&rows[r], ts, dur);
    }
    assert_int_equal(flows, 0);
    cJSON_Delete(root);
    return events;
}

struct open_spans {
    double id;
    const char *names[MAX_OPEN];
    int count;
};

/* Each E ends the innermost span of its row, which has its name; none stays open. */
static void assert_pairs(const char *json)
{
    static struct open_spans rows[256];
    int row_count = 0;
    cJSON *root = cJSON_Parse(json);
    assert_non_null(root);
    const cJSON *e;
    cJSON_ArrayForEach(e, cJSON_GetObjectItem(root, "traceEvents"))
    {
        char ph = *text(e, "ph");
        double id = number(e, "pid") * 1e9 + number(e, "tid");
        int r = 0;
        while (r < row_count && rows[r].id != id)
            r++;
        assert_in_range(r, 0, 255);
        if (r == row_count)
            rows[row_count++] = (struct open_spans){.id = id};
        if (ph == 'B') {
            assert_in_range(rows[r].count, 0, MAX_OPEN - 1);
            rows[r].names[rows[r].count++] = text(e, "name");
        } else if (ph == 'E') {
            assert_true(rows[r].count > 0);
            assert_string_equal(rows[r].names[--rows[r].count], text(e, "name"));
        }
    }
    for (int r = 0; r < row_count; r++)
        assert_int_equal(rows[r].count, 0);
    cJSON_Delete(root);
}

static void sample_keeps_the_rules(void **state)
{
    (void)state;
    char *json = exported(trace, "chrome", (struct export_options){0});
    assert_chrome_rules(json);
    free(json);
}

/* xorshift: the same numbers on every machine */
static uint64_t random_next(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

/* Threads with thousands of states, calls and nested regions at equal times. */
static void write_random(const char *path)
{
    struct err err;
    struct trace_writer *w = trace_writer_open(path, &err);
    uint64_t seed = 7, end = US(2000000);
    assert_non_null(w);
    uint32_t name = trace_writer_string(w, "r\xff\"\\\x01");
    trace_writer_row(w, TRACE_PROCESS_TABLE, 0, (uint64_t[]){5, 1, name, name, 0, end, 0});
    for (uint32_t th = 0; th < 5; th++) {
        trace_writer_row(w, TRACE_THREAD_TABLE, 0, (uint64_t[]){5 + th, 5, name, 0, end, 0});
        for (uint64_t i = 0, ts = 0; i < 3000; i++, ts += random_next(&seed) % 5 * 1000) {
            uint64_t state = 1 + random_next(&seed) % 3;
            sample_state(w, th, ts, (enum trace_state)state, (int)th, TRACE_REASON_IO, 0, 0, 0);
        }
        for (uint64_t i = 0, ts = 0; i < 1000; i++, ts += US(10)) {
            uint64_t dur = random_next(&seed) % US(10);
            trace_writer_row(w, TRACE_REGION_TABLE, th, (uint64_t[]){ts, dur / 2, name, 0});
            trace_writer_row(w, TRACE_REGION_TABLE, th, (uint64_t[]){ts, dur, name, 0});
            trace_writer_row(w, TRACE_LOCK_HOLD_TABLE, th,
                             (uint64_t[]){ts, US(50), 0x40, TRACE_LOCK_RWLOCK_READ, 1, 0});
            ts += dur > US(5) ? US(60) : US(50);
        }
    }
    for (uint64_t i = 0; i < 100; i++)
        trace_writer_row(w, TRACE_TASK_TABLE, 0,
                         (uint64_t[]){i + 1, 0, name, random_next(&seed) % US(500),
                                      random_next(&seed) % US(500)});
    assert_true(trace_writer_close(w, end, &err));
}

static void random_trace_keeps_the_rules(void **state)
{
    (void)state;
    struct err err;
    write_random(in_folder("random.out"));
    struct trace *t = trace_open(in_folder("random.out"), &err);
    assert_non_null(t);
    char *json = exported(t, "chrome", (struct export_options){0});
    assert_true(json_valid(json));
    assert_in_range(assert_chrome_rules(json), 30000, 50000);
    free(json);
    json = exported(t, "speedscope", (struct export_options){0});
    assert_chrome_rules(json);
    assert_pairs(json);
    free(json);
    trace_close(t);
}

/* Two threads that had a CPU at once, as no trace should say: still pairs. */
static void overlapping_spans_are_pairs(void **state)
{
    (void)state;
    struct err err;
    struct trace_writer *w = trace_writer_open(in_folder("overlap.out"), &err);
    assert_non_null(w);
    uint32_t name = trace_writer_string(w, "a"), other = trace_writer_string(w, "b");
    trace_writer_row(w, TRACE_PROCESS_TABLE, 0, (uint64_t[]){5, 1, name, name, 0, US(9), 0});
    for (uint32_t th = 0; th < 2; th++) {
        trace_writer_row(w, TRACE_THREAD_TABLE, 0,
                         (uint64_t[]){5 + th, 5, th ? other : name, 0, US(9), 0});
        sample_state(w, th, US(1 + th), TRACE_RUNNING, 0, TRACE_REASON_NONE, 0, 0, 0);
        sample_state(w, th, US(4 + th), TRACE_BLOCKED, -1, TRACE_REASON_IO, 0, 0, 0);
    }
    assert_true(trace_writer_close(w, US(9), &err));
    struct trace *t = trace_open(in_folder("overlap.out"), &err);
    assert_non_null(t);
    char *json = exported(t, "speedscope", (struct export_options){0});
    assert_pairs(json);
    assert_non_null(strstr(json, "\"tid\":100000000001,\"ts\":2.000,\"name\":\"b\""));
    free(json);
    trace_close(t);
}

static void range_and_min_dur_leave_out(void **state)
{
    (void)state;
    struct export_options part = {.range = {US(2000), US(3000)}};
    struct export_options longer = {.min_dur_ns = US(5000)};
    char *json = exported(trace, "chrome", part);
    assert_non_null(
        strstr(json, "\"cat\":\"syscall\",\"pid\":100,\"tid\":15000100,\"ts\":500.000"));
    assert_null(strstr(json, "\"ts\":6000.000")); /* behind it */
    assert_null(strstr(json, "\"ts\":50.000"));   /* before it */
    free(json);
    json = exported(trace, "chrome", longer);
    assert_non_null(strstr(json, "\"ts\":500.000,\"dur\":8000.000"));
    assert_null(strstr(json, "\"dur\":4000.000"));
    free(json);
}

/* Every dialect is a Chrome trace; what each adds or leaves out. */
static void dialects_differ_as_told(void **state)
{
    (void)state;
    char *perfetto = exported(trace, "perfetto", (struct export_options){0});
    assert_true(json_valid(perfetto));
    assert_chrome_rules(perfetto);
    assert_non_null(strstr(perfetto,
                           "{\"ph\":\"T\",\"cat\":\"state\",\"pid\":100,\"tid\":102,"
                           "\"ts\":1000.000,\"dur\":4000.000,\"name\":\"Sleeping\",\"args\":{"
                           "\"blocked_function\":\"blocked: lock\",\"stack\":["
                           "\"pthread_mutex_lock\",\"queue_take\",\"worker\"]"));
    assert_null(strstr(perfetto, "\"sf\":"));
    char *speedscope = exported(trace, "speedscope", (struct export_options){0});
    assert_true(json_valid(speedscope));
    assert_chrome_rules(speedscope);
    for (const char *ph = speedscope; (ph = strstr(ph, "\"ph\":\"")); ph += 6)
        assert_true(ph[6] == 'B' || ph[6] == 'E' || ph[6] == 'M');
    assert_pairs(speedscope);
    free(perfetto);
    free(speedscope);
}

/* Files of the parts together hold what the whole one does, each a valid trace. */
static void split_loses_nothing(void **state)
{
    (void)state;
    struct err err;
    struct export_result whole, parts;
    struct export_options options = {.range = analyze_range_whole(trace)};
    const struct export_format *chrome = export_find("chrome", &err);
    assert_true(export_trace(trace, chrome, in_folder("whole.json"), &options, &whole, &err));
    options.split_bytes = 9000;
    assert_true(export_trace(trace, chrome, in_folder("part.json"), &options, &parts, &err));
    assert_in_range(parts.parts, 2, 20);
    int events = 0, samples = 0;
    for (unsigned i = 1; i <= parts.parts; i++) {
        char name[32], *json;
        size_t bytes;
        snprintf(name, sizeof name, "part.%u.json", i);
        assert_true(file_read(in_folder(name), &json, &bytes, &err));
        events += assert_chrome_rules(json);
        cJSON *root = cJSON_Parse(json);
        samples += cJSON_GetArraySize(cJSON_GetObjectItem(root, "samples"));
        cJSON_Delete(root);
        free(json);
        unlink(in_folder(name));
    }
    char *json;
    size_t bytes;
    assert_true(file_read(in_folder("whole.json"), &json, &bytes, &err));
    cJSON *root = cJSON_Parse(json);
    assert_int_equal(samples, cJSON_GetArraySize(cJSON_GetObjectItem(root, "samples")));
    assert_int_equal(events, assert_chrome_rules(json));
    assert_int_equal(parts.events, whole.events);
    cJSON_Delete(root);
    free(json);
    unlink(in_folder("whole.json"));
}

static void gzip_holds_the_same(void **state)
{
    (void)state;
    struct err err;
    struct export_result result;
    struct export_options options = {.range = analyze_range_whole(trace)};
    char path[128], command[300], *packed;
    char *plain = exported(trace, "chrome", (struct export_options){0});
    size_t bytes;
    snprintf(path, sizeof path, "%s", in_folder("x.json.gz"));
    assert_true(export_trace(trace, export_find("chrome", &err), path, &options, &result, &err));
    snprintf(command, sizeof command, "gzip -dc %s > %s", path, in_folder("x.json"));
    assert_int_equal(system(command), 0);
    assert_true(file_read(in_folder("x.json"), &packed, &bytes, &err));
    assert_string_equal(packed, plain);
    free(packed);
    free(plain);
}

static bool stop(void *data, const char *phase, uint64_t done, uint64_t total)
{
    (void)data;
    (void)phase;
    (void)done;
    (void)total;
    return false;
}

static void failures_leave_no_file(void **state)
{
    (void)state;
    struct err err;
    struct export_result result;
    const struct progress stopper = {.step = stop};
    struct export_options options = {.range = analyze_range_whole(trace), .progress = &stopper};
    const struct export_format *chrome = export_find("chrome", &err);
    assert_false(export_trace(trace, chrome, in_folder("stopped.json"), &options, &result, &err));
    assert_false(export_trace(trace, chrome, "/no/such/folder/x.json", &options, &result, &err));
    DIR *d = opendir(folder);
    for (struct dirent *e; (e = readdir(d));)
        assert_null(strstr(e->d_name, "stopped"));
    closedir(d);
    assert_null(export_find("nonsense", &err));
    assert_non_null(strstr(err.hint, "chrome"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_match_golden),
        cmocka_unit_test(sample_keeps_the_rules),
        cmocka_unit_test(random_trace_keeps_the_rules),
        cmocka_unit_test(overlapping_spans_are_pairs),
        cmocka_unit_test(range_and_min_dur_leave_out),
        cmocka_unit_test(dialects_differ_as_told),
        cmocka_unit_test(split_loses_nothing),
        cmocka_unit_test(gzip_holds_the_same),
        cmocka_unit_test(failures_leave_no_file),
    };
    return cmocka_run_group_tests(tests, open_sample, close_sample);
}
