/* png: writes a picture file. */
#ifndef GFX_PNG_H
#define GFX_PNG_H

#include "base/err.h"

#include <stdint.h>

/* 8-bit RGB from rows of 0xAARRGGBB words, pitch_px words apart. */
bool gfx_png_write(const char *path, const uint32_t *pixels, int width_px, int height_px,
                   int pitch_px, struct err *err);

#endif
