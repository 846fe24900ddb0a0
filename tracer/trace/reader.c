#include "trace/reader.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/guard.h"
#include "trace/block.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

struct table {
    const struct trace_part_entry *parts; /* borrowed from the map */
    uint64_t part_count;
    const struct trace_block_entry *blocks;
    uint64_t block_count;
    uint64_t rows;
};

struct trace {
    struct file_map map; /* fd < 0: the memory is the caller's */
    const uint8_t *data;
    uint64_t bytes;
    char *path; /* owned */
    uint64_t duration_ns;
    struct table tables[TRACE_TABLE_COUNT];
    const uint64_t *string_offs; /* string_count + 1 */
    uint64_t string_count;
    const uint8_t *string_bytes;
    uint64_t string_bytes_len;
    uint64_t resident_limit; /* 0: none */
    atomic_uint loads;       /* blocks entered, counted where there is a limit */
    atomic_int damage_state; /* 0 none, 1 being told, 2 told */
    struct err damage;
};

/* Keeps the first damage; later ones add nothing a user could use. */
static void tell_damage(const struct trace *t, const struct err *err)
{
    union {
        const struct trace *ro;
        struct trace *rw;
    } u = {.ro = t};
    int none = 0;
    if (atomic_compare_exchange_strong(&u.rw->damage_state, &none, 1)) {
        u.rw->damage = *err;
        err_wrap(&u.rw->damage, "%s", t->path);
        atomic_store(&u.rw->damage_state, 2);
    }
}

bool trace_damage(const struct trace *t, struct err *err)
{
    if (atomic_load(&t->damage_state) != 2)
        return false;
    if (err)
        *err = t->damage;
    if (err && guard_hit(t->data))
        err_set(err, "%s: was cut short while it was being read", t->path);
    return true;
}

static bool check_header(const struct trace *t, struct trace_header *h, struct err *err)
{
    if (t->bytes == 0)
        return err_set(err, "is empty, not a whyprof trace");
    size_t have = t->bytes < sizeof h->magic ? t->bytes : sizeof h->magic;
    if (memcmp(t->data, TRACE_MAGIC, have)) {
        err_set(err, "is not a whyprof trace (offset 0: no magic number)");
        if (t->bytes > 5 && !memcmp(t->data, "go 1.", 5))
            return err_hint(err, "it is a Go execution trace: whyprof convert makes a trace of it, "
                                 "whyprof view shows it");
        return err_hint(err, "a trace is what `whyprof run --trace` or `whyprof convert` wrote");
    }
    if (t->bytes < sizeof *h)
        return err_set(err, "is cut short: %" PRIu64 " bytes, a header has %zu", t->bytes,
                       sizeof *h);
    memcpy(h, t->data, sizeof *h);
    if (h->major > TRACE_VERSION_MAJOR) {
        err_set(err, "has format version %u.%u, this whyprof reads up to %d.x", h->major, h->minor,
                TRACE_VERSION_MAJOR);
        return err_hint(err, "open it with a newer whyprof");
    }
    uint32_t crc = h->header_crc;
    struct trace_header zeroed = *h;
    zeroed.header_crc = 0;
    if (crc != (uint32_t)crc32_z(0, (const void *)&zeroed, sizeof zeroed))
        return err_set(err, "is damaged: the header's checksum (offset 56) does not match");
    if (h->file_bytes > t->bytes)
        return err_set(err, "is cut short: %" PRIu64 " of %" PRIu64 " bytes", t->bytes,
                       h->file_bytes);
    return true;
}

static bool section_fits(const struct trace *t, const struct trace_section *s, uint64_t unit,
                         uint64_t extra, struct err *err)
{
    uint64_t need;
    if (s->off % 8 || s->off > t->bytes || s->bytes > t->bytes - s->off || s->count > t->bytes ||
        __builtin_mul_overflow(s->count + extra, unit, &need) || need != s->bytes)
        return err_set(err, "is damaged: section %u of table %u at offset %" PRIu64 " does not fit",
                       s->kind, s->arg, s->off);
    return true;
}

/* `data` as an array in the map; sections are 8-aligned, which was checked. */
static const void *at(const struct trace *t, uint64_t off)
{
    return t->data + off;
}

static bool take_section(struct trace *t, const struct trace_section *s, struct err *err)
{
    struct table *table = s->arg < TRACE_TABLE_COUNT ? &t->tables[s->arg] : NULL;
    switch (s->kind) {
    case TRACE_SECTION_PARTS:
        if (!table)
            return true; /* a later minor version's */
        if (!section_fits(t, s, sizeof *table->parts, 0, err))
            return false;
        table->parts = at(t, s->off);
        table->part_count = s->count;
        return true;
    case TRACE_SECTION_BLOCKS:
        if (!table)
            return true;
        if (!section_fits(t, s, sizeof *table->blocks, 0, err))
            return false;
        table->blocks = at(t, s->off);
        table->block_count = s->count;
        return true;
    case TRACE_SECTION_STRINGS:
        if (!section_fits(t, s, sizeof *t->string_offs, 1, err))
            return false;
        t->string_offs = at(t, s->off);
        t->string_count = s->count;
        return true;
    case TRACE_SECTION_BYTES:
        if (!section_fits(t, s, 1, 0, err))
            return false;
        t->string_bytes = at(t, s->off);
        t->string_bytes_len = s->bytes;
        return true;
    default:
        return true;
    }
}

static bool read_contents(struct trace *t, const struct trace_header *h, struct err *err)
{
    uint64_t bytes = (uint64_t)h->toc_entries * sizeof(struct trace_section);
    if (h->toc_off % 8 || h->toc_off > t->bytes || bytes > t->bytes - h->toc_off)
        return err_set(err, "is damaged: its table of contents (offset %" PRIu64 ") does not fit",
                       h->toc_off);
    if (h->toc_crc != (uint32_t)crc32_z(0, at(t, h->toc_off), bytes))
        return err_set(
            err, "is damaged: the table of contents (offset %" PRIu64 ") has a wrong checksum",
            h->toc_off);
    const struct trace_section *toc = at(t, h->toc_off);
    for (uint32_t i = 0; i < h->toc_entries; i++)
        if (!take_section(t, &toc[i], err))
            return false;
    return true;
}

/* Partitions are sorted by key and name blocks that exist. */
static bool check_parts(struct trace *t, enum trace_table number, struct err *err)
{
    struct table *table = &t->tables[number];
    for (uint64_t i = 0; i < table->part_count; i++) {
        const struct trace_part_entry *p = &table->parts[i];
        uint64_t blocks = p->rows / TRACE_BLOCK_ROWS + (p->rows % TRACE_BLOCK_ROWS != 0);
        if ((i && p->key <= p[-1].key) || p->first_block > table->block_count ||
            blocks > table->block_count - p->first_block)
            return err_set(err,
                           "is damaged: partition %" PRIu64 " of table %s (offset %" PRIu64
                           ") does not fit",
                           i, trace_tables[number].name, (uint64_t)((const uint8_t *)p - t->data));
        table->rows += p->rows;
    }
    return true;
}

static bool trace_init(struct trace *t, struct err *err)
{
    struct trace_header h;
    if (!check_header(t, &h, err))
        return false;
    t->bytes = h.file_bytes;
    t->duration_ns = h.duration_ns;
    if (!read_contents(t, &h, err))
        return false;
    for (int i = 0; i < TRACE_TABLE_COUNT; i++)
        if (!check_parts(t, (enum trace_table)i, err))
            return false;
    return true;
}

static struct trace *trace_new(const char *path)
{
    struct trace *t = calloc(1, sizeof *t);
    if (!t || !(t->path = strdup(path)))
        abort();
    t->map.fd = -1;
    return t;
}

struct trace *trace_open_memory(const void *data, size_t bytes, const char *name, struct err *err)
{
    struct trace *t = trace_new(name);
    t->data = data;
    t->bytes = bytes;
    if (!trace_init(t, err)) {
        err_wrap(err, "%s", name);
        trace_close(t);
        return NULL;
    }
    return t;
}

struct trace *trace_open(const char *path, struct err *err)
{
    struct file_map map;
    if (!file_map(&map, path, err))
        return NULL;
    struct trace *t = trace_open_memory(map.data, map.bytes, path, err);
    if (t)
        t->map = map;
    else
        file_unmap(&map);
    return t;
}

void trace_close(struct trace *t)
{
    if (!t)
        return;
    if (t->map.fd >= 0)
        file_unmap(&t->map);
    free(t->path);
    free(t);
}

void trace_limit_resident(struct trace *t, uint64_t bytes)
{
    t->resident_limit = bytes;
}

/* Bytes of files that are mapped in: the third field of statm. */
static uint64_t resident_file_bytes(void)
{
    char text[128];
    unsigned long long size, resident, shared;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    if (sscanf(text, "%llu %llu %llu", &size, &resident, &shared) != 3)
        return 0;
    return (uint64_t)shared * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* The kernel maps up to 64 KiB around each place that is read, so a block costs
 * 128 KiB or so: look again every LOADS_BETWEEN of them. */
static void mind_limit(struct trace *t)
{
    enum {
        LOADS_BETWEEN = 256
    };
    unsigned loads = atomic_fetch_add_explicit(&t->loads, 1, memory_order_relaxed);
    if (loads % LOADS_BETWEEN || t->map.fd < 0 || resident_file_bytes() < t->resident_limit)
        return;
    union {
        const uint8_t *ro;
        void *rw;
    } u = {.ro = t->map.data};
    madvise(u.rw, t->map.bytes, MADV_DONTNEED);
}

const char *trace_path(const struct trace *t)
{
    return t->path;
}

uint64_t trace_file_bytes(const struct trace *t)
{
    return t->bytes;
}

uint64_t trace_duration_ns(const struct trace *t)
{
    return t->duration_ns;
}

uint64_t trace_string_count(const struct trace *t)
{
    return t->string_count;
}

const char *trace_string(const struct trace *t, uint64_t id)
{
    if (id >= t->string_count)
        return "";
    uint64_t begin = t->string_offs[id], end = t->string_offs[id + 1];
    if (end == 0 || end > t->string_bytes_len || begin >= end || t->string_bytes[end - 1]) {
        struct err err;
        err_set(&err, "is damaged: string %" PRIu64 " (offset %" PRIu64 ") does not fit", id,
                (uint64_t)((const uint8_t *)&t->string_offs[id] - t->data));
        tell_damage(t, &err);
        return "";
    }
    return (const char *)t->string_bytes + begin;
}

const char *trace_meta(const struct trace *t, const char *key)
{
    struct trace_cursor c = trace_cursor(t, TRACE_META_TABLE, 0);
    for (uint64_t r = 0; r < c.total_rows && !c.damaged; r++)
        if (!strcmp(trace_string(t, trace_get(&c, r, TRACE_META_key)), key))
            return trace_string(t, trace_get(&c, r, TRACE_META_value));
    return NULL;
}

uint64_t trace_meta_u64(const struct trace *t, const char *key, uint64_t otherwise)
{
    const char *text = trace_meta(t, key);
    if (!text || *text < '0' || *text > '9')
        return otherwise;
    char *end;
    uint64_t v = strtoull(text, &end, 10);
    return *end ? otherwise : v;
}

static const struct trace_part_entry *find_part(const struct trace *t, enum trace_table number,
                                                uint32_t key)
{
    const struct table *table = &t->tables[number];
    uint64_t lo = 0, hi = table->part_count;
    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;
        if (table->parts[mid].key < key)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < table->part_count && table->parts[lo].key == key ? &table->parts[lo] : NULL;
}

uint64_t trace_rows(const struct trace *t, enum trace_table table, uint32_t key)
{
    const struct trace_part_entry *p = find_part(t, table, key);
    return p ? p->rows : 0;
}

uint64_t trace_table_rows(const struct trace *t, enum trace_table table)
{
    return t->tables[table].rows;
}

struct trace_cursor trace_cursor(const struct trace *t, enum trace_table table, uint32_t key)
{
    union {
        const struct trace *ro;
        struct trace *rw;
    } u = {.ro = t};
    struct trace_cursor c = {.trace = u.rw, .table = table, .key = key};
    const struct trace_part_entry *p = find_part(t, table, key);
    if (p && p->rows) {
        c.blocks = t->tables[table].blocks + p->first_block;
        c.total_rows = p->rows;
    }
    return c;
}

bool trace_cursor_load(struct trace_cursor *c, uint64_t row)
{
    const struct trace *t = c->trace;
    if (row >= c->total_rows)
        return false;
    uint64_t block = row / TRACE_BLOCK_ROWS;
    uint64_t left = c->total_rows - block * TRACE_BLOCK_ROWS;
    unsigned rows = left < TRACE_BLOCK_ROWS ? (unsigned)left : TRACE_BLOCK_ROWS;
    uint64_t off = c->blocks[block].off;
    struct err err;
    if (t->resident_limit)
        mind_limit(c->trace);
    c->rows = 0;
    bool ok = off <= t->bytes && off % 8 == 0;
    if (!ok)
        err_set(&err, "block lies outside the file");
    else
        ok = block_open(t->data + off, t->bytes - off, rows, trace_tables[c->table].columns,
                        c->columns, &err);
    if (!ok) {
        err_wrap(&err, "is damaged: table %s, offset %" PRIu64, trace_tables[c->table].name, off);
        tell_damage(t, &err);
        c->damaged = true;
        return false;
    }
    c->first = block * TRACE_BLOCK_ROWS;
    c->rows = rows;
    return true;
}

/* The last block that starts before ts_ns (or at it, with `or_at`); 0 where none does. */
static uint64_t find_block(const struct trace_cursor *c, uint64_t ts_ns, bool or_at)
{
    uint64_t lo = 0, hi = (c->total_rows + TRACE_BLOCK_ROWS - 1) / TRACE_BLOCK_ROWS;
    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;
        uint64_t first = c->blocks[mid].first_ts;
        if (first < ts_ns || (or_at && first == ts_ns))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo ? lo - 1 : 0;
}

/* First row of the cursor's partition with ts >= ts_ns (> with `after`). */
static uint64_t find_row(struct trace_cursor *c, uint64_t ts_ns, bool after)
{
    int ts = trace_tables[c->table].ts_column;
    if (ts < 0 || !c->total_rows)
        return 0;
    uint64_t lo = find_block(c, ts_ns, after) * TRACE_BLOCK_ROWS;
    uint64_t hi = lo + TRACE_BLOCK_ROWS < c->total_rows ? lo + TRACE_BLOCK_ROWS : c->total_rows;
    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;
        uint64_t at_ns = trace_get(c, mid, (unsigned)ts);
        if (at_ns < ts_ns || (after && at_ns == ts_ns))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

uint64_t trace_lower_bound(struct trace_cursor *c, uint64_t ts_ns)
{
    return find_row(c, ts_ns, false);
}

uint64_t trace_row_at(struct trace_cursor *c, uint64_t ts_ns)
{
    uint64_t after = find_row(c, ts_ns, true);
    return after ? after - 1 : 0;
}

uint64_t trace_state_end(struct trace_cursor *c, uint64_t row, uint64_t thread_end_ts)
{
    return row + 1 < c->total_rows ? trace_get(c, row + 1, TRACE_THREAD_STATE_ts) : thread_end_ts;
}

struct trace_frame trace_frame_at(const struct trace *t, uint64_t frame_id)
{
    struct trace_cursor c = trace_cursor(t, TRACE_FRAME_TABLE, 0);
    struct trace_frame f = {.frame_id = frame_id, .function = "", .file = "", .module = ""};
    if (frame_id >= c.total_rows)
        return f;
    f.address = trace_get(&c, frame_id, TRACE_FRAME_address);
    f.function = trace_string(t, trace_get(&c, frame_id, TRACE_FRAME_function));
    f.file = trace_string(t, trace_get(&c, frame_id, TRACE_FRAME_file));
    f.line = trace_get(&c, frame_id, TRACE_FRAME_line);
    f.module = trace_string(t, trace_get(&c, frame_id, TRACE_FRAME_module));
    f.inlined = trace_get(&c, frame_id, TRACE_FRAME_inlined) != 0;
    return f;
}

size_t trace_stack(const struct trace *t, uint64_t stack_id, struct trace_frame *frames, size_t max)
{
    struct trace_cursor stacks = trace_cursor(t, TRACE_STACK_TABLE, 0);
    if (stack_id == 0 || stack_id >= stacks.total_rows)
        return 0;
    struct trace_cursor nodes = trace_cursor(t, TRACE_STACK_NODE_TABLE, 0);
    uint64_t node = trace_get(&stacks, stack_id, TRACE_STACK_node);
    size_t depth = 0;
    while (node && node < nodes.total_rows && !nodes.damaged) {
        if (depth < max) {
            frames[depth] = trace_frame_at(t, trace_get(&nodes, node, TRACE_STACK_NODE_frame));
            frames[depth].node_id = node;
        }
        depth++;
        uint64_t parent = trace_get(&nodes, node, TRACE_STACK_NODE_parent);
        if (parent >= node) /* a damaged file: parents are smaller, so this always ends */
            break;
        node = parent;
    }
    return depth;
}
