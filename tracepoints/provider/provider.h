/* provider: every tracepoint of whyprof, for a program that emits them.
 *
 *     #include "tracepoints/provider/provider.h"      // and link wp_provider
 *     lttng_ust_tracepoint(whyprof_sched, kernel, words, count);
 *     if (lttng_ust_tracepoint_enabled(whyprof_sched, meta)) ...
 *
 * A sequence field takes two arguments, the array and its length. An event that
 * no session records costs one load and a branch. */
#ifndef WHYPROF_PROVIDER_H
#define WHYPROF_PROVIDER_H

/* The symbols stay inside the program or library that links wp_provider. */
#define LTTNG_UST_TRACEPOINT_HIDDEN_DEFINITION
#define LTTNG_UST_TRACEPOINT_PROVIDER_HIDDEN_DEFINITION

#include "tracepoints/provider/alloc.h"
#include "tracepoints/provider/lock.h"
#include "tracepoints/provider/sample.h"
#include "tracepoints/provider/sched.h"
#include "tracepoints/provider/stack.h"
#include "tracepoints/provider/syscall.h"
#include "tracepoints/provider/user.h"

#endif
