#include "pprof/annotate.h"

#include "symbols/object.h"

#include <stdlib.h>
#include <string.h>

enum {
    REACH = 500,       /* bytes of code to show around an address with samples */
    MOST_RANGES = 25,  /* of code */
    NEAR = 32,         /* bytes that an instruction may borrow a line over */
    MERGE_LINES = 20,  /* between parts of one function */
    CONTEXT_LINES = 5, /* around them */
    MOST_LINES = 1 << 28
};

/* An address of the profile. */
struct spot {
    uint64_t address;
    int64_t flat, cum;
    uint32_t location;
    bool wanted; /* one of its functions matches */
};

struct inst {
    uint64_t address, vaddr;
    uint32_t length, line;
    const char *text, *file;
    int64_t flat, cum;
};

/* An instruction at a line that is shown; several where calls were inlined. */
struct mark {
    const char *function, *file;
    int64_t line;
    uint32_t inst, seq;
    const struct pprof_call *calls;
    uint32_t call_count;
};

struct range {
    uint64_t begin, end;
    struct object *object;
    int64_t score;
    uint32_t seq;
};

struct work {
    struct pprof_annotated *to;
    struct pprof_report *r;
    struct spot *spots; /* sorted by address once complete */
    size_t spot_count;
    uint32_t *spot_of;    /* of each location, before they are sorted */
    struct intern wanted; /* names of functions that match: the first wanted_count */
    uint32_t wanted_count;
    struct map64 pretty; /* system name's number in `systems` to readable name */
    struct intern systems;
    struct object **objects; /* of each mapping */
    bool *tried;
    struct inst *insts;
    size_t inst_count, inst_cap;
    struct mark *marks;
    size_t mark_count, mark_cap;
};

/* ---- what the samples say ---- */

static struct spot *spot_at(const struct work *w, uint32_t location)
{
    return &w->spots[w->spot_of[location]];
}

/* Locations of one address share a spot. */
static void make_spots(struct work *w)
{
    const struct pprof_model *m = w->r->model;
    struct map64 rows = {0};
    w->spots = mem_realloc(NULL, m->location_count + 1, sizeof *w->spots);
    w->spot_of = arena_array(&w->to->arena, m->location_count + 1, sizeof *w->spot_of);
    for (uint32_t i = 0; i < m->location_count; i++) {
        bool added;
        uint64_t *row = map64_put(&rows, m->locations[i].address, &added);
        if (added) {
            *row = w->spot_count;
            w->spots[w->spot_count++] =
                (struct spot){.address = m->locations[i].address, .location = i};
        }
        w->spot_of[i] = (uint32_t)*row;
    }
    map64_release(&rows);
}

static void want(struct work *w, struct spot *s, const struct profile_line *line)
{
    if (line->function == PROFILE_NONE)
        return;
    const struct profile_function *f = &w->r->model->functions[line->function];
    intern_str(&w->wanted, f->name);
    intern_str(&w->wanted, f->system_name);
    s->wanted = true;
}

static bool is_wanted(struct work *w, const char *name)
{
    return name[0] && intern_str(&w->wanted, name) < w->wanted_count;
}

static bool line_matches(const struct work *w, const struct profile_line *line)
{
    if (line->function == PROFILE_NONE)
        return false;
    const struct profile_function *f = &w->r->model->functions[line->function];
    return pprof_rx_match(w->r->symbol, f->name) || pprof_rx_match(w->r->symbol, f->system_name) ||
           pprof_rx_match(w->r->symbol, f->filename);
}

static void match_location(struct work *w, const uint8_t *matches, uint32_t location)
{
    const struct profile_location *loc = &w->r->model->locations[location];
    struct spot *s = spot_at(w, location);
    if (!matches) {
        if (loc->line_count)
            want(w, s, &loc->lines[loc->line_count - 1]);
        return;
    }
    for (uint32_t i = 0; i < loc->line_count; i++)
        if (matches[location] == 2 ? i == 0 : line_matches(w, &loc->lines[i]))
            want(w, s, &loc->lines[i]);
}

/* Of each location: 0 no match, 1 a line's, 2 the address or the binary only. NULL: all. */
static uint8_t *match_locations(struct work *w)
{
    const struct pprof_model *m = w->r->model;
    if (!w->r->symbol)
        return NULL;
    uint8_t *matches = arena_array(&w->to->arena, m->location_count + 1, sizeof *matches);
    const char *pattern = pprof_rx_pattern(w->r->symbol);
    char *end;
    uint64_t address = strtoull(pattern, &end, 0);
    bool is_address = *pattern && !*end;
    for (size_t i = 0; i < m->location_count; i++) {
        const struct profile_location *loc = &m->locations[i];
        if (is_address && loc->address == address)
            matches[i] = 2;
        if (loc->mapping != PROFILE_NONE &&
            pprof_rx_match(w->r->symbol, m->mappings[loc->mapping].filename))
            matches[i] = 2;
        for (uint32_t l = 0; l < loc->line_count; l++)
            if (line_matches(w, &loc->lines[l]))
                matches[i] = 1;
    }
    return matches;
}

static int by_address(const void *x, const void *y)
{
    const struct spot *a = x, *b = y;
    return (a->address > b->address) - (a->address < b->address);
}

static void add_samples(struct work *w)
{
    const struct pprof_model *m = w->r->model;
    uint8_t *matches = match_locations(w);
    make_spots(w);
    bool *seen = arena_array(&w->to->arena, m->location_count + 1, sizeof *seen);
    for (size_t i = 0; i < m->sample_count; i++) {
        const struct profile_sample *s = &m->samples[i];
        int64_t v = s->values[w->r->value];
        if (w->r->config.mean)
            v = measure_div(v, s->values[0]);
        for (uint32_t d = 0; d < s->depth; d++) {
            uint32_t location = s->locations[d];
            struct spot *spot = spot_at(w, location);
            spot->cum = measure_add(spot->cum, v);
            if (d == 0)
                spot->flat = measure_add(spot->flat, v);
            if (!seen[location] && (!matches || matches[location]))
                match_location(w, matches, location);
            seen[location] = true;
        }
    }
    if (w->spot_count)
        qsort(w->spots, w->spot_count, sizeof *w->spots, by_address);
    w->wanted_count = w->wanted.count;
    for (size_t i = 0; i < m->function_count; i++) {
        uint32_t id = intern_str(&w->systems, m->functions[i].system_name);
        *map64_put(&w->pretty, id, NULL) = (uint64_t)(uintptr_t)m->functions[i].name;
    }
}

/* ---- the code around them ---- */

static struct object *object_of(struct work *w, uint32_t mapping)
{
    if (mapping == PROFILE_NONE)
        return NULL;
    if (!w->tried[mapping]) {
        struct err err;
        const struct profile_mapping *m = &w->r->model->mappings[mapping];
        const struct object_map map = {m->start, m->limit, m->file_off};
        w->tried[mapping] = true;
        struct object *o = m->filename[0] ? object_open(m->filename, &map, &err) : NULL;
        if (o && m->build_id[0] && object_build_id(o)[0] &&
            strcmp(object_build_id(o), m->build_id) != 0) {
            object_close(o); /* another program by now: its lines would be wrong */
            o = NULL;
        }
        w->objects[mapping] = o;
    }
    return w->objects[mapping];
}

static void add_mark(struct work *w, struct mark mark)
{
    mem_grow(&w->marks, &w->mark_cap, w->mark_count + 1, sizeof *w->marks);
    if (mark.line < 0 || mark.line > MOST_LINES)
        mark.line = 0; /* a damaged profile's */
    mark.seq = (uint32_t)w->mark_count;
    w->marks[w->mark_count++] = mark;
}

static uint32_t add_inst(struct work *w, struct inst inst)
{
    mem_grow(&w->insts, &w->inst_cap, w->inst_count + 1, sizeof *w->insts);
    w->insts[w->inst_count] = inst;
    return (uint32_t)w->inst_count++;
}

static const char *plain_file(struct work *w, const char *file)
{
    static const char *const own[] = {"/proc/self/cwd/", "./"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (!strncmp(file, own[i], strlen(own[i])))
            file += strlen(own[i]);
    return file[0] ? pprof_clean_path(&w->to->arena, file) : "";
}

/* The calls above a frame, outermost first. */
static const struct pprof_call *calls_below(struct work *w, const struct object_frame *frames,
                                            unsigned count)
{
    struct pprof_call *calls = arena_array(&w->to->arena, count, sizeof *calls);
    for (unsigned i = 0; i < count; i++) {
        calls[i].file = arena_strdup(&w->to->arena, frames[count - 1 - i].file);
        calls[i].line = frames[count - 1 - i].line;
    }
    return calls;
}

static bool frame_wanted(struct work *w, const char *function)
{
    struct arena *a = &w->to->arena;
    return is_wanted(w, function) ||
           is_wanted(w, object_readable_name(a, function, OBJECT_NAMES_SHORT)) ||
           is_wanted(w, object_readable_name(a, function, OBJECT_NAMES_FULL));
}

static void mark_frames(struct work *w, uint32_t inst, const struct object_frame *frames,
                        unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (frame_wanted(w, frames[i].function))
            add_mark(
                w, (struct mark){.function = arena_strdup(&w->to->arena, frames[i].function),
                                 .file = plain_file(w, arena_strdup(&w->to->arena, frames[i].file)),
                                 .line = frames[i].line,
                                 .inst = inst,
                                 .calls = i ? calls_below(w, frames, i) : NULL,
                                 .call_count = i});
}

/* Samples within the instruction: also those at its address + 1. */
static void take_samples(struct work *w, struct inst *inst)
{
    size_t lo = 0, hi = w->spot_count;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (w->spots[mid].address < inst->address)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < w->spot_count && w->spots[lo].address - inst->address < inst->length; lo++) {
        inst->flat = measure_add(inst->flat, w->spots[lo].flat);
        inst->cum = measure_add(inst->cum, w->spots[lo].cum);
    }
}

/* Instructions may come without a line: they are taken for the last one's, if near. */
static void add_range(struct work *w, const struct range *range)
{
    struct object_code code;
    struct err err;
    uint64_t begin, end;
    if (!object_vaddr(range->object, range->begin, &begin) ||
        !object_vaddr(range->object, range->end, &end) ||
        !object_disassemble(range->object, begin, end, w->r->config.intel_syntax, &code, &err))
        return;
    struct object_frame last[OBJECT_FRAMES];
    unsigned last_count = 0;
    uint64_t last_address = 0;
    for (size_t i = 0; i < code.count; i++) {
        struct object_frame frames[OBJECT_FRAMES];
        const struct object_inst *in = &code.insts[i];
        unsigned count = object_frames(range->object, in->vaddr, false, frames);
        struct inst inst = {.address = range->begin + (in->vaddr - begin),
                            .vaddr = in->vaddr,
                            .length = in->length ? in->length : 1,
                            .text = arena_strdup(&w->to->arena, in->text),
                            .file = count ? arena_strdup(&w->to->arena, frames[0].file) : "",
                            .line = count ? frames[0].line : 0};
        take_samples(w, &inst);
        uint32_t index = add_inst(w, inst);
        if (count && frames[0].line) {
            memcpy(last, frames, count * sizeof *last);
            last_count = count;
            last_address = inst.address;
        } else if (last_count && inst.address - last_address <= NEAR) {
            memcpy(frames, last, last_count * sizeof *frames);
            count = last_count;
        }
        mark_frames(w, index, frames, count);
    }
    arena_release(&code.arena);
}

static int by_score(const void *x, const void *y)
{
    const struct range *a = x, *b = y;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    return (a->seq > b->seq) - (a->seq < b->seq);
}

/* Without the program's file: the lines of the profile. */
static void mark_spot(struct work *w, const struct spot *s)
{
    const struct pprof_model *m = w->r->model;
    const struct profile_location *loc = &m->locations[s->location];
    struct inst inst = {.address = s->address,
                        .vaddr = s->address,
                        .length = 1,
                        .text = "",
                        .file = "",
                        .flat = s->flat,
                        .cum = s->cum};
    uint32_t index = PROFILE_NONE;
    for (uint32_t i = 0; i < loc->line_count; i++) {
        if (loc->lines[i].function == PROFILE_NONE)
            continue;
        const struct profile_function *f = &m->functions[loc->lines[i].function];
        if (!is_wanted(w, f->name))
            continue;
        if (index == PROFILE_NONE)
            index = add_inst(w, inst);
        add_mark(w, (struct mark){.function = f->name,
                                  .file = plain_file(w, f->filename),
                                  .line = loc->lines[i].line,
                                  .inst = index});
    }
}

/* Addresses close together share a range. */
static struct range next_range(struct work *w, size_t *at, uint32_t mapping)
{
    const struct profile_mapping *m = &w->r->model->mappings[mapping];
    uint64_t limit = m->limit ? m->limit : UINT64_MAX;
    const struct spot *s = w->spots;
    struct range r = {.begin = s[*at].address, .end = s[*at].address, .score = s[*at].flat};
    for (++*at; *at < w->spot_count; ++*at) {
        if (!s[*at].wanted)
            continue;
        if (s[*at].address > r.end + 2 * REACH || s[*at].address >= limit)
            break;
        r.end = s[*at].address;
        r.score = measure_add(r.score, s[*at].flat);
    }
    r.begin = r.begin - m->start >= REACH ? r.begin - REACH : m->start;
    r.end = limit - r.end >= REACH ? r.end + REACH : limit;
    return r;
}

static void add_code(struct work *w)
{
    struct range *ranges = NULL;
    size_t count = 0, cap = 0;
    for (size_t i = 0; i < w->spot_count;) {
        const struct profile_location *loc = &w->r->model->locations[w->spots[i].location];
        if (!w->spots[i].wanted) {
            i++;
            continue;
        }
        struct object *o = object_of(w, loc->mapping);
        if (!o) {
            mark_spot(w, &w->spots[i++]);
            continue;
        }
        mem_grow(&ranges, &cap, count + 1, sizeof *ranges);
        ranges[count] = next_range(w, &i, loc->mapping);
        ranges[count].object = o;
        ranges[count].seq = (uint32_t)count;
        count++;
    }
    if (count)
        qsort(ranges, count, sizeof *ranges, by_score);
    for (size_t i = 0; i < count && i < MOST_RANGES; i++)
        add_range(w, &ranges[i]);
    free(ranges);
}

/* ---- lines and functions ---- */

static int by_line(const void *x, const void *y)
{
    const struct mark *a = x, *b = y;
    int c = strcmp(a->file, b->file);
    if (c)
        return c;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return (a->seq > b->seq) - (a->seq < b->seq);
}

static const char *pretty_name(struct work *w, const char *function)
{
    uint32_t before = w->systems.count, id = intern_str(&w->systems, function);
    const uint64_t *name = id < before ? map64_get(&w->pretty, id) : NULL;
    if (name)
        return (const char *)(uintptr_t)*name;
    return object_readable_name(&w->to->arena, function, OBJECT_NAMES_SHORT);
}

/* A run of marked lines of a function. */
struct part {
    const char *name;
    int64_t begin, end; /* lines [begin, end) to show */
    int64_t flat, cum;
    size_t first, last; /* marks [first, last) */
};

static size_t split_parts(struct work *w, size_t first, size_t last, struct part *parts)
{
    size_t count = 0;
    for (size_t i = first, end; i < last; i = end) {
        struct part p = {.name = pretty_name(w, w->marks[i].function),
                         .begin = w->marks[i].line,
                         .end = w->marks[i].line + 1,
                         .first = i};
        for (end = i; end < last && w->marks[end].line == w->marks[i].line; end++) {
            p.flat = measure_add(p.flat, w->insts[w->marks[end].inst].flat);
            p.cum = measure_add(p.cum, w->insts[w->marks[end].inst].cum);
        }
        p.last = end;
        struct part *before = count ? &parts[count - 1] : NULL;
        if (before && p.begin - before->end < MERGE_LINES && !strcmp(before->name, p.name)) {
            before->end = p.end;
            before->last = end;
            before->flat = measure_add(before->flat, p.flat);
            before->cum = measure_add(before->cum, p.cum);
        } else {
            parts[count++] = p;
        }
    }
    return count;
}

/* Line 0 stands for an unknown one and has no neighbours. */
static void widen_parts(struct part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i == 0) {
            if (parts[0].begin > CONTEXT_LINES)
                parts[0].begin -= CONTEXT_LINES;
            else if (parts[0].begin > 1)
                parts[0].begin = 1;
            continue;
        }
        int64_t half = (parts[i].begin - parts[i - 1].end) / 2;
        half = half < CONTEXT_LINES ? half : CONTEXT_LINES;
        parts[i - 1].end += half;
        parts[i].begin -= half;
    }
    if (count)
        parts[count - 1].end += CONTEXT_LINES;
}

static void fill_insts(struct work *w, struct pprof_annotated_line *line, const struct mark *marks,
                       size_t count)
{
    struct pprof_annotated_inst *insts = arena_array(&w->to->arena, count, sizeof *insts);
    uint64_t after = 0;
    for (size_t i = 0; i < count; i++) {
        const struct inst *in = &w->insts[marks[i].inst];
        line->flat = measure_add(line->flat, in->flat);
        line->cum = measure_add(line->cum, in->cum);
        insts[i] = (struct pprof_annotated_inst){.vaddr = in->vaddr,
                                                 .text = in->text,
                                                 .file = in->file,
                                                 .line = in->line,
                                                 .flat = in->flat,
                                                 .cum = in->cum,
                                                 .starts_block = in->address != after,
                                                 .calls = marks[i].calls,
                                                 .call_count = marks[i].call_count};
        after = in->address + in->length;
    }
    line->insts = insts;
    line->inst_count = (uint32_t)count;
}

static void add_function(struct work *w, const struct part *part, const char *file)
{
    struct pprof_annotated *to = w->to;
    struct pprof_annotated_function f = {
        .name = part->name, .file = file, .flat = part->flat, .cum = part->cum};
    struct pprof_annotated_line *lines =
        arena_array(&to->arena, (size_t)(part->end - part->begin), sizeof *lines);
    size_t mark = part->first;
    for (int64_t no = part->begin; no < part->end; no++) {
        size_t first = mark;
        while (mark < part->last && w->marks[mark].line == no)
            mark++;
        const char *text = pprof_source_line(&to->sources, file, no);
        if (!text && mark == first)
            continue;
        struct pprof_annotated_line *line = &lines[f.line_count++];
        line->line = no;
        line->text = text ? text : no ? "???" : "<instructions with unknown line numbers>";
        if (mark > first)
            fill_insts(w, line, &w->marks[first], mark - first);
    }
    f.lines = lines;
    to->functions[to->count++] = f;
}

struct file_part {
    size_t first, last; /* marks */
    int64_t flat;
};

static int by_weight(const void *x, const void *y)
{
    const struct file_part *a = x, *b = y;
    if (a->flat != b->flat)
        return a->flat > b->flat ? -1 : 1;
    return (a->first > b->first) - (a->first < b->first);
}

static void add_file(struct work *w, const struct file_part *file, struct part *parts)
{
    size_t count = split_parts(w, file->first, file->last, parts);
    widen_parts(parts, count);
    for (size_t i = 0; i < count; i++)
        if (parts[i].cum)
            add_function(w, &parts[i], w->marks[file->first].file);
}

static void add_functions(struct work *w, size_t max_files)
{
    struct file_part *files = NULL;
    size_t count = 0, cap = 0;
    if (w->mark_count)
        qsort(w->marks, w->mark_count, sizeof *w->marks, by_line);
    for (size_t i = 0, end; i < w->mark_count; i = end) {
        mem_grow(&files, &cap, count + 1, sizeof *files);
        struct file_part f = {.first = i};
        for (end = i; end < w->mark_count && !strcmp(w->marks[end].file, w->marks[i].file); end++)
            f.flat = measure_add(f.flat, w->insts[w->marks[end].inst].flat);
        f.last = end;
        files[count++] = f;
    }
    if (max_files && count)
        qsort(files, count, sizeof *files, by_weight);
    struct part *parts = mem_realloc(NULL, w->mark_count + 1, sizeof *parts);
    w->to->functions = arena_array(&w->to->arena, w->mark_count + 1, sizeof *w->to->functions);
    for (size_t i = 0; i < count && (!max_files || i < max_files); i++)
        add_file(w, &files[i], parts);
    free(parts);
    free(files);
}

void pprof_annotate(struct pprof_annotated *a, struct pprof_report *r, size_t max_files)
{
    *a = (struct pprof_annotated){0};
    struct work w = {.to = a, .r = r};
    pprof_sources_init(&a->sources, r->config.source_path, r->config.trim_path);
    w.objects = arena_array(&a->arena, r->model->mapping_count + 1, sizeof(struct object *));
    w.tried = arena_array(&a->arena, r->model->mapping_count + 1, sizeof *w.tried);
    add_samples(&w);
    add_code(&w);
    add_functions(&w, max_files);
    for (size_t i = 0; i < r->model->mapping_count; i++)
        object_close(w.objects[i]);
    free(w.spots);
    free(w.insts);
    free(w.marks);
    map64_release(&w.pretty);
    intern_release(&w.wanted);
    intern_release(&w.systems);
}

void pprof_annotated_release(struct pprof_annotated *a)
{
    pprof_sources_release(&a->sources);
    arena_release(&a->arena);
}

int pprof_indentation(const char *line)
{
    int column = 0;
    for (; *line == ' ' || *line == '\t'; line++)
        column = *line == '\t' ? (column / 8 + 1) * 8 : column + 1;
    return column;
}
