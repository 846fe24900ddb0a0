/* header: open files as tabs; below, what the trace is and how it was made. */
#include "views/views.h"

#include "base/fmt.h"
#include "model/ticks.h"

#include <stdio.h>
#include <string.h>

/* Traces, then profiles; while none is open, what is being opened. */
static void draw_tabs(struct views *v, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    size_t count = 0, traces = v->trace_count;
    const char **names = arena_array(&v->frame, traces + v->profile_count + 1, sizeof *names);
    for (; count < traces; count++)
        names[count] = model_basename(v->trace_paths[count]);
    if (!traces && (v->loading || !v->profile_count)) {
        names[count++] = v->loading ? model_basename(v->loading) : "No trace";
        traces = 1;
    }
    for (size_t i = 0; i < v->profile_count; i++)
        names[count++] = model_basename(v->profiles[i].path);
    int at = v->tab > 0 ? (int)traces + v->tab - 1 : (int)v->trace_at;
    int chosen = ui_tabs(ui, UI_ID("tab", 0), r, names, (int)count, at);
    if (chosen == at)
        return;
    v->tab = chosen < (int)traces ? 0 : chosen - (int)traces + 1;
    if (chosen < (int)v->trace_count && chosen != (int)v->trace_at)
        v->trace_asked = chosen;
}

static void draw_buttons(struct views *v, struct gfx_rect *row)
{
    struct ui *ui = &v->ui;
    struct gfx_rect r = ui_inset(*row, 0, ui_px(ui, 5));
    ui_cut_right(&r, ui_px(ui, 8));
    const char *theme = ui->theme->is_dark ? "Light" : "Dark";
    if (ui_button(ui, UI_ID("help", 0), ui_cut_right(&r, ui_button_width(ui, "? Keys")), "? Keys",
                  v->help_open)) {
        v->help_open = true;
        ui->again = true;
    }
    ui_cut_right(&r, ui_px(ui, 6));
    if (ui_button(ui, UI_ID("theme", 0), ui_cut_right(&r, ui_button_width(ui, theme)), theme,
                  false)) {
        views_toggle_theme(v);
        ui->again = true;
    }
    ui_cut_right(&r, ui_px(ui, 6));
    views_search_field(v, &r);
    row->w = r.x + r.w - row->x;
}

/* A fact in the information line; false when there is no room left. */
static bool draw_fact(struct views *v, struct gfx_rect *r, const char *label, const char *text,
                      gfx_color color)
{
    struct ui *ui = &v->ui;
    int gap = ui_px(ui, 5), label_w = label[0] ? ui_text_width(ui, GFX_SMALL, label) + gap : 0;
    int w = label_w + ui_text_width(ui, GFX_SMALL, text);
    if (w > r->w)
        return false;
    struct gfx_rect cell = ui_cut_left(r, w);
    ui_label(ui, GFX_SMALL, ui_cut_left(&cell, label_w), label, ui->theme->text_dim);
    ui_label(ui, GFX_SMALL, cell, text, color);
    ui_cut_left(r, ui_px(ui, 16));
    return true;
}

static void draw_badges(struct views *v, struct gfx_rect *r)
{
    static const char *const classes[] = {"sched", "syscall", "lock", "alloc", "cpu"};
    struct ui *ui = &v->ui;
    int h = ui_px(ui, 17), y = r->y + (r->h - h) / 2;
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        const char *how = model_doc_mechanism(v->doc, classes[i]);
        if (!how || !how[0])
            continue;
        const char *text = arena_printf(&v->frame, "%s: %s", classes[i], how);
        if (ui_text_width(ui, GFX_SMALL, text) + ui_px(ui, 12) > r->w)
            return;
        int w = ui_badge(ui, r->x, y, h, text, ui->theme->raised, ui->theme->text_dim);
        ui_cut_left(r, w + ui_px(ui, 5));
    }
}

/* A recording under way: a button that holds it and lets it go on. */
static void draw_follow(struct views *v, struct gfx_rect *r)
{
    struct ui *ui = &v->ui;
    bool on = v->follow == VIEWS_FOLLOW_ON;
    const char *text = on ? "recording: follows" : "recording: held (Space)";
    if (v->follow != VIEWS_FOLLOW_ON && v->follow != VIEWS_FOLLOW_PAUSED)
        return;
    struct gfx_rect b = ui_cut_left(r, ui_button_width(ui, text));
    if (ui_button(ui, UI_ID("follow", 0), ui_inset(b, 0, ui_px(ui, 2)), text, on)) {
        views_hold_follow(v);
        ui->again = true;
    }
    ui_cut_left(r, ui_px(ui, 16));
}

static void draw_trace_facts(struct views *v, struct gfx_rect r)
{
    const struct gfx_theme *t = v->ui.theme;
    char length[FMT_MAX], events[FMT_MAX], lost[FMT_MAX], bytes[FMT_MAX], threads[64];
    fmt_ns(length, (uint64_t)v->doc->duration_ns);
    snprintf(threads, sizeof threads, "%u in %u %s", v->doc->thread_count, v->doc->process_count,
             v->doc->process_count == 1 ? "process" : "processes");
    draw_follow(v, &r);
    draw_fact(v, &r, "", length, t->text);
    draw_fact(v, &r, "threads", threads, t->text);
    draw_fact(v, &r, "events", fmt_count(events, v->doc->events), t->text);
    if (v->doc->lost_events)
        draw_fact(v, &r, "lost", fmt_count(lost, v->doc->lost_events), t->warn);
    else
        draw_fact(v, &r, "lost", "none", t->good);
    const char *host = trace_meta(v->doc->trace, "hostname");
    if (host && host[0])
        draw_fact(v, &r, "on", host, t->text);
    draw_fact(v, &r, "file", fmt_bytes(bytes, trace_file_bytes(v->doc->trace)), t->text);
    draw_badges(v, &r);
}

static void draw_profile_facts(struct views *v, const struct views_profile *p, struct gfx_rect r)
{
    const struct gfx_theme *t = v->ui.theme;
    char samples[FMT_MAX], length[FMT_MAX], total[48];
    draw_fact(v, &r, "", p->path, t->text);
    draw_fact(v, &r, "stacks", fmt_count(samples, p->profile.sample_count), t->text);
    const struct profile_value_type *type = &p->profile.value_types[p->type];
    uint64_t sum = (uint64_t)profile_total(&p->profile, p->type);
    draw_fact(v, &r, type->type, views_weight(total, type->unit, sum), t->text);
    if (p->profile.duration_ns > 0)
        draw_fact(v, &r, "over", fmt_ns(length, (uint64_t)p->profile.duration_ns), t->text);
}

static void draw(struct views *v, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    gfx_rect(ui->list, r, ui->theme->panel);
    struct gfx_rect top = ui_cut_top(&r, ui_px(ui, 34));
    gfx_rect(ui->list, ui_cut_bottom(&r, 1), ui->theme->line);
    draw_buttons(v, &top);
    struct gfx_rect mark =
        ui_cut_left(&top, ui_text_width(ui, GFX_TITLE, "whyprof") + ui_px(ui, 26));
    ui_cut_left(&mark, ui_px(ui, 12));
    ui_label(ui, GFX_TITLE, mark, "whyprof", ui->theme->accent);
    draw_tabs(v, top);
    ui_cut_left(&r, ui_px(ui, 12));
    if (v->tab > 0)
        draw_profile_facts(v, &v->profiles[v->tab - 1], r);
    else if (v->doc)
        draw_trace_facts(v, r);
}

const struct view view_header = {"header", draw};
