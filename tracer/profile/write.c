#include "profile/write.h"

#include "base/map.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

struct writer {
    struct strbuf out;     /* the message */
    struct strbuf part;    /* a message in it */
    struct strbuf subpart; /* a message in that, or packed numbers */
    struct intern strings; /* string table: number 0 is "" */
};

static void put_varint(struct strbuf *sb, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        strbuf_putc(sb, (char)(v | 0x80));
    strbuf_putc(sb, (char)v);
}

static void put_number(struct strbuf *sb, unsigned field, uint64_t v)
{
    if (!v)
        return; /* what is not there is 0 */
    put_varint(sb, (uint64_t)field << 3);
    put_varint(sb, v);
}

static void put_bytes(struct strbuf *sb, unsigned field, const void *p, size_t len)
{
    put_varint(sb, (uint64_t)field << 3 | 2);
    put_varint(sb, len);
    strbuf_append(sb, p, len);
}

/* Appends the message as a field and empties it. */
static void put_message(struct strbuf *sb, unsigned field, struct strbuf *message)
{
    put_bytes(sb, field, strbuf_str(message), message->len);
    strbuf_clear(message);
}

static void put_string(struct writer *w, struct strbuf *sb, unsigned field, const char *s)
{
    put_number(sb, field, intern_str(&w->strings, s));
}

static void put_value_type(struct writer *w, unsigned field, const struct profile_value_type *t)
{
    put_string(w, &w->part, 1, t->type);
    put_string(w, &w->part, 2, t->unit);
    put_message(&w->out, field, &w->part);
}

static void put_label(struct writer *w, const struct profile_label *l)
{
    put_string(w, &w->subpart, 1, l->key);
    if (l->text) {
        put_string(w, &w->subpart, 2, l->text);
    } else {
        put_number(&w->subpart, 3, (uint64_t)l->number);
        put_string(w, &w->subpart, 4, l->unit);
    }
    put_message(&w->part, 3, &w->subpart);
}

static void put_sample(struct writer *w, const struct profile *p, const struct profile_sample *s)
{
    for (uint32_t d = 0; d < s->depth; d++)
        put_varint(&w->subpart, p->locations[s->locations[d]].id);
    if (s->depth)
        put_message(&w->part, 1, &w->subpart);
    for (size_t t = 0; t < p->value_type_count; t++)
        put_varint(&w->subpart, (uint64_t)s->values[t]);
    put_message(&w->part, 2, &w->subpart);
    for (uint32_t k = 0; k < s->label_count; k++)
        put_label(w, &s->labels[k]);
    put_message(&w->out, 2, &w->part);
}

static void put_mapping(struct writer *w, const struct profile_mapping *m)
{
    put_number(&w->part, 1, m->id);
    put_number(&w->part, 2, m->start);
    put_number(&w->part, 3, m->limit);
    put_number(&w->part, 4, m->file_off);
    put_string(w, &w->part, 5, m->filename);
    put_string(w, &w->part, 6, m->build_id);
    put_number(&w->part, 7, m->has_functions);
    put_number(&w->part, 8, m->has_filenames);
    put_number(&w->part, 9, m->has_line_numbers);
    put_number(&w->part, 10, m->has_inline_frames);
    put_message(&w->out, 3, &w->part);
}

static void put_location(struct writer *w, const struct profile *p,
                         const struct profile_location *loc)
{
    put_number(&w->part, 1, loc->id);
    if (loc->mapping != PROFILE_NONE)
        put_number(&w->part, 2, p->mappings[loc->mapping].id);
    put_number(&w->part, 3, loc->address);
    for (uint32_t k = 0; k < loc->line_count; k++) {
        const struct profile_line *l = &loc->lines[k];
        if (l->function != PROFILE_NONE)
            put_number(&w->subpart, 1, p->functions[l->function].id);
        put_number(&w->subpart, 2, (uint64_t)l->line);
        put_number(&w->subpart, 3, (uint64_t)l->column);
        put_message(&w->part, 4, &w->subpart);
    }
    put_number(&w->part, 5, loc->is_folded);
    put_message(&w->out, 4, &w->part);
}

static void put_function(struct writer *w, const struct profile_function *f)
{
    put_number(&w->part, 1, f->id);
    put_string(w, &w->part, 2, f->name);
    put_string(w, &w->part, 3, f->system_name);
    put_string(w, &w->part, 4, f->filename);
    put_number(&w->part, 5, (uint64_t)f->start_line);
    put_message(&w->out, 5, &w->part);
}

static void put_tables(struct writer *w, const struct profile *p)
{
    for (size_t i = 0; i < p->value_type_count; i++)
        put_value_type(w, 1, &p->value_types[i]);
    for (size_t i = 0; i < p->sample_count; i++)
        put_sample(w, p, &p->samples[i]);
    for (size_t i = 0; i < p->mapping_count; i++)
        put_mapping(w, &p->mappings[i]);
    for (size_t i = 0; i < p->location_count; i++)
        put_location(w, p, &p->locations[i]);
    for (size_t i = 0; i < p->function_count; i++)
        put_function(w, &p->functions[i]);
}

static void put_header(struct writer *w, const struct profile *p, const char *default_type)
{
    put_string(w, &w->out, 7, p->drop_frames);
    put_string(w, &w->out, 8, p->keep_frames);
    put_number(&w->out, 9, (uint64_t)p->time_unix_ns);
    put_number(&w->out, 10, (uint64_t)p->duration_ns);
    if (p->period_type.type[0] || p->period_type.unit[0])
        put_value_type(w, 11, &p->period_type);
    put_number(&w->out, 12, (uint64_t)p->period);
    for (size_t i = 0; i < p->comment_count; i++)
        put_string(w, &w->out, 13, p->comments[i]);
    put_string(w, &w->out, 14, default_type);
    put_string(w, &w->out, 15, p->doc_url);
    for (uint32_t i = 0; i < w->strings.count; i++)
        put_bytes(&w->out, 6, intern_get(&w->strings, i), w->strings.lens[i]);
}

static bool compress(const struct strbuf *in, struct strbuf *out, struct err *err)
{
    enum {
        LEVEL = 6
    };
    struct libdeflate_compressor *c = libdeflate_alloc_compressor(LEVEL);
    if (!c)
        return err_set(err, "no memory to compress the profile");
    size_t bound = libdeflate_gzip_compress_bound(c, in->len);
    void *packed = malloc(bound);
    size_t len = packed ? libdeflate_gzip_compress(c, strbuf_str(in), in->len, packed, bound) : 0;
    libdeflate_free_compressor(c);
    if (len)
        strbuf_append(out, packed, len);
    free(packed);
    return len || err_set(err, "no memory to compress the profile");
}

bool profile_write(const struct profile *p, const char *default_type, struct strbuf *out,
                   struct err *err)
{
    struct writer w = {0};
    intern_str(&w.strings, "");
    put_tables(&w, p);
    put_header(&w, p, default_type);
    bool ok = compress(&w.out, out, err);
    strbuf_release(&w.out);
    strbuf_release(&w.part);
    strbuf_release(&w.subpart);
    intern_release(&w.strings);
    return ok;
}
