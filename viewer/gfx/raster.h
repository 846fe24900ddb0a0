/* raster: paints a command list into pixels in memory. One painter for windows and
 * pictures: frames are the same bytes everywhere, and a pixel column's thin boxes,
 * of which a timeline has tens of thousands, cost a few ns each.
 *
 * The picture is painted in bands that fit the processor's cache, and a band whose
 * commands are those of the last frame is left as it is. */
#ifndef GFX_RASTER_H
#define GFX_RASTER_H

#include "gfx/font.h"
#include "gfx/list.h"

enum {
    GFX_BAND_PX = 64
};

struct gfx_pixels {
    uint32_t *p; /* rows of 0xffRRGGBB words; owned */
    int w, h;
    uint64_t *bands; /* owned: hash of what each band shows */
    bool *changed;   /* owned: bands that the last gfx_raster painted */
    int band_count;
};

/* Makes room for a frame of that size; its content is undefined until painted. */
void gfx_pixels_resize(struct gfx_pixels *px, int width_px, int height_px);
void gfx_pixels_release(struct gfx_pixels *px);

/* Paints the list; false when that changed nothing. */
bool gfx_raster(struct gfx_pixels *px, const struct gfx_list *l, struct gfx_fonts *fonts);

#endif
