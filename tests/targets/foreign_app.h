/* foreign_app: a program's own lttng-ust tracepoints. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER foreign_app
#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "targets/foreign_app.h"

#if !defined(TARGETS_FOREIGN_APP_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define TARGETS_FOREIGN_APP_H

#include <lttng/tracepoint.h>

LTTNG_UST_TRACEPOINT_ENUM(foreign_app, color,
                          LTTNG_UST_TP_ENUM_VALUES(lttng_ust_field_enum_value("RED", 0)
                                                       lttng_ust_field_enum_value("BLUE", 1)))

LTTNG_UST_TRACEPOINT_EVENT(
    foreign_app, request_begin, LTTNG_UST_TP_ARGS(int, id, const char *, url),
    LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(int, id, id) lttng_ust_field_string(url, url)
                            lttng_ust_field_enum(foreign_app, color, int, color, id & 1)
                                lttng_ust_field_integer_hex(int, flags, 0xbeef)))

LTTNG_UST_TRACEPOINT_EVENT(foreign_app, request_end, LTTNG_UST_TP_ARGS(double, cost),
                           LTTNG_UST_TP_FIELDS(lttng_ust_field_float(double, cost, cost)))

#endif

#include <lttng/tracepoint-event.h>
