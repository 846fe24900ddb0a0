/* flame_build: how the builders (from a trace, from a profile) grow a tree. */
#ifndef MODEL_FLAME_BUILD_H
#define MODEL_FLAME_BUILD_H

#include "model/flame.h"

struct flame_frame {
    const char *name;
    const char *module;
    const char *source;
    enum model_class wait; /* MODEL_CLASSES: an ordinary frame */
};

/* The child of `parent` with that name, made where missing. */
uint32_t model_flame_child(struct model_flame *f, uint32_t parent, const struct flame_frame *frame);
/* Sums totals and links children; call once when all weights are in. */
void model_flame_finish(struct model_flame *f);

#endif
