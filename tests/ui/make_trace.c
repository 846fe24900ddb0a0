/* make_trace: writes a trace of a made-up server, the same bytes each time, for
 * tests of the viewer: a main thread in epoll_wait, workers that fight over a
 * lock, an idle thread, one that sleeps, and a client process.
 *
 *     make_trace OUT.out [SECONDS]
 *     make_trace --locks OUT.out      a lock held across a write, then a deadlock
 *     make_trace --empty OUT.out */
#include "base/arena.h"
#include "trace/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    US = 1000,
    MS = 1000000,
    SAMPLE_EVERY = 1 * MS,
    WORKERS = 4,
    LOCK = 0x5581a040
};
enum {
    SYS_READ = 0,
    SYS_WRITE = 1,
    SYS_NANOSLEEP = 230,
    SYS_EPOLL = 232,
    SYS_FUTEX = 202
};

struct maker {
    struct trace_writer *w;
    uint64_t seed;
    int64_t end_ns;
};

struct thread {
    struct maker *m;
    uint32_t row, tid;
    int64_t now_ns, next_sample_ns;
    int64_t ran_until_ns; /* -1, or the end of the running state written last */
};

static uint64_t random_below(struct maker *m, uint64_t below)
{
    m->seed = m->seed * 6364136223846793005u + 1442695040888963407u;
    return (m->seed >> 33) % below;
}

/* Mostly short, sometimes long: as real work is. */
static int64_t about(struct maker *m, int64_t ns)
{
    int64_t d = ns / 4 + (int64_t)random_below(m, (uint64_t)ns);
    return random_below(m, 40) == 0 ? d * 7 : d;
}

static uint32_t string(struct maker *m, const char *s)
{
    return trace_writer_string(m->w, s);
}

/* A stack from text, leaf first: "function file line module;...". */
static uint32_t stack(struct maker *m, const char *text)
{
    uint32_t frames[32];
    size_t depth = 0;
    char copy[2048], *save;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *f = strtok_r(copy, ";", &save); f; f = strtok_r(NULL, ";", &save)) {
        char function[128], file[128], module[128];
        unsigned line;
        if (sscanf(f, "%127s %127s %u %127s", function, file, &line, module) != 4)
            abort();
        uint64_t values[TRACE_FRAME_COLUMNS] = {
            [TRACE_FRAME_address] = 0x401000 + line * 16u,
            [TRACE_FRAME_function] = string(m, strcmp(function, "?") ? function : ""),
            [TRACE_FRAME_file] = string(m, strcmp(file, "?") ? file : ""),
            [TRACE_FRAME_line] = line,
            [TRACE_FRAME_module] = string(m, module)};
        frames[depth++] = trace_writer_frame(m->w, values);
    }
    uint32_t id = trace_writer_stack_new(m->w);
    trace_writer_stack_define(m->w, id, frames, depth);
    return id;
}

#define SHOP "/usr/bin/shop-server"
#define LIBC "/lib/x86_64-linux-gnu/libc.so.6"
#define BASE_WORKER                                                                                \
    ";worker_main /src/shop/worker.c 88 " SHOP ";start_thread ? 0 " LIBC ";clone3 ? 0 " LIBC
#define REQUEST ";handle_request /src/shop/request.c 214 " SHOP BASE_WORKER

static const char *const hot[] = {
    "parse_header /src/shop/http.c 77 " SHOP ";parse_request /src/shop/http.c 140 " SHOP REQUEST,
    "hash_lookup /src/shop/table.c 51 " SHOP ";find_order /src/shop/orders.c 63 " SHOP REQUEST,
    "memcmp ? 0 " LIBC ";hash_lookup /src/shop/table.c 55 " SHOP
    ";find_order /src/shop/orders.c 63 " SHOP REQUEST,
    "render_price /src/shop/render.c 33 " SHOP ";render_page /src/shop/render.c 120 " SHOP REQUEST,
    "vsnprintf ? 0 " LIBC ";render_price /src/shop/render.c 40 " SHOP
    ";render_page /src/shop/render.c 120 " SHOP REQUEST,
    "malloc ? 0 " LIBC ";buffer_grow /src/shop/buffer.c 19 " SHOP
    ";render_page /src/shop/render.c 98 " SHOP REQUEST,
    "? ? 7 " SHOP ";render_page /src/shop/render.c 131 " SHOP REQUEST,
};

enum {
    HOT = sizeof hot / sizeof *hot
};

static void add_state(struct thread *t, enum trace_state state, int cpu, enum trace_reason reason,
                      uint64_t object, uint32_t waker, uint32_t stack_id)
{
    uint64_t v[TRACE_THREAD_STATE_COLUMNS] = {
        (uint64_t)t->now_ns, state, (uint64_t)(int64_t)cpu, reason, object, waker, stack_id};
    trace_writer_row(t->m->w, TRACE_THREAD_STATE_TABLE, t->row, v);
}

static void run(struct thread *t, int64_t ns, uint32_t stack_id)
{
    if (t->ran_until_ns != t->now_ns)
        add_state(t, TRACE_RUNNING, (int)(t->tid % 2), TRACE_REASON_NONE, 0, 0, 0);
    int64_t end = t->now_ns + ns;
    t->ran_until_ns = end;
    for (; t->next_sample_ns < end; t->next_sample_ns += SAMPLE_EVERY) {
        if (t->next_sample_ns < t->now_ns)
            continue;
        uint64_t v[TRACE_SAMPLE_COLUMNS] = {(uint64_t)t->next_sample_ns, TRACE_SAMPLE_CPU,
                                            SAMPLE_EVERY, stack_id};
        trace_writer_row(t->m->w, TRACE_SAMPLE_TABLE, t->row, v);
    }
    t->now_ns = end;
}

static void wait_cpu(struct thread *t, int64_t ns, bool preempted)
{
    add_state(t, TRACE_RUNNABLE, -1, preempted ? TRACE_REASON_PREEMPTED : TRACE_REASON_NONE, 0, 0,
              0);
    t->now_ns += ns;
}

static void block(struct thread *t, int64_t ns, enum trace_reason reason, uint64_t object,
                  uint32_t waker, uint32_t stack_id)
{
    add_state(t, TRACE_BLOCKED, -1, reason, object, waker, stack_id);
    t->now_ns += ns;
}

static void syscall_row(struct thread *t, int64_t begin, int nr, const char *name,
                        const char *object, int64_t ret, uint32_t stack_id)
{
    uint64_t v[TRACE_SYSCALL_COLUMNS] = {[TRACE_SYSCALL_ts] = (uint64_t)begin,
                                         [TRACE_SYSCALL_dur] = (uint64_t)(t->now_ns - begin),
                                         [TRACE_SYSCALL_nr] = (uint64_t)nr,
                                         [TRACE_SYSCALL_name] = string(t->m, name),
                                         [TRACE_SYSCALL_arg0] = 7,
                                         [TRACE_SYSCALL_arg1] = 0x7ffc1230,
                                         [TRACE_SYSCALL_arg2] = 4096,
                                         [TRACE_SYSCALL_ret] = (uint64_t)ret,
                                         [TRACE_SYSCALL_stack_id] = stack_id,
                                         [TRACE_SYSCALL_object] = string(t->m, object)};
    trace_writer_row(t->m->w, TRACE_SYSCALL_TABLE, t->row, v);
}

/* A call that blocks in the middle. */
static void blocking_call(struct thread *t, int64_t ns, int nr, const char *name,
                          const char *object, enum trace_reason reason, uint32_t waker,
                          uint32_t stack_id)
{
    int64_t begin = t->now_ns - 2 * US;
    block(t, ns, reason, (uint64_t)nr, waker, stack_id);
    wait_cpu(t, about(t->m, 12 * US), false);
    run(t, 3 * US, stack_id);
    syscall_row(t, begin, nr, name, object, name[0] == 'r' && ns > 6 * MS ? -104 : 4096, stack_id);
}

static void quick_call(struct thread *t, int nr, const char *name, const char *object,
                       uint32_t stack_id)
{
    int64_t begin = t->now_ns;
    run(t, about(t->m, 9 * US), stack_id);
    syscall_row(t, begin, nr, name, object, 512, stack_id);
}

static void region(struct thread *t, int64_t begin, const char *name, uint64_t task)
{
    uint64_t v[TRACE_REGION_COLUMNS] = {(uint64_t)begin, (uint64_t)(t->now_ns - begin),
                                        string(t->m, name), task};
    trace_writer_row(t->m->w, TRACE_REGION_TABLE, t->row, v);
}

static uint32_t add_process(struct maker *m, uint32_t pid, const char *name, const char *cmdline)
{
    uint64_t v[TRACE_PROCESS_COLUMNS] = {
        pid, 1, string(m, name), string(m, cmdline), 0, (uint64_t)m->end_ns, 0};
    return trace_writer_row(m->w, TRACE_PROCESS_TABLE, 0, v);
}

static struct thread add_thread(struct maker *m, uint32_t tid, uint32_t pid, const char *name,
                                int64_t start_ns)
{
    uint64_t v[TRACE_THREAD_COLUMNS] = {
        tid, pid, string(m, name), (uint64_t)start_ns, (uint64_t)m->end_ns, 0};
    uint32_t row = trace_writer_row(m->w, TRACE_THREAD_TABLE, 0, v);
    return (struct thread){.m = m,
                           .row = row,
                           .tid = tid,
                           .now_ns = start_ns,
                           .ran_until_ns = -1,
                           .next_sample_ns = start_ns + (int64_t)(tid % 7) * 130 * US};
}

static void make_main(struct maker *m)
{
    struct thread t = add_thread(m, 4242, 4242, "shop-server", 0);
    uint32_t wait = stack(m, "epoll_wait ? 0 " LIBC ";event_loop /src/shop/loop.c 41 " SHOP
                             ";main /src/shop/main.c 120 " SHOP);
    uint32_t work =
        stack(m, "accept_client /src/shop/net.c 92 " SHOP ";event_loop /src/shop/loop.c 52 " SHOP
                 ";main /src/shop/main.c 120 " SHOP);
    uint32_t reading = stack(m, "read ? 0 " LIBC ";load_config /src/shop/config.c 30 " SHOP
                                ";main /src/shop/main.c 77 " SHOP);
    run(&t, 8 * MS, reading);
    blocking_call(&t, 23 * MS, SYS_READ, "read", "/etc/shop/catalogue.db", TRACE_REASON_IO, 0,
                  reading);
    run(&t, 14 * MS, reading);
    block(&t, 1 * MS, TRACE_REASON_PAGE_FAULT, 0, 0, reading);
    while (t.now_ns < m->end_ns - 40 * MS) {
        run(&t, about(m, 60 * US), work);
        quick_call(&t, SYS_READ, "read", "socket:[88121]", work);
        quick_call(&t, SYS_WRITE, "write", "socket:[88121]", work);
        blocking_call(&t, about(m, 500 * US), SYS_EPOLL, "epoll_wait", "eventpoll",
                      TRACE_REASON_SYSCALL, 0, wait);
    }
    run(&t, m->end_ns - t.now_ns, work);
}

static void lock_wait(struct thread *t, uint32_t stack_id, uint32_t holder_stack)
{
    uint32_t holder =
        4250 + (t->tid - 4250 + 1 + (uint32_t)random_below(t->m, WORKERS - 1)) % WORKERS;
    int64_t begin = t->now_ns;
    block(t, about(t->m, 400 * US), TRACE_REASON_LOCK, LOCK, holder, stack_id);
    uint64_t v[TRACE_LOCK_WAIT_COLUMNS] = {(uint64_t)begin,
                                           (uint64_t)(t->now_ns - begin),
                                           LOCK,
                                           TRACE_LOCK_MUTEX,
                                           stack_id,
                                           holder,
                                           holder_stack,
                                           0,
                                           0};
    trace_writer_row(t->m->w, TRACE_LOCK_WAIT_TABLE, t->row, v);
    wait_cpu(t, about(t->m, 20 * US), false);
}

/* parse, look up under the lock, render, answer. */
static void one_request(struct thread *t, const uint32_t *stacks, uint32_t locking,
                        uint32_t unlocking, uint64_t number)
{
    struct maker *m = t->m;
    int64_t begin = t->now_ns, part = begin;
    quick_call(t, SYS_READ, "read", "socket:[90412]", stacks[0]);
    run(t, about(m, 80 * US), stacks[0]);
    region(t, part, "parse", number);
    part = t->now_ns;
    if (random_below(m, 3) == 0)
        lock_wait(t, locking, unlocking);
    run(t, about(m, 220 * US), stacks[1 + random_below(m, 2)]);
    region(t, part, "find order", number);
    part = t->now_ns;
    run(t, about(m, 300 * US), stacks[3 + random_below(m, HOT - 3)]);
    if (random_below(m, 9) == 0) {
        wait_cpu(t, about(m, 700 * US), true);
        run(t, about(m, 90 * US), stacks[3]);
    }
    region(t, part, "render", number);
    quick_call(t, SYS_WRITE, "write", "socket:[90412]", stacks[3]);
    region(t, begin, "handle request", number);
}

static void make_worker(struct maker *m, uint32_t number, const uint32_t *stacks)
{
    char name[32];
    snprintf(name, sizeof name, "worker-%u", number);
    struct thread t = add_thread(m, 4250 + number, 4242, name, 48 * MS + number * 2 * MS);
    uint32_t locking = stack(m, "__lll_lock_wait ? 0 " LIBC ";pthread_mutex_lock ? 0 " LIBC
                                ";find_order /src/shop/orders.c 58 " SHOP REQUEST);
    uint32_t unlocking = stack(m, "pthread_mutex_unlock ? 0 " LIBC
                                  ";update_stock /src/shop/orders.c 131 " SHOP REQUEST);
    uint32_t idle =
        stack(m, "pthread_cond_wait ? 0 " LIBC ";queue_pop /src/shop/queue.c 29 " SHOP BASE_WORKER);
    for (uint64_t n = 1; t.now_ns < m->end_ns - 30 * MS; n++) {
        one_request(&t, stacks, locking, unlocking, n);
        /* A quiet spell in the middle of each second. */
        int64_t in_second = t.now_ns % (1000 * MS);
        bool quiet = in_second > 550 * MS && in_second < 700 * MS;
        if (quiet || random_below(m, 3) == 0) {
            block(&t, about(m, quiet ? 9 * MS : 500 * US), TRACE_REASON_COND, 0x5581a0c0, 4242,
                  idle);
            wait_cpu(&t, about(m, 15 * US), false);
        }
    }
    run(&t, m->end_ns - t.now_ns, stacks[0]);
}

static void make_idle(struct maker *m)
{
    struct thread t = add_thread(m, 4260, 4242, "lazy-free", 60 * MS);
    uint32_t idle =
        stack(m, "pthread_cond_wait ? 0 " LIBC
                 ";lazy_free_main_loop_with_a_rather_long_name /src/shop/lazy.c 71 " SHOP
                 ";start_thread ? 0 " LIBC);
    run(&t, 200 * US, idle);
    block(&t, m->end_ns - t.now_ns, TRACE_REASON_COND, 0x5581a100, 0, idle);
}

static void make_sleeper(struct maker *m)
{
    struct thread t = add_thread(m, 4261, 4242, "stats-flusher-every-50ms", 70 * MS);
    uint32_t asleep = stack(m, "clock_nanosleep ? 0 " LIBC ";stats_main /src/shop/stats.c 17 " SHOP
                               ";start_thread ? 0 " LIBC);
    while (t.now_ns < m->end_ns - 60 * MS) {
        run(&t, about(m, 900 * US), asleep);
        blocking_call(&t, 50 * MS, SYS_NANOSLEEP, "clock_nanosleep", "", TRACE_REASON_SLEEP, 0,
                      asleep);
    }
    run(&t, m->end_ns - t.now_ns, asleep);
}

static void make_client(struct maker *m)
{
    add_process(m, 4310, "shop-bench", "shop-bench -c 4 -n 100000 http://localhost:8080/");
    struct thread t = add_thread(m, 4310, 4310, "shop-bench", 30 * MS);
    uint32_t reading =
        stack(m, "recv ? 0 " LIBC ";bench_once /src/bench/bench.c 44 /usr/bin/shop-bench"
                 ";main /src/bench/bench.c 90 /usr/bin/shop-bench");
    while (t.now_ns < m->end_ns - 5 * MS) {
        run(&t, about(m, 70 * US), reading);
        blocking_call(&t, about(m, 300 * US), SYS_READ, "recvfrom", "socket:[90413]",
                      TRACE_REASON_SYSCALL, 4251, reading);
    }
}

static void add_counter(struct maker *m, int64_t ns, const char *name, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint64_t v[TRACE_COUNTER_COLUMNS] = {(uint64_t)ns, string(m, name), bits, 4242};
    trace_writer_row(m->w, TRACE_COUNTER_TABLE, 0, v);
}

static void make_counters(struct maker *m)
{
    double heap = 3e6, depth = 0;
    for (int64_t ns = 50 * MS; ns < m->end_ns; ns += 2 * MS) {
        int64_t in_second = ns % (1000 * MS);
        heap += in_second > 900 * MS ? -1.6e5 : 12000 + (double)random_below(m, 20000);
        depth += (double)random_below(m, 7) - (in_second > 400 * MS ? 3.4 : 2.7);
        depth = depth < 0 ? 0 : depth;
        add_counter(m, ns, "heap bytes", heap);
        add_counter(m, ns, "queue depth", (double)(int)depth);
    }
}

static void add_facts(struct maker *m)
{
    static const char *const meta[][2] = {{"hostname", "shop-01"},
                                          {"whyprof_version", "0.1.0"},
                                          {"mechanism.sched", "bpf"},
                                          {"mechanism.syscall", "bpf"},
                                          {"mechanism.lock", "agent"},
                                          {"mechanism.alloc", "agent, sampled"},
                                          {"mechanism.cpu", "agent timers, 1000 Hz"}};
    for (size_t i = 0; i < sizeof meta / sizeof *meta; i++)
        trace_writer_meta(m->w, meta[i][0], meta[i][1]);
    trace_writer_meta_u64(m->w, "events", 148211);
    trace_writer_meta_u64(m->w, "lost_events", 12);
    trace_writer_meta_u64(m->w, "start_unix_ns", 1735689600000000000u);
    uint64_t lock[TRACE_LOCK_COLUMNS] = {
        LOCK, TRACE_LOCK_MUTEX, string(m, "orders"), 41210, 3120, 912 * (uint64_t)MS, 3 * MS, 4242};
    trace_writer_row(m->w, TRACE_LOCK_TABLE, 0, lock);
}

static void make_all(struct maker *m)
{
    uint32_t stacks[HOT];
    for (size_t i = 0; i < HOT; i++)
        stacks[i] = stack(m, hot[i]);
    add_facts(m);
    add_process(m, 4242, "shop-server", "shop-server --config /etc/shop/shop.conf --threads 4");
    make_main(m);
    for (uint32_t i = 0; i < WORKERS; i++)
        make_worker(m, i, stacks);
    make_idle(m);
    make_sleeper(m);
    make_client(m);
    make_counters(m);
}

/* --- locks: who waits for whom, with every hold told -------------------------------- */

enum {
    FIRST_LOCK = 0x55aa1000,
    LOCKS = 3,
    WRITER = 5000,
    CLIENTS = 3,
    SYS_FDATASYNC = 75,
    SYS_CLOCK_NANOSLEEP = 230
};

static uint64_t lock_at(unsigned i)
{
    return FIRST_LOCK + i * 0x40u;
}

static void add_locks(struct maker *m)
{
    static const char *const names[LOCKS] = {"journal", "accounts", "audit"};
    for (unsigned i = 0; i < LOCKS; i++) {
        uint64_t v[TRACE_LOCK_COLUMNS] = {
            lock_at(i), TRACE_LOCK_MUTEX,   string(m, names[i]), 40,
            4,          300 * (uint64_t)MS, 200 * (uint64_t)MS,  WRITER};
        trace_writer_row(m->w, TRACE_LOCK_TABLE, 0, v);
    }
}

static void hold_row(struct thread *t, int64_t begin, int64_t end, unsigned lock)
{
    uint64_t v[TRACE_LOCK_HOLD_COLUMNS] = {[TRACE_LOCK_HOLD_ts] = (uint64_t)begin,
                                           [TRACE_LOCK_HOLD_dur] = (uint64_t)(end - begin),
                                           [TRACE_LOCK_HOLD_lock] = lock_at(lock),
                                           [TRACE_LOCK_HOLD_kind] = TRACE_LOCK_MUTEX,
                                           [TRACE_LOCK_HOLD_contended] = 1};
    trace_writer_row(t->m->w, TRACE_LOCK_HOLD_TABLE, t->row, v);
}

static void wait_row(struct thread *t, int64_t ns, unsigned lock, uint32_t holder, bool forever,
                     uint32_t stack_id)
{
    int64_t begin = t->now_ns;
    block(t, ns, TRACE_REASON_LOCK, lock_at(lock), forever ? 0 : holder, stack_id);
    uint64_t v[TRACE_LOCK_WAIT_COLUMNS] = {
        [TRACE_LOCK_WAIT_ts] = (uint64_t)begin, [TRACE_LOCK_WAIT_dur] = (uint64_t)ns,
        [TRACE_LOCK_WAIT_lock] = lock_at(lock), [TRACE_LOCK_WAIT_kind] = TRACE_LOCK_MUTEX,
        [TRACE_LOCK_WAIT_stack_id] = stack_id,  [TRACE_LOCK_WAIT_holder_tid] = holder,
        [TRACE_LOCK_WAIT_unfinished] = forever};
    trace_writer_row(t->m->w, TRACE_LOCK_WAIT_TABLE, t->row, v);
}

#define BANK "/usr/bin/bank"

/* Holds the journal while the disk confirms a write, then takes part in the circle. */
static void make_writer(struct maker *m)
{
    struct thread t = add_thread(m, WRITER, WRITER, "bank", 0);
    uint32_t flush = stack(m, "fdatasync ? 0 " LIBC ";flush_journal /src/bank/journal.c 44 " BANK
                              ";main /src/bank/main.c 60 " BANK);
    uint32_t locking =
        stack(m, "pthread_mutex_lock ? 0 " LIBC ";settle /src/bank/accounts.c 31 " BANK
                 ";main /src/bank/main.c 71 " BANK);
    run(&t, 50 * MS, flush);
    int64_t call = t.now_ns;
    block(&t, 100 * MS, TRACE_REASON_IO, SYS_FDATASYNC, 0, flush);
    syscall_row(&t, call, SYS_FDATASYNC, "fdatasync", "/var/bank/journal", 0, flush);
    run(&t, 10 * MS, flush);
    hold_row(&t, 40 * MS, t.now_ns, 0);
    run(&t, 40 * MS, flush);
    hold_row(&t, 190 * MS, m->end_ns, 0);
    wait_row(&t, m->end_ns - t.now_ns, 1, WRITER + 1, true, locking);
}

/* Wait for the journal, compute, then two of them close the circle. */
static void make_clerk(struct maker *m, unsigned number)
{
    char name[16];
    snprintf(name, sizeof name, "clerk-%u", number);
    struct thread t = add_thread(m, WRITER + number, WRITER, name, 10 * MS);
    uint32_t post =
        stack(m, "pthread_mutex_lock ? 0 " LIBC ";post_entry /src/bank/journal.c 80 " BANK
                 ";clerk_main /src/bank/clerk.c 25 " BANK);
    uint32_t sums =
        stack(m, "add_up /src/bank/accounts.c 90 " BANK ";clerk_main /src/bank/clerk.c 29 " BANK);
    run(&t, (50 + (int)number * 10) * MS, sums);
    wait_row(&t, 160 * MS - t.now_ns + number * MS, 0, WRITER, false, post);
    wait_cpu(&t, 1 * MS, false);
    run(&t, 20 * MS, sums);
    if (number == CLIENTS) {
        wait_row(&t, m->end_ns - t.now_ns, 0, WRITER, true, post);
        return;
    }
    hold_row(&t, 185 * MS, m->end_ns, number);
    wait_row(&t, m->end_ns - t.now_ns, (number + 1) % LOCKS, number == 1 ? WRITER + 2 : WRITER,
             true, post);
}

static void make_locks(struct maker *m)
{
    trace_writer_meta(m->w, "hostname", "bank-01");
    trace_writer_meta_u64(m->w, "events", 120);
    add_locks(m);
    add_process(m, WRITER, "bank", "bank --ledger /var/bank");
    make_writer(m);
    for (unsigned i = 1; i <= CLIENTS; i++)
        make_clerk(m, i);
    for (unsigned i = 1; i <= CLIENTS; i++) { /* when the journal is let go */
        uint64_t v[TRACE_WAKEUP_COLUMNS] = {(160 + i) * (uint64_t)MS, WRITER, WRITER + i, 0};
        trace_writer_row(m->w, TRACE_WAKEUP_TABLE, 0, v);
    }
}

int main(int argc, char **argv)
{
    bool empty = argc == 3 && !strcmp(argv[1], "--empty");
    bool locks = argc == 3 && !strcmp(argv[1], "--locks");
    if (argc < 2 || argc > 3) {
        fprintf(stderr,
                "usage: make_trace OUT.out [SECONDS] | --locks OUT.out | --empty OUT.out\n");
        return 2;
    }
    struct err err;
    struct maker m = {.seed = 42, .end_ns = 2000 * (int64_t)MS};
    if (locks)
        m.end_ns = 400 * (int64_t)MS;
    else if (argc == 3 && !empty)
        m.end_ns = atoll(argv[2]) * 1000 * MS;
    m.w = trace_writer_open(argv[empty || locks ? 2 : 1], &err);
    if (m.w && locks)
        make_locks(&m);
    else if (m.w && !empty)
        make_all(&m);
    if (!m.w || !trace_writer_close(m.w, empty ? 0 : (uint64_t)m.end_ns, &err)) {
        fprintf(stderr, "make_trace: %s\n", err.text);
        return 1;
    }
    return 0;
}
