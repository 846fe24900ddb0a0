/* modules: what is mapped where, told by whyprof_stack:module events, and kept in
 * step by the unwinder. */
#ifndef WHYPROF_MODULES_H
#define WHYPROF_MODULES_H

#include <stdbool.h>

/* Emits the modules that were not told yet and tells the unwinder; cheap when
 * nothing was loaded or unloaded since. Takes the loader's lock: not from signal
 * handlers. Under the guard. */
void modules_update(void);
/* True once the unwinder has tables: from the first recording on. */
bool modules_known(void);
/* Makes the unwinder's tables, where something is counted without a recording. */
void modules_prepare(void);
/* Emits all of them. */
void modules_dump(void);
/* Says that the loader was called in a way whose end we cannot see; the helper
 * looks soon. */
void modules_stale(void);

#endif
