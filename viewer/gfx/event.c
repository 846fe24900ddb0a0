/* event: SDL's events as ours. */
#include "gfx/canvas_private.h"

#include <stdlib.h>
#include <string.h>

static int key_of(SDL_Keycode sym)
{
    static const struct {
        SDL_Keycode sym;
        int key;
    } named[] = {
        {SDLK_RETURN, GFX_KEY_ENTER},
        {SDLK_KP_ENTER, GFX_KEY_ENTER},
        {SDLK_ESCAPE, GFX_KEY_ESCAPE},
        {SDLK_TAB, GFX_KEY_TAB},
        {SDLK_BACKSPACE, GFX_KEY_BACKSPACE},
        {SDLK_LEFT, GFX_KEY_LEFT},
        {SDLK_RIGHT, GFX_KEY_RIGHT},
        {SDLK_UP, GFX_KEY_UP},
        {SDLK_DOWN, GFX_KEY_DOWN},
        {SDLK_HOME, GFX_KEY_HOME},
        {SDLK_END, GFX_KEY_END},
        {SDLK_PAGEUP, GFX_KEY_PAGE_UP},
        {SDLK_PAGEDOWN, GFX_KEY_PAGE_DOWN},
        {SDLK_KP_0, '0'},
    };
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if (named[i].sym == sym)
            return named[i].key;
    return sym >= 32 && sym < 127 ? (int)sym : 0;
}

static unsigned mods_of(SDL_Keymod mod)
{
    return (mod & KMOD_SHIFT ? GFX_SHIFT : 0u) | (mod & KMOD_CTRL ? GFX_CTRL : 0u) |
           (mod & KMOD_ALT ? GFX_ALT : 0u);
}

static void read_window_event(struct gfx_canvas *c, const SDL_WindowEvent *w, struct gfx_event *e)
{
    switch (w->event) {
    case SDL_WINDOWEVENT_MINIMIZED:
    case SDL_WINDOWEVENT_HIDDEN:
        c->hidden = true;
        break;
    case SDL_WINDOWEVENT_SIZE_CHANGED:
    case SDL_WINDOWEVENT_DISPLAY_CHANGED:
    case SDL_WINDOWEVENT_EXPOSED:
    case SDL_WINDOWEVENT_SHOWN:
    case SDL_WINDOWEVENT_MAXIMIZED:
    case SDL_WINDOWEVENT_RESTORED:
        c->hidden = false;
        c->drawn = false;
        e->kind = GFX_EVENT_RESIZE;
        break;
    case SDL_WINDOWEVENT_LEAVE:
        e->kind = GFX_EVENT_LEAVE;
        break;
    case SDL_WINDOWEVENT_FOCUS_LOST:
        e->kind = GFX_EVENT_BLUR;
        break;
    default:
        break;
    }
}

static void read_pointer(struct gfx_canvas *c, struct gfx_event *e, int x, int y)
{
    double density = gfx_canvas_density(c);
    e->x = (int)(x * density);
    e->y = (int)(y * density);
}

static void read_event(struct gfx_canvas *c, SDL_Event *s, struct gfx_event *e)
{
    int x, y;
    e->mods = mods_of(SDL_GetModState());
    switch (s->type) {
    case SDL_QUIT:
        e->kind = GFX_EVENT_QUIT;
        break;
    case SDL_KEYDOWN:
    case SDL_KEYUP:
        e->kind = s->type == SDL_KEYDOWN ? GFX_EVENT_KEY : GFX_EVENT_KEY_UP;
        e->key = key_of(s->key.keysym.sym);
        e->mods = mods_of((SDL_Keymod)s->key.keysym.mod);
        e->repeat = s->key.repeat;
        break;
    case SDL_TEXTINPUT:
        e->kind = GFX_EVENT_TEXT;
        memcpy(e->text, s->text.text, sizeof e->text);
        e->text[sizeof e->text - 1] = '\0';
        break;
    case SDL_MOUSEMOTION:
        e->kind = GFX_EVENT_MOVE;
        read_pointer(c, e, s->motion.x, s->motion.y);
        break;
    case SDL_MOUSEBUTTONDOWN:
    case SDL_MOUSEBUTTONUP:
        e->kind = s->type == SDL_MOUSEBUTTONDOWN ? GFX_EVENT_PRESS : GFX_EVENT_RELEASE;
        e->button = s->button.button;
        e->clicks = s->button.clicks;
        read_pointer(c, e, s->button.x, s->button.y);
        break;
    case SDL_MOUSEWHEEL:
        e->kind = GFX_EVENT_WHEEL;
        e->wheel = s->wheel.preciseY;
        e->wheel_x = s->wheel.preciseX;
        SDL_GetMouseState(&x, &y);
        read_pointer(c, e, x, y);
        break;
    case SDL_WINDOWEVENT:
        read_window_event(c, &s->window, e);
        break;
    case SDL_RENDER_TARGETS_RESET:
    case SDL_RENDER_DEVICE_RESET:
        c->drawn = false;
        if (c->screen)
            SDL_DestroyTexture(c->screen);
        c->screen = NULL;
        e->kind = GFX_EVENT_RESIZE;
        break;
    case SDL_DROPFILE:
        e->kind = GFX_EVENT_DROP;
        e->path = strdup(s->drop.file);
        SDL_free(s->drop.file);
        break;
    case SDL_USEREVENT:
        e->kind = GFX_EVENT_WAKE;
        break;
    default:
        break;
    }
}

bool gfx_canvas_event(struct gfx_canvas *c, int timeout_ms, struct gfx_event *event)
{
    SDL_Event s;
    *event = (struct gfx_event){0};
    int got = timeout_ms < 0 ? SDL_WaitEvent(&s) : SDL_WaitEventTimeout(&s, timeout_ms);
    if (!got)
        return false;
    read_event(c, &s, event);
    return true;
}

void gfx_wake(void)
{
    if (!SDL_WasInit(SDL_INIT_VIDEO))
        return;
    SDL_Event s = {.type = SDL_USEREVENT};
    SDL_PushEvent(&s);
}

uint64_t gfx_now_ms(void)
{
    return SDL_GetTicks64();
}
