#include "model/class.h"

#include <string.h>

static const char *const names[MODEL_CLASSES] = {
    [MODEL_RUNNING] = "running",
    [MODEL_RUNNABLE] = "runnable",
    [MODEL_PREEMPTED] = "preempted",
    [MODEL_LOCK] = "lock wait",
    [MODEL_COND] = "condition wait",
    [MODEL_JOIN] = "join",
    [MODEL_IO] = "disk I/O",
    [MODEL_PAGE_FAULT] = "page fault",
    [MODEL_SYSCALL] = "in a syscall",
    [MODEL_SLEEP] = "sleep",
    [MODEL_BLOCKED] = "blocked",
    [MODEL_UNKNOWN] = "unknown",
    [MODEL_CALL_IO] = "read and write",
    [MODEL_CALL_POLL] = "poll and sleep",
    [MODEL_CALL_SYNC] = "futex",
    [MODEL_CALL_MEMORY] = "memory",
    [MODEL_CALL_FILE] = "files",
    [MODEL_CALL_OTHER] = "other",
    [MODEL_HELD] = "held",
    [MODEL_HELD_CONTENDED] = "held while others waited",
};

enum model_class model_class_from_state(enum trace_state state, enum trace_reason reason)
{
    static const uint8_t by_reason[TRACE_REASONS] = {
        [TRACE_REASON_NONE] = MODEL_BLOCKED,
        [TRACE_REASON_LOCK] = MODEL_LOCK,
        [TRACE_REASON_COND] = MODEL_COND,
        [TRACE_REASON_JOIN] = MODEL_JOIN,
        [TRACE_REASON_SYSCALL] = MODEL_SYSCALL,
        [TRACE_REASON_SLEEP] = MODEL_SLEEP,
        [TRACE_REASON_IO] = MODEL_IO,
        [TRACE_REASON_PAGE_FAULT] = MODEL_PAGE_FAULT,
        [TRACE_REASON_PREEMPTED] = MODEL_PREEMPTED,
        [TRACE_REASON_UNKNOWN] = MODEL_BLOCKED,
    };
    switch (state) {
    case TRACE_RUNNING:
        return MODEL_RUNNING;
    case TRACE_RUNNABLE:
        return trace_reason_lost_cpu(reason) ? MODEL_PREEMPTED : MODEL_RUNNABLE;
    case TRACE_BLOCKED:
        return reason < TRACE_REASONS ? by_reason[reason] : MODEL_BLOCKED;
    default:
        return MODEL_UNKNOWN;
    }
}

enum model_class model_class_from_total(unsigned total)
{
    if (total < TRACE_BLOCKED)
        return model_class_from_state((enum trace_state)total, TRACE_REASON_NONE);
    return model_class_from_state(TRACE_BLOCKED, (enum trace_reason)(total - TRACE_BLOCKED));
}

/* Prefixes of call names; the first that fits wins. */
static const struct {
    const char *prefix;
    enum model_class class;
} families[] = {
    {"epoll_", MODEL_CALL_POLL},   {"poll", MODEL_CALL_POLL},      {"ppoll", MODEL_CALL_POLL},
    {"select", MODEL_CALL_POLL},   {"pselect", MODEL_CALL_POLL},   {"nanosleep", MODEL_CALL_POLL},
    {"clock_", MODEL_CALL_POLL},   {"pause", MODEL_CALL_POLL},     {"wait", MODEL_CALL_POLL},
    {"futex", MODEL_CALL_SYNC},    {"sched_", MODEL_CALL_SYNC},    {"readlink", MODEL_CALL_FILE},
    {"read", MODEL_CALL_IO},       {"write", MODEL_CALL_IO},       {"pread", MODEL_CALL_IO},
    {"pwrite", MODEL_CALL_IO},     {"send", MODEL_CALL_IO},        {"recv", MODEL_CALL_IO},
    {"accept", MODEL_CALL_IO},     {"connect", MODEL_CALL_IO},     {"fsync", MODEL_CALL_IO},
    {"fdatasync", MODEL_CALL_IO},  {"splice", MODEL_CALL_IO},      {"io_", MODEL_CALL_IO},
    {"mmap", MODEL_CALL_MEMORY},   {"munmap", MODEL_CALL_MEMORY},  {"mprotect", MODEL_CALL_MEMORY},
    {"brk", MODEL_CALL_MEMORY},    {"madvise", MODEL_CALL_MEMORY}, {"mremap", MODEL_CALL_MEMORY},
    {"open", MODEL_CALL_FILE},     {"close", MODEL_CALL_FILE},     {"stat", MODEL_CALL_FILE},
    {"newfstat", MODEL_CALL_FILE}, {"fstat", MODEL_CALL_FILE},     {"lstat", MODEL_CALL_FILE},
    {"access", MODEL_CALL_FILE},   {"getdents", MODEL_CALL_FILE},  {"rename", MODEL_CALL_FILE},
    {"unlink", MODEL_CALL_FILE},   {"lseek", MODEL_CALL_FILE},
};

enum model_class model_class_from_syscall(const char *name)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (!strncmp(name, families[i].prefix, strlen(families[i].prefix)))
            return families[i].class;
    return MODEL_CALL_OTHER;
}

/* FNV-1a: unlike hash_bytes the same in every version, so colours stay. */
enum model_class model_class_from_name(const char *name)
{
    uint32_t h = 2166136261u;
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 16777619u;
    return MODEL_NAMED + h % MODEL_NAMED_COUNT;
}

const char *model_class_name(enum model_class c)
{
    return c < MODEL_CLASSES && names[c] ? names[c] : "";
}

bool model_class_is_blocked(enum model_class c)
{
    return c >= MODEL_LOCK && c <= MODEL_BLOCKED;
}
