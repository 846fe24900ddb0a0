/* lock: the lttng-ust provider whyprof_lock: locks and other waits of threads for each other.
 * events.h says what each event means; this file only gives fields their types. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER whyprof_lock
#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "tracepoints/provider/lock.h"

#if !defined(WHYPROF_PROVIDER_LOCK_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define WHYPROF_PROVIDER_LOCK_H

#include <lttng/tracepoint.h>
#include <stdint.h>

/* clang-format off */
LTTNG_UST_TRACEPOINT_EVENT(whyprof_lock, wait_begin,
    LTTNG_UST_TP_ARGS(uint64_t, lock,
                      uint8_t, kind,
                      uint32_t, holder_tid,
                      uint32_t, stack),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint64_t, lock, lock)
        lttng_ust_field_integer(uint8_t, kind, kind)
        lttng_ust_field_integer(uint32_t, holder_tid, holder_tid)
        lttng_ust_field_integer(uint32_t, stack, stack)
    ))

LTTNG_UST_TRACEPOINT_EVENT(whyprof_lock, wait_end,
    LTTNG_UST_TP_ARGS(uint64_t, lock,
                      uint8_t, kind,
                      uint64_t, begin_ts,
                      int32_t, result,
                      uint32_t, holder_tid,
                      uint32_t, holder_stack),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint64_t, lock, lock)
        lttng_ust_field_integer(uint8_t, kind, kind)
        lttng_ust_field_integer(uint64_t, begin_ts, begin_ts)
        lttng_ust_field_integer(int32_t, result, result)
        lttng_ust_field_integer(uint32_t, holder_tid, holder_tid)
        lttng_ust_field_integer(uint32_t, holder_stack, holder_stack)
    ))

LTTNG_UST_TRACEPOINT_EVENT(whyprof_lock, hold,
    LTTNG_UST_TP_ARGS(uint64_t, lock,
                      uint8_t, kind,
                      uint8_t, contended,
                      uint64_t, begin_ts,
                      uint32_t, stack),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint64_t, lock, lock)
        lttng_ust_field_integer(uint8_t, kind, kind)
        lttng_ust_field_integer(uint8_t, contended, contended)
        lttng_ust_field_integer(uint64_t, begin_ts, begin_ts)
        lttng_ust_field_integer(uint32_t, stack, stack)
    ))

LTTNG_UST_TRACEPOINT_EVENT(whyprof_lock, signal,
    LTTNG_UST_TP_ARGS(uint64_t, lock,
                      uint8_t, kind,
                      uint8_t, all,
                      uint32_t, stack),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint64_t, lock, lock)
        lttng_ust_field_integer(uint8_t, kind, kind)
        lttng_ust_field_integer(uint8_t, all, all)
        lttng_ust_field_integer(uint32_t, stack, stack)
    ))

LTTNG_UST_TRACEPOINT_EVENT(whyprof_lock, stat,
    LTTNG_UST_TP_ARGS(uint64_t, lock,
                      uint8_t, kind,
                      uint64_t, acquisitions,
                      uint64_t, contentions,
                      uint32_t, stack),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint64_t, lock, lock)
        lttng_ust_field_integer(uint8_t, kind, kind)
        lttng_ust_field_integer(uint64_t, acquisitions, acquisitions)
        lttng_ust_field_integer(uint64_t, contentions, contentions)
        lttng_ust_field_integer(uint32_t, stack, stack)
    ))

/* clang-format on */
#endif

#include <lttng/tracepoint-event.h>
