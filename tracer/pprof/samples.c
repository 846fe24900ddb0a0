/* What looks at samples one by one: traces, tags, folded, comments. */
#include "base/map.h"
#include "pprof/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Lines "       key:  value value", sorted; those of text or those of numbers. */
static void put_labels(const struct pprof_report *r, const struct profile_sample *s, bool numbers,
                       struct strbuf *out)
{
    struct arena a = {0};
    char **lines = arena_array(&a, s->label_count + 1u, sizeof *lines);
    size_t n = 0;
    char buf[MEASURE_MAX];
    for (uint32_t k = 0; k < s->label_count; k++) {
        const char *key = s->labels[k].key;
        bool told = s->labels[k].text != NULL && numbers;
        told = told || (!s->labels[k].text && !numbers);
        for (uint32_t before = 0; before < k; before++)
            told =
                told || (!strcmp(s->labels[before].key, key) && !s->labels[before].text == numbers);
        if (told)
            continue;
        struct strbuf line = {0};
        strbuf_printf(&line, "%10s: ", key);
        for (uint32_t i = k; i < s->label_count; i++) {
            const struct profile_label *l = &s->labels[i];
            if (strcmp(l->key, key) || !l->text != numbers)
                continue;
            strbuf_printf(
                &line, " %s",
                l->text ? l->text
                        : measure_auto(buf, l->number, pprof_label_unit(&r->label_units, key)));
        }
        lines[n++] = arena_strdup(&a, line.p);
        strbuf_release(&line);
    }
    qsort(lines, n, sizeof *lines, by_text);
    for (size_t i = 0; i < n; i++)
        strbuf_printf(out, "%s\n", lines[i]);
    arena_release(&a);
}

static void put_stack(const struct pprof_report *r, struct pprof_frames *f,
                      const struct profile_sample *s, struct strbuf *out)
{
    char buf[MEASURE_MAX];
    int64_t v = s->values[r->value];
    if (r->config.mean)
        v = measure_div(v, s->values[0]);
    const char *value = pprof_value(r, buf, v);
    for (uint32_t d = 0; d < s->depth; d++) {
        uint32_t loc = s->locations[d], end = f->first[loc + 1];
        for (uint32_t l = f->first[loc]; l < end; l++) {
            strbuf_printf(out, "%10s   %s%s\n", value, pprof_frame_name(f, f->of_line[l]),
                          l + 1 < end ? " (inline)" : "");
            value = "";
        }
    }
}

bool pprof_write_traces(struct pprof_report *r, struct strbuf *out, struct err *err)
{
    (void)err;
    static const char separator[] =
        "-----------+-------------------------------------------------------\n";
    struct strbuf labels = {0};
    pprof_profile_labels(r, &labels);
    strbuf_puts(out, labels.len ? labels.p : "\n");
    strbuf_release(&labels);
    struct pprof_frames frames;
    pprof_frames_init(&frames, r->model, false);
    for (size_t i = 0; i < r->model->sample_count; i++) {
        const struct profile_sample *s = &r->model->samples[i];
        if (!s->depth)
            continue;
        strbuf_puts(out, separator);
        put_labels(r, s, false, out);
        put_labels(r, s, true, out);
        put_stack(r, &frames, s, out);
    }
    strbuf_puts(out, separator);
    pprof_frames_release(&frames);
    return true;
}

/* ---- tags ---- */

struct tag_value {
    uint32_t key;     /* number of the key */
    const char *name; /* of the value; of the key in the list of keys */
    int64_t value;
};

struct tag_table {
    struct arena arena;
    struct intern names; /* keys, and KEY\0VALUE */
    struct map64 rows;
    struct tag_value *rows_data;
    size_t count, cap;
};

static struct tag_value *tag_row(struct tag_table *t, uint32_t key, const char *name)
{
    struct strbuf sb = {0};
    strbuf_append(&sb, &key, sizeof key);
    strbuf_puts(&sb, name);
    uint32_t id = intern_bytes(&t->names, sb.p, sb.len);
    strbuf_release(&sb);
    bool added;
    uint64_t *row = map64_put(&t->rows, id, &added);
    if (added) {
        *row = t->count;
        mem_grow(&t->rows_data, &t->cap, t->count + 1, sizeof *t->rows_data);
        t->rows_data[t->count++] =
            (struct tag_value){.key = key, .name = arena_strdup(&t->arena, name)};
    }
    return &t->rows_data[*row];
}

/* Heaviest first, then by name. */
static int by_value(const void *x, const void *y)
{
    const struct tag_value *a = x, *b = y;
    int64_t v = measure_abs(a->value), w = measure_abs(b->value);
    return v != w ? (v < w) - (v > w) : strcmp(a->name, b->name);
}

static int by_name(const void *x, const void *y)
{
    const struct tag_value *a = x, *b = y;
    return strcmp(a->name, b->name);
}

/* One key's lines, columns aligned to the right as Go's tabwriter does. */
static void put_key(const struct pprof_report *r, const struct tag_value *key,
                    const struct tag_value *values, size_t count, struct strbuf *out)
{
    char a[MEASURE_MAX], b[MEASURE_MAX], c[MEASURE_MAX];
    int key_width = 0, width = 0;
    for (const char *p = key->name; *p; p++)
        key_width += ((unsigned char)*p & 0xc0) != 0x80; /* characters, not bytes */
    for (size_t i = 0; i < count; i++) {
        int w = snprintf(NULL, 0, "%s (%s):", pprof_value(r, a, values[i].value),
                         measure_percent(b, values[i].value, r->total));
        width = w > width ? w : width;
    }
    strbuf_printf(out, " %s: Total %s of %s (%s)\n", key->name, pprof_value(r, a, key->value),
                  pprof_value(r, b, r->total), measure_percent(c, key->value, r->total));
    struct strbuf cell = {0};
    for (size_t i = 0; i < count; i++) {
        strbuf_clear(&cell);
        strbuf_printf(&cell, "%s (%s):", pprof_value(r, a, values[i].value),
                      measure_percent(b, values[i].value, r->total));
        strbuf_printf(out, "%*s%*s %s\n", key_width + 2, "", width + 1, cell.p, values[i].name);
    }
    strbuf_release(&cell);
    strbuf_putc(out, '\n');
}

static void collect_tags(const struct pprof_report *r, struct tag_table *keys,
                         struct tag_table *values)
{
    char buf[MEASURE_MAX];
    for (size_t i = 0; i < r->model->sample_count; i++) {
        const struct profile_sample *s = &r->model->samples[i];
        for (uint32_t k = 0; k < s->label_count; k++) {
            const struct profile_label *l = &s->labels[k];
            struct tag_value *key = tag_row(keys, 0, l->key);
            const char *name =
                l->text ? l->text
                        : measure_label(buf, l->number, pprof_label_unit(&r->label_units, l->key),
                                        r->output_unit);
            key->value = measure_add(key->value, s->values[r->value]);
            struct tag_value *value = tag_row(values, (uint32_t)(key - keys->rows_data), name);
            value->value = measure_add(value->value, s->values[r->value]);
            key->key = (uint32_t)(key - keys->rows_data);
        }
    }
}

bool pprof_write_tags(struct pprof_report *r, struct strbuf *out, struct err *err)
{
    (void)err;
    struct tag_table keys = {0}, values = {0};
    collect_tags(r, &keys, &values);
    if (keys.count)
        qsort(keys.rows_data, keys.count, sizeof *keys.rows_data, by_name);
    struct tag_value *of_key = mem_realloc(NULL, values.count + 1, sizeof *of_key);
    for (size_t i = 0; i < keys.count; i++) {
        size_t n = 0;
        for (size_t v = 0; v < values.count; v++)
            if (values.rows_data[v].key == keys.rows_data[i].key)
                of_key[n++] = values.rows_data[v];
        qsort(of_key, n, sizeof *of_key, by_value);
        put_key(r, &keys.rows_data[i], of_key, n, out);
    }
    free(of_key);
    struct tag_table *tables[] = {&keys, &values};
    for (int i = 0; i < 2; i++) {
        intern_release(&tables[i]->names);
        map64_release(&tables[i]->rows);
        free(tables[i]->rows_data);
        arena_release(&tables[i]->arena);
    }
    return true;
}

/* ---- comments, folded ---- */

bool pprof_write_comments(struct pprof_report *r, struct strbuf *out, struct err *err)
{
    (void)err;
    for (size_t i = 0; i < r->model->comment_count; i++)
        strbuf_printf(out, "%s\n", r->model->comments[i]);
    return true;
}

/* A ";" in a name would split it. */
static void put_folded_name(const char *name, struct strbuf *out)
{
    for (; *name; name++)
        strbuf_putc(out, *name == ';' ? ':' : *name == '\n' ? ' ' : *name);
}

bool pprof_write_folded(struct pprof_report *r, struct strbuf *out, struct err *err)
{
    (void)err;
    struct pprof_frames f;
    pprof_frames_init(&f, r->model, false);
    struct intern stacks = {0};
    struct map64 sums = {0};
    struct strbuf line = {0};
    for (size_t i = 0; i < r->model->sample_count; i++) {
        const struct profile_sample *s = &r->model->samples[i];
        strbuf_clear(&line);
        for (uint32_t d = s->depth; d > 0; d--) {
            uint32_t loc = s->locations[d - 1];
            for (uint32_t l = f.first[loc + 1]; l > f.first[loc]; l--) {
                if (line.len)
                    strbuf_putc(&line, ';');
                put_folded_name(pprof_frame_name(&f, f.of_line[l - 1]), &line);
            }
        }
        uint32_t stack = intern_bytes(&stacks, strbuf_str(&line), line.len);
        *map64_put(&sums, stack, NULL) += (uint64_t)s->values[r->value];
    }
    for (uint32_t i = 0; i < stacks.count; i++)
        strbuf_printf(out, "%s %lld\n", intern_get(&stacks, i),
                      (long long)(int64_t)*map64_get(&sums, i));
    strbuf_release(&line);
    intern_release(&stacks);
    map64_release(&sums);
    pprof_frames_release(&f);
    return true;
}
