#include "export/chrome_write.h"

#include "base/utf8.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>

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

/* printf is a third of an export's time: these few numbers are made by hand. */
static void add_u64(struct strbuf *sb, uint64_t n)
{
    char digits[20];
    size_t len = 0;
    do
        digits[sizeof digits - ++len] = (char)('0' + n % 10);
    while (n /= 10);
    strbuf_append(sb, digits + sizeof digits - len, len);
}

void chrome_us(struct strbuf *sb, uint64_t ns)
{
    unsigned rest = (unsigned)(ns % 1000);
    add_u64(sb, ns / 1000);
    const char decimals[4] = {'.', (char)('0' + rest / 100), (char)('0' + rest / 10 % 10),
                              (char)('0' + rest % 10)};
    strbuf_append(sb, decimals, sizeof decimals);
}

static const char *escaped(struct chrome_writer *w, uint64_t string_id)
{
    bool added;
    uint64_t *at = map64_put(&w->of_string, string_id, &added);
    if (added) {
        *at = w->escaped.len;
        chrome_escape(&w->escaped, trace_string(w->trace, string_id));
        strbuf_putc(&w->escaped, '\0');
    }
    return w->escaped.p + *at;
}

static void flush_line(struct chrome_writer *w)
{
    export_out_puts(w->out, w->after_first ? ",\n" : "\n");
    export_out_write(w->out, w->line.p, w->line.len);
    w->after_first = true;
    w->events++;
}

void chrome_array_begin(struct chrome_writer *w, const char *key)
{
    export_out_puts(w->out, "\"");
    export_out_puts(w->out, key);
    export_out_puts(w->out, "\": [");
    w->after_first = false;
}

void chrome_array_end(struct chrome_writer *w)
{
    export_out_puts(w->out, "\n]");
}

void chrome_begin(struct chrome_writer *w, char ph, const char *cat, uint64_t pid, uint64_t tid,
                  uint64_t ts_ns)
{
    struct strbuf *sb = &w->line;
    strbuf_clear(sb);
    w->in_args = false;
    strbuf_puts(sb, "{\"ph\":\"");
    strbuf_putc(sb, ph);
    strbuf_puts(sb, "\",\"cat\":\"");
    strbuf_puts(sb, cat);
    strbuf_puts(sb, "\",\"pid\":");
    add_u64(sb, pid);
    strbuf_puts(sb, ",\"tid\":");
    add_u64(sb, tid);
    strbuf_puts(sb, ",\"ts\":");
    chrome_us(sb, ts_ns);
}

static void add_key(struct chrome_writer *w, const char *key)
{
    strbuf_puts(&w->line, ",\"");
    strbuf_puts(&w->line, key);
    strbuf_puts(&w->line, "\":");
}

void chrome_dur(struct chrome_writer *w, uint64_t dur_ns)
{
    add_key(w, "dur");
    chrome_us(&w->line, dur_ns);
}

void chrome_member(struct chrome_writer *w, const char *key, const char *json)
{
    add_key(w, key);
    strbuf_puts(&w->line, json);
}

void chrome_member_u64(struct chrome_writer *w, const char *key, uint64_t value)
{
    add_key(w, key);
    add_u64(&w->line, value);
}

void chrome_name_id(struct chrome_writer *w, uint64_t string_id)
{
    chrome_member(w, "name", escaped(w, string_id));
}

static void args_comma(struct chrome_writer *w)
{
    strbuf_puts(&w->line, w->in_args ? "," : ",\"args\":{");
    w->in_args = true;
}

static void arg_key(struct chrome_writer *w, const char *key)
{
    args_comma(w);
    strbuf_putc(&w->line, '"');
    strbuf_puts(&w->line, key);
    strbuf_puts(&w->line, "\":");
}

void chrome_arg_u64(struct chrome_writer *w, const char *key, uint64_t value)
{
    arg_key(w, key);
    add_u64(&w->line, value);
}

void chrome_arg_i64(struct chrome_writer *w, const char *key, int64_t value)
{
    arg_key(w, key);
    strbuf_printf(&w->line, "%" PRId64, value);
}

void chrome_arg_hex(struct chrome_writer *w, const char *key, uint64_t value)
{
    arg_key(w, key);
    strbuf_printf(&w->line, "\"0x%" PRIx64 "\"", value);
}

/* JSON knows neither infinity nor NaN. */
static void add_f64(struct strbuf *sb, double value)
{
    if (value - value == 0)
        strbuf_printf(sb, "%.17g", value);
    else
        strbuf_puts(sb, "null");
}

void chrome_arg_f64(struct chrome_writer *w, const char *key, double value)
{
    arg_key(w, key);
    add_f64(&w->line, value);
}

void chrome_arg_id(struct chrome_writer *w, const char *key, uint64_t string_id)
{
    arg_key(w, key);
    strbuf_puts(&w->line, escaped(w, string_id));
}

void chrome_arg_f64_of(struct chrome_writer *w, uint64_t key_id, double value)
{
    args_comma(w);
    strbuf_puts(&w->line, escaped(w, key_id));
    strbuf_putc(&w->line, ':');
    add_f64(&w->line, value);
}

void chrome_end(struct chrome_writer *w)
{
    strbuf_puts(&w->line, w->in_args ? "}}" : "}");
    flush_line(w);
}

void chrome_event_text(struct chrome_writer *w, const char *json)
{
    strbuf_clear(&w->line);
    strbuf_puts(&w->line, json);
    flush_line(w);
}

void chrome_writer_release(struct chrome_writer *w)
{
    strbuf_release(&w->line);
    strbuf_release(&w->escaped);
    map64_release(&w->of_string);
}
