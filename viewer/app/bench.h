/* bench: plays a fixed walk over a trace (zoom in to 1 us and out in several
 * places, pan, scroll, hover, select, search) on a picture in memory and prints, as
 * JSON, how long frames took and how much memory there was. */
#ifndef APP_BENCH_H
#define APP_BENCH_H

#include "app/app.h"

/* started_ns: when the program began, by CLOCK_MONOTONIC. False with err when a
 * frame failed. */
bool bench_run(struct app *app, uint64_t started_ns, struct err *err);
uint64_t bench_now_ns(void);

#endif
