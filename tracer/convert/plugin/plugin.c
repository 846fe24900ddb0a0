/* The sink as a babeltrace2 plugin:
 *     babeltrace2 --plugin-path=DIR CTF-DIR --component=sink.whyprof.trace \
 *         --params='path="x.out"'
 * The plugin's symbols must be visible: babeltrace2 2.0's headers do not say so. */
#pragma GCC visibility push(default)
#include "convert/sink.h"

#pragma GCC diagnostic ignored "-Wcast-qual"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
BT_PLUGIN_MODULE();
BT_PLUGIN(whyprof);
BT_PLUGIN_DESCRIPTION("whyprof's trace files");
BT_PLUGIN_LICENSE("MIT");
BT_PLUGIN_SINK_COMPONENT_CLASS(trace, sink_consume);
BT_PLUGIN_SINK_COMPONENT_CLASS_DESCRIPTION(trace, "Write a whyprof trace file.");
BT_PLUGIN_SINK_COMPONENT_CLASS_HELP(trace, "Parameter: path=\"FILE\" (string, required).");
BT_PLUGIN_SINK_COMPONENT_CLASS_INITIALIZE_METHOD(trace, sink_init);
BT_PLUGIN_SINK_COMPONENT_CLASS_GRAPH_IS_CONFIGURED_METHOD(trace, sink_configured);
BT_PLUGIN_SINK_COMPONENT_CLASS_FINALIZE_METHOD(trace, sink_finalize);
#pragma GCC visibility pop
