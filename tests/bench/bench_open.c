/* bench_open FILE: what a trace costs before anything is shown, and what a picture of it
 * costs. Prints a line of words and numbers for bench-convert:
 *     cold MS    to open it and find table meta, none of it in the system's cache
 *     warm MS    the same again, the best of many
 *     row US     1,920 columns of the thread with most states, exactly, by running totals
 *     column US  the longest state in one of these columns, by looking at each
 *     thread MS  the longest of all its states, likewise */
#include "trace/totals.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    WARM_ROUNDS = 50,
    COLUMNS = 1920
};

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static struct trace *open_trace(const char *path)
{
    struct err err;
    struct trace *t = trace_open(path, &err);
    if (!t) {
        fprintf(stderr, "bench_open: %s\n", err.text);
        exit(1);
    }
    return t;
}

static double open_us(const char *path)
{
    double begin = now_us();
    struct trace *t = open_trace(path);
    if (!trace_meta(t, "duration_ns"))
        exit(1);
    double us = now_us() - begin;
    trace_close(t);
    return us;
}

static void forget_cache(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
        fprintf(stderr, "bench_open: the cache stays: \"cold\" is warm\n");
    close(fd);
}

static uint32_t busiest_thread(struct trace *t)
{
    uint32_t best = 0;
    for (uint32_t i = 0; i < trace_rows(t, TRACE_THREAD_TABLE, 0); i++)
        if (trace_rows(t, TRACE_THREAD_STATE_TABLE, i) >
            trace_rows(t, TRACE_THREAD_STATE_TABLE, best))
            best = i;
    return best;
}

static double columns_us(struct trace *t, uint32_t thread, uint64_t end)
{
    double begin = now_us();
    struct trace_totals totals = trace_totals(t, thread, end);
    for (uint64_t i = 0; i <= COLUMNS; i++) {
        uint64_t ns[TRACE_CLASSES];
        trace_totals_until(&totals, end / COLUMNS * i, ns);
    }
    return now_us() - begin;
}

/* Of the states from `row` on. */
static double longest_us(struct trace *t, uint32_t thread, uint64_t row, uint64_t count)
{
    double begin = now_us();
    struct trace_cursor c = trace_cursor(t, TRACE_THREAD_STATE_TABLE, thread);
    uint64_t longest = 0, before = trace_get(&c, row, TRACE_THREAD_STATE_ts);
    for (uint64_t end = row + count; ++row < end;) {
        uint64_t ts = trace_get(&c, row, TRACE_THREAD_STATE_ts);
        longest = ts - before > longest ? ts - before : longest;
        before = ts;
    }
    return longest ? now_us() - begin : 0;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: bench_open FILE\n");
        return 2;
    }
    forget_cache(argv[1]);
    double cold = open_us(argv[1]), warm = cold;
    for (int i = 0; i < WARM_ROUNDS; i++) {
        double us = open_us(argv[1]);
        warm = us < warm ? us : warm;
    }
    struct trace *t = open_trace(argv[1]);
    uint32_t thread = busiest_thread(t);
    uint64_t rows = trace_rows(t, TRACE_THREAD_STATE_TABLE, thread);
    if (rows < 2)
        return 0;
    struct trace_cursor threads = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    uint64_t end = trace_get(&threads, thread, TRACE_THREAD_end_ts);
    longest_us(t, thread, 0, rows); /* into the cache */
    double best_row = columns_us(t, thread, end);
    for (int i = 0; i < 10; i++) {
        double us = columns_us(t, thread, end);
        best_row = us < best_row ? us : best_row;
    }
    printf("cold %.3f warm %.3f row %.0f column %.1f thread %.2f\n", cold / 1e3, warm / 1e3,
           best_row,
           longest_us(t, thread, rows / 2, rows / COLUMNS + 2 < rows / 2 ? rows / COLUMNS + 2 : 2),
           longest_us(t, thread, 0, rows) / 1e3);
    trace_close(t);
    return 0;
}
