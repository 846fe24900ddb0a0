/* The holder of a lock is kept from running by others on its CPU. Healthy: it has the
 * CPU for itself, and needs it for less. */
#include "why.h"

#include <sched.h>
#include <sys/resource.h>

enum {
    HOGS = 4
};
static pthread_mutex_t settings = PTHREAD_MUTEX_INITIALIZER;
static uint64_t waited_ns;
static long holder_tid;
static volatile bool done;
static bool healthy;

static void pin(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
}

static void *hog(void *data)
{
    (void)data;
    pin(0);
    while (!done)
        burn_us(1000);
    return NULL;
}

static NOINLINE void write_settings(void)
{
    pthread_mutex_lock(&settings);
    burn_us(healthy ? 300 : 2000);
    pthread_mutex_unlock(&settings);
}

static void *holder(void *data)
{
    (void)data;
    pin(0);
    holder_tid = self_tid();
    setpriority(PRIO_PROCESS, (id_t)holder_tid, 15);
    while (!done) {
        write_settings();
        usleep(1000);
    }
    return NULL;
}

static NOINLINE void read_settings(void)
{
    uint64_t begin = awake_ns();
    pthread_mutex_lock(&settings);
    waited_ns += awake_ns() - begin;
    pthread_mutex_unlock(&settings);
    burn_us(3000);
}

int main(int argc, char **argv)
{
    pthread_t thread, hogs[HOGS];
    healthy = is_healthy(argc, argv);
    pin(1);
    uint64_t begin = now_ns();
    start(&thread, holder, NULL);
    for (int i = 0; i < HOGS && !healthy; i++)
        start(&hogs[i], hog, NULL);
    for (int i = 0; i < 400 && now_ns() - begin < 1500000000; i++)
        read_settings();
    uint64_t end = now_ns();
    done = true;
    for (int i = 0; i < HOGS && !healthy; i++)
        pthread_join(hogs[i], NULL);
    pthread_join(thread, NULL);
    return expect("priority_inversion", "write_settings", holder_tid, waited_ns, end - begin);
}
