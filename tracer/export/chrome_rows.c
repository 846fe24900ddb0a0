#include "export/chrome_rows.h"

#include "base/arena.h"
#include "base/utf8.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void chrome_rows_init(struct chrome_rows *rows, const struct trace *t)
{
    struct trace_cursor c = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    *rows = (struct chrome_rows){.thread_count = c.total_rows};
    rows->threads = mem_realloc(NULL, c.total_rows + 1, sizeof *rows->threads);
    for (uint64_t i = 0; i < c.total_rows; i++) {
        rows->threads[i] = (struct chrome_thread){
            .tid = trace_get(&c, i, TRACE_THREAD_tid),
            .pid = trace_get(&c, i, TRACE_THREAD_pid),
            .name = trace_get(&c, i, TRACE_THREAD_name),
            .end_ns = trace_get(&c, i, TRACE_THREAD_end_ts),
        };
        *map64_put(&rows->of_tid, rows->threads[i].tid, NULL) = i;
    }
    rows->first_pid = c.total_rows ? rows->threads[0].pid : 1;
}

uint64_t chrome_row_tid(const struct chrome_rows *rows, uint32_t thread, enum chrome_row row)
{
    uint64_t tid = rows->threads[thread].tid;
    if (tid == 0)
        tid = (uint64_t)CHROME_ROWS * CHROME_STRIDE + thread + 1;
    return tid + (uint64_t)row * CHROME_STRIDE;
}

/* Several threads hold a read lock at once: each has its own row. */
static bool is_shared(uint64_t kind)
{
    return kind == TRACE_LOCK_RWLOCK_READ;
}

uint64_t chrome_lock_tid(struct chrome_rows *rows, uint64_t pid, uint64_t lock, uint64_t kind,
                         uint64_t tid)
{
    return 1 + tally_group(&rows->locks, pid << 32 | (is_shared(kind) ? tid : 0), lock);
}

bool chrome_thread_of_tid(const struct chrome_rows *rows, uint64_t tid, uint32_t *thread)
{
    const uint64_t *at = map64_get(&rows->of_tid, tid);
    if (at)
        *thread = (uint32_t)*at;
    return at != NULL;
}

/* One metadata event; `text` NULL: `number` under `key`. */
static void describe(struct chrome_writer *w, const char *what, uint64_t pid, uint64_t tid,
                     const char *key, const char *text, double number)
{
    struct strbuf clean = {0};
    cJSON *event = cJSON_CreateObject();
    cJSON_AddStringToObject(event, "ph", "M");
    cJSON_AddNumberToObject(event, "pid", (double)pid);
    cJSON_AddNumberToObject(event, "tid", (double)tid);
    cJSON_AddNumberToObject(event, "ts", 0); /* speedscope wants one in every event */
    cJSON_AddStringToObject(event, "name", what);
    cJSON *args = cJSON_AddObjectToObject(event, "args");
    if (text) {
        utf8_append(&clean, text);
        cJSON_AddStringToObject(args, key, strbuf_str(&clean));
    } else {
        cJSON_AddNumberToObject(args, key, number);
    }
    char *json = cJSON_PrintUnformatted(event);
    if (!json)
        abort(); /* no memory */
    chrome_event_text(w, json, strlen(json));
    cJSON_free(json);
    cJSON_Delete(event);
    strbuf_release(&clean);
}

static void describe_process(struct chrome_writer *w, uint64_t pid, const char *name,
                             uint64_t order)
{
    describe(w, "process_name", pid, pid, "name", name, 0);
    describe(w, "process_sort_index", pid, pid, "sort_index", NULL, (double)order);
}

static void describe_row(struct chrome_writer *w, uint64_t pid, uint64_t tid, const char *name,
                         uint64_t order)
{
    describe(w, "thread_name", pid, tid, "name", name, 0);
    describe(w, "thread_sort_index", pid, tid, "sort_index", NULL, (double)order);
}

static void describe_processes(const struct trace *t, struct chrome_writer *w)
{
    struct trace_cursor c = trace_cursor(t, TRACE_PROCESS_TABLE, 0);
    for (uint64_t i = 0; i < c.total_rows; i++) {
        uint64_t pid = trace_get(&c, i, TRACE_PROCESS_pid);
        describe_process(w, pid, trace_string(t, trace_get(&c, i, TRACE_PROCESS_name)), i);
        describe(w, "process_labels", pid, pid, "labels",
                 trace_string(t, trace_get(&c, i, TRACE_PROCESS_cmdline)), 0);
    }
}

static void describe_thread(const struct chrome_rows *rows, const struct trace *t,
                            struct chrome_writer *w, uint32_t thread)
{
    static const struct {
        enum trace_table table;
        const char *suffix;
    } kinds[CHROME_ROWS] = {[CHROME_STATES] = {TRACE_THREAD_STATE_TABLE, ""},
                            [CHROME_REGIONS] = {TRACE_REGION_TABLE, ": regions"},
                            [CHROME_WAITS] = {TRACE_LOCK_WAIT_TABLE, ": waits"},
                            [CHROME_CALLS] = {TRACE_SYSCALL_TABLE, ": system calls"}};
    const struct chrome_thread *th = &rows->threads[thread];
    struct strbuf name = {0};
    for (int k = 0; k < CHROME_ROWS; k++) {
        if (k != CHROME_STATES && !trace_rows(t, kinds[k].table, thread))
            continue;
        strbuf_clear(&name);
        strbuf_printf(&name, "%s%s", trace_string(t, th->name), kinds[k].suffix);
        describe_row(w, th->pid, chrome_row_tid(rows, thread, (enum chrome_row)k), name.p,
                     (uint64_t)thread * CHROME_ROWS + (uint64_t)k);
    }
    strbuf_release(&name);
}

/* CPUs that a thread was seen on. */
static void describe_cpus(const struct chrome_rows *rows, const struct trace *t,
                          struct chrome_writer *w)
{
    struct map64 seen = {0};
    char name[32];
    for (uint64_t th = 0; th < rows->thread_count && th <= UINT32_MAX; th++) {
        struct trace_cursor c = trace_cursor(t, TRACE_THREAD_STATE_TABLE, (uint32_t)th);
        for (uint64_t row = 0; row < c.total_rows && !c.damaged; row++) {
            uint64_t cpu = trace_get(&c, row, TRACE_THREAD_STATE_cpu);
            bool added;
            if ((int64_t)cpu < 0 || cpu > CHROME_STRIDE)
                continue;
            map64_put(&seen, cpu, &added);
            if (!added)
                continue;
            if (seen.len == 1)
                describe_process(w, CHROME_CPU_PID, "CPUs", CHROME_CPU_PID);
            snprintf(name, sizeof name, "CPU %" PRIu64, cpu);
            describe_row(w, CHROME_CPU_PID, cpu + 1, name, cpu);
        }
    }
    map64_release(&seen);
}

/* Gives each lock that was held a row, in order of first hold by thread. */
static void describe_locks(struct chrome_rows *rows, const struct trace *t, struct chrome_writer *w)
{
    char name[128];
    for (uint64_t th = 0; th < rows->thread_count && th <= UINT32_MAX; th++) {
        struct trace_cursor c = trace_cursor(t, TRACE_LOCK_HOLD_TABLE, (uint32_t)th);
        for (uint64_t row = 0; row < c.total_rows && !c.damaged; row++) {
            uint64_t lock = trace_get(&c, row, TRACE_LOCK_HOLD_lock);
            uint64_t kind = trace_get(&c, row, TRACE_LOCK_HOLD_kind);
            uint32_t known = rows->locks.keys.count;
            uint64_t tid =
                chrome_lock_tid(rows, rows->threads[th].pid, lock, kind, rows->threads[th].tid);
            if (rows->locks.keys.count == known)
                continue;
            if (known == 0)
                describe_process(w, CHROME_LOCK_PID, "Locks", CHROME_LOCK_PID);
            const char *kind_name = trace_enum_name(TRACE_LOCK, kind);
            snprintf(name, sizeof name, "%s 0x%" PRIx64, kind_name ? kind_name : "lock", lock);
            describe_row(w, CHROME_LOCK_PID, tid, name, tid);
        }
    }
}

void chrome_rows_describe(struct chrome_rows *rows, const struct trace *t, struct chrome_writer *w)
{
    describe_processes(t, w);
    for (uint64_t th = 0; th < rows->thread_count && th <= UINT32_MAX; th++)
        describe_thread(rows, t, w, (uint32_t)th);
    describe_cpus(rows, t, w);
    describe_locks(rows, t, w);
}

void chrome_rows_release(struct chrome_rows *rows)
{
    free(rows->threads);
    map64_release(&rows->of_tid);
    tally_groups_release(&rows->locks);
}
