#include "unwind_table.h"

#include <string.h>

#include "unwind_sys.h"

enum {
    RULE_CAP = 65536,
    RULE_SLOTS = 2 * RULE_CAP,
    WIDE_CAP = 4096,
    WIDE_SLOTS = 2 * WIDE_CAP,
    CHUNK_BYTES = 1 << 20,
};

/* Shared by all modules: they use the same few hundred rules. Index 0 is UNWIND_NONE. */
static uint32_t g_rules[RULE_CAP];
static uint32_t g_n_rules = 1;
static uint16_t g_slots[RULE_SLOTS]; /* open addressing; 0 = free */
static struct unwind_wide g_wide[WIDE_CAP];
static uint32_t g_n_wide;
static uint16_t g_wide_slots[WIDE_SLOTS]; /* index + 1 */

/* One word changes at each step, so that a fork in the midst leaves no contradiction. */
struct chunk {
    size_t used;
    _Alignas(16) uint8_t bytes[];
};
static struct chunk *g_chunk;
static size_t g_bytes;

void *unwind_alloc(size_t bytes)
{
    bytes = (bytes + 15) & ~(size_t)15;
    if (bytes > CHUNK_BYTES / 2) {
        g_bytes += bytes;
        return unwind_map(bytes);
    }
    if (!g_chunk || bytes > CHUNK_BYTES - sizeof *g_chunk - g_chunk->used) {
        struct chunk *c = unwind_map(CHUNK_BYTES);
        if (!c)
            return NULL;
        g_chunk = c;
    }
    void *p = g_chunk->bytes + g_chunk->used;
    g_chunk->used += bytes;
    g_bytes += bytes;
    return p;
}

uint16_t unwind_rule_intern(uint32_t rule)
{
    if (rule == UNWIND_NONE)
        return 0;
    uint32_t slot = (rule * 2654435761u) >> 15 & (RULE_SLOTS - 1);
    for (; g_slots[slot]; slot = (slot + 1) & (RULE_SLOTS - 1))
        if (g_rules[g_slots[slot]] == rule)
            return g_slots[slot];
    if (g_n_rules == RULE_CAP)
        return 0;
    uint16_t id = (uint16_t)g_n_rules++;
    g_rules[id] = rule;
    g_slots[slot] = id;
    return id;
}

static bool value_equal(const struct unwind_value *a, const struct unwind_value *b)
{
    return a->how == b->how && a->off == b->off && a->add == b->add && a->expr_len == b->expr_len &&
           (!a->expr_len || !memcmp(a->expr, b->expr, a->expr_len));
}

static bool value_keep(struct unwind_value *v)
{
    if (!v->expr_len)
        return true;
    uint8_t *copy = unwind_alloc(v->expr_len);
    if (!copy)
        return false;
    memcpy(copy, v->expr, v->expr_len);
    v->expr = copy;
    return true;
}

static uint32_t value_hash(uint32_t h, const struct unwind_value *v)
{
    h = (h ^ (uint32_t)v->off) * 2654435761u;
    h = (h ^ (uint32_t)v->add ^ v->how << 28) * 2654435761u;
    for (uint32_t i = 0; i < v->expr_len; i++)
        h = (h ^ v->expr[i]) * 16777619u;
    return h ^ h >> 15;
}

static uint32_t wide_add(const struct unwind_wide *w)
{
    struct unwind_wide copy = *w;
    if (g_n_wide == WIDE_CAP || !value_keep(&copy.cfa) || !value_keep(&copy.rbp) ||
        !value_keep(&copy.ra))
        return WIDE_CAP;
    g_wide[g_n_wide] = copy;
    return g_n_wide++;
}

uint32_t unwind_wide_intern(const struct unwind_wide *w)
{
    uint32_t hash = value_hash(value_hash(value_hash(0, &w->cfa), &w->rbp), &w->ra);
    uint32_t slot = hash % WIDE_SLOTS;
    for (; g_wide_slots[slot]; slot = (slot + 1) % WIDE_SLOTS) {
        uint32_t i = g_wide_slots[slot] - 1u;
        if (value_equal(&g_wide[i].cfa, &w->cfa) && value_equal(&g_wide[i].rbp, &w->rbp) &&
            value_equal(&g_wide[i].ra, &w->ra))
            return UNWIND_WIDE | i << UNWIND_WIDE_SHIFT;
    }
    uint32_t i = wide_add(w);
    if (i == WIDE_CAP)
        return UNWIND_NONE;
    g_wide_slots[slot] = (uint16_t)(i + 1);
    return UNWIND_WIDE | i << UNWIND_WIDE_SHIFT;
}

const struct unwind_wide *unwind_wide_at(uint32_t rule)
{
    return &g_wide[(rule >> UNWIND_WIDE_SHIFT) % WIDE_CAP];
}

uint32_t unwind_table_rule(const struct unwind_table *t, uint64_t off)
{
    uint64_t rel = off - t->text;
    if (rel >= t->text_bytes)
        return UNWIND_NONE;
    uint32_t lo = t->bucket[rel >> 8];
    uint32_t hi = t->bucket[(rel >> 8) + 1];
    uint8_t in_bucket = (uint8_t)rel;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (t->start[mid] <= in_bucket)
            lo = mid + 1;
        else
            hi = mid;
    }
    /* The row in force began in this bucket or, if none did, in one before. */
    return lo ? g_rules[t->rule[lo - 1]] : UNWIND_NONE;
}

void unwind_table_stats(struct unwind_stats *out)
{
    out->rules = g_n_rules - 1;
    out->wide_rules = g_n_wide;
    out->bytes = g_bytes;
}
