/* picture_write: what the formats of pictures share. Private to picture_*.c. */
#ifndef PPROF_PICTURE_WRITE_H
#define PPROF_PICTURE_WRITE_H

#include "pprof/picture.h"

void picture_svg(const struct picture *p, struct strbuf *out);
/* The corners of the head at a curve's end. */
void picture_arrow_head(const struct picture_item *it, struct picture_point head[3]);

#endif
