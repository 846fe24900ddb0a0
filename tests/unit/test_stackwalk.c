/* stackwalk against glibc's backtrace, on this test's own stack, and on garbage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <execinfo.h>
#include <signal.h>
#include <ucontext.h>
#include <unistd.h>

#include "collect/stackwalk.h"

enum {
    DEPTH = 12,
    FRAMES = 64,
    STACK = 32768, /* a level of the recursion takes more than 1 KB */
    ROUNDS = 20000
};

struct seen {
    uint64_t pcs[FRAMES];
    size_t count;
    void *truth[FRAMES];
    int truth_count;
};

static struct stackwalk_space *space;

static uint64_t stack_copy[STACK / 8];

/* Also what a sanitizer keeps apart: like the kernel, which knows no variables. */
__attribute__((no_sanitize_address)) static void copy_stack(const uint64_t *sp)
{
    for (size_t i = 0; i < STACK / 8; i++)
        ((volatile uint64_t *)stack_copy)[i] = sp[i];
}

static void walk(const ucontext_t *context, struct seen *seen)
{
    copy_stack((const void *)(uintptr_t)context->uc_mcontext.gregs[REG_RSP]);
    seen->count = stackwalk(space, context->uc_mcontext.gregs, (const void *)stack_copy,
                            sizeof stack_copy, seen->pcs, FRAMES);
}

__attribute__((noipa)) static int descend(int depth, struct seen *seen)
{
    ucontext_t context;
    char room[64]; /* frames of different sizes */
    memset(room, depth, sizeof room);
    if (depth)
        return descend(depth - 1, seen) + room[depth];
    seen->truth_count = backtrace(seen->truth, FRAMES);
    getcontext(&context);
    walk(&context, seen);
    return room[0];
}

/* The copy ends somewhere above; as far as it goes the two agree but for the leaf, since
 * each stands in its own call. */
static void assert_same(const struct seen *seen)
{
    assert_true(seen->count > DEPTH);
    assert_true(seen->truth_count > DEPTH);
    for (size_t i = 1; i <= DEPTH; i++)
        assert_int_equal(seen->pcs[i], (uintptr_t)seen->truth[i]);
}

/* The sanitizer's backtrace has frames of its own in between. */
static void need_plain_backtrace(void)
{
#ifdef __SANITIZE_ADDRESS__
    skip();
#endif
}

static void test_equals_backtrace(void **state)
{
    (void)state;
    need_plain_backtrace();
    struct seen seen;
    char room[2 * STACK]; /* so that the copy stays within the stack */
    memset(room, 1, sizeof room);
    descend(DEPTH, &seen);
    assert_same(&seen);
    assert_int_equal(room[STACK], 1);
}

static struct seen in_signal;

static void on_signal(int sig)
{
    (void)sig;
    ucontext_t context;
    in_signal.truth_count = backtrace(in_signal.truth, FRAMES);
    getcontext(&context);
    walk(&context, &in_signal);
}

static void test_through_a_signals_frame(void **state)
{
    (void)state;
    need_plain_backtrace();
    volatile char room[2 * STACK]; /* so that the copy stays within the stack */
    room[STACK] = 0;
    signal(SIGUSR1, on_signal);
    raise(SIGUSR1);
    assert_true(in_signal.count > 4 && !room[STACK]);
    for (size_t i = 1; i <= 4; i++) /* an interrupted pc is told one behind */
        assert_in_range(in_signal.pcs[i], (uintptr_t)in_signal.truth[i],
                        (uintptr_t)in_signal.truth[i] + 1);
}

static void test_garbage_ends(void **state)
{
    (void)state;
    uint64_t seed = 1, pcs[FRAMES], stack[STACK / 8];
    for (int round = 0; round < ROUNDS; round++) {
        greg_t gregs[NGREG];
        for (size_t i = 0; i < STACK / 8; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            stack[i] = seed >> 60 ? seed >> 16 : (uintptr_t)&descend + (seed >> 20 & 0xffff);
        }
        for (int i = 0; i < NGREG; i++)
            gregs[i] = (greg_t)stack[i];
        gregs[REG_RIP] = (greg_t)((uintptr_t)&descend + (seed & 0xfff));
        gregs[REG_RSP] = (greg_t)((seed & 0xfff8) + 0x7f0000000000);
        gregs[REG_RBP] = gregs[REG_RSP] + (greg_t)(seed >> 32 & 0xff8);
        size_t bytes = seed >> 8 & (STACK - 1);
        size_t count = stackwalk(space, gregs, (const void *)stack, bytes, pcs, FRAMES);
        assert_in_range(count, 1, FRAMES);
    }
}

static void test_a_copy_knows_the_same(void **state)
{
    (void)state;
    struct stackwalk_space *copy = stackwalk_space_copy(space);
    assert_true(stackwalk_knows(copy, (uintptr_t)&descend));
    assert_false(stackwalk_knows(copy, (uintptr_t)&in_signal));
    stackwalk_space_free(copy);
    assert_null(stackwalk_space_new(0x3fffffff));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equals_backtrace),
        cmocka_unit_test(test_through_a_signals_frame),
        cmocka_unit_test(test_garbage_ends),
        cmocka_unit_test(test_a_copy_knows_the_same),
    };
    space = stackwalk_space_new(getpid());
    int failed = space ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
    stackwalk_space_free(space);
    return failed;
}
