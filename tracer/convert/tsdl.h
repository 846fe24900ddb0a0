/* tsdl: the metadata of a CTF 1.8 trace as LTTng-UST writes it, compiled to flat
 * lists of reads. Takes memory, not a path.
 *
 * It reads the part of the language that LTTng-UST uses: byte-packed,
 * little-endian integers, enumerations over them, floats, strings, arrays and
 * sequences of integers. Anything else is refused with "not supported", and the
 * caller takes babeltrace2's own reader. Source: CTF 1.8.3 specification. */
#ifndef CONVERT_TSDL_H
#define CONVERT_TSDL_H

#include "base/arena.h"
#include "base/err.h"

#include <stdint.h>

/* In one structure; more than any tracepoint has. */
enum {
    TSDL_MAX_FIELDS = 256
};

enum tsdl_read {
    TSDL_UNSIGNED, /* `bytes` bytes */
    TSDL_SIGNED,
    TSDL_FLOAT,    /* 4 or 8 bytes */
    TSDL_STRING,   /* up to its NUL */
    TSDL_ARRAY,    /* `count` elements of `bytes` bytes */
    TSDL_SEQUENCE, /* as many as field `length` says */
};

/* One mapping of an enumeration. */
struct tsdl_label {
    uint64_t first, last; /* widened by their sign */
    const char *text;
};

/* One field: one read. */
struct tsdl_field {
    const char *name; /* without the underscore that CTF puts before it */
    enum tsdl_read read;
    uint8_t bytes;       /* of the value, or of an element */
    bool element_signed; /* of arrays and sequences */
    bool hex;            /* its preferred base is 16 */
    bool text;           /* array or sequence of characters */
    bool is_enum;
    uint32_t label_count;
    const struct tsdl_label *labels; /* of an enumeration, in the arena */
    uint32_t length;                 /* sequence: index of the field with its length */
    uint64_t count;                  /* array: its length */
};

struct tsdl_fields {
    struct tsdl_field *fields; /* in the arena */
    uint32_t count;
};

struct tsdl_event {
    uint64_t id;
    uint64_t stream_id;
    const char *name;
    struct tsdl_fields common; /* event.context of the class, usually none */
    struct tsdl_fields payload;
};

struct tsdl_stream {
    uint64_t id;
    bool large_header;          /* u16 id, u32 time; else 5 and 27 bits */
    struct tsdl_fields packet;  /* packet.context */
    struct tsdl_fields context; /* event.context */
    uint32_t *event_of_id;      /* index into tsdl's events, or UINT32_MAX */
    uint32_t ids;               /* length of event_of_id */
};

struct tsdl_env {
    const char *key;
    const char *text; /* NULL: the number */
    int64_t number;
};

struct tsdl {
    uint8_t uuid[16];
    struct tsdl_stream *streams;
    uint32_t stream_count;
    struct tsdl_event *events; /* in order of appearance */
    uint32_t event_count;
    struct tsdl_env *env;
    uint32_t env_count;
    const char *clock_name;
    const char *clock_description;
    uint8_t clock_uuid[16];
    bool clock_absolute;
    uint64_t clock_hz;
    int64_t clock_offset_s;
    int64_t clock_offset; /* cycles, less than a second's */
};

/* Parses the bytes of a `metadata` file, packetised or plain text. All strings
 * and arrays live in the arena. A last packet that is cut short is left out. */
bool tsdl_parse(struct tsdl *out, struct arena *arena, const void *data, size_t bytes,
                struct err *err);

/* The text of such a file, in the arena or in data itself; NULL with err. */
const char *tsdl_text(struct arena *arena, const void *data, size_t bytes, size_t *len,
                      struct err *err);
/* The first label of a value, or NULL. */
const char *tsdl_label(const struct tsdl_field *f, uint64_t word);

#endif
