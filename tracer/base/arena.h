/* arena: memory with one lifetime. Allocations are zeroed, aligned to 16 bytes
 * and freed together; a function that allocates takes the arena first.
 *
 *     struct arena a = {0};
 *     char *s = arena_printf(&a, "%d", 7);
 *     arena_release(&a);
 *
 * Running out of memory aborts: no caller could do better. Not thread-safe. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena_chunk;
struct arena {
    struct arena_chunk *head; /* owned; NULL when empty: a zeroed struct is a valid arena */
    size_t total_bytes;       /* asked for so far */
};

void *arena_alloc(struct arena *a, size_t bytes);
/* count * size with an overflow check. */
void *arena_array(struct arena *a, size_t count, size_t size);
void *arena_memdup(struct arena *a, const void *p, size_t bytes);
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t len);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Frees everything but one chunk, for reuse each frame or batch. */
void arena_clear(struct arena *a);
/* Frees everything; the arena is empty and usable again. */
void arena_release(struct arena *a);

/* realloc that aborts when memory is out, for growable arrays with an owner of
 * their own. The new part is not zeroed. */
void *mem_realloc(void *p, size_t count, size_t size);

/* Makes room for at least `need` elements in a growable array:
 *     mem_grow(&v->items, &v->cap, need, sizeof *v->items); */
#define mem_grow(items, cap, need, size)                                                           \
    (void)(*(items) = mem_grown(*(items), (cap), (need), (size)))
void *mem_grown(void *items, size_t *cap, size_t need, size_t size);

#endif
