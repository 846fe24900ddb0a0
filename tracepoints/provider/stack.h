/* stack: the lttng-ust provider whyprof_stack: definitions of call stacks and modules.
 * events.h says what each event means; this file only gives fields their types. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER whyprof_stack
#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "tracepoints/provider/stack.h"

#if !defined(WHYPROF_PROVIDER_STACK_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define WHYPROF_PROVIDER_STACK_H

#include <lttng/tracepoint.h>
#include <stdint.h>

/* clang-format off */
LTTNG_UST_TRACEPOINT_EVENT(whyprof_stack, stack,
    LTTNG_UST_TP_ARGS(uint32_t, id,
                      uint8_t, leaf_exact,
                      const uint64_t *, frames,
                      uint8_t, frames_count),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint32_t, id, id)
        lttng_ust_field_integer(uint8_t, leaf_exact, leaf_exact)
        lttng_ust_field_sequence(uint64_t, frames, frames, uint8_t, frames_count)
    ))

LTTNG_UST_TRACEPOINT_EVENT(whyprof_stack, module,
    LTTNG_UST_TP_ARGS(uint64_t, begin,
                      uint64_t, end,
                      uint64_t, file_off,
                      const char *, path,
                      const uint8_t *, build_id,
                      uint8_t, build_id_count),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint64_t, begin, begin)
        lttng_ust_field_integer(uint64_t, end, end)
        lttng_ust_field_integer(uint64_t, file_off, file_off)
        lttng_ust_field_string(path, path)
        lttng_ust_field_sequence(uint8_t, build_id, build_id, uint8_t, build_id_count)
    ))

LTTNG_UST_TRACEPOINT_EVENT(whyprof_stack, module_of,
    LTTNG_UST_TP_ARGS(uint32_t, pid,
                      uint64_t, begin,
                      uint64_t, end,
                      uint64_t, file_off,
                      const char *, path),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint32_t, pid, pid)
        lttng_ust_field_integer(uint64_t, begin, begin)
        lttng_ust_field_integer(uint64_t, end, end)
        lttng_ust_field_integer(uint64_t, file_off, file_off)
        lttng_ust_field_string(path, path)
    ))

/* clang-format on */
#endif

#include <lttng/tracepoint-event.h>
