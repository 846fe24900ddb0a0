#include "tracepoints/agent/options.h"

#include <stddef.h>
#include <string.h>

struct options options = {
    .cpu_hz = 100,
    .alloc_rate = 512 * 1024,
    .block_ns = 100 * 1000,
};

/* The value's digits; stops at the first other character. */
static uint64_t parse_number(const char *s, size_t len)
{
    uint64_t v = 0;
    for (size_t i = 0; i < len && s[i] >= '0' && s[i] <= '9'; i++)
        v = v * 10 + (uint64_t)(s[i] - '0');
    return v;
}

static bool is(const char *s, size_t len, const char *word)
{
    return strlen(word) == len && !memcmp(s, word, len);
}

static void set_option(const char *key, size_t key_len, const char *value, size_t len)
{
    uint64_t number = parse_number(value, len);
    if (is(key, key_len, "cpu_hz"))
        options.cpu_hz = number > 10000 ? 10000 : (uint32_t)number;
    else if (is(key, key_len, "alloc_rate"))
        options.alloc_rate = number ? number : 1;
    else if (is(key, key_len, "block_us"))
        options.block_ns = number * 1000;
    else if (is(key, key_len, "alloc"))
        options.alloc_all = is(value, len, "all");
    else if (is(key, key_len, "locks"))
        options.locks_all = is(value, len, "all");
    else if (is(key, key_len, "keep"))
        options.keep = is(value, len, "heap")         ? KEEP_HEAP
                       : is(value, len, "heap+locks") ? KEEP_HEAP | KEEP_LOCKS
                                                      : 0;
    else if (is(key, key_len, "syscalls"))
        options.syscalls_by_kernel = is(value, len, "kernel");
}

void options_parse(const char *text)
{
    while (text && *text) {
        size_t len = strcspn(text, ",\n");
        const char *eq = memchr(text, '=', len);
        if (eq)
            set_option(text, (size_t)(eq - text), eq + 1, len - (size_t)(eq - text) - 1);
        text += len + (text[len] != 0);
    }
}
