/* The cost that every allocation pays is a subtraction and two tests while nothing is
 * recorded, whether or not its samples are counted, and then a jump to the real function;
 * and a few adds to the thread's own counters while something is. Sampling points lie on
 * the line of allocated bytes with exponential distances; the allocation that
 * covers one is told, with the inverse of its probability as its weight. */
#include "tracepoints/hooks/alloc.h"

#include "tracepoints/agent/callers.h"
#include "tracepoints/agent/options.h"
#include "tracepoints/agent/random.h"
#include "tracepoints/agent/stacks.h"
#include "tracepoints/agent/threads.h"
#include "tracepoints/events.h"
#include "tracepoints/hooks/alloc_batch.h"
#include "tracepoints/hooks/alloc_sampled.h"
#include "tracepoints/provider/provider.h"

#include <dlfcn.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static struct {
    __typeof__(&malloc) malloc;
    __typeof__(&free) free;
    __typeof__(&calloc) calloc;
    __typeof__(&realloc) realloc;
    __typeof__(&memalign) memalign;
    __typeof__(&aligned_alloc) aligned_alloc;
    __typeof__(&posix_memalign) posix_memalign;
    __typeof__(&valloc) valloc;
    __typeof__(&pvalloc) pvalloc;
    __typeof__(&malloc_usable_size) usable;
    uintptr_t begin, end; /* its code */
    atomic_bool ready;
} next;

/* What dlsym allocates while we look for malloc; never given back. */
static struct {
    char bytes[16 << 10] __attribute__((aligned(16)));
    _Atomic size_t used;
} early;

static void *early_alloc(size_t align, size_t bytes)
{
    align = align < 16 ? 16 : align;
    size_t room = (bytes + 15) / 16 * 16 + align;
    size_t at = atomic_fetch_add(&early.used, room);
    if (room < bytes || at + room > sizeof early.bytes)
        return NULL;
    return (void *)(((uintptr_t)early.bytes + at + align - 1) & ~(uintptr_t)(align - 1));
}

static bool is_early(const void *p)
{
    return (uintptr_t)p - (uintptr_t)early.bytes < sizeof early.bytes;
}

/* The next allocator in line: libc's, or the one the program was linked with. */
static void find_next(void)
{
    struct dl_find_object found;
    agent_tls.looking = 1;
#define FIND(field, name) next.field = (__typeof__(next.field))dlsym(RTLD_NEXT, name)
    FIND(free, "free");
    FIND(calloc, "calloc");
    FIND(realloc, "realloc");
    FIND(memalign, "memalign");
    FIND(aligned_alloc, "aligned_alloc");
    FIND(posix_memalign, "posix_memalign");
    FIND(valloc, "valloc");
    FIND(pvalloc, "pvalloc");
    FIND(usable, "malloc_usable_size");
    FIND(malloc, "malloc");
#undef FIND
    if (!_dl_find_object((void *)(uintptr_t)next.malloc, &found)) {
        next.begin = (uintptr_t)found.dlfo_map_start;
        next.end = (uintptr_t)found.dlfo_map_end;
    }
    atomic_store(&next.ready, true);
    agent_tls.looking = 0;
}

/* False while this thread is in dlsym. */
static inline bool have_next(void)
{
    if (unlikely(agent_tls.looking))
        return false;
    if (unlikely(!atomic_load_explicit(&next.ready, memory_order_acquire)))
        find_next();
    return true;
}

void alloc_init(void)
{
    have_next();
}

static inline bool recording(void)
{
    return lttng_ust_tracepoint_enabled(whyprof_alloc, alloc);
}

static inline bool counting(void)
{
    return (recording() || options.keep & KEEP_HEAP) && agent_outside();
}

/* Every allocation is recorded, not samples. */
static inline bool in_full(void)
{
    return options.alloc_all && recording();
}

/* One allocation counted and told in full. Not below the loader: the tracepoint's TLS
 * access would re-enter it. False: no room. */
static bool tell(struct agent_thread *t, void *p, size_t bytes, uint8_t kind, double weight)
{
    uint32_t stack = stack_here(t);
    struct counted_alloc counted = counted_alloc(stack, bytes, weight);
    if (!sampled_add(p, &counted))
        return false;
    counted_add_alloc(&counted);
    if (!options.alloc_all)
        lttng_ust_tracepoint(whyprof_alloc, alloc, kind, (uint64_t)(uintptr_t)p, bytes, weight,
                             stack);
    return true;
}

/* The countdown ran out, or the thread is new. */
static void sample(void *p, size_t bytes, uint8_t kind, uintptr_t caller)
{
    if (!agent_enter())
        return;
    bool untold = caller_is_loader(caller) || caller_is_lttng(caller);
    struct agent_thread *t = untold ? agent_tls.thread : thread_self();
    if (!t) {
        agent_leave();
        return;
    }
    uint64_t rate = options.alloc_rate;
    bool due = t->random;
    if (!t->random) { /* its first: draw where the first point lies, then ask again */
        t->random = random_seed();
        t->alloc_countdown = random_exponential(&t->random, rate) - (int64_t)bytes;
        due = t->alloc_countdown < 0;
    }
    if (t->alloc_countdown < 0)
        t->alloc_countdown = random_exponential(&t->random, rate);
    if (due && !untold)
        tell(t, p, bytes, kind, random_sample_weight(bytes, rate));
    agent_leave();
}

/* Full mode: allocations below the loader are told without their stack, which might
 * be a new one to emit. */
static void record_unusual(void *p, size_t bytes, uint8_t kind, uintptr_t caller)
{
    if (caller_is_lttng(caller) || !agent_enter())
        return;
    bool may_emit = !caller_is_loader(caller);
    struct agent_thread *t = may_emit ? thread_self() : agent_tls.thread;
    if (t)
        alloc_batch_add(t, p, bytes, kind, may_emit ? stack_here(t) : 0, may_emit);
    agent_leave();
}

/* Holds the guard without agent_enter's care for errno: what emits in here sees to that. */
static void record(void *p, size_t bytes, uint8_t kind, uintptr_t caller)
{
    struct agent_thread *t = agent_tls.thread;
    if (unlikely(!t || caller_maybe_special(caller))) {
        record_unusual(p, bytes, kind, caller);
        return;
    }
    t->alloc.allocs++;
    t->alloc.alloc_bytes += bytes;
    agent_tls.inside = 1;
    alloc_batch_add(t, p, bytes, kind, stack_here(t), true);
    agent_tls.inside = 0;
}

static inline void allocated(void *p, size_t bytes, uint8_t kind, uintptr_t caller)
{
    if (unlikely(!p))
        return;
    struct agent_thread *t = agent_tls.thread;
    bool full = in_full();
    if (full)
        record(p, bytes, kind, caller);
    if (full && !(options.keep & KEEP_HEAP))
        return;
    if (likely(t != NULL)) {
        if (recording() && !full) {
            t->alloc.allocs++;
            t->alloc.alloc_bytes += bytes;
            t->alloc.live_bytes += (int64_t)next.usable(p);
        }
        t->alloc_countdown -= (int64_t)bytes;
        if (likely(t->alloc_countdown >= 0 && t->random))
            return;
    }
    sample(p, bytes, kind, caller);
}

static bool tell_free(const void *p, uintptr_t caller)
{
    if (!agent_enter())
        return false;
    struct counted_alloc counted;
    bool sampled = sampled_maybe(p) && sampled_remove(p, &counted);
    if (sampled)
        counted_free(&counted);
    bool may_emit = !caller_is_loader(caller);
    struct agent_thread *t = agent_tls.thread;
    if (in_full() && t && !caller_is_lttng(caller))
        alloc_batch_free(t, p, may_emit);
    else if (sampled && may_emit && !caller_is_lttng(caller))
        lttng_ust_tracepoint(whyprof_alloc, free, (uint64_t)(uintptr_t)p);
    agent_leave();
    return sampled;
}

static void record_free(void *p, uintptr_t caller)
{
    struct agent_thread *t = agent_tls.thread;
    if (unlikely(!t || caller_maybe_special(caller) || sampled_maybe(p))) {
        tell_free(p, caller);
        return;
    }
    t->alloc.frees++;
    agent_tls.inside = 1;
    alloc_batch_free(t, p, true);
    agent_tls.inside = 0;
}

static inline void freeing(void *p, uintptr_t caller)
{
    if (in_full()) {
        record_free(p, caller);
        return;
    }
    struct agent_thread *t = agent_tls.thread;
    if (likely(t != NULL && recording())) {
        t->alloc.frees++;
        t->alloc.live_bytes -= (int64_t)next.usable(p);
    }
    if (unlikely(sampled_maybe(p)))
        tell_free(p, caller);
}

/* Nothing records, and the next sample is further off: nothing is to be done but the
 * allocation. A thread that has its slot has found the real functions, too. */
static inline bool passes(size_t bytes)
{
    struct agent_thread *t = agent_tls.thread;
    if (unlikely(!t || recording()))
        return false;
    int64_t left = t->alloc_countdown - (int64_t)bytes;
    if (unlikely(left < 0))
        return false;
    t->alloc_countdown = left;
    return true;
}

static inline bool passes_free(const void *p)
{
    return likely(agent_tls.thread && !recording() && !sampled_maybe(p) && !is_early(p));
}

/* Where nobody wants the sample, the distance to another one is as good: it is drawn so
 * that a recording finds the countdown as if it had always gone on. */
static void skip_sample(void)
{
    struct agent_thread *t = agent_tls.thread;
    if (!t || recording() || t->alloc_countdown > 0)
        return;
    if (!t->random)
        t->random = random_seed();
    t->alloc_countdown = random_exponential(&t->random, options.alloc_rate);
}

/* Called for what does not pass: countdown and counters are still to be moved. */
static inline void told(void *p, size_t bytes, uint8_t kind, uintptr_t caller)
{
    if (likely(counting()))
        allocated(p, bytes, kind, caller);
    else
        skip_sample();
}

__attribute__((noinline)) static void *malloc_long(size_t bytes, uintptr_t caller)
{
    if (unlikely(!have_next()))
        return early_alloc(16, bytes);
    void *p = next.malloc(bytes);
    told(p, bytes, WHYPROF_ALLOC_MALLOC, caller);
    return p;
}

HOOK void *malloc(size_t bytes)
{
    return likely(passes(bytes)) ? next.malloc(bytes) : malloc_long(bytes, CALLER());
}

__attribute__((noinline)) static void free_long(void *p, uintptr_t caller)
{
    if (unlikely(!p || is_early(p)))
        return;
    if (unlikely(!next.ready))
        find_next();
    if (likely(counting()))
        freeing(p, caller);
    next.free(p);
}

HOOK void free(void *p)
{
    if (likely(passes_free(p)))
        next.free(p);
    else
        free_long(p, CALLER());
}

__attribute__((noinline)) static void *calloc_long(size_t count, size_t size, uintptr_t caller)
{
    if (unlikely(!have_next()))
        return size && count > SIZE_MAX / size ? NULL : early_alloc(16, count * size);
    void *p = next.calloc(count, size);
    told(p, count * size, WHYPROF_ALLOC_CALLOC, caller);
    return p;
}

HOOK void *calloc(size_t count, size_t size)
{
    size_t bytes;
    if (likely(!__builtin_mul_overflow(count, size, &bytes) && passes(bytes)))
        return next.calloc(count, size);
    return calloc_long(count, size, CALLER());
}

static void *early_realloc(void *p, size_t bytes)
{
    void *q = have_next() ? next.malloc(bytes) : early_alloc(16, bytes);
    size_t there = (size_t)(early.bytes + sizeof early.bytes - (char *)p);
    if (q)
        memcpy(q, p, bytes < there ? bytes : there);
    return q;
}

/* The old block is told free before the call: afterwards its address may be
 * another thread's. */
__attribute__((noinline)) static void *grow(void *old, size_t bytes, uintptr_t caller)
{
    if (unlikely(is_early(old)))
        return early_realloc(old, bytes);
    if (unlikely(!have_next()))
        return early_alloc(16, bytes);
    if (likely(counting()) && old)
        freeing(old, caller);
    void *p = next.realloc(old, bytes);
    told(p, bytes, WHYPROF_ALLOC_REALLOC, caller);
    return p;
}

HOOK void *realloc(void *old, size_t bytes)
{
    return likely(passes_free(old) && passes(bytes)) ? next.realloc(old, bytes)
                                                     : grow(old, bytes, CALLER());
}

HOOK void *reallocarray(void *old, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return grow(old, bytes, CALLER());
}

#define ALIGNED_HOOK(name, params, args, align, bytes)                                             \
    HOOK void *name params                                                                         \
    {                                                                                              \
        if (unlikely(!have_next()))                                                                \
            return early_alloc(align, bytes);                                                      \
        void *p = next.name args;                                                                  \
        if (unlikely(counting()))                                                                  \
            allocated(p, bytes, WHYPROF_ALLOC_MEMALIGN, CALLER());                                 \
        return p;                                                                                  \
    }

ALIGNED_HOOK(memalign, (size_t align, size_t bytes), (align, bytes), align, bytes)
ALIGNED_HOOK(aligned_alloc, (size_t align, size_t bytes), (align, bytes), align, bytes)
ALIGNED_HOOK(valloc, (size_t bytes), (bytes), 4096, bytes)
ALIGNED_HOOK(pvalloc, (size_t bytes), (bytes), 4096, bytes)

HOOK int posix_memalign(void **out, size_t align, size_t bytes)
{
    if (unlikely(!have_next()))
        return (*out = early_alloc(align, bytes)) ? 0 : ENOMEM;
    int result = next.posix_memalign(out, align, bytes);
    if (unlikely(counting()) && result == 0)
        allocated(*out, bytes, WHYPROF_ALLOC_MEMALIGN, CALLER());
    return result;
}

/* The allocator's own mappings are what its blocks are cut from: telling both would count
 * them twice. The set of sampled addresses says in full mode, too, which mappings were told. */
void alloc_mapped(void *p, size_t bytes, uint8_t kind, uintptr_t caller)
{
    if (likely(!counting()) || caller - next.begin < next.end - next.begin ||
        caller_is_loader(caller) || caller_is_lttng(caller) || !agent_enter())
        return;
    struct agent_thread *t = thread_self();
    if (t && tell(t, p, bytes, kind, 1.0) && in_full())
        alloc_batch_add(t, p, bytes, kind, stack_here(t), true);
    agent_leave();
}

bool alloc_unmapped(void *p, uintptr_t caller)
{
    return unlikely(counting() && sampled_maybe(p)) && tell_free(p, caller);
}

static void add_thread(struct agent_thread *t, void *data)
{
    struct alloc_totals *sum = data;
    sum->allocs += t->alloc.allocs;
    sum->frees += t->alloc.frees;
    sum->alloc_bytes += t->alloc.alloc_bytes;
    sum->live_bytes += t->alloc.live_bytes;
}

/* A gauge's curve needs no point where it did not move; a new session needs one. */
void alloc_stat_emit(bool again)
{
    static struct alloc_totals told;
    struct alloc_totals sum = {threads_past.allocs, threads_past.frees, threads_past.alloc_bytes,
                               threads_past.live_bytes};
    if (!lttng_ust_tracepoint_enabled(whyprof_alloc, stat))
        return;
    threads_each(add_thread, &sum);
    if (!again && !memcmp(&sum, &told, sizeof sum))
        return;
    told = sum;
    lttng_ust_do_tracepoint(whyprof_alloc, stat, sum.allocs, sum.frees, sum.alloc_bytes,
                            options.alloc_all    ? UINT64_MAX
                            : sum.live_bytes > 0 ? (uint64_t)sum.live_bytes
                                                 : 0);
}

const char *alloc_mechanism(void)
{
    /* A program with an allocator of its own comes first in the search: its calls
     * never reach us. */
    if (!caller_is_agent((uintptr_t)dlsym(RTLD_DEFAULT, "malloc")))
        return "off (the program brings its own allocator)";
    return options.alloc_all ? "agent(all)" : "agent(sampled)";
}
