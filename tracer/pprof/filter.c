#include "pprof/filter.h"

#include "base/strbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void pprof_note(const struct pprof_notes *notes, const char *fmt, ...)
{
    if (!notes || !notes->note)
        return;
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    notes->note(notes->data, text);
}

/* The answer for each function and mapping, so that each name is matched once. */
struct matches {
    bool *functions;
    bool *mappings;
};

static struct matches match_names(const struct pprof_model *m, const struct pprof_rx *rx)
{
    struct matches hit = {mem_realloc(NULL, m->function_count + 1, sizeof *hit.functions),
                          mem_realloc(NULL, m->mapping_count + 1, sizeof *hit.mappings)};
    for (size_t i = 0; i < m->function_count; i++)
        hit.functions[i] = pprof_rx_match(rx, m->functions[i].name) ||
                           pprof_rx_match(rx, m->functions[i].filename);
    for (size_t i = 0; i < m->mapping_count; i++)
        hit.mappings[i] = pprof_rx_match(rx, m->mappings[i].filename);
    return hit;
}

static void matches_release(struct matches *hit)
{
    free(hit->functions);
    free(hit->mappings);
}

static bool line_hit(const struct matches *hit, const struct profile_line *line)
{
    return line->function != PROFILE_NONE && hit->functions[line->function];
}

static bool mapping_hit(const struct matches *hit, const struct profile_location *loc)
{
    return loc->mapping != PROFILE_NONE && hit->mappings[loc->mapping];
}

static bool location_hit(const struct matches *hit, const struct profile_location *loc)
{
    for (uint32_t i = 0; i < loc->line_count; i++)
        if (line_hit(hit, &loc->lines[i]))
            return true;
    return mapping_hit(hit, loc);
}

/* Keeps the lines whose answer is `wanted`. */
static void keep_lines(struct pprof_model *m, struct profile_location *loc,
                       const struct matches *hit, bool wanted)
{
    struct profile_line *lines = arena_array(&m->arena, loc->line_count, sizeof *lines);
    uint32_t n = 0;
    for (uint32_t i = 0; i < loc->line_count; i++)
        if (line_hit(hit, &loc->lines[i]) == wanted)
            lines[n++] = loc->lines[i];
    loc->lines = lines;
    loc->line_count = n;
}

enum verdict {
    NEUTRAL,
    FOCUSED,
    IGNORED
};

struct by_name {
    struct pprof_rx *focus, *ignore, *hide, *show;
    uint8_t *verdicts; /* of each location: enum verdict */
    bool *hidden;
    bool any_hidden;
    bool focus_matched, ignore_matched, hide_matched, show_matched;
};

static void judge(struct pprof_model *m, struct by_name *f)
{
    struct matches hit;
    for (size_t i = 0; i < m->location_count; i++)
        f->verdicts[i] = f->focus ? NEUTRAL : FOCUSED;
    f->focus_matched = !f->focus;
    if (f->focus) {
        hit = match_names(m, f->focus);
        for (size_t i = 0; i < m->location_count; i++)
            if (location_hit(&hit, &m->locations[i]))
                f->verdicts[i] = FOCUSED;
        matches_release(&hit);
    }
    if (f->ignore) {
        hit = match_names(m, f->ignore);
        for (size_t i = 0; i < m->location_count; i++)
            if (location_hit(&hit, &m->locations[i])) {
                f->verdicts[i] = IGNORED;
                f->ignore_matched = true;
            }
        matches_release(&hit);
    }
    for (size_t i = 0; i < m->location_count; i++)
        f->focus_matched = f->focus_matched || f->verdicts[i] == FOCUSED;
}

static void hide_lines(struct pprof_model *m, struct by_name *f)
{
    struct matches hit = match_names(m, f->hide);
    for (size_t i = 0; i < m->location_count; i++) {
        struct profile_location *loc = &m->locations[i];
        if (!location_hit(&hit, loc))
            continue;
        f->hide_matched = true;
        if (mapping_hit(&hit, loc))
            loc->line_count = 0;
        else
            keep_lines(m, loc, &hit, false);
        f->hidden[i] = loc->line_count == 0;
        f->any_hidden |= f->hidden[i];
    }
    matches_release(&hit);
}

static void show_lines(struct pprof_model *m, struct by_name *f)
{
    struct matches hit = match_names(m, f->show);
    for (size_t i = 0; i < m->location_count; i++) {
        struct profile_location *loc = &m->locations[i];
        if (!mapping_hit(&hit, loc))
            keep_lines(m, loc, &hit, true);
        if (loc->line_count)
            f->show_matched = true;
        else
            f->hidden[i] = f->any_hidden = true;
    }
    matches_release(&hit);
}

static bool wanted(const struct by_name *f, const struct profile_sample *s)
{
    bool focused = false;
    for (uint32_t d = 0; d < s->depth; d++) {
        enum verdict v = f->verdicts[s->locations[d]];
        if (v == IGNORED)
            return false;
        focused = focused || v == FOCUSED;
    }
    return focused;
}

/* False when nothing of the stack is left. */
static bool drop_hidden(struct pprof_model *m, const struct by_name *f, struct profile_sample *s)
{
    uint32_t *stack = arena_array(&m->arena, s->depth, sizeof *stack);
    uint32_t depth = 0;
    for (uint32_t d = 0; d < s->depth; d++)
        if (!f->hidden[s->locations[d]])
            stack[depth++] = s->locations[d];
    s->locations = stack;
    s->depth = depth;
    return depth > 0;
}

static void filter_by_name(struct pprof_model *m, struct by_name *f,
                           const struct pprof_notes *notes)
{
    f->verdicts = mem_realloc(NULL, m->location_count + 1, sizeof *f->verdicts);
    f->hidden = calloc(m->location_count + 1, sizeof *f->hidden);
    if (!f->hidden)
        abort();
    judge(m, f);
    if (f->hide)
        hide_lines(m, f);
    if (f->show)
        show_lines(m, f);
    size_t kept = 0;
    for (size_t i = 0; i < m->sample_count; i++) {
        struct profile_sample s = m->samples[i];
        if (wanted(f, &s) && (!f->any_hidden || drop_hidden(m, f, &s)))
            m->samples[kept++] = s;
    }
    m->sample_count = kept;
    if (f->focus && !f->focus_matched)
        pprof_note(notes, "Focus expression matched no samples");
    if (f->ignore && !f->ignore_matched)
        pprof_note(notes, "Ignore expression matched no samples");
    if (f->hide && !f->hide_matched)
        pprof_note(notes, "Hide expression matched no samples");
    if (f->show && !f->show_matched)
        pprof_note(notes, "Show expression matched no samples");
    free(f->verdicts);
    free(f->hidden);
}

/* ---- show_from ---- */

static void show_from(struct pprof_model *m, const struct pprof_rx *rx,
                      const struct pprof_notes *notes)
{
    struct matches hit = match_names(m, rx);
    bool *from = calloc(m->location_count + 1, sizeof *from), any = false;
    if (!from)
        abort();
    for (size_t i = 0; i < m->location_count; i++) {
        struct profile_location *loc = &m->locations[i];
        if (mapping_hit(&hit, loc))
            from[i] = true;
        for (uint32_t k = loc->line_count; !from[i] && k > 0; k--)
            if (line_hit(&hit, &loc->lines[k - 1])) {
                loc->line_count = k;
                from[i] = true;
            }
        any = any || from[i];
    }
    size_t kept = 0;
    for (size_t i = 0; i < m->sample_count; i++) {
        struct profile_sample s = m->samples[i];
        while (s.depth && !from[s.locations[s.depth - 1]])
            s.depth--;
        if (s.depth)
            m->samples[kept++] = s;
    }
    m->sample_count = kept;
    free(from);
    matches_release(&hit);
    if (!any)
        pprof_note(notes, "ShowFrom expression matched no samples");
}

/* ---- pruning ---- */

/* The name without its arguments: up to the first "(" that is no part of a name. */
static const char *simple_name(const char *name, struct strbuf *sb)
{
    static const char *const names[] = {"(anonymous namespace)", "operator()"};
    name += name[0] == '.'; /* PowerPC's first ABI */
    const char *end = name;
    while (*end) {
        if (!strncmp(end, names[0], strlen(names[0])))
            end += strlen(names[0]);
        else if (!strncmp(end, names[1], strlen(names[1])))
            end += strlen(names[1]);
        else if (*end == '(')
            break;
        else
            end++;
    }
    strbuf_clear(sb);
    strbuf_append(sb, name, (size_t)(end - name));
    return strbuf_str(sb);
}

/* Of each function: does its simple name match `drop` and not `keep`? */
static bool *functions_to_prune(const struct pprof_model *m, const struct pprof_rx *drop,
                                const struct pprof_rx *keep)
{
    bool *prune = mem_realloc(NULL, m->function_count + 1, sizeof *prune);
    struct strbuf sb = {0};
    for (size_t i = 0; i < m->function_count; i++) {
        const char *name = m->functions[i].name;
        prune[i] = false;
        if (!name[0])
            continue;
        name = simple_name(name, &sb);
        prune[i] = pprof_rx_match(drop, name) && !(keep && pprof_rx_match(keep, name));
    }
    strbuf_release(&sb);
    return prune;
}

static bool to_prune(const bool *prune, const struct profile_line *line)
{
    return line->function != PROFILE_NONE && prune[line->function];
}

enum cut {
    CUT_NOT,
    CUT_BENEATH, /* the location stays, shortened */
    CUT_ALL
};

static void cut_stack(struct profile_sample *s, const uint8_t *cuts)
{
    bool user_seen = false; /* nothing is cut before a frame of the program's own */
    for (uint32_t d = s->depth; d > 0; d--) {
        enum cut cut = cuts[s->locations[d - 1]];
        if (cut == CUT_NOT) {
            user_seen = true;
            continue;
        }
        if (!user_seen)
            continue;
        uint32_t gone = cut == CUT_ALL ? d : d - 1;
        s->locations += gone;
        s->depth -= gone;
        return;
    }
}

static void prune(struct pprof_model *m, const struct pprof_rx *drop, const struct pprof_rx *keep)
{
    bool *functions = functions_to_prune(m, drop, keep);
    uint8_t *cuts = mem_realloc(NULL, m->location_count + 1, sizeof *cuts);
    for (size_t i = 0; i < m->location_count; i++) {
        struct profile_location *loc = &m->locations[i];
        uint32_t n = loc->line_count;
        while (n > 0 && !to_prune(functions, &loc->lines[n - 1]))
            n--;
        cuts[i] = n == 0 ? CUT_NOT : n == loc->line_count ? CUT_ALL : CUT_BENEATH;
        if (cuts[i] == CUT_BENEATH) {
            loc->lines += n;
            loc->line_count -= n;
        }
    }
    for (size_t i = 0; i < m->sample_count; i++)
        cut_stack(&m->samples[i], cuts);
    free(cuts);
    free(functions);
}

static struct pprof_rx *whole_name(const char *pattern, struct err *err)
{
    struct strbuf sb = {0};
    strbuf_printf(&sb, "^(%s)$", pattern);
    struct pprof_rx *rx = pprof_rx_new(sb.p, err);
    strbuf_release(&sb);
    return rx;
}

bool pprof_prune(struct pprof_model *m, struct err *err)
{
    if (!m->drop_frames[0])
        return true;
    struct pprof_rx *drop = whole_name(m->drop_frames, err), *keep = NULL;
    if (!drop)
        return err_wrap(err, "drop_frames of the profile");
    if (m->keep_frames[0] && !(keep = whole_name(m->keep_frames, err))) {
        pprof_rx_release(drop);
        return err_wrap(err, "keep_frames of the profile");
    }
    prune(m, drop, keep);
    pprof_rx_release(drop);
    pprof_rx_release(keep);
    return true;
}

static void prune_from(struct pprof_model *m, const struct pprof_rx *rx)
{
    bool *functions = functions_to_prune(m, rx, NULL);
    bool *from = calloc(m->location_count + 1, sizeof *from);
    if (!from)
        abort();
    for (size_t i = 0; i < m->location_count; i++) {
        struct profile_location *loc = &m->locations[i];
        for (uint32_t k = 0; k < loc->line_count && !from[i]; k++)
            if (to_prune(functions, &loc->lines[k])) {
                loc->lines += k;
                loc->line_count -= k;
                from[i] = true;
            }
    }
    for (size_t i = 0; i < m->sample_count; i++) {
        struct profile_sample *s = &m->samples[i];
        for (uint32_t d = 0; d < s->depth; d++)
            if (from[s->locations[d]]) {
                s->locations += d;
                s->depth -= d;
                break;
            }
    }
    free(from);
    free(functions);
}

/* ---- all of it, in pprof's order ---- */

struct compiled {
    const char *name;
    const char *text;
    struct pprof_rx *rx;
};

static bool compile(struct compiled *c, struct err *err)
{
    if (!c->text || !c->text[0])
        return true;
    c->rx = pprof_rx_new(c->text, err);
    return c->rx || err_wrap(err, "parsing %s regexp", c->name);
}

bool pprof_filter(struct pprof_model *m, const struct pprof_filters *f,
                  const struct pprof_label_units *units, const struct pprof_notes *notes,
                  struct err *err)
{
    enum {
        FOCUS,
        IGNORE,
        HIDE,
        SHOW,
        SHOW_FROM,
        PRUNE_FROM,
        TAG_SHOW,
        TAG_HIDE,
        COUNT
    };
    struct compiled c[COUNT] = {
        {"focus", f->focus, NULL},         {"ignore", f->ignore, NULL},
        {"hide", f->hide, NULL},           {"show", f->show, NULL},
        {"show_from", f->show_from, NULL}, {"prune_from", f->prune_from, NULL},
        {"tagshow", f->tagshow, NULL},     {"taghide", f->taghide, NULL}};
    bool ok = true;
    for (int i = 0; ok && i < COUNT; i++)
        ok = compile(&c[i], err);
    if (ok && (c[FOCUS].rx || c[IGNORE].rx || c[HIDE].rx || c[SHOW].rx)) {
        struct by_name names = {
            .focus = c[FOCUS].rx, .ignore = c[IGNORE].rx, .hide = c[HIDE].rx, .show = c[SHOW].rx};
        filter_by_name(m, &names, notes);
    }
    if (ok && c[SHOW_FROM].rx)
        show_from(m, c[SHOW_FROM].rx, notes);
    ok = ok && pprof_filter_tags(m, f->tagfocus, f->tagignore, units, notes, err);
    if (ok)
        pprof_filter_labels(m, c[TAG_SHOW].rx, c[TAG_HIDE].rx, notes);
    if (ok && c[PRUNE_FROM].rx)
        prune_from(m, c[PRUNE_FROM].rx);
    for (int i = 0; i < COUNT; i++)
        pprof_rx_release(c[i].rx);
    return ok;
}
