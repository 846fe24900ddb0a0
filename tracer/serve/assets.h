/* assets: the files of www/, built into the program (embed.cmake). Private to serve/. */
#ifndef SERVE_ASSETS_H
#define SERVE_ASSETS_H

#include <stddef.h>

struct serve_asset {
    const char *name; /* "index.html" */
    const unsigned char *data;
    size_t bytes;
};

extern const struct serve_asset serve_assets[]; /* ends with a NULL name */

#endif
