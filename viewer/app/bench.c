#include "app/bench.h"

#include "app/keys.h"
#include "base/arena.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct bench {
    struct app *app;
    uint64_t *frame_ns, *cpu_ns; /* owned: by the clock, and of this thread alone */
    size_t count, cap, cpu_cap;
    uint64_t worst_settle_ns;                    /* longest from an input to the exact picture */
    uint64_t first_hit_ns, search_ns, cancel_ns; /* the slowest */
    uint64_t first_picture_ns, file_peak, anon_peak;
    const char *phase, *worst_phase, *worst_settle_phase;
    uint64_t worst_ns;
};

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

uint64_t bench_now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

/* A line "NAME:  N kB" of /proc/self/status, in bytes. */
static uint64_t status_bytes(const char *name)
{
    char line[256];
    unsigned long long kb = 0;
    size_t len = strlen(name);
    FILE *f = fopen("/proc/self/status", "re");
    while (f && fgets(line, sizeof line, f))
        if (!strncmp(line, name, len) && line[len] == ':')
            sscanf(line + len + 1, "%llu", &kb);
    if (f)
        fclose(f);
    return (uint64_t)kb * 1024;
}

static void take_memory(struct bench *b)
{
    uint64_t file = status_bytes("RssFile"), anon = status_bytes("RssAnon");
    b->file_peak = file > b->file_peak ? file : b->file_peak;
    b->anon_peak = anon > b->anon_peak ? anon : b->anon_peak;
}

static void frame(struct bench *b)
{
    uint64_t begin = bench_now_ns(), cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    app_frame(b->app);
    uint64_t took = bench_now_ns() - begin;
    mem_grow(&b->frame_ns, &b->cap, b->count + 1, sizeof *b->frame_ns);
    mem_grow(&b->cpu_ns, &b->cpu_cap, b->count + 1, sizeof *b->cpu_ns);
    b->cpu_ns[b->count] = clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu;
    b->frame_ns[b->count++] = took;
    if (took > b->worst_ns) {
        b->worst_ns = took;
        b->worst_phase = b->phase;
    }
}

/* Frames until the picture is exact, as a person would see them. */
static void settle(struct bench *b)
{
    uint64_t begin = bench_now_ns();
    do {
        frame(b);
        if (b->app->views.waiting && !b->app->views.busy)
            load_pause();
    } while (app_is_unsettled(b->app) && !b->app->failed);
    uint64_t took = bench_now_ns() - begin;
    if (took > b->worst_settle_ns) {
        b->worst_settle_ns = took;
        b->worst_settle_phase = b->phase;
    }
    take_memory(b);
}

static void send(struct bench *b, struct gfx_event e)
{
    app_event(b->app, &e);
}

static void key(struct bench *b, const char *name)
{
    struct gfx_event e;
    keys_parse(name, &e);
    send(b, e);
    e.kind = GFX_EVENT_KEY_UP;
    send(b, e);
}

static void point(struct bench *b, enum gfx_event_kind kind, int x, int y)
{
    send(b, (struct gfx_event){.kind = kind, .x = x, .y = y, .button = 1, .clicks = 1});
}

static void wheel(struct bench *b, int x, int y, float notches, unsigned mods)
{
    send(b, (struct gfx_event){
                .kind = GFX_EVENT_WHEEL, .x = x, .y = y, .wheel = notches, .mods = mods});
    frame(b);
}

/* In until a microsecond is in sight (or a ns a column), and out to the whole. */
static void zoom_walk(struct bench *b, int x)
{
    const struct model_window *w = &b->app->views.window;
    int y = b->app->options.height / 3;
    int64_t last = -1;
    point(b, GFX_EVENT_MOVE, x, y);
    b->phase = "zoom in";
    for (int stuck = 0; w->end_ns - w->begin_ns > 1000 && stuck < 4;) {
        stuck = last == w->end_ns - w->begin_ns ? stuck + 1 : 0;
        last = w->end_ns - w->begin_ns;
        wheel(b, x, y, 1, GFX_CTRL);
    }
    settle(b);
    b->phase = "zoom out";
    while (w->end_ns - w->begin_ns < w->duration_ns)
        wheel(b, x, y, -1, GFX_CTRL);
    settle(b);
}

/* At several zooms, a screen's width to the right and half of it back. */
static void pan_walk(struct bench *b)
{
    b->phase = "pan";
    for (int zoom = 0; zoom < 6; zoom++) {
        key(b, "home");
        settle(b);
        for (int i = 0; i < 12; i++) {
            key(b, i < 8 ? "d" : "a");
            frame(b);
        }
        settle(b);
        for (int i = 0; i < 8; i++) {
            key(b, "w");
            frame(b);
        }
    }
    key(b, "0");
    settle(b);
}

static void hover_walk(struct bench *b)
{
    int w = b->app->options.width, h = b->app->options.height;
    b->phase = "hover";
    for (int i = 0; i < 60; i++) {
        point(b, GFX_EVENT_MOVE, w / 4 + i * w / 100, h / 6 + i * h / 200);
        frame(b);
    }
    b->phase = "scroll";
    for (int i = 0; i < 20; i++)
        wheel(b, w / 2, h / 3, i < 10 ? -2 : 2, 0);
    settle(b);
}

static void select_walk(struct bench *b)
{
    int w = b->app->options.width, h = b->app->options.height;
    b->phase = "select";
    point(b, GFX_EVENT_MOVE, w / 3, h / 3);
    point(b, GFX_EVENT_PRESS, w / 3, h / 3);
    for (int i = 0; i <= 30; i++) {
        point(b, GFX_EVENT_MOVE, w / 3 + i * w / 100, h / 3);
        frame(b);
    }
    point(b, GFX_EVENT_RELEASE, w / 3 + 30 * w / 100, h / 3);
    frame(b);
    settle(b);
    key(b, "f");
    settle(b);
    key(b, "escape");
    key(b, "0");
    settle(b);
}

/* Types a name, waits for its first hit, steps, and cancels another search. */
static void search_walk(struct bench *b)
{
    static const char *const words[] = {"fun", "state:lock dur>15us", "read"};
    struct views *v = &b->app->views;
    b->phase = "search";
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        uint64_t begin = bench_now_ns();
        views_search_set(v, words[i]);
        while (!atomic_load(&v->search.run.hits) && !model_search_is_done(&v->search.run))
            frame(b);
        uint64_t first = bench_now_ns() - begin;
        b->first_hit_ns = first > b->first_hit_ns ? first : b->first_hit_ns;
        for (int k = 0; k < 10; k++) {
            views_search_step(v, k < 7 ? 1 : -1);
            frame(b);
        }
        settle(b);
        uint64_t whole = bench_now_ns() - begin;
        b->search_ns = whole > b->search_ns ? whole : b->search_ns;
    }
    uint64_t begin = bench_now_ns();
    views_search_set(v, "function");
    frame(b);
    views_search_set(v, "");
    b->cancel_ns = bench_now_ns() - begin;
    frame(b);
    settle(b);
}

static int by_time(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static double ms(uint64_t ns)
{
    return (double)ns / 1e6;
}

static void print_times(const char *name, uint64_t *ns, size_t count)
{
    qsort(ns, count, sizeof *ns, by_time);
    printf(" \"%s_p50_ms\": %.2f, \"%s_p99_ms\": %.2f, \"%s_max_ms\": %.2f,\n", name,
           ms(ns[count / 2]), name, ms(ns[count * 99 / 100]), name, ms(ns[count - 1]));
}

static void print(struct bench *b)
{
    const struct model_doc *doc = b->app->doc;
    uint64_t spans = trace_table_rows(doc->trace, TRACE_THREAD_STATE_TABLE);
    printf("{\"file_bytes\": %" PRIu64 ", \"thread_state_rows\": %" PRIu64 ", \"threads\": %u,\n",
           trace_file_bytes(doc->trace), spans, doc->thread_count);
    printf(" \"size\": \"%dx%d\", \"frames\": %zu,\n", b->app->options.width,
           b->app->options.height, b->count);
    printf(" \"first_picture_ms\": %.1f,\n", ms(b->first_picture_ns));
    print_times("frame", b->frame_ns, b->count);
    print_times("frame_cpu", b->cpu_ns, b->count);
    printf(" \"frame_max_in\": \"%s\", \"exact_after_ms_max\": %.1f, \"exact_after_max_in\": "
           "\"%s\",\n",
           b->worst_phase, ms(b->worst_settle_ns), b->worst_settle_phase);
    printf(" \"search_first_hit_ms\": %.1f, \"search_all_ms\": %.1f, "
           "\"search_start_and_cancel_ms\": %.1f,\n",
           ms(b->first_hit_ns), ms(b->search_ns), ms(b->cancel_ns));
    printf(" \"rss_peak_bytes\": %" PRIu64 ", \"rss_anon_peak_bytes\": %" PRIu64
           ", \"rss_file_peak_bytes\": %" PRIu64 "}\n",
           status_bytes("VmHWM"), b->anon_peak, b->file_peak);
}

bool bench_run(struct app *app, uint64_t started_ns, struct err *err)
{
    struct bench b = {.app = app, .phase = "open", .worst_phase = ""};
    app_frame(app);
    b.first_picture_ns = bench_now_ns() - started_ns;
    if (!app->doc)
        return err_set(err, "--bench needs a trace");
    settle(&b);
    for (int i = 0; i < 5; i++)
        zoom_walk(&b, app->options.width * (20 + 15 * i) / 100);
    pan_walk(&b);
    hover_walk(&b);
    select_walk(&b);
    search_walk(&b);
    print(&b);
    free(b.frame_ns);
    free(b.cpu_ns);
    return true;
}
