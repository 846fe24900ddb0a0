/* block: rows of one partition packed column by column (format.h, BLOCKS). The
 * writer's and reader's shared half of the format. */
#ifndef TRACE_BLOCK_H
#define TRACE_BLOCK_H

#include "base/strbuf.h"
#include "trace/reader.h"

/* Appends the block of `rows` rows (row-major, `info->columns` words each) to out. */
void block_pack(const struct trace_table_info *info, const uint64_t *values, unsigned rows,
                struct strbuf *out);

/* Checks the block at `data` (`bytes` to the end of what may be read) and fills
 * views[0..known): those the block lacks read as 0. Its CRC is not looked at.
 * False with err when it does not hold `rows` rows. */
bool block_open(const uint8_t *data, uint64_t bytes, unsigned rows, unsigned known,
                struct trace_column_view *views, struct err *err);

#endif
