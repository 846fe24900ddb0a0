/* sample: the lttng-ust provider whyprof_sample: CPU samples.
 * events.h says what each event means; this file only gives fields their types. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER whyprof_sample
#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "tracepoints/provider/sample.h"

#if !defined(WHYPROF_PROVIDER_SAMPLE_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define WHYPROF_PROVIDER_SAMPLE_H

#include <lttng/tracepoint.h>
#include <stdint.h>

/* clang-format off */
LTTNG_UST_TRACEPOINT_EVENT(whyprof_sample, cpu,
    LTTNG_UST_TP_ARGS(uint32_t, tid,
                      uint64_t, ts,
                      uint64_t, weight_ns,
                      uint32_t, stack),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint32_t, tid, tid)
        lttng_ust_field_integer(uint64_t, ts, ts)
        lttng_ust_field_integer(uint64_t, weight_ns, weight_ns)
        lttng_ust_field_integer(uint32_t, stack, stack)
    ))

LTTNG_UST_TRACEPOINT_EVENT(whyprof_sample, cpu_of,
    LTTNG_UST_TP_ARGS(uint32_t, pid,
                      uint32_t, tid,
                      uint64_t, ts,
                      uint64_t, weight_ns,
                      const uint64_t *, frames,
                      uint32_t, count),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint32_t, pid, pid)
        lttng_ust_field_integer(uint32_t, tid, tid)
        lttng_ust_field_integer(uint64_t, ts, ts)
        lttng_ust_field_integer(uint64_t, weight_ns, weight_ns)
        lttng_ust_field_sequence(uint64_t, frames, frames, uint32_t, count)
    ))

LTTNG_UST_TRACEPOINT_EVENT(whyprof_sample, lost,
    LTTNG_UST_TP_ARGS(uint64_t, count),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint64_t, count, count)
    ))

/* clang-format on */
#endif

#include <lttng/tracepoint-event.h>
