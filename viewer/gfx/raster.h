/* raster: paints a command list into pixels in memory. One painter for windows and
 * pictures: frames are the same bytes everywhere, and a pixel column's thin boxes,
 * of which a timeline has tens of thousands, cost a few ns each. */
#ifndef GFX_RASTER_H
#define GFX_RASTER_H

#include "gfx/font.h"
#include "gfx/list.h"

struct gfx_pixels {
    uint32_t *p; /* rows of 0xffRRGGBB words; owned */
    int w, h;
};

/* Makes room for a frame of that size; its content is undefined. */
void gfx_pixels_resize(struct gfx_pixels *px, int width_px, int height_px);
void gfx_pixels_release(struct gfx_pixels *px);

void gfx_raster(struct gfx_pixels *px, const struct gfx_list *l, struct gfx_fonts *fonts);

#endif
