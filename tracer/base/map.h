/* map: open addressing hash tables for hot paths.
 *
 * struct map64 maps a u64 key to a u64 value; struct intern gives equal byte
 * strings the same dense id (0, 1, 2 ...) in order of first use. Both are valid
 * when zeroed. Not thread-safe. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map64_slot {
    uint64_t key;
    uint64_t value;
};

struct map64 {
    struct map64_slot *slots; /* owned, cap entries */
    uint8_t *used;            /* owned, cap flags: 0 free, 1 live, 2 deleted */
    size_t cap;               /* power of two, or 0 */
    size_t len;               /* live */
    size_t filled;            /* live + deleted */
};

/* The value's place, or NULL. Valid until the next put or delete. */
uint64_t *map64_get(const struct map64 *m, uint64_t key);
/* The value's place, made (0) where missing; *added tells (may be NULL). */
uint64_t *map64_put(struct map64 *m, uint64_t key, bool *added);
void map64_delete(struct map64 *m, uint64_t key);
/* Deletes it and tells its value; false where it is missing. */
bool map64_take(struct map64 *m, uint64_t key, uint64_t *value);
void map64_clear(struct map64 *m);
void map64_release(struct map64 *m);
/* Iterates: start with *pos = 0; false at the end. */
bool map64_next(const struct map64 *m, size_t *pos, uint64_t *key, uint64_t *value);

/* Mixes a u64 well (splitmix64's finaliser). */
static inline uint64_t hash64(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9u;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}
/* Hash of bytes, not stable across versions. */
uint64_t hash_bytes(const void *p, size_t len);

struct intern {
    char *bytes; /* owned: all strings, each with a NUL after it */
    size_t bytes_len;
    size_t bytes_cap;
    uint64_t *offs; /* owned: where string i starts */
    uint32_t *lens; /* owned: its length */
    size_t offs_cap;
    size_t lens_cap;
    uint32_t count;
    uint32_t *slots;  /* owned: id + 1, or 0 */
    size_t slots_cap; /* power of two, or 0 */
};

uint32_t intern_bytes(struct intern *in, const void *p, size_t len);
uint32_t intern_str(struct intern *in, const char *s);
/* Borrowed until the next intern call. */
const char *intern_get(const struct intern *in, uint32_t id);
void intern_release(struct intern *in);

#endif
