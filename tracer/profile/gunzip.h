/* gunzip: a whole gzip file (several members too) from memory to memory. */
#ifndef PROFILE_GUNZIP_H
#define PROFILE_GUNZIP_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

bool gunzip_is_gzip(const void *data, size_t bytes);
/* *out is malloc'ed, the caller frees it. */
bool gunzip(const void *data, size_t bytes, uint8_t **out, size_t *out_bytes, struct err *err);

#endif
