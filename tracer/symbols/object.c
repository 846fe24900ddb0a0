#include "symbols/object.h"

#include "symbols/dwarf_file.h"
#include "symbols/elf_file.h"
#include "symbols/object_elf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What debug information may refer to by number; a larger one is damage. */
_Static_assert((int)OBJECT_FRAMES == (int)DWARF_MAX_FRAMES, "frames fit");

static void read_build_id(struct object *o)
{
    const unsigned char *bits;
    GElf_Addr vaddr;
    int len = dwfl_module_build_id(o->elf.module, &bits, &vaddr);
    for (int i = 0; i < len && (size_t)i * 2 + 3 < sizeof o->build_id; i++)
        snprintf(o->build_id + 2 * (size_t)i, 3, "%02x", bits[i]);
}

struct object *object_open(const char *path, const struct object_map *map, struct err *err)
{
    GElf_Ehdr head;
    struct object *o = calloc(1, sizeof *o);
    if (!o)
        abort();
    o->map = *map;
    if (access(path, R_OK)) {
        err_errno(err, "open %s", path);
        free(o);
        return NULL;
    }
    elf_file_open(&o->elf, path, NULL, 0);
    if (o->elf.problem || !gelf_getehdr(o->elf.elf, &head)) {
        err_set(err, "%s: %s", path, o->elf.problem ? o->elf.problem : "no ELF header");
        object_close(o);
        return NULL;
    }
    o->machine = head.e_machine;
    o->fixed = head.e_type == ET_EXEC;
    o->little_endian = head.e_ident[EI_DATA] == ELFDATA2LSB;
    read_build_id(o);
    return o;
}

void object_close(struct object *o)
{
    if (!o)
        return;
    dwarf_file_close(&o->dwarf);
    elf_file_close(&o->elf);
    free(o->symbols);
    free(o);
}

const char *object_build_id(const struct object *o)
{
    return o->build_id;
}

bool object_vaddr(const struct object *o, uint64_t address, uint64_t *vaddr)
{
    if (o->fixed || (!o->map.start && !o->map.file_off)) {
        *vaddr = address;
        return true;
    }
    uint64_t start;
    if (!elf_vaddr_from_off(&o->elf, o->map.file_off, &start))
        return false;
    *vaddr = address - o->map.start + start;
    return true;
}

static void open_dwarf(struct object *o)
{
    Dwarf_Addr bias = 0;
    if (o->dwarf_open)
        return;
    o->dwarf_open = true;
    Dwarf *dwarf = dwfl_module_getdwarf(o->elf.module, &bias);
    dwarf_file_open(&o->dwarf, dwarf, bias);
}

unsigned object_frames(struct object *o, uint64_t vaddr, bool fast,
                       struct object_frame frames[OBJECT_FRAMES])
{
    struct dwarf_frame from[DWARF_MAX_FRAMES];
    unsigned count = 0;
    if (!fast) {
        open_dwarf(o);
        count = dwarf_frames(&o->dwarf, vaddr, from);
    }
    const struct elf_symbol *symbol =
        count && from[count - 1].name ? NULL : elf_function(&o->elf, vaddr);
    for (unsigned i = 0; i < count; i++)
        frames[i] = (struct object_frame){from[i].name ? from[i].name : "",
                                          from[i].file ? from[i].file : "", from[i].line};
    if (!symbol)
        return count;
    if (!count)
        frames[count++] = (struct object_frame){"", "", 0};
    frames[count - 1].function = symbol->name;
    return count;
}

/* ---- all names ---- */

static int by_address(const void *a, const void *b)
{
    const struct object_symbol *x = a, *y = b;
    if (x->vaddr != y->vaddr)
        return x->vaddr < y->vaddr ? -1 : 1;
    return strcmp(x->name, y->name);
}

static void read_symbols(struct object *o)
{
    size_t cap = 0;
    int count = dwfl_module_getsymtab(o->elf.module);
    for (int i = 1; i < count; i++) {
        GElf_Sym sym;
        GElf_Addr addr;
        GElf_Word section;
        const char *name =
            dwfl_module_getsym_info(o->elf.module, i, &sym, &addr, &section, NULL, NULL);
        unsigned type = GELF_ST_TYPE(sym.st_info);
        if (!name || !*name || section == SHN_UNDEF || type == STT_SECTION || type == STT_FILE)
            continue;
        mem_grow(&o->symbols, &cap, o->symbol_count + 1, sizeof *o->symbols);
        o->symbols[o->symbol_count++] = (struct object_symbol){addr, name};
    }
    if (o->symbol_count)
        qsort(o->symbols, o->symbol_count, sizeof *o->symbols, by_address);
}

const struct object_symbol *object_symbols(struct object *o, size_t *count)
{
    if (!o->symbols)
        read_symbols(o);
    *count = o->symbol_count;
    return o->symbols;
}

const uint8_t *object_bytes(const struct object *o, uint64_t vaddr, size_t *bytes)
{
    size_t count;
    GElf_Phdr ph;
    if (!o->elf.raw || elf_getphdrnum(o->elf.elf, &count) != 0)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (!gelf_getphdr(o->elf.elf, (int)i, &ph) || ph.p_type != PT_LOAD || vaddr < ph.p_vaddr ||
            vaddr - ph.p_vaddr >= ph.p_filesz)
            continue;
        uint64_t off = ph.p_offset + (vaddr - ph.p_vaddr);
        uint64_t left = ph.p_filesz - (vaddr - ph.p_vaddr);
        if (off >= o->elf.raw_bytes)
            return NULL;
        *bytes = left < o->elf.raw_bytes - off ? left : o->elf.raw_bytes - off;
        return o->elf.raw + off;
    }
    return NULL;
}
