#include "import/build.h"

#include "base/file.h"
#include "import/import.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    STEP_EVENTS = 8192
};

uint64_t build_ts(struct build *b, uint64_t ns)
{
    if (ns > b->last_ns)
        b->last_ns = ns;
    return ns;
}

bool build_step(struct build *b, uint64_t done, uint64_t total)
{
    if (++b->events % STEP_EVENTS == 0)
        b->stopped |= !progress_step(b->progress, "reading", done, total);
    return !b->stopped;
}

uint32_t build_process(struct build *b, uint32_t pid, const char *name)
{
    return BUILD_ROW(
        b, PROCESS,
        0, [TRACE_PROCESS_pid] = pid, [TRACE_PROCESS_name] = trace_writer_string(b->w, name),
        [TRACE_PROCESS_exit_status] = (uint64_t)-1);
}

uint32_t build_thread(struct build *b, uint32_t tid, uint32_t pid, const char *name)
{
    return BUILD_ROW(b, THREAD, 0, [TRACE_THREAD_tid] = tid, [TRACE_THREAD_pid] = pid,
                     [TRACE_THREAD_name] = trace_writer_string(b->w, name));
}

void build_thread_name(struct build *b, uint32_t row, const char *name)
{
    trace_writer_update(b->w, TRACE_THREAD_TABLE, row, TRACE_THREAD_name,
                        trace_writer_string(b->w, name));
}

void build_thread_life(struct build *b, uint32_t row, uint64_t start_ns, uint64_t end_ns)
{
    trace_writer_update(b->w, TRACE_THREAD_TABLE, row, TRACE_THREAD_start_ts, start_ns);
    trace_writer_update(b->w, TRACE_THREAD_TABLE, row, TRACE_THREAD_end_ts, end_ns);
}

uint64_t build_f64(double d)
{
    uint64_t word;
    memcpy(&word, &d, sizeof word);
    return word;
}

bool build_close(struct build *b, const char *made_by, struct err *err)
{
    struct trace_writer *w = b->w;
    b->w = NULL;
    trace_writer_meta(w, "whyprof_version", WHYPROF_VERSION);
    trace_writer_meta(w, "imported_from", made_by);
    trace_writer_meta_u64(w, "start_unix_ns", 0);
    trace_writer_meta_u64(w, "duration_ns", b->last_ns);
    trace_writer_meta_u64(w, "events", b->events);
    trace_writer_meta_u64(w, "lost_events", 0);
    return trace_writer_close(w, b->last_ns, err);
}

static bool (*importer_of(const void *data, size_t bytes))(struct build *, const struct file_map *,
                                                           struct err *)
{
    const char *p = data, *end = p + bytes;
    if (bytes >= 16 && !memcmp(p, "go 1.", 5))
        return import_go;
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
        p++;
    return p < end && (*p == '{' || *p == '[') ? import_chrome : NULL;
}

bool import_takes(const char *path)
{
    char head[64];
    struct stat st;
    if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, head, sizeof head);
    close(fd);
    return n > 0 && importer_of(head, (size_t)n);
}

bool import_file(const struct import_options *o, struct import_result *result, struct err *err)
{
    struct file_map map;
    struct build b = {.progress = o->progress};
    struct stat st;
    if (!file_map(&map, o->path, err))
        return false;
    bool (*importer)(struct build *, const struct file_map *, struct err *) =
        importer_of(map.data, map.bytes);
    bool ok = importer || err_set(err, "neither a Go trace nor JSON");
    ok = ok && (b.w = trace_writer_open(o->out_path, err)) && importer(&b, &map, err);
    if (b.w) {
        trace_writer_abort(b.w);
        ok = false;
    }
    file_unmap(&map);
    if (!ok)
        return err_wrap(err, "convert %s", o->path);
    *result = (struct import_result){.events = b.events};
    if (stat(o->out_path, &st) == 0)
        result->bytes = (uint64_t)st.st_size;
    return true;
}
