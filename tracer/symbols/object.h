/* object: an ELF file as a process had it mapped, for reports about a profile's
 * addresses: names as the file has them, lines, inlined calls, machine code.
 *
 *     struct object *o = object_open("/usr/bin/x", &(struct object_map){start, limit, off}, &err);
 *     if (o && object_vaddr(o, address, &vaddr))
 *         n = object_frames(o, vaddr, frames);
 *     object_close(o);
 *
 * symbols.h answers the same for traces, with readable names and by file offset. Not
 * thread-safe. */
#ifndef SYMBOLS_OBJECT_H
#define SYMBOLS_OBJECT_H

#include "base/arena.h"
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct object;

/* The addresses that a process saw the file at. All 0: at those of the file itself. */
struct object_map {
    uint64_t start, limit; /* [start, limit) */
    uint64_t file_off;     /* of start */
};

struct object *object_open(const char *path, const struct object_map *map, struct err *err);
void object_close(struct object *o);
/* Lower-case hex, "" where the file has none. */
const char *object_build_id(const struct object *o);

/* A process's address as the file has it; false where the file has no code there. */
bool object_vaddr(const struct object *o, uint64_t address, uint64_t *vaddr);

struct object_frame {
    const char *function; /* as in the file, mangled; "" where unknown */
    const char *file;     /* "" where unknown */
    uint32_t line;        /* 0 where unknown */
};

enum {
    OBJECT_FRAMES = 64
};

/* The function around the address and what was inlined into it, innermost first;
 * 0 where nothing is known. `fast` looks at the symbol table only. */
unsigned object_frames(struct object *o, uint64_t vaddr, bool fast,
                       struct object_frame frames[OBJECT_FRAMES]);

/* A name in the symbol table, as `nm -n` lists them: by address, then by name. */
struct object_symbol {
    uint64_t vaddr;
    const char *name;
};
const struct object_symbol *object_symbols(struct object *o, size_t *count);

/* An instruction, with the place it comes from where that is known. */
struct object_inst {
    uint64_t vaddr;
    uint32_t length;
    uint32_t line;        /* 0 where unknown */
    const char *text;     /* "mov    %rsp,%rbp" */
    const char *function; /* readable, "" where unknown */
    const char *file;     /* "" where unknown */
};

struct object_code {
    struct arena arena;
    struct object_inst *insts; /* by address */
    size_t count;
};

/* Instructions in [begin, end), by capstone. */
bool object_disassemble(struct object *o, uint64_t begin, uint64_t end, bool intel,
                        struct object_code *code, struct err *err);
/* The same by binutils' objdump, word for word as google/pprof shows it. `tools` is a
 * colon-separated list of folders to find it in before $PATH; may be "". False without
 * err being set where there is no objdump. */
bool object_objdump(const char *path, uint64_t begin, uint64_t end, bool intel, const char *tools,
                    struct object_code *code);

/* How much of a C++ or Rust name to show. */
enum object_names {
    OBJECT_NAMES_SHORT,     /* no parameters, no template arguments */
    OBJECT_NAMES_TEMPLATES, /* no parameters */
    OBJECT_NAMES_FULL,
    OBJECT_NAMES_RAW /* as in the file */
};

/* A readable form of a name in a file, in the arena; `name` itself where it has none. */
const char *object_readable_name(struct arena *a, const char *name, enum object_names names);

#endif
