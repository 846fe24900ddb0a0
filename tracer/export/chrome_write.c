#include "export/chrome_write.h"

#include "base/arena.h"
#include "base/utf8.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

void chrome_writer_init(struct chrome_writer *w, const struct trace *t, struct export_out *out)
{
    *w = (struct chrome_writer){.trace = t, .x = {.out = out}};
    w->string_count = trace_string_count(t);
    /* Zeroed by the kernel: only what is looked at takes memory. */
    w->of_string = calloc(w->string_count + 1, sizeof *w->of_string);
    if (!w->of_string)
        abort(); /* no memory */
}

void chrome_writer_release(struct chrome_writer *w)
{
    text_release(&w->x);
    strbuf_release(&w->escaped);
    free(w->of_string);
}

void chrome_escape(struct strbuf *sb, const char *text)
{
    struct strbuf clean = {0};
    utf8_append(&clean, text);
    cJSON *item = cJSON_CreateStringReference(strbuf_str(&clean));
    char *quoted = item ? cJSON_PrintUnformatted(item) : NULL;
    if (!quoted)
        abort(); /* no memory */
    strbuf_puts(sb, quoted);
    cJSON_free(quoted);
    cJSON_Delete(item);
    strbuf_release(&clean);
}

void chrome_string(struct chrome_writer *w, uint64_t string_id)
{
    if (string_id >= w->string_count) {
        text_lit(&w->x, "\"\"");
        return;
    }
    struct chrome_escaped *e = &w->of_string[string_id];
    if (!e->len) {
        e->off = w->escaped.len;
        chrome_escape(&w->escaped, trace_string(w->trace, string_id));
        e->len = w->escaped.len - e->off;
    }
    text_put(&w->x, w->escaped.p + e->off, e->len);
}

void chrome_array_begin(struct chrome_writer *w, const char *key)
{
    text_putc(&w->x, '"');
    text_lit(&w->x, key);
    text_lit(&w->x, "\": [");
    w->after_first = false;
}

void chrome_array_end(struct chrome_writer *w)
{
    text_lit(&w->x, "\n]");
}

void chrome_event_text(struct chrome_writer *w, const char *json, size_t len)
{
    chrome_separate(w);
    text_put(&w->x, json, len);
}
