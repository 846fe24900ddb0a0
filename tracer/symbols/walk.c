#include "symbols/walk.h"

#include "base/arena.h"
#include "symbols/walk_memory.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <stdlib.h>
#include <string.h>

enum {
    RBP = 6,
    RSP = 7,
    PC = 16,
    DEPTH = 16,            /* of an expression's stack */
    FUNCTION_MAX = 1 << 20 /* a call's target is so near below a pc, where no symbol says */
};

struct walk {
    Dwfl *dwfl;
    struct walk_memory memory;
};

struct registers {
    uint64_t value[WALK_REGISTERS];
    uint32_t known; /* bits */
};

static char *debuginfo_path;
static const Dwfl_Callbacks callbacks = {
    .find_elf = dwfl_linux_proc_find_elf,
    .find_debuginfo = dwfl_standard_find_debuginfo,
    .debuginfo_path = &debuginfo_path,
};

struct walk *walk_open(pid_t pid, struct err *err)
{
    struct walk *w = mem_realloc(NULL, 1, sizeof *w);
    w->memory.pid = pid;
    w->memory.bytes = 0;
    w->dwfl = dwfl_begin(&callbacks);
    if (w->dwfl && dwfl_linux_proc_report(w->dwfl, pid) == 0 &&
        dwfl_report_end(w->dwfl, NULL, NULL) == 0)
        return w;
    err_set(err, "read the mappings of process %d: %s", (int)pid, dwfl_errmsg(-1));
    walk_close(w);
    return NULL;
}

void walk_close(struct walk *w)
{
    if (!w)
        return;
    if (w->dwfl)
        dwfl_end(w->dwfl);
    free(w);
}

static bool get(const struct registers *r, unsigned number, uint64_t *value)
{
    if (number >= WALK_REGISTERS || !(r->known >> number & 1))
        return false;
    *value = r->value[number];
    return true;
}

static void put(struct registers *r, unsigned number, uint64_t value)
{
    r->value[number] = value;
    r->known |= 1u << number;
}

/* ---- expressions ---- */

struct machine {
    const struct walk *walk;
    const struct registers *registers;
    uint64_t cfa;
    uint64_t stack[DEPTH];
    unsigned count;
    bool is_value; /* the result is the value, not where it is */
    bool failed;
    bool wants_rbp; /* failed for want of it */
};

static uint64_t pop(struct machine *m)
{
    if (m->count)
        return m->stack[--m->count];
    m->failed = true;
    return 0;
}

static void push(struct machine *m, uint64_t v)
{
    if (m->count < DEPTH)
        m->stack[m->count++] = v;
    else
        m->failed = true;
}

static void push_register(struct machine *m, unsigned number, uint64_t offset)
{
    uint64_t v = 0;
    if (!get(m->registers, number, &v)) {
        m->failed = true;
        m->wants_rbp |= number == RBP;
    }
    push(m, v + offset);
}

static void binary(struct machine *m, unsigned op)
{
    uint64_t b = pop(m), a = pop(m);
    push(m, op == DW_OP_plus    ? a + b
            : op == DW_OP_minus ? a - b
            : op == DW_OP_mul   ? a * b
            : op == DW_OP_and   ? a & b
            : op == DW_OP_or    ? a | b
            : op == DW_OP_xor   ? a ^ b
            : op == DW_OP_shl   ? a << (b & 63)
            : op == DW_OP_shr   ? a >> (b & 63)
            : op == DW_OP_ge    ? (int64_t)a >= (int64_t)b
            : op == DW_OP_gt    ? (int64_t)a > (int64_t)b
            : op == DW_OP_le    ? (int64_t)a <= (int64_t)b
            : op == DW_OP_lt    ? (int64_t)a < (int64_t)b
            : op == DW_OP_eq    ? a == b
                                : a != b);
}

static void deref(struct machine *m)
{
    uint64_t word = 0;
    m->failed |= !walk_memory_word(&m->walk->memory, pop(m), &word);
    push(m, word);
}

static void dup_top(struct machine *m)
{
    uint64_t v = pop(m);
    push(m, v);
    push(m, v);
}

static void step(struct machine *m, const Dwarf_Op *op)
{
    unsigned a = op->atom;
    if (a >= DW_OP_breg0 && a <= DW_OP_breg31)
        push_register(m, a - DW_OP_breg0, op->number);
    else if (a == DW_OP_bregx)
        push_register(m, (unsigned)op->number, op->number2);
    else if (a >= DW_OP_reg0 && a <= DW_OP_reg31) {
        push_register(m, a - DW_OP_reg0, 0);
        m->is_value = true;
    } else if (a == DW_OP_regx) {
        push_register(m, (unsigned)op->number, 0);
        m->is_value = true;
    } else if (a >= DW_OP_lit0 && a <= DW_OP_lit31)
        push(m, a - DW_OP_lit0);
    else if ((a >= DW_OP_const1u && a <= DW_OP_consts) || a == DW_OP_addr)
        push(m, op->number);
    else if (a == DW_OP_call_frame_cfa)
        push(m, m->cfa);
    else if (a == DW_OP_plus_uconst)
        push(m, pop(m) + op->number);
    else if (a == DW_OP_deref)
        deref(m);
    else if (a == DW_OP_dup)
        dup_top(m);
    else if (a == DW_OP_stack_value)
        m->is_value = true;
    else if (a == DW_OP_plus || a == DW_OP_minus || a == DW_OP_mul || a == DW_OP_and ||
             a == DW_OP_or || a == DW_OP_xor || a == DW_OP_shl || a == DW_OP_shr ||
             (a >= DW_OP_eq && a <= DW_OP_ne))
        binary(m, a);
    else if (a != DW_OP_nop)
        m->failed = true;
}

static bool run(struct machine *m, const Dwarf_Op *ops, size_t count, uint64_t *result)
{
    m->count = 0;
    m->is_value = m->failed = m->wants_rbp = false;
    for (size_t i = 0; i < count && !m->failed; i++)
        step(m, &ops[i]);
    *result = pop(m);
    return !m->failed;
}

/* ---- a frame that hangs on an rbp that is not known ---- */

/* Whether a call of `target` is a call of the function that pc is in. */
static bool is_entry(struct walk *w, uint64_t target, uint64_t pc)
{
    Dwfl_Module *module = dwfl_addrmodule(w->dwfl, pc);
    GElf_Off offset;
    GElf_Sym symbol;
    if (!module || dwfl_addrmodule(w->dwfl, target) != module)
        return false;
    if (dwfl_module_addrinfo(module, pc, &offset, &symbol, NULL, NULL, NULL))
        return pc - offset == target;
    return target < pc && pc - target < FUNCTION_MAX;
}

/* The slot that holds the caller's rbp, below the return address into it; 0: not found. */
static uint64_t find_frame(struct walk *w, uint64_t pc, uint64_t sp)
{
    uint64_t possible = 0, end = w->memory.base + w->memory.bytes;
    const Dwfl_Module *module = dwfl_addrmodule(w->dwfl, pc);
    for (uint64_t at = sp; at + 16 <= end; at += 8) {
        uint64_t saved, ra, target;
        if (!walk_memory_word(&w->memory, at, &saved) ||
            !walk_memory_word(&w->memory, at + 8, &ra) || !dwfl_addrmodule(w->dwfl, ra) ||
            !walk_is_behind_call(&w->memory, ra, &target))
            continue;
        target = target ? walk_through_stub(&w->memory, target) : 0;
        if (target && is_entry(w, target, pc))
            return at;
        /* Through a pointer the caller's rbp, if it is one, lies further out. Of another
         * module's into this one: a function that went on to ours by a jump. */
        bool entered = target && dwfl_addrmodule(w->dwfl, target) == module &&
                       dwfl_addrmodule(w->dwfl, ra) != module;
        if (!possible && (entered || (!target && saved > at && saved < end)))
            possible = at;
    }
    return possible;
}

/* ---- steps ---- */

static bool find_row(struct walk *w, uint64_t pc, Dwarf_Frame **frame)
{
    Dwfl_Module *module = dwfl_addrmodule(w->dwfl, pc);
    GElf_Addr bias = 0;
    Dwarf_CFI *cfi = module ? dwfl_module_eh_cfi(module, &bias) : NULL;
    if (cfi && dwarf_cfi_addrframe(cfi, pc - bias, frame) == 0)
        return true;
    cfi = module ? dwfl_module_dwarf_cfi(module, &bias) : NULL;
    return cfi && dwarf_cfi_addrframe(cfi, pc - bias, frame) == 0;
}

static bool find_cfa(struct walk *w, const Dwarf_Frame *frame, struct registers *r,
                     struct machine *m)
{
    Dwarf_Op *ops;
    size_t count;
    if (dwarf_frame_cfa((Dwarf_Frame *)(uintptr_t)frame, &ops, &count) != 0)
        return false;
    if (run(m, ops, count, &m->cfa))
        return true;
    uint64_t slot = m->wants_rbp ? find_frame(w, r->value[PC], r->value[RSP]) : 0;
    if (!slot)
        return false;
    put(r, RBP, slot);
    return run(m, ops, count, &m->cfa);
}

/* The register as the caller had it: restored, the same still, or lost. */
static void restore(const Dwarf_Frame *frame, unsigned number, struct machine *m,
                    struct registers *outer)
{
    Dwarf_Op space[3], *ops;
    size_t count;
    uint64_t v;
    if (dwarf_frame_register((Dwarf_Frame *)(uintptr_t)frame, (int)number, space, &ops, &count))
        return;
    if (!count) {
        if (!ops && get(m->registers, number, &v))
            put(outer, number, v);
        return;
    }
    if (run(m, ops, count, &v) && (m->is_value || walk_memory_word(&m->walk->memory, v, &v)))
        put(outer, number, v);
}

/* To the caller. False at the outermost frame, or where the way out is not known. */
static bool step_out(struct walk *w, struct registers *r, bool is_leaf, bool *is_signal)
{
    static const unsigned saved[] = {3, RBP, 12, 13, 14, 15, PC};
    struct machine m = {.walk = w, .registers = r};
    struct registers outer = {.known = 0};
    Dwarf_Frame *frame = NULL;
    /* A return address may be that of the next function, where the call never returns. */
    if (!find_row(w, r->value[PC] - !is_leaf, &frame))
        return false;
    bool ok = find_cfa(w, frame, r, &m);
    if (ok) {
        dwarf_frame_info(frame, NULL, NULL, is_signal);
        for (size_t i = 0; i < sizeof saved / sizeof *saved; i++)
            restore(frame, saved[i], &m, &outer);
        put(&outer, RSP, m.cfa);
        if (*is_signal)
            restore(frame, RSP, &m, &outer);
    }
    free(frame);
    ok = ok && outer.known >> PC & 1 && outer.value[PC] && outer.value[RSP] > r->value[RSP];
    *r = outer;
    return ok;
}

size_t walk_stack(struct walk *w, const struct walk_start *start, uint64_t *pcs, size_t max)
{
    struct registers r = {.known = 0};
    bool is_leaf = true, is_signal = false;
    size_t count = 0;
    if (start->registers) {
        memcpy(r.value, start->registers, sizeof r.value);
        r.known = (1u << WALK_REGISTERS) - 1;
    }
    put(&r, PC, start->pc);
    put(&r, RSP, start->sp);
    walk_memory_at(&w->memory, start->sp, start->stack, start->stack_bytes);
    do {
        pcs[count++] = r.value[PC];
        is_leaf = count == 1 || is_signal; /* what a signal interrupted is no return address */
    } while (count < max && step_out(w, &r, is_leaf, &is_signal));
    return count;
}
