#include "views/path.h"

#include "views/palette.h"
#include "views/views.h"

#include "base/fmt.h"

static void run(void *arg, const atomic_bool *cancel)
{
    struct views_path *p = arg;
    p->next_ok = model_path_make(&p->next, p->ask.doc, p->ask.asked.range, p->ask.asked.thread,
                                 cancel, &p->next_err);
}

static void take(struct views_path *p)
{
    struct model_path old = p->now;
    p->now = p->next;
    p->next = old;
    p->ok = p->next_ok;
    p->err = p->next_err;
    if (old.table.columns == p->now.table.columns) {
        p->now.table.sort = old.table.sort;
        p->now.table.descending = old.table.descending;
    }
}

void views_path_stop(struct views_path *p)
{
    views_asked_stop(&p->ask);
    p->now.count = 0;
}

void views_path_release(struct views_path *p)
{
    views_path_stop(p);
    model_path_release(&p->now);
    model_path_release(&p->next);
}

void views_path_open(struct views *v)
{
    if (views_timeline_shown(v))
        v->bottom = VIEWS_PATH;
}

/* Between the two markers, where both are set; else the selection or what is in sight. */
static struct views_question question(const struct views *v)
{
    struct views_question q = views_question(v);
    const int64_t *m = v->nav.marker_ns;
    if (m[0] >= 0 && m[1] >= 0 && m[0] != m[1])
        q.range = (struct model_range){m[0] < m[1] ? m[0] : m[1], m[0] < m[1] ? m[1] : m[0]};
    return q;
}

/* --- over the tracks ------------------------------------------------------------------ */

struct place {
    int y, h; /* of a thread's state lane; h 0: it is not on screen */
};

static struct place *places_of(struct views *v, struct gfx_rect r)
{
    struct place *places = arena_array(&v->frame, v->doc->thread_count + 1, sizeof *places);
    for (size_t i = 0; i < v->lanes.count; i++) {
        const struct model_lane *lane = &v->lanes.items[i];
        if (lane->kind == MODEL_LANE_STATE && !places[lane->owner].h)
            places[lane->owner] = (struct place){r.y + lane->y - v->scroll_px, lane->h};
    }
    return places;
}

static void draw_piece(struct views *v, struct place at, int x0, int x1)
{
    struct ui *ui = &v->ui;
    gfx_color color = ui->theme->text;
    int thick = ui_px(ui, 3), w = x1 - x0 > thick ? x1 - x0 : thick;
    gfx_rect(ui->list, (struct gfx_rect){x0, at.y - thick / 2, w, thick}, color);
    gfx_rect(ui->list, (struct gfx_rect){x0, at.y + at.h - thick / 2, w, thick}, color);
}

static void draw_step(struct views *v, struct place from, struct place to, int x)
{
    struct ui *ui = &v->ui;
    int top = from.y < to.y ? from.y + from.h : to.y + to.h, end = from.y < to.y ? to.y : from.y;
    gfx_rect(ui->list, (struct gfx_rect){x, top, ui_px(ui, 1), end - top},
             gfx_alpha(ui->theme->text, 170));
}

void views_path_mark(struct views *v, struct gfx_rect r)
{
    const struct views_path *p = &v->panel.path;
    if ((v->bottom != VIEWS_PATH && !p->keep) || !p->ask.is_made || !p->ok || !p->now.count)
        return;
    const struct place *places = places_of(v, r);
    const struct place *last = NULL;
    int last_x = -1;
    for (size_t i = model_path_at(&p->now, v->window.begin_ns); i < p->now.count; i++) {
        const struct model_path_piece *piece = &p->now.v[i];
        const struct place *at = &places[piece->thread];
        int x0 = model_px_from_ns(&v->window, piece->begin_ns);
        int x1 = model_px_from_ns(&v->window, piece->end_ns);
        x0 = x0 < 0 ? 0 : x0;
        if (x0 >= r.w)
            return;
        if (!at->h || (at == last && x1 <= last_x)) /* folded away; nothing new to see */
            continue;
        if (last && last != at)
            draw_step(v, *last, *at, r.x + x0);
        draw_piece(v, *at, r.x + x0, r.x + (x1 > r.w ? r.w : x1));
        last = at;
        last_x = x1;
    }
}

/* --- the tab ------------------------------------------------------------------------ */

/* "48 % running, 30 % lock wait": the largest parts. */
static const char *parts(struct views *v, const struct model_path *p)
{
    enum {
        SHOWN = 3
    };
    char share[FMT_MAX];
    uint64_t whole = 0;
    bool told[MODEL_STATES] = {0};
    const char *text = "";
    for (int c = 0; c < MODEL_STATES; c++)
        whole += p->ns[c];
    for (int n = 0; n < SHOWN; n++) {
        int best = -1;
        for (int c = 0; c < MODEL_STATES; c++)
            if (p->ns[c] && !told[c] && (best < 0 || p->ns[c] > p->ns[best]))
                best = c;
        if (best < 0)
            break;
        told[best] = true;
        text = arena_printf(&v->frame, "%s%s%s %s", text, n ? ", " : "",
                            fmt_share(share, p->ns[best], whole),
                            model_class_name((enum model_class)best));
    }
    return text;
}

static const char *summary(struct views *v)
{
    const struct model_path *p = &v->panel.path.now;
    const struct model_thread *th = &v->doc->threads[p->thread];
    char count[FMT_MAX];
    const char *cut = p->left_out ? arena_printf(&v->frame, "; %s earlier pieces left out",
                                                 fmt_count(count, p->left_out))
                                  : "";
    return arena_printf(&v->frame, "to the end of %s %u: %s%s", th->name[0] ? th->name : "thread",
                        th->tid, parts(v, p), cut);
}

static void draw_tools(struct views *v, struct gfx_rect r)
{
    static const char *const scopes[] = {"The program", "Selected"};
    struct ui *ui = &v->ui;
    struct views_path *p = &v->panel.path;
    r = ui_inset(r, ui_px(ui, 10), ui_px(ui, 4));
    v->only_thread = ui_choice(ui, UI_ID("path-scope", 0), &r, scopes, 2, v->only_thread) != 0;
    ui_cut_left(&r, ui_px(ui, 8));
    const char *keep = "Keep over the tracks";
    if (ui_button(ui, UI_ID("path-keep", 0), ui_cut_left(&r, ui_button_width(ui, keep)), keep,
                  p->keep))
        p->keep = !p->keep;
    ui_cut_left(&r, ui_px(ui, 8));
    views_grid_filter(v, &v->panel.path_grid, &r);
    ui_cut_left(&r, ui_px(ui, 8));
    views_asked_tools(v, &p->ask, "path", &r);
    if (p->ask.is_made && p->ok && !model_work_is_started(&p->ask.work))
        ui_label_right(ui, GFX_SMALL, r, summary(v), ui->theme->text_dim);
}

static void draw(struct views *v, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    struct views_path *p = &v->panel.path;
    struct views_grid *g = &v->panel.path_grid;
    g->name = "path";
    g->table = &p->now.table;
    if (!(v->only_thread && v->thread == MODEL_NO_THREAD) &&
        views_asked_update(v, &p->ask, question(v), run, p)) {
        take(p);
        g->selected = UINT32_MAX;
        views_grid_refresh(g);
    }
    draw_tools(v, ui_cut_top(&r, ui_px(ui, 32)));
    if (views_asked_message(v, &p->ask, r))
        return;
    if (!p->ok) {
        ui_label_center(ui, GFX_NORMAL, r, p->err.text, ui->theme->text_dim);
        return;
    }
    enum views_grid_event event = views_grid_draw(v, g, r);
    if (event == VIEWS_GRID_NONE || g->selected >= p->now.table.row_count)
        return;
    views_asked_hold(v, &p->ask);
    views_jump(v, &p->now.table.targets[g->selected], event == VIEWS_GRID_OPENED);
}

const struct view view_path = {"critical path", draw};
