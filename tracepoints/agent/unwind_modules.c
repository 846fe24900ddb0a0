/* Which code belongs to which table. The set of modules lies in one of a few buffers
 * of memory that is never unmapped; a change fills another one and publishes it. A
 * reader checks the buffer's version afterwards, so one that slept through several
 * changes notices; tables themselves live for ever, and a library loaded again, at any
 * address, gets its old one back. */
#include <link.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "unwind_sys.h"
#include "unwind_table.h"

enum {
    SETS = 4,
    READ_TRIES = 4,
    WAITS = 2000, /* of 50 us each */
};

struct entry {
    _Atomic uintptr_t begin, end, bias;
    _Atomic(const struct unwind_table *) table;
};
struct set {
    _Atomic uint64_t version; /* odd while it is being filled */
    _Atomic size_t n;
    size_t cap;
    struct entry *entries; /* by address; never changes once the set was published */
};

static _Atomic(struct set *) g_current;
static _Atomic uint64_t g_salt;
static uint64_t g_generation; /* as are all below: of the lock's holder */
static struct set *g_sets[SETS];
static struct unwind_table *g_tables;
static unsigned long long g_adds, g_subs; /* the loader's counters when we last looked */

/* The lock holds the pid of its holder's process, so that a child forked meanwhile,
 * where nobody will release it, can take it over. */
static _Atomic int g_lock;
static _Atomic uint64_t g_asked, g_done; /* how often to look; up to which asking it was done */

static bool try_lock(void)
{
    int pid = (int)unwind_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0);
    int held = 0;
    if (atomic_compare_exchange_strong(&g_lock, &held, pid))
        return true;
    return held != pid && atomic_compare_exchange_strong(&g_lock, &held, pid);
}

/* --- reading --- */

static bool find(struct set *s, uintptr_t pc, uintptr_t *bias, const struct unwind_table **table)
{
    size_t lo = 0;
    size_t hi = atomic_load_explicit(&s->n, memory_order_relaxed);
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (atomic_load_explicit(&s->entries[mid].begin, memory_order_relaxed) <= pc)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (!lo)
        return false;
    struct entry *e = &s->entries[lo - 1];
    *bias = atomic_load_explicit(&e->bias, memory_order_relaxed);
    *table = atomic_load_explicit(&e->table, memory_order_relaxed);
    return pc < atomic_load_explicit(&e->end, memory_order_relaxed);
}

uint32_t unwind_modules_rule(uintptr_t pc)
{
    for (int i = 0; i < READ_TRIES; i++) {
        struct set *s = atomic_load_explicit(&g_current, memory_order_acquire);
        if (!s)
            break;
        uint64_t version = atomic_load_explicit(&s->version, memory_order_acquire);
        uintptr_t bias = 0;
        const struct unwind_table *table = NULL;
        bool found = !(version & 1) && find(s, pc, &bias, &table);
        atomic_thread_fence(memory_order_acquire);
        if ((version & 1) || atomic_load_explicit(&s->version, memory_order_relaxed) != version)
            continue;
        return found && table ? unwind_table_rule(table, pc - bias) : UNWIND_NONE;
    }
    return UNWIND_NONE;
}

uint64_t unwind_modules_salt(void)
{
    return atomic_load_explicit(&g_salt, memory_order_acquire);
}

/* --- changing --- */

static uint64_t hash_bytes(const uint8_t *p, size_t n)
{
    uint64_t h = n * UINT64_C(0x9e3779b97f4a7c15);
    for (; n >= 8; p += 8, n -= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        h = (h ^ word) * UINT64_C(0xff51afd7ed558ccd);
        h ^= h >> 32;
    }
    for (; n; n--)
        h = (h ^ *p++) * UINT64_C(0x100000001b3);
    return h;
}

static const struct unwind_table *table_for(struct unwind_source *src)
{
    if (!unwind_cfi_locate(src))
        return NULL;
    uint64_t key_bytes = (uint64_t)(src->frames_end - src->frames);
    uint64_t key = hash_bytes(src->frames, key_bytes) ^ ((uintptr_t)src->frames - src->bias);
    for (struct unwind_table *t = g_tables; t; t = t->next)
        if (t->key == key && t->key_bytes == key_bytes)
            return t;
    struct unwind_table *t = unwind_cfi_parse(src);
    if (!t)
        return NULL;
    t->key = key;
    t->key_bytes = key_bytes;
    t->next = g_tables;
    g_tables = t;
    return t;
}

/* Finds .eh_frame_hdr and the mapping it lies in. */
static bool source_of(const struct dl_phdr_info *info, struct unwind_source *src)
{
    const ElfW(Phdr) *hdr = NULL;
    for (size_t i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_GNU_EH_FRAME)
            hdr = &info->dlpi_phdr[i];
    if (!hdr)
        return false;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
        if (ph->p_type != PT_LOAD || !(ph->p_flags & PF_R) || hdr->p_vaddr < ph->p_vaddr ||
            hdr->p_vaddr + hdr->p_memsz > ph->p_vaddr + ph->p_memsz)
            continue;
        src->bias = info->dlpi_addr;
        src->begin = (const uint8_t *)(info->dlpi_addr + ph->p_vaddr);
        src->end = src->begin + ph->p_memsz;
        src->hdr = (const uint8_t *)(info->dlpi_addr + hdr->p_vaddr);
        src->hdr_end = src->hdr + hdr->p_memsz;
        return true;
    }
    return false;
}

/* The table this very mapping had in the set before, if any: saves hashing it. */
static bool known(const struct set *old, uintptr_t begin, uintptr_t end, uintptr_t bias,
                  const struct unwind_table **table)
{
    for (size_t i = 0; old && i < old->n; i++) {
        const struct entry *e = &old->entries[i];
        if (e->begin != begin || e->end != end || e->bias != bias)
            continue;
        *table = e->table;
        return true;
    }
    return false;
}

struct fill {
    struct set *set;
    const struct set *old; /* NULL: look at every module anew */
    unsigned long long adds, subs;
    bool unchanged, full;
};

static void add_entry(struct fill *f, uintptr_t begin, uintptr_t end, uintptr_t bias,
                      const struct unwind_table *table)
{
    struct set *s = f->set;
    size_t at = s->n;
    if (at == s->cap) {
        f->full = true;
        return;
    }
    for (; at && s->entries[at - 1].begin > begin; at--) {
        s->entries[at].begin = s->entries[at - 1].begin;
        s->entries[at].end = s->entries[at - 1].end;
        s->entries[at].bias = s->entries[at - 1].bias;
        s->entries[at].table = s->entries[at - 1].table;
    }
    s->entries[at].begin = begin;
    s->entries[at].end = end;
    s->entries[at].bias = bias;
    s->entries[at].table = table;
    s->n++;
}

static void add_module(struct fill *f, const struct dl_phdr_info *info)
{
    const struct unwind_table *table = NULL;
    bool have_table = false;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
        if (ph->p_type != PT_LOAD || !(ph->p_flags & PF_X))
            continue;
        uintptr_t begin = info->dlpi_addr + ph->p_vaddr;
        uintptr_t end = begin + ph->p_memsz;
        if (!have_table && !known(f->old, begin, end, info->dlpi_addr, &table)) {
            struct unwind_source src = {0};
            table = source_of(info, &src) ? table_for(&src) : NULL;
        }
        have_table = true;
        add_entry(f, begin, end, info->dlpi_addr, table);
    }
}

/* Runs under the loader's lock, so that nothing is unmapped while it is read. */
static int on_module(struct dl_phdr_info *info, size_t size, void *data)
{
    struct fill *f = data;
    (void)size;
    if (!f->adds) {
        f->adds = info->dlpi_adds;
        f->subs = info->dlpi_subs;
        if (f->old && f->adds == g_adds && f->subs == g_subs) {
            f->unchanged = true;
            return 1;
        }
        /* With unloads and loads in between, an address may belong to another library. */
        if (f->subs != g_subs && f->adds != g_adds)
            f->old = NULL;
        f->set->version = (f->set->version + 1) | 1; /* odd, though a fork left it odd */
        f->set->n = 0;
    }
    add_module(f, info);
    return 0;
}

static struct set *new_set(size_t cap)
{
    struct set *s = unwind_alloc(sizeof *s + cap * sizeof *s->entries);
    if (!s)
        return NULL;
    s->cap = cap;
    s->entries = (struct entry *)(s + 1);
    return s;
}

static void publish(struct fill *f)
{
    f->set->version++;
    g_adds = f->adds;
    g_subs = f->subs;
    atomic_store_explicit(&g_current, f->set, memory_order_release);
    g_generation++;
    atomic_store_explicit(&g_salt, g_generation * UINT64_C(0x9e3779b97f4a7c15),
                          memory_order_release);
}

/* Whether there is a set now. */
static bool refresh(void)
{
    for (size_t cap = 128;; cap *= 2) {
        struct set *old = atomic_load(&g_current);
        struct set **slot = &g_sets[(g_generation + 1) % SETS];
        if ((!*slot || (*slot)->cap < cap) && !(*slot = new_set(cap)))
            return old != NULL;
        struct fill f = {.set = *slot, .old = old};
        dl_iterate_phdr(on_module, &f);
        if (f.unchanged)
            return true;
        if (f.full) {
            f.set->version++;
            continue;
        }
        publish(&f);
        return true;
    }
}

/* Another thread is looking, and will be done soon; but were it to wait for this one (a
 * callback of dl_iterate_phdr that loads a library), nobody would get on: so not for long. */
static void wait_a_little(void)
{
    const struct timespec pause = {.tv_nsec = 50000};
    unwind_syscall(SYS_nanosleep, (long)&pause, 0, 0, 0, 0, 0);
}

bool unwind_modules_update(void)
{
    uint64_t ticket = atomic_fetch_add(&g_asked, 1) + 1;
    for (int i = 0; i < WAITS && atomic_load(&g_done) < ticket; i++) {
        if (!try_lock()) {
            wait_a_little();
            continue;
        }
        uint64_t asked = atomic_load(&g_asked);
        bool ok = refresh();
        atomic_store(&g_done, asked);
        atomic_store(&g_lock, 0);
        if (!ok)
            return false;
    }
    return true;
}

void unwind_get_stats(struct unwind_stats *out)
{
    struct set *s = atomic_load(&g_current);
    *out = (struct unwind_stats){.modules = s ? s->n : 0};
    for (const struct unwind_table *t = g_tables; t; t = t->next) {
        out->tables++;
        out->rows += t->rows;
    }
    unwind_table_stats(out);
}
