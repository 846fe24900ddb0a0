/* elf_file: one ELF file and, where there is one, its separate debug file:
 * program headers, symbol tables, PLT stubs, function bounds. Private to
 * symbols/. Addresses are the file's own (st_value, p_vaddr). */
#ifndef SYMBOLS_ELF_FILE_H
#define SYMBOLS_ELF_FILE_H

#include "base/arena.h"

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_symbol {
    uint64_t addr;
    uint64_t size;    /* 0: up to the next one */
    const char *name; /* as in the file; borrowed from the file or its arena */
    uint8_t rank;     /* lower is the better name for the same address */
};

struct elf_symbols {
    struct elf_symbol *list; /* owned, sorted by address, one an address */
    size_t count, cap;
};

struct elf_file {
    Dwfl *dwfl;
    Dwfl_Module *module;
    Elf *elf;           /* the main file; borrowed from module */
    const uint8_t *raw; /* its bytes */
    size_t raw_bytes;
    struct elf_symbols functions;
    struct elf_symbols variables;
    bool symbols_read;
    const char *problem; /* NULL: it is the file that was mapped */
    struct arena arena;
};

/* Opens the file and checks its build-id; on failure f->problem says why. */
void elf_file_open(struct elf_file *f, const char *path, const uint8_t *build_id, size_t len);
void elf_file_close(struct elf_file *f);

bool elf_vaddr_from_off(const struct elf_file *f, uint64_t off, uint64_t *vaddr);
/* Whether a loaded segment covers the address. */
bool elf_has_vaddr(const struct elf_file *f, uint64_t vaddr);

/* The symbol that covers the address, or NULL. */
const struct elf_symbol *elf_function(struct elf_file *f, uint64_t vaddr);
const struct elf_symbol *elf_variable(struct elf_file *f, uint64_t vaddr);
/* The start of the function around vaddr as .eh_frame_hdr tells it; false where
 * it does not. */
bool elf_function_start(const struct elf_file *f, uint64_t vaddr, uint64_t *start);

#endif
