/* Our components as a babeltrace2 plugin:
 *     babeltrace2 --plugin-path=DIR CTF-DIR --component=sink.whyprof.trace \
 *         --params='path="x.out"'
 *     babeltrace2 --plugin-path=DIR CTF-DIR --component=sink.whyprof.chrome \
 *         --params='path="x.json",for="perfetto"'
 *     babeltrace2 --plugin-path=DIR --component=source.whyprof.ctf \
 *         --params='inputs=["TRACE-DIR"]'
 * The plugin's symbols must be visible: babeltrace2 2.0's headers do not say so. */
#pragma GCC visibility push(default)
#include "convert/sink.h"
#include "convert/source.h"
#include "plugin/chrome_sink.h"

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
BT_PLUGIN_SINK_COMPONENT_CLASS(chrome, sink_consume);
BT_PLUGIN_SINK_COMPONENT_CLASS_DESCRIPTION(chrome, "Write JSON for Chrome's trace viewer.");
BT_PLUGIN_SINK_COMPONENT_CLASS_HELP(chrome,
                                    "Parameters: path=\"FILE\" (string, required; .gz compresses), "
                                    "for=\"chrome\", \"perfetto\" or \"speedscope\".");
BT_PLUGIN_SINK_COMPONENT_CLASS_INITIALIZE_METHOD(chrome, chrome_sink_init);
BT_PLUGIN_SINK_COMPONENT_CLASS_GRAPH_IS_CONFIGURED_METHOD(chrome, sink_configured);
BT_PLUGIN_SINK_COMPONENT_CLASS_FINALIZE_METHOD(chrome, chrome_sink_finalize);
BT_PLUGIN_SOURCE_COMPONENT_CLASS(ctf, source_next);
BT_PLUGIN_SOURCE_COMPONENT_CLASS_DESCRIPTION(ctf, "Read an LTTng-UST trace, faster than ctf.fs.");
BT_PLUGIN_SOURCE_COMPONENT_CLASS_HELP(
    ctf, "Parameter: inputs=[\"FOLDER\"] (array of one string, required): the trace's folder.");
BT_PLUGIN_SOURCE_COMPONENT_CLASS_INITIALIZE_METHOD(ctf, source_init);
BT_PLUGIN_SOURCE_COMPONENT_CLASS_FINALIZE_METHOD(ctf, source_finalize);
BT_PLUGIN_SOURCE_COMPONENT_CLASS_MESSAGE_ITERATOR_CLASS_INITIALIZE_METHOD(ctf,
                                                                          source_iterator_init);
BT_PLUGIN_SOURCE_COMPONENT_CLASS_MESSAGE_ITERATOR_CLASS_FINALIZE_METHOD(ctf,
                                                                        source_iterator_finalize);
#pragma GCC visibility pop
