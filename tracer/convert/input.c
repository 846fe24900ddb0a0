#include "convert/input.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The beginning of each packet of an LTTng-UST stream, byte-packed, little-endian. */
struct packet_head {
    uint32_t magic; /* PACKET_MAGIC */
    uint8_t uuid[16];
    uint32_t stream_id;
    uint64_t stream_instance;
    uint64_t begin_ts;
    uint64_t end_ts;
    uint64_t content_bits;
    uint64_t packet_bits;
} __attribute__((packed));

enum {
    MOST_DEPTH = 16
};
#define PACKET_MAGIC 0xc1fc1fc1u

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
        in->traces[in->count++] = dir;
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

/* -- damage */

static void add_cut(struct input *in, uint64_t last_ns, const char *source)
{
    mem_grow(&in->cuts, &in->cut_cap, in->cut_count + 1, sizeof *in->cuts);
    in->cuts[in->cut_count++] = (struct input_cut){last_ns, source};
}

/* Whether streams have the layout above. */
static bool is_lttng(const char *trace)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/metadata", trace);
    char *text;
    size_t bytes;
    if (!file_read(path, &text, &bytes, NULL))
        return false;
    bool found = memmem(text, bytes, "lttng-ust", 9) != NULL;
    free(text);
    return found;
}

struct walk {
    uint64_t whole_bytes; /* of whole packets at the file's beginning */
    uint64_t packets;
    uint64_t last_ns;
};

static struct walk walk_packets(const struct file_map *map)
{
    struct walk walk = {0};
    for (;;) {
        struct packet_head head;
        uint64_t left = map->bytes - walk.whole_bytes;
        if (left < sizeof head)
            return walk;
        memcpy(&head, map->data + walk.whole_bytes, sizeof head);
        if (head.magic != PACKET_MAGIC || head.packet_bits % 8 ||
            head.packet_bits / 8 < sizeof head || head.packet_bits / 8 > left ||
            head.content_bits > head.packet_bits || head.content_bits / 8 < sizeof head)
            return walk;
        walk.whole_bytes += head.packet_bits / 8;
        walk.packets++;
        walk.last_ns = head.end_ts;
    }
}

/* Walks one stream; true where it is cut. */
static bool is_cut(struct input *in, const char *path, struct walk *walk)
{
    struct file_map map;
    *walk = (struct walk){0};
    if (!file_map(&map, path, NULL))
        return false; /* the graph will say why */
    *walk = walk_packets(&map);
    bool cut = walk->whole_bytes < map.bytes;
    if (cut)
        add_cut(in, walk->last_ns,
                arena_printf(&in->arena, "%s is cut short: its last %" PRIu64 " bytes were dropped",
                             path, (uint64_t)map.bytes - walk->whole_bytes));
    in->packets += walk->packets;
    file_unmap(&map);
    return cut;
}

/* -- the view */

static bool make_temp_dir(struct input *in, const char *beside, struct err *err)
{
    if (in->temp_dir)
        return true;
    const char *slash = strrchr(beside, '/');
    int dir_len = slash ? (int)(slash - beside) : 1;
    char *dir = arena_printf(&in->arena, "%.*s/.whyprof-ctf-XXXXXX", dir_len, slash ? beside : ".");
    if (!mkdtemp(dir))
        return err_errno(err, "make a temporary folder %s", dir);
    in->temp_dir = dir;
    return true;
}

static bool copy_bytes(const char *from, const char *to, uint64_t bytes, struct err *err)
{
    struct file_map map;
    if (!file_map(&map, from, err))
        return false;
    struct file_out out;
    bool ok = file_out_open(&out, to, err);
    if (ok) {
        file_out_write(&out, map.data, bytes);
        ok = file_out_commit(&out, err);
    }
    file_unmap(&map);
    return ok;
}

struct stream {
    const char *name;
    bool cut;
    uint64_t whole_bytes;
};

/* A folder with the trace's sound parts; NULL with err. */
static const char *make_view(struct input *in, size_t number, const char *trace,
                             const struct stream *streams, size_t count, const char *beside,
                             struct err *err)
{
    char real[PATH_MAX];
    if (!realpath(trace, real)) {
        err_errno(err, "open %s", trace);
        return NULL;
    }
    if (!make_temp_dir(in, beside, err))
        return NULL;
    const char *view = arena_printf(&in->arena, "%s/%zu", in->temp_dir, number);
    if (!file_make_dirs(view, err))
        return NULL;
    for (size_t i = 0; i < count; i++) {
        const char *from = arena_printf(&in->arena, "%s/%s", real, streams[i].name);
        const char *to = arena_printf(&in->arena, "%s/%s", view, streams[i].name);
        if (!streams[i].cut) {
            if (symlink(from, to) != 0) {
                err_errno(err, "link %s", to);
                return NULL;
            }
        } else if (streams[i].whole_bytes && !copy_bytes(from, to, streams[i].whole_bytes, err)) {
            return NULL;
        }
    }
    return view;
}

/* Replaces a trace that has cut streams by a view of its sound parts. */
static bool mend_trace(struct input *in, size_t number, const char *beside, struct err *err)
{
    const char *trace = in->traces[number];
    if (!is_lttng(trace))
        return true;
    size_t count;
    const char **names = list_folder(&in->arena, trace, &count);
    struct stream *streams = arena_array(&in->arena, count + 1, sizeof *streams);
    size_t files = 0;
    bool any_cut = false;
    for (size_t i = 0; i < count; i++) {
        const char *path = arena_printf(&in->arena, "%s/%s", trace, names[i]);
        if (!is_file(path))
            continue; /* the index, which a view must not have */
        struct stream stream = {.name = names[i]};
        if (strcmp(names[i], "metadata") != 0) {
            struct walk walk;
            stream.cut = is_cut(in, path, &walk);
            stream.whole_bytes = walk.whole_bytes;
        }
        any_cut |= stream.cut;
        streams[files++] = stream;
    }
    free(names);
    if (!any_cut)
        return true;
    in->traces[number] = make_view(in, number, trace, streams, files, beside, err);
    return in->traces[number] != NULL;
}

/* Leaves out traces whose metadata is empty; false where that leaves none. */
static bool drop_empty_metadata(struct input *in, struct err *err)
{
    size_t kept = 0;
    const char *empty = NULL;
    for (size_t i = 0; i < in->count; i++) {
        struct stat st;
        const char *path = arena_printf(&in->arena, "%s/metadata", in->traces[i]);
        if (stat(path, &st) == 0 && st.st_size == 0) {
            empty = path;
            add_cut(in, 0,
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

bool input_open(struct input *in, const char *dir, const char *temp_beside, struct err *err)
{
    *in = (struct input){0};
    if (access(dir, R_OK) != 0)
        return err_errno(err, "open %s", dir);
    if (!is_folder(dir))
        return err_set(err, "%s is not a folder: a CTF trace is a folder with a file `metadata`",
                       dir);
    find_traces(in, arena_strdup(&in->arena, dir), 0);
    if (!in->count)
        return err_set(err, "no CTF trace below %s (no file `metadata`)", dir);
    if (!drop_empty_metadata(in, err))
        return false;
    for (size_t i = 0; i < in->count; i++)
        if (!mend_trace(in, i, temp_beside, err))
            return err_wrap(err, "mend the cut trace %s", dir);
    return true;
}

void input_close(struct input *in)
{
    if (in->temp_dir)
        file_remove_tree(in->temp_dir, NULL);
    free(in->traces);
    free(in->cuts);
    arena_release(&in->arena);
    *in = (struct input){0};
}
