/* elf_plt: the names of PLT stubs, which have no symbols of their own. A stub
 * jumps through a GOT slot; the slot's relocation names the function. */
#ifndef SYMBOLS_ELF_PLT_H
#define SYMBOLS_ELF_PLT_H

#include <gelf.h>
#include <stdint.h>

/* Calls `each` for every stub (x86-64; elsewhere for none). `name` is borrowed. */
void elf_plt_each(Elf *elf,
                  void (*each)(void *data, uint64_t addr, uint64_t size, const char *name),
                  void *data);

#endif
