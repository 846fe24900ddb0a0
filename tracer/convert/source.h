/* source: the component class `source.whyprof.ctf`, a table-driven reader of
 * LTTng-UST's traces: it maps the streams and decodes each event class by the
 * flat list of reads that its metadata gives (tsdl.h, ctf_stream.h). Its
 * messages are those of babeltrace2's own `source.ctf.fs`, several times faster,
 * and a stream cut short ends after its last whole packet instead of spoiling
 * the trace. One component reads one trace, an output port for each stream.
 *     inputs (array of one string, required)   the trace's folder
 * A trace that it does not support (tsdl.h) fails at initialisation. */
#ifndef CONVERT_SOURCE_H
#define CONVERT_SOURCE_H

#include "base/err.h"
#include "base/map.h"

#include <babeltrace2/babeltrace.h>

/* Hand-over. A babeltrace2 message and field object for each event cost about as
 * much as all the rest of a conversion. So where the same process has our source
 * at one end of the connection and our sink at the other, convert.c gives both one
 * feed, and then no event messages are sent: the source sends the stream's and the
 * packets' messages as ever, and stops after each packet's beginning; the sink
 * reads that packet's events itself, from the very reader (ctf_stream.h) that the
 * source would have used, and asks for the next message when they are at their
 * end. Everything else stays babeltrace2's: graph, order of calls, ownership, loss
 * and clock. Any other consumer (a filter, another sink, the plugin in
 * babeltrace2's own graph) has no feed and gets ordinary event messages; a test
 * holds both ways to the same trace file. */
struct source_feed {
    /* const bt_stream * -> struct ctf_stream *, which stands at the packet whose
     * beginning was told last; the iterator's, so it lives as long as that. */
    struct map64 files;
};

/* Initialisation data in-process, NULL as a plugin. */
struct source_setup {
    struct err *err;          /* out: the reason of a failure */
    struct source_feed *feed; /* NULL: ordinary event messages */
};

bt_component_class_initialize_method_status
source_init(bt_self_component_source *self, bt_self_component_source_configuration *config,
            const bt_value *params, void *data);
void source_finalize(bt_self_component_source *self);
bt_message_iterator_class_initialize_method_status
source_iterator_init(bt_self_message_iterator *self, bt_self_message_iterator_configuration *config,
                     bt_self_component_port_output *port);
void source_iterator_finalize(bt_self_message_iterator *self);
bt_message_iterator_class_next_method_status source_next(bt_self_message_iterator *self,
                                                         bt_message_array_const msgs, uint64_t cap,
                                                         uint64_t *count);

#endif
