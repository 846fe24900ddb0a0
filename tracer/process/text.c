#include "process/text.h"

#include "base/map.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    VALUES_MAX = 4
};

/* Samples of one stack. */
struct group {
    const struct profile_sample *first;
    int64_t values[VALUES_MAX];
};

struct groups {
    struct group *v; /* owned */
    size_t count;
    int64_t totals[VALUES_MAX];
};

static int by_last_value(const void *a, const void *b)
{
    const struct group *x = a, *y = b;
    for (int i = VALUES_MAX; i-- > 0;)
        if (x->values[i] != y->values[i])
            return x->values[i] < y->values[i] ? 1 : -1;
    return 0;
}

static struct groups group_samples(const struct profile *p)
{
    struct groups g = {0};
    struct intern stacks = {0};
    size_t cap = 0, values = p->value_type_count;
    values = values < VALUES_MAX ? values : VALUES_MAX;
    for (size_t i = 0; i < p->sample_count; i++) {
        const struct profile_sample *s = &p->samples[i];
        uint32_t id = intern_bytes(&stacks, s->locations, s->depth * sizeof *s->locations);
        if (id == g.count) {
            mem_grow(&g.v, &cap, ++g.count, sizeof *g.v);
            g.v[id] = (struct group){.first = s};
        }
        for (size_t v = 0; v < values; v++) {
            g.v[id].values[v] += s->values[v];
            g.totals[v] += s->values[v];
        }
    }
    if (g.count)
        qsort(g.v, g.count, sizeof *g.v, by_last_value);
    intern_release(&stacks);
    return g;
}

static void put_frames(struct strbuf *out, const struct profile *p, const struct profile_sample *s)
{
    for (uint32_t d = 0; d < s->depth; d++) {
        const struct profile_location *l = &p->locations[s->locations[d]];
        for (uint32_t n = 0; n < l->line_count; n++) {
            const struct profile_function *f = &p->functions[l->lines[n].function];
            strbuf_printf(out, "#\t0x%" PRIx64 "\t%s", l->address, f->name);
            if (*f->filename)
                strbuf_printf(out, "\t%s:%" PRId64, f->filename, l->lines[n].line);
            strbuf_putc(out, '\n');
        }
    }
    strbuf_putc(out, '\n');
}

static void put_addresses(struct strbuf *out, const struct profile *p,
                          const struct profile_sample *s)
{
    strbuf_puts(out, " @");
    for (uint32_t d = 0; d < s->depth; d++) /* as call stacks have them: return addresses */
        strbuf_printf(out, " 0x%" PRIx64, p->locations[s->locations[d]].address + (d > 0));
    strbuf_putc(out, '\n');
}

/* The figures are estimates of all allocations already: "heapprofile" tells readers not
 * to scale them up, as "heap/524288" would. */
static void put_heap(struct strbuf *out, const struct profile *p, const struct groups *g)
{
    strbuf_printf(
        out, "heap profile: %" PRId64 ": %" PRId64 " [%" PRId64 ": %" PRId64 "] @ heapprofile\n",
        g->totals[2], g->totals[3], g->totals[0], g->totals[1]);
    for (size_t i = 0; i < g->count; i++) {
        const int64_t *v = g->v[i].values;
        strbuf_printf(out, "%" PRId64 ": %" PRId64 " [%" PRId64 ": %" PRId64 "]", v[2], v[3], v[0],
                      v[1]);
        put_addresses(out, p, g->v[i].first);
        put_frames(out, p, g->v[i].first);
    }
}

static void put_waits(struct strbuf *out, const struct profile *p, const struct groups *g,
                      const char *name)
{
    bool mutex = !strcmp(name, "mutex");
    strbuf_printf(out, "--- %s:\ncycles/second=1000000000\n%s", mutex ? "mutex" : "contention",
                  mutex ? "sampling period=1\n" : "");
    for (size_t i = 0; i < g->count; i++) {
        strbuf_printf(out, "%" PRId64 " %" PRId64, g->v[i].values[1], g->v[i].values[0]);
        put_addresses(out, p, g->v[i].first);
        put_frames(out, p, g->v[i].first);
    }
}

static void put_counts(struct strbuf *out, const struct profile *p, const struct groups *g,
                       const char *name)
{
    strbuf_printf(out, "%s profile: total %" PRId64 "\n", name, g->totals[0]);
    for (size_t i = 0; i < g->count; i++) {
        strbuf_printf(out, "%" PRId64, g->v[i].values[0]);
        put_addresses(out, p, g->v[i].first);
        put_frames(out, p, g->v[i].first);
    }
}

void process_text(struct strbuf *out, const struct profile *p, const char *name)
{
    struct groups g = group_samples(p);
    if (p->value_type_count == 4)
        put_heap(out, p, &g);
    else if (p->value_type_count == 2)
        put_waits(out, p, &g, name);
    else
        put_counts(out, p, &g, name);
    free(g.v);
}

static const char *label(const struct profile_sample *s, const char *key)
{
    for (uint32_t i = 0; i < s->label_count; i++)
        if (s->labels[i].text && !strcmp(s->labels[i].key, key))
            return s->labels[i].text;
    return NULL;
}

void process_text_threads(struct strbuf *out, const struct profile *p)
{
    for (size_t i = 0; i < p->sample_count; i++) {
        const struct profile_sample *s = &p->samples[i];
        const char *tid = label(s, "tid"), *name = label(s, "thread");
        const char *state = label(s, "state"), *call = label(s, "syscall");
        strbuf_printf(out, "%sthread %s [%s%s%s] \"%s\":\n", i ? "\n" : "", tid ? tid : "?",
                      state ? state : "unknown", call ? ", " : "", call ? call : "",
                      name ? name : "");
        for (uint32_t d = 0; d < s->depth; d++) {
            const struct profile_location *l = &p->locations[s->locations[d]];
            for (uint32_t n = 0; n < l->line_count; n++) {
                const struct profile_function *f = &p->functions[l->lines[n].function];
                strbuf_printf(out, "%s(...)\n\t%s:%" PRId64 " 0x%" PRIx64 "\n", f->name,
                              *f->filename ? f->filename : "?", l->lines[n].line, l->address);
            }
        }
    }
}
