/* From .eh_frame to a table: runs every FDE's program once, in order of address,
 * and keeps the rows in which the rule for rsp, rbp or the return address changes.
 * Everything read is checked against the mapping's end. */
#include <dwarf.h>
#include <string.h>

#include "unwind_sys.h"
#include "unwind_table.h"

enum {
    DW_RBP = 6,
    DW_RSP = 7,
    DW_RA = 16,
    REMEMBER_CAP = 8,
    BUCKET_SHIFT = 8,
};

struct cursor {
    const uint8_t *p, *end;
    uint64_t bad; /* set once something ran past the end */
};

/* The rules in force at one instruction. */
struct state {
    struct unwind_value cfa, rbp, ra;
};

struct cie {
    const uint8_t *at; /* NULL: none parsed yet */
    struct state initial;
    uint64_t code_align;
    int64_t data_align;
    uint64_t ra_reg;
    uint8_t fde_enc;
    bool has_aug, is_signal, ok;
};

/* A table while it grows. Rows are written where they may number as many as .eh_frame
 * has bytes; only touched pages cost anything. */
struct build {
    const struct unwind_source *src;
    struct cie cie;
    uint64_t text;    /* of the first FDE */
    uint64_t covered; /* end of the last FDE */
    uint32_t *row_off;
    uint16_t *row_rule;
    size_t cap, rows;
    size_t budget; /* bytes of FDEs still to be read: damaged ones might overlap without end */
    uint32_t last_packed;
    uint16_t last_id;
};

static uint64_t get(struct cursor *c, unsigned bytes)
{
    uint64_t v = 0;
    if ((size_t)(c->end - c->p) < bytes) {
        c->bad = 1;
        c->p = c->end;
        return 0;
    }
    memcpy(&v, c->p, bytes);
    c->p += bytes;
    return v;
}

static uint64_t get_uleb(struct cursor *c)
{
    uint64_t v = 0;
    for (unsigned shift = 0; c->p < c->end && shift < 64; shift += 7) {
        uint8_t byte = *c->p++;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return v;
    }
    c->bad = 1;
    return 0;
}

static int64_t get_sleb(struct cursor *c)
{
    const uint8_t *from = c->p;
    uint64_t v = get_uleb(c);
    unsigned bits = 7 * (unsigned)(c->p - from);
    if (c->p > from && (c->p[-1] & 0x40) && bits < 64)
        v |= ~UINT64_C(0) << bits;
    return (int64_t)v;
}

static uint64_t sign_extend(uint64_t v, unsigned bytes)
{
    unsigned shift = 64 - 8 * bytes;
    return (uint64_t)((int64_t)(v << shift) >> shift);
}

/* A pointer in one of the DW_EH_PE encodings; `datarel` is the .eh_frame_hdr. */
static uint64_t get_encoded(struct cursor *c, uint8_t enc, uintptr_t datarel)
{
    static const uint8_t widths[16] = {8, 0, 2, 4, 8, 0, 0, 0, 8, 0, 2, 4, 8, 0, 0, 0};
    uintptr_t here = (uintptr_t)c->p;
    unsigned width = widths[enc & 15];
    if (enc == DW_EH_PE_omit || !width || (enc & DW_EH_PE_indirect)) {
        c->bad = 1;
        return 0;
    }
    uint64_t v = get(c, width);
    if (enc & DW_EH_PE_signed)
        v = sign_extend(v, width);
    switch (enc & 0x70) {
    case DW_EH_PE_pcrel:
        return v + here;
    case DW_EH_PE_datarel:
        return v + datarel;
    case DW_EH_PE_absptr:
        return v;
    default:
        c->bad = 1;
        return 0;
    }
}

static struct cursor block(struct cursor *c, uint64_t bytes)
{
    struct cursor sub = {.p = c->p, .end = c->p};
    if ((uint64_t)(c->end - c->p) < bytes)
        c->bad = 1;
    else
        sub.end = c->p += bytes;
    return sub;
}

/* The record at `at`: its content after the length field; empty for the terminator. */
static struct cursor record_at(const struct unwind_source *src, const uint8_t *at)
{
    struct cursor c = {.p = at, .end = src->end};
    if (at < src->begin || at >= src->end) { /* FDE addresses come from the header's table */
        c.p = c.end;
        c.bad = 1;
        return c;
    }
    uint64_t len = get(&c, 4);
    if (len == 0xffffffff)
        len = get(&c, 8);
    return block(&c, len);
}

/* --- packing a state into a rule --- */

static uint32_t pack_wide(const struct state *s)
{
    struct unwind_wide w = {.cfa = s->cfa, .rbp = s->rbp, .ra = s->ra};
    return unwind_wide_intern(&w);
}

static uint32_t pack(const struct state *s, bool is_signal)
{
    static const uint8_t kernel_frame[] = {DW_OP_breg7, 0xa0, 0x01, DW_OP_deref};
    if (s->ra.how == UNWIND_UNDEFINED)
        return UNWIND_END;
    if (s->cfa.how == UNWIND_IS_EXPR) {
        bool kernel = is_signal && s->cfa.expr_len == sizeof kernel_frame &&
                      !memcmp(s->cfa.expr, kernel_frame, sizeof kernel_frame);
        return kernel ? UNWIND_SIGNAL : pack_wide(s);
    }
    bool by_rsp = s->cfa.off == DW_RSP;
    int64_t cfa = s->cfa.add;
    int64_t rbp = s->rbp.how == UNWIND_AT_CFA ? -s->rbp.off : 0;
    if (s->cfa.how != UNWIND_REGISTER || !(by_rsp || s->cfa.off == DW_RBP) || cfa % 8 || cfa <= 0 ||
        cfa / 8 > UNWIND_CFA_MAX || s->ra.how != UNWIND_AT_CFA || s->ra.off != -8 || rbp % 8 ||
        rbp < 0 || rbp / 8 > UNWIND_RBP_MAX ||
        (s->rbp.how != UNWIND_SAME && (s->rbp.how != UNWIND_AT_CFA || !rbp)))
        return pack_wide(s);
    return (by_rsp ? UNWIND_RSP : UNWIND_RBP) | (uint32_t)(cfa / 8) << UNWIND_CFA_SHIFT |
           (uint32_t)(rbp / 8) << UNWIND_RBP_SHIFT;
}

/* From `pc` (absolute) on, `packed` holds. A row at the place of the last one replaces it. */
static void add_row(struct build *b, uint64_t pc, uint32_t packed)
{
    uint64_t off = pc - b->src->bias - b->text;
    if (off > UINT32_MAX - 1 || b->rows == b->cap)
        return;
    if (packed != b->last_packed || !b->rows) {
        b->last_packed = packed;
        b->last_id = unwind_rule_intern(packed);
    }
    if (b->rows && b->row_off[b->rows - 1] == off)
        b->rows--;
    if (b->rows && b->row_rule[b->rows - 1] == b->last_id)
        return;
    b->row_off[b->rows] = (uint32_t)off;
    b->row_rule[b->rows++] = b->last_id;
}

/* --- the call frame program --- */

struct program {
    struct build *b; /* NULL: a CIE's initial instructions, which make no rows */
    const struct cie *cie;
    struct state now;
    const struct state *initial;
    struct state remembered[REMEMBER_CAP];
    unsigned n_remembered;
    uint64_t loc, end;
    bool dirty; /* `now` has no row yet */
};

static void flush_row(struct program *g)
{
    if (g->dirty && g->b && g->loc < g->end)
        add_row(g->b, g->loc, pack(&g->now, g->cie->is_signal));
    g->dirty = false;
}

static void advance(struct program *g, uint64_t delta)
{
    if (!delta)
        return;
    flush_row(g);
    g->loc += delta * g->cie->code_align;
}

static struct unwind_value *slot_of(struct program *g, struct state *s, uint64_t reg)
{
    if (reg == DW_RBP)
        return &s->rbp;
    return reg == g->cie->ra_reg ? &s->ra : NULL;
}

static void set_reg(struct program *g, uint64_t reg, enum unwind_how how, int64_t off)
{
    struct unwind_value *v = slot_of(g, &g->now, reg);
    if (!v)
        return;
    *v = (struct unwind_value){.how = how, .off = off};
    g->dirty = true;
}

static void restore_reg(struct program *g, uint64_t reg)
{
    struct unwind_value *v = slot_of(g, &g->now, reg);
    if (!v || !g->initial)
        return;
    *v = reg == DW_RBP ? g->initial->rbp : g->initial->ra;
    g->dirty = true;
}

static void set_cfa(struct program *g, uint64_t reg, int64_t add)
{
    g->now.cfa = (struct unwind_value){.how = UNWIND_REGISTER, .off = (int64_t)reg, .add = add};
    g->dirty = true;
}

static void set_expr(struct program *g, struct unwind_value *v, enum unwind_how how,
                     struct cursor *c)
{
    struct cursor ops = block(c, get_uleb(c));
    if (!v)
        return;
    *v = (struct unwind_value){.how = how, .expr = ops.p, .expr_len = (uint32_t)(ops.end - ops.p)};
    g->dirty = true;
}

static void remember(struct program *g)
{
    if (g->n_remembered < REMEMBER_CAP)
        g->remembered[g->n_remembered] = g->now;
    g->n_remembered++;
}

static bool recall(struct program *g)
{
    if (!g->n_remembered || g->n_remembered-- > REMEMBER_CAP)
        return false;
    g->now = g->remembered[g->n_remembered];
    g->dirty = true;
    return true;
}

static bool op_registers(struct program *g, struct cursor *c, uint8_t op)
{
    uint64_t reg = get_uleb(c);
    int64_t align = g->cie->data_align;
    switch (op) {
    case DW_CFA_offset_extended:
        set_reg(g, reg, UNWIND_AT_CFA, (int64_t)get_uleb(c) * align);
        break;
    case DW_CFA_offset_extended_sf:
        set_reg(g, reg, UNWIND_AT_CFA, get_sleb(c) * align);
        break;
    case DW_CFA_GNU_negative_offset_extended:
        set_reg(g, reg, UNWIND_AT_CFA, -(int64_t)get_uleb(c) * align);
        break;
    case DW_CFA_val_offset:
        set_reg(g, reg, UNWIND_CFA_PLUS, (int64_t)get_uleb(c) * align);
        break;
    case DW_CFA_val_offset_sf:
        set_reg(g, reg, UNWIND_CFA_PLUS, get_sleb(c) * align);
        break;
    case DW_CFA_restore_extended:
        restore_reg(g, reg);
        break;
    case DW_CFA_undefined:
        set_reg(g, reg, UNWIND_UNDEFINED, 0);
        break;
    case DW_CFA_same_value:
        set_reg(g, reg, UNWIND_SAME, 0);
        break;
    case DW_CFA_register:
        set_reg(g, reg, UNWIND_REGISTER, (int64_t)get_uleb(c));
        break;
    case DW_CFA_expression:
        set_expr(g, slot_of(g, &g->now, reg), UNWIND_AT_EXPR, c);
        break;
    case DW_CFA_val_expression:
        set_expr(g, slot_of(g, &g->now, reg), UNWIND_IS_EXPR, c);
        break;
    default:
        return false;
    }
    return true;
}

static bool op_extended(struct program *g, struct cursor *c, uint8_t op)
{
    uint64_t reg;
    switch (op) {
    case DW_CFA_nop:
        break;
    case DW_CFA_set_loc:
        return false; /* no toolchain emits it for x86-64 */
    case DW_CFA_advance_loc1:
        advance(g, get(c, 1));
        break;
    case DW_CFA_advance_loc2:
        advance(g, get(c, 2));
        break;
    case DW_CFA_advance_loc4:
        advance(g, get(c, 4));
        break;
    case DW_CFA_remember_state:
        remember(g);
        break;
    case DW_CFA_restore_state:
        return recall(g);
    case DW_CFA_GNU_args_size:
        get_uleb(c);
        break;
    case DW_CFA_def_cfa:
        reg = get_uleb(c);
        set_cfa(g, reg, (int64_t)get_uleb(c));
        break;
    case DW_CFA_def_cfa_sf:
        reg = get_uleb(c);
        set_cfa(g, reg, get_sleb(c) * g->cie->data_align);
        break;
    case DW_CFA_def_cfa_register:
        set_cfa(g, get_uleb(c), g->now.cfa.add);
        break;
    case DW_CFA_def_cfa_offset:
        set_cfa(g, (uint64_t)g->now.cfa.off, (int64_t)get_uleb(c));
        break;
    case DW_CFA_def_cfa_offset_sf:
        set_cfa(g, (uint64_t)g->now.cfa.off, get_sleb(c) * g->cie->data_align);
        break;
    case DW_CFA_def_cfa_expression:
        set_expr(g, &g->now.cfa, UNWIND_IS_EXPR, c);
        break;
    default:
        return op_registers(g, c, op);
    }
    return true;
}

/* Runs a program; false when it holds something unknown, rows so far are kept. */
static bool run(struct program *g, struct cursor c)
{
    while (c.p < c.end && !c.bad) {
        uint8_t op = *c.p++;
        uint8_t low = op & 0x3f;
        switch (op & 0xc0) {
        case DW_CFA_advance_loc:
            advance(g, low);
            break;
        case DW_CFA_offset:
            set_reg(g, low, UNWIND_AT_CFA, (int64_t)get_uleb(&c) * g->cie->data_align);
            break;
        case DW_CFA_restore:
            restore_reg(g, low);
            break;
        default:
            if (!op_extended(g, &c, op))
                return false;
        }
    }
    flush_row(g);
    return !c.bad;
}

/* --- records --- */

static void parse_augmentation(struct cie *cie, struct cursor *c, const char *aug)
{
    if (*aug != 'z')
        return;
    cie->has_aug = true;
    struct cursor data = block(c, get_uleb(c));
    for (aug++; *aug; aug++) {
        if (*aug == 'R')
            cie->fde_enc = (uint8_t)get(&data, 1);
        else if (*aug == 'S')
            cie->is_signal = true;
        else if (*aug == 'L')
            get(&data, 1);
        else if (*aug == 'P')
            get_encoded(&data, (uint8_t)get(&data, 1) & (uint8_t)~DW_EH_PE_indirect, 0);
    }
}

static void parse_cie(struct cie *cie, const struct unwind_source *src, const uint8_t *at)
{
    struct cursor c = record_at(src, at);
    *cie = (struct cie){.at = at, .fde_enc = DW_EH_PE_absptr};
    if (get(&c, 4) != 0 || c.bad)
        return;
    unsigned version = (unsigned)get(&c, 1);
    const char *aug = (const char *)c.p;
    while (get(&c, 1) && !c.bad)
        ;
    if (c.bad || (version != 1 && version != 3 && version != 4) || (*aug && *aug != 'z'))
        return;
    if (version == 4)
        get(&c, 2);
    cie->code_align = get_uleb(&c);
    cie->data_align = get_sleb(&c);
    cie->ra_reg = version == 1 ? get(&c, 1) : get_uleb(&c);
    parse_augmentation(cie, &c, aug);
    struct program g = {.cie = cie};
    cie->ok = run(&g, c) && !c.bad && cie->ra_reg == DW_RA;
    cie->initial = g.now;
}

/* Appends the rows of one FDE; FDEs that overlap what is covered are left out, so that
 * rows stay in order. */
static void add_fde(struct build *b, const uint8_t *at)
{
    struct cursor c = record_at(b->src, at);
    const uint8_t *id_at = c.p;
    uint64_t id = get(&c, 4);
    if (c.bad || !id || id > (uint64_t)(id_at - b->src->begin) || (size_t)(c.end - c.p) > b->budget)
        return;
    b->budget -= (size_t)(c.end - c.p);
    if (b->cie.at != id_at - id)
        parse_cie(&b->cie, b->src, id_at - id);
    const struct cie *cie = &b->cie;
    if (!cie->ok)
        return;
    uint64_t begin = get_encoded(&c, cie->fde_enc, 0);
    uint64_t len = get_encoded(&c, cie->fde_enc & 0x0f, 0);
    if (cie->has_aug)
        block(&c, get_uleb(&c));
    if (c.bad || !len || len > UINT32_MAX || begin < b->covered || begin < b->src->bias)
        return;
    if (!b->covered)
        b->text = (begin - b->src->bias) & ~(uint64_t)((1 << BUCKET_SHIFT) - 1);
    else if (begin > b->covered)
        add_row(b, b->covered, UNWIND_NONE);
    struct program g = {.b = b, .cie = cie, .now = cie->initial, .initial = &cie->initial};
    g.loc = begin;
    g.end = b->covered = begin + len;
    g.dirty = true;
    if (!run(&g, c) && g.loc < g.end)
        add_row(b, g.loc, UNWIND_NONE);
}

bool unwind_cfi_locate(struct unwind_source *src)
{
    struct cursor c = {.p = src->hdr, .end = src->hdr_end};
    bool version_1 = get(&c, 1) == 1;
    uint8_t frame_enc = (uint8_t)get(&c, 1);
    get(&c, 2);
    src->frames = (const uint8_t *)(uintptr_t)get_encoded(&c, frame_enc, (uintptr_t)src->hdr);
    if (!version_1 || c.bad)
        return false;
    const uint8_t *at = src->frames;
    for (;;) {
        struct cursor r = record_at(src, at);
        if (r.bad || r.p == r.end)
            break;
        at = r.end;
    }
    src->frames_end = at;
    return at > src->frames;
}

/* Walks the sorted table of .eh_frame_hdr. */
static void add_fdes(struct build *b)
{
    const struct unwind_source *src = b->src;
    struct cursor c = {.p = src->hdr, .end = src->hdr_end};
    uintptr_t datarel = (uintptr_t)src->hdr;
    get(&c, 1);
    uint8_t frame_enc = (uint8_t)get(&c, 1);
    uint8_t count_enc = (uint8_t)get(&c, 1);
    uint8_t table_enc = (uint8_t)get(&c, 1);
    get_encoded(&c, frame_enc, datarel);
    uint64_t count = get_encoded(&c, count_enc, datarel);
    for (uint64_t i = 0; i < count && !c.bad; i++) {
        get_encoded(&c, table_enc, datarel);
        uint64_t fde = get_encoded(&c, table_enc, datarel);
        if (!c.bad)
            add_fde(b, (const uint8_t *)(uintptr_t)fde);
    }
    if (b->covered)
        add_row(b, b->covered, UNWIND_NONE);
}

/* Packs the rows into storage that lasts. */
static struct unwind_table *finish(const struct build *b)
{
    uint64_t bytes = b->covered - b->src->bias - b->text;
    if (!b->rows || bytes > UINT32_MAX)
        return NULL;
    size_t buckets = (size_t)(bytes >> BUCKET_SHIFT) + 1;
    uint8_t *mem = unwind_alloc(sizeof(struct unwind_table) + (buckets + 1) * 4 + b->rows * 3);
    if (!mem)
        return NULL;
    struct unwind_table *t = (void *)mem;
    uint32_t *bucket = (void *)(t + 1);
    uint16_t *rule = (void *)(bucket + buckets + 1);
    uint8_t *start = (void *)(rule + b->rows);
    size_t row = 0;
    for (size_t i = 0; i <= buckets; i++) {
        while (row < b->rows && b->row_off[row] >> BUCKET_SHIFT < i)
            row++;
        bucket[i] = (uint32_t)row;
    }
    memcpy(rule, b->row_rule, b->rows * sizeof *rule);
    for (size_t i = 0; i < b->rows; i++)
        start[i] = (uint8_t)b->row_off[i];
    *t = (struct unwind_table){.text = b->text,
                               .text_bytes = (uint32_t)bytes,
                               .rows = (uint32_t)b->rows,
                               .bucket = bucket,
                               .start = start,
                               .rule = rule};
    return t;
}

struct unwind_table *unwind_cfi_parse(const struct unwind_source *src)
{
    size_t bytes = (size_t)(src->frames_end - src->frames);
    size_t cap = bytes + 16;
    size_t map_bytes = cap * (sizeof(uint32_t) + sizeof(uint16_t));
    void *scratch = unwind_map(map_bytes);
    if (!scratch)
        return NULL;
    struct build b = {.src = src, .cap = cap, .budget = 2 * bytes, .row_off = scratch};
    b.row_rule = (void *)(b.row_off + cap);
    add_fdes(&b);
    struct unwind_table *t = finish(&b);
    unwind_unmap(scratch, map_bytes);
    return t;
}
