/* symbols: code and data addresses to functions, files, lines and inlined calls.
 *
 *     struct symbols *s = symbols_new();
 *     uint32_t m = symbols_module(s, "/usr/bin/x", build_id, 20);
 *     const struct symbols_place *place = symbols_resolve(s, m, file_off);
 *     for (unsigned i = 0; i < place->count; i++)      // innermost first
 *         puts(place->frames[i].function);
 *     symbols_free(s);
 *
 * A module is a file as some process had mapped it: path and build-id. Where
 * the file at that path is another one now, or gone, nothing is guessed: names
 * are "x+0x1234". Names come, in this order, from DWARF (also separate files by
 * build-id or debug link, and debuginfod where DEBUGINFOD_URLS is set), from
 * .symtab or .dynsym, from the PLT's relocations ("malloc@plt"), and last from
 * the start of the function that .eh_frame tells ("x+0x1200"), so that all
 * places in an unnamed function share a name.
 *
 * Results are cached by (module, offset) and live until symbols_free. C++ and
 * Rust names are demangled, without parameters. Not thread-safe. */
#ifndef SYMBOLS_SYMBOLS_H
#define SYMBOLS_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbols;

struct symbols_frame {
    const char *function; /* never empty */
    const char *file;     /* "" where unknown */
    uint32_t line;        /* 0 where unknown */
    bool inlined;         /* inlined into the next frame */
};

struct symbols_place {
    const struct symbols_frame *frames; /* innermost first */
    unsigned count;                     /* at least 1 */
    uint64_t vaddr; /* the address in the file's own terms, as addr2line takes it */
};

enum {
    SYMBOLS_NO_MODULE = UINT32_MAX
};

struct symbols *symbols_new(void);
void symbols_free(struct symbols *s);

/* Id of a module, the same for the same path and build-id. Opens nothing yet.
 * build_id may be empty: then the file at the path is taken as it is. */
uint32_t symbols_module(struct symbols *s, const char *path, const uint8_t *build_id,
                        size_t build_id_len);
/* The path as given. */
const char *symbols_module_path(const struct symbols *s, uint32_t module);

/* The place of a byte of the file; for a return address give the offset of the
 * byte before it. Never NULL. */
const struct symbols_place *symbols_resolve(struct symbols *s, uint32_t module, uint64_t file_off);

/* A variable's name, or NULL. `addr` is an address of a process that has the
 * module's executable bytes from file_off on mapped at `begin`. Borrowed. */
const char *symbols_data(struct symbols *s, uint32_t module, uint64_t begin, uint64_t file_off,
                         uint64_t addr);

/* The build-id of the module's file, as found: its bytes into id, their number returned. */
size_t symbols_module_build_id(struct symbols *s, uint32_t module, uint8_t id[64]);

/* Why a module gives no names ("changed since", "not found"), or NULL. */
const char *symbols_module_problem(struct symbols *s, uint32_t module);

#endif
