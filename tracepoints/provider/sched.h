/* sched: the lttng-ust provider whyprof_sched: scheduling and life of processes and threads.
 * events.h says what each event means; this file only gives fields their types. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER whyprof_sched
#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "tracepoints/provider/sched.h"

#if !defined(WHYPROF_PROVIDER_SCHED_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define WHYPROF_PROVIDER_SCHED_H

#include <lttng/tracepoint.h>
#include <stdint.h>

/* clang-format off */
LTTNG_UST_TRACEPOINT_EVENT(whyprof_sched, meta,
    LTTNG_UST_TP_ARGS(const char *, key,
                      const char *, value),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_string(key, key)
        lttng_ust_field_string(value, value)
    ))

LTTNG_UST_TRACEPOINT_EVENT(whyprof_sched, process_start,
    LTTNG_UST_TP_ARGS(uint32_t, ppid,
                      uint64_t, start_ts,
                      const char *, name,
                      const char *, cmdline),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint32_t, ppid, ppid)
        lttng_ust_field_integer(uint64_t, start_ts, start_ts)
        lttng_ust_field_string(name, name)
        lttng_ust_field_string(cmdline, cmdline)
    ))

LTTNG_UST_TRACEPOINT_EVENT(whyprof_sched, process_exit,
    LTTNG_UST_TP_ARGS(int32_t, status),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(int32_t, status, status)
    ))

LTTNG_UST_TRACEPOINT_EVENT(whyprof_sched, thread_start,
    LTTNG_UST_TP_ARGS(uint32_t, tid,
                      uint64_t, start_ts,
                      const char *, name),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint32_t, tid, tid)
        lttng_ust_field_integer(uint64_t, start_ts, start_ts)
        lttng_ust_field_string(name, name)
    ))

LTTNG_UST_TRACEPOINT_EVENT(whyprof_sched, thread_name,
    LTTNG_UST_TP_ARGS(uint32_t, tid,
                      const char *, name),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint32_t, tid, tid)
        lttng_ust_field_string(name, name)
    ))

LTTNG_UST_TRACEPOINT_EVENT(whyprof_sched, thread_exit,
    LTTNG_UST_TP_ARGS(uint32_t, tid,
                      uint64_t, cpu_ns),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint32_t, tid, tid)
        lttng_ust_field_integer(uint64_t, cpu_ns, cpu_ns)
    ))

LTTNG_UST_TRACEPOINT_EVENT(whyprof_sched, kernel,
    LTTNG_UST_TP_ARGS(const uint64_t *, words,
                      uint32_t, words_count),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_sequence(uint64_t, words, words, uint32_t, words_count)
    ))

LTTNG_UST_TRACEPOINT_EVENT(whyprof_sched, watermark,
    LTTNG_UST_TP_ARGS(uint64_t, ts),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint64_t, ts, ts)
    ))

LTTNG_UST_TRACEPOINT_EVENT(whyprof_sched, lost,
    LTTNG_UST_TP_ARGS(uint64_t, begin_ts,
                      uint64_t, end_ts,
                      uint64_t, count,
                      const char *, source),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint64_t, begin_ts, begin_ts)
        lttng_ust_field_integer(uint64_t, end_ts, end_ts)
        lttng_ust_field_integer(uint64_t, count, count)
        lttng_ust_field_string(source, source)
    ))

LTTNG_UST_TRACEPOINT_EVENT(whyprof_sched, process_of,
    LTTNG_UST_TP_ARGS(uint32_t, pid,
                      uint32_t, ppid,
                      uint64_t, start_ts,
                      const char *, name,
                      const char *, cmdline),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint32_t, pid, pid)
        lttng_ust_field_integer(uint32_t, ppid, ppid)
        lttng_ust_field_integer(uint64_t, start_ts, start_ts)
        lttng_ust_field_string(name, name)
        lttng_ust_field_string(cmdline, cmdline)
    ))

/* clang-format on */
#endif

#include <lttng/tracepoint-event.h>
