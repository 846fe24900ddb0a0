// Waits for every kind of lock, one thread for another, and prints what it knows of them:
//     name,address,waiter,waits,ns,holder
// ns as measured around each wait; the holder is the thread that ended it, 0: nobody did.
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <mutex>
#include <pthread.h>
#include <semaphore.h>
#include <shared_mutex>
#include <threads.h>
#include <unistd.h>

static int rounds = 3, hold_ms = 20;

static uint64_t now_ns()
{
    timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return uint64_t(ts.tv_sec) * 1000000000u + uint64_t(ts.tv_nsec);
}

static timespec later(clockid_t clock, int ms)
{
    timespec ts;
    clock_gettime(clock, &ts);
    ts.tv_sec += ms / 1000;
    ts.tv_nsec += ms % 1000 * 1000000;
    ts.tv_sec += ts.tv_nsec / 1000000000;
    ts.tv_nsec %= 1000000000;
    return ts;
}

// The two sides meet without any lock.
static std::atomic<int> stage;
static void reach(int n) { stage = n; }
static void await(int n)
{
    while (stage < n)
        usleep(100);
}

struct side {
    std::function<void()> take, give;
    std::atomic<int> tid;
};

static void *hold(void *arg)
{
    auto *holder = static_cast<side *>(arg);
    holder->tid = gettid();
    holder->take();
    reach(1);
    await(2);
    usleep(useconds_t(hold_ms) * 1000);
    holder->give();
    return nullptr;
}

using action = std::function<void()>;
static const action nothing = [] {};

// One thread takes, this one waits, and the first gives.
static void contend(const char *name, const void *lock, action take, action give, action wait,
                    action end, bool nobody = false)
{
    side holder{take, give, {}};
    for (int i = 0; i < rounds; i++) {
        pthread_t t;
        reach(0);
        pthread_create(&t, nullptr, hold, &holder);
        await(1);
        uint64_t begin = now_ns();
        reach(2);
        wait();
        uint64_t total = now_ns() - begin;
        end();
        pthread_join(t, nullptr);
        printf("%s,%llu,%d,1,%llu,%d\n", name, (unsigned long long)(uintptr_t)lock, gettid(),
               (unsigned long long)total, nobody ? 0 : holder.tid.load());
    }
}

static void mutexes(const char *name, int type, int robust, int protocol, int shared)
{
    static pthread_mutex_t all[16];
    static int used;
    pthread_mutex_t *m = &all[used++];
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, type);
    pthread_mutexattr_setrobust(&attr, robust);
    pthread_mutexattr_setprotocol(&attr, protocol);
    pthread_mutexattr_setpshared(&attr, shared);
    pthread_mutex_init(m, &attr);
    auto lock = [=] { pthread_mutex_lock(m); };
    auto unlock = [=] { pthread_mutex_unlock(m); };
    contend(name, m, lock, unlock, lock, unlock);
    contend(name, m, lock, unlock,
            [=] { timespec t = later(CLOCK_REALTIME, 60000); pthread_mutex_timedlock(m, &t); }, unlock);
    clockid_t clock = protocol ? CLOCK_REALTIME : CLOCK_MONOTONIC; // the kernel's for PI
    contend(name, m, lock, unlock,
            [=] { timespec t = later(clock, 60000); pthread_mutex_clocklock(m, clock, &t); }, unlock);
    if (robust == PTHREAD_MUTEX_ROBUST) // its holder ends instead of unlocking
        contend(name, m, lock, nothing, lock, [=] { pthread_mutex_consistent(m); unlock(); });
}

static void rwlocks()
{
    static pthread_rwlock_t l = PTHREAD_RWLOCK_INITIALIZER;
    auto rd = [] { pthread_rwlock_rdlock(&l); };
    auto wr = [] { pthread_rwlock_wrlock(&l); };
    auto unlock = [] { pthread_rwlock_unlock(&l); };
    contend("rwlock rd", &l, wr, unlock, rd, unlock);
    contend("rwlock wr for reader", &l, rd, unlock, wr, unlock);
    contend("rwlock wr for writer", &l, wr, unlock, wr, unlock);
    contend("rwlock timedrd", &l, wr, unlock,
            [] { timespec t = later(CLOCK_REALTIME, 60000); pthread_rwlock_timedrdlock(&l, &t); }, unlock);
    contend("rwlock clockrd", &l, wr, unlock,
            [] { timespec t = later(CLOCK_MONOTONIC, 60000);
                 pthread_rwlock_clockrdlock(&l, CLOCK_MONOTONIC, &t); }, unlock);
    contend("rwlock timedwr", &l, rd, unlock,
            [] { timespec t = later(CLOCK_REALTIME, 60000); pthread_rwlock_timedwrlock(&l, &t); }, unlock);
    contend("rwlock clockwr", &l, wr, unlock,
            [] { timespec t = later(CLOCK_MONOTONIC, 60000);
                 pthread_rwlock_clockwrlock(&l, CLOCK_MONOTONIC, &t); }, unlock);
}

static void spinlocks()
{
    static pthread_spinlock_t l;
    pthread_spin_init(&l, PTHREAD_PROCESS_PRIVATE);
    auto lock = [] { pthread_spin_lock(&l); };
    auto unlock = [] { pthread_spin_unlock(&l); };
    contend("spin", const_cast<const int *>(&l), lock, unlock, lock, unlock);
}

static pthread_mutex_t beside = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;

static void conditions()
{
    auto lock = [] { pthread_mutex_lock(&beside); };
    auto unlock = [] { pthread_mutex_unlock(&beside); };
    auto signal = [] { pthread_cond_signal(&cond); };
    auto broadcast = [] { pthread_cond_broadcast(&cond); };
    auto wait = [=](action how) { return [=] { lock(); how(); unlock(); }; };
    contend("cond signal", &cond, nothing, signal,
            wait([] { pthread_cond_wait(&cond, &beside); }), nothing);
    contend("cond broadcast", &cond, nothing, broadcast,
            wait([] { pthread_cond_wait(&cond, &beside); }), nothing);
    contend("cond timed", &cond, nothing, signal,
            wait([] { timespec t = later(CLOCK_REALTIME, 60000);
                      pthread_cond_timedwait(&cond, &beside, &t); }), nothing);
    contend("cond clock", &cond, nothing, signal,
            wait([] { timespec t = later(CLOCK_MONOTONIC, 60000);
                      pthread_cond_clockwait(&cond, &beside, CLOCK_MONOTONIC, &t); }), nothing);
    contend("cond times out", &cond, nothing, nothing,
            wait([] { timespec t = later(CLOCK_REALTIME, hold_ms);
                      pthread_cond_timedwait(&cond, &beside, &t); }), nothing, true);
}

static void semaphores()
{
    static sem_t s;
    sem_init(&s, 0, 0);
    auto post = [] { sem_post(&s); };
    contend("sem", &s, nothing, post, [] { sem_wait(&s); }, nothing);
    contend("sem timed", &s, nothing, post,
            [] { timespec t = later(CLOCK_REALTIME, 60000); sem_timedwait(&s, &t); }, nothing);
    contend("sem clock", &s, nothing, post,
            [] { timespec t = later(CLOCK_MONOTONIC, 60000);
                 sem_clockwait(&s, CLOCK_MONOTONIC, &t); }, nothing);
}

static void barriers()
{
    static pthread_barrier_t b;
    pthread_barrier_init(&b, nullptr, 2);
    auto meet = [] { pthread_barrier_wait(&b); };
    contend("barrier", &b, nothing, meet, meet, nothing);
}

static void *run_once(void *arg)
{
    auto *holder = static_cast<side *>(arg);
    holder->tid = gettid();
    holder->take();
    return nullptr;
}

static void onces()
{
    static pthread_once_t all[16];
    static once_flag c11[16];
    static std::once_flag cxx[16];
    static int i;
    static auto slow = [] { reach(1); await(2); usleep(useconds_t(hold_ms) * 1000); };
    auto one = [](const char *name, const void *flag, action run) {
        // The routine itself meets the waiter.
        side holder{run, nothing, {}};
        pthread_t t;
        reach(0);
        pthread_create(&t, nullptr, run_once, &holder);
        await(1);
        uint64_t begin = now_ns();
        reach(2);
        run();
        uint64_t total = now_ns() - begin;
        pthread_join(t, nullptr);
        printf("%s,%llu,%d,1,%llu,%d\n", name, (unsigned long long)(uintptr_t)flag, gettid(),
               (unsigned long long)total, holder.tid.load());
    };
    for (i = 0; i < rounds; i++) {
        one("once", &all[i], [] { pthread_once(&all[i], [] { slow(); }); });
        one("call_once", &c11[i], [] { call_once(&c11[i], [] { slow(); }); });
        one("std::call_once", &cxx[i], [] { std::call_once(cxx[i], [] { slow(); }); });
    }
}

static std::atomic<int> joined_tid;

static void joins()
{
    for (int i = 0; i < rounds; i++) {
        pthread_t t;
        joined_tid = 0;
        pthread_create(&t, nullptr, [](void *) -> void * {
            joined_tid = gettid();
            usleep(useconds_t(hold_ms) * 1000);
            return nullptr;
        }, nullptr);
        while (!joined_tid)
            usleep(100);
        uint64_t begin = now_ns();
        pthread_join(t, nullptr);
        uint64_t total = now_ns() - begin;
        printf("join,%llu,%d,1,%llu,%d\n", (unsigned long long)t, gettid(), (unsigned long long)total,
               joined_tid.load());
    }
}

static void of_c11()
{
    static mtx_t m;
    static cnd_t c;
    mtx_init(&m, mtx_timed);
    cnd_init(&c);
    auto lock = [] { mtx_lock(&m); };
    auto unlock = [] { mtx_unlock(&m); };
    contend("mtx", &m, lock, unlock, lock, unlock);
    contend("mtx timed", &m, lock, unlock,
            [] { timespec t = later(CLOCK_REALTIME, 60000); mtx_timedlock(&m, &t); }, unlock);
    contend("cnd", &c, nothing, [] { cnd_signal(&c); },
            [] { mtx_lock(&m); cnd_wait(&c, &m); mtx_unlock(&m); }, nothing);
    contend("cnd timed", &c, nothing, [] { cnd_broadcast(&c); },
            [] { timespec t = later(CLOCK_REALTIME, 60000);
                 mtx_lock(&m); cnd_timedwait(&c, &m, &t); mtx_unlock(&m); }, nothing);
}

static void of_cxx()
{
    static std::mutex m;
    static std::recursive_mutex r;
    static std::timed_mutex t;
    static std::shared_mutex s;
    static std::condition_variable c;
    using namespace std::chrono_literals;
    auto of = [](const char *name, auto &l) {
        auto lock = [&] { l.lock(); };
        auto unlock = [&] { l.unlock(); };
        contend(name, &l, lock, unlock, lock, unlock);
    };
    of("std::mutex", m);
    of("std::recursive_mutex", r);
    of("std::timed_mutex", t);
    of("std::shared_mutex", s);
    contend("std::timed_mutex for", &t, [] { t.lock(); }, [] { t.unlock(); },
            [] { (void)t.try_lock_for(60s); }, [] { t.unlock(); });
    contend("std::shared_mutex shared", &s, [] { s.lock(); }, [] { s.unlock(); },
            [] { s.lock_shared(); }, [] { s.unlock_shared(); });
    contend("std::condition_variable", &c, nothing, [] { c.notify_one(); },
            [] { std::unique_lock<std::mutex> l(m); c.wait(l); }, nothing);
    contend("std::condition_variable all", &c, nothing, [] { c.notify_all(); },
            [] { std::unique_lock<std::mutex> l(m); c.wait_for(l, 60s); }, nothing);
}

// Uncontended: a known number of acquisitions by every way there is.
static pthread_mutex_t counted = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t counted_rw = PTHREAD_RWLOCK_INITIALIZER;

static void acquisitions()
{
    for (int i = 0; i < 1000; i++) {
        pthread_mutex_lock(&counted);
        pthread_mutex_unlock(&counted);
        pthread_mutex_trylock(&counted);
        pthread_mutex_unlock(&counted);
        pthread_rwlock_tryrdlock(&counted_rw);
        pthread_rwlock_rdlock(&counted_rw);
        pthread_rwlock_unlock(&counted_rw);
        pthread_rwlock_unlock(&counted_rw);
        pthread_rwlock_wrlock(&counted_rw);
        pthread_rwlock_unlock(&counted_rw);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1)
        rounds = atoi(argv[1]);
    if (argc > 2)
        hold_ms = atoi(argv[2]);
    const int own = PTHREAD_PROCESS_PRIVATE, stalled = PTHREAD_MUTEX_STALLED, none = PTHREAD_PRIO_NONE;
    joins(); // before the others, whose threads get the same pthread_t
    mutexes("normal", PTHREAD_MUTEX_NORMAL, stalled, none, own);
    mutexes("recursive", PTHREAD_MUTEX_RECURSIVE, stalled, none, own);
    mutexes("errorcheck", PTHREAD_MUTEX_ERRORCHECK, stalled, none, own);
    mutexes("adaptive", PTHREAD_MUTEX_ADAPTIVE_NP, stalled, none, own);
    mutexes("robust", PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST, none, own);
    mutexes("inherit", PTHREAD_MUTEX_NORMAL, stalled, PTHREAD_PRIO_INHERIT, own);
    mutexes("shared", PTHREAD_MUTEX_NORMAL, stalled, none, PTHREAD_PROCESS_SHARED);
    rwlocks();
    spinlocks();
    conditions();
    semaphores();
    barriers();
    onces();
    of_c11();
    of_cxx();
    acquisitions();
    return 0;
}
