/* annotate: source lines with the instructions made of them and what each cost, for
 * weblist and the web page. Where a program's file is at hand, lines come from its debug
 * information, also of instructions without samples; else from the profile alone. */
#ifndef PPROF_ANNOTATE_H
#define PPROF_ANNOTATE_H

#include "pprof/report.h"
#include "pprof/source.h"

/* A call that was inlined where an instruction stands. */
struct pprof_call {
    const char *file;
    int64_t line;
};

struct pprof_annotated_inst {
    uint64_t vaddr;
    const char *text; /* "" where only the profile is known */
    const char *file; /* of the innermost function */
    int64_t line;
    int64_t flat, cum;
    bool starts_block;              /* the one before stands elsewhere */
    const struct pprof_call *calls; /* outermost first */
    uint32_t call_count;
};

struct pprof_annotated_line {
    int64_t line;
    const char *text;
    int64_t flat, cum;
    const struct pprof_annotated_inst *insts;
    uint32_t inst_count;
};

struct pprof_annotated_function {
    const char *name, *file;
    int64_t flat, cum;
    const struct pprof_annotated_line *lines;
    uint32_t line_count;
};

struct pprof_annotated {
    struct arena arena;
    struct pprof_sources sources;
    struct pprof_annotated_function *functions;
    size_t count;
};

/* Functions that r->symbol matches (all where it is NULL), by name of their files; at
 * most max_files of these, the heaviest, where that is not 0. */
void pprof_annotate(struct pprof_annotated *a, struct pprof_report *r, size_t max_files);
void pprof_annotated_release(struct pprof_annotated *a);

/* How far a line is indented, tabs being 8. */
int pprof_indentation(const char *line);

#endif
