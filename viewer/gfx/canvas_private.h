/* canvas_private: what canvas.c (drawing) and event.c (input) share. */
#ifndef GFX_CANVAS_PRIVATE_H
#define GFX_CANVAS_PRIVATE_H

#include "gfx/canvas.h"
#include "gfx/raster.h"

#include <SDL.h>

enum {
    GFX_CURSORS = GFX_CURSOR_SPLIT_X + 1
};

struct gfx_canvas {
    SDL_Window *window;     /* NULL: a picture in memory */
    SDL_Renderer *renderer; /* brings pixels to the window */
    SDL_Texture *screen;    /* of the pixels' size */
    struct gfx_pixels pixels;
    bool hidden;     /* minimised: nobody would see a frame */
    bool drawn;      /* the screen shows it */
    uint64_t frames; /* drawn so far */
    SDL_Cursor *cursors[GFX_CURSORS];
    enum gfx_cursor cursor;
};

#endif
