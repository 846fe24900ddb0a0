/* Reads the bytes as a Go execution trace or as Chrome's JSON, whichever they are. */
#include "base/file.h"
#include "fuzz.h"
#include "import/build.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct file_map map = {.data = data, .bytes = size, .fd = -1};
    struct err err = {0};
    struct build b = {.w = trace_writer_open("/dev/null", &err)};
    bool go = size > 4 && !memcmp(data, "go 1", 4);
    if (!b.w)
        return 0;
    bool ok = go ? import_go(&b, &map, &err) : import_chrome(&b, &map, &err);
    if (!ok && !err.text[0])
        __builtin_trap(); /* a failure without a word */
    if (b.w)
        trace_writer_abort(b.w);
    return 0;
}
