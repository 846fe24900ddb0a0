#include "symbols/elf_file.h"

#include "symbols/elf_plt.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

static char *debuginfo_path; /* NULL: libdwfl's own default */
static const Dwfl_Callbacks callbacks = {
    .find_elf = dwfl_build_id_find_elf,
    .find_debuginfo = dwfl_standard_find_debuginfo,
    .section_address = dwfl_offline_section_address,
    .debuginfo_path = &debuginfo_path,
};

/* The kernel's vdso as a file: it has no path, but ours is the same where the
 * build-id says so. */
static int open_vdso(void)
{
    const char *image = (const char *)getauxval(AT_SYSINFO_EHDR);
    if (!image)
        return -1;
    Elf64_Ehdr head;
    memcpy(&head, image, sizeof head);
    size_t bytes = head.e_shoff + (size_t)head.e_shnum * head.e_shentsize;
    int fd = memfd_create("vdso", MFD_CLOEXEC);
    if (fd >= 0 && write(fd, image, bytes) != (ssize_t)bytes) {
        close(fd);
        return -1;
    }
    return fd;
}

static int open_file(const char *path)
{
    return strstr(path, "vdso") && path[0] != '/' ? open_vdso() : open(path, O_RDONLY | O_CLOEXEC);
}

static const char *check_build_id(Dwfl_Module *module, const uint8_t *build_id, size_t len)
{
    const unsigned char *bits;
    GElf_Addr vaddr;
    int its_len = dwfl_module_build_id(module, &bits, &vaddr);
    if (!len || (its_len == (int)len && !memcmp(bits, build_id, len)))
        return NULL;
    return "another file by now (its build-id differs)";
}

void elf_file_open(struct elf_file *f, const char *path, const uint8_t *build_id, size_t len)
{
    *f = (struct elf_file){0};
    int fd = open_file(path);
    if (fd < 0) {
        f->problem = "not found";
        return;
    }
    f->problem = "not an ELF file";
    f->dwfl = dwfl_begin(&callbacks);
    if (!f->dwfl) {
        close(fd);
        return;
    }
    dwfl_report_begin(f->dwfl);
    /* Base 0 and add_p_vaddr: libdwfl's addresses are the file's own. */
    f->module = dwfl_report_elf(f->dwfl, path, path, fd, 0, true);
    dwfl_report_end(f->dwfl, NULL, NULL);
    if (!f->module) {
        close(fd);
        return;
    }
    GElf_Addr bias;
    f->elf = dwfl_module_getelf(f->module, &bias);
    if (!f->elf)
        return;
    f->raw = (const uint8_t *)elf_rawfile(f->elf, &f->raw_bytes);
    f->problem = check_build_id(f->module, build_id, len);
}

void elf_file_close(struct elf_file *f)
{
    if (f->dwfl)
        dwfl_end(f->dwfl);
    free(f->functions.list);
    free(f->variables.list);
    arena_release(&f->arena);
    *f = (struct elf_file){0};
}

/* -- segments */

static bool segment_has_off(const GElf_Phdr *ph, uint64_t off)
{
    /* A mapping begins at its segment's page, a little before p_offset. */
    uint64_t begin = ph->p_offset & ~(uint64_t)0xfff;
    return ph->p_type == PT_LOAD && off >= begin && off < ph->p_offset + ph->p_filesz;
}

bool elf_vaddr_from_off(const struct elf_file *f, uint64_t off, uint64_t *vaddr)
{
    size_t count;
    GElf_Phdr ph;
    bool found = false;
    if (elf_getphdrnum(f->elf, &count) != 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!gelf_getphdr(f->elf, (int)i, &ph) || !segment_has_off(&ph, off))
            continue;
        /* Two segments may share a page of the file: code is meant. */
        if (!found || ph.p_flags & PF_X)
            *vaddr = off - ph.p_offset + ph.p_vaddr;
        found = true;
        if (ph.p_flags & PF_X)
            break;
    }
    return found;
}

bool elf_has_vaddr(const struct elf_file *f, uint64_t vaddr)
{
    size_t count;
    GElf_Phdr ph;
    if (elf_getphdrnum(f->elf, &count) != 0)
        return false;
    for (size_t i = 0; i < count; i++)
        if (gelf_getphdr(f->elf, (int)i, &ph) && ph.p_type == PT_LOAD && vaddr >= ph.p_vaddr &&
            vaddr - ph.p_vaddr < ph.p_memsz)
            return true;
    return false;
}

/* -- symbols */

static void add_symbol(struct elf_symbols *to, struct elf_symbol symbol)
{
    mem_grow(&to->list, &to->cap, to->count + 1, sizeof *to->list);
    to->list[to->count++] = symbol;
}

/* Aliases share an address (libc has `__write`, `write`, `__GI___write`): the
 * plainest name wins. */
static uint8_t rank_name(const char *name, unsigned binding)
{
    uint8_t rank = 0;
    while (name[rank] == '_' && rank < 4)
        rank++;
    if (!strncmp(name, "_Z", 2) || !strncmp(name, "_R", 2))
        rank = 0;
    return (uint8_t)(rank * 4 + (binding == STB_GLOBAL ? 0 : binding == STB_WEAK ? 1 : 2));
}

static void read_symbol(struct elf_file *f, int i)
{
    GElf_Sym sym;
    GElf_Addr addr;
    GElf_Word section;
    const char *name = dwfl_module_getsym_info(f->module, i, &sym, &addr, &section, NULL, NULL);
    if (!name || !*name || section == SHN_UNDEF || !addr)
        return;
    unsigned type = GELF_ST_TYPE(sym.st_info);
    struct elf_symbol symbol = {addr, sym.st_size, name,
                                rank_name(name, GELF_ST_BIND(sym.st_info))};
    if (type == STT_FUNC || type == STT_GNU_IFUNC)
        add_symbol(&f->functions, symbol);
    else if (type == STT_OBJECT)
        add_symbol(&f->variables, symbol);
    if (type != STT_NOTYPE || name[0] == '$' || name[0] == '.')
        return;
    symbol.rank = (uint8_t)(symbol.rank + 32); /* an assembler's label */
    add_symbol(&f->functions, symbol);
}

static int compare_symbols(const void *a, const void *b)
{
    const struct elf_symbol *x = a, *y = b;
    if (x->addr != y->addr)
        return x->addr < y->addr ? -1 : 1;
    return (int)x->rank - (int)y->rank;
}

/* Sorts and keeps the best name of each address. */
static void settle(struct elf_symbols *s)
{
    if (!s->count)
        return;
    qsort(s->list, s->count, sizeof *s->list, compare_symbols);
    size_t kept = 1;
    for (size_t i = 1; i < s->count; i++) {
        struct elf_symbol *last = &s->list[kept - 1];
        if (s->list[i].addr != last->addr)
            s->list[kept++] = s->list[i];
        else if (s->list[i].size > last->size)
            last->size = s->list[i].size;
    }
    s->count = kept;
}

static void take_plt(void *data, uint64_t addr, uint64_t size, const char *name)
{
    struct elf_file *f = data;
    add_symbol(&f->functions,
               (struct elf_symbol){addr, size, arena_printf(&f->arena, "%s@plt", name), 255});
}

static void read_symbols(struct elf_file *f)
{
    if (f->symbols_read)
        return;
    f->symbols_read = true;
    int count = dwfl_module_getsymtab(f->module);
    for (int i = 1; i < count; i++)
        read_symbol(f, i);
    elf_plt_each(f->elf, take_plt, f);
    settle(&f->functions);
    settle(&f->variables);
}

/* A small symbol may stand inside a larger one's bytes: how far back to look. */
enum {
    LOOK_BACK = 16
};

static const struct elf_symbol *covering(const struct elf_symbols *s, uint64_t vaddr,
                                         bool sizes_only)
{
    size_t lo = 0, hi = s->count;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (s->list[mid].addr <= vaddr)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (size_t i = lo; i-- > 0 && lo - i <= LOOK_BACK;) {
        const struct elf_symbol *sym = &s->list[i];
        if (vaddr - sym->addr < sym->size)
            return sym;
        if (!sym->size && !sizes_only && i + 1 == lo)
            return sym;
    }
    return NULL;
}

const struct elf_symbol *elf_function(struct elf_file *f, uint64_t vaddr)
{
    read_symbols(f);
    const struct elf_symbol *sized = covering(&f->functions, vaddr, true);
    if (sized)
        return sized;
    /* A label without size (assembler): only as far as its function reaches. */
    const struct elf_symbol *label = covering(&f->functions, vaddr, false);
    uint64_t start;
    if (label && elf_function_start(f, vaddr, &start) && start > label->addr)
        return NULL;
    return label;
}

const struct elf_symbol *elf_variable(struct elf_file *f, uint64_t vaddr)
{
    read_symbols(f);
    return covering(&f->variables, vaddr, true);
}

/* -- .eh_frame_hdr: a sorted table of function starts */

static bool read_at(const struct elf_file *f, uint64_t off, void *to, size_t bytes)
{
    if (!f->raw || off > f->raw_bytes || bytes > f->raw_bytes - off)
        return false;
    memcpy(to, f->raw + off, bytes);
    return true;
}

static bool find_eh_hdr(const struct elf_file *f, GElf_Phdr *ph)
{
    size_t count;
    if (elf_getphdrnum(f->elf, &count) != 0)
        return false;
    for (size_t i = 0; i < count; i++)
        if (gelf_getphdr(f->elf, (int)i, ph) && ph->p_type == PT_GNU_EH_FRAME)
            return true;
    return false;
}

struct eh_entry {
    int32_t start; /* both relative to the header's address */
    int32_t fde;
};

/* Whether the FDE covers vaddr; true where it is not of the usual encoding. */
static bool fde_covers(const struct elf_file *f, uint64_t fde_off, uint64_t fde_vaddr,
                       uint64_t start, uint64_t vaddr)
{
    struct {
        uint32_t length, cie;
        int32_t begin; /* pc-relative */
        uint32_t range;
    } fde;
    if (!read_at(f, fde_off, &fde, sizeof fde))
        return false;
    if (fde_vaddr + 8 + (uint64_t)(int64_t)fde.begin != start)
        return true;
    return vaddr - start < fde.range;
}

bool elf_function_start(const struct elf_file *f, uint64_t vaddr, uint64_t *start)
{
    /* version 1, .eh_frame pointer sdata4 pcrel, count udata4, table sdata4 datarel */
    static const uint8_t usual[4] = {1, 0x1b, 0x03, 0x3b};
    GElf_Phdr ph;
    uint8_t head[4];
    uint32_t count;
    if (!find_eh_hdr(f, &ph) || !read_at(f, ph.p_offset, head, 4) || memcmp(head, usual, 4) ||
        !read_at(f, ph.p_offset + 8, &count, 4))
        return false;
    uint64_t table = ph.p_offset + 12, lo = 0, hi = count;
    struct eh_entry entry;
    while (lo < hi) {
        uint64_t mid = (lo + hi) / 2;
        if (!read_at(f, table + mid * sizeof entry, &entry, sizeof entry))
            return false;
        if (ph.p_vaddr + (uint64_t)(int64_t)entry.start <= vaddr)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (!lo || !read_at(f, table + (lo - 1) * sizeof entry, &entry, sizeof entry))
        return false;
    *start = ph.p_vaddr + (uint64_t)(int64_t)entry.start;
    uint64_t fde_vaddr = ph.p_vaddr + (uint64_t)(int64_t)entry.fde;
    /* .eh_frame lies in the header's segment, so the same distance holds in the file. */
    uint64_t fde_off = ph.p_offset + (uint64_t)(int64_t)entry.fde;
    return fde_covers(f, fde_off, fde_vaddr, *start, vaddr);
}
