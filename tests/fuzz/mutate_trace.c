/* A mutator for the trace fuzzer: header and contents carry checksums that random
 * changes never get right, so it makes them right again; most of the time, since a
 * wrong one must be refused too. */
#include "fuzz.h"
#include "trace/format.h"

#include <string.h>
#include <zlib.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

static void reseal(uint8_t *data, size_t size)
{
    struct trace_header h;
    if (size < sizeof h)
        return;
    memcpy(&h, data, sizeof h);
    memcpy(h.magic, TRACE_MAGIC, sizeof h.magic);
    h.major = TRACE_VERSION_MAJOR;
    h.file_bytes = size;
    uint64_t toc_bytes = (uint64_t)h.toc_entries * sizeof(struct trace_section);
    if (h.toc_off <= size && toc_bytes <= size - h.toc_off)
        h.toc_crc = (uint32_t)crc32_z(0, data + h.toc_off, toc_bytes);
    h.header_crc = 0;
    h.header_crc = (uint32_t)crc32_z(0, (const void *)&h, sizeof h);
    memcpy(data, &h, sizeof h);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    /* appended bytes would hide the contents at the file's end: mostly keep its size */
    size_t limit = seed % 8 ? size : max_size;
    size_t was = size;
    size = LLVMFuzzerMutate(data, size, limit);
    if (size < was && seed % 4) { /* nor cut it */
        memset(data + size, 0, was - size);
        size = was;
    }
    if (seed % 16)
        reseal(data, size);
    return size;
}
