/* object_elf: the inside of struct object. Private to symbols/. */
#ifndef SYMBOLS_OBJECT_ELF_H
#define SYMBOLS_OBJECT_ELF_H

#include "symbols/dwarf_file.h"
#include "symbols/elf_file.h"
#include "symbols/object.h"

struct object {
    struct object_map map;
    struct elf_file elf;
    struct dwarf_file dwarf; /* once it was asked for */
    bool dwarf_open;
    bool fixed; /* linked to its addresses: no PIE, no library */
    bool little_endian;
    uint16_t machine;              /* EM_X86_64, ... */
    char build_id[129];            /* hex */
    struct object_symbol *symbols; /* owned */
    size_t symbol_count;
};

/* The file's bytes from an address on, to the end of its segment; NULL for none. */
const uint8_t *object_bytes(const struct object *o, uint64_t vaddr, size_t *bytes);

#endif
