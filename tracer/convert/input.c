#include "convert/input.h"

#include "base/file.h"
#include "convert/ctf_stream.h"
#include "convert/mend.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MOST_DEPTH = 16
};

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* -- finding traces */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names in a folder, sorted, without hidden ones. */
static const char **list_folder(struct arena *arena, const char *dir, size_t *count)
{
    const char **names = NULL;
    size_t cap = 0;
    *count = 0;
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));) {
        if (e->d_name[0] == '.')
            continue;
        mem_grow(&names, &cap, *count + 1, sizeof *names);
        names[(*count)++] = arena_strdup(arena, e->d_name);
    }
    if (d)
        closedir(d);
    if (*count)
        qsort(names, *count, sizeof *names, compare_names);
    return names;
}

static void find_traces(struct input *in, const char *dir, int depth)
{
    if (is_file(arena_printf(&in->arena, "%s/metadata", dir))) {
        mem_grow(&in->traces, &in->cap, in->count + 1, sizeof *in->traces);
        in->traces[in->count++] = (struct input_trace){.dir = dir};
        return;
    }
    size_t count;
    const char **names = depth < MOST_DEPTH ? list_folder(&in->arena, dir, &count) : NULL;
    for (size_t i = 0; names && i < count; i++) {
        const char *path = arena_printf(&in->arena, "%s/%s", dir, names[i]);
        struct stat st;
        if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
            find_traces(in, path, depth + 1);
    }
    free(names);
}

/* Without the folder `index`, which our own reader does not need and a view must not have. */
const char **input_list_files(struct input *in, const char *dir, size_t *count)
{
    size_t all;
    const char **names = list_folder(&in->arena, dir, &all);
    *count = 0;
    for (size_t i = 0; i < all; i++)
        if (is_file(arena_printf(&in->arena, "%s/%s", dir, names[i])))
            names[(*count)++] = names[i];
    return names;
}

/* -- what was lost */

static void add_loss(struct input *in, uint64_t last_ns, const char *source)
{
    mem_grow(&in->cuts, &in->cut_cap, in->cut_count + 1, sizeof *in->cuts);
    in->cuts[in->cut_count++] = (struct input_cut){last_ns, source};
}

void input_add_cut(struct input *in, const char *path, uint64_t last_ns, uint64_t bytes)
{
    add_loss(in, last_ns,
             arena_printf(&in->arena, "%s is cut short: its last %" PRIu64 " bytes were dropped",
                          path, bytes));
}

/* Leaves out traces whose metadata is empty; false where that leaves none. */
static bool drop_empty_metadata(struct input *in, struct err *err)
{
    size_t kept = 0;
    const char *empty = NULL;
    for (size_t i = 0; i < in->count; i++) {
        struct stat st;
        const char *path = arena_printf(&in->arena, "%s/metadata", in->traces[i].dir);
        if (stat(path, &st) == 0 && st.st_size == 0) {
            empty = path;
            add_loss(in, 0,
                     arena_printf(&in->arena, "%s is empty: its streams were left out", path));
            continue;
        }
        in->traces[kept++] = in->traces[i];
    }
    in->count = kept;
    if (kept || !empty)
        return true;
    err_set(err,
            "%s is empty: the session is still recording, or was killed before it could write it",
            empty);
    return err_hint(err, "stop the session (whyprof trace stop, lttng stop) and convert again");
}

/* -- which reader */

/* The packets of one stream, and where it is cut. */
static bool walk_stream(struct input *in, const char *path, const struct tsdl *tsdl,
                        struct err *err)
{
    struct ctf_stream stream;
    if (!ctf_stream_open(&stream, path, tsdl, err))
        return false;
    enum ctf_result result;
    uint64_t last_ns = 0;
    for (; (result = ctf_stream_packet(&stream, err)) == CTF_MORE; in->packets++)
        last_ns = stream.packet.ts_end;
    if (result == CTF_END && stream.cut)
        input_add_cut(in, path, last_ns, stream.map.bytes - stream.next_off);
    ctf_stream_close(&stream);
    return result == CTF_END;
}

/* Whether our own reader understands the trace; false with why not. */
static bool is_supported(struct input *in, const char *dir, struct tsdl *tsdl, struct err *err)
{
    char *data;
    size_t bytes;
    if (!file_read(arena_printf(&in->arena, "%s/metadata", dir), &data, &bytes, err))
        return false;
    bool ok = tsdl_parse(tsdl, &in->arena, data, bytes, err);
    free(data);
    return ok;
}

static bool walk_trace(struct input *in, const char *dir, const struct tsdl *tsdl, struct err *err)
{
    size_t count;
    const char **names = input_list_files(in, dir, &count);
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++)
        if (strcmp(names[i], "metadata") != 0)
            ok = walk_stream(in, arena_printf(&in->arena, "%s/%s", dir, names[i]), tsdl, err);
    free(names);
    return ok;
}

static bool choose_reader(struct input *in, size_t number, const struct input_options *options,
                          struct err *err)
{
    struct input_trace *trace = &in->traces[number];
    struct err why = {0};
    struct tsdl tsdl;
    if (options->reader != CONVERT_READER_CTF_FS)
        trace->own = is_supported(in, trace->dir, &tsdl, &why);
    if (trace->own)
        return walk_trace(in, trace->dir, &tsdl, err);
    if (options->reader == CONVERT_READER_CTF) {
        err_set(err, "%s: %s", trace->dir, why.text);
        return err_hint(err, "babeltrace2's own reader may know it: --reader=ctf.fs");
    }
    return mend_trace(in, number, options->temp_beside, err) ||
           err_wrap(err, "mend the cut trace %s", trace->dir);
}

static bool find_host(struct input *in, const char *dir, struct err *err)
{
    char *data;
    size_t bytes;
    if (!file_read(arena_printf(&in->arena, "%s/metadata", dir), &data, &bytes, err))
        return false;
    bool ok = hosts_add(&in->hosts, data, bytes, err);
    free(data);
    return ok;
}

static bool find_below(struct input *in, const char *dir, struct err *err)
{
    size_t before = in->count;
    if (access(dir, R_OK) != 0)
        return err_errno(err, "open %s", dir);
    if (!is_folder(dir))
        return err_set(err, "%s is not a folder: a CTF trace is a folder with a file `metadata`",
                       dir);
    find_traces(in, arena_strdup(&in->arena, dir), 0);
    return in->count > before || err_set(err, "no CTF trace below %s (no file `metadata`)", dir);
}

bool input_open(struct input *in, const struct input_options *options, struct err *err)
{
    *in = (struct input){0};
    if (options->reader == CONVERT_READER_LIVE) {
        mem_grow(&in->traces, &in->cap, 1, sizeof *in->traces);
        in->traces[in->count++] =
            (struct input_trace){.dir = arena_strdup(&in->arena, options->dirs[0]), .live = true};
        return true;
    }
    for (size_t i = 0; i < options->dir_count; i++)
        if (!find_below(in, options->dirs[i], err))
            return false;
    if (!drop_empty_metadata(in, err))
        return false;
    for (size_t i = 0; i < in->count; i++)
        if (!find_host(in, in->traces[i].dir, err) || !choose_reader(in, i, options, err))
            return false;
    hosts_settle(&in->hosts);
    return true;
}

void input_close(struct input *in)
{
    if (in->temp_dir)
        file_remove_tree(in->temp_dir, NULL);
    free(in->traces);
    free(in->cuts);
    hosts_release(&in->hosts);
    arena_release(&in->arena);
    *in = (struct input){0};
}
