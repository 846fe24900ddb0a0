/* Machine code as text: by capstone, in the columns of objdump. */
#include "base/lazy.h"
#include "symbols/object.h"
#include "symbols/object_elf.h"

#include <capstone/capstone.h>
#include <inttypes.h>
#include <string.h>

/* What is used of capstone, which is loaded when code is looked at: its tables take a
 * millisecond. */
#define CAPSTONE_FUNCTIONS(X)                                                                      \
    X(close) X(disasm_iter) X(free) X(malloc) X(open) X(option) X(strerror)
#define MEMBER(name) __typeof__(cs_##name) *name;
#define SYMBOL(name) {"cs_" #name, &cs.name},
static struct {
    CAPSTONE_FUNCTIONS(MEMBER)
} cs;

static const struct lazy_symbol symbols[] = {CAPSTONE_FUNCTIONS(SYMBOL){NULL, NULL}};

struct target {
    uint16_t machine;
    cs_arch arch;
    int mode;
};

static const struct target targets[] = {
    {EM_X86_64, CS_ARCH_X86, CS_MODE_64},     {EM_386, CS_ARCH_X86, CS_MODE_32},
    {EM_AARCH64, CS_ARCH_ARM64, CS_MODE_ARM}, {EM_ARM, CS_ARCH_ARM, CS_MODE_ARM},
    {EM_PPC64, CS_ARCH_PPC, CS_MODE_64},      {EM_S390, CS_ARCH_SYSZ, CS_MODE_LITTLE_ENDIAN},
    {EM_MIPS, CS_ARCH_MIPS, CS_MODE_MIPS64}};

static bool open_engine(const struct object *o, bool intel, csh *engine, struct err *err)
{
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        const struct target *t = &targets[i];
        if (t->machine != o->machine)
            continue;
        unsigned mode = (unsigned)t->mode | (o->little_endian ? 0 : CS_MODE_BIG_ENDIAN);
        cs_err e = cs.open(t->arch, (cs_mode)mode, engine);
        if (e != CS_ERR_OK)
            return err_set(err, "capstone: %s", cs.strerror(e));
        cs.option(*engine, CS_OPT_SKIPDATA, CS_OPT_ON);
        if (t->arch == CS_ARCH_X86 && !intel)
            cs.option(*engine, CS_OPT_SYNTAX, CS_OPT_SYNTAX_ATT);
        return true;
    }
    return err_set(err, "no disassembler for ELF machine %u", o->machine);
}

/* The name that covers an address, "" for none. */
static const char *name_at(struct object *o, struct arena *a, uint64_t vaddr, uint64_t *distance)
{
    const struct elf_symbol *s = elf_function(&o->elf, vaddr);
    if (!s)
        return "";
    *distance = vaddr - s->addr;
    return object_readable_name(a, s->name, OBJECT_NAMES_FULL);
}

/* "jne    0x1139 <main+0x10>": where a jump goes, by name. */
static const char *inst_text(struct object *o, struct arena *a, const cs_insn *in)
{
    const char *target = in->op_str[0] == '#' ? in->op_str + 1 : in->op_str;
    char *end = NULL;
    uint64_t to = 0, distance = 0;
    bool jump =
        in->mnemonic[0] == 'j' || in->mnemonic[0] == 'b' || !strncmp(in->mnemonic, "call", 4);
    if (jump && !strncmp(target, "0x", 2))
        to = strtoull(target, &end, 16);
    const char *name = end && !*end ? name_at(o, a, to, &distance) : "";
    if (!name[0])
        return arena_printf(a, in->op_str[0] ? "%-6s %s" : "%s", in->mnemonic, in->op_str);
    return distance ? arena_printf(a, "%-6s %s <%s+0x%" PRIx64 ">", in->mnemonic, in->op_str, name,
                                   distance)
                    : arena_printf(a, "%-6s %s <%s>", in->mnemonic, in->op_str, name);
}

static void add_inst(struct object *o, struct object_code *code, size_t *cap, const cs_insn *in)
{
    struct object_frame frames[OBJECT_FRAMES];
    unsigned n = object_frames(o, in->address, false, frames);
    struct object_inst inst = {.vaddr = in->address,
                               .length = in->size,
                               .text = inst_text(o, &code->arena, in),
                               .function = "",
                               .file = ""};
    if (n) {
        inst.function = object_readable_name(&code->arena, frames[0].function, OBJECT_NAMES_FULL);
        inst.file = frames[0].file;
        inst.line = frames[0].line;
    }
    mem_grow(&code->insts, cap, code->count + 1, sizeof inst);
    code->insts[code->count++] = inst;
}

bool object_disassemble(struct object *o, uint64_t begin, uint64_t end, bool intel,
                        struct object_code *code, struct err *err)
{
    enum {
        MOST_BYTES = 1 << 20 /* of one function; more is damage */
    };
    csh engine;
    size_t left = 0, cap = 0;
    *code = (struct object_code){0};
    const uint8_t *bytes = object_bytes(o, begin, &left);
    if (!bytes || end <= begin)
        return err_set(err, "no code at 0x%" PRIx64, begin);
    if (!lazy_load("libcapstone.so.4", symbols, err) || !open_engine(o, intel, &engine, err))
        return false;
    left = left < end - begin ? left : end - begin;
    left = left < MOST_BYTES ? left : MOST_BYTES;
    cs_insn *in = cs.malloc(engine);
    while (cs.disasm_iter(engine, &bytes, &left, &begin, in))
        add_inst(o, code, &cap, in);
    cs.free(in, 1);
    cs.close(&engine);
    struct object_inst *grown = code->insts;
    code->insts =
        code->count ? arena_memdup(&code->arena, grown, code->count * sizeof *grown) : NULL;
    free(grown);
    return true;
}
