/* syscall: the lttng-ust provider whyprof_syscall: system calls and file descriptors.
 * events.h says what each event means; this file only gives fields their types. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER whyprof_syscall
#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "tracepoints/provider/syscall.h"

#if !defined(WHYPROF_PROVIDER_SYSCALL_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define WHYPROF_PROVIDER_SYSCALL_H

#include <lttng/tracepoint.h>
#include <stdint.h>

/* clang-format off */
LTTNG_UST_TRACEPOINT_EVENT(whyprof_syscall, call,
    LTTNG_UST_TP_ARGS(uint32_t, nr,
                      uint64_t, begin_ts,
                      int64_t, ret,
                      uint32_t, stack,
                      const uint64_t *, args,
                      uint8_t, args_count),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint32_t, nr, nr)
        lttng_ust_field_integer(uint64_t, begin_ts, begin_ts)
        lttng_ust_field_integer(int64_t, ret, ret)
        lttng_ust_field_integer(uint32_t, stack, stack)
        lttng_ust_field_sequence(uint64_t, args, args, uint8_t, args_count)
    ))

LTTNG_UST_TRACEPOINT_EVENT(whyprof_syscall, pending,
    LTTNG_UST_TP_ARGS(uint32_t, tid,
                      uint32_t, nr,
                      uint64_t, begin_ts,
                      uint32_t, stack,
                      const uint64_t *, args,
                      uint8_t, args_count),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint32_t, tid, tid)
        lttng_ust_field_integer(uint32_t, nr, nr)
        lttng_ust_field_integer(uint64_t, begin_ts, begin_ts)
        lttng_ust_field_integer(uint32_t, stack, stack)
        lttng_ust_field_sequence(uint64_t, args, args, uint8_t, args_count)
    ))

LTTNG_UST_TRACEPOINT_EVENT(whyprof_syscall, fd,
    LTTNG_UST_TP_ARGS(int32_t, fd,
                      const char *, name),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(int32_t, fd, fd)
        lttng_ust_field_string(name, name)
    ))

LTTNG_UST_TRACEPOINT_EVENT(whyprof_syscall, kernel,
    LTTNG_UST_TP_ARGS(const uint64_t *, words,
                      uint32_t, words_count),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_sequence(uint64_t, words, words, uint32_t, words_count)
    ))

LTTNG_UST_TRACEPOINT_EVENT(whyprof_syscall, fd_of,
    LTTNG_UST_TP_ARGS(uint32_t, pid,
                      int32_t, fd,
                      const char *, name),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint32_t, pid, pid)
        lttng_ust_field_integer(int32_t, fd, fd)
        lttng_ust_field_string(name, name)
    ))

/* clang-format on */
#endif

#include <lttng/tracepoint-event.h>
