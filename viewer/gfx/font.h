/* font: glyphs and their measures. Fonts are found in the usual folders (or by
 * fc-match where it is installed); glyphs are drawn once into an atlas of alpha
 * values that the canvas uploads when it changed. */
#ifndef GFX_FONT_H
#define GFX_FONT_H

#include "base/err.h"
#include "gfx/list.h"

struct gfx_fonts;

struct gfx_glyph {
    uint32_t code; /* Unicode */
    int16_t x, y;  /* place in the atlas */
    int16_t w, h;  /* 0: nothing to draw */
    int16_t left;  /* from the pen to the left edge */
    int16_t advance;
};

struct gfx_atlas {
    const uint8_t *alpha; /* side * side; borrowed */
    int side;
    uint32_t generation; /* grows with each change */
};

/* NULL with err (naming the package to install) when no font is found. `scale`
 * 1.0 means a text height for about 96 dpi. */
struct gfx_fonts *gfx_fonts_open(double scale, struct err *err);
void gfx_fonts_close(struct gfx_fonts *f);
/* Draws all glyphs anew at another size. */
bool gfx_fonts_scale(struct gfx_fonts *f, double scale, struct err *err);

int gfx_font_height(const struct gfx_fonts *f, enum gfx_font font);
/* Width in px of at most `len` bytes (-1: to the NUL). */
int gfx_text_width(struct gfx_fonts *f, enum gfx_font font, const char *s, int len);
/* Copies s into buf, its end replaced by an ellipsis where it is wider than
 * width_px; "" where not even that fits. Returns the width used. */
int gfx_text_elide(struct gfx_fonts *f, enum gfx_font font, const char *s, int width_px, char *buf,
                   size_t bytes);

const struct gfx_glyph *gfx_font_glyph(struct gfx_fonts *f, enum gfx_font font, uint32_t code);
struct gfx_atlas gfx_fonts_atlas(const struct gfx_fonts *f);

/* The next character of UTF-8 text, advancing *s; bad bytes read as U+FFFD. */
uint32_t gfx_utf8_next(const char **s);

#endif
