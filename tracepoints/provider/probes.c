/* probes: the one file that creates the tracepoints and their probes. Its
 * constructors register them, so in the agent it is linked before life.c. */
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "tracepoints/provider/provider.h"
