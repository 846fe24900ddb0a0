#include "app/keys.h"

#include <math.h>
#include <string.h>

static void zoom_in(struct views *v)
{
    views_zoom(v, 1 / 1.3);
}

static void zoom_out(struct views *v)
{
    views_zoom(v, 1.3);
}

static void pan_left(struct views *v)
{
    views_pan(v, -0.12);
}

static void pan_right(struct views *v)
{
    views_pan(v, 0.12);
}

static void go_begin(struct views *v)
{
    views_pan(v, -1e9);
}

static void go_end(struct views *v)
{
    views_pan(v, 1e9);
}

static void thread_up(struct views *v)
{
    views_move_thread(v, -1);
}

static void thread_down(struct views *v)
{
    views_move_thread(v, 1);
}

static void span_next(struct views *v)
{
    views_step_span(v, 1);
}

static void span_before(struct views *v)
{
    views_step_span(v, -1);
}

static void page_up(struct views *v)
{
    views_scroll(v, -v->lanes_visible_px);
}

static void page_down(struct views *v)
{
    views_scroll(v, v->lanes_visible_px);
}

static void tab_details(struct views *v)
{
    v->bottom = VIEWS_DETAILS;
}

static void tab_why(struct views *v)
{
    v->bottom = VIEWS_WHY;
}

static void tab_source(struct views *v)
{
    v->bottom = VIEWS_SOURCE;
}

static void tab_flame(struct views *v)
{
    v->bottom = VIEWS_FLAME;
}

static void tab_top(struct views *v)
{
    v->bottom = VIEWS_TOP;
}

static void tab_events(struct views *v)
{
    v->bottom = VIEWS_EVENTS;
}

static void tab_locks(struct views *v)
{
    v->bottom = VIEWS_LOCKS;
}

static void tab_syscalls(struct views *v)
{
    v->bottom = VIEWS_SYSCALLS;
}

static void tab_allocs(struct views *v)
{
    v->bottom = VIEWS_ALLOCS;
}

static void tab_latency(struct views *v)
{
    v->bottom = VIEWS_LATENCY;
}

static void search_next(struct views *v)
{
    views_search_step(v, 1);
}

static void search_before(struct views *v)
{
    views_search_step(v, -1);
}

static void find_track(struct views *v)
{
    views_finder_open(v, VIEWS_FINDER_TRACKS);
}

static void go_to_time(struct views *v)
{
    views_finder_open(v, VIEWS_FINDER_TIME);
}

static void marker_a(struct views *v)
{
    views_set_marker(v, 0);
}

static void marker_b(struct views *v)
{
    views_set_marker(v, 1);
}

static void tab_curve(struct views *v)
{
    v->bottom = VIEWS_CURVE;
}

static void save_png(struct views *v)
{
    v->export = VIEWS_EXPORT_PNG;
}

static void save_svg(struct views *v)
{
    v->export = VIEWS_EXPORT_SVG;
}

static void save_csv(struct views *v)
{
    v->export = VIEWS_EXPORT_CSV;
}

static void save_trace(struct views *v)
{
    v->export = VIEWS_EXPORT_TRACE;
}

static void track_up(struct views *v)
{
    views_move_track(v, -1);
}

static void track_down(struct views *v)
{
    views_move_track(v, 1);
}

static void bigger(struct views *v)
{
    views_zoom_ui(v, 1.1);
}

static void smaller(struct views *v)
{
    views_zoom_ui(v, 1 / 1.1);
}

static void as_it_was(struct views *v)
{
    views_zoom_ui(v, 0);
}

static void toggle_help(struct views *v)
{
    v->help_open = !v->help_open;
}

static struct views_flame *flame_in_sight(struct views *v)
{
    if (v->tab > 0)
        return &v->profiles[v->tab - 1].flame;
    return v->bottom == VIEWS_FLAME ? &v->flame : NULL;
}

/* Esc in a flame graph goes back from a sandwich, then zooms out. */
static void escape(struct views *v)
{
    struct views_flame *f = flame_in_sight(v);
    if (f && f->function && v->tab == 0 && !v->help_open)
        views_flame_focus(f, NULL);
    else if (f && f->zoom && !v->help_open)
        f->zoom = 0;
    else if (v->tab > 0 && !v->help_open)
        views_show_all(v);
    else
        views_clear(v);
}

static const struct key {
    int key;
    unsigned mods;
    const char *text; /* found as a typed character instead, whatever the layout */
    bool hold;        /* goes on while held */
    void (*run)(struct views *v);
    struct views_key_help help; /* without `what`: another key's line says it */
} table[] = {
    {'w', 0, NULL, true, zoom_in, {"Move", "W  S", "zoom in and out, at the pointer"}},
    {'s', 0, NULL, true, zoom_out, {0}},
    {'a', 0, NULL, true, pan_left, {"Move", "A  D", "pan left and right"}},
    {'d', 0, NULL, true, pan_right, {0}},
    {GFX_KEY_LEFT, 0, NULL, true, pan_left, {"Move", "Left  Right", "the same"}},
    {GFX_KEY_RIGHT, 0, NULL, true, pan_right, {0}},
    {'0', 0, NULL, false, views_show_all, {"Move", "0", "show the whole trace"}},
    {GFX_KEY_HOME, 0, NULL, false, go_begin, {"Move", "Home  End", "go to the begin, the end"}},
    {GFX_KEY_END, 0, NULL, false, go_end, {0}},
    {'f', 0, NULL, false, views_fit, {"Move", "F", "fit the selection, or the picked span"}},
    {0, 0, "g", false, go_to_time, {"Move", "G", "go to a time, or a range"}},
    {'z', GFX_CTRL, NULL, false, views_undo, {"Move", "Ctrl+Z  Ctrl+Y", "the view before, after"}},
    {'y', GFX_CTRL, NULL, false, views_redo, {0}},
    {' ', 0, NULL, false, views_hold_follow, {"Move", "Space", "hold a recording, let it go on"}},
    {0, 0, "/", false, views_search_focus, {"Find", "/", "search; Enter next, Shift+Enter before"}},
    {0, 0, "n", false, search_next, {"Find", "N  Shift+N", "next and previous hit"}},
    {0, 0, "N", false, search_before, {0}},
    {0, 0, "h", false, views_search_dim, {"Find", "H", "dim what the search does not match"}},
    {'p', GFX_CTRL, NULL, false, find_track, {"Find", "Ctrl+P", "find a track"}},
    {GFX_KEY_UP, 0, NULL, false, thread_up, {"Select", "Up  Down", "select a thread"}},
    {GFX_KEY_DOWN, 0, NULL, false, thread_down, {0}},
    {',', 0, NULL, false, span_before, {"Select", ",  .", "previous and next span of the track"}},
    {'.', 0, NULL, false, span_next, {0}},
    {'[', 0, NULL, false, views_follow_wake, {"Select", "[  ]", "to the waker, and back"}},
    {']', 0, NULL, false, views_follow_back, {0}},
    {'a',
     GFX_SHIFT,
     NULL,
     false,
     marker_a,
     {"Select", "Shift+A  Shift+B", "two markers and their distance"}},
    {'b', GFX_SHIFT, NULL, false, marker_b, {0}},
    {GFX_KEY_ESCAPE,
     0,
     NULL,
     false,
     escape,
     {"Select", "Esc", "close, unselect, zoom a graph out"}},
    {GFX_KEY_PAGE_UP, 0, NULL, false, page_up, {"Select", "PgUp  PgDn", "scroll the tracks"}},
    {GFX_KEY_PAGE_DOWN, 0, NULL, false, page_down, {0}},
    {'p', 0, NULL, false, views_pin, {"Tracks", "P", "pin the selected thread to the top"}},
    {'x', 0, NULL, false, views_hide, {"Tracks", "X  Shift+X", "hide it; show all again"}},
    {'x', GFX_SHIFT, NULL, false, views_show_hidden, {0}},
    {'j', 0, NULL, false, views_show_stacks, {"Tracks", "J", "the stacks that threads blocked in"}},
    {'i', 0, NULL, false, views_only_partners, {"Tracks", "I", "only threads it interacts with"}},
    {GFX_KEY_UP, GFX_ALT, NULL, false, track_up, {"Tracks", "Alt+Up  Alt+Down", "move it"}},
    {GFX_KEY_DOWN, GFX_ALT, NULL, false, track_down, {0}},
    {'1',
     0,
     NULL,
     false,
     tab_details,
     {"Panels", "1  2  3", "details, flame graph, top functions"}},
    {'2', 0, NULL, false, tab_flame, {0}},
    {'3', 0, NULL, false, tab_top, {0}},
    {'4', 0, NULL, false, tab_events, {"Panels", "4 ... 9", "events, locks ... utilisation"}},
    {'5', 0, NULL, false, tab_locks, {0}},
    {'6', 0, NULL, false, tab_syscalls, {0}},
    {'7', 0, NULL, false, tab_allocs, {0}},
    {'8', 0, NULL, false, tab_latency, {0}},
    {'9', 0, NULL, false, tab_curve, {0}},
    {'y', 0, NULL, false, tab_why, {"Panels", "Y", "why: where the time went"}},
    {'u', 0, NULL, false, tab_source, {"Panels", "U", "source lines of the selected function"}},
    {'k',
     0,
     NULL,
     false,
     views_path_open,
     {"Panels", "K", "critical path of the range, or from A to B"}},
    {'v',
     0,
     NULL,
     false,
     views_waitfor_open,
     {"Panels", "V", "who waits for whom, at the pointer"}},
    {'m',
     0,
     NULL,
     false,
     views_difference_open,
     {"Panels", "M", "compare with another open trace"}},
    {0, 0, "b", false, views_note_add, {"Panels", "B", "a note on the selection or the pointer"}},
    {'s', GFX_CTRL, NULL, false, save_png, {"Panels", "Ctrl + S", "save the picture (PNG)"}},
    {'g', GFX_CTRL, NULL, false, save_svg, {"Panels", "Ctrl + G", "the same as SVG"}},
    {'x',
     GFX_CTRL,
     NULL,
     false,
     save_trace,
     {"Panels", "Ctrl + X", "the selection as a trace file"}},
    {'e', GFX_CTRL, NULL, false, save_csv, {"Panels", "Ctrl + E", "save the table in sight (CSV)"}},
    {'c',
     GFX_CTRL,
     NULL,
     false,
     views_copy_in_sight,
     {"Panels", "Ctrl+C", "copy what the panel shows"}},
    {'c', 0, NULL, false, views_callers, {"Panels", "C", "callers and callees of a flame frame"}},
    {GFX_KEY_TAB, 0, NULL, false, views_next_file, {"Panels", "Tab", "next file"}},
    {'t',
     0,
     NULL,
     false,
     views_toggle_theme,
     {"Panels", "T  Shift+T", "dark or light; for the colour-blind"}},
    {'t', GFX_SHIFT, NULL, false, views_toggle_safe, {0}},
    {'r', 0, NULL, false, views_reload, {"Panels", "R", "read the trace again from disk"}},
    {'=',
     GFX_CTRL,
     NULL,
     false,
     bigger,
     {"Panels", "Ctrl+Plus  Ctrl+Minus", "size of all; Ctrl+0 as it was"}},
    {'+', GFX_CTRL, NULL, false, bigger, {0}},
    {'-', GFX_CTRL, NULL, false, smaller, {0}},
    {'0', GFX_CTRL, NULL, false, as_it_was, {0}},
    {0, 0, "?", false, toggle_help, {"Panels", "?", "this list"}},
    {'q', 0, NULL, false, NULL, {"Panels", "Q", "quit"}},
};

static const struct views_key_help mouse[] = {
    {"Mouse", "Click", "pick a span: details below"}, {"Mouse", "Drag", "select a range of time"},
    {"Mouse", "Ctrl + drag", "zoom to a range"},      {"Mouse", "Wheel", "scroll the tracks"},
    {"Mouse", "Ctrl + wheel", "zoom at the pointer"}, {"Mouse", "Shift + wheel", "pan"},
    {"Mouse", "Middle drag", "move the picture"},
};

enum {
    KEYS = sizeof table / sizeof *table,
    MOUSE = sizeof mouse / sizeof *mouse
};

static const struct key *find_key(int key, unsigned mods)
{
    for (int i = 0; i < KEYS; i++)
        if (table[i].key && table[i].key == key && table[i].mods == mods)
            return &table[i];
    return NULL;
}

/* Shift makes no difference where no key asks for it. */
static const struct key *find(const struct gfx_event *e)
{
    if (e->kind != GFX_EVENT_TEXT) {
        const struct key *k = find_key(e->key, e->mods);
        return k ? k : find_key(e->key, e->mods & ~(unsigned)GFX_SHIFT);
    }
    for (int i = 0; i < KEYS; i++)
        if (table[i].text && !strcmp(table[i].text, e->text))
            return &table[i];
    return NULL;
}

static void set_held(struct app *app, int key, bool held)
{
    for (int i = 0; i < APP_HELD_KEYS; i++) {
        if (app->held[i] == key)
            app->held[i] = 0;
    }
    for (int i = 0; held && i < APP_HELD_KEYS; i++) {
        if (!app->held[i]) {
            app->held[i] = key;
            app->held_since_ms = gfx_now_ms();
            return;
        }
    }
}

bool keys_press(struct app *app, const struct gfx_event *event)
{
    const struct key *k = find(event);
    if (!k)
        return false;
    if (event->repeat && k->hold)
        return true; /* keys_hold moves smoothly instead */
    app->views.notice[0] = '\0';
    if (!k->run)
        app->quit = true;
    else
        k->run(&app->views);
    if (k->hold && event->kind == GFX_EVENT_KEY)
        set_held(app, k->key, true);
    return true;
}

void keys_release(struct app *app, const struct gfx_event *event)
{
    if (event->kind == GFX_EVENT_BLUR)
        memset(app->held, 0, sizeof app->held);
    else
        set_held(app, event->key, false);
}

void keys_hold(struct app *app, uint64_t now_ms)
{
    enum {
        BEFORE_MS = 180
    };
    double dt = (double)(now_ms - app->last_frame_ms) / 1000;
    app->last_frame_ms = now_ms;
    if (now_ms - app->held_since_ms < BEFORE_MS)
        return;
    dt = dt > 0.1 ? 0.1 : dt;
    for (int i = 0; i < APP_HELD_KEYS; i++) {
        struct gfx_event e = {.kind = GFX_EVENT_KEY, .key = app->held[i]};
        const struct key *k = app->held[i] ? find(&e) : NULL;
        if (!k)
            continue;
        if (k->run == zoom_in || k->run == zoom_out)
            views_zoom(&app->views, exp(k->run == zoom_in ? -2.6 * dt : 2.6 * dt));
        else
            views_pan(&app->views, k->run == pan_left ? -0.9 * dt : 0.9 * dt);
    }
}

const struct views_key_help *keys_help(size_t *count)
{
    static struct views_key_help lines[KEYS + MOUSE];
    *count = 0;
    for (int i = 0; i < KEYS; i++)
        if (table[i].help.what)
            lines[(*count)++] = table[i].help;
    for (int i = 0; i < MOUSE; i++)
        lines[(*count)++] = mouse[i];
    return lines;
}

static const struct {
    const char *name;
    int key;
} key_names[] = {
    {"enter", GFX_KEY_ENTER},
    {"escape", GFX_KEY_ESCAPE},
    {"tab", GFX_KEY_TAB},
    {"space", ' '},
    {"backspace", GFX_KEY_BACKSPACE},
    {"left", GFX_KEY_LEFT},
    {"right", GFX_KEY_RIGHT},
    {"up", GFX_KEY_UP},
    {"down", GFX_KEY_DOWN},
    {"home", GFX_KEY_HOME},
    {"end", GFX_KEY_END},
    {"pageup", GFX_KEY_PAGE_UP},
    {"pagedown", GFX_KEY_PAGE_DOWN},
};

bool keys_parse(const char *name, struct gfx_event *event)
{
    static const struct {
        const char *prefix;
        unsigned mod;
    } mods[] = {{"ctrl+", GFX_CTRL}, {"shift+", GFX_SHIFT}, {"alt+", GFX_ALT}};
    *event = (struct gfx_event){.kind = GFX_EVENT_KEY};
    for (int i = 0; i < 3; i++) {
        size_t len = strlen(mods[i].prefix);
        if (!strncmp(name, mods[i].prefix, len)) {
            event->mods |= mods[i].mod;
            name += len;
        }
    }
    for (size_t i = 0; i < sizeof key_names / sizeof *key_names; i++)
        if (!strcmp(name, key_names[i].name))
            event->key = key_names[i].key;
    if (!event->key && name[0] && !name[1]) {
        event->key = name[0];
        /* Shifted characters come as text. */
        if (strchr("?/", name[0])) {
            event->kind = GFX_EVENT_TEXT;
            event->text[0] = name[0];
        }
    }
    return event->key != 0;
}
