/* mend: a stream file cut in mid-packet (a killed session, a full disk) makes
 * babeltrace2's own reader refuse the whole trace. For it, of such a trace a view
 * is made in a temporary folder: links to the sound files and a copy of the cut
 * one's whole packets. Our own reader (source.h) needs none. */
#ifndef CONVERT_MEND_H
#define CONVERT_MEND_H

#include "convert/input.h"

/* Counts the trace's packets, notes what is cut, and replaces a trace that has
 * cut streams by a view of its sound parts. */
bool mend_trace(struct input *in, size_t number, const char *beside, struct err *err);

#endif
