/* profile_parse: profile.proto to the model. The tables refer to each other by
 * id and may stand in any order, so the message is walked once to count and to
 * find the strings, then once for each level of reference: mappings and
 * functions, locations, samples. */
#include "base/file.h"
#include "base/map.h"
#include "profile/gunzip.h"
#include "profile/legacy.h"
#include "profile/profile.h"
#include "profile/proto.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Field numbers of profile.proto. */
enum {
    PROFILE_SAMPLE_TYPE = 1,
    PROFILE_SAMPLE = 2,
    PROFILE_MAPPING = 3,
    PROFILE_LOCATION = 4,
    PROFILE_FUNCTION = 5,
    PROFILE_STRING_TABLE = 6,
    PROFILE_DROP_FRAMES = 7,
    PROFILE_KEEP_FRAMES = 8,
    PROFILE_TIME_NANOS = 9,
    PROFILE_DURATION_NANOS = 10,
    PROFILE_PERIOD_TYPE = 11,
    PROFILE_PERIOD = 12,
    PROFILE_COMMENT = 13,
    PROFILE_DEFAULT_SAMPLE_TYPE = 14,
    PROFILE_DOC_URL = 15,
    PROFILE_FIELDS,
};
enum {
    VALUE_TYPE_TYPE = 1,
    VALUE_TYPE_UNIT = 2
};
enum {
    SAMPLE_LOCATION_ID = 1,
    SAMPLE_VALUE = 2,
    SAMPLE_LABEL = 3
};
enum {
    LABEL_KEY = 1,
    LABEL_STR = 2,
    LABEL_NUM = 3,
    LABEL_NUM_UNIT = 4
};
enum {
    LOCATION_ID = 1,
    LOCATION_MAPPING = 2,
    LOCATION_ADDRESS = 3,
    LOCATION_LINE = 4
};
enum {
    LOCATION_IS_FOLDED = 5
};
enum {
    LINE_FUNCTION = 1,
    LINE_LINE = 2,
    LINE_COLUMN = 3
};

struct parser {
    struct profile *profile;
    struct proto all;
    struct err *err;

    const char **strings;
    size_t string_count;
    size_t counts[PROFILE_FIELDS]; /* of each field */

    /* Ids to indices. */
    struct map64 mappings, functions, locations;
    uint32_t *location_of_id; /* owned: of the ids up to the count, which most are */

    /* What the tables are filled into: the model's pointers are const. */
    struct profile_value_type *value_types;
    struct profile_sample *samples;
    struct profile_mapping *mapping_table;
    struct profile_function *function_table;
    struct profile_location *location_table;
    const char **comments;
    size_t filled[PROFILE_FIELDS];

    /* Pools for what samples and locations have several of. */
    uint32_t *sample_locations, *sample_locations_end;
    int64_t *values, *values_end;
    struct profile_label *labels, *labels_end;
    struct profile_line *lines, *lines_end;
    size_t need_sample_locations, need_values, need_labels, need_lines;

    /* The input, where it is ours, so that its memory can go as it becomes samples: the
     * two are most of what a large profile takes. NULL: somebody else's. */
    uint8_t *own;
    size_t given_back; /* bytes of it */
};

enum {
    GIVE_BACK_BYTES = 4 << 20 /* at a time; whole pages */
};

static bool damaged(struct parser *ps, const struct proto *at, const char *what)
{
    return err_set(ps->err, "not a pprof profile, or a damaged one: %s at byte %zu", what,
                   proto_offset(at));
}

/* Every message ends through here: false when its walk met damage. */
static bool ended(struct parser *ps, const struct proto *in)
{
    return !in->failed || damaged(ps, in, "no valid field");
}

static const char *string_at(struct parser *ps, uint64_t id, bool *ok)
{
    if (id < ps->string_count)
        return ps->strings[id];
    *ok = false;
    return "";
}

static uint32_t index_of(const struct map64 *ids, uint64_t id, bool *ok)
{
    if (id == 0)
        return PROFILE_NONE;
    const uint64_t *at = map64_get(ids, id);
    if (!at)
        *ok = false;
    return at ? (uint32_t)*at : PROFILE_NONE;
}

/* ---- counting ---- */

/* How many numbers a repeated field holds, packed or not. */
static size_t count_numbers(const struct proto_field *f)
{
    size_t n = f->wire != PROTO_BYTES;
    for (size_t i = 0; i < f->len; i++)
        n += f->bytes[i] < 0x80;
    return n;
}

static bool count_sample(struct parser *ps, const struct proto_field *message)
{
    struct proto in = proto_from_field(&ps->all, message);
    struct proto_field f;
    while (proto_next(&in, &f)) {
        if (f.number == SAMPLE_LOCATION_ID)
            ps->need_sample_locations += count_numbers(&f);
        else if (f.number == SAMPLE_VALUE)
            ps->need_values += count_numbers(&f);
        else if (f.number == SAMPLE_LABEL)
            ps->need_labels++;
    }
    return ended(ps, &in);
}

static bool count_location(struct parser *ps, const struct proto_field *message)
{
    struct proto in = proto_from_field(&ps->all, message);
    struct proto_field f;
    while (proto_next(&in, &f))
        ps->need_lines += f.number == LOCATION_LINE;
    return ended(ps, &in);
}

static bool is_message(uint32_t number)
{
    return (number >= PROFILE_SAMPLE_TYPE && number <= PROFILE_STRING_TABLE) ||
           number == PROFILE_PERIOD_TYPE;
}

static bool count_all(struct parser *ps)
{
    struct proto in = ps->all;
    struct proto_field f;
    while (proto_next(&in, &f)) {
        if (f.number >= PROFILE_FIELDS)
            continue;
        if (is_message(f.number) && f.wire != PROTO_BYTES)
            return damaged(ps, &in, "a number where a message belongs");
        ps->counts[f.number] += f.number == PROFILE_COMMENT ? count_numbers(&f) : 1;
        if (f.number == PROFILE_SAMPLE && !count_sample(ps, &f))
            return false;
        if (f.number == PROFILE_LOCATION && !count_location(ps, &f))
            return false;
    }
    if (!ended(ps, &in))
        return false;
    if (ps->counts[PROFILE_TIME_NANOS] > 1)
        return err_set(ps->err, "several profiles one after the other in one file");
    if (!ps->counts[PROFILE_SAMPLE_TYPE] || !ps->counts[PROFILE_STRING_TABLE])
        return err_set(ps->err, "not a profile: no sample type");
    return true;
}

/* Tables of a count over 2^32 - 1 would not fit the indices. */
static bool allocate(struct parser *ps)
{
    struct arena *a = &ps->profile->arena;
    if (ps->all.end - ps->all.base > (ptrdiff_t)UINT32_MAX)
        return err_set(ps->err, "profile is larger than 4 GiB");
    ps->strings = arena_array(a, ps->counts[PROFILE_STRING_TABLE], sizeof *ps->strings);
    ps->value_types = arena_array(a, ps->counts[PROFILE_SAMPLE_TYPE], sizeof *ps->value_types);
    ps->samples = arena_array(a, ps->counts[PROFILE_SAMPLE], sizeof *ps->samples);
    ps->mapping_table = arena_array(a, ps->counts[PROFILE_MAPPING], sizeof *ps->mapping_table);
    ps->function_table = arena_array(a, ps->counts[PROFILE_FUNCTION], sizeof *ps->function_table);
    ps->location_table = arena_array(a, ps->counts[PROFILE_LOCATION], sizeof *ps->location_table);
    ps->comments = arena_array(a, ps->counts[PROFILE_COMMENT], sizeof *ps->comments);
    ps->sample_locations = arena_array(a, ps->need_sample_locations, sizeof *ps->sample_locations);
    ps->sample_locations_end = ps->sample_locations + ps->need_sample_locations;
    ps->values = arena_array(a, ps->need_values, sizeof *ps->values);
    ps->values_end = ps->values + ps->need_values;
    ps->labels = arena_array(a, ps->need_labels, sizeof *ps->labels);
    ps->labels_end = ps->labels + ps->need_labels;
    ps->lines = arena_array(a, ps->need_lines, sizeof *ps->lines);
    ps->lines_end = ps->lines + ps->need_lines;
    return true;
}

static bool parse_strings(struct parser *ps)
{
    struct proto in = ps->all;
    struct proto_field f;
    while (proto_next(&in, &f)) {
        if (f.number != PROFILE_STRING_TABLE)
            continue;
        char *s = arena_strndup(&ps->profile->arena, (const char *)f.bytes, f.len);
        ps->strings[ps->string_count++] = s;
    }
    if (ps->strings[0][0])
        return err_set(ps->err, "damaged profile: string 0 is \"%.40s\", not \"\"", ps->strings[0]);
    return true;
}

/* ---- the tables ---- */

static bool parse_value_type(struct parser *ps, const struct proto_field *message,
                             struct profile_value_type *out)
{
    struct proto in = proto_from_field(&ps->all, message);
    struct proto_field f;
    bool ok = true;
    *out = (struct profile_value_type){"", ""};
    while (ok && proto_next(&in, &f)) {
        if (f.number == VALUE_TYPE_TYPE)
            out->type = string_at(ps, f.value, &ok);
        else if (f.number == VALUE_TYPE_UNIT)
            out->unit = string_at(ps, f.value, &ok);
    }
    return ok ? ended(ps, &in) : damaged(ps, &in, "value type with a string out of range");
}

/* Registers a row's id: not 0 and not twice. */
static bool add_id(struct parser *ps, struct map64 *ids, uint64_t id, size_t index,
                   const struct proto *in, const char *what)
{
    if (id == 0)
        return damaged(ps, in, what);
    bool added;
    *map64_put(ids, id, &added) = index;
    return added || err_set(ps->err, "damaged profile: id %" PRIu64 " twice (%s at byte %zu)", id,
                            what, proto_offset(in));
}

static bool parse_mapping(struct parser *ps, const struct proto_field *message)
{
    struct proto in = proto_from_field(&ps->all, message);
    struct proto_field f;
    bool ok = true;
    size_t index = ps->filled[PROFILE_MAPPING]++;
    struct profile_mapping *m = &ps->mapping_table[index];
    *m = (struct profile_mapping){.filename = "", .build_id = ""};
    while (ok && proto_next(&in, &f)) {
        switch (f.number) {
        case 1:
            m->id = f.value;
            break;
        case 2:
            m->start = f.value;
            break;
        case 3:
            m->limit = f.value;
            break;
        case 4:
            m->file_off = f.value;
            break;
        case 5:
            m->filename = string_at(ps, f.value, &ok);
            break;
        case 6:
            m->build_id = string_at(ps, f.value, &ok);
            break;
        case 7:
            m->has_functions = f.value;
            break;
        case 8:
            m->has_filenames = f.value;
            break;
        case 9:
            m->has_line_numbers = f.value;
            break;
        case 10:
            m->has_inline_frames = f.value;
            break;
        default:
            break;
        }
    }
    if (!ok)
        return damaged(ps, &in, "mapping with a string out of range");
    return ended(ps, &in) &&
           add_id(ps, &ps->mappings, m->id, index, &in, "mapping with id 0 or used");
}

static bool parse_function(struct parser *ps, const struct proto_field *message)
{
    struct proto in = proto_from_field(&ps->all, message);
    struct proto_field f;
    bool ok = true;
    size_t index = ps->filled[PROFILE_FUNCTION]++;
    struct profile_function *fn = &ps->function_table[index];
    *fn = (struct profile_function){.name = "", .system_name = "", .filename = ""};
    while (ok && proto_next(&in, &f)) {
        switch (f.number) {
        case 1:
            fn->id = f.value;
            break;
        case 2:
            fn->name = string_at(ps, f.value, &ok);
            break;
        case 3:
            fn->system_name = string_at(ps, f.value, &ok);
            break;
        case 4:
            fn->filename = string_at(ps, f.value, &ok);
            break;
        case 5:
            fn->start_line = (int64_t)f.value;
            break;
        default:
            break;
        }
    }
    if (!ok)
        return damaged(ps, &in, "function with a string out of range");
    return ended(ps, &in) &&
           add_id(ps, &ps->functions, fn->id, index, &in, "function with id 0 or used");
}

static bool parse_line(struct parser *ps, const struct proto_field *message,
                       struct profile_line *line)
{
    struct proto in = proto_from_field(&ps->all, message);
    struct proto_field f;
    bool ok = true;
    *line = (struct profile_line){.function = PROFILE_NONE};
    while (ok && proto_next(&in, &f)) {
        if (f.number == LINE_FUNCTION)
            line->function = index_of(&ps->functions, f.value, &ok);
        else if (f.number == LINE_LINE)
            line->line = (int64_t)f.value;
        else if (f.number == LINE_COLUMN)
            line->column = (int64_t)f.value;
    }
    return ok ? ended(ps, &in) : damaged(ps, &in, "line of an unknown function");
}

static bool parse_location(struct parser *ps, const struct proto_field *message)
{
    struct proto in = proto_from_field(&ps->all, message);
    struct proto_field f;
    bool ok = true;
    size_t index = ps->filled[PROFILE_LOCATION]++;
    struct profile_location *loc = &ps->location_table[index];
    *loc = (struct profile_location){.mapping = PROFILE_NONE, .lines = ps->lines};
    while (ok && proto_next(&in, &f)) {
        if (f.number == LOCATION_ID)
            loc->id = f.value;
        else if (f.number == LOCATION_MAPPING)
            loc->mapping = index_of(&ps->mappings, f.value, &ok);
        else if (f.number == LOCATION_ADDRESS)
            loc->address = f.value;
        else if (f.number == LOCATION_IS_FOLDED)
            loc->is_folded = f.value;
        else if (f.number == LOCATION_LINE) {
            if (f.wire != PROTO_BYTES)
                return damaged(ps, &in, "no line");
            if (!parse_line(ps, &f, ps->lines++))
                return false;
            loc->line_count++;
        }
    }
    if (!ok)
        return damaged(ps, &in, "location in an unknown mapping");
    return ended(ps, &in) &&
           add_id(ps, &ps->locations, loc->id, index, &in, "location with id 0 or used");
}

/* ---- samples ---- */

static bool parse_label(struct parser *ps, const struct proto_field *message,
                        struct profile_label *label)
{
    struct proto in = proto_from_field(&ps->all, message);
    struct proto_field f;
    bool ok = true;
    *label = (struct profile_label){.key = "", .unit = ""};
    while (ok && proto_next(&in, &f)) {
        if (f.number == LABEL_KEY)
            label->key = string_at(ps, f.value, &ok);
        else if (f.number == LABEL_STR && f.value)
            label->text = string_at(ps, f.value, &ok);
        else if (f.number == LABEL_NUM)
            label->number = (int64_t)f.value;
        else if (f.number == LABEL_NUM_UNIT)
            label->unit = string_at(ps, f.value, &ok);
    }
    return ok ? ended(ps, &in) : damaged(ps, &in, "label with a string out of range");
}

/* Samples name locations by the million: small ids are looked up without hashing. */
static uint32_t location_of(const struct parser *ps, uint64_t id, bool *ok)
{
    if (id <= ps->profile->location_count && ps->location_of_id[id] != PROFILE_NONE)
        return ps->location_of_id[id];
    return index_of(&ps->locations, id, ok);
}

static void index_locations(struct parser *ps)
{
    size_t count = ps->profile->location_count;
    ps->location_of_id = mem_realloc(NULL, count + 1, sizeof *ps->location_of_id);
    for (size_t i = 0; i <= count; i++)
        ps->location_of_id[i] = PROFILE_NONE;
    for (size_t i = 0; i < count; i++)
        if (ps->location_table[i].id <= count)
            ps->location_of_id[ps->location_table[i].id] = (uint32_t)i;
}

/* The pools were sized by the same walk in count_sample, so they cannot run out. */
static bool parse_sample(struct parser *ps, const struct proto_field *message)
{
    struct proto in = proto_from_field(&ps->all, message);
    struct proto_field f;
    bool ok = true;
    uint64_t v;
    struct profile_sample *s = &ps->samples[ps->filled[PROFILE_SAMPLE]++];
    *s = (struct profile_sample){ps->sample_locations, ps->values, ps->labels, 0, 0};
    while (ok && proto_next(&in, &f)) {
        struct proto numbers = proto_numbers(&in, &f);
        if (f.number == SAMPLE_LOCATION_ID) {
            for (; ok && proto_number(&numbers, &f, &v); s->depth++) {
                uint32_t location = location_of(ps, v, &ok);
                ok = ok && location != PROFILE_NONE;
                *ps->sample_locations++ = location;
            }
        } else if (f.number == SAMPLE_VALUE) {
            while (proto_number(&numbers, &f, &v))
                *ps->values++ = (int64_t)v;
        } else if (f.number == SAMPLE_LABEL) {
            if (f.wire != PROTO_BYTES)
                return damaged(ps, &in, "no label");
            if (!parse_label(ps, &f, ps->labels++))
                return false;
            s->label_count++;
        }
        if (numbers.failed)
            return damaged(ps, &numbers, "no number");
    }
    if (!ok)
        return damaged(ps, &in, "sample of an unknown location");
    if ((size_t)(ps->values - s->values) != ps->profile->value_type_count)
        return damaged(ps, &in, "sample with another number of values than types");
    return ended(ps, &in);
}

/* ---- the profile ---- */

static bool parse_scalar(struct parser *ps, const struct proto_field *f)
{
    struct profile *p = ps->profile;
    bool ok = true;
    struct proto at = proto_from_field(&ps->all, f);
    switch (f->number) {
    case PROFILE_DROP_FRAMES:
        p->drop_frames = string_at(ps, f->value, &ok);
        break;
    case PROFILE_KEEP_FRAMES:
        p->keep_frames = string_at(ps, f->value, &ok);
        break;
    case PROFILE_DOC_URL:
        p->doc_url = string_at(ps, f->value, &ok);
        break;
    case PROFILE_TIME_NANOS:
        p->time_unix_ns = (int64_t)f->value;
        break;
    case PROFILE_DURATION_NANOS:
        p->duration_ns = (int64_t)f->value;
        break;
    case PROFILE_PERIOD:
        p->period = (int64_t)f->value;
        break;
    default:
        break;
    }
    return ok || damaged(ps, &at, "string out of range");
}

static bool parse_comments(struct parser *ps, const struct proto_field *f)
{
    struct proto in = proto_numbers(&ps->all, f);
    bool ok = true;
    uint64_t v;
    while (ok && proto_number(&in, f, &v))
        ps->comments[ps->filled[PROFILE_COMMENT]++] = string_at(ps, v, &ok);
    return ok ? ended(ps, &in) : damaged(ps, &in, "comment out of range");
}

/* What refers to strings only. */
static bool parse_leaf_tables(struct parser *ps, const struct proto_field *f)
{
    switch (f->number) {
    case PROFILE_SAMPLE_TYPE:
        return parse_value_type(ps, f, &ps->value_types[ps->filled[PROFILE_SAMPLE_TYPE]++]);
    case PROFILE_PERIOD_TYPE:
        return parse_value_type(ps, f, &ps->profile->period_type);
    case PROFILE_MAPPING:
        return parse_mapping(ps, f);
    case PROFILE_FUNCTION:
        return parse_function(ps, f);
    case PROFILE_COMMENT:
        return parse_comments(ps, f);
    default:
        return parse_scalar(ps, f);
    }
}

static bool parse_locations(struct parser *ps, const struct proto_field *f)
{
    return f->number != PROFILE_LOCATION || parse_location(ps, f);
}

/* All before `upto` has been read for the last time. */
static void give_back(struct parser *ps, const uint8_t *upto)
{
    size_t done = (size_t)(upto - ps->own);
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    if (done < ps->given_back + GIVE_BACK_BYTES)
        return;
    uintptr_t begin = ((uintptr_t)ps->own + ps->given_back + page - 1) & ~(page - 1);
    uintptr_t end = ((uintptr_t)ps->own + done) & ~(page - 1);
    if (end > begin)
        madvise(ps->own + (begin - (uintptr_t)ps->own), end - begin, MADV_DONTNEED);
    ps->given_back = done;
}

static bool parse_samples(struct parser *ps, const struct proto_field *f)
{
    if (f->number != PROFILE_SAMPLE)
        return true;
    if (ps->own && f->bytes)
        give_back(ps, f->bytes);
    return parse_sample(ps, f);
}

static bool walk(struct parser *ps, bool (*visit)(struct parser *, const struct proto_field *))
{
    struct proto in = ps->all;
    struct proto_field f;
    while (proto_next(&in, &f))
        if (!visit(ps, &f))
            return false;
    return true;
}

/* The type that the file names as the one to show; pprof's rule else: the last. */
static bool parse_default_type(struct parser *ps, const struct proto_field *f)
{
    if (f->number != PROFILE_DEFAULT_SAMPLE_TYPE || !f->value)
        return true;
    struct profile *p = ps->profile;
    bool ok = true;
    const char *name = string_at(ps, f->value, &ok);
    for (size_t i = 0; ok && i < p->value_type_count; i++) {
        if (strcmp(p->value_types[i].type, name))
            continue;
        p->default_type = i;
        p->default_is_told = true;
        break;
    }
    return true;
}

static void publish(struct parser *ps)
{
    struct profile *p = ps->profile;
    p->value_types = ps->value_types;
    p->samples = ps->samples;
    p->mappings = ps->mapping_table;
    p->functions = ps->function_table;
    p->locations = ps->location_table;
    p->comments = ps->comments;
    p->value_type_count = ps->counts[PROFILE_SAMPLE_TYPE];
    p->sample_count = ps->counts[PROFILE_SAMPLE];
    p->mapping_count = ps->counts[PROFILE_MAPPING];
    p->function_count = ps->counts[PROFILE_FUNCTION];
    p->location_count = ps->counts[PROFILE_LOCATION];
    p->comment_count = ps->counts[PROFILE_COMMENT];
    p->default_type = p->value_type_count - 1;
}

static bool parse_proto(struct parser *ps)
{
    if (!count_all(ps) || !allocate(ps) || !parse_strings(ps))
        return false;
    publish(ps);
    if (!walk(ps, parse_leaf_tables) || !walk(ps, parse_locations))
        return false;
    index_locations(ps);
    /* samples last: what they were read from is gone then */
    return walk(ps, parse_default_type) && walk(ps, parse_samples);
}

/* own: data, where it may be given back while it is read. */
static bool parse(struct profile *p, const void *data, size_t bytes, uint8_t *own, struct err *err)
{
    struct parser ps = {
        .profile = p, .all = proto_from_memory(data, bytes), .err = err, .own = own};
    bool ok = parse_proto(&ps);
    map64_release(&ps.mappings);
    map64_release(&ps.functions);
    map64_release(&ps.locations);
    free(ps.location_of_id);
    if (!ok && !ps.given_back) {
        profile_release(p);
        ok = legacy_parse(p, data, bytes, err) == LEGACY_OK; /* LEGACY_OTHER: err stays */
    }
    if (!ok)
        profile_release(p);
    return ok;
}

static bool parse_packed(struct profile *p, uint8_t *inflated, size_t bytes, struct err *err)
{
    bool ok = parse(p, inflated, bytes, inflated, err);
    free(inflated);
    return ok;
}

bool profile_parse(struct profile *p, const void *data, size_t bytes, struct err *err)
{
    uint8_t *inflated;
    *p = (struct profile){
        .period_type = {"", ""}, .drop_frames = "", .keep_frames = "", .doc_url = ""};
    if (bytes == 0)
        return err_set(err, "the file is empty");
    if (!gunzip_is_gzip(data, bytes))
        return parse(p, data, bytes, NULL, err);
    return gunzip(data, bytes, &inflated, &bytes, err) && parse_packed(p, inflated, bytes, err);
}

/* The packed file is let go of before the profile is built: both are large. */
static bool read_packed(struct profile *p, struct file_map *map, struct err *err)
{
    uint8_t *inflated;
    size_t bytes;
    bool ok = gunzip(map->data, map->bytes, &inflated, &bytes, err);
    file_unmap(map);
    *p = (struct profile){
        .period_type = {"", ""}, .drop_frames = "", .keep_frames = "", .doc_url = ""};
    if (ok && bytes == 0) {
        free(inflated);
        return err_set(err, "the file is empty");
    }
    return ok && parse_packed(p, inflated, bytes, err);
}

bool profile_read(struct profile *p, const char *path, struct err *err)
{
    *p = (struct profile){0};
    struct file_map map;
    if (!file_map(&map, path, err))
        return false;
    bool ok;
    if (gunzip_is_gzip(map.data, map.bytes)) {
        ok = read_packed(p, &map, err);
    } else {
        ok = profile_parse(p, map.data, map.bytes, err);
        file_unmap(&map);
    }
    return ok || err_wrap(err, "%s", path);
}
