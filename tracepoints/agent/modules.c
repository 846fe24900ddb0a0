#include "tracepoints/agent/modules.h"

#include "tracepoints/agent/agent.h"
#include "tracepoints/agent/raw.h"
#include "tracepoints/agent/unwind.h"
#include "tracepoints/provider/provider.h"

#include <elf.h>
#include <limits.h>
#include <link.h>
#include <string.h>

enum {
    MODULES = 4096,
    BUILD_ID_MAX = 32
};

/* One executable segment. Copied out of dl_iterate_phdr's callback: tracepoints
 * are emitted after the loader's lock was given back. */
struct module {
    uint64_t begin, end, file_off;
    uint32_t path_hash;
    uint8_t build_id[BUILD_ID_MAX];
    uint8_t build_id_len;
    bool told; /* in a list of what was emitted: still mapped */
    char path[256];
};

static struct {
    struct module *now, *told; /* MODULES each, in mapped memory */
    size_t now_count, told_count;
    unsigned long long adds, subs; /* the loader's counters when last read */
    atomic_flag busy;
} modules = {.busy = ATOMIC_FLAG_INIT};

static void read_build_id(struct module *m, const struct dl_phdr_info *info)
{
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
        if (ph->p_type != PT_NOTE)
            continue;
        const char *p = (const char *)(info->dlpi_addr + ph->p_vaddr);
        const char *end = p + ph->p_memsz;
        while ((size_t)(end - p) >= sizeof(ElfW(Nhdr))) {
            const ElfW(Nhdr) *note = (const void *)p;
            size_t name = (note->n_namesz + 3) & ~3u, desc = (note->n_descsz + 3) & ~3u;
            if ((size_t)(end - p) < sizeof *note + name + desc)
                break;
            const char *value = p + sizeof *note + name;
            if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
                !memcmp(note + 1, "GNU", 4) && note->n_descsz <= BUILD_ID_MAX) {
                memcpy(m->build_id, value, note->n_descsz);
                m->build_id_len = (uint8_t)note->n_descsz;
                return;
            }
            p = value + desc;
        }
    }
}

static void set_path(struct module *m, const char *path)
{
    size_t len = strnlen(path, sizeof m->path - 1);
    memcpy(m->path, path, len);
    m->path[len] = 0;
}

/* The loader names the program "" and a library as dlopen was asked for it. */
static void read_path(struct module *m, const struct dl_phdr_info *info, bool first)
{
    if (info->dlpi_name[0] == '/') {
        set_path(m, info->dlpi_name);
    } else if (info->dlpi_name[0] == 0 && first) {
        long n = raw_call3(SYS_readlink, "/proc/self/exe", m->path, sizeof m->path - 1);
        m->path[n > 0 ? n : 0] = 0;
    } else if (strchr(info->dlpi_name, '/')) {
        char link[40] = "/proc/self/fd/";
        long fd = raw_call3(SYS_openat, AT_FDCWD, info->dlpi_name, O_PATH | O_CLOEXEC), n = 0;
        if (fd >= 0) {
            raw_print(link + strlen(link), (uint64_t)fd);
            n = raw_call3(SYS_readlink, link, m->path, sizeof m->path - 1);
            raw_close((int)fd);
        }
        m->path[n > 0 ? n : 0] = 0;
    } else {
        set_path(m, info->dlpi_name[0] ? info->dlpi_name : "[vdso]");
    }
}

static uint32_t hash_path(const char *s)
{
    uint32_t h = 2166136261u;
    while (*s)
        h = (h ^ (uint8_t)*s++) * 16777619u;
    return h;
}

static int collect(struct dl_phdr_info *info, size_t size, void *first)
{
    bool *is_first = first;
    (void)size;
    modules.adds = info->dlpi_adds;
    modules.subs = info->dlpi_subs;
    for (int i = 0; i < info->dlpi_phnum && modules.now_count < MODULES; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
        if (ph->p_type != PT_LOAD || !(ph->p_flags & PF_X))
            continue;
        struct module *m = &modules.now[modules.now_count++];
        memset(m, 0, offsetof(struct module, path));
        m->begin = info->dlpi_addr + ph->p_vaddr;
        m->end = m->begin + ph->p_memsz;
        m->file_off = ph->p_offset;
        read_path(m, info, *is_first);
        m->path_hash = hash_path(m->path);
        read_build_id(m, info);
    }
    *is_first = false;
    return 0;
}

static int read_counters(struct dl_phdr_info *info, size_t size, void *changed)
{
    (void)size;
    *(bool *)changed = info->dlpi_adds != modules.adds || info->dlpi_subs != modules.subs;
    return 1; /* one module tells: the counters are the loader's */
}

static bool was_told(const struct module *m)
{
    for (size_t i = 0; i < modules.told_count; i++) {
        const struct module *t = &modules.told[i];
        if (t->begin == m->begin && t->end == m->end && t->path_hash == m->path_hash)
            return true;
    }
    return false;
}

static void emit(const struct module *m)
{
    lttng_ust_do_tracepoint(whyprof_stack, module, m->begin, m->end, m->file_off, m->path,
                            m->build_id, m->build_id_len);
}

/* Reads the list anew and emits what is new, or everything. What was emitted is
 * remembered only while a session records modules. */
static void scan(bool all)
{
    bool first = true, enabled = lttng_ust_tracepoint_enabled(whyprof_stack, module);
    modules.now_count = 0;
    dl_iterate_phdr(collect, &first);
    for (size_t i = 0; enabled && i < modules.now_count; i++)
        if (all || !was_told(&modules.now[i]))
            emit(&modules.now[i]);
    struct module *old = modules.told;
    modules.told = modules.now;
    modules.told_count = enabled ? modules.now_count : 0;
    modules.now = old;
}

static bool lists_ready(void)
{
    if (!modules.now)
        modules.now = raw_map(MODULES * sizeof *modules.now);
    if (!modules.told)
        modules.told = raw_map(MODULES * sizeof *modules.told);
    return modules.now && modules.told;
}

/* One thread at a time; the loader's lock nests inside, so it must not be held by a
 * waiter: whoever finds it taken leaves the work to the helper. */
static bool lists_lock(void)
{
    if (!atomic_flag_test_and_set_explicit(&modules.busy, memory_order_acquire))
        return true;
    modules_stale();
    return false;
}

static atomic_bool stale, known;

bool modules_known(void)
{
    return atomic_load_explicit(&known, memory_order_relaxed);
}

void modules_stale(void)
{
    atomic_store(&stale, true);
}

void modules_update(void)
{
    bool changed = atomic_exchange(&stale, false);
    if (!modules_known() || !lists_lock())
        return;
    if (!changed)
        dl_iterate_phdr(read_counters, &changed);
    if (changed && lists_ready()) {
        unwind_modules_changed();
        scan(false);
    }
    atomic_flag_clear_explicit(&modules.busy, memory_order_release);
}

void modules_prepare(void)
{
    if (modules_known() || !lists_lock())
        return;
    if (lists_ready()) {
        unwind_init();
        atomic_store(&known, true);
    }
    atomic_flag_clear_explicit(&modules.busy, memory_order_release);
}

void modules_dump(void)
{
    /* The unwinder's tables take a while: none for a program that nobody records. */
    if (!lttng_ust_tracepoint_enabled(whyprof_stack, module) || !lists_lock())
        return;
    if (lists_ready()) {
        /* By the main thread where recording began before the program. */
        unwind_init();
        atomic_store(&known, true);
        scan(true);
    }
    atomic_flag_clear_explicit(&modules.busy, memory_order_release);
}
