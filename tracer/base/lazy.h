/* lazy: a library that is loaded when it is first needed. Loading the web's and the
 * graphics' libraries with all that they need in turn takes longer than most commands.
 *
 *     static struct { __typeof__(sin) *sin; } m;
 *     static const struct lazy_symbol symbols[] = {{"sin", &m.sin}, {NULL, NULL}};
 *     if (!lazy_load("libm.so.6", symbols, &err)) ...
 *     m.sin(1);
 *
 * Thread-safe; loads once, and stays. */
#ifndef BASE_LAZY_H
#define BASE_LAZY_H

#include "base/err.h"

struct lazy_symbol {
    const char *name;
    void *to; /* a function pointer's place: it is set */
};

/* symbols ends with a NULL name. False with err where the library or a name is missing. */
bool lazy_load(const char *library, const struct lazy_symbol *symbols, struct err *err);

#endif
