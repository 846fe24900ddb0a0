#include "convert/mend.h"

#include "base/file.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

#define PACKET_MAGIC 0xc1fc1fc1u

struct stream {
    const char *name;
    uint64_t bytes, whole_bytes; /* of whole packets at the file's beginning */
    uint64_t packets;
    uint64_t last_ns;
};

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

static void walk_packets(const struct file_map *map, struct stream *s)
{
    for (;;) {
        struct packet_head head;
        uint64_t left = map->bytes - s->whole_bytes;
        if (left < sizeof head)
            return;
        memcpy(&head, map->data + s->whole_bytes, sizeof head);
        if (head.magic != PACKET_MAGIC || head.packet_bits % 8 ||
            head.packet_bits / 8 < sizeof head || head.packet_bits / 8 > left ||
            head.content_bits > head.packet_bits || head.content_bits / 8 < sizeof head)
            return;
        s->whole_bytes += head.packet_bits / 8;
        s->packets++;
        s->last_ns = head.end_ts;
    }
}

/* Notes a stream's packets and whether it is cut. */
static void walk_stream(struct input *in, const char *path, struct stream *s)
{
    struct file_map map;
    if (!file_map(&map, path, NULL))
        return; /* the graph will say why */
    s->bytes = map.bytes;
    walk_packets(&map, s);
    if (s->whole_bytes < s->bytes)
        input_add_cut(in, path, s->last_ns, s->bytes - s->whole_bytes);
    in->packets += s->packets;
    file_unmap(&map);
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
        if (streams[i].whole_bytes == streams[i].bytes) {
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

bool mend_trace(struct input *in, size_t number, const char *beside, struct err *err)
{
    const char *trace = in->traces[number].dir;
    if (!is_lttng(trace))
        return true;
    size_t count;
    const char **names = input_list_files(in, trace, &count);
    struct stream *streams = arena_array(&in->arena, count + 1, sizeof *streams);
    bool any_cut = false;
    for (size_t i = 0; i < count; i++) {
        streams[i] = (struct stream){.name = names[i]};
        if (strcmp(names[i], "metadata") != 0)
            walk_stream(in, arena_printf(&in->arena, "%s/%s", trace, names[i]), &streams[i]);
        any_cut |= streams[i].whole_bytes < streams[i].bytes;
    }
    free(names);
    if (!any_cut)
        return true;
    in->traces[number].dir = make_view(in, number, trace, streams, count, beside, err);
    return in->traces[number].dir != NULL;
}
