/* chrome_sink: the component class `sink.whyprof.chrome`: any graph to a JSON file
 * for Chrome's trace viewer, Perfetto or speedscope. It is sink.whyprof.trace with a
 * temporary trace file that is exported in the end: spans, flows and totals need all
 * events to be known. Parameters:
 *     path (string, required)   the file to write; ".gz" compresses
 *     for (string)              "chrome" (default), "perfetto" or "speedscope" */
#ifndef PLUGIN_CHROME_SINK_H
#define PLUGIN_CHROME_SINK_H

#include "convert/sink.h"

bt_component_class_initialize_method_status
chrome_sink_init(bt_self_component_sink *self, bt_self_component_sink_configuration *config,
                 const bt_value *params, void *data);
void chrome_sink_finalize(bt_self_component_sink *self);

#endif
