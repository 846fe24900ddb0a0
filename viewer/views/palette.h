/* palette: what colour each class of span and each flame frame has, and the text
 * on it, in either theme. Waits that usually mean trouble (locks, page faults,
 * no CPU to run on) are bright; idle waits recede. Text has at least 4.5:1. */
#ifndef VIEWS_PALETTE_H
#define VIEWS_PALETTE_H

#include "gfx/theme.h"
#include "model/class.h"

gfx_color palette_span(const struct gfx_theme *t, enum model_class c);
gfx_color palette_span_text(const struct gfx_theme *t, enum model_class c);
/* By package or namespace where the name has one, else by module; shaded by function. */
gfx_color palette_flame(const struct gfx_theme *t, const char *module, const char *function);
gfx_color palette_flame_text(void);

#endif
