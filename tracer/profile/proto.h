/* proto: walks the fields of a protobuf message in place.
 *
 *     struct proto in = proto_from_memory(data, bytes);
 *     struct proto_field f;
 *     while (proto_next(&in, &f))
 *         if (f.number == 1 && f.wire == PROTO_BYTES) ...
 *     if (in.failed) ...   // proto_offset(&in) says where
 *
 * Everything is bounds-checked. A message inside a message shares `base`, so
 * that offsets are those of the outermost one. */
#ifndef PROFILE_PROTO_H
#define PROFILE_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum proto_wire {
    PROTO_VARINT = 0,
    PROTO_FIXED64 = 1,
    PROTO_BYTES = 2,
    PROTO_FIXED32 = 5
};

struct proto {
    const uint8_t *base; /* of the outermost message */
    const uint8_t *p;    /* next byte */
    const uint8_t *end;
    bool failed; /* what is at `p` is no field */
};

struct proto_field {
    uint32_t number;
    enum proto_wire wire;
    uint64_t value;       /* of VARINT, FIXED64 and FIXED32 */
    const uint8_t *bytes; /* of BYTES: borrowed */
    size_t len;
};

struct proto proto_from_memory(const void *data, size_t bytes);
/* The message (or packed numbers) in a BYTES field; an empty one for other fields. */
struct proto proto_from_field(const struct proto *outer, const struct proto_field *f);
/* False at the end and on damage (`failed`). */
bool proto_next(struct proto *in, struct proto_field *f);
size_t proto_offset(const struct proto *in);

/* A repeated number may come as one VARINT field each or packed into a BYTES
 * field. This walks either:
 *     struct proto in = proto_numbers(&outer, &f);
 *     while (proto_number(&in, &f, &v)) ... */
struct proto proto_numbers(const struct proto *outer, const struct proto_field *f);
bool proto_number(struct proto *in, const struct proto_field *f, uint64_t *value);

#endif
