/* view: the JSON behind each view of the page. Private to serve/. */
#ifndef SERVE_VIEW_H
#define SERVE_VIEW_H

#include "pprof/report.h"
#include "serve/serve.h"

/* A report being made for a request. */
struct view {
    struct serve *serve;
    const struct serve_profile *profile;
    struct pprof_config config;
    const char *pattern; /* parameter p: functions that the view is about; "" for all */
    double pixels;       /* how wide the page is */
    struct arena arena;
    struct strbuf notes; /* JSON strings, comma separated */
    struct strbuf *out;
};

/* Each writes a whole JSON object. */
bool view_flame(struct view *v, struct err *err);
bool view_top(struct view *v, struct err *err);
bool view_graph(struct view *v, struct err *err);
bool view_peek(struct view *v, struct err *err);
bool view_source(struct view *v, struct err *err);
bool view_disasm(struct view *v, struct err *err);
bool view_tags(struct view *v, struct err *err);
/* The profile itself, gzipped. */
bool view_download(struct view *v, struct err *err);
/* What the menus need: value types, options, profiles, named configurations. */
bool view_info(struct view *v, struct err *err);

/* Appends a string in quotes, made valid UTF-8. */
void view_string(struct strbuf *out, const char *s);
/* Appends `"key":`, after a comma but at the start of an object. */
void view_key(struct strbuf *out, const char *key);
void view_member(struct strbuf *out, const char *key, const char *value);
void view_number(struct strbuf *out, const char *key, int64_t value);

/* A report of the kind on a copy of the profile. Release with view_end also on failure. */
struct view_report {
    struct pprof_model model;
    struct pprof_report report;
};
bool view_begin(struct view *v, struct view_report *r, const char *command, const char *pattern,
                struct err *err);
void view_end(struct view_report *r);
/* The members that all views share: total, type, notes, legend. */
void view_head(struct view *v, const struct pprof_report *r);

#endif
