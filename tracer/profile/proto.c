#include "profile/proto.h"

#include <string.h>

struct proto proto_from_memory(const void *data, size_t bytes)
{
    const uint8_t *p = data;
    return (struct proto){.base = p, .p = p, .end = p + bytes};
}

struct proto proto_from_field(const struct proto *outer, const struct proto_field *f)
{
    return (struct proto){.base = outer->base, .p = f->bytes, .end = f->bytes + f->len};
}

size_t proto_offset(const struct proto *in)
{
    return (size_t)(in->p - in->base);
}

static bool fail(struct proto *in, const uint8_t *at)
{
    in->p = at;
    in->failed = true;
    return false;
}

static bool read_varint(struct proto *in, uint64_t *value)
{
    const uint8_t *p = in->p;
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64 && p < in->end; shift += 7) {
        uint8_t byte = *p++;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            in->p = p;
            *value = v;
            return true;
        }
    }
    return fail(in, in->p);
}

static bool read_fixed(struct proto *in, uint64_t *value, size_t bytes)
{
    if ((size_t)(in->end - in->p) < bytes)
        return fail(in, in->p);
    *value = 0;
    memcpy(value, in->p, bytes);
    in->p += bytes;
    return true;
}

bool proto_next(struct proto *in, struct proto_field *f)
{
    if (in->failed || in->p == in->end)
        return false;
    const uint8_t *start = in->p;
    uint64_t tag;
    if (!read_varint(in, &tag) || tag >> 3 == 0 || tag >> 32)
        return fail(in, start);
    *f = (struct proto_field){.number = (uint32_t)(tag >> 3), .wire = (enum proto_wire)(tag & 7)};
    f->bytes = in->p;
    bool ok = false;
    switch (f->wire) {
    case PROTO_VARINT:
        ok = read_varint(in, &f->value);
        break;
    case PROTO_FIXED64:
        ok = read_fixed(in, &f->value, 8);
        break;
    case PROTO_FIXED32:
        ok = read_fixed(in, &f->value, 4);
        break;
    case PROTO_BYTES: {
        uint64_t len;
        ok = read_varint(in, &len) && len <= (uint64_t)(in->end - in->p);
        if (ok) {
            f->bytes = in->p;
            f->len = (size_t)len;
            in->p += len;
        }
        break;
    }
    }
    return ok || fail(in, start);
}

struct proto proto_numbers(const struct proto *outer, const struct proto_field *f)
{
    struct proto in = proto_from_field(outer, f);
    if (f->wire != PROTO_BYTES)
        in.end = in.p + 1; /* one value, held by the field itself: see proto_number */
    return in;
}

bool proto_number(struct proto *in, const struct proto_field *f, uint64_t *value)
{
    if (in->failed || in->p == in->end)
        return false;
    if (f->wire == PROTO_BYTES)
        return read_varint(in, value);
    in->p = in->end;
    *value = f->value;
    return true;
}
