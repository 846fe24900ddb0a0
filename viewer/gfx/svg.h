/* svg: a frame as a scalable picture. */
#ifndef GFX_SVG_H
#define GFX_SVG_H

#include "gfx/font.h"
#include "gfx/list.h"

/* Appends the whole document. Text keeps its width: it is fitted where the reader's
 * font is another. */
void gfx_svg(const struct gfx_list *l, struct gfx_fonts *fonts, struct strbuf *out);

#endif
