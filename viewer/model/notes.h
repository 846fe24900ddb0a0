/* notes: what a person wrote about instants and ranges of a trace. */
#ifndef MODEL_NOTES_H
#define MODEL_NOTES_H

#include <stddef.h>
#include <stdint.h>

struct model_note {
    int64_t begin_ns, end_ns; /* equal: an instant */
    char *text;               /* owned */
};

struct model_notes {
    struct model_note *v; /* owned: by begin */
    size_t count, cap;
};

/* Returns its index; notes after it move up. */
size_t model_notes_add(struct model_notes *n, int64_t begin_ns, int64_t end_ns, const char *text);
void model_notes_set(struct model_notes *n, size_t index, const char *text);
void model_notes_remove(struct model_notes *n, size_t index);
void model_notes_release(struct model_notes *n);

#endif
