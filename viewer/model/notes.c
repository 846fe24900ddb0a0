#include "model/notes.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

static char *copy(const char *text)
{
    size_t bytes = strlen(text) + 1;
    return memcpy(mem_realloc(NULL, bytes, 1), text, bytes);
}

size_t model_notes_add(struct model_notes *n, int64_t begin_ns, int64_t end_ns, const char *text)
{
    size_t at = n->count;
    mem_grow(&n->v, &n->cap, n->count + 1, sizeof *n->v);
    for (; at && n->v[at - 1].begin_ns > begin_ns; at--)
        n->v[at] = n->v[at - 1];
    n->v[at] = (struct model_note){begin_ns, end_ns < begin_ns ? begin_ns : end_ns, copy(text)};
    n->count++;
    return at;
}

void model_notes_set(struct model_notes *n, size_t index, const char *text)
{
    char *old = n->v[index].text;
    n->v[index].text = copy(text);
    free(old);
}

void model_notes_remove(struct model_notes *n, size_t index)
{
    free(n->v[index].text);
    memmove(n->v + index, n->v + index + 1, (n->count - index - 1) * sizeof *n->v);
    n->count--;
}

void model_notes_release(struct model_notes *n)
{
    for (size_t i = 0; i < n->count; i++)
        free(n->v[i].text);
    free(n->v);
    *n = (struct model_notes){0};
}
