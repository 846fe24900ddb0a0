#include "serve/serve.h"

#include "serve/assets.h"
#include "serve/settings.h"
#include "serve/view.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* Nothing but this server's own files; no frames, no forms, no inline scripts. */
static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

void serve_init(struct serve *s, struct serve_profile *profiles, size_t count,
                const struct pprof_config *config, const char *settings_path)
{
    *s = (struct serve){
        .profiles = profiles, .count = count, .config = *config, .settings_path = settings_path};
    pthread_mutex_init(&s->lock, NULL);
}

void serve_release(struct serve *s)
{
    pthread_mutex_destroy(&s->lock);
}

/* ---- what a request asks for ---- */

static const char *parameter(const struct http_request *r, const char *name)
{
    const char *value = http_parameter(r, name);
    return value ? value : "";
}

static bool set_options(struct view *v, const struct http_request *r, struct err *err)
{
    for (const struct pprof_option *o = pprof_options; o->name; o++) {
        const char *value = o->url[0] ? http_parameter(r, o->url) : NULL;
        if (!value)
            continue;
        value = arena_strdup(&v->arena, value);
        if (o->choices && !value[0])
            continue; /* the usual one */
        if (!pprof_config_set(&v->config, o->name, value, err))
            return err_wrap(err, "%s", o->url);
    }
    return true;
}

static struct serve_profile *find_profile(struct serve *s, const char *name)
{
    for (size_t i = 0; i < s->count; i++)
        if (!name[0] || !strcmp(s->profiles[i].name, name))
            return &s->profiles[i];
    return NULL;
}

static bool open_profile(struct view *v, const char *name, struct err *err)
{
    struct serve_profile *p = find_profile(v->serve, name);
    if (!p)
        return err_set(err, "there is no profile \"%s\"", name);
    if (!p->is_open && p->open && !p->open(p->data, &p->model, err))
        return err_wrap(err, "%s", p->name);
    p->is_open = true;
    v->profile = p;
    return true;
}

/* ---- answers ---- */

static const struct route {
    const char *path;
    bool (*view)(struct view *v, struct err *err);
} routes[] = {
    {"/api/info", view_info},     {"/api/flamegraph", view_flame}, {"/api/top", view_top},
    {"/api/graph", view_graph},   {"/api/peek", view_peek},        {"/api/source", view_source},
    {"/api/disasm", view_disasm}, {"/api/tags", view_tags},        {"/download", view_download}};

static bool make_view(struct serve *s, const struct route *route, const struct http_request *r,
                      struct http_answer *a, struct err *err)
{
    const double usual_pixels = 1400, most_pixels = 8000;
    struct view v = {.serve = s, .config = s->config, .out = &a->body};
    v.pattern = arena_strdup(&v.arena, parameter(r, "p"));
    v.pixels = strtod(parameter(r, "w"), NULL);
    v.pixels = v.pixels >= 100 && v.pixels <= most_pixels ? v.pixels : usual_pixels;
    bool ok = set_options(&v, r, err) && open_profile(&v, parameter(r, "profile"), err) &&
              route->view(&v, err);
    strbuf_release(&v.notes);
    arena_release(&v.arena);
    return ok;
}

static void answer_error(struct http_answer *a, unsigned status, const struct err *err)
{
    strbuf_clear(&a->body);
    a->status = status;
    a->type = "application/json";
    strbuf_putc(&a->body, '{');
    view_member(&a->body, "error", err->text);
    strbuf_putc(&a->body, '}');
}

static void answer_view(struct serve *s, const struct route *route, struct http_request *r,
                        struct http_answer *a)
{
    struct err err = {0};
    a->type = "application/json";
    pthread_mutex_lock(&s->lock);
    bool ok = make_view(s, route, r, a, &err);
    malloc_trim(0); /* what the report took is large, and the next one may be long in coming */
    pthread_mutex_unlock(&s->lock);
    if (!ok) {
        answer_error(a, HTTP_BAD_REQUEST, &err);
    } else if (route->view == view_download) {
        a->type = "application/vnd.google.protobuf+gzip";
        http_answer_header(a, "Content-Disposition", "attachment; filename=\"profile.pb.gz\"");
    }
}

/* Changes of the settings: POST only, which no link can do. */
static void answer_settings(struct serve *s, struct http_request *r, bool delete,
                            struct http_answer *a)
{
    struct err err = {0};
    struct view v = {.serve = s, .config = s->config};
    const char *name = parameter(r, "config");
    bool ok;
    pthread_mutex_lock(&s->lock);
    if (strcmp(r->method, "POST") != 0)
        ok = err_set(&err, "settings are changed by POST");
    else if (!s->settings_path)
        ok = err_set(&err, "no place for settings: HOME is not set");
    else if (delete)
        ok = settings_delete(s->settings_path, name, &err);
    else
        ok = set_options(&v, r, &err) && settings_save(s->settings_path, name, &v.config, &err);
    pthread_mutex_unlock(&s->lock);
    arena_release(&v.arena);
    if (!ok)
        answer_error(a, HTTP_BAD_REQUEST, &err);
    else
        http_answer_text(a, HTTP_OK, "OK");
}

static const char *type_of(const char *path)
{
    const char *dot = strrchr(path, '.');
    if (dot && !strcmp(dot, ".js"))
        return "text/javascript; charset=utf-8";
    if (dot && !strcmp(dot, ".css"))
        return "text/css; charset=utf-8";
    if (dot && !strcmp(dot, ".svg"))
        return "image/svg+xml";
    return "text/html; charset=utf-8";
}

/* google/pprof has its page under /ui: its addresses work here, too. */
static const char *without_ui(const char *path)
{
    if (!strcmp(path, "/ui"))
        return "/";
    return strncmp(path, "/ui/", 4) ? path : path + 3;
}

/* The page for every view's address. */
static bool is_page(const char *path)
{
    static const char *const pages[] = {"/",     "/flamegraph", "/top",    "/graph",
                                        "/peek", "/source",     "/disasm", "/tags"};
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (!strcmp(pages[i], path))
            return true;
    return false;
}

static void answer_asset(const char *path, struct http_answer *a)
{
    const char *name = is_page(path) ? "index.html" : path + 1;
    for (const struct serve_asset *f = serve_assets; f->name; f++) {
        if (strcmp(f->name, name) != 0)
            continue;
        a->type = type_of(f->name);
        strbuf_append(&a->body, f->data, f->bytes);
        return;
    }
    http_answer_text(a, HTTP_NOT_FOUND, "404 page not found");
}

void serve_handle(void *serve, struct http_request *r, struct http_answer *a)
{
    const char *path = without_ui(r->path);
    http_answer_header(a, "Content-Security-Policy", policy);
    http_answer_header(a, "Cache-Control", "no-store");
    if (!strcmp(path, "/saveconfig") || !strcmp(path, "/deleteconfig")) {
        answer_settings(serve, r, !strcmp(path, "/deleteconfig"), a);
        return;
    }
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (!strcmp(routes[i].path, path)) {
            answer_view(serve, &routes[i], r, a);
            return;
        }
    answer_asset(path, a);
}
