/* unwind_table: how to leave each stretch of a module's code, as a sorted table made
 * once from its .eh_frame: three bytes a row and four per 256 bytes of code. That is
 * 0.1 MB for libc, 2.3 MB for a compiler of 22 MB of code; made in 1 and 18 ms.
 *
 * Writers hold the module lock (unwind_modules.c); readers may run at any time, signal
 * handlers included: whatever they can reach is never changed or unmapped. */
#ifndef WHYPROF_UNWIND_TABLE_H
#define WHYPROF_UNWIND_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

/* A RULE is 31 bits: kind (0-2), then for RSP and RBP: the CFA's distance from that
 * register in words (3-19), and where the caller's rbp lies: 0 not saved, else words
 * below the CFA (20-28). The return address is the word below the CFA. WIDE: an
 * index into the wide rules. */
enum unwind_kind {
    UNWIND_NONE = 0, /* no information about this code */
    UNWIND_RSP,
    UNWIND_RBP,
    UNWIND_WIDE,
    UNWIND_END,   /* the outermost frame: _start, clone */
    UNWIND_SIGNAL /* the kernel's signal frame: a ucontext lies at rsp */
};
#define UNWIND_RULE_BITS  31
#define UNWIND_CFA_SHIFT  3
#define UNWIND_CFA_MAX    0x1ffff
#define UNWIND_RBP_SHIFT  20
#define UNWIND_RBP_MAX    0x1ff
#define UNWIND_WIDE_SHIFT 3

static inline uint32_t unwind_rule_kind(uint32_t rule)
{
    return rule & 7;
}
/* Bytes from the register to the CFA. */
static inline uintptr_t unwind_rule_cfa(uint32_t rule)
{
    return (uintptr_t)(rule >> UNWIND_CFA_SHIFT & UNWIND_CFA_MAX) * 8;
}
/* Bytes below the CFA where rbp was saved, 0 when it was not. */
static inline uintptr_t unwind_rule_rbp(uint32_t rule)
{
    return (uintptr_t)(rule >> UNWIND_RBP_SHIFT & UNWIND_RBP_MAX) * 8;
}

/* How one value is recovered, in a rule that does not fit 31 bits. */
enum unwind_how {
    UNWIND_SAME = 0,
    UNWIND_AT_CFA,   /* stored at CFA + off */
    UNWIND_CFA_PLUS, /* is CFA + off */
    UNWIND_AT_EXPR,  /* stored where the expression says */
    UNWIND_IS_EXPR,  /* is the expression's value */
    UNWIND_REGISTER, /* register `off` of this frame (for a CFA: plus `add`) */
    UNWIND_UNDEFINED
};
struct unwind_value {
    const uint8_t *expr; /* DWARF operations; in a published rule our own copy */
    int64_t off;
    int64_t add;
    uint32_t expr_len;
    uint32_t how; /* enum unwind_how */
};
struct unwind_wide {
    struct unwind_value cfa; /* UNWIND_REGISTER or UNWIND_IS_EXPR */
    struct unwind_value rbp;
    struct unwind_value ra;
};

/* Offsets are from `text`, itself relative to the module's load bias. */
struct unwind_table {
    uint64_t text;
    uint32_t text_bytes;
    uint32_t rows;
    const uint32_t *bucket; /* per 256 bytes of code: its first row; one more at the end */
    const uint8_t *start;   /* per row: where in its bucket it begins */
    const uint16_t *rule;   /* per row: index into the interned rules */
    uint64_t key;           /* hash of the .eh_frame it was made from */
    uint64_t key_bytes;
    struct unwind_table *next; /* all tables ever made */
};

/* The rule for the instruction at `off` bytes from the load bias. Signal-safe. */
uint32_t unwind_table_rule(const struct unwind_table *t, uint64_t off);
const struct unwind_wide *unwind_wide_at(uint32_t rule);

/* Storage for tables: never given back. NULL: no memory. */
void *unwind_alloc(size_t bytes);
/* The index of a rule, made on first sight; 0, the index of UNWIND_NONE, when full. */
uint16_t unwind_rule_intern(uint32_t rule);
/* A WIDE rule for `w`, whose expressions are copied; UNWIND_NONE when full. */
uint32_t unwind_wide_intern(const struct unwind_wide *w);

/* Where one module's unwind information lies in memory. */
struct unwind_source {
    uintptr_t bias;
    const uint8_t *begin, *end;         /* the mapping that holds .eh_frame and its header */
    const uint8_t *hdr, *hdr_end;       /* .eh_frame_hdr */
    const uint8_t *frames, *frames_end; /* .eh_frame, set by unwind_cfi_locate */
};
/* Finds .eh_frame from its header; false: nothing usable. */
bool unwind_cfi_locate(struct unwind_source *src);
/* Makes the table, or NULL: nothing usable, or no memory. Damaged input gives a
 * shorter table, never a fault. About 6 ns a byte. */
struct unwind_table *unwind_cfi_parse(const struct unwind_source *src);

/* One frame, with the registers that a rule may ask for. */
struct unwind_frame {
    uintptr_t pc, sp, fp;
    /* Of the innermost frame that a signal interrupted, else NULL. Outside that frame
     * they are right for what a call may clobber, as far as anybody relies on it: assembly
     * that keeps its CFA in rax calls only what leaves rax alone. */
    const long long *gregs;
    bool exact; /* pc and gregs are this frame's own; pc is not behind a call */
};
/* One word of the stack, or false. */
typedef bool (*unwind_load_fn)(void *walk, uintptr_t addr, uintptr_t *value);
bool unwind_register(const struct unwind_frame *f, uint64_t dwarf_reg, uintptr_t *value);
/* Evaluates a DWARF expression, with `*value` on its stack at first when `push`.
 * Bounded in steps. */
bool unwind_expr(const struct unwind_frame *f, const uint8_t *ops, size_t len, bool push,
                 unwind_load_fn load, void *walk, uintptr_t *value);

/* The rule for the code at `pc` from the modules known now; UNWIND_NONE if unknown.
 * Signal-safe and lock-free. */
uint32_t unwind_modules_rule(uintptr_t pc);
/* Changes whenever the set of modules does. A rule looked up after reading the salt
 * is at least as new as it. */
uint64_t unwind_modules_salt(void);

/* Looks at the loader's list again; see unwind_modules_changed. False: no set of modules
 * for want of memory. */
bool unwind_modules_update(void);

/* Figures for tests and diagnosis. */
struct unwind_stats {
    size_t modules, tables, rows, rules, wide_rules, bytes;
};
void unwind_table_stats(struct unwind_stats *out);
void unwind_get_stats(struct unwind_stats *out);

#pragma GCC visibility pop

#endif
