/* The agent's unwinder against glibc's backtrace(), which is slow but right: in every
 * kind of frame, at every instruction of real code, on foreign stacks, and with garbage
 * for registers and tables, where it must only not fault. */
#include <alloca.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <link.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/unwind.h"
#include "agent/unwind_table.h"

enum {
    DEPTH = 256,
    PAGE = 4096
};
extern void *__libc_stack_end;
#define NOINLINE __attribute__((noinline, noclone))
/* Keeps a call from becoming a jump, which would leave no frame. */
#define KEEP_FRAME() __asm__ volatile("" ::: "memory")

static bool reaches_root(const uintptr_t *pcs, size_t n)
{
    return n && unwind_rule_kind(unwind_modules_rule(pcs[n - 1] - 1)) == UNWIND_END;
}

/* --- the caller's own stack --- */

/* A frame that a signal interrupted is told one byte on, as if behind a call. */
static bool same_pc(const uintptr_t *ours, void *const *theirs, size_t i)
{
    bool interrupted = i && unwind_rule_kind(unwind_modules_rule(ours[i - 1] - 1)) == UNWIND_SIGNAL;
    return ours[i] == (uintptr_t)theirs[i] + interrupted;
}

/* What both say about the same place; the first pc differs by the distance between the
 * two calls. */
static NOINLINE size_t compare_here(void *unused)
{
    uintptr_t ours[DEPTH];
    void *theirs[DEPTH];
    (void)unused;
    size_t n = unwind_here(ours, DEPTH);
    size_t m = (size_t)backtrace(theirs, DEPTH);
    size_t from = 0; /* a sanitizer's own frame comes first */
    while (from < m && (uintptr_t)theirs[from] - ours[0] >= 400)
        from++;
    assert_int_equal(n, m - from);
    for (size_t i = 1; i < n; i++)
        assert_true(same_pc(ours, theirs + from, i));
    return n;
}

static NOINLINE size_t recurse(int depth)
{
    size_t n = depth ? recurse(depth - 1) : compare_here(NULL);
    KEEP_FRAME();
    return n;
}

static NOINLINE size_t with_alloca(size_t bytes, int depth)
{
    volatile char *room = alloca(bytes + 16);
    room[bytes] = 1;
    size_t n = depth ? with_alloca(bytes * 3, depth - 1) : recurse(2);
    return n + (size_t)(room[bytes] - 1);
}

static NOINLINE size_t with_realigned_stack(int depth)
{
    _Alignas(64) volatile char room[256];
    room[depth] = 1;
    size_t n = depth ? with_alloca(100, depth) : with_alloca(10, 0);
    return n + (size_t)(room[depth] - 1);
}

static NOINLINE size_t with_huge_frame(void)
{
    volatile char room[2 << 20];
    room[0] = room[sizeof room - 1] = 0;
    return recurse(3) + (size_t)room[0];
}

static void own_stack(void **state)
{
    (void)state;
    for (int depth = 0; depth < 200; depth += 7)
        recurse(depth);
    for (int depth = 5; depth >= 0; depth--) {
        with_alloca(24, depth);
        with_realigned_stack(depth);
    }
    with_huge_frame();
    uintptr_t pcs[DEPTH];
    assert_true(reaches_root(pcs, unwind_here(pcs, DEPTH)));
}

/* --- what a walk depended on --- */

struct last {
    struct unwind_trail trail;
    uintptr_t pcs[DEPTH];
    size_t n;
    unsigned held, changed;
};

/* The trail of the walk before holds exactly where this one finds the same from the same
 * start. */
static NOINLINE void compare_trail(struct last *last)
{
    struct unwind_start start = UNWIND_START();
    uintptr_t pcs[DEPTH];
    struct unwind_trail trail;
    bool holds = last->n && unwind_trail_holds(&last->trail, &start);
    size_t n = unwind_from(&start, pcs, DEPTH, &trail);
    bool same = n == last->n && !memcmp(pcs, last->pcs, n * sizeof *pcs);
    assert_true(trail.n >= n - 1);
    assert_true(unwind_trail_holds(&trail, &start));
    if (holds)
        assert_true(same);
    last->held += holds;
    last->changed += !same;
    last->trail = trail;
    memcpy(last->pcs, pcs, sizeof pcs);
    last->n = n;
}

/* Two of a kind, with frames of the same size. */
static NOINLINE void fork_b(struct last *last, int depth, unsigned path);
static NOINLINE void fork_a(struct last *last, int depth, unsigned path)
{
    if (!depth)
        compare_trail(last);
    else if (path & 1)
        fork_a(last, depth - 1, path >> 1);
    else
        fork_b(last, depth - 1, path >> 1);
    KEEP_FRAME();
}
static NOINLINE void fork_b(struct last *last, int depth, unsigned path)
{
    if (!depth)
        compare_trail(last);
    else if (path & 1)
        fork_a(last, depth - 1, path >> 1);
    else
        fork_b(last, depth - 1, path >> 1);
    KEEP_FRAME();
}

static void trails(void **state)
{
    static struct last last;
    (void)state;
    for (unsigned i = 0; i < 4000; i++)
        fork_a(&last, 10, i / 2 % 3 ? i / 2 * 2654435761u >> 20 : 0);
    assert_true(last.changed > 1000);
    assert_true(last.held > 1000);
    last.trail.value[last.trail.n - 1] ^= 8;
    unsigned held = last.held;
    fork_a(&last, 10, 0);
    assert_int_equal(last.held, held);
}

#define WHOLE SIZE_MAX /* all that there is of the main thread's stack */

/* A copy of a stack leads to the same frames as the stack, as far as it goes. */
__attribute__((no_sanitize("address"))) static NOINLINE size_t compare_copy(size_t bytes)
{
    static uint64_t copy[4096];
    struct unwind_start start = UNWIND_START();
    if (bytes == WHOLE)
        bytes = (uintptr_t)__libc_stack_end - start.sp;
    if (bytes > sizeof copy)
        return 0;
    uintptr_t pcs[DEPTH], copied[DEPTH];
    size_t n = unwind_from(&start, pcs, DEPTH, NULL);
    for (size_t i = 0; i < bytes / 8; i++)
        copy[i] = ((const volatile uint64_t *)start.sp)[i];
    size_t m = unwind_copy(&start, copy, bytes, copied, DEPTH);
    assert_true(m >= 1 && m <= n);
    assert_memory_equal(pcs, copied, m * sizeof *pcs);
    return n - m;
}

static NOINLINE size_t deep_copy(int depth, size_t bytes)
{
    size_t missing = depth ? deep_copy(depth - 1, bytes) : compare_copy(bytes);
    KEEP_FRAME();
    return missing;
}

static NOINLINE size_t with_room(size_t bytes)
{
    volatile char room[sizeof(uint64_t) * 4096];
    room[0] = room[sizeof room - 1] = 0;
    return deep_copy(8, bytes) + (size_t)room[0];
}

static void copies(void **state)
{
    (void)state;
    for (size_t bytes = 0; bytes <= 2048; bytes += 8)
        assert_true(with_room(bytes) > 0);
    assert_int_equal(deep_copy(8, WHOLE), 0);
}

static void small_buffers(void **state)
{
    (void)state;
    uintptr_t whole[DEPTH];
    uintptr_t part[DEPTH];
    size_t n = unwind_here(whole, DEPTH);
    assert_int_equal(unwind_here(part, 0), 0);
    for (size_t max = 1; max < n; max++) {
        memset(part, 0xee, sizeof part);
        assert_int_equal(unwind_here(part, max), max);
        assert_memory_equal(part + 1, whole + 1, (max - 1) * sizeof *part);
        assert_int_equal(part[max], UINT64_C(0xeeeeeeeeeeeeeeee));
    }
}

/* The reuse of outer frames must see every change in them. */
static NOINLINE size_t left(int bits, int depth);
static NOINLINE size_t right(int bits, int depth)
{
    size_t n = depth ? (bits & 1 ? left : right)(bits >> 1, depth - 1) : compare_here(NULL);
    KEEP_FRAME();
    return n;
}
static NOINLINE size_t left(int bits, int depth)
{
    size_t n = depth ? (bits & 1 ? left : right)(bits >> 1, depth - 1) : compare_here(NULL);
    KEEP_FRAME();
    return n + 1;
}

static void changed_outer_frames(void **state)
{
    (void)state;
    for (int bits = 0; bits < 4096; bits++)
        left(bits * 2741, 12);
}

/* --- interrupted code --- */

static struct {
    unsigned steps, differ, cut;
    uintptr_t first_pc;
    bool cut_is_fine;
} g_stepped;

/* backtrace() also sees the handler and the signal frame. */
static void compare_context(const void *uc)
{
    uintptr_t ours[DEPTH];
    void *theirs[DEPTH];
    size_t n = unwind_context(uc, ours, DEPTH);
    size_t m = (size_t)backtrace(theirs, DEPTH);
    size_t from = 0;
    while (from < m && (uintptr_t)theirs[from] != ours[0])
        from++;
    bool same = m - from == n;
    for (size_t i = 0; same && i < n; i++)
        same = (uintptr_t)theirs[from + i] == ours[i];
    bool root = reaches_root(ours, n);
    if ((!same || !root) && !g_stepped.first_pc)
        g_stepped.first_pc = ours[0];
    g_stepped.steps++;
    g_stepped.differ += !same;
    g_stepped.cut += !root;
}

static volatile bool g_stepping;

static void on_step(int sig, siginfo_t *info, void *uc)
{
    greg_t *flags = &((ucontext_t *)uc)->uc_mcontext.gregs[REG_EFL];
    (void)sig;
    (void)info;
    *flags = g_stepping ? *flags | 0x100 : *flags & ~0x100; /* the trap flag */
    compare_context(uc);
}

static void set_handler(int sig, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
    assert_return_code(sigaction(sig, &sa, NULL), 0);
}

static int by_value(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* Prologues, epilogues, PLT entries, frames of every shape, libc's assembly. */
static NOINLINE void some_work(void)
{
    int v[8] = {5, 3, 9, 1, 7, 2, 8, 0};
    char text[100];
    qsort(v, 8, sizeof *v, by_value);
    snprintf(text, sizeof text, "%d %s %.3f", v[0], "word", 1.5);
    volatile size_t len = strlen(text) + (strchr(text, 'w') != NULL);
    volatile char *room = alloca(len + 40);
    room[3] = 1;
    free(malloc(100));
    memset((void *)(uintptr_t)room, 0, len);
}

static void every_instruction(void **state)
{
    (void)state;
    memset(&g_stepped, 0, sizeof g_stepped);
    some_work(); /* binds lazy symbols: the loader's resolver is another test */
    set_handler(SIGTRAP, on_step, 0);
    g_stepping = true;
    raise(SIGTRAP);
    some_work();
    g_stepping = false;
    signal(SIGTRAP, SIG_DFL);
    if (g_stepped.differ || g_stepped.cut)
        print_error("of %u steps %u differ, %u are cut, first at %p\n", g_stepped.steps,
                    g_stepped.differ, g_stepped.cut, (void *)g_stepped.first_pc);
    assert_true(g_stepped.steps > 1000);
    assert_int_equal(g_stepped.differ, 0);
    assert_int_equal(g_stepped.cut, 0);
}

/* --- through signal frames and on other stacks --- */

static volatile size_t g_seen; /* volatile: raise() is declared not to come back here */

static void on_signal_compare(int sig, siginfo_t *info, void *uc)
{
    (void)sig;
    (void)info;
    (void)uc;
    g_seen = compare_here(NULL);
}

static NOINLINE void raise_below(int sig, int depth)
{
    if (depth)
        raise_below(sig, depth - 1);
    else
        raise(sig);
    KEEP_FRAME();
}

static void signal_frames(void **state)
{
    (void)state;
    set_handler(SIGUSR1, on_signal_compare, 0);
    for (int depth = 0; depth < 40; depth += 3) {
        g_seen = 0;
        raise_below(SIGUSR1, depth);
        assert_true(g_seen > 5);
    }
}

static void alternate_stack(void **state)
{
    (void)state;
    size_t bytes = 64 * 1024;
    stack_t alt = {.ss_sp = malloc(bytes), .ss_size = bytes};
    assert_return_code(sigaltstack(&alt, NULL), 0);
    set_handler(SIGUSR2, on_signal_compare, SA_ONSTACK);
    for (int i = 0; i < 20; i++) {
        g_seen = 0;
        raise_below(SIGUSR2, i);
        assert_true(g_seen > 5);
        recurse(3);
    }
    alt.ss_flags = SS_DISABLE;
    sigaltstack(&alt, NULL);
    free(alt.ss_sp);
}

static ucontext_t g_main_context, g_coroutine;

static void coroutine(void)
{
    for (int i = 0; i < 5; i++) {
        g_seen = recurse(i);
        swapcontext(&g_coroutine, &g_main_context);
    }
}

/* The stack ends at an unmapped page, and is unmapped itself in the end. */
static void coroutine_stack(void **state)
{
    (void)state;
    size_t bytes = 16 * PAGE;
    for (int round = 0; round < 3; round++) {
        char *map = mmap(NULL, bytes + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_ptr_not_equal(map, MAP_FAILED);
        assert_return_code(mprotect(map + PAGE, bytes, PROT_READ | PROT_WRITE), 0);
        getcontext(&g_coroutine);
        g_coroutine.uc_stack = (stack_t){.ss_sp = map + PAGE, .ss_size = bytes};
        g_coroutine.uc_link = &g_main_context;
        makecontext(&g_coroutine, coroutine, 0);
        for (int i = 0; i < 5; i++) {
            g_seen = 0;
            swapcontext(&g_main_context, &g_coroutine);
            assert_in_range(g_seen, 3, 20);
            recurse(i);
        }
        munmap(map, bytes + 2 * PAGE);
    }
}

static void *thread_main(void *arg)
{
    uintptr_t pcs[DEPTH];
    for (int depth = 40; depth >= 0; depth--)
        recurse(depth);
    with_alloca(100, 4);
    *(bool *)arg = reaches_root(pcs, unwind_here(pcs, DEPTH));
    unwind_thread_exit();
    *(bool *)arg &= reaches_root(pcs, unwind_here(pcs, DEPTH));
    return NULL;
}

static void threads(void **state)
{
    (void)state;
    for (int i = 0; i < 600; i++) { /* more than can remember at once */
        bool root = false;
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, thread_main, &root), 0);
        pthread_join(thread, NULL);
        assert_true(root);
    }
}

/* --- generated code --- */

static size_t capture_into(void *pcs)
{
    size_t n = unwind_here(pcs, DEPTH);
    KEEP_FRAME();
    return n;
}

static void generated_code(void **state)
{
    /* push rbp; mov rbp, rsp; mov rax, rdi; mov rdi, rsi; call rax; pop rbp; ret */
    static const uint8_t code[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0x89, 0xf8,
                                   0x48, 0x89, 0xf7, 0xff, 0xd0, 0x5d, 0xc3};
    (void)state;
    void *map =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        skip(); /* a system that forbids writable code */
    memcpy(map, code, sizeof code);
    size_t (*jit)(size_t(*)(void *), void *) = (size_t(*)(size_t(*)(void *), void *))map;
    uintptr_t pcs[DEPTH];
    size_t n = jit(capture_into, pcs);
    assert_true(n > 3);
    assert_ptr_equal(pcs[1], (uintptr_t)map + 12);
    assert_true(reaches_root(pcs, n));
    munmap(map, PAGE);
}

/* --- modules that come and go --- */

static const char *plugin_path(void)
{
    return TEST_MODULE_DIR "/unwind_plugin.so";
}

static void loaded_library(void **state)
{
    (void)state;
    struct unwind_stats before;
    struct unwind_stats after;
    for (int i = 0; i < 50; i++) {
        void *plugin = dlopen(plugin_path(), RTLD_NOW);
        assert_non_null(plugin);
        unwind_modules_changed();
        size_t (*call)(size_t(*)(void *), void *, int) =
            (size_t(*)(size_t(*)(void *), void *, int))dlsym(plugin, "plugin_call");
        assert_true(call(compare_here, NULL, 5) > 8);
        uintptr_t inside = (uintptr_t)call + 1;
        assert_int_not_equal(unwind_modules_rule(inside), UNWIND_NONE);
        dlclose(plugin);
        unwind_modules_changed();
        assert_int_equal(unwind_modules_rule(inside), UNWIND_NONE);
        if (i == 1)
            unwind_get_stats(&before); /* every set has been made */
    }
    unwind_get_stats(&after);
    assert_int_equal(after.tables, before.tables);
    assert_in_range(after.bytes, before.bytes, before.bytes + 64 * 1024);
}

static volatile sig_atomic_t g_cut;

static void on_profile(int sig, siginfo_t *info, void *uc)
{
    uintptr_t pcs[DEPTH];
    (void)sig;
    (void)info;
    g_cut += unwind_context(uc, pcs, DEPTH) == 0;
}

static volatile bool g_stop;

static void *load_and_unload(void *arg)
{
    (void)arg;
    while (!g_stop) {
        void *plugin = dlopen(plugin_path(), RTLD_NOW);
        unwind_modules_changed();
        size_t (*call)(size_t(*)(void *), void *, int) =
            (size_t(*)(size_t(*)(void *), void *, int))dlsym(plugin, "plugin_call");
        uintptr_t pcs[DEPTH];
        if (call(capture_into, pcs, 3) < 4 || !reaches_root(pcs, call(capture_into, pcs, 3)))
            g_cut++;
        dlclose(plugin);
        unwind_modules_changed();
    }
    return NULL;
}

/* Captures in handlers and outside, in several threads, while libraries come and go. */
static void all_at_once(void **state)
{
    (void)state;
    pthread_t workers[3];
    g_stop = false;
    g_cut = 0;
    set_handler(SIGPROF, on_profile, SA_RESTART);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&workers[i], NULL, load_and_unload, NULL), 0);
    for (int i = 0; i < 3000; i++) {
        recurse(i % 30);
        pthread_kill(workers[i % 3], SIGPROF);
        if (i % 500 == 0) {
            pid_t child = fork();
            if (!child) {
                uintptr_t pcs[DEPTH];
                _exit(reaches_root(pcs, unwind_here(pcs, DEPTH)) ? 0 : 1);
            }
            int status = -1;
            waitpid(child, &status, 0);
            assert_int_equal(status, 0);
        }
    }
    g_stop = true;
    for (size_t i = 0; i < 3; i++)
        pthread_join(workers[i], NULL);
    signal(SIGPROF, SIG_DFL);
    assert_int_equal(g_cut, 0);
}

/* --- garbage --- */

static uint64_t g_random = 88172645463325252u;

static uint64_t next_random(void)
{
    g_random ^= g_random << 13;
    g_random ^= g_random >> 7;
    g_random ^= g_random << 17;
    return g_random;
}

static uint64_t garbage_near(uintptr_t code, uintptr_t stack)
{
    switch (next_random() % 6) {
    case 0:
        return next_random();
    case 1:
        return next_random() >> 17;
    case 2:
        return next_random() % 1000;
    case 3:
        return code + next_random() % 100000;
    case 4:
        return stack - 8000 + next_random() % 16000;
    default:
        return stack + next_random() % (64 << 20);
    }
}

static void garbage_registers(void **state)
{
    (void)state;
    ucontext_t uc;
    memset(&uc, 0, sizeof uc);
    uintptr_t pcs[DEPTH];
    for (int i = 0; i < 50000; i++) {
        uintptr_t code = (uintptr_t)(i % 3 ? (void *)compare_here : (void *)qsort);
        for (size_t r = 0; r < NGREG; r++)
            uc.uc_mcontext.gregs[r] = (greg_t)garbage_near(code, (uintptr_t)&uc);
        if (i % 2)
            uc.uc_mcontext.gregs[REG_RIP] = (greg_t)(code + next_random() % 100000);
        size_t n = unwind_context(&uc, pcs, DEPTH);
        assert_in_range(n, 1, DEPTH);
    }
    compare_here(NULL);
}

struct copy {
    uint8_t *map, *bytes;
    size_t len, map_len;
    uintptr_t bias;
    size_t hdr_off, hdr_len;
};

/* Like memcpy, which a sanitizer does not let cross from one object to the next. */
__attribute__((no_sanitize("address"))) static void copy_bytes(volatile uint8_t *to,
                                                               const uint8_t *from, size_t len)
{
    for (size_t i = 0; i < len; i++)
        to[i] = from[i];
}

/* The read-only segment of this program that holds .eh_frame, copied so that it ends at
 * an unreadable page. */
static int copy_segment(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct copy *c = arg;
    const ElfW(Phdr) *hdr = NULL;
    (void)size;
    for (size_t i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_GNU_EH_FRAME)
            hdr = &info->dlpi_phdr[i];
    for (size_t i = 0; hdr && i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
        if (ph->p_type != PT_LOAD || hdr->p_vaddr < ph->p_vaddr ||
            hdr->p_vaddr >= ph->p_vaddr + ph->p_memsz)
            continue;
        c->len = ph->p_memsz;
        c->map_len = (c->len + PAGE - 1) / PAGE * PAGE + PAGE;
        c->map = mmap(NULL, c->map_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        mprotect(c->map + c->map_len - PAGE, PAGE, PROT_NONE);
        c->bytes = c->map + c->map_len - PAGE - c->len;
        copy_bytes(c->bytes, (const uint8_t *)(info->dlpi_addr + ph->p_vaddr), c->len);
        c->bias = (uintptr_t)c->bytes - ph->p_vaddr;
        c->hdr_off = hdr->p_vaddr - ph->p_vaddr;
        c->hdr_len = hdr->p_memsz;
        return 1;
    }
    return 0;
}

static size_t parse_copy(const struct copy *c, size_t len)
{
    struct unwind_source src = {.bias = c->bias,
                                .begin = c->bytes + (c->len - len),
                                .end = c->bytes + c->len,
                                .hdr = c->bytes + c->hdr_off,
                                .hdr_end = c->bytes + c->hdr_off + c->hdr_len};
    struct unwind_table *t = unwind_cfi_locate(&src) ? unwind_cfi_parse(&src) : NULL;
    for (uint64_t off = 0; t && off < t->text_bytes; off += 64)
        unwind_table_rule(t, t->text + off);
    return t ? t->rows : 0;
}

static void damaged_tables(void **state)
{
    (void)state;
    struct copy c = {0};
    assert_int_equal(dl_iterate_phdr(copy_segment, &c), 1);
    size_t whole = parse_copy(&c, c.len);
    assert_true(whole > 50);
    for (int i = 0; i < 1500; i++) {
        size_t at = c.hdr_off + next_random() % (c.len - c.hdr_off);
        uint8_t was = c.bytes[at];
        c.bytes[at] = (uint8_t)next_random();
        size_t rows = parse_copy(&c, c.len);
        assert_in_range(rows, 0, 64 * whole);
        if (i % 4)
            c.bytes[at] = was; /* else let damage gather */
    }
    munmap(c.map, c.map_len);
}

/* --- stock programs --- */

static void sample_program(const char *command)
{
    char report[] = "/tmp/test_unwind_XXXXXX";
    char line[4096];
    int fd = mkstemp(report);
    assert_return_code(fd, errno);
    snprintf(line, sizeof line,
             "UNWIND_REPORT=%s LD_PRELOAD=" TEST_MODULE_DIR "/unwind_preload.so %s >/dev/null 2>&1",
             report, command);
    int status = system(line);
    FILE *f = fdopen(fd, "r");
    unsigned samples = 0, root = 0, same = 0, differ = 0;
    int fields = fscanf(f, "samples=%u root=%u same=%u differ=%u", &samples, &root, &same, &differ);
    fclose(f);
    unlink(report);
    if (WEXITSTATUS(status) == 127)
        skip(); /* not installed */
    print_message("%.20s...: %u of %u stacks reach the root, %u differ\n", command, root, samples,
                  differ);
    assert_int_equal(fields, 4);
    assert_int_equal(status, 0);
    assert_int_equal(differ, 0);
    assert_true(root * 100 >= samples * 99);
}

static void stock_python(void **state)
{
    (void)state;
    sample_program(
        "/usr/bin/python3 -c 'import json, re, hashlib\n"
        "for i in range(4): json.loads(json.dumps({str(k): [k] * 9 for k in range(9999)})); "
        "re.findall(\"(a|b)*c\", \"ab\" * 1500); hashlib.sha256(bytes(20**6)).digest()'");
}

static void stock_sqlite(void **state)
{
    (void)state;
    sample_program("sqlite3 :memory: 'with recursive c(x) as (select 1 union all select x+1 from c "
                   "where x < 700000) select sum(x*x%7) from c group by x%10 order by 1'");
}

static void stock_xz(void **state)
{
    (void)state;
    sample_program("xz -T2 -4 -k -c /usr/lib/x86_64-linux-gnu/libc.so.6");
}

static int init(void **state)
{
    (void)state;
    return unwind_init() ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_stack),
        cmocka_unit_test(trails),
        cmocka_unit_test(copies),
        cmocka_unit_test(small_buffers),
        cmocka_unit_test(changed_outer_frames),
        cmocka_unit_test(every_instruction),
        cmocka_unit_test(signal_frames),
        cmocka_unit_test(alternate_stack),
        cmocka_unit_test(coroutine_stack),
        cmocka_unit_test(threads),
        cmocka_unit_test(generated_code),
        cmocka_unit_test(loaded_library),
        cmocka_unit_test(all_at_once),
        cmocka_unit_test(garbage_registers),
        cmocka_unit_test(damaged_tables),
        cmocka_unit_test(stock_python),
        cmocka_unit_test(stock_sqlite),
        cmocka_unit_test(stock_xz),
    };
    return cmocka_run_group_tests(tests, init, NULL);
}
