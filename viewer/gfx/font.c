#include "gfx/font.h"

#include <SDL_ttf.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ASCII_FIRST = 32,
    ASCII_END = 127,
    EXTRA_GLYPHS = 512
};

struct face {
    TTF_Font *ttf;
    int height_px;
    struct gfx_glyph ascii[ASCII_END - ASCII_FIRST];
    struct gfx_glyph extra[EXTRA_GLYPHS];
    int extra_count;
};

struct gfx_fonts {
    struct face faces[GFX_FONTS];
    uint8_t *alpha; /* owned */
    int side;
    int pen_x, pen_y, row_h; /* where the next glyph goes in the atlas */
    uint32_t generation;
};

/* Style of a font file; the last is what all others fall back to. */
enum style {
    STYLE_BOLD,
    STYLE_MONO,
    STYLE_PLAIN,
    STYLES
};

static const char *const file_names[STYLES][4] = {
    [STYLE_BOLD] = {"DejaVuSans-Bold.ttf", "NotoSans-Bold.ttf", "LiberationSans-Bold.ttf",
                    "FreeSansBold.ttf"},
    [STYLE_MONO] = {"DejaVuSansMono.ttf", "NotoSansMono-Regular.ttf", "LiberationMono-Regular.ttf",
                    "FreeMono.ttf"},
    [STYLE_PLAIN] = {"DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf",
                     "FreeSans.ttf"},
};

static const char *const folders[] = {
    "/usr/share/fonts/truetype/dejavu",
    "/usr/share/fonts/truetype/noto",
    "/usr/share/fonts/truetype/liberation",
    "/usr/share/fonts/truetype/liberation2",
    "/usr/share/fonts/truetype/freefont",
    "/usr/share/fonts/TTF",
    "/usr/share/fonts/dejavu",
    "/usr/share/fonts/dejavu-sans-fonts",
    "/usr/share/fonts/noto",
    "/usr/local/share/fonts",
};

static const struct {
    enum style style;
    double px;
} looks[GFX_FONTS] = {
    [GFX_SMALL] = {STYLE_PLAIN, 11}, [GFX_NORMAL] = {STYLE_PLAIN, 12.5},
    [GFX_BOLD] = {STYLE_BOLD, 12.5}, [GFX_TITLE] = {STYLE_BOLD, 15},
    [GFX_MONO] = {STYLE_MONO, 12},
};

static bool find_in_folders(enum style style, char path[PATH_MAX])
{
    for (size_t n = 0; n < 4; n++) {
        for (size_t d = 0; d < sizeof folders / sizeof *folders; d++) {
            snprintf(path, PATH_MAX, "%s/%s", folders[d], file_names[style][n]);
            if (access(path, R_OK) == 0)
                return true;
        }
    }
    return false;
}

/* The question is a constant: nothing of a user's or a trace's reaches the shell. */
static bool ask_fontconfig(enum style style, char path[PATH_MAX])
{
    static const char *const questions[STYLES] = {
        [STYLE_BOLD] = "fc-match -f '%{file}' sans:bold 2>/dev/null",
        [STYLE_MONO] = "fc-match -f '%{file}' mono 2>/dev/null",
        [STYLE_PLAIN] = "fc-match -f '%{file}' sans 2>/dev/null",
    };
    FILE *p = popen(questions[style], "re");
    if (!p)
        return false;
    bool ok = fgets(path, PATH_MAX, p) && access(path, R_OK) == 0;
    pclose(p);
    return ok;
}

static bool find_font(enum style style, char path[PATH_MAX], struct err *err)
{
    const char *told = getenv("WHYPROF_FONT");
    if (told && told[0] && style == STYLE_PLAIN) {
        snprintf(path, PATH_MAX, "%s", told);
        return true;
    }
    if (find_in_folders(style, path) || ask_fontconfig(style, path))
        return true;
    if (style != STYLE_PLAIN)
        return find_font(STYLE_PLAIN, path, err);
    err_set(err, "no font found for the viewer");
    return err_hint(err, "install one: apt-get install fonts-dejavu-core (or set WHYPROF_FONT to a "
                         ".ttf file)");
}

static bool open_faces(struct gfx_fonts *f, double scale, struct err *err)
{
    char paths[STYLES][PATH_MAX];
    for (int s = 0; s < STYLES; s++)
        if (!find_font((enum style)s, paths[s], err))
            return false;
    for (int i = 0; i < GFX_FONTS; i++) {
        int px = (int)(looks[i].px * scale + 0.5);
        const char *path = paths[looks[i].style];
        struct face *face = &f->faces[i];
        face->ttf = TTF_OpenFont(path, px);
        if (!face->ttf) {
            err_set(err, "open font %s: %s", path, TTF_GetError());
            return err_hint(err, "apt-get install fonts-dejavu-core");
        }
        TTF_SetFontHinting(face->ttf, TTF_HINTING_LIGHT);
        face->height_px = TTF_FontAscent(face->ttf) - TTF_FontDescent(face->ttf);
        face->extra_count = 0;
        memset(face->ascii, 0, sizeof face->ascii);
    }
    return true;
}

static void close_faces(struct gfx_fonts *f)
{
    for (int i = 0; i < GFX_FONTS; i++) {
        if (f->faces[i].ttf)
            TTF_CloseFont(f->faces[i].ttf);
        f->faces[i].ttf = NULL;
    }
    free(f->alpha);
    f->alpha = NULL;
}

bool gfx_fonts_scale(struct gfx_fonts *f, double scale, struct err *err)
{
    close_faces(f);
    f->side = scale > 1.6 ? 2048 : 1024;
    f->alpha = calloc((size_t)f->side, (size_t)f->side);
    if (!f->alpha)
        abort();
    f->pen_x = f->pen_y = f->row_h = 0;
    f->generation++;
    return open_faces(f, scale, err);
}

struct gfx_fonts *gfx_fonts_open(double scale, struct err *err)
{
    if (!TTF_WasInit() && TTF_Init() < 0) {
        err_set(err, "start SDL_ttf: %s", TTF_GetError());
        return NULL;
    }
    struct gfx_fonts *f = calloc(1, sizeof *f);
    if (!f)
        abort();
    if (!gfx_fonts_scale(f, scale, err)) {
        gfx_fonts_close(f);
        return NULL;
    }
    return f;
}

void gfx_fonts_close(struct gfx_fonts *f)
{
    if (!f)
        return;
    close_faces(f);
    free(f);
    TTF_Quit();
}

/* Takes a place in the atlas, row by row; false when it is full. */
static bool place(struct gfx_fonts *f, struct gfx_glyph *g)
{
    if (f->pen_x + g->w > f->side) {
        f->pen_x = 0;
        f->pen_y += f->row_h + 1;
        f->row_h = 0;
    }
    if (f->pen_y + g->h > f->side)
        return false;
    g->x = (int16_t)f->pen_x;
    g->y = (int16_t)f->pen_y;
    f->pen_x += g->w + 1;
    if (g->h > f->row_h)
        f->row_h = g->h;
    return true;
}

static void draw_glyph(struct gfx_fonts *f, struct face *face, struct gfx_glyph *g)
{
    SDL_Color white = {255, 255, 255, 255};
    SDL_Surface *s = TTF_RenderGlyph32_Blended(face->ttf, g->code, white);
    if (!s)
        return;
    g->w = (int16_t)s->w;
    g->h = (int16_t)s->h;
    if (place(f, g)) {
        for (int y = 0; y < g->h; y++) {
            const uint8_t *from = (const uint8_t *)s->pixels + (ptrdiff_t)y * s->pitch;
            uint8_t *to = f->alpha + (size_t)(g->y + y) * (size_t)f->side + g->x;
            for (int x = 0; x < g->w; x++) {
                uint32_t pixel;
                memcpy(&pixel, from + (ptrdiff_t)x * 4, 4);
                to[x] = (uint8_t)((pixel & s->format->Amask) >> s->format->Ashift);
            }
        }
        f->generation++;
    } else {
        g->w = g->h = 0;
    }
    SDL_FreeSurface(s);
}

static void make_glyph(struct gfx_fonts *f, struct face *face, struct gfx_glyph *g, uint32_t code)
{
    int minx = 0, advance = 0;
    g->code = code;
    TTF_GlyphMetrics32(face->ttf, code, &minx, NULL, NULL, NULL, &advance);
    g->advance = (int16_t)advance;
    g->left = (int16_t)(minx < 0 ? minx : 0);
    if (code != ' ')
        draw_glyph(f, face, g);
}

const struct gfx_glyph *gfx_font_glyph(struct gfx_fonts *f, enum gfx_font font, uint32_t code)
{
    struct face *face = &f->faces[font];
    if (code < ASCII_FIRST)
        code = ' ';
    if (code < ASCII_END) {
        struct gfx_glyph *g = &face->ascii[code - ASCII_FIRST];
        if (!g->code)
            make_glyph(f, face, g, code);
        return g;
    }
    for (int i = 0; i < face->extra_count; i++)
        if (face->extra[i].code == code)
            return &face->extra[i];
    if (face->extra_count == EXTRA_GLYPHS)
        return gfx_font_glyph(f, font, '?');
    struct gfx_glyph *g = &face->extra[face->extra_count++];
    memset(g, 0, sizeof *g);
    make_glyph(f, face, g, code);
    return g;
}

struct gfx_atlas gfx_fonts_atlas(const struct gfx_fonts *f)
{
    return (struct gfx_atlas){f->alpha, f->side, f->generation};
}

int gfx_font_height(const struct gfx_fonts *f, enum gfx_font font)
{
    return f->faces[font].height_px;
}

uint32_t gfx_utf8_next(const char **s)
{
    const unsigned char *p = (const unsigned char *)*s;
    uint32_t code = p[0];
    int more = code < 0x80 ? 0 : code >= 0xf0 ? 3 : code >= 0xe0 ? 2 : code >= 0xc0 ? 1 : -1;
    if (more > 0)
        code &= 0x3fu >> more;
    for (int i = 1; i <= more; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            more = -1;
            break;
        }
        code = code << 6 | (p[i] & 0x3f);
    }
    *s += more < 0 ? 1 : more + 1;
    return more < 0 ? 0xfffd : code;
}

int gfx_text_width(struct gfx_fonts *f, enum gfx_font font, const char *s, int len)
{
    int width = 0;
    const char *end = len < 0 ? NULL : s + len;
    while (*s && (!end || s < end))
        width += gfx_font_glyph(f, font, gfx_utf8_next(&s))->advance;
    return width;
}

enum {
    LEAST_LETTERS = 4
};

int gfx_text_elide(struct gfx_fonts *f, enum gfx_font font, const char *s, int width_px, char *buf,
                   size_t bytes)
{
    static const char ellipsis[] = "\xe2\x80\xa6";
    int dots = gfx_font_glyph(f, font, 0x2026)->advance, width = 0, cut_width = 0;
    const char *p = s, *cut = s;
    while (*p) {
        const char *next = p;
        width += gfx_font_glyph(f, font, gfx_utf8_next(&next))->advance;
        if (width > width_px || (size_t)(next - s) + sizeof ellipsis > bytes)
            break;
        p = next;
        if (width + dots <= width_px) {
            cut = p;
            cut_width = width;
        }
    }
    if (!*p) {
        snprintf(buf, bytes, "%s", s);
        return width;
    }
    /* A few letters and dots say nothing. */
    if (cut - s < LEAST_LETTERS) {
        buf[0] = '\0';
        return 0;
    }
    memcpy(buf, s, (size_t)(cut - s));
    memcpy(buf + (cut - s), ellipsis, sizeof ellipsis);
    return cut_width + dots;
}
