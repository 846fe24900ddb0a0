/* user: the lttng-ust provider whyprof_user: marks set by the program (whyprof.h).
 * events.h says what each event means; this file only gives fields their types. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER whyprof_user
#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "tracepoints/provider/user.h"

#if !defined(WHYPROF_PROVIDER_USER_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define WHYPROF_PROVIDER_USER_H

#include <lttng/tracepoint.h>
#include <stdint.h>

/* clang-format off */
LTTNG_UST_TRACEPOINT_EVENT(whyprof_user, region_begin,
    LTTNG_UST_TP_ARGS(const char *, name,
                      uint64_t, task),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_string(name, name)
        lttng_ust_field_integer(uint64_t, task, task)
    ))

LTTNG_UST_TRACEPOINT_EVENT(whyprof_user, region_end,
    LTTNG_UST_TP_ARGS(),
    LTTNG_UST_TP_FIELDS())

LTTNG_UST_TRACEPOINT_EVENT(whyprof_user, task_begin,
    LTTNG_UST_TP_ARGS(uint64_t, task,
                      uint64_t, parent,
                      const char *, name),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint64_t, task, task)
        lttng_ust_field_integer(uint64_t, parent, parent)
        lttng_ust_field_string(name, name)
    ))

LTTNG_UST_TRACEPOINT_EVENT(whyprof_user, task_end,
    LTTNG_UST_TP_ARGS(uint64_t, task),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint64_t, task, task)
    ))

LTTNG_UST_TRACEPOINT_EVENT(whyprof_user, counter,
    LTTNG_UST_TP_ARGS(const char *, name,
                      double, value),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_string(name, name)
        lttng_ust_field_float(double, value, value)
    ))

LTTNG_UST_TRACEPOINT_EVENT(whyprof_user, message,
    LTTNG_UST_TP_ARGS(const char *, text),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_string(text, text)
    ))

/* clang-format on */
#endif

#include <lttng/tracepoint-event.h>
