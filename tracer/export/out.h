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
void export_out_write(struct export_out *out, const void *p, size_t bytes);
void export_out_puts(struct export_out *out, const char *s);
/* Bytes taken so far, before compression. */
uint64_t export_out_bytes(const struct export_out *out);
/* Whether a write failed, so that going on is no use. */
bool export_out_failed(const struct export_out *out);
/* Finishes and frees out, whatever comes. */
bool export_out_commit(struct export_out *out, struct err *err);
/* Drops the file and frees out. */
void export_out_discard(struct export_out *out);

#endif
