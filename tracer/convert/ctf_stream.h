/* ctf_stream: one data stream file of a CTF trace, mapped, packet by packet and
 * event by event, as its metadata (tsdl.h) lays it out. Knows no babeltrace2.
 *
 *     while ((r = ctf_stream_packet(s, &err)) == CTF_MORE)
 *         while ((r = ctf_stream_event(s, &ev, &err)) == CTF_MORE)
 *             ... ctf_read(s, field, length, &value) ...
 *
 * A file that ends inside a packet, its writer having been killed, ends after
 * its last whole packet, and `cut` says so. */
#ifndef CONVERT_CTF_STREAM_H
#define CONVERT_CTF_STREAM_H

#include "base/file.h"
#include "convert/tsdl.h"

enum ctf_result {
    CTF_MORE,
    CTF_END,
    CTF_DAMAGED
};

struct ctf_packet {
    uint64_t ts_begin, ts_end; /* cycles */
    uint64_t seq;
    uint64_t discarded; /* events so far in this stream */
    uint64_t cpu_id;    /* UINT64_MAX: not told */
};

struct ctf_event {
    const struct tsdl_event *class;
    uint64_t ts; /* cycles */
};

struct ctf_stream {
    struct file_map map;
    const struct tsdl *tsdl;
    const struct tsdl_stream *class; /* NULL: the file has no packet */
    bool borrowed;                   /* the bytes are the caller's memory */
    char *path;                      /* owned */
    uint64_t instance_id;
    uint64_t next_off;  /* of the packet after the current one */
    uint64_t forgotten; /* the file's bytes before it need no memory any more */
    struct ctf_packet packet;
    const uint8_t *at, *content_end; /* what is left of the current packet */
    uint64_t ts;                     /* of the event before */
    bool cut;
};

struct ctf_value {
    uint64_t word;        /* integers, widened by their sign; a float's bits as stored */
    const uint8_t *bytes; /* strings, arrays: borrowed from the map */
    uint64_t count;       /* array elements; a string's length */
};

/* tsdl is borrowed until close. */
bool ctf_stream_open(struct ctf_stream *s, const char *path, const struct tsdl *tsdl,
                     struct err *err);
/* The same of bytes in memory, which are borrowed until close. */
void ctf_stream_from_memory(struct ctf_stream *s, const void *data, size_t bytes,
                            const struct tsdl *tsdl);
void ctf_stream_close(struct ctf_stream *s);

/* Goes to the next packet; s->packet tells of it. */
enum ctf_result ctf_stream_packet(struct ctf_stream *s, struct err *err);
/* Reads the next event's header; s->at then stands at the stream's context
 * fields, its class's own, and its payload, which the caller reads in this order. */
enum ctf_result ctf_stream_event(struct ctf_stream *s, struct ctf_event *ev, struct err *err);
/* Reads one field at s->at. `length`: for sequences, the value of their length. */
bool ctf_read(struct ctf_stream *s, const struct tsdl_field *field, uint64_t length,
              struct ctf_value *value);
/* The error for a ctf_read that failed. */
bool ctf_damaged(const struct ctf_stream *s, const char *what, struct err *err);

#endif
