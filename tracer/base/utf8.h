/* utf8: text that programs gave us (thread names, file names) need not be UTF-8;
 * formats that demand it get U+FFFD in place of each byte that is none. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/strbuf.h"

/* Length of the valid sequence at s (1 to 4), 0 where there is none. */
unsigned utf8_length(const char *s);
/* Appends s, made valid. */
void utf8_append(struct strbuf *sb, const char *s);

#endif
