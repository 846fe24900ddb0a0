#include "convert/flat.h"

#include "base/cache.h"
#include "convert/foreign.h"

#include <stdlib.h>
#include <string.h>

/* Where a name of the context goes. */
enum {
    PLACE_VPID,
    PLACE_VTID
};

/* Those before FLAT_STRING are of a fixed size, flat_op.count bytes. */
enum flat_code {
    FLAT_SKIP,
    FLAT_UNSIGNED,
    FLAT_SIGNED,
    FLAT_FLOAT, /* to a double's bits */
    FLAT_VPID,
    FLAT_VTID,
    FLAT_LENGTH, /* of a sequence */
    FLAT_STRING,
    FLAT_SKIP_STRING,
    FLAT_TEXT, /* an array of characters */
    FLAT_SEQUENCE,
    FLAT_SKIP_SEQUENCE,
    FLAT_ARRAY
};

enum {
    AHEAD = 8 /* events whose memory is asked for before they are written */
};

struct flat_op {
    uint8_t code;  /* enum flat_code */
    uint8_t bytes; /* of the value or an element */
    bool is_signed;
    uint16_t place;  /* the event's field, or the length's number */
    uint16_t length; /* sequences: the number of their length */
    uint64_t count;  /* fixed size: bytes in all; FLAT_ARRAY: elements */
};

struct flat_plan {
    uint8_t kind; /* enum event_kind */
    uint32_t op_count;
    struct flat_op ops[];
};

/* -- compiling */

/* The place of `name` in a list of names with blanks between, or -1. */
static int place_of(const char *names, const char *name)
{
    size_t want = strlen(name);
    for (int place = 0; *names; place++) {
        size_t len = strcspn(names, " ");
        if (len == want && !memcmp(names, name, len))
            return place;
        names += len + (names[len] == ' ');
    }
    return -1;
}

static struct flat_op skip_op(const struct tsdl_field *f)
{
    if (f->read == TSDL_STRING)
        return (struct flat_op){.code = FLAT_SKIP_STRING};
    if (f->read == TSDL_SEQUENCE)
        return (struct flat_op){.code = FLAT_SKIP_SEQUENCE, .bytes = f->bytes};
    uint64_t count = f->read == TSDL_ARRAY ? f->count : 1;
    return (struct flat_op){.code = FLAT_SKIP, .count = count * f->bytes};
}

static struct flat_op take_op(const struct tsdl_field *f, int place)
{
    static const uint8_t codes[] = {
        [TSDL_UNSIGNED] = FLAT_UNSIGNED, [TSDL_SIGNED] = FLAT_SIGNED,
        [TSDL_FLOAT] = FLAT_FLOAT,       [TSDL_STRING] = FLAT_STRING,
        [TSDL_ARRAY] = FLAT_ARRAY,       [TSDL_SEQUENCE] = FLAT_SEQUENCE,
    };
    return (struct flat_op){.code = f->text ? (uint8_t)FLAT_TEXT : codes[f->read],
                            .bytes = f->bytes,
                            .is_signed = f->element_signed,
                            .place = (uint16_t)place,
                            .count = f->read == TSDL_ARRAY ? f->count : f->bytes};
}

static void add_op(struct flat_plan *plan, struct flat_op op)
{
    struct flat_op *last = plan->op_count ? &plan->ops[plan->op_count - 1] : NULL;
    if (op.code == FLAT_SKIP && last && last->code == FLAT_SKIP)
        last->count += op.count;
    else
        plan->ops[plan->op_count++] = op;
}

/* Compiles the fields of one structure; `names` are in the order of their places. */
static void add_fields(struct flat_plan *plan, const struct tsdl_fields *fields, const char *names,
                       bool is_context)
{
    bool is_length[TSDL_MAX_FIELDS] = {false};
    for (uint32_t i = 0; i < fields->count; i++)
        if (fields->fields[i].read == TSDL_SEQUENCE)
            is_length[fields->fields[i].length] = true;
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct tsdl_field *f = &fields->fields[i];
        int place = place_of(names, f->name);
        bool usable = is_context ? f->read <= TSDL_SIGNED : !(f->text && f->read == TSDL_SEQUENCE);
        bool take = (place >= 0 && usable) || is_length[i];
        struct flat_op op = take ? take_op(f, place) : skip_op(f);
        if (is_length[i]) { /* no name of the contract is a length's */
            op.code = FLAT_LENGTH;
            op.place = (uint16_t)i;
        } else if (take && is_context) {
            op.code = place == PLACE_VPID ? FLAT_VPID : FLAT_VTID;
        }
        op.length = (uint16_t)f->length;
        add_op(plan, op);
    }
}

static const struct tsdl_fields *context_of(const struct tsdl *tsdl, uint64_t stream_id)
{
    static const struct tsdl_fields none;
    for (uint32_t i = 0; i < tsdl->stream_count; i++)
        if (tsdl->streams[i].id == stream_id)
            return &tsdl->streams[i].context;
    return &none; /* no stream can have the event */
}

static const struct flat_plan *plan_new(struct flat_trace *t, const struct tsdl_event *e)
{
    const struct tsdl_fields *context = context_of(t->tsdl, e->stream_id);
    uint32_t fields = context->count + e->common.count + e->payload.count;
    struct flat_plan *plan = arena_alloc(&t->arena, sizeof *plan + fields * sizeof *plan->ops);
    plan->kind = (uint8_t)decoder_kind(e->name);
    bool ours = plan->kind != EVENT_FOREIGN;
    add_fields(plan, context, ours ? "vpid vtid" : "", true);
    add_fields(plan, &e->common, "", false);
    add_fields(plan, &e->payload, ours ? decoder_fields(plan->kind, e->name) : "", false);
    return plan;
}

void flat_trace_init(struct flat_trace *t, const struct tsdl *tsdl)
{
    *t = (struct flat_trace){.tsdl = tsdl};
    t->plans = arena_array(&t->arena, tsdl->event_count + 1, sizeof *t->plans);
    t->names = arena_array(&t->arena, tsdl->event_count + 1, sizeof *t->names);
    for (uint32_t i = 0; i < tsdl->event_count; i++) {
        t->plans[i] = plan_new(t, &tsdl->events[i]);
        t->names[i] = UINT32_MAX;
    }
}

void flat_trace_release(struct flat_trace *t)
{
    arena_release(&t->arena);
    *t = (struct flat_trace){0};
}

/* -- reading */

/* Up to 8 bytes at p, of which `room` may be read: nearly always more than 8. */
static inline uint64_t load(const uint8_t *p, unsigned bytes, uint64_t room)
{
    uint64_t v = 0;
    if (room < sizeof v) {
        memcpy(&v, p, bytes);
        return v;
    }
    memcpy(&v, p, sizeof v);
    return v & ~(uint64_t)0 >> (64 - 8 * bytes);
}

static inline uint64_t widen(uint64_t word, unsigned bytes)
{
    unsigned shift = 64u - 8u * bytes;
    return (uint64_t)((int64_t)(word << shift) >> shift);
}

static uint64_t double_bits(uint64_t word, unsigned bytes)
{
    if (bytes == 8)
        return word;
    uint32_t half = (uint32_t)word;
    float f;
    memcpy(&f, &half, sizeof f);
    double wide = (double)f;
    memcpy(&word, &wide, sizeof word);
    return word;
}

/* Room for `count` more words, behind those that the batch's events point to. */
static uint64_t *room_for_words(struct flat_batch *b, uint64_t count)
{
    const uint64_t *before = b->words;
    mem_grow(&b->words, &b->word_cap, b->word_count + count + 1, sizeof *b->words);
    for (uint32_t i = 0; before && b->words != before && i < b->count; i++) {
        struct event *ev = &b->events[i];
        if (ev->sequence >= 0)
            ev->v[ev->sequence] += (uint64_t)(uintptr_t)b->words - (uint64_t)(uintptr_t)before;
    }
    uint64_t *room = b->words + b->word_count;
    b->word_count += count;
    return room;
}

/* The elements as aligned words. */
static void read_elements(struct flat_batch *b, const struct flat_op *op, const uint8_t *p,
                          uint64_t count, struct event *out)
{
    uint64_t *to = room_for_words(b, count);
    if (op->bytes == 8)
        memcpy(to, p, count * 8);
    else
        for (uint64_t i = 0; i < count; i++) {
            uint64_t word = load(p + i * op->bytes, op->bytes, (count - i) * op->bytes);
            to[i] = op->is_signed ? widen(word, op->bytes) : word;
        }
    out->sequence = (int8_t)op->place;
    out->seq_len = (uint32_t)count;
    out->v[op->place] = (uint64_t)(uintptr_t)to;
}

static void take_string(const struct flat_op *op, const uint8_t *p, struct event *out)
{
    out->v[op->place] = (uint64_t)(uintptr_t)p;
    out->strings = (uint8_t)(out->strings | 1u << op->place);
}

/* An operation on something of variable size; false where it reaches past `end`. */
static bool run_variable(const struct flat_op *op, const uint8_t **at, const uint8_t *end,
                         struct flat_batch *b, const uint64_t *lengths, struct event *out)
{
    const uint8_t *p = *at;
    uint64_t room = (uint64_t)(end - p);
    if (op->code == FLAT_STRING || op->code == FLAT_SKIP_STRING) {
        const uint8_t *nul = memchr(p, 0, room);
        if (!nul)
            return false;
        if (op->code == FLAT_STRING)
            take_string(op, p, out);
        *at = nul + 1;
        return true;
    }
    if (op->code == FLAT_TEXT) {
        if (op->count > room)
            return false;
        if (memchr(p, 0, op->count)) /* else it has no end that could be borrowed */
            take_string(op, p, out);
        *at += op->count;
        return true;
    }
    uint64_t count = op->code == FLAT_ARRAY ? op->count : lengths[op->length];
    if (count > room / op->bytes || count > UINT32_MAX)
        return false;
    if (op->code != FLAT_SKIP_SEQUENCE)
        read_elements(b, op, p, count, out);
    *at += count * op->bytes;
    return true;
}

/* An operation on something of fixed size. */
static inline void run_fixed(const struct flat_op *op, uint64_t word, uint64_t *lengths,
                             struct event *out)
{
    switch (op->code) {
    case FLAT_UNSIGNED:
        out->v[op->place] = word;
        break;
    case FLAT_SIGNED:
        out->v[op->place] = widen(word, op->bytes);
        break;
    case FLAT_FLOAT:
        out->v[op->place] = double_bits(word, op->bytes);
        break;
    case FLAT_VPID:
        out->vpid = (uint32_t)word;
        break;
    case FLAT_VTID:
        out->vtid = (uint32_t)word;
        break;
    default:
        lengths[op->place] = word;
    }
}

/* Reads what is behind an event's header; false where it reaches past its packet. */
static bool read_event(const struct flat_plan *plan, struct ctf_stream *s, struct flat_batch *b,
                       struct event *out)
{
    *out = (struct event){.kind = plan->kind, .sequence = -1};
    uint64_t lengths[TSDL_MAX_FIELDS];
    const uint8_t *p = s->at, *end = s->content_end;
    const struct flat_op *last = plan->ops + plan->op_count;
    for (const struct flat_op *op = plan->ops; op < last; op++) {
        if (op->code >= FLAT_STRING) {
            if (!run_variable(op, &p, end, b, lengths, out))
                return false;
            continue;
        }
        uint64_t room = (uint64_t)(end - p);
        if (op->count > room)
            return false;
        if (op->code != FLAT_SKIP)
            run_fixed(op, load(p, op->bytes, room), lengths, out);
        p += op->count;
    }
    if (plan->kind == FOREIGN_MESSAGE) { /* what foreign_text.h wants */
        out->v[0] = (uint64_t)(uintptr_t)s->at;
        out->v[1] = (uint64_t)(uintptr_t)p;
    }
    s->at = p;
    return true;
}

static uint64_t ns_from_cycles(uint64_t cycles, uint64_t hz)
{
    if (hz == 1000000000)
        return cycles;
    return cycles / hz * 1000000000 + cycles % hz * 1000000000 / hz;
}

void flat_fill(const struct flat_trace *t, struct ctf_stream *s, struct flat_batch *b)
{
    if (!b->events) {
        b->events = mem_realloc(NULL, FLAT_BATCH, sizeof *b->events);
        b->classes = mem_realloc(NULL, FLAT_BATCH, sizeof *b->classes);
        b->counts = mem_realloc(NULL, t->tsdl->event_count + 1, sizeof *b->counts);
    }
    memset(b->counts, 0, t->tsdl->event_count * sizeof *b->counts);
    b->count = 0;
    b->word_count = 0;
    b->end = false;
    while (!b->end && b->count < FLAT_BATCH && b->word_count < FLAT_BATCH_WORDS) {
        struct ctf_event ev;
        b->end = ctf_stream_event(s, &ev, &b->err) != CTF_MORE;
        if (b->end)
            break;
        uint32_t class = (uint32_t)(ev.class - t->tsdl->events);
        struct event *out = &b->events[b->count];
        cache_expect_write(out + AHEAD); /* batches are read by another thread */
        b->end = !read_event(t->plans[class], s, b, out) &&
                 !ctf_damaged(s, "event reaches past its packet", &b->err);
        out->ts = ns_from_cycles(ev.ts, t->tsdl->clock_hz);
        b->classes[b->count] = class;
        b->counts[class] += !b->end;
        b->count += !b->end;
    }
}

void flat_batch_release(struct flat_batch *b)
{
    free(b->events);
    free(b->classes);
    free(b->counts);
    free(b->words);
    *b = (struct flat_batch){0};
}
