#include "convert/convert.h"

#include <babeltrace2/babeltrace.h>
#include <stdio.h>

const char *convert_babeltrace_version(void)
{
    static char text[48];
    snprintf(text, sizeof text, "%u.%u.%u", bt_version_get_major(), bt_version_get_minor(),
             bt_version_get_patch());
    return text;
}
