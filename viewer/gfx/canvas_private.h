/* canvas_private: what canvas.c (drawing) and event.c (input) share. */
#ifndef GFX_CANVAS_PRIVATE_H
#define GFX_CANVAS_PRIVATE_H

#include "gfx/canvas.h"

#include <SDL.h>

enum {
    GFX_CURSORS = GFX_CURSOR_SPLIT_X + 1
};

struct gfx_canvas {
    SDL_Window *window;   /* NULL: a picture in memory */
    SDL_Surface *surface; /* that picture */
    SDL_Renderer *renderer;
    SDL_Texture *atlas;
    uint32_t atlas_generation;
    int atlas_side;
    uint64_t hash; /* of the list on screen */
    bool drawn;    /* the screen shows it */
    SDL_Cursor *cursors[GFX_CURSORS];
    enum gfx_cursor cursor;
};

#endif
