/* export: what is on screen as files: the picture, the table in sight. */
#ifndef APP_EXPORT_H
#define APP_EXPORT_H

#include "app/app.h"

bool export_svg(struct app *app, const char *path, struct err *err);
/* False with err where no table is in sight. */
bool export_csv(struct app *app, const char *path, struct err *err);
/* Does what a key asked for, under a new name in the working directory; a notice
 * tells which, or why not. */
void export_asked(struct app *app);

#endif
