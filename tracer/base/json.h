/* json: writing JSON text by hand, and reading back the flat objects that we
 * wrote ourselves ({"key": "value", "n": 7}: strings, numbers and words, no
 * nesting). Streams of foreign JSON need a real parser. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/err.h"
#include "base/strbuf.h"

/* Appends s in quotes, escaped. Bytes that are no UTF-8 pass as they are. */
void json_string(struct strbuf *sb, const char *s);
/* Appends `"key": "value"`, with ", " before it unless the last byte opens an
 * object or an array. */
void json_member(struct strbuf *sb, const char *key, const char *value);
/* The same with value as it is: a number, true, null, or JSON made before. */
void json_member_raw(struct strbuf *sb, const char *key, const char *value);

/* Calls member for each pair of a flat object; values come unescaped, numbers and
 * words as their text. False with err where text is not such an object. */
bool json_read_flat(const char *text,
                    void (*member)(void *data, const char *key, const char *value), void *data,
                    struct err *err);

#endif
