/* timeline_stacks: lanes of stacks: what a thread blocked in, for the wait's whole
 * length, outermost frame on top. Only waits that are wide enough to be read have it. */
#include "views/palette.h"
#include "views/tracks.h"
#include "views/views.h"

enum {
    LINES = 3,
    FRAMES = 64,
    NARROW = 30 /* narrower waits stay empty */
};

void views_show_stacks(struct views *v)
{
    if (!views_timeline_shown(v))
        return;
    v->lanes.stacks_shown = !v->lanes.stacks_shown;
    v->nav.reveal = v->thread != MODEL_NO_THREAD;
    views_lanes_changed(v);
}

void views_stack_box_draw(struct views *v, uint32_t thread, const struct model_span *span,
                          struct gfx_rect box)
{
    struct ui *ui = &v->ui;
    struct trace_frame frames[FRAMES];
    char name[512];
    if (!model_class_is_blocked(span->class) || box.w < ui_px(ui, NARROW))
        return;
    struct trace_cursor c =
        trace_cursor(v->doc->trace, TRACE_THREAD_STATE_TABLE, v->doc->threads[thread].key);
    uint64_t stack = trace_get(&c, span->row, TRACE_THREAD_STATE_stack_id);
    size_t depth = stack ? trace_stack(v->doc->trace, stack, frames, FRAMES) : 0;
    depth = depth < FRAMES ? depth : FRAMES;
    size_t first = model_stack_own(frames, depth);
    size_t lines = depth - first < LINES ? depth - first : LINES;
    for (size_t i = lines; i-- > 0;) {
        const struct trace_frame *f = &frames[first + i];
        struct gfx_rect row = ui_cut_top(&box, ui_px(ui, VIEWS_STACK_LINE));
        model_frame_name(f, name, sizeof name);
        row.w -= 1;
        row.h -= 1;
        gfx_rect(ui->list, row, palette_flame(ui->theme, model_basename(f->module), name));
        ui_label(ui, GFX_SMALL, ui_inset(row, ui_px(ui, 4), 0), name, palette_flame_text());
    }
}
