/* keys: the one table of keys: what they do, and the words of the `?` overlay. */
#ifndef APP_KEYS_H
#define APP_KEYS_H

#include "app/app.h"

/* Does what the key press or typed character means; false for keys without one. */
bool keys_press(struct app *app, const struct gfx_event *event);
void keys_release(struct app *app, const struct gfx_event *event);
/* Goes on zooming and panning while a key is held. */
void keys_hold(struct app *app, uint64_t now_ms);
/* The overlay's lines, keys and mouse, in order of groups. */
const struct views_key_help *keys_help(size_t *count);
/* "w", "ctrl+z", "left", "?" as an event; false where it is no key. */
bool keys_parse(const char *name, struct gfx_event *event);

#endif
