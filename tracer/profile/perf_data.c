/* perf.data, as `perf record` leaves it: samples with their call chains, the files that
 * were mapped, names of threads. Layout by linux/tools/perf/Documentation/
 * perf.data-file-format.txt and include/uapi/linux/perf_event.h. */
#include "profile/legacy.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_EVENTS = LEGACY_TYPES / 2,
    RECORD_MMAP = 1,
    RECORD_COMM = 3,
    RECORD_FORK = 7,
    RECORD_SAMPLE = 9,
    RECORD_MMAP2 = 10,
    RECORD_COMPRESSED = 81,
    RECORD_COMPRESSED2 = 83,
    MISC_MMAP_BUILD_ID = 1 << 14,
    MISC_BUILD_ID_SIZE = 1 << 15,
    MISC_CPUMODE = 7,
    MISC_KERNEL = 1,
    FEATURE_BUILD_ID = 2,
    FEATURE_EVENT_DESC = 12,
    FEATURE_WORDS = 4,
    ATTR_LEAST = 64,
    HEADER_BYTES = 104
};

/* Bits of a sample's type that stand before the call chain, in their order. */
enum {
    SAMPLE_IP = 1 << 0,
    SAMPLE_TID = 1 << 1,
    SAMPLE_TIME = 1 << 2,
    SAMPLE_ADDR = 1 << 3,
    SAMPLE_READ = 1 << 4,
    SAMPLE_CALLCHAIN = 1 << 5,
    SAMPLE_ID = 1 << 6,
    SAMPLE_CPU = 1 << 7,
    SAMPLE_PERIOD = 1 << 8,
    SAMPLE_STREAM_ID = 1 << 9,
    SAMPLE_IDENTIFIER = 1 << 16
};

#define KERNEL_PID   UINT32_MAX
#define FIRST_MARKER ((uint64_t)-4095) /* of what is no address in a call chain */

struct bytes {
    const uint8_t *p;
    size_t left;
};

struct event {
    uint32_t type;
    uint64_t config, period, sample_type, read_format;
    struct bytes ids;
    char name[64];
};

/* A file as a process had it mapped; its own row in the profile once a sample hits it. */
struct area {
    uint32_t pid;
    uint64_t start, limit, file_off;
    const char *filename, *build_id;
    size_t number;    /* of the record that told it */
    uint32_t mapping; /* row, or PROFILE_NONE */
};

struct perf {
    struct legacy *in;
    struct bytes file;
    struct event events[MOST_EVENTS];
    size_t event_count;
    struct area *areas; /* owned; sorted by pid, then as told */
    size_t area_count, area_cap;
    struct map64 parents;    /* pid to the one that it was forked from */
    struct map64 names;      /* tid to its name in the arena */
    struct map64 locations;  /* (mapping + 1) << 32 | number of the address */
    struct map64 addresses;  /* address to number */
    struct intern stacks;    /* event, thread and locations; numbers are samples */
    struct map64 first_area; /* of each pid in the sorted areas */
    size_t record;
    uint32_t *stack;
    size_t stack_cap;
};

/* ---- bytes ---- */

static bool take(struct bytes *b, void *to, size_t bytes)
{
    if (b->left < bytes)
        return false;
    memcpy(to, b->p, bytes);
    b->p += bytes;
    b->left -= bytes;
    return true;
}

static uint64_t take_u64(struct bytes *b)
{
    uint64_t v = 0;
    if (!take(b, &v, sizeof v))
        b->left = 0;
    return v;
}

static uint32_t take_u32(struct bytes *b)
{
    uint32_t v = 0;
    if (!take(b, &v, sizeof v))
        b->left = 0;
    return v;
}

static struct bytes part(const struct perf *f, uint64_t off, uint64_t bytes)
{
    if (off > f->file.left || bytes > f->file.left - off)
        return (struct bytes){f->file.p, 0};
    return (struct bytes){f->file.p + off, (size_t)bytes};
}

/* A name that ends with NUL within the bytes, or with these. */
static const char *take_name(struct legacy *in, struct bytes b)
{
    return arena_strndup(&in->p->arena, (const char *)b.p, strnlen((const char *)b.p, b.left));
}

static enum legacy_result damaged(const struct perf *f, const uint8_t *at, const char *what)
{
    err_set(f->in->err, "damaged perf.data: %s at byte %zu", what, (size_t)(at - f->file.p));
    return LEGACY_DAMAGED;
}

/* ---- the header: events ---- */

static const char *usual_name(const struct event *e)
{
    static const char *const hardware[] = {"cycles",
                                           "instructions",
                                           "cache-references",
                                           "cache-misses",
                                           "branches",
                                           "branch-misses",
                                           "bus-cycles",
                                           "stalled-cycles-frontend",
                                           "stalled-cycles-backend",
                                           "ref-cycles"};
    static const char *const software[] = {"cpu-clock",        "task-clock",     "page-faults",
                                           "context-switches", "cpu-migrations", "minor-faults",
                                           "major-faults"};
    if (e->type == 0 && (e->config & 0xff) < sizeof hardware / sizeof *hardware)
        return hardware[e->config & 0xff];
    if (e->type == 1 && e->config < sizeof software / sizeof *software)
        return software[e->config];
    return "event";
}

static bool take_attribute(struct event *e, struct bytes b)
{
    *e = (struct event){.type = take_u32(&b)};
    take_u32(&b); /* size */
    e->config = take_u64(&b);
    e->period = take_u64(&b);
    e->sample_type = take_u64(&b);
    e->read_format = take_u64(&b);
    return b.left > 0;
}

static enum legacy_result read_events(struct perf *f, uint64_t attr_bytes, struct bytes attrs)
{
    if (attr_bytes < ATTR_LEAST || attr_bytes > attrs.left)
        return damaged(f, attrs.p, "no events");
    for (; attrs.left >= attr_bytes && f->event_count < MOST_EVENTS; f->event_count++) {
        struct event *e = &f->events[f->event_count];
        struct bytes ids = {attrs.p + attr_bytes - 16, 16};
        if (!take_attribute(e, (struct bytes){attrs.p, (size_t)attr_bytes - 16}))
            return damaged(f, attrs.p, "an event's description is cut short");
        uint64_t off = take_u64(&ids), bytes = take_u64(&ids);
        e->ids = part(f, off, bytes);
        snprintf(e->name, sizeof e->name, "%s", usual_name(e));
        attrs.p += attr_bytes;
        attrs.left -= (size_t)attr_bytes;
    }
    return LEGACY_OK;
}

/* Names as perf's command line had them: "cpu/mem-loads/". */
static void read_names(struct perf *f, struct bytes b)
{
    uint32_t count = take_u32(&b), attr_bytes = take_u32(&b);
    for (uint32_t i = 0; i < count && i < f->event_count; i++) {
        if (b.left < attr_bytes)
            return;
        b.p += attr_bytes;
        b.left -= attr_bytes;
        uint32_t ids = take_u32(&b), len = take_u32(&b);
        if (b.left < len || (b.left - len) / 8 < ids)
            return;
        snprintf(f->events[i].name, sizeof f->events[i].name, "%.*s", (int)(len < 60 ? len : 60),
                 (const char *)b.p);
        b.p += len + 8 * (size_t)ids;
        b.left -= len + 8 * (size_t)ids;
    }
}

/* ---- what was mapped ---- */

static const char *hex(struct legacy *in, const uint8_t *p, size_t bytes)
{
    char *text = arena_alloc(&in->p->arena, 2 * bytes + 1);
    for (size_t i = 0; i < bytes; i++)
        snprintf(text + 2 * i, 3, "%02x", p[i]);
    return text;
}

static void add_area(struct perf *f, struct area area)
{
    area.number = f->record;
    area.mapping = PROFILE_NONE;
    if (area.limit <= area.start)
        return;
    mem_grow(&f->areas, &f->area_cap, f->area_count + 1, sizeof area);
    f->areas[f->area_count++] = area;
}

static void take_mmap(struct perf *f, struct bytes b, uint16_t misc, bool second)
{
    bool kernel = (misc & MISC_CPUMODE) == MISC_KERNEL;
    uint32_t pid = take_u32(&b);
    struct area a = {.pid = kernel ? KERNEL_PID : pid, .build_id = ""};
    take_u32(&b); /* tid */
    a.start = take_u64(&b);
    a.limit = a.start + take_u64(&b);
    a.file_off = take_u64(&b);
    if (second) {
        uint8_t id[24] = {0};
        if (!take(&b, id, sizeof id))
            return;
        if (misc & MISC_MMAP_BUILD_ID && id[0] <= 20)
            a.build_id = hex(f->in, id + 4, id[0]);
        take_u64(&b); /* protection and flags */
    }
    if (!b.left)
        return;
    a.filename = take_name(f->in, b);
    if (kernel && !strncmp(a.filename, "[kernel.kallsyms]", 17))
        a.filename = "[kernel.kallsyms]";
    if (!strncmp(a.filename, "//", 2)) /* "//anon": no file */
        return;
    add_area(f, a);
}

static void take_comm(struct perf *f, struct bytes b)
{
    take_u32(&b); /* pid */
    uint32_t tid = take_u32(&b);
    if (b.left)
        *map64_put(&f->names, tid, NULL) = (uint64_t)(uintptr_t)take_name(f->in, b);
}

static void take_fork(struct perf *f, struct bytes b)
{
    uint32_t pid = take_u32(&b), parent = take_u32(&b), tid = take_u32(&b), from = take_u32(&b);
    if (!b.left)
        return;
    if (pid != parent)
        *map64_put(&f->parents, pid, NULL) = parent;
    const uint64_t *name = map64_get(&f->names, from);
    uint64_t its = name ? *name : 0; /* the put may move it */
    if (its && !map64_get(&f->names, tid))
        *map64_put(&f->names, tid, NULL) = its;
}

static int by_pid(const void *x, const void *y)
{
    const struct area *a = x, *b = y;
    if (a->pid != b->pid)
        return a->pid < b->pid ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

static void sort_areas(struct perf *f)
{
    if (f->area_count)
        qsort(f->areas, f->area_count, sizeof *f->areas, by_pid);
    for (size_t i = f->area_count; i-- > 0;)
        *map64_put(&f->first_area, f->areas[i].pid, NULL) = i;
}

/* The latest area told before the sample; else one told later (perf's buffers of several
 * CPUs are not in order). */
static struct area *area_of(struct perf *f, uint32_t pid, uint64_t address)
{
    struct area *later = NULL, *best = NULL;
    const uint64_t *first = map64_get(&f->first_area, pid);
    for (size_t i = first ? *first : f->area_count; i < f->area_count && f->areas[i].pid == pid;
         i++) {
        struct area *a = &f->areas[i];
        if (address < a->start || address >= a->limit)
            continue;
        if (a->number <= f->record)
            best = a;
        else if (!later)
            later = a;
    }
    return best ? best : later;
}

static struct area *find_area(struct perf *f, uint32_t pid, uint64_t address, bool kernel)
{
    enum {
        MOST_FORKS = 64
    };
    if (kernel)
        return area_of(f, KERNEL_PID, address);
    for (int i = 0; i < MOST_FORKS; i++) {
        struct area *a = area_of(f, pid, address);
        const uint64_t *parent = map64_get(&f->parents, pid);
        if (a || !parent)
            return a;
        pid = (uint32_t)*parent;
    }
    return NULL;
}

/* Processes that have the same file at the same place share a row. */
static uint32_t mapping_of(struct perf *f, struct area *a)
{
    struct legacy *in = f->in;
    if (a->mapping != PROFILE_NONE)
        return a->mapping;
    for (uint32_t i = 0; i < in->mapping_count; i++) {
        const struct profile_mapping *m = &in->mappings[i];
        if (m->start == a->start && m->limit == a->limit && m->file_off == a->file_off &&
            !strcmp(m->filename, a->filename))
            return a->mapping = i;
    }
    mem_grow(&in->mappings, &in->mapping_cap, in->mapping_count + 1, sizeof *in->mappings);
    in->mappings[in->mapping_count] = (struct profile_mapping){.id = in->mapping_count + 1,
                                                               .start = a->start,
                                                               .limit = a->limit,
                                                               .file_off = a->file_off,
                                                               .filename = a->filename,
                                                               .build_id = a->build_id};
    return a->mapping = (uint32_t)in->mapping_count++;
}

static void read_build_ids(struct perf *f, struct bytes b)
{
    while (b.left >= 36) {
        uint16_t head[4];
        memcpy(head, b.p, sizeof head); /* type (two), misc, size */
        size_t bytes = head[3];
        if (bytes < 36 || bytes > b.left)
            return;
        const uint8_t *id = b.p + 12;
        size_t len = head[2] & MISC_BUILD_ID_SIZE && id[20] <= 20 ? id[20] : 20;
        const char *name = take_name(f->in, (struct bytes){b.p + 36, bytes - 36});
        for (size_t i = 0; i < f->in->mapping_count; i++)
            if (!strcmp(f->in->mappings[i].filename, name) && !f->in->mappings[i].build_id[0])
                f->in->mappings[i].build_id = hex(f->in, id, len);
        b.p += bytes;
        b.left -= bytes;
    }
}

/* ---- samples ---- */

static uint32_t location_of(struct perf *f, uint32_t pid, uint64_t address, bool kernel)
{
    struct legacy *in = f->in;
    struct area *area = find_area(f, pid, address, kernel);
    uint32_t mapping = area ? mapping_of(f, area) : PROFILE_NONE;
    bool added;
    uint64_t *number = map64_put(&f->addresses, address, &added);
    if (added)
        *number = f->addresses.len;
    uint64_t key = (uint64_t)(mapping + 1) << 32 | (uint32_t)*number;
    uint64_t *at = map64_put(&f->locations, key, &added);
    if (added) {
        *at = in->location_count;
        mem_grow(&in->locations, &in->location_cap, in->location_count + 1, sizeof *in->locations);
        in->locations[in->location_count] = (struct profile_location){
            .id = in->location_count + 1, .address = address, .mapping = mapping};
        in->location_count++;
    }
    return (uint32_t)*at;
}

static size_t event_of(const struct perf *f, uint64_t id)
{
    for (size_t e = 0; e < f->event_count; e++) {
        struct bytes ids = f->events[e].ids;
        while (ids.left >= 8)
            if (take_u64(&ids) == id)
                return e;
    }
    return 0;
}

/* What an event counts: values of counters that stand before the call chain. */
static void skip_counters(struct bytes *b, uint64_t format)
{
    enum {
        TIME_ENABLED = 1,
        TIME_RUNNING = 2,
        WITH_ID = 4,
        GROUP = 8,
        LOST = 16
    };
    uint64_t count = format & GROUP ? take_u64(b) : 1;
    uint64_t each = 1 + (uint64_t)((format & WITH_ID) != 0) + ((format & LOST) != 0);
    uint64_t words = (uint64_t)((format & TIME_ENABLED) != 0) + ((format & TIME_RUNNING) != 0);
    if (count > b->left / 8 / each || words > b->left / 8 - count * each) {
        b->left = 0;
        return;
    }
    b->p += 8 * (words + count * each);
    b->left -= 8 * (words + count * each);
}

struct sample {
    size_t event;
    uint64_t ip, period;
    uint32_t pid, tid;
    bool kernel;
    struct bytes chain; /* u64s */
};

/* The id stands first or behind the address; all events of a file have it there. */
static bool take_sample(const struct perf *f, struct bytes b, uint16_t misc, struct sample *s)
{
    *s = (struct sample){.kernel = (misc & MISC_CPUMODE) == MISC_KERNEL};
    uint64_t type = f->events[0].sample_type;
    if (type & SAMPLE_IDENTIFIER)
        s->event = event_of(f, take_u64(&b));
    const struct event *e = &f->events[s->event];
    type = e->sample_type;
    s->ip = type & SAMPLE_IP ? take_u64(&b) : 0;
    if (type & SAMPLE_TID) {
        s->pid = take_u32(&b);
        s->tid = take_u32(&b);
    }
    for (uint64_t bit = SAMPLE_TIME; bit <= SAMPLE_ADDR; bit <<= 1)
        if (type & bit)
            take_u64(&b);
    uint64_t id = type & SAMPLE_ID ? take_u64(&b) : 0;
    if (id && !(type & SAMPLE_IDENTIFIER))
        s->event = event_of(f, id);
    if (type & SAMPLE_STREAM_ID)
        take_u64(&b);
    if (type & SAMPLE_CPU)
        take_u64(&b);
    s->period = type & SAMPLE_PERIOD ? take_u64(&b) : e->period;
    if (type & SAMPLE_READ)
        skip_counters(&b, e->read_format);
    if (!(type & SAMPLE_CALLCHAIN))
        return true;
    uint64_t count = take_u64(&b);
    if (count > b.left / 8)
        return false;
    s->chain = (struct bytes){b.p, 8 * (size_t)count};
    return true;
}

static void push(struct perf *f, size_t *depth, uint32_t location)
{
    mem_grow(&f->stack, &f->stack_cap, *depth + 4, sizeof *f->stack);
    f->stack[3 + (*depth)++] = location; /* event and thread stand before */
}

/* Addresses behind the first one of a context are returns: the byte before is the call's. */
static size_t make_stack(struct perf *f, const struct sample *s)
{
    struct bytes chain = s->chain;
    size_t depth = 0;
    bool kernel = s->kernel, exact = true;
    while (chain.left >= 8) {
        uint64_t a = take_u64(&chain);
        if (a >= FIRST_MARKER) {
            kernel = a == (uint64_t)-128;
            exact = true;
            continue;
        }
        push(f, &depth, location_of(f, s->pid, a - !exact, kernel));
        exact = false;
    }
    if (!depth)
        push(f, &depth, location_of(f, s->pid, s->ip, s->kernel));
    return depth;
}

static void label(struct perf *f, struct profile_sample *row, const struct sample *s)
{
    char number[16];
    const uint64_t *name = map64_get(&f->names, s->tid);
    if (!name) /* it was there before, or perf did not tell */
        name = map64_get(&f->names, s->pid);
    snprintf(number, sizeof number, "%" PRIu32, s->tid);
    if (name)
        legacy_label_text(f->in, row, "thread", (const char *)(uintptr_t)*name);
    legacy_label_text(f->in, row, "tid", number);
}

static bool add_sample(struct perf *f, struct bytes b, uint16_t misc)
{
    struct sample s;
    if (!take_sample(f, b, misc, &s))
        return false;
    size_t depth = make_stack(f, &s);
    f->stack[0] = (uint32_t)s.event;
    f->stack[1] = s.pid;
    f->stack[2] = s.tid;
    uint32_t known = f->stacks.count;
    uint32_t id = intern_bytes(&f->stacks, f->stack, (depth + 3) * sizeof *f->stack);
    if (id == known) {
        const int64_t none[LEGACY_TYPES] = {0};
        label(f, legacy_sample(f->in, f->stack + 3, depth, none), &s);
    }
    /* the values are ours: legacy_sample copied them into the arena */
    int64_t *values = (int64_t *)(uintptr_t)f->in->samples[id].values;
    values[2 * s.event]++;
    values[2 * s.event + 1] = (int64_t)((uint64_t)values[2 * s.event + 1] + s.period);
    return true;
}

/* ---- records ---- */

/* Calls for each record; false where one is damaged, *at is then where. */
static enum legacy_result each_record(struct perf *f, struct bytes data, bool samples)
{
    f->record = 0;
    while (data.left >= 8) {
        const uint8_t *at = data.p;
        uint32_t type;
        uint16_t misc, bytes;
        memcpy(&type, at, 4);
        memcpy(&misc, at + 4, 2);
        memcpy(&bytes, at + 6, 2);
        if (bytes < 8 || bytes > data.left)
            return damaged(f, at, "a record's size");
        struct bytes b = {at + 8, bytes - 8u};
        f->record++;
        if (type == RECORD_COMPRESSED || type == RECORD_COMPRESSED2)
            return damaged(f, at, "compressed records (record without -z)");
        if (samples && type == RECORD_SAMPLE && !add_sample(f, b, misc))
            return damaged(f, at, "a sample's call chain");
        if (!samples && (type == RECORD_MMAP || type == RECORD_MMAP2))
            take_mmap(f, b, misc, type == RECORD_MMAP2);
        if (!samples && type == RECORD_COMM)
            take_comm(f, b);
        if (!samples && type == RECORD_FORK)
            take_fork(f, b);
        data.p += bytes;
        data.left -= bytes;
    }
    return LEGACY_OK;
}

static void set_types(struct perf *f)
{
    for (size_t i = 0; i < f->event_count; i++) {
        const char *name = f->events[i].name;
        bool clock = !strncmp(name, "cpu-clock", 9) || !strncmp(name, "task-clock", 10);
        char count[80];
        snprintf(count, sizeof count, f->event_count > 1 ? "%s_samples" : "samples", name);
        legacy_type(f->in, count, "count");
        legacy_type(f->in, clock ? "cpu" : name, clock ? "nanoseconds" : "count");
    }
    f->in->p->period_type = f->in->types[1];
    f->in->p->period = (int64_t)f->events[0].period;
}

/* Sections of features stand behind the data, one for each bit that is set. */
static void read_features(struct perf *f, uint64_t at, const uint64_t features[FEATURE_WORDS],
                          bool names)
{
    for (unsigned bit = 0; bit < 64 * FEATURE_WORDS; bit++) {
        if (!(features[bit / 64] >> bit % 64 & 1))
            continue;
        struct bytes place = part(f, at, 16);
        if (!place.left)
            return;
        uint64_t off = take_u64(&place), bytes = take_u64(&place);
        if (names && bit == FEATURE_EVENT_DESC)
            read_names(f, part(f, off, bytes));
        if (!names && bit == FEATURE_BUILD_ID)
            read_build_ids(f, part(f, off, bytes));
        at += 16;
    }
}

static enum legacy_result read_file(struct perf *f)
{
    struct bytes head = {f->file.p + 16, HEADER_BYTES - 16};
    uint64_t attr_bytes = take_u64(&head), attrs_off = take_u64(&head), attrs = take_u64(&head);
    uint64_t data_off = take_u64(&head), data_bytes = take_u64(&head), features[FEATURE_WORDS];
    take_u64(&head); /* event types: of old */
    take_u64(&head);
    for (int i = 0; i < FEATURE_WORDS; i++)
        features[i] = take_u64(&head);
    enum legacy_result result = read_events(f, attr_bytes, part(f, attrs_off, attrs));
    if (result != LEGACY_OK)
        return result;
    struct bytes data = part(f, data_off, data_bytes);
    if (!data.left)
        return damaged(f, f->file.p + 40, "no data (was perf record interrupted?)");
    read_features(f, data_off + data_bytes, features, true);
    set_types(f);
    result = each_record(f, data, false);
    sort_areas(f);
    if (result == LEGACY_OK)
        result = each_record(f, data, true);
    read_features(f, data_off + data_bytes, features, false);
    return result;
}

/* The program itself comes first, not the kernel or a library. */
static bool is_program(const char *filename)
{
    const char *slash = strrchr(filename, '/'), *base = slash ? slash + 1 : filename;
    size_t len = strlen(base);
    return base[0] && base[0] != '[' && !strstr(base, ".so.") &&
           !(len > 3 && !strcmp(base + len - 3, ".so"));
}

static void program_first(struct legacy *in)
{
    uint32_t at = 0;
    while (at < in->mapping_count && !is_program(in->mappings[at].filename))
        at++;
    if (at == 0 || at == in->mapping_count)
        return;
    struct profile_mapping first = in->mappings[0];
    in->mappings[0] = in->mappings[at];
    in->mappings[at] = first;
    in->mappings[0].id = 1;
    in->mappings[at].id = at + 1u;
    for (size_t i = 0; i < in->location_count; i++) {
        uint32_t *m = &in->locations[i].mapping;
        *m = *m == 0 ? at : *m == at ? 0 : *m;
    }
}

enum legacy_result legacy_perf_data(struct legacy *in)
{
    struct perf f = {.in = in, .file = {(const uint8_t *)in->begin, (size_t)(in->end - in->begin)}};
    if (f.file.left < HEADER_BYTES || memcmp(f.file.p, "PERFILE2", 8) != 0)
        return LEGACY_OTHER;
    enum legacy_result result = read_file(&f);
    program_first(in);
    free(f.areas);
    free(f.stack);
    map64_release(&f.parents);
    map64_release(&f.names);
    map64_release(&f.locations);
    map64_release(&f.addresses);
    map64_release(&f.first_area);
    intern_release(&f.stacks);
    return result;
}
