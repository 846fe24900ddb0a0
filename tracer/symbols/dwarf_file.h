/* dwarf_file: lines and inlined calls of one file's DWARF. The DIE tree of a
 * compile unit is walked once, when an address in it is first asked for, and
 * flattened to disjoint address ranges; after that each look-up is a binary
 * search. (libdw's dwarf_getscopes walks the tree each time.) Private to symbols/. */
#ifndef SYMBOLS_DWARF_FILE_H
#define SYMBOLS_DWARF_FILE_H

#include "base/arena.h"

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dwarf_unit;
struct dwarf_file {
    Dwarf *dwarf;  /* borrowed */
    uint64_t bias; /* DWARF's address = file's address - bias */
    struct dwarf_unit *units;
    size_t unit_count, unit_cap;
    struct dwarf_range *ranges; /* of the units, sorted */
    size_t range_count, range_cap;
    struct arena arena; /* qualified names */
};

struct dwarf_frame {
    const char *name; /* as in the DWARF (mangled where it says so), or NULL */
    const char *file; /* or NULL */
    uint32_t line;
    uint64_t entry; /* of a function that is not inlined: its first address; else 0 */
    bool inlined;
};

enum {
    DWARF_MAX_FRAMES = 64
};

/* A NULL dwarf makes a file without answers. */
void dwarf_file_open(struct dwarf_file *f, Dwarf *dwarf, uint64_t bias);
void dwarf_file_close(struct dwarf_file *f);
/* Fills frames, innermost first, and returns their number; 0 where DWARF has
 * nothing on the address. Strings are borrowed from the DWARF. */
unsigned dwarf_frames(struct dwarf_file *f, uint64_t vaddr,
                      struct dwarf_frame frames[DWARF_MAX_FRAMES]);

#endif
