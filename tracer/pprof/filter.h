/* filter: what of a profile a report is about. Expressions are matched once a
 * location, then stacks are walked with the answers. */
#ifndef PPROF_FILTER_H
#define PPROF_FILTER_H

#include "pprof/model.h"
#include "pprof/rx.h"

/* Expressions as the user gave them; "" for none. */
struct pprof_filters {
    const char *focus;      /* samples with a frame that matches ... */
    const char *ignore;     /* ... and none that matches this */
    const char *hide;       /* frames to leave out */
    const char *show;       /* the only frames to show */
    const char *show_from;  /* nothing above the highest match */
    const char *prune_from; /* nothing below the lowest match */
    const char *tagfocus;   /* samples by label: [KEY=]REGEX,... or a range of numbers */
    const char *tagignore;
    const char *tagshow; /* labels by key */
    const char *taghide;
};

/* Things worth telling the user that are no errors ("Focus expression matched no
 * samples"): called with each, may be NULL. */
struct pprof_notes {
    void (*note)(void *data, const char *text);
    void *data;
};
void pprof_note(const struct pprof_notes *notes, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The unit of numeric labels with a key: the first one that a sample tells, else
 * one that the key suggests. */
struct pprof_label_units {
    const char **keys; /* in the order of first use */
    const char **units;
    size_t count;
};
struct pprof_label_units pprof_label_units_from_model(struct arena *a, const struct pprof_model *m,
                                                      const struct pprof_notes *notes);
const char *pprof_label_unit(const struct pprof_label_units *units, const char *key);

bool pprof_filter(struct pprof_model *m, const struct pprof_filters *f,
                  const struct pprof_label_units *units, const struct pprof_notes *notes,
                  struct err *err);

/* The parts of pprof_filter that are about labels: samples by their labels, and
 * which labels to keep. */
bool pprof_filter_tags(struct pprof_model *m, const char *focus, const char *ignore,
                       const struct pprof_label_units *units, const struct pprof_notes *notes,
                       struct err *err);
void pprof_filter_labels(struct pprof_model *m, const struct pprof_rx *show,
                         const struct pprof_rx *hide, const struct pprof_notes *notes);

/* Removes what the profile itself asks to leave out (drop_frames, keep_frames):
 * the matching frames and those they called. */
bool pprof_prune(struct pprof_model *m, struct err *err);

/* Adds frames for the values of labels (comma separated keys) at the root or the
 * leaf of each stack. */
void pprof_add_tag_frames(struct pprof_model *m, const char *root_keys, const char *leaf_keys,
                          const char *unit, const struct pprof_notes *notes);

#endif
