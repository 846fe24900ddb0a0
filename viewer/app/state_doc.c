#include "app/state_doc.h"

#include <stdlib.h>
#include <string.h>

enum {
    NOTES_MAX = 10000
};

int64_t state_number(const cJSON *o, const char *key, int64_t least, int64_t most,
                     int64_t otherwise)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= (double)least) ||
        !(item->valuedouble <= (double)most))
        return otherwise;
    return (int64_t)item->valuedouble;
}

const char *state_text(const cJSON *o, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsString(item) ? item->valuestring : "";
}

static bool is_true(const cJSON *o, const char *key)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, key));
}

/* --- writing ----------------------------------------------------------------------- */

static void add_range(cJSON *o, const char *begin, const char *end, int64_t begin_ns,
                      int64_t end_ns)
{
    cJSON_AddNumberToObject(o, begin, (double)begin_ns);
    cJSON_AddNumberToObject(o, end, (double)end_ns);
}

static void add_notes(cJSON *o, const struct model_notes *n)
{
    cJSON *list = cJSON_AddArrayToObject(o, "notes");
    for (size_t i = 0; i < n->count; i++) {
        cJSON *note = cJSON_CreateObject();
        add_range(note, "begin_ns", "end_ns", n->v[i].begin_ns, n->v[i].end_ns);
        cJSON_AddStringToObject(note, "text", n->v[i].text);
        cJSON_AddItemToArray(list, note);
    }
}

/* The tids of the threads that are flagged; nothing where none is. */
static void add_threads(cJSON *o, const char *key, const struct model_doc *doc, const bool *flags)
{
    cJSON *list = NULL;
    for (uint32_t i = 0; i < doc->thread_count; i++) {
        if (!flags[i])
            continue;
        if (!list)
            list = cJSON_AddArrayToObject(o, key);
        cJSON_AddItemToArray(list, cJSON_CreateNumber(doc->threads[i].tid));
    }
}

/* All threads in the order of the user, where it is not the trace's. */
static void add_order(cJSON *o, const struct views *v)
{
    uint32_t n = v->doc->thread_count, i = 0;
    while (i < n && v->lanes.order[i] == i)
        i++;
    if (i == n)
        return;
    cJSON *list = cJSON_AddArrayToObject(o, "order");
    for (i = 0; i < n; i++)
        cJSON_AddItemToArray(list, cJSON_CreateNumber(v->doc->threads[v->lanes.order[i]].tid));
}

static void add_true(cJSON *o, const char *key, bool is)
{
    if (is)
        cJSON_AddTrueToObject(o, key);
}

static void add_tracks(cJSON *o, const struct views *v)
{
    const struct model_lanes *l = &v->lanes;
    if (!l->process_closed) /* nothing was drawn yet */
        return;
    cJSON *processes = cJSON_AddArrayToObject(o, "folded_processes");
    for (uint32_t i = 0; i < v->doc->process_count; i++)
        if (l->process_closed[i])
            cJSON_AddItemToArray(processes, cJSON_CreateNumber(v->doc->processes[i].pid));
    add_threads(o, "folded_threads", v->doc, l->thread_closed);
    add_threads(o, "pinned", v->doc, l->pinned);
    add_threads(o, "hidden", v->doc, l->hidden);
    add_order(o, v);
    add_true(o, "folded_cpus", l->cpus_closed);
    add_true(o, "folded_locks", l->locks_closed);
    add_true(o, "folded_counters", l->counters_closed);
    add_true(o, "only_partners", v->tracks.only_partners);
}

/* By the table's name: its order in the panel may change. */
static void add_filters(cJSON *o, const struct views *v)
{
    cJSON *filters = NULL;
    for (int i = 0; i < MODEL_TABLE_KINDS; i++) {
        const struct views_grid *g = &v->panel.lists[i].grid;
        if (!g->name || !g->filter.text[0])
            continue;
        if (!filters)
            filters = cJSON_AddObjectToObject(o, "filters");
        cJSON_AddStringToObject(filters, g->name, g->filter.text);
    }
}

static void add_pick(cJSON *o, const struct views *v)
{
    enum trace_table table = model_lane_table(v->pick.lane);
    if (!v->pick.set || table == TRACE_TABLE_COUNT)
        return;
    cJSON *pick = cJSON_AddObjectToObject(o, "pick");
    cJSON_AddStringToObject(pick, "table", trace_tables[table].name);
    cJSON_AddNumberToObject(pick, "thread", v->doc->threads[v->pick.thread].tid);
    cJSON_AddNumberToObject(pick, "depth", v->pick.depth);
    cJSON_AddNumberToObject(pick, "begin_ns", (double)v->pick.begin_ns);
}

cJSON *state_doc_json(const struct views *v)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "version", STATE_VERSION);
    add_range(o, "begin_ns", "end_ns", v->window.begin_ns, v->window.end_ns);
    add_range(o, "selected_begin_ns", "selected_end_ns", v->selection.begin_ns,
              v->selection.end_ns);
    cJSON_AddNumberToObject(o, "thread",
                            v->thread == MODEL_NO_THREAD ? 0 : v->doc->threads[v->thread].tid);
    cJSON_AddNumberToObject(o, "bottom", (int)v->bottom);
    cJSON_AddStringToObject(o, "find", v->find.text);
    cJSON_AddStringToObject(o, "search", v->search.edit.text);
    add_true(o, "dim", v->search.dim);
    add_range(o, "marker_a_ns", "marker_b_ns", v->nav.marker_ns[0], v->nav.marker_ns[1]);
    add_tracks(o, v);
    cJSON_AddNumberToObject(o, "scroll_px", v->scroll_px);
    add_pick(o, v);
    add_filters(o, v);
    add_notes(o, &v->panel.notes.notes);
    return o;
}

/* --- reading ----------------------------------------------------------------------- */

static void read_notes(const cJSON *json, struct model_notes *n, int64_t duration_ns)
{
    const cJSON *note;
    cJSON_ArrayForEach(note, cJSON_GetObjectItemCaseSensitive(json, "notes"))
    {
        int64_t begin = state_number(note, "begin_ns", 0, duration_ns, -1);
        int64_t end = state_number(note, "end_ns", 0, duration_ns, begin);
        if (begin >= 0 && n->count < NOTES_MAX)
            model_notes_add(n, begin, end, state_text(note, "text"));
    }
}

/* A set of ids: the values are places in the list, from 1. */
static struct map64 ids_of(const cJSON *json, const char *key)
{
    struct map64 ids = {0};
    uint64_t place = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(json, key))
    {
        bool added = false;
        if (!cJSON_IsNumber(item) || !(item->valuedouble > 0 && item->valuedouble < UINT32_MAX))
            continue;
        uint64_t *at = map64_put(&ids, (uint64_t)item->valuedouble, &added);
        if (added)
            *at = ++place;
    }
    return ids;
}

static void read_threads(const cJSON *json, const char *key, const struct model_doc *doc,
                         bool *flags)
{
    struct map64 ids = ids_of(json, key);
    for (uint32_t i = 0; ids.len && i < doc->thread_count; i++)
        flags[i] = map64_get(&ids, doc->threads[i].tid) != NULL;
    map64_release(&ids);
}

struct placed {
    uint64_t place;
    uint32_t thread;
};

static int by_place(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;
    if (x->place != y->place)
        return x->place < y->place ? -1 : 1;
    return x->thread < y->thread ? -1 : x->thread > y->thread;
}

/* Each process' threads in the kept order, those that it does not name last. */
static void read_order(const cJSON *json, const struct model_doc *doc, uint32_t *order)
{
    struct map64 ids = ids_of(json, "order");
    struct placed *p = mem_realloc(NULL, doc->thread_count + 1, sizeof *p);
    for (uint32_t i = 0; ids.len && i < doc->process_count; i++) {
        const struct model_process *process = &doc->processes[i];
        for (uint32_t k = 0; k < process->count; k++) {
            uint32_t thread = process->first + k;
            const uint64_t *at = map64_get(&ids, doc->threads[thread].tid);
            p[k] = (struct placed){at ? *at : UINT64_MAX, thread};
        }
        qsort(p, process->count, sizeof *p, by_place);
        for (uint32_t k = 0; k < process->count; k++)
            order[process->first + k] = p[k].thread;
    }
    free(p);
    map64_release(&ids);
}

static void read_tracks(const cJSON *json, struct views *v)
{
    struct model_lanes *l = &v->lanes;
    model_lanes_build(l, v->doc); /* which makes what is filled below */
    struct map64 pids = ids_of(json, "folded_processes");
    for (uint32_t i = 0; i < v->doc->process_count; i++)
        l->process_closed[i] = map64_get(&pids, v->doc->processes[i].pid) != NULL;
    map64_release(&pids);
    read_threads(json, "folded_threads", v->doc, l->thread_closed);
    read_threads(json, "pinned", v->doc, l->pinned);
    read_threads(json, "hidden", v->doc, l->hidden);
    read_order(json, v->doc, l->order);
    l->cpus_closed = is_true(json, "folded_cpus");
    l->locks_closed = is_true(json, "folded_locks");
    l->counters_closed = is_true(json, "folded_counters");
    if (is_true(json, "only_partners") && v->thread != MODEL_NO_THREAD && !v->tracks.only_partners)
        views_only_partners(v);
}

static void read_filters(const cJSON *json, struct views *v)
{
    const cJSON *filters = cJSON_GetObjectItemCaseSensitive(json, "filters");
    for (int i = 0; i < MODEL_TABLE_KINDS; i++) {
        struct views_grid *g = &v->panel.lists[i].grid;
        if (g->name)
            ui_edit_set(&g->filter, state_text(filters, g->name));
    }
}

static enum model_lane_kind lane_of_table(const char *name)
{
    for (enum model_lane_kind k = 0; k < MODEL_LANE_KINDS; k++)
        if (model_lane_table(k) != TRACE_TABLE_COUNT &&
            !strcmp(trace_tables[model_lane_table(k)].name, name))
            return k;
    return MODEL_LANE_KINDS;
}

/* The span of that lane that begins at just that time. */
static bool find_pick(const struct model_doc *doc, struct views_pick *pick)
{
    struct model_lane lane = {.kind = pick->lane, .owner = pick->thread, .depth = pick->depth};
    const struct model_regions *regions = &doc->threads[pick->thread].regions;
    struct model_spans spans;
    struct model_span s;
    if (pick->lane == MODEL_LANE_REGION &&
        (!atomic_load(&doc->rows_read) || pick->depth >= regions->depths))
        return false;
    if (pick->lane == MODEL_LANE_KINDS || !model_lane_spans(&lane, doc, &spans))
        return false;
    model_spans_seek(&spans, pick->begin_ns);
    if (!model_spans_next(&spans, &s) || s.begin_ns != pick->begin_ns)
        return false;
    pick->row = s.row;
    pick->end_ns = s.end_ns;
    return true;
}

static void read_pick(const cJSON *json, struct views *v)
{
    const cJSON *o = cJSON_GetObjectItemCaseSensitive(json, "pick");
    struct views_pick pick = {.set = true,
                              .lane = lane_of_table(state_text(o, "table")),
                              .depth = (uint32_t)state_number(o, "depth", 0, 1 << 20, 0),
                              .begin_ns = state_number(o, "begin_ns", 0, v->doc->duration_ns, 0)};
    int64_t tid = state_number(o, "thread", 1, INT32_MAX, 0);
    for (uint32_t i = 0; tid && i < v->doc->thread_count; i++) {
        pick.thread = i;
        if (v->doc->threads[i].tid != tid || !find_pick(v->doc, &pick))
            continue;
        v->pick = pick;
        v->thread = (int)i;
        return;
    }
}

void state_doc_apply(struct views *v, const cJSON *json)
{
    int64_t last = v->doc->duration_ns;
    int64_t begin = state_number(json, "begin_ns", 0, last, 0);
    int64_t end = state_number(json, "end_ns", 0, last, 0);
    if (end > begin)
        model_window_show(&v->window, begin, end);
    begin = state_number(json, "selected_begin_ns", 0, last, 0);
    end = state_number(json, "selected_end_ns", 0, last, 0);
    if (end > begin)
        views_select_range(v, begin, end);
    int64_t tid = state_number(json, "thread", 1, INT32_MAX, 0);
    for (uint32_t i = 0; tid && i < v->doc->thread_count; i++)
        if (v->doc->threads[i].tid == tid)
            v->thread = (int)i;
    v->bottom = (enum views_bottom)state_number(json, "bottom", 0, VIEWS_BOTTOMS - 1, 0);
    v->nav.marker_ns[0] = state_number(json, "marker_a_ns", 0, last, -1);
    v->nav.marker_ns[1] = state_number(json, "marker_b_ns", 0, last, -1);
    ui_edit_set(&v->find, state_text(json, "find"));
    if (state_text(json, "search")[0])
        views_search_set(v, state_text(json, "search"));
    v->search.dim = is_true(json, "dim");
    read_pick(json, v);
    read_tracks(json, v);
    v->scroll_px = (int)state_number(json, "scroll_px", 0, 1 << 30, 0);
    read_filters(json, v);
    read_notes(json, &v->panel.notes.notes, last);
}
