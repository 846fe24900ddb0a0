#include "views/links.h"

#include "base/strbuf.h"
#include "views/views.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void views_go_instance(struct views *v, const struct analyze_instance *at, bool zoom)
{
    int thread = model_doc_index(v->doc, at->thread);
    int64_t begin = (int64_t)at->ts_ns, length = (int64_t)at->dur_ns;
    enum views_bottom bottom = v->bottom; /* what led here stays in sight */
    if (thread == MODEL_NO_THREAD)
        return;
    views_go(v, &(struct model_search_place){MODEL_LANE_STATE, (uint32_t)thread, at->row, begin,
                                             begin + length});
    v->bottom = bottom;
    if (zoom)
        model_window_show(&v->window, begin - length, begin + 2 * length);
    v->ui.again = true;
}

void views_go_lock(struct views *v, uint64_t address)
{
    const struct model_cross_data *d = &v->tracks.cross.now;
    for (size_t i = 0; i < d->lock_count; i++) {
        if (d->locks[i].address != address)
            continue;
        v->lanes.locks_closed = false;
        views_lanes_changed(v);
        v->pick.set = false; /* else it would be what is revealed */
        v->nav.reveal_kind = MODEL_LANE_LOCK;
        v->nav.reveal_owner = (uint32_t)i;
        v->nav.reveal = true;
        v->ui.again = true;
        return;
    }
    snprintf(v->notice, sizeof v->notice,
             "this lock has no row: nobody waited for it, it has no holder, or %d others were "
             "waited for longer",
             MODEL_CROSS_LOCKS);
}

void views_function_pick(struct views *v, const char *function)
{
    char *copy = strdup(function); /* may be v->function itself */
    if (!copy)
        abort();
    free(v->function);
    v->function = copy;
    v->function_serial++;
    v->ui.again = true;
}

void views_function_select(struct views *v, const char *function)
{
    views_function_pick(v, function);
    ui_edit_set(&v->find, v->function);
}

void views_copy(struct views *v, const char *text)
{
    free(v->copied);
    v->copied = text ? strdup(text) : NULL;
    v->copy_asked = v->copied != NULL;
    if (text)
        snprintf(v->notice, sizeof v->notice, "copied %zu characters", strlen(text));
    else
        snprintf(v->notice, sizeof v->notice, "there is nothing to copy here");
    v->ui.again = true;
}

static void put_stack(struct views *v, struct strbuf *out, const char *title, uint64_t stack_id)
{
    enum {
        MOST = 256
    };
    struct trace_frame frames[MOST];
    char name[1024];
    size_t depth = stack_id ? trace_stack(v->doc->trace, stack_id, frames, MOST) : 0;
    if (depth)
        strbuf_printf(out, "%s:\n", title);
    for (size_t i = 0; i < depth && i < MOST; i++)
        strbuf_printf(out, "  %s\n", model_frame_name(&frames[i], name, sizeof name));
}

/* The facts and stacks of the picked span. */
static const char *pick_text(struct views *v)
{
    struct model_words w;
    struct strbuf sb = {0};
    model_describe_row(&w, v->doc, v->pick.thread, model_lane_table(v->pick.lane), v->pick.row,
                       &v->frame);
    strbuf_printf(&sb, "%s\n", w.title);
    for (size_t i = 0; i < w.fact_count; i++)
        strbuf_printf(&sb, "%s: %s\n", w.facts[i].label, w.facts[i].text);
    put_stack(v, &sb, w.stack_title, w.stack_id);
    put_stack(v, &sb, w.other_title, w.other_stack_id);
    const char *text = arena_strdup(&v->frame, strbuf_str(&sb));
    strbuf_release(&sb);
    return text;
}

static const char *table_text(struct views *v, const struct views_grid *g)
{
    struct strbuf sb = {0};
    model_table_csv(g->table, &sb);
    const char *text = arena_strdup(&v->frame, strbuf_str(&sb));
    strbuf_release(&sb);
    return text;
}

void views_copy_in_sight(struct views *v)
{
    const struct views_grid *g = views_grid_in_sight(v);
    if (g)
        views_copy(v, table_text(v, g));
    else if (v->tab == 0 && v->doc && v->bottom == VIEWS_WHY)
        views_copy(v, views_why_text(v));
    else if (v->tab == 0 && v->doc && v->bottom == VIEWS_DETAILS && v->pick.set)
        views_copy(v, pick_text(v));
    else
        views_copy(v, NULL);
}
