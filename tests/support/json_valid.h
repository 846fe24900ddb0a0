/* json_valid: whether a text is JSON, asked of python3's own parser. */
#ifndef TESTS_SUPPORT_JSON_VALID_H
#define TESTS_SUPPORT_JSON_VALID_H

#include <stdbool.h>
#include <stdio.h>

static bool json_valid(const char *text)
{
    FILE *python = popen("python3 -m json.tool >/dev/null", "w");
    if (!python)
        return false;
    fputs(text, python);
    return pclose(python) == 0;
}

#endif
