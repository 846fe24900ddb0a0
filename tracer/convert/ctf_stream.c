#include "convert/ctf_stream.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    PACKET_HEADER_BYTES = 4 + 16 + 4 + 8,
    FORGET_BYTES = 8 << 20
};
#define PACKET_MAGIC 0xc1fc1fc1u

static uint64_t load(const uint8_t *p, unsigned bytes)
{
    uint64_t v = 0;
    memcpy(&v, p, bytes);
    return v;
}

static uint64_t left(const struct ctf_stream *s)
{
    return (uint64_t)(s->content_end - s->at);
}

bool ctf_damaged(const struct ctf_stream *s, const char *what, struct err *err)
{
    return err_set(err, "%s: offset %" PRIu64 ": %s", s->path, (uint64_t)(s->at - s->map.data),
                   what);
}

bool ctf_read(struct ctf_stream *s, const struct tsdl_field *f, uint64_t length,
              struct ctf_value *value)
{
    uint64_t room = left(s);
    if (f->read == TSDL_STRING) {
        const uint8_t *nul = memchr(s->at, 0, room);
        if (!nul)
            return false;
        *value = (struct ctf_value){.bytes = s->at, .count = (uint64_t)(nul - s->at)};
        s->at = nul + 1;
        return true;
    }
    if (f->read == TSDL_ARRAY || f->read == TSDL_SEQUENCE) {
        uint64_t count = f->read == TSDL_ARRAY ? f->count : length;
        if (count > room / f->bytes)
            return false;
        *value = (struct ctf_value){.bytes = s->at, .count = count};
        s->at += count * f->bytes;
        return true;
    }
    if (room < f->bytes)
        return false;
    uint64_t word = load(s->at, f->bytes);
    if (f->read == TSDL_SIGNED) {
        unsigned shift = 64u - 8u * f->bytes;
        word = (uint64_t)((int64_t)(word << shift) >> shift);
    }
    value->word = word;
    s->at += f->bytes;
    return true;
}

static const struct tsdl_stream *find_stream(const struct tsdl *tsdl, uint64_t id)
{
    for (uint32_t i = 0; i < tsdl->stream_count; i++)
        if (tsdl->streams[i].id == id)
            return &tsdl->streams[i];
    return NULL;
}

/* The packet's context fields, by the names that LTTng gives them. */
static bool read_packet_context(struct ctf_stream *s, uint64_t *content_bits, uint64_t *packet_bits)
{
    uint64_t values[16];
    const struct tsdl_fields *fields = &s->class->packet;
    s->packet = (struct ctf_packet){.cpu_id = UINT64_MAX};
    struct {
        const char *name;
        uint64_t *to;
    } known[] = {{"timestamp_begin", &s->packet.ts_begin},
                 {"timestamp_end", &s->packet.ts_end},
                 {"content_size", content_bits},
                 {"packet_size", packet_bits},
                 {"packet_seq_num", &s->packet.seq},
                 {"events_discarded", &s->packet.discarded},
                 {"cpu_id", &s->packet.cpu_id}};
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct tsdl_field *f = &fields->fields[i];
        struct ctf_value value = {0};
        uint64_t length = f->read == TSDL_SEQUENCE && f->length < 16 ? values[f->length] : 0;
        if (!ctf_read(s, f, length, &value))
            return false;
        if (i < 16)
            values[i] = value.word;
        for (size_t k = 0; k < sizeof known / sizeof *known; k++)
            if (!strcmp(known[k].name, f->name))
                *known[k].to = value.word;
    }
    return true;
}

/* Gives back the memory of what was read: a trace may be larger than that. Packets
 * shortly before this one, at next_off, may still be in use. */
static void forget_pages(struct ctf_stream *s)
{
    uint64_t read = s->next_off & ~(uint64_t)4095;
    if (s->borrowed || read < s->forgotten + 2 * (uint64_t)FORGET_BYTES)
        return;
    read -= FORGET_BYTES;
    madvise((void *)(uintptr_t)(s->map.data + s->forgotten), read - s->forgotten, MADV_DONTNEED);
    s->forgotten = read;
}

enum ctf_result ctf_stream_packet(struct ctf_stream *s, struct err *err)
{
    s->at = s->map.data + s->next_off;
    s->content_end = s->map.data + s->map.bytes;
    if (!left(s))
        return CTF_END;
    const uint8_t *packet = s->at;
    if (left(s) < PACKET_HEADER_BYTES) {
        s->cut = true;
        return CTF_END;
    }
    if (load(packet, 4) != PACKET_MAGIC) {
        s->cut = true; /* perhaps a file made longer, but its writer was killed */
        return CTF_END;
    }
    s->class = find_stream(s->tsdl, load(packet + 20, 4));
    if (memcmp(packet + 4, s->tsdl->uuid, 16) || !s->class) {
        ctf_damaged(s, "packet of another trace", err);
        return CTF_DAMAGED;
    }
    s->instance_id = load(packet + 24, 8);
    s->at += PACKET_HEADER_BYTES;
    uint64_t content = 0, size = 0;
    if (!read_packet_context(s, &content, &size) || size / 8 > s->map.bytes - s->next_off) {
        s->cut = true;
        return CTF_END;
    }
    uint64_t header = (uint64_t)(s->at - packet);
    if (content / 8 < header || content > size || size % 8 || content % 8) {
        s->cut = true; /* was being written */
        return CTF_END;
    }
    forget_pages(s);
    s->content_end = packet + content / 8;
    s->next_off += size / 8;
    s->ts = s->packet.ts_begin;
    return CTF_MORE;
}

/* A time's low bits, put after the time before it. */
static uint64_t extend_time(uint64_t before, uint64_t low, unsigned bits)
{
    uint64_t mask = ((uint64_t)1 << bits) - 1;
    uint64_t ts = (before & ~mask) | low;
    return ts < before ? ts + mask + 1 : ts;
}

enum ctf_result ctf_stream_event(struct ctf_stream *s, struct ctf_event *ev, struct err *err)
{
    if (!left(s))
        return CTF_END;
    bool large = s->class->large_header;
    unsigned short_bytes = large ? 6 : 4;
    if (left(s) < short_bytes) {
        ctf_damaged(s, "event reaches past its packet", err);
        return CTF_DAMAGED;
    }
    uint64_t head = 0;
    if (left(s) >= sizeof head) /* a size known to the compiler is read at once */
        memcpy(&head, s->at, sizeof head);
    else
        memcpy(&head, s->at, short_bytes);
    if (large)
        head &= ~(uint64_t)0 >> 16;
    else
        head &= UINT32_MAX;
    uint64_t id = large ? head & 0xffff : head & 31;
    if (id != (large ? 65535u : 31u)) {
        s->ts = large ? extend_time(s->ts, head >> 16, 32) : extend_time(s->ts, head >> 5, 27);
        s->at += short_bytes;
    } else {
        unsigned tag = large ? 2 : 1;
        if (left(s) < tag + 12u) {
            ctf_damaged(s, "event reaches past its packet", err);
            return CTF_DAMAGED;
        }
        id = load(s->at + tag, 4);
        s->ts = load(s->at + tag + 4, 8);
        s->at += tag + 12;
    }
    uint32_t index = id < s->class->ids ? s->class->event_of_id[id] : UINT32_MAX;
    if (index == UINT32_MAX) {
        ctf_damaged(s, "event of an unknown class", err);
        return CTF_DAMAGED;
    }
    ev->class = &s->tsdl->events[index];
    ev->ts = s->ts;
    return CTF_MORE;
}

bool ctf_stream_open(struct ctf_stream *s, const char *path, const struct tsdl *tsdl,
                     struct err *err)
{
    *s = (struct ctf_stream){.tsdl = tsdl};
    if (!file_map(&s->map, path, err))
        return false;
    if (!(s->path = strdup(path)))
        abort();
    return true;
}

void ctf_stream_from_memory(struct ctf_stream *s, const void *data, size_t bytes,
                            const struct tsdl *tsdl)
{
    *s = (struct ctf_stream){.tsdl = tsdl, .borrowed = true};
    s->map = (struct file_map){.data = data, .bytes = bytes, .fd = -1};
    if (!(s->path = strdup("memory")))
        abort();
}

void ctf_stream_close(struct ctf_stream *s)
{
    if (!s->borrowed)
        file_unmap(&s->map);
    free(s->path);
    *s = (struct ctf_stream){0};
    s->map.fd = -1;
}
