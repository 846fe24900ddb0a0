/* foreign_text: an event that we know nothing of as a line for people,
 *     my_app:request: id = 3, url = "/index.html", color = RED, flags = 0xbeef
 * from babeltrace2's objects, or from the bytes of a stream that is handed over
 * (source.h): both give the same text. What lttng-ust's printf-like tracef and tracelog
 * say is the line by itself. */
#ifndef CONVERT_FOREIGN_TEXT_H
#define CONVERT_FOREIGN_TEXT_H

#include "base/strbuf.h"
#include "convert/tsdl.h"

#include <babeltrace2/babeltrace.h>
#include <stdint.h>

/* Replaces what is in text. */
void foreign_text_message(struct strbuf *text, const bt_message *msg);
/* [begin, end): all behind the event's header. */
void foreign_text_bytes(struct strbuf *text, const struct tsdl *tsdl,
                        const struct tsdl_event *class, const uint8_t *begin, const uint8_t *end);

#endif
