/* theme: colours by meaning. Text on every surface has
 * a contrast of at least 4.5:1; a test checks each pair. Colours of spans are in
 * views/palette.h, which knows what they mean. */
#ifndef GFX_THEME_H
#define GFX_THEME_H

#include "gfx/list.h"

struct gfx_theme {
    const char *name;
    bool is_dark;
    bool is_safe;       /* colours that the colour-blind can tell apart */
    gfx_color back;     /* behind the timeline */
    gfx_color back_alt; /* a thread's strip, every other one */
    gfx_color panel;    /* header, names, bottom panel */
    gfx_color raised;   /* buttons, tooltips */
    gfx_color hover;    /* the same under the pointer */
    gfx_color line;     /* between panels */
    gfx_color grid;     /* time grid behind spans */
    gfx_color text;
    gfx_color text_dim;
    gfx_color accent; /* selected tab, handles */
    gfx_color on_accent;
    gfx_color select; /* selected range (translucent) */
    gfx_color select_edge;
    gfx_color warn; /* losses */
    gfx_color good;
    gfx_color shade;   /* behind overlays (translucent) */
    gfx_color sample;  /* sample ticks */
    gfx_color counter; /* a counter's area */
    gfx_color counter_line;
};

const struct gfx_theme *gfx_theme(bool is_dark, bool is_safe);
/* "dark", "light", "dark-safe", "light-safe"; NULL for others. */
const struct gfx_theme *gfx_theme_named(const char *name);

#endif
