/* sink: the component class `sink.whyprof.trace`, which writes a trace file from
 * any graph. In-process, convert.c gives it a struct sink_setup with as many
 * input ports as there are streams (the sink merges them itself); as a plugin it
 * has one port "in" and takes its parameters:
 *     path (string, required)   the file to write */
#ifndef CONVERT_SINK_H
#define CONVERT_SINK_H

#include "base/err.h"
#include "base/progress.h"
#include "convert/convert.h"

#include <babeltrace2/babeltrace.h>
#include <stddef.h>

struct hosts;
struct intake;

struct sink_setup {
    struct intake *intake; /* where events go; finished by its owner, at the end of all graphs */
    const struct progress *progress;
    uint64_t ports;              /* input ports "in0", "in1", ... */
    const uint32_t *port_traces; /* by port, which trace; NULL: all one */
    struct hosts *hosts;         /* of those traces; NULL: one machine */
    struct source_feed *feed;    /* of streams that are handed over (source.h), or NULL */
    struct pool *pool;           /* helping threads, or NULL */
    bool live;                   /* being stopped is the end of the events */
    uint64_t packets;            /* of all streams, 0 = not known: for the progress */
    struct err *err;             /* out: why consume failed */
    bool stopped;                /* out: progress asked to stop */
    bool done;                   /* out: all was taken; the plugin's file is complete */
};

/* What a plugin's component does with its complete trace file. False with err. */
typedef bool sink_done(void *data, const char *path, struct err *err);
/* After sink_init of a plugin's component; data is borrowed. */
void sink_on_done(bt_self_component_sink *self, sink_done *done, void *data);
/* The data given so, or NULL. */
void *sink_done_data(bt_self_component_sink *self);

/* The class's methods, for both ways to register it. */
bt_component_class_initialize_method_status sink_init(bt_self_component_sink *self,
                                                      bt_self_component_sink_configuration *config,
                                                      const bt_value *params, void *data);
bt_component_class_sink_graph_is_configured_method_status
sink_configured(bt_self_component_sink *self);
bt_component_class_sink_consume_method_status sink_consume(bt_self_component_sink *self);
void sink_finalize(bt_self_component_sink *self);

#endif
