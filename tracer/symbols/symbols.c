#include "symbols/symbols.h"

#include "base/arena.h"
#include "base/map.h"
#include "symbols/dwarf_file.h"
#include "symbols/elf_file.h"

#include <libiberty/demangle.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct module {
    const char *path;      /* as given */
    const char *file_path; /* without " (deleted)" */
    const char *base;      /* last part of file_path: "redis-server" */
    uint8_t build_id[64];
    size_t build_id_len;
    bool opened;
    struct elf_file elf;
    struct dwarf_file dwarf;
    struct map64 places; /* file offset -> struct symbols_place * */
};

struct symbols {
    struct arena arena;      /* modules, places, names */
    struct intern keys;      /* path, NUL, build-id; ids are module ids */
    struct module **modules; /* owned */
    size_t module_cap;
    struct map64 demangled; /* const char * in a file -> const char * in arena */
};

struct symbols *symbols_new(void)
{
    struct symbols *s = mem_realloc(NULL, 1, sizeof *s);
    *s = (struct symbols){0};
    return s;
}

void symbols_free(struct symbols *s)
{
    if (!s)
        return;
    for (uint32_t i = 0; i < s->keys.count; i++) {
        dwarf_file_close(&s->modules[i]->dwarf);
        elf_file_close(&s->modules[i]->elf);
        map64_release(&s->modules[i]->places);
    }
    free(s->modules);
    intern_release(&s->keys);
    map64_release(&s->demangled);
    arena_release(&s->arena);
    free(s);
}

/* -- modules */

static const char *without_deleted(struct arena *arena, const char *path)
{
    static const char mark[] = " (deleted)";
    size_t len = strlen(path), mark_len = sizeof mark - 1;
    if (len > mark_len && !strcmp(path + len - mark_len, mark))
        return arena_strndup(arena, path, len - mark_len);
    return arena_strdup(arena, path);
}

static struct module *module_new(struct symbols *s, const char *path, const uint8_t *build_id,
                                 size_t len)
{
    struct module *m = arena_alloc(&s->arena, sizeof *m);
    m->path = arena_strdup(&s->arena, path);
    m->file_path = without_deleted(&s->arena, path);
    const char *slash = strrchr(m->file_path, '/');
    m->base = slash && slash[1] ? slash + 1 : m->file_path;
    if (!*m->base)
        m->base = "[anon]";
    m->build_id_len = len < sizeof m->build_id ? len : sizeof m->build_id;
    if (m->build_id_len)
        memcpy(m->build_id, build_id, m->build_id_len);
    return m;
}

uint32_t symbols_module(struct symbols *s, const char *path, const uint8_t *build_id,
                        size_t build_id_len)
{
    size_t path_len = strlen(path) + 1;
    char *key = mem_realloc(NULL, path_len + build_id_len, 1);
    memcpy(key, path, path_len);
    if (build_id_len)
        memcpy(key + path_len, build_id, build_id_len);
    uint32_t known = s->keys.count;
    uint32_t id = intern_bytes(&s->keys, key, path_len + build_id_len);
    free(key);
    if (id == known) {
        mem_grow(&s->modules, &s->module_cap, (size_t)id + 1, sizeof(struct module *));
        s->modules[id] = module_new(s, path, build_id, build_id_len);
    }
    return id;
}

const char *symbols_module_path(const struct symbols *s, uint32_t module)
{
    return s->modules[module]->path;
}

/* "[anon]", "[stack]", "": memory that is no file. The vdso is one. */
static bool is_file(const struct module *m)
{
    return m->file_path[0] == '/' || strstr(m->file_path, "vdso");
}

static struct module *open_module(struct symbols *s, uint32_t id)
{
    struct module *m = s->modules[id];
    if (m->opened)
        return m;
    m->opened = true;
    if (!is_file(m)) {
        m->elf.problem = "not a file";
        return m;
    }
    elf_file_open(&m->elf, m->file_path, m->build_id, m->build_id_len);
    if (m->elf.problem)
        return m;
    Dwarf_Addr bias = 0;
    Dwarf *dwarf = dwfl_module_getdwarf(m->elf.module, &bias);
    dwarf_file_open(&m->dwarf, dwarf, bias);
    return m;
}

const char *symbols_module_problem(struct symbols *s, uint32_t module)
{
    return open_module(s, module)->elf.problem;
}

size_t symbols_module_build_id(struct symbols *s, uint32_t module, uint8_t id[64])
{
    struct module *m = open_module(s, module);
    const unsigned char *bits;
    GElf_Addr vaddr;
    int len = m->elf.module ? dwfl_module_build_id(m->elf.module, &bits, &vaddr) : 0;
    if (len <= 0 || len > 64)
        return 0;
    memcpy(id, bits, (size_t)len);
    return (size_t)len;
}

/* -- names */

/* Cuts what compilers append to a function's parts: "f.cold", "f.constprop.0",
 * and a version, "f@@GLIBC_2.34" (but not "f@plt"). */
static size_t plain_length(const char *name)
{
    static const char *const tails[] = {".cold",      ".part.", ".isra.", ".constprop.",
                                        ".lto_priv.", ".llvm.", " [clone"};
    size_t len = strlen(name);
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        const char *tail = strstr(name, tails[i]);
        if (tail && tail != name && (size_t)(tail - name) < len)
            len = (size_t)(tail - name);
    }
    const char *at = strchr(name, '@');
    if (at && at != name && strcmp(at, "@plt") != 0 && (size_t)(at - name) < len)
        len = (size_t)(at - name);
    return len;
}

static bool is_mangled(const char *name)
{
    return !strncmp(name, "_Z", 2) || !strncmp(name, "_R", 2);
}

/* A readable name for one in a file. */
static const char *demangle(struct symbols *s, const char *name)
{
    bool added;
    uint64_t *known = map64_put(&s->demangled, (uint64_t)(uintptr_t)name, &added);
    if (!added)
        return (const char *)(uintptr_t)*known;
    char *own = is_mangled(name) ? cplus_demangle(name, DMGL_AUTO) : NULL;
    const char *readable = own ? own : name;
    const char *result = arena_strndup(&s->arena, readable, plain_length(readable));
    free(own);
    *known = (uint64_t)(uintptr_t)result;
    return result;
}

/* A stub's name is "mangled@plt": its first part is demangled. */
static const char *symbol_name(struct symbols *s, const struct elf_symbol *symbol)
{
    const char *at = strstr(symbol->name, "@plt");
    if (!at || !is_mangled(symbol->name))
        return demangle(s, symbol->name);
    char *mangled = arena_strndup(&s->arena, symbol->name, (size_t)(at - symbol->name));
    return arena_printf(&s->arena, "%s@plt", demangle(s, mangled));
}

/* -- places */

static const struct symbols_place *one_frame(struct symbols *s, uint64_t vaddr,
                                             struct symbols_frame frame)
{
    struct symbols_place *place = arena_alloc(&s->arena, sizeof *place);
    *place = (struct symbols_place){arena_memdup(&s->arena, &frame, sizeof frame), 1, vaddr};
    return place;
}

static const struct symbols_place *unnamed(struct symbols *s, const struct module *m, uint64_t off)
{
    const char *name = m->base;
    if (is_file(m))
        name = arena_printf(&s->arena, "%s+0x%llx", m->base, (unsigned long long)off);
    return one_frame(s, off, (struct symbols_frame){.function = name, .file = ""});
}

/* The function from the symbol tables, else from .eh_frame. */
static const char *function_name(struct symbols *s, struct module *m, uint64_t vaddr)
{
    const struct elf_symbol *symbol = elf_function(&m->elf, vaddr);
    if (symbol)
        return symbol_name(s, symbol);
    uint64_t start = vaddr;
    if (!elf_function_start(&m->elf, vaddr, &start))
        start = vaddr;
    return arena_printf(&s->arena, "%s+0x%llx", m->base, (unsigned long long)start);
}

/* DWARF's name, but `write` instead of libc's inner `__GI___libc_write` where a
 * symbol of the same function is plainer. */
static const char *frame_name(struct symbols *s, struct module *m, uint64_t vaddr,
                              const struct dwarf_frame *frame)
{
    if (!frame->name)
        return function_name(s, m, vaddr);
    if (frame->name[0] == '_' && !is_mangled(frame->name) && frame->entry) {
        const struct elf_symbol *symbol = elf_function(&m->elf, vaddr);
        if (symbol && symbol->addr == frame->entry)
            return symbol_name(s, symbol);
    }
    return demangle(s, frame->name);
}

static const struct symbols_place *resolve(struct symbols *s, struct module *m, uint64_t off)
{
    uint64_t vaddr;
    if (m->elf.problem || !elf_vaddr_from_off(&m->elf, off, &vaddr))
        return unnamed(s, m, off);
    struct dwarf_frame from[DWARF_MAX_FRAMES];
    unsigned count = dwarf_frames(&m->dwarf, vaddr, from);
    if (!count) {
        const char *name = function_name(s, m, vaddr);
        return one_frame(s, vaddr, (struct symbols_frame){.function = name, .file = ""});
    }
    struct symbols_frame *frames = arena_array(&s->arena, count, sizeof *frames);
    for (unsigned i = 0; i < count; i++)
        frames[i] = (struct symbols_frame){
            .function = frame_name(s, m, vaddr, &from[i]),
            .file = from[i].file ? from[i].file : "",
            .line = from[i].line,
            .inlined = from[i].inlined,
        };
    struct symbols_place *place = arena_alloc(&s->arena, sizeof *place);
    *place = (struct symbols_place){frames, count, vaddr};
    return place;
}

const struct symbols_place *symbols_resolve(struct symbols *s, uint32_t module, uint64_t file_off)
{
    struct module *m = open_module(s, module);
    bool added;
    uint64_t *place = map64_put(&m->places, file_off, &added);
    if (added)
        *place = (uint64_t)(uintptr_t)resolve(s, m, file_off);
    return (const struct symbols_place *)(uintptr_t)*place;
}

const char *symbols_data(struct symbols *s, uint32_t module, uint64_t begin, uint64_t file_off,
                         uint64_t addr)
{
    struct module *m = open_module(s, module);
    uint64_t code_vaddr;
    if (m->elf.problem || !elf_vaddr_from_off(&m->elf, file_off, &code_vaddr))
        return NULL;
    uint64_t vaddr = addr - begin + code_vaddr;
    if (!elf_has_vaddr(&m->elf, vaddr))
        return NULL;
    const struct elf_symbol *symbol = elf_variable(&m->elf, vaddr);
    return symbol ? symbol_name(s, symbol) : NULL;
}
