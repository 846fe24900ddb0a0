/* The flame graph as a picture: the root on top, callees below, as wide as their total.
 * What a function did itself is the part without boxes below. */
#include "base/map.h"
#include "pprof/flame.h"
#include "pprof/picture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    WIDTH = 1600,
    MARGIN = 12,
    ROW = 20,
    TEXT_SIZE = 12,
    TITLE_SIZE = 15,
    LEAST_TEXT = 24 /* pixels of a box that can hold some */
};

struct drawing {
    struct pprof_report *r;
    struct pprof_flame f;
    struct picture p;
    double *left; /* of each box, in pixels */
    double scale; /* pixels of one unit of value */
    double top;
    bool diff;
};

/* Functions of a package share a colour: "net/http" of Go's "net/http.(*conn).serve",
 * what stands before the last "::" or "." elsewhere. */
static size_t package_length(const char *name)
{
    size_t end = strcspn(name, "(<"), len = 0;
    bool path = memchr(name, '/', end) != NULL, done = false;
    for (size_t i = 0; i < end; i++) {
        if (name[i] == '/')
            done = false;
        if ((name[i] == '.' && !done) || (name[i] == ':' && name[i + 1] == ':')) {
            len = i;
            done = path;
        }
    }
    return len ? len : end;
}

/* A light colour of a hue in [0, 1). */
static uint32_t pastel(double hue)
{
    static const double offsets[] = {0, 4, 2};
    uint32_t color = 0;
    for (int i = 0; i < 3; i++) {
        double k = fmod(hue * 6 + offsets[i], 6);
        double v = 0.8 + 0.1 * fmax(-1, fmin(1, fmin(k, 4 - k) < 0 ? -1 : fmin(fmin(k, 4 - k), 1)));
        color = color << 8 | (uint32_t)(v * 255);
    }
    return color;
}

/* Red for more than before, green for less, paler the smaller the share. */
static uint32_t diff_color(const struct pprof_flame_box *b)
{
    double net = (double)b->more - (double)b->less, both = (double)b->more + (double)b->less;
    double strength = both > 0 ? fmin(1, fabs(net) / both * 1.5) : 0;
    uint32_t pale = (uint32_t)(235 - 120 * strength);
    return net > 0   ? 235u << 16 | pale << 8 | pale
           : net < 0 ? pale << 16 | 225u << 8 | pale
                     : 0xe6e6e6;
}

static uint32_t color_of(const struct drawing *d, const struct pprof_flame_box *b)
{
    if (b->frame == PROFILE_NONE)
        return 0xe0e0e0;
    if (d->diff)
        return diff_color(b);
    const char *name = d->f.frames.frames[b->frame].name;
    const double golden = 0.6180339887;
    uint64_t hash = hash_bytes(name, package_length(name));
    return pastel(fmod((double)(hash >> 40) * golden, 1));
}

static const char *name_of(struct drawing *d, const struct pprof_flame_box *b)
{
    return b->frame == PROFILE_NONE ? "root" : pprof_frame_name(&d->f.frames, b->frame);
}

/* "main: 1.20s (60%), itself 0.20s (10%)"; in a comparison "1s (50%) -> 1.20s (60%)". */
static const char *tooltip(struct drawing *d, const struct pprof_flame_box *b)
{
    char x[MEASURE_MAX], y[MEASURE_MAX], xp[MEASURE_MAX], yp[MEASURE_MAX];
    int64_t total = d->r->total;
    if (d->diff)
        return arena_printf(
            &d->p.arena, "%s: %s (%s) \xe2\x86\x92 %s (%s)", name_of(d, b),
            pprof_value(d->r, x, b->less), measure_percent_trimmed(xp, b->less, total),
            pprof_value(d->r, y, b->more), measure_percent_trimmed(yp, b->more, total));
    int64_t self = measure_add(b->self_more, b->self_less), all = pprof_flame_width(b);
    return arena_printf(&d->p.arena, "%s: %s (%s), itself %s (%s)", name_of(d, b),
                        pprof_value(d->r, x, all), measure_percent_trimmed(xp, all, total),
                        pprof_value(d->r, y, self), measure_percent_trimmed(yp, self, total));
}

/* Children stand at their caller's right: the gap at its left is its own time. */
static void place(struct drawing *d)
{
    double *used = calloc(d->f.count + 1, sizeof *used);
    if (!used)
        abort();
    for (size_t i = d->f.count; i-- > 1;)
        used[d->f.boxes[i].parent] += (double)pprof_flame_width(&d->f.boxes[i]) * d->scale;
    for (size_t i = 0; i < d->f.count; i++) {
        const struct pprof_flame_box *b = &d->f.boxes[i];
        double width = (double)pprof_flame_width(b) * d->scale;
        if (i == 0)
            d->left[0] = MARGIN;
        else
            d->left[i] = used[b->parent]; /* where the next child of it begins */
        if (i)
            used[b->parent] += width;
        used[i] = d->left[i] + width - used[i];
    }
    free(used);
}

static void draw_box(struct drawing *d, size_t i)
{
    const struct pprof_flame_box *b = &d->f.boxes[i];
    double width = (double)pprof_flame_width(b) * d->scale, y = d->top + b->depth * (double)ROW;
    uint32_t fill = color_of(d, b);
    picture_add(&d->p, (struct picture_item){.kind = PICTURE_BOX,
                                             .x = d->left[i],
                                             .y = y,
                                             .width = fmax(width - 0.5, 0.3),
                                             .height = ROW - 1,
                                             .color = PICTURE_NO_COLOR,
                                             .fill = fill,
                                             .tooltip = tooltip(d, b)});
    if (width < LEAST_TEXT)
        return;
    const char *text = picture_fit(&d->p.arena, name_of(d, b), TEXT_SIZE, width - 6);
    if (text[0])
        picture_add(&d->p, (struct picture_item){.kind = PICTURE_TEXT,
                                                 .x = d->left[i] + 3,
                                                 .y = y + ROW - 6,
                                                 .text = text,
                                                 .size = TEXT_SIZE,
                                                 .color = 0x000000});
}

static void draw_title(struct drawing *d)
{
    struct strbuf labels = {0};
    char buf[MEASURE_MAX];
    pprof_profile_labels(d->r, &labels);
    strbuf_printf(&labels, "Total: %s of %s", pprof_value(d->r, buf, d->r->total), d->r->type);
    double y = MARGIN + TITLE_SIZE;
    for (const char *p = labels.p; *p; y += TITLE_SIZE * 1.3) {
        size_t len = strcspn(p, "\n");
        picture_add(&d->p, (struct picture_item){.kind = PICTURE_TEXT,
                                                 .x = MARGIN,
                                                 .y = y,
                                                 .text = arena_strndup(&d->p.arena, p, len),
                                                 .size = TITLE_SIZE,
                                                 .color = 0x404040});
        p += len + (p[len] == '\n');
    }
    strbuf_release(&labels);
    d->top = y;
}

bool pprof_has_base(const struct pprof_model *m)
{
    for (size_t i = 0; i < m->sample_count; i++)
        if (pprof_is_base(&m->samples[i]))
            return true;
    return false;
}

static const char *format_of(const char *output)
{
    static const char *const known[] = {"png", "pdf", "ps"};
    const char *dot = strrchr(output, '.');
    for (size_t i = 0; dot && i < sizeof known / sizeof *known; i++)
        if (!strcmp(dot + 1, known[i]))
            return known[i];
    return "svg";
}

bool pprof_write_flame(struct pprof_report *r, struct strbuf *out, struct err *err)
{
    struct drawing d = {.r = r, .diff = pprof_has_base(r->model)};
    const struct pprof_flame_options o = {
        .pivot = r->symbol, .least = 0.3 / WIDTH, .most_boxes = 30000};
    uint32_t deepest = 0;
    pprof_flame_init(&d.f, r, &o);
    int64_t whole = pprof_flame_width(&d.f.boxes[0]);
    d.scale = whole > 0 ? (double)(WIDTH - 2 * MARGIN) / (double)whole : 0;
    d.p.title = r->title[0] ? r->title : "flame graph";
    d.left = mem_realloc(NULL, d.f.count, sizeof *d.left);
    draw_title(&d);
    place(&d);
    for (size_t i = 0; i < d.f.count; i++) {
        draw_box(&d, i);
        deepest = d.f.boxes[i].depth > deepest ? d.f.boxes[i].depth : deepest;
    }
    d.p.width = WIDTH;
    d.p.height = d.top + (deepest + 1.0) * ROW + MARGIN;
    bool ok = picture_write(&d.p, format_of(r->config.output), out, err);
    free(d.left);
    picture_release(&d.p);
    pprof_flame_release(&d.f);
    return ok;
}
