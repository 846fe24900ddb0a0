#include "views/palette.h"

#include <string.h>

static const gfx_color dark[MODEL_CLASSES] = {
    [MODEL_RUNNING] = 0x3fae72ff,   [MODEL_RUNNABLE] = 0xe9bd45ff,
    [MODEL_PREEMPTED] = 0xdf9140ff, [MODEL_LOCK] = 0xee6a60ff,
    [MODEL_COND] = 0x554d8aff,      [MODEL_JOIN] = 0x6e4a72ff,
    [MODEL_IO] = 0x46b8caff,        [MODEL_PAGE_FAULT] = 0xdd7fbbff,
    [MODEL_SYSCALL] = 0x35506eff,   [MODEL_SLEEP] = 0x343d4bff,
    [MODEL_BLOCKED] = 0x4a5567ff,   [MODEL_UNKNOWN] = 0x262d38ff,
    [MODEL_CALL_IO] = 0x5b9fd0ff,   [MODEL_CALL_POLL] = 0x3a5675ff,
    [MODEL_CALL_SYNC] = 0xc98a80ff, [MODEL_CALL_MEMORY] = 0xa88bcdff,
    [MODEL_CALL_FILE] = 0x63a897ff, [MODEL_CALL_OTHER] = 0x8490a1ff,
    [MODEL_HELD] = 0x7c8798ff,      [MODEL_HELD_CONTENDED] = 0xf0a13cff,
    [MODEL_NAMED] = 0x6b9be0ff,     [MODEL_NAMED + 1] = 0x5fb097ff,
    [MODEL_NAMED + 2] = 0xc79a55ff, [MODEL_NAMED + 3] = 0xb087c8ff,
    [MODEL_NAMED + 4] = 0x86b065ff, [MODEL_NAMED + 5] = 0xd0809aff,
};

static const gfx_color light[MODEL_CLASSES] = {
    [MODEL_RUNNING] = 0x5bbd89ff,   [MODEL_RUNNABLE] = 0xf2c64fff,
    [MODEL_PREEMPTED] = 0xeda052ff, [MODEL_LOCK] = 0xe9665dff,
    [MODEL_COND] = 0xcbc3eeff,      [MODEL_JOIN] = 0xe0c8e2ff,
    [MODEL_IO] = 0x66c8d8ff,        [MODEL_PAGE_FAULT] = 0xe795c9ff,
    [MODEL_SYSCALL] = 0xc0d2e6ff,   [MODEL_SLEEP] = 0xe0e5ecff,
    [MODEL_BLOCKED] = 0xaab3c1ff,   [MODEL_UNKNOWN] = 0xeef1f4ff,
    [MODEL_CALL_IO] = 0x8fc0e6ff,   [MODEL_CALL_POLL] = 0xc6d7e9ff,
    [MODEL_CALL_SYNC] = 0xe5aca4ff, [MODEL_CALL_MEMORY] = 0xc9b4e2ff,
    [MODEL_CALL_FILE] = 0x9fd2c4ff, [MODEL_CALL_OTHER] = 0xc3cad4ff,
    [MODEL_HELD] = 0xb5bfcbff,      [MODEL_HELD_CONTENDED] = 0xf2a541ff,
    [MODEL_NAMED] = 0x9cc0f0ff,     [MODEL_NAMED + 1] = 0x8fd0bbff,
    [MODEL_NAMED + 2] = 0xe0bd84ff, [MODEL_NAMED + 3] = 0xcfb0e2ff,
    [MODEL_NAMED + 4] = 0xb2d395ff, [MODEL_NAMED + 5] = 0xe8abbeff,
};

/* After Okabe and Ito, "Color Universal Design": apart for people who miss one of the
 * three kinds of cones, by hue or by brightness. */
static const gfx_color dark_safe[MODEL_CLASSES] = {
    [MODEL_RUNNING] = 0x56b4e9ff,   [MODEL_RUNNABLE] = 0xf0e442ff,
    [MODEL_PREEMPTED] = 0xe69f00ff, [MODEL_LOCK] = 0xd55e00ff,
    [MODEL_COND] = 0x4a4a78ff,      [MODEL_JOIN] = 0x6b5a70ff,
    [MODEL_IO] = 0x009e73ff,        [MODEL_PAGE_FAULT] = 0xcc79a7ff,
    [MODEL_SYSCALL] = 0x24466bff,   [MODEL_SLEEP] = 0x343d4bff,
    [MODEL_BLOCKED] = 0x5d6878ff,   [MODEL_UNKNOWN] = 0x262d38ff,
    [MODEL_CALL_IO] = 0x56b4e9ff,   [MODEL_CALL_POLL] = 0x2f4d70ff,
    [MODEL_CALL_SYNC] = 0xd98a4cff, [MODEL_CALL_MEMORY] = 0xcc79a7ff,
    [MODEL_CALL_FILE] = 0x2a9d7fff, [MODEL_CALL_OTHER] = 0x8490a1ff,
    [MODEL_HELD] = 0x7c8798ff,      [MODEL_HELD_CONTENDED] = 0xe69f00ff,
    [MODEL_NAMED] = 0x5aa9e0ff,     [MODEL_NAMED + 1] = 0x1f9478ff,
    [MODEL_NAMED + 2] = 0xd9a441ff, [MODEL_NAMED + 3] = 0xc884acff,
    [MODEL_NAMED + 4] = 0xd9d160ff, [MODEL_NAMED + 5] = 0xd27a45ff,
};

static const gfx_color light_safe[MODEL_CLASSES] = {
    [MODEL_RUNNING] = 0x56b4e9ff,   [MODEL_RUNNABLE] = 0xf0e442ff,
    [MODEL_PREEMPTED] = 0xe69f00ff, [MODEL_LOCK] = 0xd55e00ff,
    [MODEL_COND] = 0xd9c4f0ff,      [MODEL_JOIN] = 0xead3dcff,
    [MODEL_IO] = 0x009e73ff,        [MODEL_PAGE_FAULT] = 0xcc79a7ff,
    [MODEL_SYSCALL] = 0xb9cde6ff,   [MODEL_SLEEP] = 0xe0e5ecff,
    [MODEL_BLOCKED] = 0x9ba5b5ff,   [MODEL_UNKNOWN] = 0xeef1f4ff,
    [MODEL_CALL_IO] = 0x7fc4ecff,   [MODEL_CALL_POLL] = 0xc6d7e9ff,
    [MODEL_CALL_SYNC] = 0xe5a878ff, [MODEL_CALL_MEMORY] = 0xd79cbeff,
    [MODEL_CALL_FILE] = 0x5dbb9fff, [MODEL_CALL_OTHER] = 0xc3cad4ff,
    [MODEL_HELD] = 0xb5bfcbff,      [MODEL_HELD_CONTENDED] = 0xe69f00ff,
    [MODEL_NAMED] = 0x8fc6ecff,     [MODEL_NAMED + 1] = 0x6cc0a6ff,
    [MODEL_NAMED + 2] = 0xe8bf70ff, [MODEL_NAMED + 3] = 0xdcb0c9ff,
    [MODEL_NAMED + 4] = 0xefe88dff, [MODEL_NAMED + 5] = 0xe2a27cff,
};

static const gfx_color flame_colors[] = {
    0xe29a62ff, 0xdcb75fff, 0x97bd72ff, 0x68b8a6ff, 0x78acdcff, 0xab9bdcff, 0xdb9ab8ff, 0xbcae9aff,
};

enum {
    FLAME_COLORS = sizeof flame_colors / sizeof *flame_colors
};

static const gfx_color ink = 0x0b1017ff, paper = 0xeef2f7ff;

gfx_color palette_span(const struct gfx_theme *t, enum model_class c)
{
    const gfx_color *colors = t->is_safe   ? (t->is_dark ? dark_safe : light_safe)
                              : t->is_dark ? dark
                                           : light;
    return colors[c < MODEL_CLASSES ? c : MODEL_UNKNOWN];
}

gfx_color palette_span_text(const struct gfx_theme *t, enum model_class c)
{
    gfx_color back = palette_span(t, c);
    return gfx_contrast(back, ink) > gfx_contrast(back, paper) ? ink : paper;
}

static uint32_t hash_name(const char *s, size_t len)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)s[i]) * 16777619u;
    return h ^ h >> 15;
}

/* Length of a Go package's path or a C++ namespace at a name's begin, 0 for none. */
static size_t package_length(const char *name)
{
    const char *end = name + strcspn(name, "(<[ "), *slash = name, *p;
    for (p = name; p < end; p++)
        if (*p == '/')
            slash = p + 1;
    for (p = slash; p < end; p++)
        if (*p == '.' || (*p == ':' && p[1] == ':'))
            return (size_t)(p - name);
    return 0;
}

gfx_color palette_flame(const struct gfx_theme *t, const char *module, const char *function)
{
    size_t package = package_length(function);
    uint32_t family = package ? hash_name(function, package) : hash_name(module, strlen(module));
    gfx_color base = flame_colors[family % FLAME_COLORS];
    return gfx_mix(base, t->is_dark ? paper : 0xffffffff,
                   hash_name(function, strlen(function)) % 72);
}

gfx_color palette_flame_text(void)
{
    return ink;
}
