#include "pprof/load.h"

#include "pprof/symbolize.h"

#include <stdlib.h>
#include <string.h>

static bool wants_names(const struct pprof_input *in)
{
    return in->symbolize && strcmp(in->symbolize, "none") != 0;
}

/* A file, or what a server sends. */
static bool read_source(struct pprof_loaded *l, struct profile *p, const char *source,
                        const struct pprof_input *in, struct err *err)
{
    struct strbuf bytes = {0};
    bool remote = false;
    char *url = NULL;
    if (in->remote && !in->remote->fetch(in->remote->data, source, &remote, &url, &bytes, err)) {
        strbuf_release(&bytes);
        return false;
    }
    if (!remote)
        return profile_read(p, source, err);
    bool ok = profile_parse(p, strbuf_str(&bytes), bytes.len, err) || err_wrap(err, "%s", url);
    strbuf_release(&bytes);
    if (l->url)
        free(url);
    else
        l->url = url;
    return ok;
}

static bool load_one(struct pprof_loaded *l, const char *path, const struct pprof_input *in,
                     const struct pprof_notes *notes, struct err *err)
{
    struct profile *p = &l->profiles[l->profile_count];
    if (!read_source(l, p, path, in, err))
        return false;
    struct pprof_model *m = &l->parts[l->profile_count++];
    pprof_model_from_profile(m, p);
    if (wants_names(in))
        pprof_locate_binaries(m, notes);
    pprof_model_ensure_mapping(m);
    if (in->program)
        m->mappings[0].filename = in->program;
    if (in->build_id)
        m->mappings[0].build_id = in->build_id;
    return true;
}

/* The files as one model in *out. */
static bool load_all(struct pprof_loaded *l, struct pprof_model *out, const char *const *paths,
                     size_t count, const char *what, const struct pprof_input *in,
                     const struct pprof_notes *notes, struct err *err)
{
    size_t first = l->profile_count;
    for (size_t i = 0; i < count; i++) {
        struct err why = {0};
        if (load_one(l, paths[i], in, notes, &why))
            continue;
        if (count == 1) {
            *err = why;
            return false;
        }
        pprof_note(notes, "%s", why.text);
    }
    size_t loaded = l->profile_count - first;
    if (!loaded)
        return err_set(err, "failed to fetch any %s profiles", what);
    if (loaded < count)
        pprof_note(notes, "Fetched %zu %s profiles out of %zu", loaded, what, count);
    if (loaded == 1) { /* as it is: ids stay those of the file */
        *out = l->parts[first];
        l->parts[first] = (struct pprof_model){0};
        return true;
    }
    struct pprof_model **parts = mem_realloc(NULL, loaded, sizeof(struct pprof_model *));
    for (size_t i = 0; i < loaded; i++)
        parts[i] = &l->parts[first + i];
    bool ok = pprof_merge(out, parts, loaded, err);
    free(parts);
    return ok;
}

static bool subtract(struct pprof_loaded *l, const struct pprof_input *in,
                     const struct pprof_notes *notes, struct err *err)
{
    struct pprof_model base = {0}, source = {0};
    if (!load_all(l, &base, in->bases, in->base_count, "base", in, notes, err))
        return err_wrap(err, "problem fetching base profiles");
    if (in->diff_base)
        pprof_mark_base(&base);
    source = l->model;
    l->model = (struct pprof_model){0};
    bool ok = !in->normalize || pprof_normalize(&source, &base, err);
    if (ok) {
        pprof_scale(&base, -1);
        struct pprof_model *both[] = {&source, &base};
        ok = pprof_merge(&l->model, both, 2, err);
    }
    /* The merged model borrows labels from these: they live until release. */
    l->parts[l->profile_count] = source;
    l->parts[l->profile_count + 1] = base;
    return ok;
}

static void symbolize(struct pprof_loaded *l, const struct pprof_input *in,
                      const struct pprof_notes *notes)
{
    struct pprof_symbolize how = pprof_symbolize_parse(in->symbolize, notes);
    if (how.nothing)
        return;
    if (how.local)
        pprof_symbolize_local(&l->model, &how, notes);
    if (how.remote && l->url && in->remote)
        pprof_symbolize_remote(&l->model, &how, l->url, in->remote, notes);
    pprof_demangle(&l->model, &how);
}

bool pprof_load(struct pprof_loaded *l, const struct pprof_input *in,
                const struct pprof_notes *notes, struct err *err)
{
    *l = (struct pprof_loaded){0};
    size_t count = in->source_count + in->base_count;
    /* Two more parts: source and base before they were subtracted. */
    l->profiles = calloc(count + 1, sizeof *l->profiles);
    l->parts = calloc(count + 3, sizeof *l->parts);
    if (!l->profiles || !l->parts)
        abort();
    if (!load_all(l, &l->model, in->sources, in->source_count, "source", in, notes, err))
        return false;
    if (in->base_count && !subtract(l, in, notes, err))
        return false;
    if (wants_names(in))
        symbolize(l, in, notes);
    if (!in->all_frames && !pprof_prune(&l->model, err))
        return false;
    if (in->comment)
        pprof_model_add_comment(&l->model, in->comment);
    return true;
}

void pprof_loaded_release(struct pprof_loaded *l)
{
    pprof_model_release(&l->model);
    for (size_t i = 0; l->parts && i < l->profile_count + 2; i++)
        pprof_model_release(&l->parts[i]);
    for (size_t i = 0; i < l->profile_count; i++)
        profile_release(&l->profiles[i]);
    free(l->parts);
    free(l->profiles);
    free(l->url);
    *l = (struct pprof_loaded){0};
}
