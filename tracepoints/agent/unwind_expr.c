/* The part of DWARF's stack machine that call frame information uses: PLT entries,
 * realigned stacks, hand-written assembly. */
#include <dwarf.h>
#include <ucontext.h>

#include "unwind_table.h"

enum {
    STACK_CAP = 16,
    STEP_CAP = 256
};

struct machine {
    const uint8_t *p, *begin, *end;
    uintptr_t stack[STACK_CAP];
    unsigned depth;
    bool bad;
};

bool unwind_register(const struct unwind_frame *f, uint64_t dwarf_reg, uintptr_t *value)
{
    static const uint8_t greg_of[16] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
                                        REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                        REG_R12, REG_R13, REG_R14, REG_R15};
    const unsigned callee_saved = 1u << 3 | 0xfu << 12; /* rbx, r12 to r15 */
    if (dwarf_reg == 7)
        *value = f->sp;
    else if (dwarf_reg == 6)
        *value = f->fp;
    else if (dwarf_reg == 16)
        *value = f->pc;
    else if (dwarf_reg < 16 && f->gregs && (f->exact || !(callee_saved >> dwarf_reg & 1)))
        *value = (uintptr_t)f->gregs[greg_of[dwarf_reg]];
    else
        return false;
    return true;
}

static uint64_t fixed(struct machine *m, unsigned bytes)
{
    if ((size_t)(m->end - m->p) < bytes) {
        m->bad = true;
        return 0;
    }
    uint64_t v = 0;
    for (unsigned i = 0; i < bytes; i++)
        v |= (uint64_t)*m->p++ << (8 * i);
    return v;
}

static int64_t fixed_signed(struct machine *m, unsigned bytes)
{
    unsigned shift = 64 - 8 * bytes;
    return (int64_t)(fixed(m, bytes) << shift) >> shift;
}

static uint64_t leb(struct machine *m, bool is_signed)
{
    uint64_t v = 0;
    unsigned shift = 0;
    while (m->p < m->end && shift < 64) {
        uint8_t byte = *m->p++;
        v |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
        if (byte & 0x80)
            continue;
        if (is_signed && (byte & 0x40) && shift < 64)
            v |= ~UINT64_C(0) << shift;
        return v;
    }
    m->bad = true;
    return 0;
}

static void push(struct machine *m, uintptr_t v)
{
    if (m->depth == STACK_CAP)
        m->bad = true;
    else
        m->stack[m->depth++] = v;
}

static uintptr_t pop(struct machine *m)
{
    if (!m->depth) {
        m->bad = true;
        return 0;
    }
    return m->stack[--m->depth];
}

static void pick(struct machine *m, unsigned nth)
{
    if (nth >= m->depth)
        m->bad = true;
    else
        push(m, m->stack[m->depth - 1 - nth]);
}

static void jump(struct machine *m, bool taken)
{
    int64_t by = fixed_signed(m, 2);
    if (!taken)
        return;
    if (by < m->begin - m->p || by > m->end - m->p)
        m->bad = true;
    else
        m->p += by;
}

static void swap(struct machine *m)
{
    uintptr_t top = pop(m);
    uintptr_t below = pop(m);
    push(m, top);
    push(m, below);
}

static void binary(struct machine *m, uint8_t op)
{
    uintptr_t b = pop(m);
    uintptr_t a = pop(m);
    intptr_t sa = (intptr_t)a;
    intptr_t sb = (intptr_t)b;
    uintptr_t r = 0;
    switch (op) {
    case DW_OP_and:
        r = a & b;
        break;
    case DW_OP_or:
        r = a | b;
        break;
    case DW_OP_xor:
        r = a ^ b;
        break;
    case DW_OP_plus:
        r = a + b;
        break;
    case DW_OP_minus:
        r = a - b;
        break;
    case DW_OP_mul:
        r = a * b;
        break;
    case DW_OP_shl:
        r = b < 64 ? a << b : 0;
        break;
    case DW_OP_shr:
        r = b < 64 ? a >> b : 0;
        break;
    case DW_OP_shra:
        r = (uintptr_t)(sa >> (b < 64 ? b : 63));
        break;
    case DW_OP_eq:
        r = a == b;
        break;
    case DW_OP_ne:
        r = a != b;
        break;
    case DW_OP_ge:
        r = sa >= sb;
        break;
    case DW_OP_gt:
        r = sa > sb;
        break;
    case DW_OP_le:
        r = sa <= sb;
        break;
    case DW_OP_lt:
        r = sa < sb;
        break;
    default:
        m->bad = true;
    }
    push(m, r);
}

static bool constant(struct machine *m, uint8_t op)
{
    if (op >= DW_OP_lit0 && op <= DW_OP_lit31) {
        push(m, op - DW_OP_lit0);
        return true;
    }
    switch (op) {
    case DW_OP_const1u:
        push(m, fixed(m, 1));
        return true;
    case DW_OP_const2u:
        push(m, fixed(m, 2));
        return true;
    case DW_OP_const4u:
        push(m, fixed(m, 4));
        return true;
    case DW_OP_const8u:
    case DW_OP_const8s:
    case DW_OP_addr:
        push(m, fixed(m, 8));
        return true;
    case DW_OP_const1s:
        push(m, (uintptr_t)fixed_signed(m, 1));
        return true;
    case DW_OP_const2s:
        push(m, (uintptr_t)fixed_signed(m, 2));
        return true;
    case DW_OP_const4s:
        push(m, (uintptr_t)fixed_signed(m, 4));
        return true;
    case DW_OP_constu:
        push(m, leb(m, false));
        return true;
    case DW_OP_consts:
        push(m, leb(m, true));
        return true;
    default:
        return false;
    }
}

static void base_register(struct machine *m, const struct unwind_frame *f, uint8_t op)
{
    uint64_t reg = op == DW_OP_bregx ? leb(m, false) : (uint64_t)(op - DW_OP_breg0);
    uintptr_t v = 0;
    if (!unwind_register(f, reg, &v))
        m->bad = true;
    push(m, v + leb(m, true));
}

static void other(struct machine *m, uint8_t op)
{
    switch (op) {
    case DW_OP_nop:
        break;
    case DW_OP_dup:
        pick(m, 0);
        break;
    case DW_OP_over:
        pick(m, 1);
        break;
    case DW_OP_pick:
        pick(m, (unsigned)fixed(m, 1));
        break;
    case DW_OP_drop:
        pop(m);
        break;
    case DW_OP_swap:
        swap(m);
        break;
    case DW_OP_neg:
        push(m, -pop(m));
        break;
    case DW_OP_not:
        push(m, ~pop(m));
        break;
    case DW_OP_plus_uconst:
        push(m, pop(m) + leb(m, false));
        break;
    case DW_OP_skip:
        jump(m, true);
        break;
    case DW_OP_bra:
        jump(m, pop(m) != 0);
        break;
    default:
        binary(m, op);
    }
}

bool unwind_expr(const struct unwind_frame *f, const uint8_t *ops, size_t len, bool push_first,
                 unwind_load_fn load, void *walk, uintptr_t *value)
{
    struct machine m = {.p = ops, .begin = ops, .end = ops + len};
    if (push_first)
        push(&m, *value);
    for (unsigned steps = 0; m.p < m.end && !m.bad; steps++) {
        uint8_t op = *m.p++;
        if (steps == STEP_CAP)
            return false;
        if (constant(&m, op))
            continue;
        if ((op >= DW_OP_breg0 && op <= DW_OP_breg31) || op == DW_OP_bregx) {
            base_register(&m, f, op);
        } else if (op == DW_OP_deref) {
            uintptr_t word = 0;
            if (!load(walk, pop(&m), &word))
                return false;
            push(&m, word);
        } else {
            other(&m, op);
        }
    }
    *value = pop(&m);
    return !m.bad;
}
