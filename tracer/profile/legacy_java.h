/* The Java agent's profiles: the part that its CPU profiles share. Within the
 * profile layer only. */
#ifndef PROFILE_LEGACY_JAVA_H
#define PROFILE_LEGACY_JAVA_H

#include "profile/legacy.h"

/* Reads "0x1234 function (file:line)" lines and numbers everything. */
void legacy_java_locations(struct legacy *in);

#endif
