#include "session/state.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/json.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static size_t name_max(const struct runtime *rt)
{
    struct sockaddr_un addr; /* DIR/NAME.sock must fit into an address */
    return sizeof addr.sun_path - sizeof "/.sock" - strlen(rt->dir);
}

static bool good_name(const char *name, size_t max)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    return *name && *name != '.' && strlen(name) <= max && !name[strspn(name, allowed)];
}

bool state_init(struct state *st, const struct runtime *rt, const char *session, struct err *err)
{
    *st = (struct state){0};
    if (!good_name(session, name_max(rt))) {
        err_set(err, "'%s' cannot name a session", session);
        return err_hint(err, "use at most %zu letters, digits, '-', '_' and '.'", name_max(rt));
    }
    snprintf(st->path, sizeof st->path, "%s/%s.json", rt->dir, session);
    state_set(st, "session", "%s", session);
    return true;
}

void state_release(struct state *st)
{
    for (size_t i = 0; i < st->count; i++) {
        free(st->pairs[i].key);
        free(st->pairs[i].value);
    }
    free(st->pairs);
    *st = (struct state){0};
}

static struct state_pair *find(const struct state *st, const char *key)
{
    for (size_t i = 0; i < st->count; i++)
        if (!strcmp(st->pairs[i].key, key))
            return &st->pairs[i];
    return NULL;
}

const char *state_get(const struct state *st, const char *key)
{
    const struct state_pair *p = find(st, key);
    return p ? p->value : "";
}

static void put(struct state *st, const char *key, char *value)
{
    struct state_pair *p = find(st, key);
    if (p) {
        free(p->value);
        p->value = value;
        return;
    }
    mem_grow(&st->pairs, &st->cap, st->count + 1, sizeof *st->pairs);
    st->pairs[st->count++] = (struct state_pair){strdup(key), value};
}

void state_set(struct state *st, const char *key, const char *fmt, ...)
{
    struct strbuf sb = {0};
    va_list ap;
    va_start(ap, fmt);
    strbuf_vprintf(&sb, fmt, ap);
    va_end(ap);
    put(st, key, strdup(strbuf_str(&sb)));
    strbuf_release(&sb);
}

bool state_save(const struct state *st, struct err *err)
{
    struct strbuf sb = {0};
    strbuf_putc(&sb, '{');
    for (size_t i = 0; i < st->count; i++)
        json_member(&sb, st->pairs[i].key, st->pairs[i].value);
    strbuf_puts(&sb, "}\n");
    struct file_out out;
    bool ok = file_out_open(&out, st->path, err);
    if (ok) {
        file_out_write(&out, sb.p, sb.len);
        ok = file_out_commit(&out, err);
    }
    strbuf_release(&sb);
    return ok;
}

static void take_member(void *data, const char *key, const char *value)
{
    put(data, key, strdup(value));
}

bool state_load(struct state *st, const char *path, struct err *err)
{
    char *text;
    size_t bytes;
    *st = (struct state){0};
    snprintf(st->path, sizeof st->path, "%s", path);
    if (!file_read(path, &text, &bytes, err))
        return false;
    bool ok = json_read_flat(text, take_member, st, err);
    free(text);
    if (ok)
        return true;
    state_release(st);
    return err_wrap(err, "%s", path);
}

void state_socket_path(const struct state *st, char *path, size_t cap)
{
    size_t stem = strlen(st->path) - strlen(".json");
    snprintf(path, cap, "%.*s.sock", (int)stem, st->path);
}

void state_remove(const struct state *st)
{
    char sock[sizeof st->path];
    state_socket_path(st, sock, sizeof sock);
    unlink(sock);
    unlink(st->path);
}

static int older(const void *a, const void *b)
{
    unsigned long long x = strtoull(state_get(a, "since_unix_ns"), NULL, 10);
    unsigned long long y = strtoull(state_get(b, "since_unix_ns"), NULL, 10);
    return x < y ? -1 : x > y;
}

void state_list_load(struct state_list *list, const struct runtime *rt)
{
    *list = (struct state_list){0};
    DIR *dir = opendir(rt->dir);
    if (!dir)
        return;
    for (struct dirent *e; (e = readdir(dir));) {
        size_t len = strlen(e->d_name);
        char path[RUNTIME_DIR_MAX + 300];
        struct state st;
        if (len < 6 || strcmp(e->d_name + len - 5, ".json"))
            continue;
        snprintf(path, sizeof path, "%s/%s", rt->dir, e->d_name);
        if (!state_load(&st, path, NULL))
            continue;
        mem_grow(&list->items, &list->cap, list->count + 1, sizeof *list->items);
        list->items[list->count++] = st;
    }
    closedir(dir);
    if (list->count)
        qsort(list->items, list->count, sizeof *list->items, older);
}

void state_list_release(struct state_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        state_release(&list->items[i]);
    free(list->items);
    *list = (struct state_list){0};
}
