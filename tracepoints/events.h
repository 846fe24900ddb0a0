/* events: the contract between what runs inside targets (or relays for the
 * kernel) and the converter: names of providers and events, their fields, and
 * the layout of packed records. Includes nothing; C and C++.
 *
 * Context fields of every event: vpid, vtid (added by the session). Times are
 * CLOCK_MONOTONIC ns, which is lttng-ust's own clock, so a field `*_ts` compares
 * with an event's time. An event with a `tid` field speaks of that thread, not
 * of the one that emitted it. Stack ids are per process image (from one
 * process_start to the next); 0 means none; the `stack` event that defines an
 * id may come after its first use.
 *
 * provider:event            fields
 * ------------------------  ------------------------------------------------------
 * whyprof_sched:
 *   meta                    string key, string value
 *       session-wide facts: "mechanism.sched" = "bpf" ... Later wins.
 *   process_start           u32 ppid, u64 start_ts, string name, string cmdline
 *       a process image begins (constructor, exec, fork child) or was there
 *       when recording began (start_ts before the event).
 *   process_exit            i32 status        -1: not known here
 *   thread_start            u32 tid, u64 start_ts, string name
 *   thread_name             u32 tid, string name
 *   thread_exit             u32 tid, u64 cpu_ns   CPU time since recording began, or of its life
 *   kernel                  u64 seq words[]   packed records, below
 *   watermark               u64 ts            every kernel record before ts has been relayed
 *   lost                    u64 begin_ts, u64 end_ts, u64 count, string source
 *   process_of              u32 pid, u32 ppid, u64 start_ts, string name, string cmdline
 *       what process_start says, of another process: one the collector was told to add.
 * whyprof_syscall:
 *   call                    u32 nr, u64 begin_ts, i64 ret, u32 stack, u64 seq args[]
 *       a call seen by the agent, emitted when it returned. ret is -errno on failure.
 *   pending                 u32 tid, u32 nr, u64 begin_ts, u32 stack, u64 seq args[]
 *       one that has not returned after a while; its `call` may follow.
 *   fd                      i32 fd, string name      "" = closed
 *   fd_of                   u32 pid, i32 fd, string name      the same of another process
 *   kernel                  u64 seq words[]
 * whyprof_lock:
 *   wait_begin              u64 lock, u8 kind, u32 holder_tid, u32 stack
 *   wait_end                u64 lock, u8 kind, u64 begin_ts, i32 result, u32 holder_tid,
 *                           u32 holder_stack
 *   hold                    u64 lock, u8 kind, u8 contended, u64 begin_ts, u32 stack
 *       emitted at the unlock of a lock somebody waited for; stack: of the unlock.
 *   signal                  u64 lock, u8 kind, u8 all, u32 stack
 *   stat                    u64 lock, u8 kind, u64 acquisitions, u64 contentions, u32 stack
 *       totals of this lock in this process so far; later wins. stack: its first use.
 * whyprof_alloc:
 *   alloc                   u8 kind, u64 addr, u64 size, double weight, u32 stack
 *   free                    u64 addr              only of addresses that `alloc` told
 *   stat                    u64 allocs, u64 frees, u64 alloc_bytes, u64 live_bytes
 *       totals of the process so far, sampled or not. live_bytes is ~0 in full mode,
 *       where the records say it.
 *   batch                   u32 tid, u64 ns, u64 ticks, double ns_per_tick, u64 begin,
 *                           u64 seq words[]
 *       packed records of one thread's allocations and frees, below.
 * whyprof_sample:
 *   cpu                     u32 tid, u64 ts, u64 weight_ns, u32 stack
 *   cpu_of                  u32 pid, u32 tid, u64 ts, u64 weight_ns, u64 seq frames[]
 *       the same of any process's thread, as the collector takes it; frames as in `stack`,
 *       the leaf exact.
 *   lost                    u64 count             handler runs dropped since the last one
 * whyprof_user:
 *   region_begin            string name, u64 task
 *   region_end              (none)                ends the thread's innermost region
 *   task_begin              u64 task, u64 parent, string name
 *   task_end                u64 task
 *   counter                 string name, double value
 *   message                 string text
 * whyprof_stack:
 *   stack                   u32 id, u8 leaf_exact, u64 seq frames[]
 *       leaf first, as found: return addresses point behind the call, so a reader
 *       subtracts 1 from each, but not from the first where leaf_exact is 1.
 *   module                  u64 begin, u64 end, u64 file_off, string path, u8 seq build_id[]
 *       an executable mapping; a later one replaces what it overlaps.
 *   module_of               u32 pid, u64 begin, u64 end, u64 file_off, string path
 *       the same of another process, one without the agent.
 *
 * KERNEL RECORDS are 64-bit words; the first is
 *     type (bits 0-7) | length in words (8-15) | cpu (16-31) | tid (32-63)
 * the second the time. By type, words 2 and on:
 *   SWITCH_IN       (none)                       tid got the cpu
 *   SWITCH_OUT      state (0-15: the kernel's task state bits, 0 = still runnable)
 *                   | preempted (16) | ns that were taken from its stay on the cpu
 *                   (17-26, times two to the power of bits 27-31)
 *                   | syscall number + 1 in progress, 0 = none (32-63)
 *   WAKING          waker tid (0-31) | waker pid (32-63)      tid is the wakee
 *   FORK            child tid (0-31) | child pid (32-63); then its comm, 2 words
 *   EXEC            pid; comm, 2 words
 *   EXIT            pid (0-31) | group leader's last thread: 1 (32); exit code; cpu_ns
 *   NAME            pid; comm, 2 words            also for threads there at the start: then
 *                   start_ts follows, and at the same time its state: a SWITCH_IN where it
 *                   was on a cpu, else a SWITCH_OUT. Said again in every new chunk of a
 *                   flight recorder's files: then only for who does not know better
 *   SYSCALL         nr (0-31) | arg count (32-39); begin_ts; ret; args...   time = its end
 *   SYSCALL_OPEN    nr | arg count; begin_ts; args...          still in it at the end
 * EXIT comes at the thread's last switch, behind that SWITCH_OUT (state 0x80). A
 * forked thread is runnable from its FORK on. A WAKING may speak of a thread that
 * was not asleep, and comes before the SWITCH_OUT when it meets one about to sleep.
 * A switch's time is, where that is known, the one up to which the scheduler charged
 * one thread and from which it charged the other; what a hypervisor or interrupts took
 * of a stay on a cpu is charged to nobody, and where in the stay it was is not known.
 * waker 0 is an interrupt. A syscall number with bit 30 set is of the 32-bit table;
 * ret -512 to -516 is an interrupted call: restarted, or -EINTR to the program.
 * Records of one relay (a vpid) come in order of time between watermarks.
 *
 * ALLOCATION RECORDS (whyprof_alloc:batch) are of one or two words nearly always. The
 * first is
 *     operation (bits 0-1) | time since the record before (2-19) | address / 8 (20-63)
 * By operation:
 *   TIME            1 word, and bits 2-63 are the time, which `begin` is at first; 0: skip it
 *   FREE            1 word
 *   ALLOC           2: the second is stack (0-25) | kind (26-28) | size (29-63). Weight 1.
 *   LONG            4: what does not fit, a free where the kind is 7: then the address, the
 *                   second word of ALLOC without the size, the size
 * A unit of time is 16 ticks of a clock of the event's own: at `ticks` it was `ns`, and a
 * tick is `ns_per_tick`. Records of one thread come in order, those of a process's threads
 * do not: sort them by time. A batch without any says that every record of this process
 * from before `begin` came earlier than it. */
#ifndef WHYPROF_EVENTS_H
#define WHYPROF_EVENTS_H

#define WHYPROF_PROVIDERS(X)                                                                       \
    X(whyprof_sched)                                                                               \
    X(whyprof_syscall)                                                                             \
    X(whyprof_lock)                                                                                \
    X(whyprof_alloc)                                                                               \
    X(whyprof_sample)                                                                              \
    X(whyprof_user)                                                                                \
    X(whyprof_stack)

/* E(provider, event, "fields in payload order"): what the converter looks up and
 * tests compare with the compiled probes. */
#define WHYPROF_EVENTS(E)                                                                          \
    E(whyprof_sched, meta, "key value")                                                            \
    E(whyprof_sched, process_start, "ppid start_ts name cmdline")                                  \
    E(whyprof_sched, process_exit, "status")                                                       \
    E(whyprof_sched, thread_start, "tid start_ts name")                                            \
    E(whyprof_sched, thread_name, "tid name")                                                      \
    E(whyprof_sched, thread_exit, "tid cpu_ns")                                                    \
    E(whyprof_sched, kernel, "words")                                                              \
    E(whyprof_sched, watermark, "ts")                                                              \
    E(whyprof_sched, lost, "begin_ts end_ts count source")                                         \
    E(whyprof_sched, process_of, "pid ppid start_ts name cmdline")                                 \
    E(whyprof_syscall, call, "nr begin_ts ret stack args")                                         \
    E(whyprof_syscall, pending, "tid nr begin_ts stack args")                                      \
    E(whyprof_syscall, fd, "fd name")                                                              \
    E(whyprof_syscall, fd_of, "pid fd name")                                                       \
    E(whyprof_syscall, kernel, "words")                                                            \
    E(whyprof_lock, wait_begin, "lock kind holder_tid stack")                                      \
    E(whyprof_lock, wait_end, "lock kind begin_ts result holder_tid holder_stack")                 \
    E(whyprof_lock, hold, "lock kind contended begin_ts stack")                                    \
    E(whyprof_lock, signal, "lock kind all stack")                                                 \
    E(whyprof_lock, stat, "lock kind acquisitions contentions stack")                              \
    E(whyprof_alloc, alloc, "kind addr size weight stack")                                         \
    E(whyprof_alloc, free, "addr")                                                                 \
    E(whyprof_alloc, stat, "allocs frees alloc_bytes live_bytes")                                  \
    E(whyprof_alloc, batch, "tid ns ticks ns_per_tick begin words")                                \
    E(whyprof_sample, cpu, "tid ts weight_ns stack")                                               \
    E(whyprof_sample, cpu_of, "pid tid ts weight_ns frames")                                       \
    E(whyprof_sample, lost, "count")                                                               \
    E(whyprof_user, region_begin, "name task")                                                     \
    E(whyprof_user, region_end, "")                                                                \
    E(whyprof_user, task_begin, "task parent name")                                                \
    E(whyprof_user, task_end, "task")                                                              \
    E(whyprof_user, counter, "name value")                                                         \
    E(whyprof_user, message, "text")                                                               \
    E(whyprof_stack, stack, "id leaf_exact frames")                                                \
    E(whyprof_stack, module, "begin end file_off path build_id")                                   \
    E(whyprof_stack, module_of, "pid begin end file_off path")

/* `kind` of whyprof_lock events. */
enum whyprof_lock_kind {
    WHYPROF_LOCK_MUTEX = 0,
    WHYPROF_LOCK_RWLOCK_READ,
    WHYPROF_LOCK_RWLOCK_WRITE,
    WHYPROF_LOCK_SPIN,
    WHYPROF_LOCK_COND,
    WHYPROF_LOCK_SEM,
    WHYPROF_LOCK_BARRIER,
    WHYPROF_LOCK_JOIN,
    WHYPROF_LOCK_ONCE
};

/* `kind` of whyprof_alloc:alloc. */
enum whyprof_alloc_kind {
    WHYPROF_ALLOC_MALLOC = 0,
    WHYPROF_ALLOC_CALLOC,
    WHYPROF_ALLOC_REALLOC,
    WHYPROF_ALLOC_MEMALIGN,
    WHYPROF_ALLOC_MMAP,
    WHYPROF_ALLOC_BRK
};

enum whyprof_kernel_record {
    WHYPROF_KERNEL_SWITCH_IN = 1,
    WHYPROF_KERNEL_SWITCH_OUT,
    WHYPROF_KERNEL_WAKING,
    WHYPROF_KERNEL_FORK,
    WHYPROF_KERNEL_EXEC,
    WHYPROF_KERNEL_EXIT,
    WHYPROF_KERNEL_NAME,
    WHYPROF_KERNEL_SYSCALL,
    WHYPROF_KERNEL_SYSCALL_OPEN
};

enum whyprof_batch_operation {
    WHYPROF_BATCH_TIME = 0,
    WHYPROF_BATCH_FREE,
    WHYPROF_BATCH_ALLOC,
    WHYPROF_BATCH_LONG
};
#define WHYPROF_BATCH_TICK_SHIFT 4 /* ticks to units of time */
#define WHYPROF_BATCH_DELTA_MAX  0x3ffffull
#define WHYPROF_BATCH_SIZE_MAX   0x7ffffffffull
#define WHYPROF_BATCH_STACK_MAX  0x3ffffffull
#define WHYPROF_BATCH_KIND_FREE  7 /* of a LONG */

#define WHYPROF_BATCH_AT(time) (WHYPROF_BATCH_TIME | (unsigned long long)(time) << 2)
#define WHYPROF_BATCH_HEAD(operation, delta, addr)                                                 \
    ((unsigned long long)(operation) | (unsigned long long)(delta) << 2 |                          \
     (unsigned long long)(addr) >> 3 << 20)
#define WHYPROF_BATCH_WHAT(kind, size, stack)                                                      \
    ((unsigned long long)(stack) | (unsigned long long)(kind) << 26 |                              \
     (unsigned long long)(size) << 29)
#define WHYPROF_BATCH_OPERATION(head) ((unsigned)((head)&3))
#define WHYPROF_BATCH_TIME_OF(head)   ((unsigned long long)(head) >> 2)
#define WHYPROF_BATCH_DELTA(head)     ((unsigned)((head) >> 2 & WHYPROF_BATCH_DELTA_MAX))
#define WHYPROF_BATCH_ADDR(head)      ((unsigned long long)(head) >> 20 << 3)
#define WHYPROF_BATCH_STACK(what)     ((unsigned)((what)&WHYPROF_BATCH_STACK_MAX))
#define WHYPROF_BATCH_KIND(what)      ((unsigned)((what) >> 26 & 7))
#define WHYPROF_BATCH_SIZE(what)      ((unsigned long long)(what) >> 29)
#define WHYPROF_BATCH_WORDS(head)                                                                  \
    (WHYPROF_BATCH_OPERATION(head) == WHYPROF_BATCH_LONG    ? 4u                                   \
     : WHYPROF_BATCH_OPERATION(head) == WHYPROF_BATCH_ALLOC ? 2u                                   \
                                                            : 1u)

/* Key of a `meta` that is for the converter alone: the time at which the relay was told to
 * stop. What agents still told afterwards is no part of the recording, since nobody knows
 * on which CPU it was. */
#define WHYPROF_META_KERNEL_END "kernel_end_ts"

/* In bits 17-31 of a SWITCH_OUT: a mantissa and an exponent above it. */
#define WHYPROF_KERNEL_TAKEN_BITS 10
#define WHYPROF_KERNEL_TAKEN_END  (1u << WHYPROF_KERNEL_TAKEN_BITS)
#define WHYPROF_KERNEL_TAKEN_NS(word)                                                              \
    (((word) >> 17 & (WHYPROF_KERNEL_TAKEN_END - 1)) << ((word) >> 27 & 31))

#define WHYPROF_KERNEL_HEAD(type, words, cpu, tid)                                                 \
    ((unsigned long long)(type) | (unsigned long long)(words) << 8 |                               \
     (unsigned long long)(cpu) << 16 | (unsigned long long)(tid) << 32)
#define WHYPROF_KERNEL_TYPE(head)  ((unsigned)((head)&0xff))
#define WHYPROF_KERNEL_WORDS(head) ((unsigned)((head) >> 8 & 0xff))
#define WHYPROF_KERNEL_CPU(head)   ((unsigned)((head) >> 16 & 0xffff))
#define WHYPROF_KERNEL_TID(head)   ((unsigned)((head) >> 32))

/* HOW A LAUNCHED PROGRAM IS TOLD (environment, read by the agent's constructor)
 *   LD_PRELOAD        libwhyprof-agent.so
 *   WHYPROF_OPTIONS   "cpu_hz=100,alloc_rate=524288,locks=contended,alloc=sampled,
 *                     block_us=100,syscalls=agent|kernel,keep=heap|heap+locks" (unknown keys are
 *                     ignored; keep: what is counted whether or not a session records)
 *   WHYPROF_RECORDER  name of the recorder's abstract unix socket (SOCK_SEQPACKET)
 *
 * THE AGENT'S HELLO. At start and in a forked child, where WHYPROF_RECORDER is
 * set, the agent connects there, sends "hello PID PPID\n" and waits at most
 * WHYPROF_HELLO_MS for "ok\n": by then the recorder has let the process into
 * its session, so no event is missed. No answer is no error.
 *
 * THE AGENT'S CONTROL SOCKET. Each process running the agent listens on the
 * abstract address "whyprof/agent/PID" (SOCK_SEQPACKET, one request and one
 * answer a packet, text; peers must have the same uid or be root):
 *   "options KEY=VALUE,..."  change options            -> "ok"
 *   "dump"                   emit process, thread, module and all stack definitions
 *                            again, for a session that has just begun -> "ok"
 *   "flush"                  emit what is buffered (samples, stat events) -> "ok"
 *   "ping"                   -> "ok VERSION PID NAME"
 *   "profiles"               -> "ok", and with it (SCM_RIGHTS) a file: snapshot.h
 *   anything else            -> "error TEXT" */
#define WHYPROF_ENV_OPTIONS  "WHYPROF_OPTIONS"
#define WHYPROF_ENV_RECORDER "WHYPROF_RECORDER"
#define WHYPROF_AGENT_SOCKET "whyprof/agent/%d"
#define WHYPROF_HELLO_MS     1000

#endif
