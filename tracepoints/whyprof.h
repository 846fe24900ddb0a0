/* whyprof.h: marks in your own program for whyprof's timeline. C and C++, nothing
 * to link: without the recording agent each call is a test of one pointer.
 *
 *     #include <whyprof.h>
 *
 *     void handle(struct request *r)
 *     {
 *         WHYPROF_REGION("handle");                  // until the end of the block
 *         whyprof_counter("queue length", queue_length());
 *         whyprof_message("slow path");
 *     }
 *
 * A task is work that wanders between threads: begin it where the request arrives,
 * name it in the regions that serve it, end it wherever that happens.
 *
 *     r->task = whyprof_task_begin("request", 0);    // 0: no parent
 *     WHYPROF_REGION_OF("parse", r->task);           // in any thread
 *     whyprof_task_end(r->task);
 *
 * In C, WHYPROF_REGION uses the cleanup attribute of gcc and clang; with other
 * compilers call whyprof_region_begin and whyprof_region_end. Regions of a thread
 * nest. Strings are copied when they are recorded. */
#ifndef WHYPROF_H
#define WHYPROF_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The agent's side. Weak: 0 where no agent is loaded. */
#define WHYPROF_WEAK __attribute__((weak))
extern void whyprof_agent_region_begin(const char *name, uint64_t task) WHYPROF_WEAK;
extern void whyprof_agent_region_end(void) WHYPROF_WEAK;
extern uint64_t whyprof_agent_task_begin(const char *name, uint64_t parent) WHYPROF_WEAK;
extern void whyprof_agent_task_end(uint64_t task) WHYPROF_WEAK;
extern void whyprof_agent_counter(const char *name, double value) WHYPROF_WEAK;
extern void whyprof_agent_message(const char *text) WHYPROF_WEAK;

/* The agent's function, 0 where there is none. In code that is not position-independent
 * compiler and linker take a missing weak function for 0 for good; asked by way of the
 * global offset table, it is the loader that decides. */
#if defined(__x86_64__) && !defined(__PIC__)
#define WHYPROF_AGENT(function)                                                                    \
    __extension__({                                                                                \
        __typeof__(&function) whyprof_found;                                                       \
        __asm__(".weak " #function "\n\tmovq " #function "@GOTPCREL(%%rip), %0"                    \
                : "=r"(whyprof_found));                                                            \
        whyprof_found;                                                                             \
    })
#else
#define WHYPROF_AGENT(function) (&function)
#endif

/* task: 0, or what whyprof_task_begin returned. */
static inline void whyprof_region_begin(const char *name, uint64_t task)
{
    __typeof__(&whyprof_agent_region_begin) call = WHYPROF_AGENT(whyprof_agent_region_begin);
    if (call)
        call(name, task);
}

static inline void whyprof_region_end(void)
{
    __typeof__(&whyprof_agent_region_end) call = WHYPROF_AGENT(whyprof_agent_region_end);
    if (call)
        call();
}

/* Returns the task's id, 0 where nothing records. */
static inline uint64_t whyprof_task_begin(const char *name, uint64_t parent)
{
    __typeof__(&whyprof_agent_task_begin) call = WHYPROF_AGENT(whyprof_agent_task_begin);
    return call ? call(name, parent) : 0;
}

static inline void whyprof_task_end(uint64_t task)
{
    __typeof__(&whyprof_agent_task_end) call = WHYPROF_AGENT(whyprof_agent_task_end);
    if (call)
        call(task);
}

static inline void whyprof_counter(const char *name, double value)
{
    __typeof__(&whyprof_agent_counter) call = WHYPROF_AGENT(whyprof_agent_counter);
    if (call)
        call(name, value);
}

static inline void whyprof_message(const char *text)
{
    __typeof__(&whyprof_agent_message) call = WHYPROF_AGENT(whyprof_agent_message);
    if (call)
        call(text);
}

#define WHYPROF_JOIN_(a, b)  a##b
#define WHYPROF_JOIN(a, b)   WHYPROF_JOIN_(a, b)
#define WHYPROF_REGION(name) WHYPROF_REGION_OF(name, 0)

#ifdef __cplusplus
}

namespace whyprof {
/* A region that ends with its scope. */
class region {
  public:
    explicit region(const char *name, uint64_t task = 0)
    {
        whyprof_region_begin(name, task);
    }
    ~region()
    {
        whyprof_region_end();
    }
    region(const region &) = delete;
    region &operator=(const region &) = delete;
};
} // namespace whyprof

#define WHYPROF_REGION_OF(name, task)                                                              \
    whyprof::region WHYPROF_JOIN(whyprof_region_, __LINE__)(name, task)

#else

static inline void whyprof_region_cleanup(const char *unused)
{
    (void)unused;
    whyprof_region_end();
}

#define WHYPROF_REGION_OF(name, task)                                                              \
    char WHYPROF_JOIN(whyprof_region_, __LINE__)                                                   \
        __attribute__((cleanup(whyprof_region_cleanup), unused)) =                                 \
            (whyprof_region_begin(name, task), 0)

#endif
#endif
