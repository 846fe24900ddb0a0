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

#include <babeltrace2/babeltrace.h>

/* Initialisation data in-process, NULL as a plugin: where the reason of a
 * failure goes. */
struct source_setup {
    struct err *err;
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
