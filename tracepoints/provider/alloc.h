/* alloc: the lttng-ust provider whyprof_alloc: memory.
 * events.h says what each event means; this file only gives fields their types. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER whyprof_alloc
#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "tracepoints/provider/alloc.h"

#if !defined(WHYPROF_PROVIDER_ALLOC_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define WHYPROF_PROVIDER_ALLOC_H

#include <lttng/tracepoint.h>
#include <stdint.h>

/* clang-format off */
LTTNG_UST_TRACEPOINT_EVENT(whyprof_alloc, alloc,
    LTTNG_UST_TP_ARGS(uint8_t, kind,
                      uint64_t, addr,
                      uint64_t, size,
                      double, weight,
                      uint32_t, stack),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint8_t, kind, kind)
        lttng_ust_field_integer(uint64_t, addr, addr)
        lttng_ust_field_integer(uint64_t, size, size)
        lttng_ust_field_float(double, weight, weight)
        lttng_ust_field_integer(uint32_t, stack, stack)
    ))

LTTNG_UST_TRACEPOINT_EVENT(whyprof_alloc, free,
    LTTNG_UST_TP_ARGS(uint64_t, addr),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint64_t, addr, addr)
    ))

LTTNG_UST_TRACEPOINT_EVENT(whyprof_alloc, stat,
    LTTNG_UST_TP_ARGS(uint64_t, allocs,
                      uint64_t, frees,
                      uint64_t, alloc_bytes,
                      uint64_t, live_bytes),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint64_t, allocs, allocs)
        lttng_ust_field_integer(uint64_t, frees, frees)
        lttng_ust_field_integer(uint64_t, alloc_bytes, alloc_bytes)
        lttng_ust_field_integer(uint64_t, live_bytes, live_bytes)
    ))

LTTNG_UST_TRACEPOINT_EVENT(whyprof_alloc, batch,
    LTTNG_UST_TP_ARGS(uint32_t, tid,
                      uint64_t, ns,
                      uint64_t, ticks,
                      double, ns_per_tick,
                      uint64_t, begin,
                      const uint64_t *, words,
                      uint32_t, words_count),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint32_t, tid, tid)
        lttng_ust_field_integer(uint64_t, ns, ns)
        lttng_ust_field_integer(uint64_t, ticks, ticks)
        lttng_ust_field_float(double, ns_per_tick, ns_per_tick)
        lttng_ust_field_integer(uint64_t, begin, begin)
        lttng_ust_field_sequence(uint64_t, words, words, uint32_t, words_count)
    ))

/* clang-format on */
#endif

#include <lttng/tracepoint-event.h>
