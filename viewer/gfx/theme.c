#include "gfx/theme.h"

#include <string.h>

/* What a theme shares with the one that is safe for the colour-blind. */
/* clang-format off */
#define DARK                                                                                       \
    .is_dark = true, .back = 0x11141aff, .back_alt = 0x151920ff, .panel = 0x1b2029ff,              \
    .raised = 0x29313dff, .hover = 0x36404fff, .line = 0x303947ff, .grid = 0x20262fff,             \
    .text = 0xe6eaf0ff, .text_dim = 0xa3aebdff, .accent = 0x6cb2ffff, .on_accent = 0x08131fff,     \
    .select = 0x6cb2ff30, .select_edge = 0x6cb2ffd0, .warn = 0xffb454ff, .shade = 0x06080bb0,      \
    .sample = 0xb3a46fff, .counter = 0x3f6f8fff, .counter_line = 0x86c5e8ff
#define LIGHT                                                                                      \
    .back = 0xffffffff, .back_alt = 0xf7f8faff, .panel = 0xeff1f4ff, .raised = 0xfafbfcff,         \
    .hover = 0xdde3eaff, .line = 0xccd3dcff, .grid = 0xe8ebefff, .text = 0x1a212cff,               \
    .text_dim = 0x505b6bff, .accent = 0x1f66b5ff, .on_accent = 0xffffffff, .select = 0x1f66b52c,   \
    .select_edge = 0x1f66b5c0, .warn = 0x9a4b00ff, .shade = 0x1a212c70, .sample = 0x7a5a00ff,      \
    .counter = 0xb7d3e6ff, .counter_line = 0x2a6f9aff
/* clang-format on */

/* Good and bad are green and orange, or, where red and green must not matter, blue and
 * orange. */
static const struct gfx_theme themes[] = {
    {DARK, .name = "dark", .good = 0x7bd39aff},
    {LIGHT, .name = "light", .good = 0x1c6b3aff},
    {DARK, .name = "dark-safe", .is_safe = true, .good = 0x7cc4f5ff},
    {LIGHT, .name = "light-safe", .is_safe = true, .good = 0x00568fff},
};

enum {
    THEMES = sizeof themes / sizeof *themes
};

const struct gfx_theme *gfx_theme(bool is_dark, bool is_safe)
{
    size_t i = 0;
    while (themes[i].is_dark != is_dark || themes[i].is_safe != is_safe)
        i++;
    return &themes[i];
}

const struct gfx_theme *gfx_theme_named(const char *name)
{
    for (size_t i = 0; i < THEMES; i++)
        if (!strcmp(themes[i].name, name))
            return &themes[i];
    return NULL;
}
