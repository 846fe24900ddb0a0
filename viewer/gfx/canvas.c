#include "gfx/canvas.h"

#include "gfx/canvas_private.h"
#include "gfx/png.h"

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

void gfx_canvas_resize(struct gfx_canvas *c, int width_px, int height_px)
{
    if (c->window)
        SDL_SetWindowSize(c->window, width_px, height_px);
    else
        gfx_pixels_resize(&c->pixels, width_px, height_px);
    c->drawn = false;
}

bool gfx_canvas_copy(struct gfx_canvas *c, const char *text)
{
    return c->window && SDL_SetClipboardText(text) == 0;
}

struct gfx_canvas *gfx_canvas_offscreen(int width_px, int height_px)
{
    struct gfx_canvas *c = canvas_new();
    gfx_canvas_resize(c, width_px, height_px);
    return c;
}

void gfx_canvas_close(struct gfx_canvas *c)
{
    if (!c)
        return;
    for (int i = 0; i < GFX_CURSORS; i++)
        if (c->cursors[i])
            SDL_FreeCursor(c->cursors[i]);
    if (c->screen)
        SDL_DestroyTexture(c->screen);
    if (c->renderer)
        SDL_DestroyRenderer(c->renderer);
    gfx_pixels_release(&c->pixels);
    if (c->window) {
        SDL_DestroyWindow(c->window);
        SDL_QuitSubSystem(SDL_INIT_VIDEO);
    }
    free(c);
}

void gfx_canvas_size(const struct gfx_canvas *c, int *width_px, int *height_px)
{
    *width_px = c->pixels.w;
    *height_px = c->pixels.h;
    if (c->window)
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

/* Changed bands, or all where the screen does not show the frame before. */
static bool upload(struct gfx_canvas *c)
{
    const struct gfx_pixels *px = &c->pixels;
    for (int b = 0; b < px->band_count; b++) {
        int top = b * GFX_BAND_PX, h = px->h - top < GFX_BAND_PX ? px->h - top : GFX_BAND_PX;
        SDL_Rect r = {0, top, px->w, h};
        if ((px->changed[b] || !c->drawn) &&
            SDL_UpdateTexture(c->screen, &r, px->p + (size_t)top * (size_t)px->w, px->w * 4) < 0)
            return false;
    }
    return true;
}

/* Brings the pixels to the window; false when the driver lost its texture. */
static bool present(struct gfx_canvas *c)
{
    int w = 0, h = 0;
    if (c->screen)
        SDL_QueryTexture(c->screen, NULL, NULL, &w, &h);
    if (c->screen && (w != c->pixels.w || h != c->pixels.h)) {
        SDL_DestroyTexture(c->screen);
        c->screen = NULL;
        c->drawn = false;
    }
    if (!c->screen)
        c->screen = SDL_CreateTexture(c->renderer, SDL_PIXELFORMAT_ARGB8888,
                                      SDL_TEXTUREACCESS_STREAMING, c->pixels.w, c->pixels.h);
    if (!c->screen || !upload(c))
        return false;
    SDL_SetTextureBlendMode(c->screen, SDL_BLENDMODE_NONE);
    SDL_RenderCopy(c->renderer, c->screen, NULL, NULL);
    SDL_RenderPresent(c->renderer);
    return true;
}

void gfx_canvas_draw(struct gfx_canvas *c, const struct gfx_list *l, struct gfx_fonts *fonts)
{
    int w, h;
    gfx_canvas_size(c, &w, &h);
    if (w < 1 || h < 1 || c->hidden)
        return;
    gfx_pixels_resize(&c->pixels, w, h);
    if (!gfx_raster(&c->pixels, l, fonts) && c->drawn)
        return;
    c->drawn = !c->window || present(c);
    c->frames++;
}

uint64_t gfx_canvas_frames(const struct gfx_canvas *c)
{
    return c->frames;
}

bool gfx_canvas_save(struct gfx_canvas *c, const char *path, struct err *err)
{
    return gfx_png_write(path, c->pixels.p, c->pixels.w, c->pixels.h, c->pixels.w, err);
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
