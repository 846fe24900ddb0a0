#include "symbols/dwarf_file.h"

#include "base/map.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

enum {
    NO_SCOPE = UINT32_MAX,
    MOST_DEPTH = 512
};

/* A function, or a call inlined into one. */
struct scope {
    Dwarf_Die die;
    uint32_t parent; /* the scope around it, NO_SCOPE for a function */
    bool inlined;
    bool named;
    const char *name; /* when named; may be NULL */
};

struct dwarf_range {
    uint64_t begin, end;
    uint32_t owner; /* a unit's or scope's index */
};

struct ranges {
    struct dwarf_range *list;
    size_t count, cap;
};

struct dwarf_unit {
    Dwarf_Die die;
    bool walked;
    struct scope *scopes;
    size_t scope_count, scope_cap;
    struct map64 prefixes; /* DIE of a function without linkage name -> "space::" */
    struct ranges flat;    /* disjoint, sorted: the innermost scope of each address */
};

static void add_range(struct ranges *to, uint64_t begin, uint64_t end, uint32_t owner)
{
    if (end <= begin)
        return;
    mem_grow(&to->list, &to->cap, to->count + 1, sizeof *to->list);
    to->list[to->count++] = (struct dwarf_range){begin, end, owner};
}

/* Adds a DIE's address ranges; false where it has none. */
static bool add_die_ranges(struct ranges *to, Dwarf_Die *die, uint32_t owner)
{
    Dwarf_Addr base, begin, end;
    ptrdiff_t off = 0;
    size_t before = to->count;
    while ((off = dwarf_ranges(die, off, &base, &begin, &end)) > 0)
        if (begin) /* a discarded section's functions stand at 0 */
            add_range(to, begin, end, owner);
    return to->count > before;
}

/* By begin; of two that begin together the longer, then the outer one first. */
static int compare_ranges(const void *a, const void *b)
{
    const struct dwarf_range *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end)
        return x->end > y->end ? -1 : 1;
    return (x->owner > y->owner) - (x->owner < y->owner);
}

static void sort_ranges(struct ranges *r)
{
    if (r->count)
        qsort(r->list, r->count, sizeof *r->list, compare_ranges);
}

static const struct dwarf_range *range_at(const struct dwarf_range *list, size_t count,
                                          uint64_t addr)
{
    size_t lo = 0, hi = count;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (list[mid].begin <= addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo && addr < list[lo - 1].end ? &list[lo - 1] : NULL;
}

/* Nested ranges to disjoint ones, each with its innermost owner. */
static struct ranges flatten(struct ranges *nested)
{
    struct ranges flat = {0};
    struct dwarf_range stack[MOST_DEPTH];
    size_t depth = 0;
    uint64_t at = 0;
    sort_ranges(nested);
    for (size_t i = 0; i <= nested->count; i++) {
        uint64_t next = i < nested->count ? nested->list[i].begin : UINT64_MAX;
        while (depth && stack[depth - 1].end <= next) {
            struct dwarf_range *top = &stack[--depth];
            add_range(&flat, at, top->end, top->owner);
            at = top->end > at ? top->end : at;
        }
        if (i == nested->count)
            break;
        if (depth)
            add_range(&flat, at, next, stack[depth - 1].owner);
        at = next;
        if (depth < MOST_DEPTH) {
            stack[depth] = nested->list[i];
            if (depth && stack[depth].end > stack[depth - 1].end)
                stack[depth].end = stack[depth - 1].end;
            depth++;
        }
    }
    return flat;
}

/* -- the units */

void dwarf_file_open(struct dwarf_file *f, Dwarf *dwarf, uint64_t bias)
{
    *f = (struct dwarf_file){.dwarf = dwarf, .bias = bias};
    struct ranges ranges = {0};
    Dwarf_CU *cu = NULL;
    Dwarf_Die die;
    uint8_t type;
    while (dwarf && dwarf_get_units(dwarf, cu, &cu, NULL, &type, &die, NULL) == 0) {
        uint32_t index = (uint32_t)f->unit_count;
        if (!add_die_ranges(&ranges, &die, index))
            continue;
        mem_grow(&f->units, &f->unit_cap, f->unit_count + 1, sizeof *f->units);
        f->units[f->unit_count++] = (struct dwarf_unit){.die = die};
    }
    sort_ranges(&ranges);
    f->ranges = ranges.list;
    f->range_count = ranges.count;
}

void dwarf_file_close(struct dwarf_file *f)
{
    for (size_t i = 0; i < f->unit_count; i++) {
        free(f->units[i].scopes);
        free(f->units[i].flat.list);
        map64_release(&f->units[i].prefixes);
    }
    free(f->units);
    free(f->ranges);
    arena_release(&f->arena);
    *f = (struct dwarf_file){0};
}

/* -- the tree of one unit */

struct walk {
    struct arena *arena;
    struct dwarf_unit *unit;
    struct ranges nested;
};

static bool may_hold_code(int tag)
{
    switch (tag) {
    case DW_TAG_subprogram:
    case DW_TAG_inlined_subroutine:
    case DW_TAG_lexical_block:
    case DW_TAG_try_block:
    case DW_TAG_catch_block:
    case DW_TAG_namespace:
    case DW_TAG_module:
    case DW_TAG_class_type:
    case DW_TAG_structure_type:
        return true;
    default:
        return false;
    }
}

/* Makes a scope of a function or inlined call; returns the scope its children
 * are in, or `parent` for other kinds. */
static uint32_t enter_scope(struct walk *w, Dwarf_Die *die, int tag, uint32_t parent)
{
    if (tag != DW_TAG_subprogram && tag != DW_TAG_inlined_subroutine)
        return parent;
    struct dwarf_unit *u = w->unit;
    uint32_t index = (uint32_t)u->scope_count;
    if (!add_die_ranges(&w->nested, die, index))
        return parent;
    mem_grow(&u->scopes, &u->scope_cap, u->scope_count + 1, sizeof *u->scopes);
    bool inlined = tag == DW_TAG_inlined_subroutine;
    u->scopes[u->scope_count++] =
        (struct scope){.die = *die, .parent = inlined ? parent : NO_SCOPE, .inlined = inlined};
    return index;
}

/* "outer::" and a namespace's or class's DIE to "outer::inner::". */
static const char *inner_prefix(struct walk *w, Dwarf_Die *die, int tag, const char *prefix)
{
    if (tag != DW_TAG_namespace && tag != DW_TAG_class_type && tag != DW_TAG_structure_type)
        return prefix;
    const char *name = dwarf_diename(die);
    if (!name && tag != DW_TAG_namespace)
        return prefix;
    return arena_printf(w->arena, "%s%s::", prefix, name ? name : "(anonymous namespace)");
}

/* A function that only its unit sees has no linkage name to tell its namespace. */
static void note_prefix(struct walk *w, Dwarf_Die *die, int tag, const char *prefix)
{
    if (tag == DW_TAG_subprogram && *prefix && !dwarf_hasattr(die, DW_AT_linkage_name))
        *map64_put(&w->unit->prefixes, dwarf_dieoffset(die), NULL) = (uint64_t)(uintptr_t)prefix;
}

static void walk_children(struct walk *w, Dwarf_Die *parent_die, uint32_t parent,
                          const char *prefix, int depth)
{
    Dwarf_Die die;
    if (depth > MOST_DEPTH || dwarf_child(parent_die, &die) != 0)
        return;
    do {
        int tag = dwarf_tag(&die);
        if (!may_hold_code(tag))
            continue;
        note_prefix(w, &die, tag, prefix);
        size_t scopes = w->unit->scope_count;
        uint32_t inner = enter_scope(w, &die, tag, parent);
        /* A function without addresses is a declaration or an abstract one. */
        if (tag != DW_TAG_subprogram || w->unit->scope_count > scopes)
            walk_children(w, &die, inner, inner_prefix(w, &die, tag, prefix), depth + 1);
    } while (dwarf_siblingof(&die, &die) == 0);
}

static void walk_unit(struct dwarf_file *f, struct dwarf_unit *u)
{
    if (u->walked)
        return;
    u->walked = true;
    struct walk w = {.arena = &f->arena, .unit = u};
    walk_children(&w, &u->die, NO_SCOPE, "", 0);
    u->flat = flatten(&w.nested);
    free(w.nested.list);
}

/* -- look-ups */

static struct dwarf_unit *unit_at(struct dwarf_file *f, uint64_t addr)
{
    const struct dwarf_range *range = range_at(f->ranges, f->range_count, addr);
    return range ? &f->units[range->owner] : NULL;
}

/* The prefix noted for the function, or for the abstract one or declaration it
 * goes back to. */
static const char *prefix_of(const struct dwarf_unit *u, Dwarf_Die die)
{
    Dwarf_Attribute attr;
    for (int i = 0; i < 4; i++) {
        uint64_t *prefix = map64_get(&u->prefixes, dwarf_dieoffset(&die));
        if (prefix)
            return (const char *)(uintptr_t)*prefix;
        if (!dwarf_attr(&die, DW_AT_abstract_origin, &attr) &&
            !dwarf_attr(&die, DW_AT_specification, &attr))
            return "";
        if (!dwarf_formref_die(&attr, &die))
            return "";
    }
    return "";
}

static const char *scope_name(struct dwarf_file *f, struct dwarf_unit *u, struct scope *scope)
{
    Dwarf_Attribute attr;
    if (scope->named)
        return scope->name;
    scope->named = true;
    if (dwarf_attr_integrate(&scope->die, DW_AT_linkage_name, &attr) ||
        dwarf_attr_integrate(&scope->die, DW_AT_MIPS_linkage_name, &attr)) {
        scope->name = dwarf_formstring(&attr);
    } else if (dwarf_attr_integrate(&scope->die, DW_AT_name, &attr)) {
        const char *name = dwarf_formstring(&attr), *prefix = prefix_of(u, scope->die);
        scope->name = name && *prefix ? arena_printf(&f->arena, "%s%s", prefix, name) : name;
    }
    return scope->name;
}

static uint32_t die_number(Dwarf_Die *die, unsigned name)
{
    Dwarf_Attribute attr;
    Dwarf_Word value;
    if (!dwarf_attr(die, name, &attr) || dwarf_formudata(&attr, &value) != 0)
        return 0;
    return (uint32_t)value;
}

/* Where an inlined call stands in its caller. */
static void set_call_site(struct dwarf_frame *caller, Dwarf_Die *unit, Dwarf_Die *call)
{
    Dwarf_Files *files;
    size_t count;
    uint32_t file = die_number(call, DW_AT_call_file);
    caller->line = die_number(call, DW_AT_call_line);
    caller->file = NULL;
    if (dwarf_getsrcfiles(unit, &files, &count) == 0 && file < count)
        caller->file = dwarf_filesrc(files, file, NULL, NULL);
}

static void set_line(struct dwarf_frame *frame, Dwarf_Die *unit, uint64_t addr)
{
    Dwarf_Line *line = dwarf_getsrc_die(unit, addr);
    int number = 0;
    if (!line)
        return;
    frame->file = dwarf_linesrc(line, NULL, NULL);
    if (dwarf_lineno(line, &number) == 0)
        frame->line = (uint32_t)number;
}

static uint64_t entry_of(Dwarf_Die *die)
{
    Dwarf_Addr entry;
    return dwarf_entrypc(die, &entry) == 0 ? entry : 0;
}

/* GCC splits a function's rare part off and may inline the rest into what is
 * left, as if the function called itself from its own first line: no call. */
static bool is_split(struct dwarf_file *f, struct dwarf_unit *u, struct scope *inner)
{
    struct scope *outer = &u->scopes[inner->parent];
    const char *name = scope_name(f, u, inner), *outer_name = scope_name(f, u, outer);
    int line;
    return name && outer_name && !strcmp(name, outer_name) &&
           dwarf_decl_line(&outer->die, &line) == 0 &&
           die_number(&inner->die, DW_AT_call_line) == (uint32_t)line;
}

unsigned dwarf_frames(struct dwarf_file *f, uint64_t vaddr,
                      struct dwarf_frame frames[DWARF_MAX_FRAMES])
{
    uint64_t addr = vaddr - f->bias;
    struct dwarf_unit *u = unit_at(f, addr);
    if (!u)
        return 0;
    walk_unit(f, u);
    frames[0] = (struct dwarf_frame){0};
    set_line(&frames[0], &u->die, addr);
    const struct dwarf_range *at = range_at(u->flat.list, u->flat.count, addr);
    unsigned n = 1;
    for (uint32_t s = at ? at->owner : NO_SCOPE; s != NO_SCOPE; s = u->scopes[s].parent) {
        struct scope *scope = &u->scopes[s];
        struct dwarf_frame *frame = &frames[n - 1];
        frame->name = scope_name(f, u, scope);
        frame->inlined = scope->inlined;
        if (!scope->inlined)
            frame->entry = entry_of(&scope->die) + f->bias;
        if (scope->parent == NO_SCOPE || n == DWARF_MAX_FRAMES)
            break;
        if (is_split(f, u, scope))
            continue;
        frames[n] = (struct dwarf_frame){0};
        set_call_site(&frames[n++], &u->die, &scope->die);
    }
    return n;
}
