#include "serve/settings.h"

#include "base/file.h"
#include "serve/view.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *serve_settings_path(struct arena *a)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (config && *config)
        return arena_printf(a, "%s/pprof/settings.json", config);
    return home && *home ? arena_printf(a, "%s/.config/pprof/settings.json", home) : NULL;
}

/* {"configs": [...]}; an empty one where there is no file. */
static cJSON *read_settings(const char *path, struct err *err)
{
    char *text;
    size_t bytes;
    if (access(path, F_OK)) {
        cJSON *root = cJSON_CreateObject();
        cJSON_AddArrayToObject(root, "configs");
        return root;
    }
    if (!file_read(path, &text, &bytes, err))
        return NULL;
    cJSON *root = cJSON_Parse(text);
    free(text);
    if (cJSON_IsObject(root)) {
        if (!cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(root, "configs")))
            cJSON_AddArrayToObject(root, "configs");
        return root;
    }
    cJSON_Delete(root);
    err_set(err, "%s: not a file of settings", path);
    return NULL;
}

static bool write_settings(const char *path, const cJSON *root, struct err *err)
{
    struct file_out out;
    char *folder = strdup(path), *slash = folder ? strrchr(folder, '/') : NULL;
    if (slash)
        *slash = 0;
    bool ok = !slash || file_make_dirs(folder, err);
    free(folder);
    if (!ok || !file_out_open(&out, path, err))
        return false;
    char *text = cJSON_Print(root);
    file_out_write(&out, text, strlen(text));
    file_out_write(&out, "\n", 1);
    cJSON_free(text);
    return file_out_commit(&out, err);
}

static cJSON *find(cJSON *configs, const char *name, int *index)
{
    cJSON *c;
    *index = 0;
    cJSON_ArrayForEach(c, configs)
    {
        const char *its = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(c, "name"));
        if (its && !strcmp(its, name))
            return c;
        ++*index;
    }
    return NULL;
}

/* As in a query: all but the plainest bytes as %XX. */
static void put_encoded(struct strbuf *out, const char *s)
{
    static const char plain[] = "-_.~";
    for (; *s; s++)
        if ((*s >= '0' && *s <= '9') || (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
            strchr(plain, *s))
            strbuf_putc(out, *s);
        else
            strbuf_printf(out, "%%%02X", (unsigned)(unsigned char)*s);
}

static void put_query(const cJSON *c, struct strbuf *query)
{
    for (const struct pprof_option *o = pprof_options; o->name; o++) {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(c, o->name);
        char number[32];
        const char *text = cJSON_GetStringValue(value);
        if (!o->url[0] || !value)
            continue;
        if (cJSON_IsNumber(value)) {
            snprintf(number, sizeof number, "%.15g", value->valuedouble);
            text = number;
        } else if (cJSON_IsBool(value)) {
            text = cJSON_IsTrue(value) ? "t" : "f";
        }
        if (!text)
            continue;
        strbuf_printf(query, "%s%s=", query->len ? "&" : "", o->url);
        put_encoded(query, text);
    }
}

bool settings_list(const char *path, struct strbuf *out, struct err *err)
{
    cJSON *root = read_settings(path, err), *c;
    if (!root)
        return false;
    struct strbuf query = {0};
    strbuf_putc(out, '[');
    cJSON_ArrayForEach(c, cJSON_GetObjectItemCaseSensitive(root, "configs"))
    {
        const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(c, "name"));
        if (!name)
            continue;
        strbuf_clear(&query);
        put_query(c, &query);
        strbuf_puts(out, out->p[out->len - 1] == '[' ? "{" : ",{");
        view_member(out, "name", name);
        view_member(out, "query", strbuf_str(&query));
        strbuf_putc(out, '}');
    }
    strbuf_putc(out, ']');
    strbuf_release(&query);
    cJSON_Delete(root);
    return true;
}

/* Only what differs from the defaults, as pprof does it. */
static cJSON *config_object(const char *name, const struct pprof_config *c)
{
    cJSON *object = cJSON_CreateObject();
    const struct pprof_config plain = pprof_config_default();
    struct strbuf value = {0}, usual = {0};
    cJSON_AddStringToObject(object, "name", name);
    for (const struct pprof_option *o = pprof_options; o->name; o++) {
        strbuf_clear(&value);
        strbuf_clear(&usual);
        pprof_config_get(c, o, &value);
        pprof_config_get(&plain, o, &usual);
        if (!o->url[0] || !strcmp(strbuf_str(&value), strbuf_str(&usual)))
            continue;
        if (o->kind == PPROF_BOOL)
            cJSON_AddBoolToObject(object, o->name, !strcmp(strbuf_str(&value), "true"));
        else if (o->kind == PPROF_STRING)
            cJSON_AddStringToObject(object, o->name, strbuf_str(&value));
        else
            cJSON_AddNumberToObject(object, o->name, strtod(strbuf_str(&value), NULL));
    }
    strbuf_release(&value);
    strbuf_release(&usual);
    return object;
}

bool settings_save(const char *path, const char *name, const struct pprof_config *c,
                   struct err *err)
{
    enum {
        MOST_NAME = 100
    };
    int index;
    if (!name[0] || strlen(name) > MOST_NAME)
        return err_set(err, "a name of 1 to %d bytes is wanted", MOST_NAME);
    cJSON *root = read_settings(path, err);
    if (!root)
        return false;
    cJSON *configs = cJSON_GetObjectItemCaseSensitive(root, "configs");
    cJSON *object = config_object(name, c);
    if (find(configs, name, &index))
        cJSON_ReplaceItemInArray(configs, index, object);
    else
        cJSON_AddItemToArray(configs, object);
    bool ok = write_settings(path, root, err);
    cJSON_Delete(root);
    return ok;
}

bool settings_delete(const char *path, const char *name, struct err *err)
{
    int index;
    cJSON *root = read_settings(path, err);
    if (!root)
        return false;
    cJSON *configs = cJSON_GetObjectItemCaseSensitive(root, "configs");
    bool ok = find(configs, name, &index) != NULL ||
              err_set(err, "there is no configuration \"%s\"", name);
    if (ok) {
        cJSON_DeleteItemFromArray(configs, index);
        ok = write_settings(path, root, err);
    }
    cJSON_Delete(root);
    return ok;
}
