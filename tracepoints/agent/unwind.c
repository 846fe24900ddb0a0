/* The walk. Its state is (pc, sp, fp): a rule gives the next one from two words of the
 * stack. Rules come from a process-wide cache of pc -> rule, filled from the tables.
 *
 * Most of a stack is the same as at this thread's last capture. A walk that arrives at
 * a state it was in before need not look anything up: if the words read from there on
 * hold the same values, so do all states up to the root, and comparing them is a few
 * independent loads instead of a chain of dependent ones. This is exact. */
#include "unwind.h"

#include <stdatomic.h>
#include <ucontext.h>

#include "unwind_sys.h"
#include "unwind_table.h"

/* What others call stack words, sanitizers call out of bounds. */
#define WALKER __attribute__((no_sanitize("address", "thread", "undefined")))

enum {
    CACHE_BITS = 14,
    MEMO_FRAMES = 136, /* of the deepest stack worth remembering */
    MEMOS = 256,       /* threads that remember; further ones walk the whole way */
    /* Probing costs a system call a page. */
    PROBE_PAGES_STACK = 512,
    PROBE_PAGES_OTHER = 64,
    RED_ZONE = 128,
    GUESSES = 32,
    /* Fewer frames than this are not worth remembering when an odd one follows. */
    MEMO_WORTH = 8,
};
/* Nothing else is ever mapped this close below the main stack (the kernel's gap). */
#define MAIN_STACK_MAX ((uintptr_t)64 << 20)
/* How far apart two pieces of generated code may lie to be believed callers. */
#define JIT_SPAN ((uintptr_t)256 << 20)

extern void *__libc_stack_end;

/* rule | (key >> CACHE_BITS ^ salt) << 31. One word each: never torn. */
static _Atomic uint64_t g_cache[1 << CACHE_BITS];

/* The state on arrival in one frame, and where its pc and fp were read: pc at sp - 8, fp
 * at sp - fp_below, 0 when the callee had not saved it. Few frames have a frame pointer;
 * in all others rbp is a register like any other, and what it holds matters to nobody. */
struct memo_frame {
    uintptr_t pc, sp, fp;
    uint16_t fp_below;
    uint8_t fp_base; /* this frame is left by its fp */
    uint8_t fp_live; /* this one, or one further out before fp is read again */
};
struct memo {
    atomic_flag taken;
    uint32_t n;
    bool complete; /* frames[0] is the outermost there is */
    uint64_t salt; /* of the modules when it was made */
    uintptr_t stack_hi;
    struct memo_frame frames[MEMO_FRAMES]; /* outermost first */
    struct memo_frame fresh[MEMO_FRAMES];  /* of the walk under way, leaf first */
};
static struct memo g_memos[MEMOS];
static _Atomic unsigned g_next_memo;

/* Per thread, 24 bytes: a preloaded library's TLS is taken from every thread's stack. */
struct thread {
    struct memo *memo;
    uintptr_t stack_lo; /* the thread's stack is known to be mapped from here up */
    uint8_t memo_busy;  /* a capture is under way; a signal handler goes without */
    uint8_t memo_none;  /* none was left */
    uint8_t failed_probes;
};
static __thread struct thread t_thread __attribute__((tls_model("initial-exec")));
static uintptr_t g_main_tcb;
static _Atomic uintptr_t g_main_lo;

struct walk {
    struct unwind_frame at;
    bool own_stack;   /* lo..hi is this thread's stack, mapped while the thread lives */
    uintptr_t lo, hi; /* what may be read */
    uintptr_t shift;  /* from there to a copy of it that is read instead, 0: none */
    uint32_t probes;  /* pages that may still be added to it */
    uint32_t guesses; /* left */
    uint64_t salt;
    uint32_t odd_rule; /* the one that walk_plain stopped at */
    uintptr_t *pcs;
    size_t n, max;
    uint8_t leaf_fp_base; /* the innermost frame is left by its fp */
    bool noted;           /* all frames but the innermost are the memo's innermost ones */
    /* Remembering. */
    struct memo *memo;                /* NULL: walk the whole way */
    uint32_t ahead;                   /* remembered frames not yet passed by */
    uint32_t keep;                    /* of those, the ones that the new memory keeps */
    struct memo_frame *rec, *rec_end; /* where the next frame found is noted; equal: nowhere */
};

/* --- which memory may be read --- */

/* Grows lo..hi upwards over readable pages until it covers `end`. */
static bool range_reach(struct walk *w, uintptr_t end)
{
    while (w->hi < end) {
        if (!w->probes || !unwind_readable(w->hi))
            return false;
        w->probes--;
        w->hi = (w->hi | (UNWIND_PAGE - 1)) + 1;
    }
    return true;
}

static bool in_main_stack(uintptr_t sp)
{
    uintptr_t top = (uintptr_t)__libc_stack_end;
    if (sp >= top || top - sp > MAIN_STACK_MAX)
        return false;
    uintptr_t lo = atomic_load_explicit(&g_main_lo, memory_order_relaxed);
    if (lo && sp >= lo)
        return true;
    if (!unwind_readable(sp & ~(UNWIND_PAGE - 1)))
        return false;
    atomic_store_explicit(&g_main_lo, sp & ~(UNWIND_PAGE - 1), memory_order_relaxed);
    return true;
}

/* glibc puts a thread's control block at the top of its stack, so all between sp and it
 * is stack if it is mapped without a hole, the guard page included. */
static bool in_thread_stack(struct walk *w, struct thread *t, uintptr_t sp, uintptr_t tcb)
{
    if (sp >= tcb || tcb == g_main_tcb)
        return false;
    if (t->stack_lo && sp >= t->stack_lo)
        return true;
    uintptr_t known = t->stack_lo ? t->stack_lo : tcb & ~(UNWIND_PAGE - 1);
    uint32_t budget = PROBE_PAGES_STACK >> t->failed_probes;
    w->lo = w->hi = sp & ~(UNWIND_PAGE - 1);
    w->probes = budget;
    if (known - w->lo > budget * UNWIND_PAGE || !range_reach(w, known)) {
        if (t->failed_probes < 6)
            t->failed_probes++;
        return false;
    }
    t->stack_lo = w->lo;
    return true;
}

/* Sets what a walk from `sp` may read. */
static void range_begin(struct walk *w, struct thread *t, uintptr_t sp)
{
    uintptr_t tcb = (uintptr_t)__builtin_thread_pointer();
    w->own_stack = true;
    if (in_main_stack(sp)) {
        w->hi = (uintptr_t)__libc_stack_end;
    } else if (in_thread_stack(w, t, sp, tcb)) {
        w->hi = tcb;
    } else {
        w->own_stack = false; /* coroutine, signal stack: page by page, each time anew */
        w->hi = sp;
    }
    w->lo = sp;
    w->probes = w->own_stack ? 0 : PROBE_PAGES_OTHER;
}

WALKER static bool load(void *walk, uintptr_t addr, uintptr_t *value)
{
    struct walk *w = walk;
    bool below = addr < w->lo; /* leaf routines in assembly keep their CFA in the red zone */
    if (below ? w->shift || w->lo - addr > RED_ZONE || !unwind_readable(addr)
              : addr > UINTPTR_MAX - 8 || !range_reach(w, addr + 8))
        return false;
    *value = *(const uintptr_t *)(addr + w->shift);
    return true;
}

/* --- rules --- */

/* `key` is a return address, or one more than the address of an exact pc. */
static inline uint32_t rule_of(uintptr_t key, uint64_t salt)
{
    _Atomic uint64_t *slot = &g_cache[(key ^ key >> CACHE_BITS) & ((1 << CACHE_BITS) - 1)];
    uint64_t tag = (key >> CACHE_BITS ^ salt) << UNWIND_RULE_BITS;
    uint64_t have = atomic_load_explicit(slot, memory_order_relaxed);
    uint32_t rule = have & ((UINT64_C(1) << UNWIND_RULE_BITS) - 1);
    if (__builtin_expect((have ^ tag) >> UNWIND_RULE_BITS == 0 && rule, 1))
        return rule;
    rule = unwind_modules_rule(key - 1);
    if (rule)
        atomic_store_explicit(slot, tag | rule, memory_order_relaxed);
    return rule;
}

/* --- steps: each moves w->at to the caller, or returns false at the end --- */

static bool value_of(struct walk *w, const struct unwind_value *v, uintptr_t cfa, uintptr_t same,
                     uintptr_t *out)
{
    uintptr_t addr = cfa;
    switch (v->how) {
    case UNWIND_SAME:
        *out = same;
        return true;
    case UNWIND_AT_CFA:
        return load(w, cfa + (uintptr_t)v->off, out);
    case UNWIND_CFA_PLUS:
        *out = cfa + (uintptr_t)v->off;
        return true;
    case UNWIND_REGISTER:
        return unwind_register(&w->at, (uint64_t)v->off, out);
    case UNWIND_AT_EXPR:
        return unwind_expr(&w->at, v->expr, v->expr_len, true, load, w, &addr) &&
               load(w, addr, out);
    case UNWIND_IS_EXPR:
        *out = cfa;
        return unwind_expr(&w->at, v->expr, v->expr_len, true, load, w, out);
    default:
        return false;
    }
}

static bool step_wide(struct walk *w, const struct unwind_wide *rule)
{
    uintptr_t cfa = 0;
    uintptr_t pc = 0;
    uintptr_t fp = 0;
    if (rule->cfa.how == UNWIND_IS_EXPR) {
        if (!unwind_expr(&w->at, rule->cfa.expr, rule->cfa.expr_len, false, load, w, &cfa))
            return false;
    } else if (!unwind_register(&w->at, (uint64_t)rule->cfa.off, &cfa)) {
        return false;
    } else {
        cfa += (uintptr_t)rule->cfa.add;
    }
    if (!value_of(w, &rule->ra, cfa, 0, &pc))
        return false;
    if (!value_of(w, &rule->rbp, cfa, w->at.fp, &fp))
        fp = 0; /* lost: matters only to a frame that has a frame pointer */
    if (cfa <= w->at.sp)
        return false;
    w->at = (struct unwind_frame){.pc = pc, .sp = cfa, .fp = fp, .gregs = w->at.gregs};
    return true;
}

/* Into the code that a signal interrupted, perhaps on another stack. */
WALKER static bool step_signal(struct walk *w)
{
    const ucontext_t *uc = (const ucontext_t *)w->at.sp;
    const greg_t *gregs = uc->uc_mcontext.gregs;
    uintptr_t last = 0;
    if (w->shift || !load(w, (uintptr_t)&gregs[NGREG - 1], &last))
        return false;
    uintptr_t sp = (uintptr_t)gregs[REG_RSP];
    bool same_stack = sp > w->at.sp && sp <= w->hi;
    w->at = (struct unwind_frame){.pc = (uintptr_t)gregs[REG_RIP],
                                  .sp = sp,
                                  .fp = (uintptr_t)gregs[REG_RBP],
                                  .gregs = gregs,
                                  .exact = true};
    if (!same_stack)
        range_begin(w, &t_thread, sp);
    return true;
}

static bool believable_caller(uintptr_t callee, uintptr_t ra)
{
    uintptr_t apart = ra > callee ? ra - callee : callee - ra;
    return unwind_modules_rule(ra - 1) != UNWIND_NONE || (ra > UNWIND_PAGE && apart < JIT_SPAN);
}

/* Code without unwind information: a leaf routine in assembly that has pushed nothing,
 * or generated code with frame pointers. */
static bool step_guess(struct walk *w)
{
    uintptr_t pc = 0;
    uintptr_t fp = 0;
    if (!w->guesses--)
        return false;
    if (w->at.exact && load(w, w->at.sp, &pc) && unwind_modules_rule(pc - 1) != UNWIND_NONE) {
        w->at = (struct unwind_frame){.pc = pc, .sp = w->at.sp + 8, .fp = w->at.fp};
    } else {
        uintptr_t base = w->at.fp;
        if (base < w->at.sp || base % 8 || !load(w, base, &fp) || !load(w, base + 8, &pc) ||
            !believable_caller(w->at.pc, pc))
            return false;
        w->at = (struct unwind_frame){.pc = pc, .sp = base + 16, .fp = fp};
    }
    return true;
}

static bool step_rare(struct walk *w, uint32_t rule)
{
    switch (unwind_rule_kind(rule)) {
    case UNWIND_WIDE:
        return step_wide(w, unwind_wide_at(rule));
    case UNWIND_SIGNAL:
        return step_signal(w);
    case UNWIND_NONE:
        return step_guess(w);
    default:
        return false;
    }
}

/* --- the memory of the last walk --- */

static struct memo *memo_take(struct thread *t)
{
    if (t->memo_busy || t->memo_none)
        return NULL;
    t->memo_busy = 1;
    atomic_signal_fence(memory_order_seq_cst);
    if (t->memo)
        return t->memo;
    unsigned first = atomic_fetch_add_explicit(&g_next_memo, 1, memory_order_relaxed);
    for (unsigned i = 0; i < MEMOS; i++) {
        struct memo *m = &g_memos[(first + i) % MEMOS];
        if (atomic_flag_test_and_set_explicit(&m->taken, memory_order_acquire))
            continue;
        m->n = 0;
        return t->memo = m;
    }
    t->memo_none = 1;
    t->memo_busy = 0;
    return NULL;
}

static void memo_give(struct thread *t)
{
    atomic_signal_fence(memory_order_seq_cst);
    t->memo_busy = 0;
}

void unwind_thread_exit(void)
{
    struct memo *m = t_thread.memo;
    t_thread.memo_none = 1; /* no new one for the thread's last captures */
    atomic_signal_fence(memory_order_seq_cst);
    t_thread.memo = NULL;
    if (m)
        atomic_flag_clear_explicit(&m->taken, memory_order_release);
}

static void memo_begin(struct walk *w, struct memo *m)
{
    if (m->salt != w->salt)
        m->n = 0;
    w->memo = m;
    w->ahead = m->n;
    w->rec = m->fresh;
    w->rec_end = m->fresh + MEMO_FRAMES;
}

/* A step was taken that depends on more than memory: frames on either side of it cannot
 * be remembered together. */
static void memo_split(struct walk *w)
{
    if (w->rec >= w->rec_end)
        return;
    if (w->rec - w->memo->fresh < MEMO_WORTH)
        w->rec = w->memo->fresh;
    else
        w->rec_end = w->rec;
}

/* Which frames' fp anything depends on, of those above the first `from`. */
static void memo_find_live(struct memo *m, uint32_t from)
{
    for (uint32_t i = from; i < m->n; i++) {
        struct memo_frame *f = &m->frames[i];
        const struct memo_frame *caller = f - 1;
        f->fp_live = f->fp_base || (i ? !caller->fp_below && caller->fp_live : !m->complete);
    }
}

/* The frames noted become the innermost ones, above the older ones that are kept. */
static void memo_end(struct walk *w, bool complete)
{
    struct memo *m = w->memo;
    uint32_t fresh = (uint32_t)(w->rec - m->fresh);
    if (!w->keep && !fresh)
        return;
    if (!w->keep) {
        m->salt = w->salt;
        m->stack_hi = w->hi;
        m->complete = complete && w->rec != w->rec_end;
    }
    m->n = w->keep;
    if (w->keep + fresh > MEMO_FRAMES)
        return;
    for (uint32_t i = 0; i < fresh; i++)
        m->frames[w->keep + fresh - 1 - i] = m->fresh[i];
    m->n += fresh;
    memo_find_live(m, w->keep);
    w->noted = m->n >= w->n - 1 && (complete || w->n == w->max);
}

/* From remembered frame `i`, at which the walk stands, outwards while memory is as it
 * was; returns the last frame that holds. */
WALKER static uint32_t memo_follow(struct walk *w, uint32_t i)
{
    const struct memo *m = w->memo;
    size_t n = w->n;
    for (; i && n < w->max; i--) {
        const struct memo_frame *f = &m->frames[i - 1];
        uintptr_t pc = *(const uintptr_t *)(f->sp - 8);
        if (pc != f->pc ||
            (f->fp_live && f->fp_below && *(const uintptr_t *)(f->sp - f->fp_below) != f->fp))
            break;
        w->pcs[n++] = pc;
    }
    w->n = n;
    return i;
}

/* Whether the walk stands at a remembered state; if not, it has passed that by. */
static bool memo_meets(struct walk *w)
{
    const struct memo *m = w->memo;
    while (w->ahead && m->frames[w->ahead - 1].sp < w->at.sp)
        w->ahead--;
    if (!w->ahead || m->frames[w->ahead - 1].sp != w->at.sp)
        return false;
    const struct memo_frame *f = &m->frames[w->ahead - 1];
    if (!w->at.exact && w->own_stack && w->hi == m->stack_hi && f->pc == w->at.pc &&
        (f->fp == w->at.fp || !f->fp_live))
        return true;
    w->ahead--;
    return false;
}

/* Frame `met` stays and all outside it; the frames noted so far go on top. The last one
 * noted is `met` itself, reached from its present callee. */
static void memo_keep(struct walk *w, uint32_t met)
{
    struct memo *m = w->memo;
    bool linked = w->rec > m->fresh && w->rec < w->rec_end;
    if (linked)
        m->frames[met].fp_below = (--w->rec)->fp_below;
    else
        w->rec = m->fresh;
    w->rec_end = NULL; /* nothing can be noted outside what is kept */
    w->keep = met + 1;
}

/* Takes all that is remembered from here on. True: that was the rest of the stack. */
WALKER static bool memo_join(struct walk *w)
{
    const struct memo *m = w->memo;
    uint32_t met = w->ahead - 1;
    uint32_t last = memo_follow(w, met);
    w->ahead = last;
    if (!last || w->n == w->max) {
        const struct memo_frame *f = &m->frames[last];
        w->at = (struct unwind_frame){.pc = f->pc, .sp = f->sp, .fp = f->fp};
        memo_keep(w, met);
        return !last && m->complete;
    }
    /* What nothing depended on may matter to the frames that follow now: fp is read anew. */
    for (uint32_t i = met; i-- > last;) {
        struct memo_frame f = m->frames[i];
        f.fp = f.fp_below ? *(const uintptr_t *)(f.sp - f.fp_below) : w->at.fp;
        w->at = (struct unwind_frame){.pc = f.pc, .sp = f.sp, .fp = f.fp};
        if (w->rec < w->rec_end)
            *w->rec++ = f;
    }
    return false;
}

/* --- the walk --- */

enum stop {
    STOP_FULL,    /* max reached */
    STOP_MEET,    /* beside or past a remembered frame */
    STOP_ODD,     /* w->odd_rule is no plain step */
    STOP_DEAD_END /* the rule leads nowhere */
};

/* Takes plain steps. This loop is what a capture costs: its state is kept in registers,
 * since stores to pcs could alias anything in *w. */
WALKER static enum stop walk_plain(struct walk *w)
{
    uintptr_t pc = w->at.pc, sp = w->at.sp, fp = w->at.fp;
    uintptr_t hi = w->hi, shift = w->shift;
    uintptr_t meet_sp = w->ahead ? w->memo->frames[w->ahead - 1].sp : UINTPTR_MAX;
    uintptr_t *to = w->pcs + w->n, *to_end = w->pcs + w->max;
    struct memo_frame *rec = w->rec, *rec_end = w->own_stack ? w->rec_end : w->rec;
    uint8_t unnoted;
    uint8_t *fp_base = rec == rec_end          ? &unnoted
                       : rec == w->memo->fresh ? &w->leaf_fp_base
                                               : &rec[-1].fp_base;
    uint64_t salt = w->salt;
    uintptr_t key = pc + w->at.exact;
    enum stop stop = STOP_FULL;
    for (; to < to_end; *to++ = pc) {
        if (sp >= meet_sp) {
            stop = STOP_MEET;
            break;
        }
        uint32_t rule = rule_of(key, salt);
        uint32_t kind = unwind_rule_kind(rule);
        uintptr_t base = sp;
        if (__builtin_expect(kind != UNWIND_RSP, 0)) { /* predicted: no wait for fp */
            if (kind != UNWIND_RBP) {
                w->odd_rule = rule;
                stop = STOP_ODD;
                break;
            }
            *fp_base = 1;
            base = fp;
        }
        uintptr_t cfa = base + unwind_rule_cfa(rule);
        uintptr_t saved = unwind_rule_rbp(rule);
        if (cfa <= sp || (cfa > hi && !range_reach(w, cfa))) {
            stop = STOP_DEAD_END;
            break;
        }
        hi = w->hi;
        /* Below sp: in an epilogue, rbp was popped already and no rule says so. */
        if (cfa - saved < sp)
            saved = 0;
        if (saved)
            fp = *(const uintptr_t *)(cfa - saved + shift);
        pc = *(const uintptr_t *)(cfa - 8 + shift);
        sp = cfa;
        key = pc;
        if (rec < rec_end) {
            fp_base = &rec->fp_base;
            *rec++ = (struct memo_frame){pc, sp, fp, (uint16_t)saved, 0, 0};
        }
    }
    w->at.pc = pc;
    w->at.sp = sp;
    w->at.fp = fp;
    w->at.exact &= key != pc;
    w->n = (size_t)(to - w->pcs);
    if (w->own_stack)
        w->rec = rec;
    return stop;
}

/* Nobody called _start or clone's child; makecontext makes its first function return to
 * the very start of a routine that nobody called either. */
static bool is_root(const struct walk *w)
{
    uint32_t kind = unwind_rule_kind(w->odd_rule);
    return kind == UNWIND_END || (kind == UNWIND_NONE && !w->at.exact &&
                                  unwind_rule_kind(unwind_modules_rule(w->at.pc)) == UNWIND_END);
}

/* True: w->at is the root. */
static bool walk_all(struct walk *w)
{
    w->pcs[w->n++] = w->at.pc;
    for (;;) {
        enum stop stop = walk_plain(w);
        if (stop == STOP_MEET) {
            if (memo_meets(w) && memo_join(w))
                return true;
        } else if (stop == STOP_ODD) {
            if (is_root(w))
                return true;
            memo_split(w);
            if (!step_rare(w, w->odd_rule))
                return false;
            /* Readers take 1 off each address but the first: let them find this one. */
            w->pcs[w->n++] = w->at.pc + w->at.exact;
        } else {
            return false;
        }
    }
}

/* The words of the stack that the walk just noted depended on, and where it began. */
static void trail_fill(struct unwind_trail *trail, const struct walk *w,
                       const struct unwind_start *start)
{
    const struct memo *m = w->memo;
    const struct memo_frame *f = &m->frames[m->n - 1];
    size_t n = 0;
    trail->start = *start;
    trail->salt = w->salt;
    trail->uses_fp = w->leaf_fp_base || (!f->fp_below && f->fp_live);
    for (size_t i = 1; i < w->n; i++, f--) {
        uintptr_t pc_word = (f->sp - 8 - start->sp) / 8;
        uintptr_t fp_word = (f->sp - f->fp_below - start->sp) / 8;
        if (n + 2 > UNWIND_TRAIL || pc_word > UINT16_MAX || (f->sp - start->sp) % 8)
            return;
        trail->word[n] = (uint16_t)pc_word;
        trail->value[n++] = f->pc;
        if (!f->fp_live || !f->fp_below)
            continue;
        trail->word[n] = (uint16_t)fp_word;
        trail->value[n++] = f->fp;
    }
    trail->n = (uint16_t)n;
}

static size_t capture(struct walk *w, const struct unwind_start *start, struct unwind_trail *trail)
{
    struct thread *t = &t_thread;
    if (!w->max)
        return 0;
    w->salt = unwind_modules_salt();
    w->guesses = GUESSES;
    range_begin(w, t, w->at.sp);
    struct memo *m = memo_take(t);
    if (!m) {
        walk_all(w);
        return w->n;
    }
    memo_begin(w, m);
    bool complete = walk_all(w);
    memo_end(w, complete);
    if (trail && w->noted && w->n > 1)
        trail_fill(trail, w, start);
    memo_give(t);
    return w->n;
}

__attribute__((noinline)) size_t unwind_here(uintptr_t *pcs, size_t max)
{
    struct unwind_start start = UNWIND_START();
    return unwind_from(&start, pcs, max, NULL);
}

size_t unwind_from(const struct unwind_start *start, uintptr_t *pcs, size_t max,
                   struct unwind_trail *trail)
{
    struct walk w = {.pcs = pcs, .max = max};
    w.at = (struct unwind_frame){.pc = start->pc, .sp = start->sp, .fp = start->fp};
    if (trail)
        trail->n = 0;
    return capture(&w, start, trail);
}

size_t unwind_copy(const struct unwind_start *start, const void *copy, size_t bytes, uintptr_t *pcs,
                   size_t max)
{
    struct walk w = {.pcs = pcs,
                     .max = max,
                     .lo = start->sp,
                     .hi = start->sp + bytes,
                     .shift = (uintptr_t)copy - start->sp,
                     .guesses = GUESSES,
                     .salt = unwind_modules_salt()};
    w.at = (struct unwind_frame){.pc = start->pc, .sp = start->sp, .fp = start->fp};
    if (max)
        walk_all(&w);
    return w.n;
}

WALKER bool unwind_trail_holds(const struct unwind_trail *trail, const struct unwind_start *start)
{
    const uintptr_t *stack = (const uintptr_t *)start->sp;
    const uint16_t *word = trail->word, *end = word + trail->n;
    const uint64_t *value = trail->value;
    uint64_t differs = (start->pc ^ trail->start.pc) | (start->sp ^ trail->start.sp) |
                       (unwind_modules_salt() ^ trail->salt);
    if (trail->uses_fp)
        differs |= start->fp ^ trail->start.fp;
    if (differs || !trail->n)
        return false;
    for (; end - word >= 8; word += 8, value += 8) {
        for (int i = 0; i < 8; i++)
            differs |= stack[word[i]] ^ value[i];
        if (differs)
            return false;
    }
    for (; word < end; word++, value++)
        differs |= stack[*word] ^ *value;
    return !differs;
}

size_t unwind_context(const void *ucontext, uintptr_t *pcs, size_t max)
{
    const greg_t *gregs = ((const ucontext_t *)ucontext)->uc_mcontext.gregs;
    struct walk w = {.pcs = pcs, .max = max};
    w.at = (struct unwind_frame){.pc = (uintptr_t)gregs[REG_RIP],
                                 .sp = (uintptr_t)gregs[REG_RSP],
                                 .fp = (uintptr_t)gregs[REG_RBP],
                                 .gregs = gregs,
                                 .exact = true};
    return capture(&w, NULL, NULL);
}

bool unwind_init(void)
{
    if (unwind_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0) ==
        unwind_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0))
        g_main_tcb = (uintptr_t)__builtin_thread_pointer();
    return unwind_modules_update();
}

void unwind_modules_changed(void)
{
    unwind_modules_update();
}
