#include "symbols/walk_memory.h"

#include <string.h>
#include <sys/uio.h>

enum {
    PAGE = 4096,
    PAGES = WALK_WINDOW / PAGE + 1,
    LONGEST_CALL = 7
};

static size_t read_remote(pid_t pid, uint64_t addr, void *to, size_t bytes)
{
    struct iovec local = {to, bytes}, remote[PAGES];
    size_t count = 0;
    /* By pages: what is readable up to the end of the stack comes all the same. */
    for (uint64_t at = addr; at < addr + bytes && count < PAGES; count++) {
        uint64_t end = (at / PAGE + 1) * PAGE;
        end = end < addr + bytes ? end : addr + bytes;
        remote[count] = (struct iovec){(void *)(uintptr_t)at, end - at};
        at = end;
    }
    ssize_t n = process_vm_readv(pid, &local, 1, remote, count, 0);
    return n > 0 ? (size_t)n : 0;
}

void walk_memory_at(struct walk_memory *m, uint64_t sp, const void *bytes, size_t count)
{
    m->base = sp;
    m->bytes = bytes ? count < WALK_WINDOW ? count : WALK_WINDOW : 0;
    if (bytes)
        memcpy(m->window, bytes, m->bytes);
    else
        m->bytes = read_remote(m->pid, sp, m->window, WALK_WINDOW);
}

bool walk_memory_read(const struct walk_memory *m, uint64_t addr, void *to, size_t bytes)
{
    if (addr >= m->base && addr - m->base + bytes <= m->bytes) {
        memcpy(to, m->window + (addr - m->base), bytes);
        return true;
    }
    return read_remote(m->pid, addr, to, bytes) == bytes;
}

bool walk_memory_word(const struct walk_memory *m, uint64_t addr, uint64_t *word)
{
    return walk_memory_read(m, addr, word, sizeof *word);
}

/* FF /2: how long the instruction is that begins with these bytes, 0: another one. */
static size_t indirect_call_length(const unsigned char *p)
{
    size_t rex = (p[0] & 0xf0) == 0x40;
    unsigned char modrm = p[rex + 1], mod = modrm >> 6, rm = modrm & 7;
    if (p[rex] != 0xff || (modrm >> 3 & 7) != 2)
        return 0;
    size_t len = rex + 2 + (mod != 3 && rm == 4);
    return len + (mod == 1 ? 1 : mod == 2 || (mod == 0 && rm == 5) ? 4 : 0);
}

bool walk_is_behind_call(const struct walk_memory *m, uint64_t ra, uint64_t *target)
{
    unsigned char code[LONGEST_CALL + 8] = {0};
    *target = 0;
    if (ra < LONGEST_CALL || !walk_memory_read(m, ra - LONGEST_CALL, code, LONGEST_CALL))
        return false;
    if (code[LONGEST_CALL - 5] == 0xe8) {
        int32_t distance;
        memcpy(&distance, code + LONGEST_CALL - 4, sizeof distance);
        *target = ra + (uint64_t)(int64_t)distance;
        return true;
    }
    for (size_t len = 2; len <= LONGEST_CALL; len++)
        if (indirect_call_length(code + LONGEST_CALL - len) == len)
            return true;
    return false;
}

uint64_t walk_through_stub(const struct walk_memory *m, uint64_t target)
{
    static const unsigned char landing[] = {0xf3, 0x0f, 0x1e, 0xfa}; /* endbr64 */
    unsigned char code[11];
    int32_t distance;
    uint64_t slot;
    if (!walk_memory_read(m, target, code, sizeof code))
        return target;
    size_t at = memcmp(code, landing, sizeof landing) ? 0 : sizeof landing;
    at += code[at] == 0xf2;                       /* bnd */
    if (code[at] != 0xff || code[at + 1] != 0x25) /* jmp *distance(%rip) */
        return target;
    memcpy(&distance, code + at + 2, sizeof distance);
    slot = target + at + 6 + (uint64_t)(int64_t)distance;
    return walk_memory_word(m, slot, &slot) ? slot : target;
}
