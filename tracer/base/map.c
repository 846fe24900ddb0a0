#include "base/map.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

enum {
    SLOT_FREE,
    SLOT_LIVE,
    SLOT_DELETED
};

uint64_t hash_bytes(const void *p, size_t len)
{
    const unsigned char *b = p;
    uint64_t h = 0x9e3779b97f4a7c15u ^ len;
    while (len >= 8) {
        uint64_t w;
        memcpy(&w, b, 8);
        h = (h ^ hash64(w)) * 0x9ddfea08eb382d69u;
        h ^= h >> 29;
        b += 8;
        len -= 8;
    }
    uint64_t w = 0;
    memcpy(&w, b, len);
    return hash64(h ^ hash64(w + 0x9e3779b97f4a7c15u));
}

static size_t find(const struct map64 *m, uint64_t key, bool *found)
{
    size_t mask = m->cap - 1;
    size_t free_at = SIZE_MAX;
    for (size_t i = hash64(key) & mask;; i = (i + 1) & mask) {
        if (m->used[i] == SLOT_LIVE && m->slots[i].key == key) {
            *found = true;
            return i;
        }
        if (m->used[i] == SLOT_DELETED && free_at == SIZE_MAX)
            free_at = i;
        if (m->used[i] == SLOT_FREE) {
            *found = false;
            return free_at == SIZE_MAX ? i : free_at;
        }
    }
}

uint64_t *map64_get(const struct map64 *m, uint64_t key)
{
    if (!m->cap)
        return NULL;
    bool found;
    size_t i = find(m, key, &found);
    return found ? &m->slots[i].value : NULL;
}

static void rehash(struct map64 *m)
{
    struct map64 old = *m;
    size_t cap = old.cap ? old.cap : 16;
    while (old.len * 2 >= cap)
        cap *= 2;
    m->cap = cap;
    m->filled = old.len;
    m->slots = mem_realloc(NULL, cap, sizeof *m->slots);
    m->used = mem_realloc(NULL, cap, 1);
    memset(m->used, SLOT_FREE, cap);
    for (size_t i = 0; i < old.cap; i++) {
        if (old.used[i] != SLOT_LIVE)
            continue;
        bool found;
        size_t at = find(m, old.slots[i].key, &found);
        m->slots[at] = old.slots[i];
        m->used[at] = SLOT_LIVE;
    }
    free(old.slots);
    free(old.used);
}

uint64_t *map64_put(struct map64 *m, uint64_t key, bool *added)
{
    if (m->filled * 4 >= m->cap * 3)
        rehash(m);
    bool found;
    size_t i = find(m, key, &found);
    if (added)
        *added = !found;
    if (!found) {
        if (m->used[i] == SLOT_FREE)
            m->filled++;
        m->used[i] = SLOT_LIVE;
        m->slots[i] = (struct map64_slot){.key = key};
        m->len++;
    }
    return &m->slots[i].value;
}

bool map64_take(struct map64 *m, uint64_t key, uint64_t *value)
{
    if (!m->cap)
        return false;
    bool found;
    size_t i = find(m, key, &found), mask = m->cap - 1;
    if (!found)
        return false;
    *value = m->slots[i].value;
    m->used[i] = SLOT_DELETED;
    m->len--;
    /* Where no search goes on behind it, it need not be told from a free one. */
    for (; m->used[i] == SLOT_DELETED && m->used[(i + 1) & mask] == SLOT_FREE; i = (i - 1) & mask) {
        m->used[i] = SLOT_FREE;
        m->filled--;
    }
    return true;
}

void map64_delete(struct map64 *m, uint64_t key)
{
    uint64_t value;
    map64_take(m, key, &value);
}

void map64_clear(struct map64 *m)
{
    if (m->used)
        memset(m->used, SLOT_FREE, m->cap);
    m->len = m->filled = 0;
}

void map64_release(struct map64 *m)
{
    free(m->slots);
    free(m->used);
    *m = (struct map64){0};
}

bool map64_next(const struct map64 *m, size_t *pos, uint64_t *key, uint64_t *value)
{
    for (; *pos < m->cap; (*pos)++) {
        if (m->used[*pos] == SLOT_LIVE) {
            *key = m->slots[*pos].key;
            *value = m->slots[*pos].value;
            (*pos)++;
            return true;
        }
    }
    return false;
}

static size_t intern_find(const struct intern *in, const void *p, size_t len)
{
    size_t mask = in->slots_cap - 1;
    for (size_t i = hash_bytes(p, len) & mask;; i = (i + 1) & mask) {
        uint32_t slot = in->slots[i];
        if (!slot)
            return i;
        if (in->lens[slot - 1] == len && !memcmp(in->bytes + in->offs[slot - 1], p, len))
            return i;
    }
}

static void intern_rehash(struct intern *in)
{
    in->slots_cap = in->slots_cap ? in->slots_cap * 2 : 64;
    in->slots = mem_realloc(in->slots, in->slots_cap, sizeof *in->slots);
    memset(in->slots, 0, in->slots_cap * sizeof *in->slots);
    for (uint32_t id = 0; id < in->count; id++)
        in->slots[intern_find(in, in->bytes + in->offs[id], in->lens[id])] = id + 1;
}

uint32_t intern_bytes(struct intern *in, const void *p, size_t len)
{
    if ((size_t)in->count * 2 >= in->slots_cap)
        intern_rehash(in);
    size_t i = intern_find(in, p, len);
    if (in->slots[i])
        return in->slots[i] - 1;
    mem_grow(&in->offs, &in->offs_cap, (size_t)in->count + 1, sizeof *in->offs);
    mem_grow(&in->lens, &in->lens_cap, (size_t)in->count + 1, sizeof *in->lens);
    mem_grow(&in->bytes, &in->bytes_cap, in->bytes_len + len + 1, 1);
    if (len)
        memcpy(in->bytes + in->bytes_len, p, len);
    in->bytes[in->bytes_len + len] = '\0';
    in->offs[in->count] = in->bytes_len;
    in->lens[in->count] = (uint32_t)len;
    in->bytes_len += len + 1;
    in->slots[i] = ++in->count;
    return in->count - 1;
}

uint32_t intern_str(struct intern *in, const char *s)
{
    return intern_bytes(in, s, strlen(s));
}

const char *intern_get(const struct intern *in, uint32_t id)
{
    return id < in->count ? in->bytes + in->offs[id] : "";
}

void intern_release(struct intern *in)
{
    free(in->bytes);
    free(in->offs);
    free(in->lens);
    free(in->slots);
    *in = (struct intern){0};
}
