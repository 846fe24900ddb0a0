/* SQL over a trace: the tables that are promised, values, what is pushed down
 * against what SQLite finds by itself, output forms, errors with their place. */
#include "query/quantile.h"
#include "query/query.h"
#include "support/golden.h"
#include "support/server_trace.h"

#include <glob.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct trace *sample, *server;
static char path[64];
static struct err err;

static struct trace *make_trace(bool (*write)(const char *, struct err *))
{
    struct trace *t = write(path, &err) ? trace_open(path, &err) : NULL;
    if (!t)
        fprintf(stderr, "%s\n", err.text);
    unlink(path);
    return t;
}

static int open_traces(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/whyprof-query-%d.out", getpid());
    sample = make_trace(sample_trace_write);
    server = make_trace(server_trace_write);
    return !sample || !server;
}

static int close_traces(void **state)
{
    (void)state;
    trace_close(sample);
    trace_close(server);
    return 0;
}

/* What a query prints, until the next call; NULL (and err) when it fails. */
static const char *ask_as(struct trace *t, enum query_format format, const char *sql)
{
    static char *text;
    size_t len;
    free(text);
    text = NULL;
    struct query *q = query_open(t, &err);
    assert_non_null(q);
    FILE *out = open_memstream(&text, &len);
    struct query_result result;
    bool ok = query_run(q, "SQL", sql, format, out, &result, &err);
    fclose(out);
    query_close(q);
    return ok ? text : NULL;
}

static const char *ask(struct trace *t, const char *sql)
{
    return ask_as(t, QUERY_CSV, sql);
}

static void expect(struct trace *t, const char *sql, const char *want)
{
    const char *got = ask(t, sql);
    if (!got)
        fail_msg("%s: %s", sql, err.text);
    if (strcmp(got, want))
        fail_msg("%s\nwant: %s\ngot:  %s", sql, want, got);
}

static void expect_failure(const char *sql, const char *text, const char *hint)
{
    if (ask(sample, sql))
        fail_msg("'%s' did not fail", sql);
    assert_string_equal(err.text, text);
    assert_string_equal(err.hint, hint);
}

static void promised_columns_come_first(void **state)
{
    (void)state;
    static const char *const promised[][2] = {
        {"meta", "key,value"},
        {"process", "pid,name,cmdline,start_ts,end_ts,exit_status"},
        {"thread", "tid,pid,name,start_ts,end_ts"},
        {"thread_state", "tid,ts,dur,state,cpu,reason,object,waker_tid,stack_id"},
        {"syscall", "tid,ts,dur,nr,name,arg0,arg1,arg2,arg3,arg4,arg5,ret,stack_id"},
        {"lock_wait", "tid,ts,dur,lock,kind,stack_id,holder_tid,holder_stack_id"},
        {"lock_hold", "tid,ts,dur,lock,kind,contended,stack_id"},
        {"lock", "lock,kind,name,acquisitions,contentions,wait_ns,max_wait_ns"},
        {"alloc", "tid,ts,kind,addr,size,weight,free_ts,free_tid,stack_id"},
        {"sample", "tid,ts,kind,weight,stack_id"},
        {"wakeup", "ts,waker_tid,wakee_tid,cpu"},
        {"region", "tid,ts,dur,name,task_id"},
        {"task", "task_id,parent_id,name,ts,dur"},
        {"counter", "name,ts,value"},
        {"message", "tid,ts,text"},
        {"stack", "stack_id,depth,address,function,file,line,module,inlined"},
        {"lost", "ts,dur,tid,cpu,count,source"},
    };
    for (size_t i = 0; i < sizeof promised / sizeof *promised; i++) {
        char sql[64];
        snprintf(sql, sizeof sql, "SELECT * FROM %s LIMIT 0", promised[i][0]);
        const char *head = ask(sample, sql);
        assert_non_null(head);
        if (strncmp(head, promised[i][1], strlen(promised[i][1])))
            fail_msg("%s has %s", promised[i][0], head);
    }
}

static void values_are_the_files(void **state)
{
    (void)state;
    expect(sample, "SELECT value FROM meta WHERE key IN ('lost_events', 'mechanism.sched')",
           "value\n17\nbpf\n");
    expect(sample, "SELECT ts, dur, state, reason FROM thread_state WHERE tid IN (102, 200)",
           "ts,dur,state,reason\n200000,800000,running,\n1000000,4000000,blocked,lock\n"
           "5000000,200000,runnable,\n5200000,800000,running,\n"
           "6000000,500000,runnable,preempted\n6500000,3000000,running,\n"
           "2000000,7000000,blocked,sleep\n");
    expect(sample, "SELECT cpu FROM thread_state WHERE tid = 200", "cpu\n\n");
    expect(sample, "SELECT weight, free_ts, free_tid FROM alloc LIMIT 2",
           "weight,free_ts,free_tid\n128.5,,\n128.5,900000,102\n");
    expect(sample, "SELECT exit_status, ppid FROM process", "exit_status,ppid\n0,1\n,100\n");
    expect(sample, "SELECT depth, function, file, line FROM stack WHERE stack_id = 2",
           "depth,function,file,line\n0,pthread_mutex_lock,,\n1,queue_take,server.c,30\n"
           "2,worker,server.c,20\n");
    expect(sample, "SELECT count(*), count(stack_id) FROM thread_state",
           "count(*),count(stack_id)\n15,3\n");
    expect(sample, "SELECT count(DISTINCT stack_id), count(*), max(depth) FROM stack",
           "count(DISTINCT stack_id),count(*),max(depth)\n7,19,3\n");
}

/* For each table, conditions and orders whose result must be that of SQLite alone
 * on a copy of the rows. */
static void pushed_down_is_the_same(void **state)
{
    (void)state;
    static const char *const thread_state[] = {
        "tid = 101",
        "tid = '101'",
        "tid = 101.0",
        "tid = 101.5",
        "tid = 'x'",
        "tid = NULL",
        "tid IN (101, 102, 7, NULL)",
        "tid IN (1,2,3,4,5,6,7,8,9,100,101)",
        "tid > 100",
        "tid IN (SELECT tid FROM thread WHERE name LIKE 'worker%')",
        "pid = 100",
        "pid IN (7, 100)",
        "thread_id = 1",
        "thread_id = 99",
        "thread_id = -1",
        "ts = 5000000",
        "ts IN (5000000, 0) ORDER BY ts, tid",
        "ts >= 5000000",
        "ts > 5000000",
        "ts < 5000000",
        "ts <= 5000000",
        "ts < 0",
        "ts >= -5",
        "ts > 4999999.5",
        "ts < 5000000.5",
        "ts <= 5e6",
        "ts < 'abc'",
        "ts > 'abc'",
        "ts > NULL",
        "ts < 9223372036854775807",
        "ts > 9223372036854775807",
        "ts >= 1e300",
        "ts < -1e300",
        "ts BETWEEN 1000000 AND 6000000 AND tid = 102",
        "ts_end >= 8000000",
        "ts_end > 8000000",
        "ts_end = 20000000",
        "ts_end > 600000 AND ts < 700000",
        "state = 'blocked'",
        "state = 'nonsense'",
        "state = 3",
        "state IN ('running', 'blocked')",
        "state <> 'running'",
        "reason = 'lock'",
        "reason IS NULL",
        "reason = 'none'",
        "state = 'BLOCKED' COLLATE NOCASE",
        "waker_tid = 101",
        "waker_tid = 0",
        "waker_tid IS NULL",
        "stack_id = 2",
        "stack_id IS NULL",
        "cpu = -1",
        "object = 0xbeef40",
        "dur > 400000",
        "tid = 101 AND state = 'running' AND cpu = 1",
        "tid = 101 ORDER BY ts",
        "tid = 101 ORDER BY ts DESC",
        "ts < 3000000 ORDER BY thread_id, ts",
        "1 ORDER BY ts, tid",
        "1 ORDER BY state, tid, ts",
        "tid = 101 OR ts < 100000 ORDER BY tid, ts",
    };
    for (size_t i = 0; i < sizeof thread_state / sizeof *thread_state; i++) {
        char sql[512];
        snprintf(sql, sizeof sql, "SELECT * FROM thread_state WHERE %s", thread_state[i]);
        const char *text = ask(server, sql);
        if (!text)
            fail_msg("%s: %s", sql, err.text);
        char *got = strdup(text);
        snprintf(sql, sizeof sql,
                 "WITH copy AS MATERIALIZED (SELECT * FROM thread_state) "
                 "SELECT * FROM copy WHERE %s",
                 thread_state[i]);
        expect(server, sql, got);
        free(got);
    }
}

static void groups_are_the_same(void **state)
{
    (void)state;
    static const char *const groups[] = {
        "tid",        "pid",        "thread_id",       "state",
        "tid, state", "state, tid", "reason, state",   "pid, tid, reason, state",
        "pid, state", "cpu, state", "state, stack_id",
    };
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        char sql[512];
        snprintf(sql, sizeof sql,
                 "SELECT %s, count(*), sum(dur) FROM thread_state WHERE ts > 2500000 GROUP BY %s "
                 "ORDER BY count(*), sum(dur), %s",
                 groups[i], groups[i], groups[i]);
        char *got = strdup(ask(server, sql));
        snprintf(sql, sizeof sql,
                 "WITH copy AS MATERIALIZED (SELECT * FROM thread_state) "
                 "SELECT %s, count(*), sum(dur) FROM copy WHERE ts > 2500000 GROUP BY %s "
                 "ORDER BY count(*), sum(dur), %s",
                 groups[i], groups[i], groups[i]);
        expect(server, sql, got);
        free(got);
    }
    expect(server, "SELECT DISTINCT state FROM thread_state",
           "state\nrunning\nrunnable\nblocked\n");
}

static void look_ups_by_id(void **state)
{
    (void)state;
    expect(sample, "SELECT name FROM thread WHERE tid = 102", "name\nworker-2\n");
    expect(sample, "SELECT name FROM thread WHERE tid IN (200, 100)", "name\nserver\nchild\n");
    expect(sample, "SELECT name FROM thread WHERE thread_id = 1", "name\nworker-1\n");
    expect(sample, "SELECT name FROM thread WHERE rowid = 2", "name\nworker-2\n");
    expect(sample, "SELECT wait_ns FROM lock WHERE lock = 0xbeef40", "wait_ns\n4000000\n");
    expect(sample, "SELECT name FROM task WHERE task_id = 7", "name\nGET /\n");
    expect(sample, "SELECT count(*) FROM stack WHERE stack_id IN (2, 3, 99, 0, -1, 'x')",
           "count(*)\n5\n");
    expect(sample,
           "SELECT s.function FROM lock_wait w JOIN stack s USING (stack_id) WHERE depth = 1",
           "function\nqueue_take\n");
    expect(sample,
           "SELECT f.function FROM frame f JOIN stack_node n ON f.frame_id = n.frame "
           "WHERE n.node_id = 2",
           "function\nmain\n");
}

static bool reused_tid_write(const char *to, struct err *e)
{
    struct trace_writer *w = trace_writer_open(to, e);
    sample_thread(w, 7, 7, "late", US(500), US(900));
    sample_thread(w, 7, 7, "early", 0, US(100));
    for (uint64_t i = 0; i < 3; i++) {
        sample_state(w, 0, US(500 + i), TRACE_RUNNING, 0, 0, UINT64_MAX - i, 0, 0);
        sample_state(w, 1, US(i), TRACE_RUNNING, 0, 0, 0, 0, 0);
    }
    trace_writer_row(w, TRACE_MESSAGE_TABLE, 0,
                     (uint64_t[]){5, trace_writer_string_n(w, "a\xff\xc3\xa9\x1b[1m", 8)});
    return trace_writer_close(w, US(900), e);
}

static void a_tid_used_twice(void **state)
{
    (void)state;
    struct trace *t = make_trace(reused_tid_write);
    assert_non_null(t);
    expect(t, "SELECT ts FROM thread_state WHERE tid = 7 ORDER BY ts",
           "ts\n0\n1000\n2000\n500000\n501000\n502000\n");
    expect(t, "SELECT thread_id, sum(dur) FROM thread_state GROUP BY thread_id",
           "thread_id,sum(dur)\n0,400000\n1,100000\n");
    expect(
        t,
        "SELECT thread_at(7, 600000) a, thread_at(7, 5) b, thread_at(8, 5) c, thread_at(NULL, 5) d",
        "a,b,c,d\n0,1,,\n");
    expect(t, "SELECT tid, sum(dur) FROM thread_state GROUP BY tid", "tid,sum(dur)\n7,500000\n");
    expect(t, "SELECT object, hexaddr(object) FROM thread_state WHERE object = -2",
           "object,hexaddr(object)\n-2,0xfffffffffffffffe\n");
    assert_string_equal(ask_as(t, QUERY_TABLE, "SELECT object FROM thread_state WHERE ts = 500000"),
                        "            object\n------------------\n0xffffffffffffffff\n");
    assert_string_equal(ask_as(t, QUERY_TABLE, "SELECT text FROM message"),
                        "text\n-------------\na\\xff\xc3\xa9\\x1b[1m\n");
    assert_string_equal(ask_as(t, QUERY_JSON, "SELECT text FROM message"),
                        "[\n {\"text\": \"a\xef\xbf\xbd\xc3\xa9\\u001b[1m\"}\n]\n");
    trace_close(t);
}

static void output_forms(void **state)
{
    (void)state;
    static const char sql[] = "SELECT 1 AS a, 'x,\"y\"' AS b, NULL AS a, 0.1 AS d, x'00ff' AS e, "
                              "'' AS f, 9223372036854775807 AS g, 3.0 AS h; SELECT 1 AS z WHERE 0";
    assert_string_equal(ask_as(sample, QUERY_CSV, sql),
                        "a,b,a,d,e,f,g,h\n"
                        "1,\"x,\"\"y\"\"\",,0.1,00ff,\"\",9223372036854775807,3.0\nz\n");
    assert_string_equal(ask_as(sample, QUERY_JSON, sql),
                        "[\n {\"a\": 1, \"b\": \"x,\\\"y\\\"\", \"a_2\": null, \"d\": 0.1, "
                        "\"e\": \"00ff\", \"f\": \"\", \"g\": 9223372036854775807, \"h\": 3.0}\n]\n"
                        "[]\n");
    assert_string_equal(ask_as(sample, QUERY_TABLE, "SELECT tid, name FROM thread LIMIT 2"),
                        "tid  name\n---  --------\n100  server\n101  worker-1\n");
    assert_string_equal(ask_as(sample, QUERY_JSON, "SELECT 9e999 AS inf"),
                        "[\n {\"inf\": null}\n]\n");
}

static void functions_answer(void **state)
{
    (void)state;
    expect(sample, "SELECT ns(1230000) a, ns(-5) b, ns(NULL) c, bytes(1536) d, wall(1) e",
           "a,b,c,d,e\n1.23 ms,-5 ns,,1.50 KiB,2023-11-14T22:13:20.123456790Z\n");
    expect(sample, "SELECT stack(2) a, folded(2) b, stack(0) c, site(5) d, site(2, 'leaf') e",
           "a,b,c,d,e\npthread_mutex_lock;queue_take;worker,worker;queue_take;pthread_mutex_lock,,"
           "buffer_grow,pthread_mutex_lock\n");
    expect(sample,
           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) "
           "SELECT percentile(i, 0) a, percentile(i, 7) b, percentile(i, 99) c, "
           "percentile(-i * 0.5, 50) d, percentile(i, 50) FILTER (WHERE i > 200) e FROM n",
           "a,b,c,d,e\n1,7,99,-25.5,\n");
}

static void quantiles_stay_close(void **state)
{
    (void)state;
    struct quantile q = {0};
    uint64_t count = QUANTILE_EXACT + 1000;
    for (uint64_t i = 0; i < count; i++) /* every number once, in a mixed order */
        assert_true(quantile_add(&q, (double)(i * 7919 % count)));
    assert_non_null(q.counts);
    for (int percent = 1; percent < 100; percent++) {
        double want = (double)count * percent / 100;
        assert_true(fabs(quantile_at(&q, percent / 100.0) - want) <= want / 1000);
    }
    assert_true(quantile_at(&q, 0) == 0);
    assert_true(quantile_at(&q, 1) == (double)(count - 1));
    quantile_release(&q);
}

static void errors_show_the_place(void **state)
{
    (void)state;
    expect_failure("SELECT foo FROM thread", "SQL:1:8: no such column: foo",
                   "SELECT foo FROM thread\n         ^");
    expect_failure("-- a\nSELECT 1;\n\tSELECT *\n FROM nowhere", "SQL:4:7: no such table: nowhere",
                   " FROM nowhere\n        ^");
    expect_failure("SELECT (1", "SQL:1:10: incomplete input", "SELECT (1\n           ^");
    expect_failure("\nselec 1", "SQL:2:1: near \"selec\": syntax error", "selec 1\n  ^");
    expect_failure(".nonsense 1;",
                   "SQL:1:1: '.nonsense 1' is no command: there are .tables and .schema [TABLE]",
                   ".nonsense 1;\n  ^");
    expect_failure(".schema nowhere", "SQL:1:9: no such table: nowhere (.tables lists them)",
                   ".schema nowhere\n          ^");
    assert_null(ask(sample, "SELECT percentile(ts, 101) FROM sample"));
    assert_non_null(strstr(err.text, "from 0 to 100"));
}

static void nothing_but_reading(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "CREATE TABLE x (a)",
        "CREATE TEMP TABLE x (a)",
        "CREATE VIRTUAL TABLE x USING thread",
        "ATTACH '/tmp/x.db' AS x",
        "INSERT INTO thread VALUES (1)",
        "DELETE FROM thread",
        "DROP TABLE thread",
        "PRAGMA journal_mode = wal",
        "PRAGMA temp_store_directory = '/x'",
        "VACUUM INTO '/tmp/x.db'",
        "BEGIN",
        "SELECT load_extension('x')",
        "SELECT writefile('/tmp/x', 'y')",
        "SELECT readfile('/etc/passwd')",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (ask(sample, refused[i]))
            fail_msg("'%s' was done", refused[i]);
    expect(sample, "CREATE TEMP VIEW v AS SELECT tid FROM thread LIMIT 1; SELECT * FROM v",
           "tid\n100\n");
}

static void dot_commands_describe(void **state)
{
    (void)state;
    const char *tables = ask(sample, "-- which?\n.tables\n");
    assert_non_null(strstr(tables, "thread_state,15,"));
    assert_non_null(strstr(ask(sample, ".schema alloc;\n"), "free_ts INTEGER, -- ns since the "
                                                            "trace's start; or NULL\n"));
    assert_null(strstr(ask(sample, ".schema alloc"), "CREATE TABLE thread("));
}

static void interrupted(void **state)
{
    (void)state;
    struct query *q = query_open(sample, &err);
    struct query_result result;
    query_interrupt(q);
    FILE *out = fopen("/dev/null", "w");
    assert_false(
        query_run(q, "SQL", "SELECT count(*) FROM thread_state", QUERY_CSV, out, &result, &err));
    assert_true(result.interrupted);
    assert_string_equal(err.text, "interrupted");
    fclose(out);
    query_close(q);
}

static void write_failure_is_told(void **state)
{
    (void)state;
    FILE *out = fopen("/dev/full", "w");
    if (!out)
        skip();
    struct query *q = query_open(sample, &err);
    struct query_result result;
    assert_false(query_run(q, "SQL", "SELECT 1", QUERY_CSV, out, &result, &err));
    assert_non_null(strstr(err.text, "write the result"));
    fclose(out);
    query_close(q);
}

/* Reads every table whole; false where the file's damage was met. */
static bool read_all(struct trace *t)
{
    for (int i = 0; i < TRACE_TABLE_COUNT; i++) {
        char sql[64];
        snprintf(sql, sizeof sql, "SELECT * FROM %s", trace_tables[i].name);
        if (!ask(t, sql))
            return false;
    }
    return ask(t, "SELECT tid, state, sum(dur) FROM thread_state GROUP BY tid, state") &&
           ask(t, "SELECT site(stack_id), stack(stack_id) FROM sample WHERE kind = 'cpu'") &&
           ask(t, "SELECT * FROM lock_wait w JOIN lock USING (lock) WHERE w.ts > 5");
}

static void damage_never_crashes(void **state)
{
    (void)state;
    char *content;
    size_t bytes, told = 0, opened = 0;
    assert_true(sample_trace_write(path, &err));
    assert_true(file_read(path, &content, &bytes, &err));
    unlink(path);
    uint64_t *data = aligned_alloc(8, (bytes + 7) / 8 * 8);
    memcpy(data, content, bytes);
    for (size_t i = 64; i < bytes; i += 61) {
        ((uint8_t *)data)[i] ^= 0xff;
        struct trace *t = trace_open_memory(data, bytes, "flipped", &err);
        if (t) {
            opened++;
            told += !read_all(t) && strstr(err.text, "damaged");
            trace_close(t);
        }
        ((uint8_t *)data)[i] ^= 0xff;
    }
    assert_true(opened > 20);
    assert_true(told > 5);
    free(data);
    free(content);
}

static void questions_match_golden(void **state)
{
    (void)state;
    glob_t found;
    size_t failed = 0;
    assert_int_equal(glob(TEST_GOLDEN_DIR "/query/*.sql", 0, NULL, &found), 0);
    assert_true(found.gl_pathc >= 10);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char *sql, name[128];
        size_t bytes;
        assert_true(file_read(found.gl_pathv[i], &sql, &bytes, &err));
        const char *base = strrchr(found.gl_pathv[i], '/') + 1;
        snprintf(name, sizeof name, "query/%.*s.txt", (int)(strlen(base) - strlen(".sql")), base);
        const char *text = ask_as(server, QUERY_TABLE, sql);
        if (!text)
            fprintf(stderr, "%s: %s\n", base, err.text);
        failed += !text || !golden_equal(name, text);
        free(sql);
    }
    globfree(&found);
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(promised_columns_come_first),
        cmocka_unit_test(values_are_the_files),
        cmocka_unit_test(pushed_down_is_the_same),
        cmocka_unit_test(groups_are_the_same),
        cmocka_unit_test(look_ups_by_id),
        cmocka_unit_test(a_tid_used_twice),
        cmocka_unit_test(output_forms),
        cmocka_unit_test(functions_answer),
        cmocka_unit_test(quantiles_stay_close),
        cmocka_unit_test(errors_show_the_place),
        cmocka_unit_test(nothing_but_reading),
        cmocka_unit_test(dot_commands_describe),
        cmocka_unit_test(interrupted),
        cmocka_unit_test(write_failure_is_told),
        cmocka_unit_test(damage_never_crashes),
        cmocka_unit_test(questions_match_golden),
    };
    return cmocka_run_group_tests(tests, open_traces, close_traces);
}
