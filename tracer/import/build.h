/* build: what importers share: the trace being written, its threads and strings. */
#ifndef IMPORT_BUILD_H
#define IMPORT_BUILD_H

#include "base/map.h"
#include "base/progress.h"
#include "trace/writer.h"

struct build {
    struct trace_writer *w;
    const struct progress *progress;
    uint64_t last_ns; /* latest time seen */
    uint64_t events;
    bool stopped;
};

#define BUILD_ROW(b, TABLE, key, ...)                                                              \
    trace_writer_row((b)->w, TRACE_##TABLE##_TABLE, (key),                                         \
                     (const uint64_t[TRACE_MAX_COLUMNS]){__VA_ARGS__})

/* Notes a time and returns it. */
uint64_t build_ts(struct build *b, uint64_t ns);
/* Counts an event; false when progress asked to stop. */
bool build_step(struct build *b, uint64_t done, uint64_t total);
uint32_t build_process(struct build *b, uint32_t pid, const char *name);
/* A thread's row, alive from the start to the end, until told otherwise. */
uint32_t build_thread(struct build *b, uint32_t tid, uint32_t pid, const char *name);
void build_thread_name(struct build *b, uint32_t row, const char *name);
void build_thread_life(struct build *b, uint32_t row, uint64_t start_ns, uint64_t end_ns);
uint64_t build_f64(double d);
/* The rest of table meta, and the end. */
bool build_close(struct build *b, const char *made_by, struct err *err);

/* go.c, chrome.c: data is mapped, and lives until they return. */
struct file_map;
bool import_go(struct build *b, const struct file_map *map, struct err *err);
bool import_chrome(struct build *b, const struct file_map *map, struct err *err);

#endif
