/* out: where an export goes: a file (which appears when it is complete), the
 * standard output ("-"), compressed where the name ends in ".gz". Failures are
 * kept and told by commit. */
#ifndef EXPORT_OUT_H
#define EXPORT_OUT_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct export_out;

struct export_out *export_out_open(const char *path, struct err *err);
/* The same for a file in parts: "x.json" becomes "x.1.json", "x.2.json" and on. */
struct export_out *export_out_open_parts(const char *path, struct err *err);
/* Ends the part under way and begins the next one. */
bool export_out_next(struct export_out *out, struct err *err);
/* Parts begun so far; 1 for a whole file. */
unsigned export_out_parts(const struct export_out *out);
void export_out_write(struct export_out *out, const void *p, size_t bytes);
void export_out_puts(struct export_out *out, const char *s);
/* What is coming is compressed already: it is written as it is. Before the first write. */
void export_out_is_packed(struct export_out *out);
/* Bytes taken so far, by all parts, before compression. */
uint64_t export_out_bytes(const struct export_out *out);
/* Whether a write failed, so that going on is no use. */
bool export_out_failed(const struct export_out *out);
/* Finishes and frees out, whatever comes. */
bool export_out_commit(struct export_out *out, struct err *err);
/* Drops the file, or all its parts, and frees out. */
void export_out_discard(struct export_out *out);

#endif
