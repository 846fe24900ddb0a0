/* A library for test_unwind to load and unload: calls back through frames of its own. */
#include <stddef.h>

size_t plugin_call(size_t (*call)(void *), void *arg, int depth);

size_t plugin_call(size_t (*call)(void *), void *arg, int depth)
{
    volatile char room[200] = {0};
    size_t n = depth ? plugin_call(call, arg, depth - 1) : call(arg);
    return n + (size_t)room[depth % 200];
}
