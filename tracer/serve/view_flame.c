/* The flame graph's boxes, as columns of numbers: a row has its parent before it. */
#include "pprof/flame.h"
#include "serve/view.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    MOST_BOXES = 20000 /* about 700 kB */
};

static void put_column(struct strbuf *out, const char *key, const struct pprof_flame *f,
                       int64_t (*value)(const struct pprof_flame_box *b))
{
    view_key(out, key);
    for (size_t i = 0; i < f->count; i++)
        strbuf_printf(out, "%c%" PRId64, i ? ',' : '[', value(&f->boxes[i]));
    strbuf_putc(out, ']');
}

static int64_t parent(const struct pprof_flame_box *b)
{
    return b->parent == PROFILE_NONE ? -1 : (int64_t)b->parent;
}

static int64_t more(const struct pprof_flame_box *b)
{
    return b->more;
}

static int64_t less(const struct pprof_flame_box *b)
{
    return b->less;
}

static int64_t self(const struct pprof_flame_box *b)
{
    return measure_add(b->self_more, b->self_less);
}

static int64_t inlined(const struct pprof_flame_box *b)
{
    return b->inlined;
}

/* Only names that show; boxes say which by number. */
static void put_names(struct strbuf *out, struct pprof_flame *f)
{
    uint32_t *number = calloc(f->frames.count + 1, sizeof *number), count = 0;
    if (!number)
        abort();
    view_key(out, "names");
    strbuf_putc(out, '[');
    for (size_t i = 0; i < f->count; i++) {
        uint32_t frame = f->boxes[i].frame;
        if (frame == PROFILE_NONE || number[frame])
            continue;
        strbuf_puts(out, count ? "," : "");
        view_string(out, pprof_frame_name(&f->frames, frame));
        number[frame] = ++count;
    }
    strbuf_putc(out, ']');
    view_key(out, "name");
    for (size_t i = 0; i < f->count; i++) {
        uint32_t frame = f->boxes[i].frame;
        strbuf_printf(out, "%c%" PRId64, i ? ',' : '[',
                      frame == PROFILE_NONE ? -1 : (int64_t)number[frame] - 1);
    }
    strbuf_putc(out, ']');
    free(number);
}

static void put_tree(struct view *v, struct pprof_report *r, const char *key, bool callers)
{
    struct pprof_flame f;
    const struct pprof_flame_options o = {.pivot = r->symbol,
                                          .callers = callers,
                                          .least = 1 / v->pixels,
                                          .most_boxes = MOST_BOXES / (r->symbol ? 2 : 1)};
    pprof_flame_init(&f, r, &o);
    view_key(v->out, key);
    strbuf_putc(v->out, '{');
    put_names(v->out, &f);
    put_column(v->out, "parent", &f, parent);
    put_column(v->out, "more", &f, more);
    put_column(v->out, "less", &f, less);
    put_column(v->out, "self", &f, self);
    put_column(v->out, "inlined", &f, inlined);
    view_number(v->out, "cut", (int64_t)f.cut);
    strbuf_putc(v->out, '}');
    pprof_flame_release(&f);
}

bool view_flame(struct view *v, struct err *err)
{
    struct view_report r = {0};
    bool ok = view_begin(v, &r, "flamegraph", v->pattern, err);
    if (ok) {
        strbuf_putc(v->out, '{');
        view_head(v, &r.report);
        put_tree(v, &r.report, "callees", false);
        if (r.report.symbol)
            put_tree(v, &r.report, "callers", true);
        strbuf_putc(v->out, '}');
    }
    view_end(&r);
    return ok;
}
