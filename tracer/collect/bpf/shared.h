/* shared: what the BPF programs and the collector exchange besides the packed
 * records of tracepoints/events.h: values of maps and the programs' globals. */
#ifndef COLLECT_BPF_SHARED_H
#define COLLECT_BPF_SHARED_H

enum {
    COLLECT_MAX_CPUS = 1024,
    COLLECT_MAX_TASKS = 65536, /* traced threads at one time */
    COLLECT_MAX_ARGS = 6,
    COLLECT_MAX_SYSCALLS = 1024,   /* numbers whose argument count is in the table */
    COLLECT_BACKDATE_NS = 2000000, /* a record's time is at most that much before its reservation */
    COLLECT_COMPAT_NR = 1 << 30,   /* set in a number of the 32-bit system call table */
};

enum collect_class {
    COLLECT_SCHED,
    COLLECT_SYSCALL,
    COLLECT_CLASSES
};

enum collect_place {
    COLLECT_PLACE_UNKNOWN, /* not a record of it yet */
    COLLECT_PLACE_CPU,
    COLLECT_PLACE_OFF
};

/* A traced thread. Made by the collector for those there at "add", by the fork
 * program for those born later; only programs running on the thread write it. */
struct collect_task {
    unsigned long long begin_ts; /* of the system call in progress */
    unsigned long long idle_ts;  /* it cannot have been on a cpu before: out or woken */
    unsigned long long busy_ts;  /* it was on its cpu until then at least: came, forked or exec'd */
    unsigned long long came_taken_ns; /* taken from its cpu before it came + 1; 0: not known */
    unsigned long long charged_ns;    /* its CPU time when it left its cpu the last time */
    unsigned nr_plus1;                /* its number + 1; 0: none */
    unsigned char entry_seen;         /* a call's entry or exit was seen */
    unsigned char last;               /* dying, and the last of its process */
    unsigned char place;              /* enum collect_place, as last recorded */
    unsigned char pad;
    unsigned long long args[COLLECT_MAX_ARGS]; /* of the call in progress */
};

/* The call a thread was in when it was added; counts until its first entry or
 * exit is seen, which is how the reader and the thread need no lock. */
struct collect_seed {
    unsigned long long begin_ts; /* when it was added: its true begin is not known */
    unsigned nr;
    unsigned pad;
    unsigned long long args[COLLECT_MAX_ARGS];
};

/* Records that found no room, by class and cpu. */
struct collect_loss {
    unsigned long long count;
    unsigned long long first_ts; /* of the run of losses the collector has not read yet */
    unsigned long long last_ts;
};

/* What is on a cpu, each on a cache line of its own. */
struct collect_current {
    unsigned tid;
    int interrupts; /* handlers that run on top of it */
    /* The least distance of CLOCK_MONOTONIC from this cpu's scheduler clock in the
     * latest stretch of time and in the one before. */
    long long distance_ns[2];
    unsigned long long stretch_ts; /* begin of the latest; 0: none */
    unsigned long long noted_ts;   /* when it was last looked at */
    unsigned long long pad[3];
};

#endif
