#include "collect/stackwalk.h"

#include "base/arena.h"
#include "base/map.h"
#include "collect/proc.h"
#include "tracepoints/agent/unwind_table.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SEGMENTS = 8, /* loadable ones of a file; more are left out */
    GUESSES = 16  /* frames of code without unwind information */
};

/* A file that somebody maps. */
struct module {
    uint64_t dev, ino;
    const struct unwind_table *table; /* NULL: nothing usable in it */
    unsigned count;
    struct segment {
        uint64_t off, bytes, vaddr;
    } segments[SEGMENTS];
};

struct region {
    uint64_t begin, end, file_off;
    const struct module *module;
    bool agent; /* its frames are between the target's own */
};

struct stackwalk_space {
    struct region *regions; /* owned, in order */
    size_t count, cap;
    pid_t pid;
};

static struct module **modules; /* all files ever met */
static size_t module_count, module_cap;

/* ---- files ---- */

/* The headers of an image that lies in memory as it does in its file. */
static const Elf64_Phdr *program_headers(const uint8_t *image, size_t bytes, unsigned *count)
{
    const Elf64_Ehdr *e = (const void *)image;
    if (bytes < sizeof *e || memcmp(e->e_ident, ELFMAG, SELFMAG) != 0 ||
        e->e_ident[EI_CLASS] != ELFCLASS64 || e->e_phentsize != sizeof(Elf64_Phdr) ||
        e->e_phoff > bytes || e->e_phnum > (bytes - e->e_phoff) / sizeof(Elf64_Phdr))
        return NULL;
    *count = e->e_phnum;
    return (const void *)(image + e->e_phoff);
}

static bool holds(const Elf64_Phdr *load, const Elf64_Phdr *p)
{
    return load->p_type == PT_LOAD && p->p_offset >= load->p_offset &&
           p->p_filesz <= load->p_filesz &&
           p->p_offset - load->p_offset <= load->p_filesz - p->p_filesz;
}

/* Addresses in the tables are relative to the bias, so they come out as the file's own
 * wherever the image lies. */
static const struct unwind_table *table_of(const uint8_t *image, size_t bytes, const Elf64_Phdr *ph,
                                           unsigned count)
{
    const Elf64_Phdr *hdr = NULL, *load = NULL;
    for (unsigned i = 0; i < count && !hdr; i++)
        if (ph[i].p_type == PT_GNU_EH_FRAME)
            hdr = &ph[i];
    for (unsigned i = 0; hdr && i < count && !load; i++)
        if (holds(&ph[i], hdr) && ph[i].p_offset <= bytes &&
            ph[i].p_filesz <= bytes - ph[i].p_offset)
            load = &ph[i];
    if (!load)
        return NULL;
    struct unwind_source src = {
        .bias = (uintptr_t)image + load->p_offset - load->p_vaddr,
        .begin = image + load->p_offset,
        .end = image + load->p_offset + load->p_filesz,
        .hdr = image + hdr->p_offset,
        .hdr_end = image + hdr->p_offset + hdr->p_filesz,
    };
    return unwind_cfi_locate(&src) ? unwind_cfi_parse(&src) : NULL;
}

static void module_fill(struct module *m, const uint8_t *image, size_t bytes)
{
    unsigned count;
    const Elf64_Phdr *ph = program_headers(image, bytes, &count);
    if (!ph)
        return;
    for (unsigned i = 0; i < count && m->count < SEGMENTS; i++)
        if (ph[i].p_type == PT_LOAD)
            m->segments[m->count++] =
                (struct segment){ph[i].p_offset, ph[i].p_filesz, ph[i].p_vaddr};
    m->table = table_of(image, bytes, ph, count);
}

static struct module *module_add(uint64_t dev, uint64_t ino)
{
    mem_grow(&modules, &module_cap, module_count + 1, sizeof *modules);
    struct module *m = mem_realloc(NULL, 1, sizeof *m);
    *m = (struct module){.dev = dev, .ino = ino};
    modules[module_count++] = m;
    return m;
}

static struct module *module_find(uint64_t dev, uint64_t ino)
{
    for (size_t i = 0; i < module_count; i++)
        if (modules[i]->dev == dev && modules[i]->ino == ino)
            return modules[i];
    return NULL;
}

/* Every process of a machine has the same, and we too. */
static const struct module *vdso_module(void)
{
    const uint8_t *image = (const void *)getauxval(AT_SYSINFO_EHDR);
    struct module *m = module_find(0, 0);
    if (m || !image)
        return m;
    m = module_add(0, 0);
    module_fill(m, image, (size_t)2 * (size_t)sysconf(_SC_PAGESIZE));
    return m;
}

static const struct module *file_module(int fd)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || st.st_size <= 0)
        return NULL;
    struct module *m = module_find(st.st_dev, st.st_ino);
    if (m)
        return m;
    void *image = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (image == MAP_FAILED)
        return NULL;
    m = module_add(st.st_dev, st.st_ino);
    module_fill(m, image, (size_t)st.st_size);
    munmap(image, (size_t)st.st_size);
    return m;
}

/* Through the process's own root: it may see other files by the same names. */
static const struct module *module_of(pid_t pid, const char *path)
{
    char name[PATH_MAX + 32];
    if (!strcmp(path, "[vdso]"))
        return vdso_module();
    snprintf(name, sizeof name, "/proc/%d/root%s", (int)pid, path);
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return NULL;
    const struct module *m = file_module(fd);
    close(fd);
    return m;
}

/* ---- spaces ---- */

static void take_mapping(void *data, const struct proc_module *m)
{
    struct stackwalk_space *s = data;
    mem_grow(&s->regions, &s->cap, s->count + 1, sizeof *s->regions);
    s->regions[s->count++] = (struct region){.begin = m->begin,
                                             .end = m->end,
                                             .file_off = m->file_off,
                                             .module = module_of(s->pid, m->path),
                                             .agent = strstr(m->path, "/libwhyprof-agent.so")};
}

struct stackwalk_space *stackwalk_space_new(pid_t pid)
{
    struct stackwalk_space *s = mem_realloc(NULL, 1, sizeof *s);
    *s = (struct stackwalk_space){.pid = pid};
    proc_each_module(pid, take_mapping, s);
    if (s->count)
        return s;
    stackwalk_space_free(s);
    return NULL;
}

struct stackwalk_space *stackwalk_space_copy(const struct stackwalk_space *s)
{
    struct stackwalk_space *copy = mem_realloc(NULL, 1, sizeof *copy);
    *copy = (struct stackwalk_space){.count = s->count, .cap = s->count, .pid = s->pid};
    copy->regions = mem_realloc(NULL, s->count, sizeof *copy->regions);
    memcpy(copy->regions, s->regions, s->count * sizeof *copy->regions);
    return copy;
}

void stackwalk_space_free(struct stackwalk_space *s)
{
    if (s)
        free(s->regions);
    free(s);
}

static const struct region *region_at(const struct stackwalk_space *s, uint64_t pc)
{
    size_t lo = 0, hi = s->count;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (s->regions[mid].end <= pc)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < s->count && s->regions[lo].begin <= pc ? &s->regions[lo] : NULL;
}

bool stackwalk_knows(const struct stackwalk_space *s, uint64_t pc)
{
    return region_at(s, pc) != NULL;
}

static uint32_t rule_at(const struct stackwalk_space *s, uint64_t pc)
{
    const struct region *r = region_at(s, pc);
    if (!r || !r->module || !r->module->table)
        return UNWIND_NONE;
    uint64_t off = pc - r->begin + r->file_off;
    for (unsigned i = 0; i < r->module->count; i++) {
        const struct segment *g = &r->module->segments[i];
        if (off >= g->off && off - g->off < g->bytes)
            return unwind_table_rule(r->module->table, off - g->off + g->vaddr);
    }
    return UNWIND_NONE;
}

/* ---- walking ---- */

struct walk {
    const struct stackwalk_space *space;
    struct unwind_frame at;
    const uint8_t *stack; /* what lies at stack_at and above */
    uint64_t stack_at;
    size_t bytes;
    int guesses;
    long long gregs[NGREG]; /* of the frame that was interrupted last */
};

static bool load(void *data, uintptr_t addr, uintptr_t *value)
{
    const struct walk *w = data;
    if (w->bytes < sizeof *value || addr < w->stack_at ||
        addr - w->stack_at > w->bytes - sizeof *value)
        return false;
    memcpy(value, w->stack + (addr - w->stack_at), sizeof *value);
    return true;
}

/* Each moves w->at to the caller, or returns false at the end. */
static bool step_plain(struct walk *w, uint32_t rule)
{
    uintptr_t base = unwind_rule_kind(rule) == UNWIND_RSP ? w->at.sp : w->at.fp;
    uintptr_t cfa = base + unwind_rule_cfa(rule), saved = unwind_rule_rbp(rule);
    uintptr_t pc, fp = w->at.fp;
    if (cfa <= w->at.sp || !load(w, cfa - 8, &pc))
        return false;
    /* below sp: in an epilogue, rbp was popped already and no rule says so */
    if (saved && cfa - saved >= w->at.sp && !load(w, cfa - saved, &fp))
        return false;
    w->at = (struct unwind_frame){.pc = pc, .sp = cfa, .fp = fp, .gregs = w->at.gregs};
    return true;
}

static bool value_of(struct walk *w, const struct unwind_value *v, uintptr_t cfa, uintptr_t same,
                     uintptr_t *out)
{
    uintptr_t addr = cfa;
    switch (v->how) {
    case UNWIND_SAME:
        *out = same;
        return true;
    case UNWIND_AT_CFA:
        return load(w, cfa + (uintptr_t)v->off, out);
    case UNWIND_CFA_PLUS:
        *out = cfa + (uintptr_t)v->off;
        return true;
    case UNWIND_REGISTER:
        return unwind_register(&w->at, (uint64_t)v->off, out);
    case UNWIND_AT_EXPR:
        return unwind_expr(&w->at, v->expr, v->expr_len, true, load, w, &addr) &&
               load(w, addr, out);
    case UNWIND_IS_EXPR:
        *out = cfa;
        return unwind_expr(&w->at, v->expr, v->expr_len, true, load, w, out);
    default:
        return false;
    }
}

static bool cfa_of(struct walk *w, const struct unwind_value *v, uintptr_t *cfa)
{
    if (v->how == UNWIND_IS_EXPR)
        return unwind_expr(&w->at, v->expr, v->expr_len, false, load, w, cfa);
    if (!unwind_register(&w->at, (uint64_t)v->off, cfa))
        return false;
    *cfa += (uintptr_t)v->add;
    return true;
}

static bool step_wide(struct walk *w, const struct unwind_wide *rule)
{
    uintptr_t cfa = 0, pc = 0, fp = 0;
    if (!cfa_of(w, &rule->cfa, &cfa) || !value_of(w, &rule->ra, cfa, 0, &pc) || cfa <= w->at.sp)
        return false;
    if (!value_of(w, &rule->rbp, cfa, w->at.fp, &fp))
        fp = 0; /* lost: matters only to a frame that has a frame pointer */
    w->at = (struct unwind_frame){.pc = pc, .sp = cfa, .fp = fp, .gregs = w->at.gregs};
    return true;
}

/* Into the code that a signal interrupted, as far as it lies on the same stack. */
static bool step_signal(struct walk *w)
{
    uintptr_t at = w->at.sp + offsetof(ucontext_t, uc_mcontext.gregs);
    for (int i = 0; i < NGREG; i++) {
        uintptr_t value;
        if (!load(w, at + (uintptr_t)i * sizeof(greg_t), &value))
            return false;
        w->gregs[i] = (long long)value;
    }
    w->at = (struct unwind_frame){.pc = (uintptr_t)w->gregs[REG_RIP],
                                  .sp = (uintptr_t)w->gregs[REG_RSP],
                                  .fp = (uintptr_t)w->gregs[REG_RBP],
                                  .gregs = w->gregs,
                                  .exact = true};
    return true;
}

/* Code without unwind information: a leaf routine in assembly that has pushed nothing, or
 * generated code with frame pointers. */
static bool step_guess(struct walk *w)
{
    uintptr_t pc = 0, fp = 0, base = w->at.fp;
    if (!w->guesses--)
        return false;
    if (w->at.exact && load(w, w->at.sp, &pc) && rule_at(w->space, pc - 1) != UNWIND_NONE) {
        w->at = (struct unwind_frame){.pc = pc, .sp = w->at.sp + 8, .fp = w->at.fp};
        return true;
    }
    if (base < w->at.sp || base % 8 || !load(w, base, &fp) || !load(w, base + 8, &pc) ||
        !stackwalk_knows(w->space, pc - 1))
        return false;
    w->at = (struct unwind_frame){.pc = pc, .sp = base + 16, .fp = fp};
    return true;
}

static bool step(struct walk *w)
{
    uint32_t rule = rule_at(w->space, w->at.pc - !w->at.exact);
    switch (unwind_rule_kind(rule)) {
    case UNWIND_RSP:
    case UNWIND_RBP:
        return step_plain(w, rule);
    case UNWIND_WIDE:
        return step_wide(w, unwind_wide_at(rule));
    case UNWIND_SIGNAL:
        return step_signal(w);
    case UNWIND_NONE:
        return step_guess(w);
    default:
        return false;
    }
}

size_t stackwalk(const struct stackwalk_space *s, const greg_t gregs[NGREG], const uint8_t *stack,
                 size_t bytes, uint64_t *pcs, size_t max)
{
    struct walk w = {.space = s,
                     .stack = stack,
                     .stack_at = (uint64_t)gregs[REG_RSP],
                     .bytes = bytes,
                     .guesses = GUESSES};
    memcpy(w.gregs, gregs, sizeof w.gregs);
    w.at = (struct unwind_frame){.pc = (uintptr_t)gregs[REG_RIP],
                                 .sp = (uintptr_t)gregs[REG_RSP],
                                 .fp = (uintptr_t)gregs[REG_RBP],
                                 .gregs = w.gregs,
                                 .exact = true};
    size_t n = 0;
    pcs[n++] = w.at.pc;
    while (n < max && step(&w) && w.at.pc) {
        const struct region *r = region_at(s, w.at.pc - !w.at.exact);
        if (!r || !r->agent) /* readers take 1 off each address but the first */
            pcs[n++] = w.at.pc + w.at.exact;
    }
    return n;
}
