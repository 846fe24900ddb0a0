/* walk_memory: the memory of another process, for walk. Private to symbols/. */
#ifndef SYMBOLS_WALK_MEMORY_H
#define SYMBOLS_WALK_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    WALK_WINDOW = 64 << 10 /* of a stack, read at once */
};

struct walk_memory {
    pid_t pid;
    uint64_t base; /* of the window */
    size_t bytes;  /* in it */
    unsigned char window[WALK_WINDOW];
};

/* Takes the window from sp on: the bytes given, or what is there now. */
void walk_memory_at(struct walk_memory *m, uint64_t sp, const void *bytes, size_t count);
bool walk_memory_read(const struct walk_memory *m, uint64_t addr, void *to, size_t bytes);
bool walk_memory_word(const struct walk_memory *m, uint64_t addr, uint64_t *word);

/* Whether the instruction before a return address is a call; *target is 0 where it goes
 * through a register or memory. */
bool walk_is_behind_call(const struct walk_memory *m, uint64_t ra, uint64_t *target);
/* Where a call of `target` goes in the end: a stub for a function of another module jumps
 * to the address that the loader has put into its slot. */
uint64_t walk_through_stub(const struct walk_memory *m, uint64_t target);

#endif
