/* A CTF trace from memory: four bytes that say how long its metadata is, the
 * metadata, one stream. All events are decoded, by fields and flat, and foreign ones written.
 * Damage must end in an error or in a stream that is cut, never in a crash. */
#include "convert/flat.h"
#include "convert/foreign.h"
#include "convert/foreign_text.h"
#include "convert/hosts.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static bool read_fields(struct ctf_stream *s, const struct tsdl_fields *fields)
{
    uint64_t words[TSDL_MAX_FIELDS];
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct tsdl_field *f = &fields->fields[i];
        struct ctf_value value = {0};
        if (!ctf_read(s, f, f->read == TSDL_SEQUENCE ? words[f->length] : 0, &value))
            return false;
        words[i] = value.word;
    }
    return true;
}

static void read_by_fields(struct ctf_stream s)
{
    struct ctf_event ev;
    struct err err;
    while (ctf_stream_event(&s, &ev, &err) == CTF_MORE)
        if (!read_fields(&s, &s.class->context) || !read_fields(&s, &ev.class->common) ||
            !read_fields(&s, &ev.class->payload))
            return;
}

/* Events that nobody knows as text. */
static void write_texts(const struct flat_trace *flat, const struct flat_batch *batch)
{
    struct strbuf text = {0};
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct event *ev = &batch->events[i];
        if (ev->kind == FOREIGN_MESSAGE)
            foreign_text_bytes(&text, flat->tsdl, &flat->tsdl->events[batch->classes[i]],
                               (const uint8_t *)(uintptr_t)ev->v[0],
                               (const uint8_t *)(uintptr_t)ev->v[1]);
    }
    strbuf_release(&text);
}

static void read_flat(struct flat_trace *flat, struct ctf_stream s)
{
    struct flat_batch batch = {0};
    do {
        flat_fill(flat, &s, &batch);
        write_texts(flat, &batch);
    } while (!batch.end);
    flat_batch_release(&batch);
}

static void read_stream(const struct tsdl *tsdl, const uint8_t *data, size_t bytes)
{
    struct ctf_stream s;
    struct flat_trace flat;
    struct err err = {0};
    flat_trace_init(&flat, tsdl);
    ctf_stream_from_memory(&s, data, bytes, tsdl);
    while (ctf_stream_packet(&s, &err) == CTF_MORE) {
        read_by_fields(s);
        read_flat(&flat, s);
    }
    ctf_stream_close(&s);
    flat_trace_release(&flat);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t length;
    if (size < sizeof length)
        return 0;
    memcpy(&length, data, sizeof length);
    data += sizeof length;
    size -= sizeof length;
    if (length > size)
        length = (uint32_t)size;
    struct arena arena = {0};
    struct tsdl tsdl;
    struct hosts hosts = {0};
    hosts_add(&hosts, data, length, NULL);
    hosts_settle(&hosts);
    hosts_release(&hosts);
    struct err err = {0};
    if (tsdl_parse(&tsdl, &arena, data, length, &err))
        read_stream(&tsdl, data + length, size - length);
    else if (!err.text[0])
        abort(); /* a failure without its reason */
    arena_release(&arena);
    return 0;
}
