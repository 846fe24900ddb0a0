/* format: the bytes of a trace file (trace_*.out), version 1.
 *
 * Everything is little-endian. Offsets are from the start of the file. A reader
 * maps the file and reads it in place; opening touches the header, the table of
 * contents and the partition directories only, so it takes the same time
 * whatever the size.
 *
 *   HEADER     64 bytes, struct trace_header below.
 *   DATA       blocks and strings, in any order, written as they fill up.
 *   SECTIONS   the directories, each 8-byte aligned.
 *   CONTENTS   `toc_entries` entries of struct trace_section; the header says
 *              where, and carries their CRC-32.
 *
 * TABLES. All content is rows of the tables listed in TRACE_TABLES, each row a
 * fixed list of columns, each value a 64-bit word (its meaning is the column's
 * kind: a time, a string id, a double's bits ...). A table is split into
 * PARTITIONS by a 32-bit key: tables "by thread" have one partition for each
 * row of table `thread` (the key is that row's index), the others have the one
 * partition 0. Rows of a partition with a `ts` column are sorted by it.
 *
 * BLOCKS. A partition's rows are cut into blocks of TRACE_BLOCK_ROWS rows (the
 * last block of a partition may be shorter), so row r is in block
 * r / TRACE_BLOCK_ROWS. A block is
 *
 *     struct trace_block          16 bytes: rows, columns, size, CRC-32
 *     struct trace_column[ncols]  16 bytes each: how column c is packed
 *     payload                     each column's bits, then 16 zero bytes, so
 *                                 that a reader may load a word past any value
 *
 * and starts at a multiple of 8. Column c's value in row i of the block is
 *
 *     TRACE_PACK_FRAME  base + bits(i)
 *     TRACE_PACK_DICT   dictionary[bits(i)]: `base` counts its words, which
 *                       stand at `off`, 8-byte aligned, before the bits
 *
 * where bits(i) is the `width`-bit unsigned number (0 to 64 bits) at bit
 * i * width of the column's bits, least significant bit first. `width` 0 means
 * that all rows are equal to the base (or to the dictionary's only word). Each
 * value is reached in constant time.
 *
 * SECTIONS. `kind` tells what it is; `arg` is a table's number or 0:
 *     TRACE_SECTION_PARTS    struct trace_part_entry[count], sorted by key
 *     TRACE_SECTION_BLOCKS   struct trace_block_entry[count]: the table's blocks,
 *                            partition by partition
 *     TRACE_SECTION_STRINGS  uint64_t[count + 1]: string i is the bytes
 *                            [offs[i], offs[i + 1] - 1) of TRACE_SECTION_BYTES,
 *                            followed by a NUL
 *     TRACE_SECTION_BYTES    the strings' bytes. String 0 is "".
 * A reader skips kinds it does not know.
 *
 * VERSIONS. A change that old readers would misread raises `major`: they refuse
 * the file. Tables, columns at a table's end, section kinds and enum values may
 * be added with `minor`: a reader sees 0 in columns that the file lacks and
 * ignores those that it does not know.
 *
 * TIMES are ns since the trace's start (CLOCK_MONOTONIC); meta `start_unix_ns`
 * places it in the calendar. The last instant is the header's `duration_ns`.
 *
 * STACKS. A stack id is a row of table `stack`; row 0 is "no stack". It names a
 * leaf in table `stack_node`, a tree of frames by parent: a node's parent has
 * a smaller number, node 0 is the root and has no frame. Inlined calls are
 * frames of their own with `inlined` 1, called by the next node up.
 *
 * LEVEL OF DETAIL. Row k of a thread's state_total partition is how long the
 * thread was in each class (a state; for blocked, a state and reason) during its
 * first TRACE_TOTAL_SPANS * (k + 1) spans. With it the time in each class over
 * any range is exact without reading the spans inside it. It is derived data: a
 * reader may do without.
 *
 * thread_state has no `dur`: spans of a thread follow each other without a gap,
 * so one ends where the next begins, the last at the thread's end_ts. */
#ifndef TRACE_FORMAT_H
#define TRACE_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#define TRACE_MAGIC "WHYPROF\x1a"

enum {
    TRACE_VERSION_MAJOR = 1,
    TRACE_VERSION_MINOR = 1,
    TRACE_BLOCK_ROWS = 1024,
    TRACE_BLOCK_PAD = 16,
    TRACE_TOTAL_SPANS = 64,
};

struct trace_header {
    char magic[8];
    uint16_t major;
    uint16_t minor;
    uint32_t header_bytes; /* 64 */
    uint64_t file_bytes;   /* the whole file: tells a truncated one at once */
    uint64_t toc_off;
    uint32_t toc_entries;
    uint32_t toc_crc; /* CRC-32 (zlib's) of the entries */
    uint64_t duration_ns;
    uint32_t header_crc;  /* CRC-32 of the header with this field 0 */
    uint32_t reserved[3]; /* 0 */
};

enum trace_section_kind {
    TRACE_SECTION_PARTS = 1,
    TRACE_SECTION_BLOCKS = 2,
    TRACE_SECTION_STRINGS = 3,
    TRACE_SECTION_BYTES = 4,
};

struct trace_section {
    uint32_t kind;
    uint32_t arg;
    uint64_t off;
    uint64_t bytes;
    uint64_t count;
    uint32_t crc;      /* CRC-32 of the section's bytes; `check` verifies it */
    uint32_t reserved; /* 0 */
};

struct trace_part_entry {
    uint32_t key;
    uint32_t reserved;
    uint64_t rows;
    uint64_t first_block; /* index into the table's TRACE_SECTION_BLOCKS */
};

struct trace_block_entry {
    uint64_t off;
    uint64_t first_ts; /* column `ts` of its first row, or 0 in tables without */
};

struct trace_block {
    uint16_t rows;
    uint16_t columns;
    uint32_t bytes; /* header, columns, payload and padding */
    uint32_t crc;   /* CRC-32 of everything after this field */
    uint32_t reserved;
};

enum trace_pack {
    TRACE_PACK_FRAME = 0,
    TRACE_PACK_DICT = 1
};

struct trace_column {
    uint64_t base;
    uint32_t off; /* from the block's start */
    uint8_t width;
    uint8_t pack;
    uint16_t reserved;
};

/* What a column's 64-bit word means. */
enum trace_kind {
    TRACE_U64,
    TRACE_I64,
    TRACE_F64,    /* IEEE double's bits */
    TRACE_HEX,    /* an address: printed in hex */
    TRACE_TS,     /* ns since the trace's start */
    TRACE_DUR,    /* ns */
    TRACE_STR,    /* string id */
    TRACE_TID,    /* kernel thread id, 0 = none or unknown */
    TRACE_STACK,  /* row of table stack */
    TRACE_NODE,   /* row of table stack_node */
    TRACE_FRAME,  /* row of table frame */
    TRACE_STATE,  /* enum trace_state */
    TRACE_REASON, /* enum trace_reason */
    TRACE_LOCK,   /* enum trace_lock_kind */
    TRACE_ALLOC,  /* enum trace_alloc_kind */
    TRACE_SAMPLE, /* enum trace_sample_kind */
};

/* The schema is laid out as a table. clang-format stays out of it. */
/* clang-format off */

/* X(NAME, "sql name", by_thread): numbers are the order here; append only. */
#define TRACE_TABLES(X)                                                                            \
    X(META, meta, 0)                                                                               \
    X(PROCESS, process, 0)                                                                         \
    X(THREAD, thread, 0)                                                                           \
    X(THREAD_STATE, thread_state, 1)                                                               \
    X(SYSCALL, syscall, 1)                                                                         \
    X(LOCK_WAIT, lock_wait, 1)                                                                     \
    X(LOCK_HOLD, lock_hold, 1)                                                                     \
    X(LOCK, lock, 0)                                                                               \
    X(ALLOC, alloc, 1)                                                                             \
    X(SAMPLE, sample, 1)                                                                           \
    X(WAKEUP, wakeup, 0)                                                                           \
    X(REGION, region, 1)                                                                           \
    X(TASK, task, 0)                                                                               \
    X(COUNTER, counter, 0)                                                                         \
    X(MESSAGE, message, 1)                                                                         \
    X(STACK, stack, 0)                                                                             \
    X(STACK_NODE, stack_node, 0)                                                                   \
    X(FRAME, frame, 0)                                                                             \
    X(LOST, lost, 0)                                                                               \
    X(EVENT_COUNT, event_count, 0)                                                                 \
    X(MODULE, module, 0)                                                                           \
    X(STATE_TOTAL, state_total, 1)

/* Columns of each table: C(TABLE, name, KIND); append only. */
#define TRACE_COLUMNS_META(C)                                                                      \
    C(META, key, STR) C(META, value, STR)
#define TRACE_COLUMNS_PROCESS(C)                                                                   \
    C(PROCESS, pid, TID) C(PROCESS, ppid, TID) C(PROCESS, name, STR) C(PROCESS, cmdline, STR)      \
    C(PROCESS, start_ts, TS) C(PROCESS, end_ts, TS) C(PROCESS, exit_status, I64)
/* exit_status: the exit code, 128 + signal, or -1 when it was not seen. */
#define TRACE_COLUMNS_THREAD(C)                                                                    \
    C(THREAD, tid, TID) C(THREAD, pid, TID) C(THREAD, name, STR) C(THREAD, start_ts, TS)           \
    C(THREAD, end_ts, TS) C(THREAD, cpu_ns, DUR)
/* cpu_ns: the kernel's own count of the thread's CPU time in the trace, 0 = not known. */
#define TRACE_COLUMNS_THREAD_STATE(C)                                                              \
    C(THREAD_STATE, ts, TS) C(THREAD_STATE, state, STATE) C(THREAD_STATE, cpu, I64)                \
    C(THREAD_STATE, reason, REASON) C(THREAD_STATE, object, HEX)                                   \
    C(THREAD_STATE, waker_tid, TID) C(THREAD_STATE, stack_id, STACK)
/* cpu: -1 = not known. object: the lock's or condition's address, or the syscall's number. */
#define TRACE_COLUMNS_SYSCALL(C)                                                                   \
    C(SYSCALL, ts, TS) C(SYSCALL, dur, DUR) C(SYSCALL, nr, U64) C(SYSCALL, name, STR)              \
    C(SYSCALL, arg0, HEX) C(SYSCALL, arg1, HEX) C(SYSCALL, arg2, HEX) C(SYSCALL, arg3, HEX)        \
    C(SYSCALL, arg4, HEX) C(SYSCALL, arg5, HEX) C(SYSCALL, ret, I64)                               \
    C(SYSCALL, stack_id, STACK) C(SYSCALL, object, STR) C(SYSCALL, unfinished, U64)
/* object: the file's or peer's name where the first argument is a descriptor. ret: -errno. */
#define TRACE_COLUMNS_LOCK_WAIT(C)                                                                 \
    C(LOCK_WAIT, ts, TS) C(LOCK_WAIT, dur, DUR) C(LOCK_WAIT, lock, HEX)                            \
    C(LOCK_WAIT, kind, LOCK) C(LOCK_WAIT, stack_id, STACK) C(LOCK_WAIT, holder_tid, TID)           \
    C(LOCK_WAIT, holder_stack_id, STACK) C(LOCK_WAIT, result, I64)                                 \
    C(LOCK_WAIT, unfinished, U64)
#define TRACE_COLUMNS_LOCK_HOLD(C)                                                                 \
    C(LOCK_HOLD, ts, TS) C(LOCK_HOLD, dur, DUR) C(LOCK_HOLD, lock, HEX)                            \
    C(LOCK_HOLD, kind, LOCK) C(LOCK_HOLD, contended, U64) C(LOCK_HOLD, stack_id, STACK)
#define TRACE_COLUMNS_LOCK(C)                                                                      \
    C(LOCK, lock, HEX) C(LOCK, kind, LOCK) C(LOCK, name, STR) C(LOCK, acquisitions, U64)           \
    C(LOCK, contentions, U64) C(LOCK, wait_ns, DUR) C(LOCK, max_wait_ns, DUR) C(LOCK, pid, TID)
#define TRACE_COLUMNS_ALLOC(C)                                                                     \
    C(ALLOC, ts, TS) C(ALLOC, kind, ALLOC) C(ALLOC, addr, HEX) C(ALLOC, size, U64)                 \
    C(ALLOC, weight, F64) C(ALLOC, free_ts, TS) C(ALLOC, free_tid, TID)                            \
    C(ALLOC, stack_id, STACK)
/* weight: how many allocations of this size the row stands for (1 / probability).
 * free_tid 0: never freed in the trace. */
#define TRACE_COLUMNS_SAMPLE(C)                                                                    \
    C(SAMPLE, ts, TS) C(SAMPLE, kind, SAMPLE) C(SAMPLE, weight, U64) C(SAMPLE, stack_id, STACK)
/* weight: ns of CPU time that the sample stands for. */
#define TRACE_COLUMNS_WAKEUP(C)                                                                    \
    C(WAKEUP, ts, TS) C(WAKEUP, waker_tid, TID) C(WAKEUP, wakee_tid, TID) C(WAKEUP, cpu, I64)
#define TRACE_COLUMNS_REGION(C)                                                                    \
    C(REGION, ts, TS) C(REGION, dur, DUR) C(REGION, name, STR) C(REGION, task_id, U64)
#define TRACE_COLUMNS_TASK(C)                                                                      \
    C(TASK, task_id, U64) C(TASK, parent_id, U64) C(TASK, name, STR) C(TASK, ts, TS)               \
    C(TASK, dur, DUR)
#define TRACE_COLUMNS_COUNTER(C)                                                                   \
    C(COUNTER, ts, TS) C(COUNTER, name, STR) C(COUNTER, value, F64) C(COUNTER, pid, TID)
#define TRACE_COLUMNS_MESSAGE(C)                                                                   \
    C(MESSAGE, ts, TS) C(MESSAGE, text, STR)
#define TRACE_COLUMNS_STACK(C)                                                                     \
    C(STACK, node, NODE) C(STACK, depth, U64)
#define TRACE_COLUMNS_STACK_NODE(C)                                                                \
    C(STACK_NODE, parent, NODE) C(STACK_NODE, frame, FRAME)
#define TRACE_COLUMNS_FRAME(C)                                                                     \
    C(FRAME, address, HEX) C(FRAME, function, STR) C(FRAME, file, STR) C(FRAME, line, U64)         \
    C(FRAME, module, STR) C(FRAME, inlined, U64)
#define TRACE_COLUMNS_LOST(C)                                                                      \
    C(LOST, ts, TS) C(LOST, dur, DUR) C(LOST, tid, TID) C(LOST, cpu, I64) C(LOST, count, U64)      \
    C(LOST, source, STR)
#define TRACE_COLUMNS_EVENT_COUNT(C)                                                               \
    C(EVENT_COUNT, name, STR) C(EVENT_COUNT, count, U64)
/* One row for each event class of the CTF input: events read, as babeltrace2 counts them. */
#define TRACE_COLUMNS_MODULE(C)                                                                    \
    C(MODULE, pid, TID) C(MODULE, begin, HEX) C(MODULE, end, HEX) C(MODULE, file_off, U64)         \
    C(MODULE, path, STR) C(MODULE, build_id, STR)
#define TRACE_COLUMNS_STATE_TOTAL(C)                                                               \
    C(STATE_TOTAL, unknown, DUR) C(STATE_TOTAL, running, DUR) C(STATE_TOTAL, runnable, DUR)        \
    C(STATE_TOTAL, blocked_none, DUR) C(STATE_TOTAL, blocked_lock, DUR)                            \
    C(STATE_TOTAL, blocked_cond, DUR) C(STATE_TOTAL, blocked_join, DUR)                            \
    C(STATE_TOTAL, blocked_syscall, DUR) C(STATE_TOTAL, blocked_sleep, DUR)                        \
    C(STATE_TOTAL, blocked_io, DUR) C(STATE_TOTAL, blocked_page_fault, DUR)                        \
    C(STATE_TOTAL, blocked_preempted, DUR) C(STATE_TOTAL, blocked_unknown, DUR)                    \
    C(STATE_TOTAL, preempted, DUR)
/* preempted: the part of runnable that began with a preemption (since minor 1). */

/* clang-format on */

enum trace_table {
#define X(NAME, name, by_thread) TRACE_##NAME##_TABLE,
    TRACE_TABLES(X)
#undef X
    TRACE_TABLE_COUNT
};

/* TRACE_SYSCALL_ret and so on: a column's number in its table. */
#define X(NAME, name, by_thread)                                                                   \
    enum trace_##name##_column{TRACE_COLUMNS_##NAME(TRACE_COLUMN_ENUM) TRACE_##NAME##_COLUMNS};
#define TRACE_COLUMN_ENUM(TABLE, name, KIND) TRACE_##TABLE##_##name,
TRACE_TABLES(X)
#undef X

enum {
    TRACE_MAX_COLUMNS = 16
};

enum trace_state {
    TRACE_UNKNOWN = 0,
    TRACE_RUNNING,
    TRACE_RUNNABLE,
    TRACE_BLOCKED,
    TRACE_STATES
};

enum trace_reason {
    TRACE_REASON_NONE = 0,
    TRACE_REASON_LOCK,
    TRACE_REASON_COND,
    TRACE_REASON_JOIN,
    TRACE_REASON_SYSCALL,
    TRACE_REASON_SLEEP,
    TRACE_REASON_IO,
    TRACE_REASON_PAGE_FAULT,
    TRACE_REASON_PREEMPTED,
    TRACE_REASON_UNKNOWN,
    TRACE_BLOCKED_REASONS,
    /* Of runnable: on a CPU, which the hypervisor or interrupts had. That much of a stay
     * there is told at its end; where in it it was is not known. */
    TRACE_REASON_STOLEN = TRACE_BLOCKED_REASONS,
    TRACE_REASONS
};

/* Whether a runnable span began with the loss of a CPU, not with being woken. */
static inline int trace_reason_lost_cpu(uint64_t reason)
{
    return reason == TRACE_REASON_PREEMPTED || reason == TRACE_REASON_STOLEN;
}

/* Time classes: a state, or for blocked time the state and its reason. */
enum {
    TRACE_CLASSES = TRACE_BLOCKED + TRACE_BLOCKED_REASONS
};
static inline unsigned trace_class(uint64_t state, uint64_t reason)
{
    if (state < TRACE_BLOCKED)
        return (unsigned)state;
    bool known = state == TRACE_BLOCKED && reason < TRACE_BLOCKED_REASONS;
    return known ? TRACE_BLOCKED + (unsigned)reason : 0;
}

/* Same numbers as tracepoints/events.h WHYPROF_LOCK_*. */
enum trace_lock_kind {
    TRACE_LOCK_MUTEX = 0,
    TRACE_LOCK_RWLOCK_READ,
    TRACE_LOCK_RWLOCK_WRITE,
    TRACE_LOCK_SPIN,
    TRACE_LOCK_COND,
    TRACE_LOCK_SEM,
    TRACE_LOCK_BARRIER,
    TRACE_LOCK_JOIN,
    TRACE_LOCK_ONCE,
    TRACE_LOCK_FUTEX,
    TRACE_LOCK_KINDS
};

/* Same numbers as tracepoints/events.h WHYPROF_ALLOC_*. */
enum trace_alloc_kind {
    TRACE_ALLOC_MALLOC = 0,
    TRACE_ALLOC_CALLOC,
    TRACE_ALLOC_REALLOC,
    TRACE_ALLOC_MEMALIGN,
    TRACE_ALLOC_MMAP,
    TRACE_ALLOC_BRK,
    TRACE_ALLOC_KINDS
};

enum trace_sample_kind {
    TRACE_SAMPLE_CPU = 0,
    TRACE_SAMPLE_KINDS
};

struct trace_column_info {
    const char *name;
    enum trace_kind kind;
};

struct trace_table_info {
    const char *name;
    unsigned columns;
    bool by_thread;
    int ts_column; /* the column rows are sorted by, or -1 */
    const struct trace_column_info *column;
};

/* The schema above as data: trace_tables[TRACE_SYSCALL_TABLE].column[...]. */
extern const struct trace_table_info trace_tables[TRACE_TABLE_COUNT];

/* The column `dur` of a table, or -1. */
int trace_dur_column(enum trace_table table);

/* An enum value's name ("running", "mutex"), or NULL where `kind` is no enum or
 * the value is not known. */
const char *trace_enum_name(enum trace_kind kind, uint64_t value);

#endif
