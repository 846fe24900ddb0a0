/* render: pictures of call graphs by graphviz's `dot`, which takes far longer than
 * the graph's size suggests: it is given five seconds. */
#ifndef PPROF_RENDER_H
#define PPROF_RENDER_H

#include "base/err.h"
#include "base/strbuf.h"

/* Replaces the graph in *report by a picture: "svg", "png", "pdf", "ps", "gif". */
bool pprof_render(const char *format, struct strbuf *report, struct err *err);

#endif
