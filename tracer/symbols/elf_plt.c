#include "symbols/elf_plt.h"

#include "base/map.h"

#include <stdbool.h>
#include <string.h>

struct plt {
    Elf *elf;
    size_t names;              /* section header strings */
    struct map64 name_of_slot; /* GOT slot's address -> const char * */
    void (*each)(void *data, uint64_t addr, uint64_t size, const char *name);
    void *data;
};

/* The slots that one relocation section fills with functions' addresses. */
static void read_relocations(struct plt *plt, Elf_Scn *section, const GElf_Shdr *head)
{
    Elf_Data *data = elf_getdata(section, NULL);
    Elf_Scn *symbols = elf_getscn(plt->elf, head->sh_link);
    GElf_Shdr symbols_head;
    if (!data || !symbols || !gelf_getshdr(symbols, &symbols_head) || !head->sh_entsize)
        return;
    Elf_Data *table = elf_getdata(symbols, NULL);
    for (size_t i = 0; table && i < head->sh_size / head->sh_entsize; i++) {
        GElf_Rela rela;
        GElf_Sym sym;
        if (!gelf_getrela(data, (int)i, &rela) ||
            (GELF_R_TYPE(rela.r_info) != R_X86_64_JUMP_SLOT &&
             GELF_R_TYPE(rela.r_info) != R_X86_64_GLOB_DAT) ||
            !gelf_getsym(table, (int)GELF_R_SYM(rela.r_info), &sym))
            continue;
        const char *name = elf_strptr(plt->elf, symbols_head.sh_link, sym.st_name);
        if (name && *name)
            *map64_put(&plt->name_of_slot, rela.r_offset, NULL) = (uint64_t)(uintptr_t)name;
    }
}

/* Stubs end in `jmp *slot(%rip)`: ff 25 and a 32-bit distance. */
static void read_stubs(struct plt *plt, Elf_Scn *section, const GElf_Shdr *head,
                       uint64_t stub_bytes)
{
    Elf_Data *data = elf_getdata(section, NULL);
    const uint8_t *code = data ? data->d_buf : NULL;
    if (!code)
        return;
    for (size_t i = 0; i + 6 <= data->d_size; i++) {
        if (code[i] != 0xff || code[i + 1] != 0x25)
            continue;
        int32_t distance;
        memcpy(&distance, code + i + 2, 4);
        uint64_t slot = head->sh_addr + i + 6 + (uint64_t)(int64_t)distance;
        uint64_t *name = map64_get(&plt->name_of_slot, slot);
        if (name)
            plt->each(plt->data, head->sh_addr + i / stub_bytes * stub_bytes, stub_bytes,
                      (const char *)(uintptr_t)*name);
        i += 5;
    }
}

static void each_section(struct plt *plt, bool stubs)
{
    for (Elf_Scn *section = NULL; (section = elf_nextscn(plt->elf, section));) {
        GElf_Shdr head;
        if (!gelf_getshdr(section, &head) || head.sh_type == SHT_NOBITS)
            continue;
        const char *name = elf_strptr(plt->elf, plt->names, head.sh_name);
        if (!stubs && head.sh_type == SHT_RELA && head.sh_flags & SHF_ALLOC)
            read_relocations(plt, section, &head);
        else if (stubs && name && (!strcmp(name, ".plt") || !strcmp(name, ".plt.sec")))
            read_stubs(plt, section, &head, 16);
        else if (stubs && name && !strcmp(name, ".plt.got"))
            read_stubs(plt, section, &head, head.sh_entsize == 16 ? 16 : 8);
    }
}

void elf_plt_each(Elf *elf,
                  void (*each)(void *data, uint64_t addr, uint64_t size, const char *name),
                  void *data)
{
    GElf_Ehdr head;
    struct plt plt = {.elf = elf, .each = each, .data = data};
    if (!gelf_getehdr(elf, &head) || head.e_machine != EM_X86_64 ||
        elf_getshdrstrndx(elf, &plt.names) != 0)
        return;
    each_section(&plt, false);
    each_section(&plt, true);
    map64_release(&plt.name_of_slot);
}
