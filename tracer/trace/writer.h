/* writer: makes a trace file in one pass, row by row.
 *
 *     struct trace_writer *w = trace_writer_open("x.out", &err);
 *     uint32_t name = trace_writer_string(w, "main");
 *     uint32_t t = trace_writer_row(w, TRACE_THREAD_TABLE, 0, (uint64_t[]){...});
 *     trace_writer_row(w, TRACE_THREAD_STATE_TABLE, t, (uint64_t[]){...});
 *     if (!trace_writer_close(w, duration_ns, &err)) ...
 *
 * Rows of a partition may come in any order; those in order of `ts` cost least
 * (late rows make their partition's tail be packed anew: at close, and when there are
 * very many). Memory: two blocks for each open partition, the strings, the stacks, the
 * tables without `ts`, and a bounded number of late rows.
 * The file appears under its name only when close succeeds. Not thread-safe,
 * though it may pack on threads of its own. */
#ifndef TRACE_WRITER_H
#define TRACE_WRITER_H

#include "base/err.h"
#include "base/pool.h"
#include "trace/format.h"

#include <stddef.h>

struct trace_writer;

/* NULL with err on failure. */
struct trace_writer *trace_writer_open(const char *path, struct err *err);

/* Id of a string; equal strings get equal ids; "" is 0. */
uint32_t trace_writer_string(struct trace_writer *w, const char *s);
uint32_t trace_writer_string_n(struct trace_writer *w, const char *s, size_t len);

/* Adds a row of `table` (values in column order). Returns its number in tables without a
 * ts column; 0 in the others, where that depends on what comes later. */
uint32_t trace_writer_row(struct trace_writer *w, enum trace_table table, uint32_t key,
                          const uint64_t *values);

/* Overwrites a row of a table without `ts` column (thread, process, lock ...),
 * which are kept in memory until close. */
void trace_writer_update(struct trace_writer *w, enum trace_table table, uint32_t row,
                         unsigned column, uint64_t value);

/* Reserves the next stack id (1, 2, ...); define it before close, in any order.
 * An undefined stack reads as empty. */
uint32_t trace_writer_stack_new(struct trace_writer *w);
/* Id of a frame; equal frames get equal ids. */
uint32_t trace_writer_frame(struct trace_writer *w, const uint64_t values[TRACE_FRAME_COLUMNS]);
/* The stack's frames (ids from trace_writer_frame), leaf first. */
void trace_writer_stack_define(struct trace_writer *w, uint32_t stack, const uint32_t *frames,
                               size_t depth);

void trace_writer_meta(struct trace_writer *w, const char *key, const char *value);
void trace_writer_meta_u64(struct trace_writer *w, const char *key, uint64_t value);

/* Packs blocks on the pool's threads from here on; the file's bytes do not depend
 * on it. The pool is borrowed until close. */
void trace_writer_use(struct trace_writer *w, struct pool *pool);

/* Bytes written so far. */
uint64_t trace_writer_bytes(const struct trace_writer *w);

/* Goes on in a file of its own, a copy so far; for a forked process, whose parent goes on
 * with the first one. No pool may be in use. */
bool trace_writer_branch(struct trace_writer *w, const char *path, struct err *err);

/* Finishes the file and frees w, whatever comes. */
bool trace_writer_close(struct trace_writer *w, uint64_t duration_ns, struct err *err);
/* Drops the file and frees w. */
void trace_writer_abort(struct trace_writer *w);

#endif
