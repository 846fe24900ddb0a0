/* report: what every report shares: which value it is about, totals, units, the
 * graph, the lines above the table.
 *
 *     struct pprof_report r;
 *     if (pprof_report_init(&r, &model, command, "regex or NULL", &config, &notes, &err) &&
 *         pprof_report_write(&r, &out, &err))
 *         ... out holds the report ...
 *     pprof_report_release(&r);
 *
 * The model is filtered and aggregated in place. */
#ifndef PPROF_REPORT_H
#define PPROF_REPORT_H

#include "base/strbuf.h"
#include "pprof/config.h"
#include "pprof/filter.h"
#include "pprof/graph.h"
#include "pprof/measure.h"

struct pprof_report {
    struct arena arena;
    struct pprof_model *model; /* borrowed */
    const struct pprof_command *command;
    struct pprof_config config;
    struct pprof_label_units label_units;
    struct pprof_rx *symbol; /* owned: the command's argument, or NULL */
    size_t value;            /* index of the value shown */
    const char *type;        /* of the value: "cpu", "mean_delay" */
    const char *unit;        /* of the value in the profile */
    const char *output_unit; /* shown; may become a fixed one when the graph is known */
    double ratio;            /* 1 / divide_by */
    int64_t total;           /* what 100 % is */
    const char *title;       /* of the program, "" where unknown */
};

bool pprof_report_init(struct pprof_report *r, struct pprof_model *model,
                       const struct pprof_command *command, const char *argument,
                       const struct pprof_config *config, const struct pprof_notes *notes,
                       struct err *err);
/* The report goes into an empty *out. */
bool pprof_report_write(struct pprof_report *r, struct strbuf *out, struct err *err);
void pprof_report_release(struct pprof_report *r);

/* The lines that say what the profile is: "File: ...", "Type: ...". */
void pprof_profile_labels(const struct pprof_report *r, struct strbuf *out);

/* ---- for the formats ---- */

struct pprof_trimmed {
    struct pprof_frames frames;
    struct pprof_graph graph; /* sorted, cut to what is shown */
    size_t original;          /* nodes before the limit */
    size_t dropped_nodes, dropped_edges;
    uint8_t *joined; /* owned: of each frame, whether its calls are shown; NULL: all */
    bool with_edges; /* the report needs the calls, not only the frames */
};

/* Builds the graph and settles the unit. */
void pprof_trimmed_init(struct pprof_trimmed *t, struct pprof_report *r);
/* The same whole and unsorted; the unit stays as it was asked for. */
void pprof_whole_init(struct pprof_trimmed *t, struct pprof_report *r);
void pprof_trimmed_release(struct pprof_trimmed *t);
/* The lines above a report; `full` is what a picture has. Each ends with `\n`. */
void pprof_report_labels(const struct pprof_report *r, const struct pprof_trimmed *t,
                         size_t dropped_edges, bool full, struct strbuf *out);

const char *pprof_value(const struct pprof_report *r, char buf[MEASURE_MAX], int64_t value);
/* The same; "." for nothing. */
const char *pprof_value_or_dot(const struct pprof_report *r, char buf[MEASURE_MAX], int64_t value);
/* Whether samples of a base are in it: a comparison. */
bool pprof_has_base(const struct pprof_model *m);
/* A value in the unit shown, as a number. */
double pprof_scaled(const struct pprof_report *r, int64_t value);

bool pprof_write_text(struct pprof_report *r, struct strbuf *out, struct err *err);
bool pprof_write_tree(struct pprof_report *r, struct strbuf *out, struct err *err);
bool pprof_write_traces(struct pprof_report *r, struct strbuf *out, struct err *err);
bool pprof_write_tags(struct pprof_report *r, struct strbuf *out, struct err *err);
bool pprof_write_raw(struct pprof_report *r, struct strbuf *out, struct err *err);
bool pprof_write_comments(struct pprof_report *r, struct strbuf *out, struct err *err);
bool pprof_write_callgrind(struct pprof_report *r, struct strbuf *out, struct err *err);
bool pprof_write_dot(struct pprof_report *r, struct strbuf *out, struct err *err);
bool pprof_write_proto(struct pprof_report *r, struct strbuf *out, struct err *err);
bool pprof_write_topproto(struct pprof_report *r, struct strbuf *out, struct err *err);
bool pprof_write_folded(struct pprof_report *r, struct strbuf *out, struct err *err);
bool pprof_write_flame(struct pprof_report *r, struct strbuf *out, struct err *err);
bool pprof_write_list(struct pprof_report *r, struct strbuf *out, struct err *err);
bool pprof_write_weblist(struct pprof_report *r, struct strbuf *out, struct err *err);
bool pprof_write_disasm(struct pprof_report *r, struct strbuf *out, struct err *err);

#endif
