/* schema: the tables of format.h as data, and the names of enum values. */
#include "trace/format.h"

#include <stddef.h>

#define COLUMN(TABLE, name, KIND) {#name, TRACE_##KIND},
#define X(NAME, name, by_thread)                                                                   \
    static const struct trace_column_info name##_columns[] = {TRACE_COLUMNS_##NAME(COLUMN)};
TRACE_TABLES(X)
#undef X

/* The number of the column called `ts`, from which a table's order follows. */
enum {
    META_TS = -1,
    PROCESS_TS = -1,
    THREAD_TS = -1,
    THREAD_STATE_TS = TRACE_THREAD_STATE_ts,
    SYSCALL_TS = TRACE_SYSCALL_ts,
    LOCK_WAIT_TS = TRACE_LOCK_WAIT_ts,
    LOCK_HOLD_TS = TRACE_LOCK_HOLD_ts,
    LOCK_TS = -1,
    ALLOC_TS = TRACE_ALLOC_ts,
    SAMPLE_TS = TRACE_SAMPLE_ts,
    WAKEUP_TS = TRACE_WAKEUP_ts,
    REGION_TS = TRACE_REGION_ts,
    TASK_TS = TRACE_TASK_ts,
    COUNTER_TS = TRACE_COUNTER_ts,
    MESSAGE_TS = TRACE_MESSAGE_ts,
    STACK_TS = -1,
    STACK_NODE_TS = -1,
    FRAME_TS = -1,
    LOST_TS = TRACE_LOST_ts,
    EVENT_COUNT_TS = -1,
    MODULE_TS = -1,
    STATE_TOTAL_TS = -1,
};

const struct trace_table_info trace_tables[TRACE_TABLE_COUNT] = {
#define X(NAME, name, by_thread)                                                                   \
    {#name, TRACE_##NAME##_COLUMNS, by_thread, NAME##_TS, name##_columns},
    TRACE_TABLES(X)
#undef X
};

#define X(NAME, name, by_thread)                                                                   \
    _Static_assert((int)TRACE_##NAME##_COLUMNS <= (int)TRACE_MAX_COLUMNS,                          \
                   #name " has too many columns");
TRACE_TABLES(X)
#undef X

_Static_assert((int)TRACE_STATE_TOTAL_COLUMNS == (int)TRACE_CLASSES + 1,
               "a column for each class, and preempted");

static const char *const state_names[TRACE_STATES] = {
    [TRACE_UNKNOWN] = "unknown",
    [TRACE_RUNNING] = "running",
    [TRACE_RUNNABLE] = "runnable",
    [TRACE_BLOCKED] = "blocked",
};
static const char *const reason_names[TRACE_REASONS] = {
    [TRACE_REASON_NONE] = "none",
    [TRACE_REASON_LOCK] = "lock",
    [TRACE_REASON_COND] = "cond",
    [TRACE_REASON_JOIN] = "join",
    [TRACE_REASON_SYSCALL] = "syscall",
    [TRACE_REASON_SLEEP] = "sleep",
    [TRACE_REASON_IO] = "io",
    [TRACE_REASON_PAGE_FAULT] = "page_fault",
    [TRACE_REASON_PREEMPTED] = "preempted",
    [TRACE_REASON_UNKNOWN] = "unknown",
    [TRACE_REASON_STOLEN] = "stolen",
};
static const char *const lock_names[TRACE_LOCK_KINDS] = {
    [TRACE_LOCK_MUTEX] = "mutex",
    [TRACE_LOCK_RWLOCK_READ] = "rwlock_read",
    [TRACE_LOCK_RWLOCK_WRITE] = "rwlock_write",
    [TRACE_LOCK_SPIN] = "spin",
    [TRACE_LOCK_COND] = "cond",
    [TRACE_LOCK_SEM] = "sem",
    [TRACE_LOCK_BARRIER] = "barrier",
    [TRACE_LOCK_JOIN] = "join",
    [TRACE_LOCK_ONCE] = "once",
    [TRACE_LOCK_FUTEX] = "futex",
};
static const char *const alloc_names[TRACE_ALLOC_KINDS] = {
    [TRACE_ALLOC_MALLOC] = "malloc",   [TRACE_ALLOC_CALLOC] = "calloc",
    [TRACE_ALLOC_REALLOC] = "realloc", [TRACE_ALLOC_MEMALIGN] = "memalign",
    [TRACE_ALLOC_MMAP] = "mmap",       [TRACE_ALLOC_BRK] = "brk",
};
static const char *const sample_names[TRACE_SAMPLE_KINDS] = {[TRACE_SAMPLE_CPU] = "cpu"};

const char *trace_enum_name(enum trace_kind kind, uint64_t value)
{
    switch (kind) {
    case TRACE_STATE:
        return value < TRACE_STATES ? state_names[value] : NULL;
    case TRACE_REASON:
        return value < TRACE_REASONS ? reason_names[value] : NULL;
    case TRACE_LOCK:
        return value < TRACE_LOCK_KINDS ? lock_names[value] : NULL;
    case TRACE_ALLOC:
        return value < TRACE_ALLOC_KINDS ? alloc_names[value] : NULL;
    case TRACE_SAMPLE:
        return value < TRACE_SAMPLE_KINDS ? sample_names[value] : NULL;
    default:
        return NULL;
    }
}

int trace_dur_column(enum trace_table table)
{
    switch (table) {
    case TRACE_SYSCALL_TABLE:
        return TRACE_SYSCALL_dur;
    case TRACE_LOCK_WAIT_TABLE:
        return TRACE_LOCK_WAIT_dur;
    case TRACE_LOCK_HOLD_TABLE:
        return TRACE_LOCK_HOLD_dur;
    case TRACE_REGION_TABLE:
        return TRACE_REGION_dur;
    case TRACE_TASK_TABLE:
        return TRACE_TASK_dur;
    case TRACE_LOST_TABLE:
        return TRACE_LOST_dur;
    default:
        return -1;
    }
}
