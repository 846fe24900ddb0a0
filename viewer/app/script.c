#include "app/script.h"

#include "app/export.h"
#include "app/keys.h"
#include "base/file.h"
#include "base/opt.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void send(struct app *app, struct gfx_event e)
{
    app_event(app, &e);
    app_settle(app);
}

static void move_to(struct app *app, int x, int y, unsigned mods)
{
    send(app, (struct gfx_event){.kind = GFX_EVENT_MOVE, .x = x, .y = y, .mods = mods});
}

static void press(struct app *app, enum gfx_event_kind kind, int x, int y, unsigned mods)
{
    send(app,
         (struct gfx_event){.kind = kind, .x = x, .y = y, .button = 1, .clicks = 1, .mods = mods});
}

static unsigned mods_of(const char *name)
{
    return !strcmp(name, "ctrl") ? GFX_CTRL : !strcmp(name, "shift") ? GFX_SHIFT : 0;
}

static bool step_key(struct app *app, const char *arg, struct err *err)
{
    struct gfx_event e;
    if (!keys_parse(arg, &e))
        return err_set(err, "'%s' is not a key", arg);
    send(app, e);
    /* A keyboard sends the character too. */
    if (e.kind == GFX_EVENT_KEY && e.key > ' ' && e.key < 127 && !(e.mods & ~(unsigned)GFX_SHIFT)) {
        char c = e.mods & GFX_SHIFT ? (char)toupper(e.key) : (char)e.key;
        send(app, (struct gfx_event){.kind = GFX_EVENT_TEXT, .text = {c}});
    }
    e.kind = GFX_EVENT_KEY_UP;
    app_event(app, &e);
    return true;
}

/* Characters one by one, as a keyboard sends them. */
static bool step_type(struct app *app, const char *arg, struct err *err)
{
    (void)err;
    for (; *arg; arg++)
        send(app, (struct gfx_event){.kind = GFX_EVENT_TEXT, .text = {*arg}});
    return true;
}

static bool step_click(struct app *app, const char *arg, struct err *err)
{
    int x, y;
    if (sscanf(arg, "%d %d", &x, &y) != 2)
        return err_set(err, "needs X Y");
    move_to(app, x, y, 0);
    press(app, GFX_EVENT_PRESS, x, y, 0);
    press(app, GFX_EVENT_RELEASE, x, y, 0);
    return true;
}

static bool step_double_click(struct app *app, const char *arg, struct err *err)
{
    int x, y;
    if (sscanf(arg, "%d %d", &x, &y) != 2 || !step_click(app, arg, err))
        return err_set(err, "needs X Y");
    send(app,
         (struct gfx_event){.kind = GFX_EVENT_PRESS, .x = x, .y = y, .button = 1, .clicks = 2});
    press(app, GFX_EVENT_RELEASE, x, y, 0);
    return true;
}

static bool step_move(struct app *app, const char *arg, struct err *err)
{
    int x, y;
    if (sscanf(arg, "%d %d", &x, &y) != 2)
        return err_set(err, "needs X Y");
    move_to(app, x, y, 0);
    return true;
}

static bool step_drag(struct app *app, const char *arg, struct err *err)
{
    int x0, y0, x1, y1;
    char mod[16] = "";
    if (sscanf(arg, "%d %d %d %d %15s", &x0, &y0, &x1, &y1, mod) < 4)
        return err_set(err, "needs X Y X Y");
    unsigned mods = mods_of(mod);
    move_to(app, x0, y0, mods);
    press(app, GFX_EVENT_PRESS, x0, y0, mods);
    move_to(app, (x0 + x1) / 2, (y0 + y1) / 2, mods);
    move_to(app, x1, y1, mods);
    press(app, GFX_EVENT_RELEASE, x1, y1, mods);
    return true;
}

static bool step_wheel(struct app *app, const char *arg, struct err *err)
{
    int x, y;
    float notches;
    char mod[16] = "";
    if (sscanf(arg, "%d %d %f %15s", &x, &y, &notches, mod) < 3)
        return err_set(err, "needs X Y NOTCHES");
    move_to(app, x, y, 0);
    send(app, (struct gfx_event){
                  .kind = GFX_EVENT_WHEEL, .x = x, .y = y, .wheel = notches, .mods = mods_of(mod)});
    return true;
}

static bool two_times(const char *arg, int64_t *begin, int64_t *end, struct err *err)
{
    char from[32], to[32];
    uint64_t a, b;
    if (sscanf(arg, "%31s %31s", from, to) != 2 || !opt_parse_duration(from, &a) ||
        !opt_parse_duration(to, &b))
        return err_set(err, "needs two times such as 10ms 20ms");
    *begin = (int64_t)a;
    *end = (int64_t)b;
    return true;
}

static bool step_select(struct app *app, const char *arg, struct err *err)
{
    int64_t begin = 0, end = 0;
    if (!two_times(arg, &begin, &end, err))
        return false;
    views_select_range(&app->views, begin, end);
    return true;
}

static bool step_show(struct app *app, const char *arg, struct err *err)
{
    int64_t begin = 0, end = 0;
    if (!two_times(arg, &begin, &end, err))
        return false;
    model_window_show(&app->views.window, begin, end);
    return true;
}

static bool step_tab(struct app *app, const char *arg, struct err *err)
{
    int tab = atoi(arg);
    if (tab < 0 || tab > (int)app->views.profile_count)
        return err_set(err, "there is no tab %d", tab);
    app->views.tab = tab;
    return true;
}

static bool step_drop(struct app *app, const char *arg, struct err *err)
{
    (void)err;
    char *path = strdup(arg);
    if (!path)
        abort();
    send(app, (struct gfx_event){.kind = GFX_EVENT_DROP, .path = path});
    return true;
}

static bool step_wait(struct app *app, const char *arg, struct err *err)
{
    (void)app;
    long ms = atol(arg);
    if (ms < 0 || ms > 60000)
        return err_set(err, "needs milliseconds up to 60000");
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
    return true;
}

static bool step_screenshot(struct app *app, const char *arg, struct err *err)
{
    return gfx_canvas_save(app->canvas, arg, err);
}

static bool step_svg(struct app *app, const char *arg, struct err *err)
{
    return export_svg(app, arg, err);
}

static bool step_csv(struct app *app, const char *arg, struct err *err)
{
    return export_csv(app, arg, err);
}

static bool step_trace(struct app *app, const char *arg, struct err *err)
{
    return export_trace_part(app, arg, err);
}

static bool touches(const struct gfx_cmd *c, struct gfx_rect box)
{
    if (c->op == GFX_TEXT)
        return gfx_inside(box, c->r.x, c->r.y);
    if (c->op == GFX_LINE)
        return gfx_inside(box, c->r.x, c->r.y) || gfx_inside(box, c->r.w, c->r.h);
    struct gfx_rect seen = gfx_intersect(c->r, box);
    return seen.w > 0 && seen.h > 0;
}

/* What a part of the frame is made of, so that a test of one view does not see the
 * others; of the clips those that something in it is cut to. */
static void dump_part(const struct gfx_list *l, struct gfx_rect box, struct strbuf *out)
{
    struct gfx_list part = *l;
    const struct gfx_cmd *clip = NULL;
    part.cmds = mem_realloc(NULL, l->count + 1, sizeof *part.cmds);
    part.count = 0;
    for (size_t i = 0; i < l->count; i++) {
        const struct gfx_cmd *c = &l->cmds[i];
        if (c->op == GFX_CLIP) {
            clip = c;
        } else if (touches(c, box)) {
            if (clip)
                part.cmds[part.count++] = *clip;
            clip = NULL;
            part.cmds[part.count++] = *c;
        }
    }
    gfx_list_dump(&part, out);
    free(part.cmds);
}

static bool step_dump(struct app *app, const char *arg, struct err *err)
{
    struct strbuf text = {0};
    struct file_out out;
    struct gfx_rect box;
    char path[256];
    int read = sscanf(arg, "%255s %d %d %d %d", path, &box.x, &box.y, &box.w, &box.h);
    if (read != 1 && read != 5)
        return err_set(err, "needs OUT.txt [X Y WIDTH HEIGHT]");
    if (read == 5)
        dump_part(&app->list, box, &text);
    else
        gfx_list_dump(&app->list, &text);
    bool ok = file_out_open(&out, path, err);
    if (ok) {
        file_out_write(&out, strbuf_str(&text), text.len);
        ok = file_out_commit(&out, err);
    }
    strbuf_release(&text);
    return ok;
}

static bool step_size(struct app *app, const char *arg, struct err *err)
{
    int w, h;
    if (sscanf(arg, "%dx%d", &w, &h) != 2 || w < 1 || h < 1 || w > 16384 || h > 16384)
        return err_set(err, "needs WIDTHxHEIGHT");
    gfx_canvas_resize(app->canvas, w, h);
    return true;
}

static bool step_expect(struct app *app, const char *arg, struct err *err)
{
    return gfx_list_shows(&app->list, arg) || err_set(err, "'%s' is not on screen", arg);
}

static bool step_reject(struct app *app, const char *arg, struct err *err)
{
    return !gfx_list_shows(&app->list, arg) || err_set(err, "'%s' is on screen", arg);
}

static bool step_copied(struct app *app, const char *arg, struct err *err)
{
    const char *text = app->views.copied;
    return (text && strstr(text, arg)) ||
           err_set(err, "'%s' was not copied, but: %.200s", arg, text ? text : "nothing");
}

static const struct {
    const char *name;
    bool (*run)(struct app *app, const char *arg, struct err *err);
} steps[] = {
    {"drop", step_drop},     {"key", step_key},
    {"type", step_type},     {"click", step_click},
    {"move", step_move},     {"drag", step_drag},
    {"wheel", step_wheel},   {"select-range", step_select},
    {"show", step_show},     {"tab", step_tab},
    {"wait", step_wait},     {"screenshot", step_screenshot},
    {"dump", step_dump},     {"size", step_size},
    {"trace", step_trace},   {"svg", step_svg},
    {"csv", step_csv},       {"expect", step_expect},
    {"reject", step_reject}, {"double-click", step_double_click},
    {"copied", step_copied},
};

static bool run_line(struct app *app, char *line, struct err *err)
{
    line += strspn(line, " \t");
    if (!*line || *line == '#')
        return true;
    char *arg = line + strcspn(line, " \t");
    if (*arg)
        *arg++ = '\0';
    arg += strspn(arg, " \t");
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (strcmp(line, steps[i].name))
            continue;
        if (!steps[i].run(app, arg, err))
            return err_wrap(err, "%s", line);
        app_settle(app);
        return true;
    }
    return err_set(err, "'%s' is not a step", line);
}

bool script_run(struct app *app, const char *path, struct err *err)
{
    char *text, *save = NULL;
    size_t bytes;
    int number = 1;
    bool ok = true;
    if (!file_read(path, &text, &bytes, err))
        return false;
    app_settle(app);
    for (char *line = text; ok && line && !app->quit; number++) {
        char *end = strchr(line, '\n');
        save = end ? end + 1 : NULL;
        if (end)
            *end = '\0';
        ok = run_line(app, line, err) || err_wrap(err, "%s:%d", path, number);
        line = save;
    }
    free(text);
    return ok;
}
