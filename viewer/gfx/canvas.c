#include "gfx/canvas.h"

#include "gfx/canvas_private.h"
#include "gfx/png.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

static struct gfx_canvas *canvas_new(void)
{
    struct gfx_canvas *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    return c;
}

static bool have_display(void)
{
    const char *driver = getenv("SDL_VIDEODRIVER");
    const char *x11 = getenv("DISPLAY"), *wayland = getenv("WAYLAND_DISPLAY");
    return (driver && driver[0]) || (x11 && x11[0]) || (wayland && wayland[0]);
}

static bool start_video(struct err *err)
{
    if (have_display() && SDL_InitSubSystem(SDL_INIT_VIDEO) == 0)
        return true;
    err_set(err, "open a window: %s",
            have_display() ? SDL_GetError() : "there is no display (DISPLAY is not set)");
    return err_hint(err, "for a picture without one: whyprof view FILE --screenshot OUT.png "
                         "--size 1920x1080");
}

static bool make_renderer(struct gfx_canvas *c, struct err *err)
{
    SDL_SetHint(SDL_HINT_RENDER_BATCHING, "1");
    c->renderer =
        SDL_CreateRenderer(c->window, -1, SDL_RENDERER_ACCELERATED | SDL_RENDERER_PRESENTVSYNC);
    if (!c->renderer)
        c->renderer = SDL_CreateRenderer(c->window, -1, SDL_RENDERER_SOFTWARE);
    if (!c->renderer)
        return err_set(err, "make a renderer: %s", SDL_GetError());
    return true;
}

struct gfx_canvas *gfx_canvas_window(const char *title, int width, int height, struct err *err)
{
    SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "0");
    SDL_SetHint(SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "1");
    if (!start_video(err))
        return NULL;
    struct gfx_canvas *c = canvas_new();
    c->window = SDL_CreateWindow(title, SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED, width,
                                 height, SDL_WINDOW_RESIZABLE | SDL_WINDOW_ALLOW_HIGHDPI);
    if (!c->window || !make_renderer(c, err)) {
        if (!c->window)
            err_set(err, "open a window: %s", SDL_GetError());
        gfx_canvas_close(c);
        return NULL;
    }
    SDL_SetWindowMinimumSize(c->window, 640, 400);
    SDL_StartTextInput();
    return c;
}

bool gfx_canvas_resize(struct gfx_canvas *c, int width_px, int height_px, struct err *err)
{
    if (c->window) {
        SDL_SetWindowSize(c->window, width_px, height_px);
        return true;
    }
    if (c->atlas)
        SDL_DestroyTexture(c->atlas);
    if (c->renderer)
        SDL_DestroyRenderer(c->renderer);
    SDL_FreeSurface(c->surface);
    c->atlas = NULL;
    c->renderer = NULL;
    c->drawn = false;
    c->surface =
        SDL_CreateRGBSurfaceWithFormat(0, width_px, height_px, 32, SDL_PIXELFORMAT_ARGB8888);
    if (c->surface)
        c->renderer = SDL_CreateSoftwareRenderer(c->surface);
    if (!c->renderer)
        return err_set(err, "make a picture of %dx%d: %s", width_px, height_px, SDL_GetError());
    return true;
}

struct gfx_canvas *gfx_canvas_offscreen(int width_px, int height_px, struct err *err)
{
    struct gfx_canvas *c = canvas_new();
    if (gfx_canvas_resize(c, width_px, height_px, err))
        return c;
    gfx_canvas_close(c);
    return NULL;
}

void gfx_canvas_close(struct gfx_canvas *c)
{
    if (!c)
        return;
    for (int i = 0; i < GFX_CURSORS; i++)
        if (c->cursors[i])
            SDL_FreeCursor(c->cursors[i]);
    if (c->atlas)
        SDL_DestroyTexture(c->atlas);
    if (c->renderer)
        SDL_DestroyRenderer(c->renderer);
    SDL_FreeSurface(c->surface);
    if (c->window) {
        SDL_DestroyWindow(c->window);
        SDL_QuitSubSystem(SDL_INIT_VIDEO);
    }
    free(c);
}

void gfx_canvas_size(const struct gfx_canvas *c, int *width_px, int *height_px)
{
    SDL_GetRendererOutputSize(c->renderer, width_px, height_px);
}

double gfx_canvas_density(const struct gfx_canvas *c)
{
    if (!c->window)
        return 1;
    int px, units, ignored;
    SDL_GetRendererOutputSize(c->renderer, &px, &ignored);
    SDL_GetWindowSize(c->window, &units, &ignored);
    return units > 0 ? (double)px / units : 1;
}

void gfx_canvas_title(struct gfx_canvas *c, const char *title)
{
    if (c->window)
        SDL_SetWindowTitle(c->window, title);
}

static void upload_atlas(struct gfx_canvas *c, struct gfx_fonts *fonts)
{
    struct gfx_atlas a = gfx_fonts_atlas(fonts);
    if (c->atlas && c->atlas_generation == a.generation && c->atlas_side == a.side)
        return;
    if (c->atlas && c->atlas_side != a.side) {
        SDL_DestroyTexture(c->atlas);
        c->atlas = NULL;
    }
    if (!c->atlas) {
        c->atlas = SDL_CreateTexture(c->renderer, SDL_PIXELFORMAT_ARGB8888,
                                     SDL_TEXTUREACCESS_STATIC, a.side, a.side);
        SDL_SetTextureBlendMode(c->atlas, SDL_BLENDMODE_BLEND);
    }
    size_t count = (size_t)a.side * (size_t)a.side;
    uint32_t *pixels = mem_realloc(NULL, count, sizeof *pixels);
    for (size_t i = 0; i < count; i++)
        pixels[i] = (uint32_t)a.alpha[i] << 24 | 0xffffff;
    SDL_UpdateTexture(c->atlas, NULL, pixels, a.side * 4);
    free(pixels);
    c->atlas_generation = a.generation;
    c->atlas_side = a.side;
}

/* All glyphs must be in the atlas before the first is drawn. */
static void prepare_text(struct gfx_canvas *c, const struct gfx_list *l, struct gfx_fonts *fonts)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->cmds[i].op == GFX_TEXT)
            gfx_text_width(fonts, (enum gfx_font)l->cmds[i].font, l->text + l->cmds[i].text, -1);
    upload_atlas(c, fonts);
}

static void draw_text(struct gfx_canvas *c, const struct gfx_list *l, const struct gfx_cmd *cmd,
                      struct gfx_fonts *fonts, struct gfx_rect clip)
{
    const char *s = l->text + cmd->text;
    int x = cmd->r.x;
    SDL_SetTextureColorMod(c->atlas, cmd->color >> 24, cmd->color >> 16 & 255,
                           cmd->color >> 8 & 255);
    SDL_SetTextureAlphaMod(c->atlas, cmd->color & 255);
    while (*s && x < clip.x + clip.w) {
        const struct gfx_glyph *g =
            gfx_font_glyph(fonts, (enum gfx_font)cmd->font, gfx_utf8_next(&s));
        if (g->w) {
            SDL_Rect from = {g->x, g->y, g->w, g->h};
            SDL_Rect to = {x + g->left, cmd->r.y, g->w, g->h};
            SDL_RenderCopy(c->renderer, c->atlas, &from, &to);
        }
        x += g->advance;
    }
}

/* Blending costs the software renderer a multiple of filling. */
static void set_color(struct gfx_canvas *c, gfx_color color)
{
    unsigned alpha = color & 255;
    SDL_SetRenderDrawBlendMode(c->renderer,
                               alpha == 255 ? SDL_BLENDMODE_NONE : SDL_BLENDMODE_BLEND);
    SDL_SetRenderDrawColor(c->renderer, color >> 24, color >> 16 & 255, color >> 8 & 255,
                           (Uint8)alpha);
}

/* Neighbouring rects of one colour go out as one batch. */
static size_t draw_rects(struct gfx_canvas *c, const struct gfx_list *l, size_t i)
{
    enum {
        BATCH = 256
    };
    SDL_Rect rects[BATCH];
    int n = 0;
    gfx_color color = l->cmds[i].color;
    for (; i < l->count && n < BATCH; i++) {
        const struct gfx_cmd *cmd = &l->cmds[i];
        if (cmd->op != GFX_RECT || cmd->color != color)
            break;
        rects[n++] = (SDL_Rect){cmd->r.x, cmd->r.y, cmd->r.w, cmd->r.h};
    }
    set_color(c, color);
    SDL_RenderFillRects(c->renderer, rects, n);
    return i;
}

static void replay(struct gfx_canvas *c, const struct gfx_list *l, struct gfx_fonts *fonts)
{
    struct gfx_rect clip = l->clips[0];
    SDL_RenderSetClipRect(c->renderer, NULL);
    for (size_t i = 0; i < l->count;) {
        const struct gfx_cmd *cmd = &l->cmds[i];
        if (cmd->op == GFX_RECT) {
            i = draw_rects(c, l, i);
            continue;
        }
        if (cmd->op == GFX_CLIP) {
            clip = cmd->r;
            SDL_Rect r = {clip.x, clip.y, clip.w, clip.h};
            SDL_RenderSetClipRect(c->renderer, &r);
        } else if (cmd->op == GFX_LINE) {
            set_color(c, cmd->color);
            SDL_RenderDrawLine(c->renderer, cmd->r.x, cmd->r.y, cmd->r.w, cmd->r.h);
        } else if (clip.w > 0 && clip.h > 0) {
            draw_text(c, l, cmd, fonts, clip);
        }
        i++;
    }
}

void gfx_canvas_draw(struct gfx_canvas *c, const struct gfx_list *l, struct gfx_fonts *fonts)
{
    uint64_t hash = gfx_list_hash(l) ^ gfx_fonts_atlas(fonts).generation;
    if (c->drawn && hash == c->hash)
        return;
    prepare_text(c, l, fonts);
    SDL_SetRenderDrawColor(c->renderer, 0, 0, 0, 255);
    SDL_RenderClear(c->renderer);
    replay(c, l, fonts);
    SDL_RenderPresent(c->renderer);
    c->hash = gfx_list_hash(l) ^ gfx_fonts_atlas(fonts).generation;
    c->drawn = true;
}

bool gfx_canvas_save(struct gfx_canvas *c, const char *path, struct err *err)
{
    int w, h;
    gfx_canvas_size(c, &w, &h);
    uint32_t *pixels = mem_realloc(NULL, (size_t)w * (size_t)h, sizeof *pixels);
    bool ok = SDL_RenderReadPixels(c->renderer, NULL, SDL_PIXELFORMAT_ARGB8888, pixels, w * 4) == 0;
    if (!ok)
        err_set(err, "read the picture: %s", SDL_GetError());
    ok = ok && gfx_png_write(path, pixels, w, h, w, err);
    free(pixels);
    return ok;
}

void gfx_canvas_cursor(struct gfx_canvas *c, enum gfx_cursor cursor)
{
    static const SDL_SystemCursor ids[GFX_CURSORS] = {
        [GFX_CURSOR_ARROW] = SDL_SYSTEM_CURSOR_ARROW,
        [GFX_CURSOR_HAND] = SDL_SYSTEM_CURSOR_HAND,
        [GFX_CURSOR_SPLIT] = SDL_SYSTEM_CURSOR_SIZENS,
        [GFX_CURSOR_SPLIT_X] = SDL_SYSTEM_CURSOR_SIZEWE,
    };
    if (!c->window || c->cursor == cursor)
        return;
    if (!c->cursors[cursor])
        c->cursors[cursor] = SDL_CreateSystemCursor(ids[cursor]);
    SDL_SetCursor(c->cursors[cursor]);
    c->cursor = cursor;
}
