/* Filters by labels: [KEY=]REGEX,REGEX or [KEY=]RANGE with numbers and units. */
#include "base/strbuf.h"
#include "pprof/filter.h"
#include "pprof/measure.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- units of numeric labels ---- */

static size_t find_key(const struct pprof_label_units *units, const char *key)
{
    size_t i = 0;
    while (i < units->count && units->keys[i] != key && strcmp(units->keys[i], key))
        i++;
    return i;
}

static void note_ignored(const struct pprof_label_units *units, const struct strbuf *ignored,
                         const struct pprof_notes *notes)
{
    for (size_t i = 0; i < units->count; i++)
        if (ignored[i].len)
            pprof_note(notes, "For tag %s used unit %s, also encountered unit(s) %s",
                       units->keys[i], units->units[i], ignored[i].p);
}

static bool lists(const struct strbuf *list, const char *word)
{
    const char *at = list->len ? strstr(list->p, word) : NULL;
    return at && (at[strlen(word)] == 0 || at[strlen(word)] == ',');
}

struct pprof_label_units pprof_label_units_from_model(struct arena *a, const struct pprof_model *m,
                                                      const struct pprof_notes *notes)
{
    struct pprof_label_units units = {0};
    struct strbuf *ignored = NULL;
    size_t key_cap = 0, unit_cap = 0, ignored_cap = 0;
    for (size_t i = 0; i < m->sample_count; i++) {
        const struct profile_sample *s = &m->samples[i];
        for (uint32_t k = 0; k < s->label_count; k++) {
            const struct profile_label *l = &s->labels[k];
            if (l->text)
                continue;
            size_t row = find_key(&units, l->key);
            if (row == units.count) {
                mem_grow(&units.keys, &key_cap, row + 1, sizeof *units.keys);
                mem_grow(&units.units, &unit_cap, row + 1, sizeof *units.units);
                mem_grow(&ignored, &ignored_cap, row + 1, sizeof *ignored);
                units.keys[row] = l->key;
                units.units[row] = "";
                ignored[row] = (struct strbuf){0};
                units.count++;
            }
            if (!units.units[row][0])
                units.units[row] = l->unit;
            else if (l->unit[0] && strcmp(l->unit, units.units[row]) &&
                     !lists(&ignored[row], l->unit))
                strbuf_printf(&ignored[row], "%s%s", ignored[row].len ? ", " : "", l->unit);
        }
    }
    note_ignored(&units, ignored, notes);
    for (size_t i = 0; i < units.count; i++) {
        const char *key = units.keys[i];
        bool is_size = !strcmp(key, "alignment") || !strcmp(key, "request");
        if (!units.units[i][0])
            units.units[i] = is_size ? "bytes" : key;
        strbuf_release(&ignored[i]);
    }
    const char **keys = units.keys, **names = units.units;
    units.keys = arena_memdup(a, keys, units.count * sizeof *keys);
    units.units = arena_memdup(a, names, units.count * sizeof *names);
    free(keys);
    free(names);
    free(ignored);
    return units;
}

const char *pprof_label_unit(const struct pprof_label_units *units, const char *key)
{
    size_t i = find_key(units, key);
    return i < units->count ? units->units[i] : "";
}

/* ---- ranges ---- */

struct range {
    bool has_low, has_high;
    double low, high; /* inclusive */
    char unit[64];
};

struct quantity {
    const char *begin, *end;
    int64_t value;
    char unit[64];
};

/* The next number with the letters behind it, wherever it stands. */
static bool next_quantity(const char *p, struct quantity *q)
{
    while (*p && !isdigit((unsigned char)*p))
        p++;
    if (!*p)
        return false;
    q->begin = p;
    errno = 0;
    char *end;
    q->value = strtoll(p, &end, 10);
    size_t len = 0;
    while (isalpha((unsigned char)end[len]))
        len++;
    if (len >= sizeof q->unit)
        return false;
    memcpy(q->unit, end, len);
    q->unit[len] = 0;
    q->end = end + len;
    return errno == 0;
}

static bool take_sign(const char *text, struct quantity *q)
{
    if (q->begin == text || !strchr("+-", q->begin[-1]))
        return true;
    q->begin--;
    if (*q->begin == '-')
        q->value = -q->value;
    return true;
}

static bool is_at(const char *text, const struct quantity *q, const char *before, const char *after)
{
    size_t lead = strlen(before);
    return (size_t)(q->begin - text) == lead && !strncmp(text, before, lead) &&
           !strcmp(q->end, after);
}

/* "32kb", ":64kb", "4mb:" or "12kb:64mb"; false: no range, but an expression. */
static bool parse_range(const char *text, struct range *range)
{
    struct quantity a, b;
    if (!next_quantity(text, &a) || !take_sign(text, &a))
        return false;
    const char *unit;
    double low = measure_scale(a.value, a.unit, a.unit, &unit);
    *range = (struct range){.low = low, .high = low, .has_low = true, .has_high = true};
    strncpy(range->unit, unit, sizeof range->unit - 1);
    if (!next_quantity(a.end, &b)) {
        range->has_low = !is_at(text, &a, ":", "");
        range->has_high = !is_at(text, &a, "", ":");
        return is_at(text, &a, "", "") || !range->has_low || !range->has_high;
    }
    take_sign(a.end, &b);
    if (a.begin != text || b.begin != a.end + 1 || *a.end != ':' || *b.end)
        return false;
    range->high = measure_scale(b.value, b.unit, range->unit, &unit);
    return !strcmp(unit, range->unit);
}

static bool in_range(const struct range *r, int64_t value, const char *unit)
{
    const char *scaled_unit;
    double v = measure_scale(value, unit, r->unit, &scaled_unit);
    return !strcmp(scaled_unit, r->unit) && (!r->has_low || v >= r->low) &&
           (!r->has_high || v <= r->high);
}

/* ---- one filter ---- */

struct tag_filter {
    char *text;      /* owned: key and expressions, cut apart */
    const char *key; /* NULL: any */
    bool is_range;
    struct range range;
    struct pprof_rx **rx; /* owned */
    size_t rx_count;
    const struct pprof_label_units *units;
};

static bool compile_list(struct tag_filter *f, const char *name, char *list, struct err *err)
{
    size_t cap = 0;
    for (char *next; list; list = next) {
        next = strchr(list, ',');
        if (next)
            *next++ = 0;
        mem_grow(&f->rx, &cap, f->rx_count + 1, sizeof *f->rx);
        f->rx[f->rx_count] = pprof_rx_new(list, err);
        if (!f->rx[f->rx_count])
            return err_wrap(err, "parsing %s regexp", name);
        f->rx_count++;
    }
    return true;
}

static bool tag_filter_init(struct tag_filter *f, const char *name, const char *text,
                            const struct pprof_label_units *units, const struct pprof_notes *notes,
                            struct err *err)
{
    *f = (struct tag_filter){.units = units};
    if (!text || !text[0])
        return true;
    f->text = strdup(text);
    if (!f->text)
        abort();
    char *value = strchr(f->text, '=');
    if (value) {
        *value++ = 0;
        if (f->text[0])
            f->key = f->text;
    } else {
        value = f->text;
    }
    f->is_range = parse_range(value, &f->range);
    if (!f->is_range)
        return compile_list(f, name, value, err);
    pprof_note(notes, "%s:Interpreted '%s' as range, not regexp", name, value);
    return true;
}

static void tag_filter_release(struct tag_filter *f)
{
    for (size_t i = 0; i < f->rx_count; i++)
        pprof_rx_release(f->rx[i]);
    free(f->rx);
    free(f->text);
}

static bool match_range(const struct tag_filter *f, const struct profile_sample *s)
{
    for (uint32_t k = 0; k < s->label_count; k++) {
        const struct profile_label *l = &s->labels[k];
        if (l->text || (f->key && strcmp(f->key, l->key)))
            continue;
        if (in_range(&f->range, l->number, pprof_label_unit(f->units, l->key)))
            return true;
    }
    return false;
}

static bool any_label_matches(const struct profile_sample *s, const struct pprof_rx *rx,
                              const char *key, struct strbuf *sb)
{
    for (uint32_t k = 0; k < s->label_count; k++) {
        const struct profile_label *l = &s->labels[k];
        if (!l->text || (key && strcmp(key, l->key)))
            continue;
        strbuf_clear(sb);
        if (!key)
            strbuf_printf(sb, "%s:", l->key);
        strbuf_puts(sb, l->text);
        if (pprof_rx_match(rx, strbuf_str(sb)))
            return true;
    }
    return false;
}

/* With a key any expression will do, without one all must match something. */
static bool match_text(const struct tag_filter *f, const struct profile_sample *s,
                       struct strbuf *sb)
{
    for (size_t i = 0; i < f->rx_count; i++)
        if (any_label_matches(s, f->rx[i], f->key, sb) == (f->key != NULL))
            return f->key != NULL;
    return f->key == NULL;
}

bool pprof_filter_tags(struct pprof_model *m, const char *focus, const char *ignore,
                       const struct pprof_label_units *units, const struct pprof_notes *notes,
                       struct err *err)
{
    struct tag_filter want = {0}, skip = {0};
    struct strbuf sb = {0};
    bool ok = tag_filter_init(&want, "tagfocus", focus, units, notes, err) &&
              tag_filter_init(&skip, "tagignore", ignore, units, notes, err);
    bool any_wanted = !want.text, any_skipped = !skip.text;
    size_t kept = 0;
    for (size_t i = 0; ok && (want.text || skip.text) && i < m->sample_count; i++) {
        const struct profile_sample *s = &m->samples[i];
        bool wanted =
            !want.text || (want.is_range ? match_range(&want, s) : match_text(&want, s, &sb));
        bool skipped =
            skip.text && (skip.is_range ? match_range(&skip, s) : match_text(&skip, s, &sb));
        any_wanted = any_wanted || wanted;
        any_skipped = any_skipped || skipped;
        if (wanted && !skipped)
            m->samples[kept++] = *s;
    }
    if (ok && (want.text || skip.text))
        m->sample_count = kept;
    if (ok && !any_wanted)
        pprof_note(notes, "TagFocus expression matched no samples");
    if (ok && !any_skipped)
        pprof_note(notes, "TagIgnore expression matched no samples");
    strbuf_release(&sb);
    tag_filter_release(&want);
    tag_filter_release(&skip);
    return ok;
}

/* ---- labels to show ---- */

void pprof_filter_labels(struct pprof_model *m, const struct pprof_rx *show,
                         const struct pprof_rx *hide, const struct pprof_notes *notes)
{
    bool any_shown = !show, any_hidden = !hide;
    for (size_t i = 0; (show || hide) && i < m->sample_count; i++) {
        struct profile_sample *s = &m->samples[i];
        struct profile_label *labels = arena_array(&m->arena, s->label_count, sizeof *labels);
        uint32_t n = 0;
        for (uint32_t k = 0; k < s->label_count; k++) {
            bool shown = !show || pprof_rx_match(show, s->labels[k].key);
            bool hidden = hide && pprof_rx_match(hide, s->labels[k].key);
            any_shown = any_shown || shown;
            any_hidden = any_hidden || hidden;
            if (shown && !hidden)
                labels[n++] = s->labels[k];
        }
        s->labels = labels;
        s->label_count = n;
    }
    if (!any_shown)
        pprof_note(notes, "TagShow expression matched no samples");
    if (!any_hidden)
        pprof_note(notes, "TagHide expression matched no samples");
}
