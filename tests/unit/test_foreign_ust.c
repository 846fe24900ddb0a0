/* LTTng-UST sessions that are not ours: a program's own tracepoints as messages and
 * regions, the events of LTTng's helper libraries as regions, allocations and lock waits;
 * and such sessions of two machines in one file. Every fixture is read by both readers,
 * which must give the same bytes. */
#include "convert/convert.h"
#include "trace/reader.h"
#include "unit/ctf_maker.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#define LOAD_BASE UINT64_C(0x7f0000000000)

/* Types are ctf_maker's, and: e an enumeration of a byte, f an enumeration of s32, x u64 in
 * hex, h s16 [2], w float, T text with its length before it, 9 text of 17 bytes. */
static const struct {
    const char *name;
    const char *fields;
} classes[] = {
    {"my_app:request_begin", "i id s url"},
    {"my_app:request_end", ""},
    {"my_app:lonely_begin", ""},
    {"my_app:everything", "e color f level x flags d cost w half h pair b bytes T text B small"},
    {"lttng_ust_tracef:event", "i len T msg"},
    {"lttng_ust_statedump:procname", "9 procname"},
    {"lttng_ust_statedump:bin_info", "x baddr Q memsz s path B is_pic B has_build_id"},
    {"lttng_ust_statedump:end", ""},
    {"lttng_ust_libc:malloc", "Q size x ptr"},
    {"lttng_ust_libc:realloc", "x in_ptr Q size x ptr"},
    {"lttng_ust_libc:free", "x ptr"},
    {"lttng_ust_pthread:pthread_mutex_lock_req", "x mutex"},
    {"lttng_ust_pthread:pthread_mutex_lock_acq", "x mutex i status"},
    {"lttng_ust_pthread:pthread_mutex_unlock", "x mutex i status"},
    {"lttng_ust_cyg_profile:func_entry", "x addr x call_site"},
    {"lttng_ust_cyg_profile:func_exit", "x addr x call_site"},
};
enum {
    CLASSES = sizeof classes / sizeof *classes
};

static char folder[64];

/* -- making the fixture */

static const char *type_text(char type)
{
    switch (type) {
    case 'e':
        return "enum : uint8_t { RED, \"DARK BLUE\", GREEN = 7 }";
    case 'f':
        return "enum : int32_t { MINUS = -1, MANY = 5 ... 9 }";
    case 'x':
        return "integer { size = 64; align = 8; base = 16; }";
    case 'h':
        return "integer { size = 16; align = 8; signed = true; }";
    case 'w':
        return "floating_point { exp_dig = 8; mant_dig = 24; align = 8; }";
    case 'T':
    case '9':
        return "integer { size = 8; align = 8; encoding = UTF8; }";
    case 'd':
        return "double_t";
    case 's':
        return "string";
    case 'i':
        return "int32_t";
    case 'Q':
        return "uint64_t";
    default:
        return "uint8_t";
    }
}

static void put_class(struct strbuf *sb, unsigned id)
{
    strbuf_printf(sb, "event { name = \"%s\"; id = %u; stream_id = 0; fields := struct {\n",
                  classes[id].name, id);
    for (const char *f = classes[id].fields; *f;) {
        int len = (int)strcspn(f + 2, " ");
        const char *type = type_text(*f), *name = f + 2;
        if (*f == 'b' || *f == 'T')
            strbuf_printf(sb, " uint32_t __%.*s_length; %s _%.*s[ __%.*s_length ];\n", len, name,
                          type, len, name, len, name);
        else
            strbuf_printf(sb, " %s _%.*s%s;\n", type, len, name,
                          *f == 'h'   ? "[2]"
                          : *f == '9' ? "[17]"
                                      : "");
        f += 2 + len;
        f += *f == ' ';
    }
    strbuf_puts(sb, "}; };\n");
}

static void put_field(struct strbuf *sb, char type, va_list *ap)
{
    char text[17] = {0};
    switch (type) {
    case 'e':
        ctf_put(sb, (uint64_t)va_arg(*ap, int), 1);
        break;
    case 'f':
        ctf_put(sb, (uint64_t)va_arg(*ap, int), 4);
        break;
    case 'x':
        ctf_put(sb, va_arg(*ap, uint64_t), 8);
        break;
    case 'h':
        ctf_put(sb, (uint64_t)va_arg(*ap, int), 2);
        ctf_put(sb, (uint64_t)va_arg(*ap, int), 2);
        break;
    case 'w': {
        float w = (float)va_arg(*ap, double);
        strbuf_append(sb, &w, sizeof w);
        break;
    }
    case 'T': {
        const char *s = va_arg(*ap, const char *);
        ctf_put(sb, strlen(s), 4);
        strbuf_append(sb, s, strlen(s));
        break;
    }
    case '9':
        snprintf(text, sizeof text, "%s", va_arg(*ap, const char *));
        strbuf_append(sb, text, sizeof text);
        break;
    default:
        ctf_put_field(sb, type, ap);
    }
}

static void event(struct ctf *c, int cpu, uint64_t ts, int pid, int tid, const char *name, ...)
{
    unsigned id = 0;
    while (strcmp(classes[id].name, name) != 0)
        id++;
    struct strbuf *sb = &c->packet[cpu];
    if (!sb->len && !c->begin[cpu])
        c->begin[cpu] = ts;
    ctf_put_header(c, cpu, id, ts);
    ctf_put(sb, (uint64_t)pid, 4);
    ctf_put(sb, (uint64_t)tid, 4);
    va_list ap;
    va_start(ap, name);
    for (const char *f = classes[id].fields; *f;) {
        put_field(sb, *f, &ap);
        f += 2 + strcspn(f + 2, " ");
        f += *f == ' ';
    }
    va_end(ap);
}

static void replace(struct strbuf *sb, const char *old, const char *new)
{
    char *at = strstr(sb->p, old);
    assert_non_null(at);
    struct strbuf out = {0};
    strbuf_append(&out, sb->p, (size_t)(at - sb->p));
    strbuf_puts(&out, new);
    strbuf_puts(&out, at + strlen(old));
    strbuf_release(sb);
    *sb = out;
}

/* Writes the streams and their metadata. host NULL: as in ctf_head; clock: more of it. */
static void close_session(struct ctf *c, const char *host, const char *clock)
{
    struct strbuf sb = {0};
    strbuf_puts(&sb, ctf_head);
    if (host)
        replace(&sb, "testbox", host);
    if (clock)
        replace(&sb, "offset_s = 1700000000;", clock);
    for (unsigned i = 0; i < CLASSES; i++)
        put_class(&sb, i);
    ctf_write(c->dir, "metadata", sb.p, sb.len);
    strbuf_release(&sb);
    for (int cpu = 0; cpu < CTF_STREAMS; cpu++) {
        char name[16];
        snprintf(name, sizeof name, "ch_%d", cpu);
        if (c->packet[cpu].len)
            ctf_packet(c, cpu);
        ctf_write(c->dir, name, strbuf_str(&c->file[cpu]), c->file[cpu].len);
        strbuf_release(&c->file[cpu]);
        strbuf_release(&c->packet[cpu]);
    }
}

/* -- reading */

static void same_file(const char *one, const char *other)
{
    char *a, *b;
    size_t a_bytes, b_bytes;
    assert_true(file_read(one, &a, &a_bytes, NULL) && file_read(other, &b, &b_bytes, NULL));
    assert_int_equal(a_bytes, b_bytes);
    assert_memory_equal(a, b, a_bytes);
    free(a);
    free(b);
}

/* Converts the folders with both readers. */
static struct trace *convert(const char *const *dirs, size_t count)
{
    static const enum convert_reader readers[] = {CONVERT_READER_CTF, CONVERT_READER_CTF_FS};
    char path[2][128];
    struct err err = {0};
    for (int i = 0; i < 2; i++) {
        snprintf(path[i], sizeof path[i], "%s/%d.out", folder, i);
        struct convert_options options = {.ctf_dir = dirs[0],
                                          .more_dirs = dirs + 1,
                                          .more_count = count - 1,
                                          .reader = readers[i],
                                          .out_path = path[i]};
        struct convert_result result;
        if (!convert_ctf(&options, &result, &err))
            fail_msg("%s", err.text);
    }
    same_file(path[0], path[1]);
    struct trace *t = trace_open(path[0], &err);
    if (!t)
        fail_msg("%s", err.text);
    return t;
}

static uint32_t row_of_tid(const struct trace *t, uint32_t tid)
{
    struct trace_cursor c = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    for (uint64_t r = 0; r < c.total_rows; r++)
        if (trace_get(&c, r, TRACE_THREAD_tid) == tid)
            return (uint32_t)r;
    fail_msg("no thread %u", tid);
    return 0;
}

static struct trace_cursor rows_of(const struct trace *t, unsigned table, uint32_t tid)
{
    return trace_cursor(t, table, row_of_tid(t, tid));
}

static void expect(struct trace_cursor *c, uint64_t row, unsigned column, uint64_t value)
{
    assert_true(row < c->total_rows);
    assert_int_equal(trace_get(c, row, column), value);
}

static void expect_text(const struct trace *t, struct trace_cursor *c, uint64_t row,
                        unsigned column, const char *text)
{
    assert_true(row < c->total_rows);
    assert_string_equal(trace_string(t, trace_get(c, row, column)), text);
}

/* -- tests */

static char dir[2][96];

static void test_messages(void **state)
{
    (void)state;
    static const uint64_t bytes[] = {1, 2, 255};
    struct ctf c;
    ctf_open(&c, dir[0]);
    event(&c, 0, 1000, 7, 8, "my_app:request_begin", -3, "/a\"b\\c\nd\x01");
    event(&c, 1, 1500, 7, 9, "my_app:everything", 1, 6, UINT64_C(0xbeef), 0.1, 0.5, -1, 2, 3, bytes,
          "th\xc3\xa9", 200);
    event(&c, 1, 1600, 7, 9, "my_app:everything", 9, -1, UINT64_MAX, 1e300, 3.25, 0, 0, 0, bytes,
          "", 0);
    event(&c, 0, 2000, 7, 8, "my_app:request_end");
    event(&c, 0, 2500, 7, 8, "my_app:lonely_begin");
    event(&c, 0, 3000, 7, 8, "lttng_ust_tracef:event", 5, "hello 5");
    close_session(&c, NULL, NULL);
    struct trace *t = convert((const char *const[]){dir[0]}, 1);
    struct trace_cursor m = rows_of(t, TRACE_MESSAGE_TABLE, 8);
    assert_int_equal(m.total_rows, 3);
    expect(&m, 0, TRACE_MESSAGE_ts, 0);
    expect_text(t, &m, 0, TRACE_MESSAGE_text,
                "my_app:request_begin: id = -3, url = \"/a\\\"b\\\\c\\nd\\x01\"");
    expect_text(t, &m, 1, TRACE_MESSAGE_text, "my_app:lonely_begin");
    expect_text(t, &m, 2, TRACE_MESSAGE_text, "hello 5");
    m = rows_of(t, TRACE_MESSAGE_TABLE, 9);
    assert_int_equal(m.total_rows, 2);
    expect_text(t, &m, 0, TRACE_MESSAGE_text,
                "my_app:everything: color = DARK BLUE, level = MANY, flags = 0xbeef, cost = 0.1, "
                "half = 0.5, pair = [-1, 2], bytes = [1, 2, 255], text = \"th\xc3\xa9\", "
                "small = 200");
    expect_text(t, &m, 1, TRACE_MESSAGE_text,
                "my_app:everything: color = 9, level = MINUS, flags = 0xffffffffffffffff, "
                "cost = 1e+300, half = 3.25, pair = [0, 0], bytes = [], text = \"\", small = 0");
    /* a region, since the trace has the event that ends it; not so the lonely one */
    struct trace_cursor r = rows_of(t, TRACE_REGION_TABLE, 8);
    assert_int_equal(r.total_rows, 1);
    expect(&r, 0, TRACE_REGION_ts, 0);
    expect(&r, 0, TRACE_REGION_dur, 1000);
    expect_text(t, &r, 0, TRACE_REGION_name, "my_app:request");
    /* nothing of it says who ran when */
    assert_string_equal(trace_meta(t, "mechanism.sched"), "none");
    struct trace_cursor s = rows_of(t, TRACE_THREAD_STATE_TABLE, 8);
    for (uint64_t row = 0; row < s.total_rows; row++)
        expect(&s, row, TRACE_THREAD_STATE_state, TRACE_UNKNOWN);
    trace_close(t);
}

/* Its name and place in this very file are what the trace tells of. */
__attribute__((noinline, used)) static int traced_function(int x)
{
    __asm__ volatile("");
    return x + 1;
}

extern char __executable_start;

static void test_helper_libraries(void **state)
{
    (void)state;
    char self[4096] = "";
    assert_true(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    uint64_t function =
        LOAD_BASE + (uint64_t)((uintptr_t)&traced_function - (uintptr_t)&__executable_start);
    const uint64_t mutex = 0x5000, a = 0xa000, b = 0xb000;
    struct ctf c;
    ctf_open(&c, dir[0]);
    event(&c, 0, 1000, 7, 99, "lttng_ust_statedump:procname", "worker");
    event(&c, 0, 1001, 7, 99, "lttng_ust_statedump:bin_info", LOAD_BASE, UINT64_C(1) << 24, self, 1,
          0);
    event(&c, 0, 1002, 7, 99, "lttng_ust_statedump:end");
    event(&c, 0, 2000, 7, 7, "lttng_ust_cyg_profile:func_entry", function, UINT64_C(0));
    event(&c, 0, 2010, 7, 7, "lttng_ust_cyg_profile:func_entry", UINT64_C(0x99), function);
    event(&c, 0, 2100, 7, 7, "lttng_ust_libc:malloc", UINT64_C(100), a);
    event(&c, 0, 2200, 7, 7, "lttng_ust_libc:realloc", a, UINT64_C(200), b);
    event(&c, 0, 2300, 7, 7, "lttng_ust_libc:free", b);
    event(&c, 0, 2400, 7, 7, "lttng_ust_pthread:pthread_mutex_lock_req", mutex);
    event(&c, 0, 2410, 7, 7, "lttng_ust_pthread:pthread_mutex_lock_acq", mutex, 0);
    event(&c, 1, 2500, 7, 8, "lttng_ust_pthread:pthread_mutex_lock_req", mutex);
    event(&c, 0, 2900, 7, 7, "lttng_ust_pthread:pthread_mutex_unlock", mutex, 0);
    event(&c, 1, 2950, 7, 8, "lttng_ust_pthread:pthread_mutex_lock_acq", mutex, 0);
    event(&c, 1, 2960, 7, 8, "lttng_ust_pthread:pthread_mutex_unlock", mutex, 0);
    event(&c, 0, 3000, 7, 7, "lttng_ust_cyg_profile:func_exit", function, UINT64_C(0));
    close_session(&c, NULL, NULL);
    struct trace *t = convert((const char *const[]){dir[0]}, 1);
    struct trace_cursor p = trace_cursor(t, TRACE_PROCESS_TABLE, 0);
    expect_text(t, &p, 0, TRACE_PROCESS_name, "worker");
    struct trace_cursor r = rows_of(t, TRACE_REGION_TABLE, 7);
    assert_int_equal(r.total_rows, 2);
    expect_text(t, &r, 0, TRACE_REGION_name, "traced_function");
    expect(&r, 0, TRACE_REGION_dur, 1000);
    expect_text(t, &r, 1, TRACE_REGION_name, "0x99"); /* jumped out of */
    expect(&r, 1, TRACE_REGION_dur, 990);
    struct trace_cursor h = rows_of(t, TRACE_ALLOC_TABLE, 7);
    assert_int_equal(h.total_rows, 2);
    expect(&h, 0, TRACE_ALLOC_size, 100);
    expect(&h, 0, TRACE_ALLOC_free_ts, 1200);
    expect(&h, 1, TRACE_ALLOC_kind, TRACE_ALLOC_REALLOC);
    expect(&h, 1, TRACE_ALLOC_free_ts, 1300);
    assert_int_equal(rows_of(t, TRACE_LOCK_WAIT_TABLE, 7).total_rows, 0);
    struct trace_cursor w = rows_of(t, TRACE_LOCK_WAIT_TABLE, 8);
    expect(&w, 0, TRACE_LOCK_WAIT_ts, 1500);
    expect(&w, 0, TRACE_LOCK_WAIT_dur, 450);
    expect(&w, 0, TRACE_LOCK_WAIT_holder_tid, 7);
    struct trace_cursor l = rows_of(t, TRACE_LOCK_HOLD_TABLE, 7);
    expect(&l, 0, TRACE_LOCK_HOLD_ts, 1410);
    expect(&l, 0, TRACE_LOCK_HOLD_dur, 490);
    expect(&l, 0, TRACE_LOCK_HOLD_contended, 1);
    assert_string_equal(trace_meta(t, "mechanism.alloc"), "lttng-ust-libc-wrapper");
    assert_string_equal(trace_meta(t, "mechanism.lock"), "lttng-ust-pthread-wrapper");
    trace_close(t);
}

/* No context was recorded: what happened on a CPU stays together. */
static void test_no_context(void **state)
{
    (void)state;
    struct ctf c;
    ctf_open(&c, dir[0]);
    event(&c, 1, 1000, 0, 0, "my_app:lonely_begin");
    close_session(&c, NULL, NULL);
    struct trace *t = convert((const char *const[]){dir[0]}, 1);
    struct trace_cursor p = trace_cursor(t, TRACE_PROCESS_TABLE, 0);
    expect_text(t, &p, 0, TRACE_PROCESS_name, "(thread not recorded)");
    struct trace_cursor th = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    bool found = false;
    for (uint64_t row = 0; row < th.total_rows; row++)
        found |= !strcmp(trace_string(t, trace_get(&th, row, TRACE_THREAD_name)), "CPU 1");
    assert_true(found);
    trace_close(t);
}

static void make_host(int i, const char *name, const char *clock, uint64_t ts)
{
    struct ctf c;
    ctf_open(&c, dir[i]);
    event(&c, 0, ts, 7, 7, "lttng_ust_statedump:procname", "web");
    event(&c, 0, ts + 5, 7, 7, "my_app:request_begin", i, "x");
    event(&c, 0, ts + 15, 7, 7, "my_app:request_end");
    close_session(&c, name, clock);
}

static uint64_t pid_at(const struct trace *t, uint64_t row)
{
    struct trace_cursor p = trace_cursor(t, TRACE_PROCESS_TABLE, 0);
    return trace_get(&p, row, TRACE_PROCESS_pid);
}

/* One that booted 2 s later, and so counts from then. */
static void test_two_machines(void **state)
{
    (void)state;
    make_host(0, "east",
              "uuid = \"00000000-0000-0000-0000-0000000000aa\"; offset = 1700000002000000000;",
              1000);
    make_host(1, "west", "uuid = \"00000000-0000-0000-0000-0000000000bb\"; offset_s = 1700000000;",
              UINT64_C(2000000990));
    struct trace *t = convert((const char *const[]){dir[0], dir[1]}, 2);
    struct trace_cursor p = trace_cursor(t, TRACE_PROCESS_TABLE, 0);
    assert_int_equal(p.total_rows, 2);
    unsigned west = pid_at(t, 0) != 10000007;
    assert_int_equal(pid_at(t, west), 10000007);
    assert_int_equal(pid_at(t, !west), 7);
    expect_text(t, &p, west, TRACE_PROCESS_name, "web@west");
    expect_text(t, &p, !west, TRACE_PROCESS_name, "web@east");
    struct trace_cursor r = rows_of(t, TRACE_REGION_TABLE, 7);
    expect(&r, 0, TRACE_REGION_ts, 15); /* the trace begins 10 ns before the first's */
    r = rows_of(t, TRACE_REGION_TABLE, 10000007);
    expect(&r, 0, TRACE_REGION_ts, 5);
    assert_string_equal(trace_meta(t, "host.0"), "east");
    assert_string_equal(trace_meta(t, "host.1"), "west");
    assert_string_equal(trace_meta(t, "hostname"), "east, west");
    assert_string_equal(trace_meta(t, "start_unix_ns"), "1700000002000000990");
    trace_close(t);
}

/* Two containers of a machine: one clock, whatever offset each measured. */
static void test_one_clock(void **state)
{
    (void)state;
    make_host(0, "blue",
              "uuid = \"00000000-0000-0000-0000-0000000000cc\"; offset = 1700000002000000000;",
              1000);
    make_host(1, "green",
              "uuid = \"00000000-0000-0000-0000-0000000000cc\"; offset = 1700000002000000777;",
              1010);
    struct trace *t = convert((const char *const[]){dir[0], dir[1]}, 2);
    struct trace_cursor r = rows_of(t, TRACE_REGION_TABLE, 10000007);
    expect(&r, 0, TRACE_REGION_ts, 15);
    trace_close(t);
}

/* Two sessions of one machine. */
static void test_one_machine(void **state)
{
    (void)state;
    make_host(0, "east",
              "uuid = \"00000000-0000-0000-0000-0000000000aa\"; offset = 1700000002000000000;",
              1000);
    make_host(1, "east",
              "uuid = \"00000000-0000-0000-0000-0000000000aa\"; offset = 1700000002000000777;",
              1100);
    struct trace *t = convert((const char *const[]){dir[0], dir[1]}, 2);
    struct trace_cursor p = trace_cursor(t, TRACE_PROCESS_TABLE, 0);
    assert_int_equal(p.total_rows, 1);
    expect_text(t, &p, 0, TRACE_PROCESS_name, "web");
    struct trace_cursor r = rows_of(t, TRACE_REGION_TABLE, 7);
    assert_int_equal(r.total_rows, 2);
    expect(&r, 1, TRACE_REGION_ts, 105);
    trace_close(t);
}

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/whyprof-test-XXXXXX");
    bool ok = mkdtemp(folder) != NULL;
    for (int i = 0; i < 2; i++)
        snprintf(dir[i], sizeof dir[i], "%s/session%d", folder, i);
    return ok ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return file_remove_tree(folder, NULL) ? 0 : -1;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_messages),     TEST(test_helper_libraries), TEST(test_no_context),
        TEST(test_two_machines), TEST(test_one_clock),        TEST(test_one_machine),
    };
    return traced_function(cmocka_run_group_tests(tests, NULL, NULL)) - 1;
}
