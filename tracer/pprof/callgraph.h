/* callgraph: what a picture of the call graph shows, before anybody draws it: boxes that
 * grow with their own time, colours and arrows with the total, labels of samples as small
 * boxes at their functions. Texts are as graphviz takes them in quotes: "\n" and "\l" end
 * lines, and a backslash stands before quotes and backslashes. */
#ifndef PPROF_CALLGRAPH_H
#define PPROF_CALLGRAPH_H

#include "pprof/report.h"

enum {
    CALLGRAPH_COLOR = 8 /* "#rrggbb" and a NUL */
};

struct callgraph_box {
    const char *id;    /* "N1"; "N1_0" for a label's */
    const char *label; /* lines */
    const char *tooltip;
    const char *name; /* of a function, as it is; NULL for a label of samples */
    int font_size;
    char color[CALLGRAPH_COLOR], fill[CALLGRAPH_COLOR];
    const struct pprof_node *node; /* of a function; NULL for a label of samples */
    uint32_t owner;                /* of a label: the box that it hangs on */
    const char *weight;            /* of a label: its value */
    bool dotted;                   /* of a label: not its function's own */
};

struct callgraph_arrow {
    uint32_t src, dest; /* boxes */
    const char *label;  /* value, and "(inline)" */
    const char *tooltip;
    int64_t weight, width; /* from 1 on; 0: the graph's total is 0 */
    char color[CALLGRAPH_COLOR];
    bool residual; /* goes through functions left out */
    bool far;      /* leaves room for labels of samples */
};

struct callgraph {
    struct arena arena;
    struct pprof_trimmed t;
    struct callgraph_box *boxes; /* owned; functions in order of interest, labels after theirs */
    size_t box_count;
    struct callgraph_arrow *arrows; /* owned; heaviest first */
    size_t arrow_count;
    const char *title;  /* the program, or "unnamed" */
    const char *legend; /* lines */
};

void callgraph_init(struct callgraph *g, struct pprof_report *r);
void callgraph_release(struct callgraph *g);

/* The graph in graphviz' language. */
void callgraph_dot(const struct callgraph *g, const struct pprof_report *r, struct strbuf *out);

/* A picture of it, "svg", "png", "pdf", "ps" or "gif": graphviz' where that is there and
 * quick enough, else by our own layout (no gif). */
bool callgraph_picture(const struct callgraph *g, const struct pprof_report *r, const char *format,
                       struct strbuf *out, struct err *err);
/* The same by our own layout only. */
bool callgraph_own_picture(const struct callgraph *g, const char *format, struct strbuf *out,
                           struct err *err);

/* Appends s as text between quotes: backslashes before quotes, "\l" for a line's end. */
void callgraph_escape(struct strbuf *out, const char *s);
/* A text without what was put in for graphviz: lines end with '\n'. In the arena. */
const char *callgraph_plain(struct arena *a, const char *text);

/* A function's name without package, namespace and arguments. */
struct callgraph_names; /* compiled expressions */
struct callgraph_names *callgraph_names_new(void);
const char *callgraph_short_name(const struct callgraph_names *n, struct arena *a,
                                 const char *name);
void callgraph_names_free(struct callgraph_names *n);

#endif
