/* json_scan: JSON in memory, read in place and in order, without a tree: values are spans
 * of text until somebody looks into them.
 *
 *     struct json_scan s = {.p = text, .end = text + len, .begin = text};
 *     struct json_span key, value;
 *     if (scan_enter(&s, '{'))
 *         while (scan_member(&s, &key) && scan_value(&s, &value)) ...
 *     if (s.err.text[0]) ...       // what is wrong, with its offset */
#ifndef IMPORT_JSON_SCAN_H
#define IMPORT_JSON_SCAN_H

#include "base/err.h"
#include "base/strbuf.h"

#include <stdint.h>

struct json_span {
    const char *p; /* borrowed; a string's with its quotes; NULL: missing */
    uint64_t bytes;
};

struct json_scan {
    const char *p, *end, *begin;
    bool first; /* of the object or array that was entered last */
    bool lax;   /* an array may end with the text, as Chrome's may */
    struct err err;
};

/* Sets the error with the offset; false. */
bool scan_fail(struct json_scan *s, const char *what);
/* The next character that is no space, 0 at the end. */
char scan_peek(struct json_scan *s);
/* Steps into an object or array; false with an error where none begins here. */
bool scan_enter(struct json_scan *s, char open);
/* The next member's key; false after the last one, or on an error. */
bool scan_member(struct json_scan *s, struct json_span *key);
/* There is another element; false after the last one, or on an error. */
bool scan_element(struct json_scan *s);
/* Steps over a value of any kind, which nests at most some hundred deep. */
bool scan_value(struct json_scan *s, struct json_span *value);

/* A key or string is that word (without escapes). */
bool scan_is(struct json_span span, const char *word);
/* Appends a string's text; of other values the JSON. */
void scan_text(struct json_span span, struct strbuf *out);
/* A number, also one in quotes; false where it is none. */
bool scan_number(struct json_span span, double *n);
/* Microseconds as ns, exactly, if they are decimal. */
bool scan_us(struct json_span span, int64_t *ns);

#endif
