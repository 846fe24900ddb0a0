/* base: errors, arenas, strings, maps, files, options, numbers as people read them. */
#include "base/arena.h"
#include "base/file.h"
#include "base/fmt.h"
#include "base/lazy.h"
#include "base/map.h"
#include "base/opt.h"
#include "base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void err_is_a_chain(void **state)
{
    (void)state;
    struct err err = {0};
    errno = ENOENT;
    assert_false(err_errno(&err, "open %s", "x"));
    assert_int_equal(errno, ENOENT);
    err_hint(&err, "first");
    err_hint(&err, "second");
    err_wrap(&err, "trace %d", 7);
    assert_string_equal(err.text, "trace 7: open x: No such file or directory");
    assert_string_equal(err.hint, "first");
    err_set(&err, "anew");
    assert_string_equal(err.hint, "");
    assert_false(err_set(NULL, "dropped"));
    for (int i = 0; i < 200; i++)
        err_wrap(&err, "a long cause that does not fit in the end");
    assert_true(strlen(err.text) < sizeof err.text);
}

static void arena_zeroes_and_aligns(void **state)
{
    (void)state;
    struct arena a = {0};
    for (int round = 0; round < 3; round++) {
        for (size_t n = 0; n < 3000; n += 7) {
            unsigned char *p = arena_alloc(&a, n);
            assert_int_equal((uintptr_t)p % 16, 0);
            for (size_t i = 0; i < n; i++)
                assert_int_equal(p[i], 0);
            memset(p, 0xff, n);
        }
        unsigned char *big = arena_alloc(&a, 1 << 20);
        memset(big, 0xff, 1 << 20);
        arena_clear(&a);
    }
    assert_string_equal(arena_printf(&a, "%s-%d", "x", 5), "x-5");
    assert_string_equal(arena_strndup(&a, "abcdef", 3), "abc");
    arena_release(&a);
    assert_null(a.head);
}

static void map64_agrees_with_an_array(void **state)
{
    (void)state;
    enum {
        KEYS = 997
    };
    static uint64_t want[KEYS];
    static bool has[KEYS];
    struct map64 m = {0};
    uint64_t x = 1;
    for (int i = 0; i < 50000; i++) {
        x = hash64(x + 1);
        uint64_t key = x % KEYS;
        if (x >> 60 < 5) {
            map64_delete(&m, key * key);
            has[key] = false;
        } else {
            bool added;
            *map64_put(&m, key * key, &added) = x;
            assert_int_equal(added, !has[key]);
            want[key] = x;
            has[key] = true;
        }
    }
    size_t live = 0;
    for (uint64_t key = 0; key < KEYS; key++) {
        uint64_t *v = map64_get(&m, key * key);
        assert_int_equal(v != NULL, has[key]);
        if (v)
            assert_int_equal(*v, want[key]);
        live += has[key];
    }
    assert_int_equal(m.len, live);
    size_t pos = 0, seen = 0;
    uint64_t key, value;
    while (map64_next(&m, &pos, &key, &value))
        seen++;
    assert_int_equal(seen, live);
    map64_release(&m);
    assert_null(map64_get(&m, 0));
}

static void intern_gives_dense_ids(void **state)
{
    (void)state;
    struct intern in = {0};
    char text[16];
    for (int round = 0; round < 2; round++)
        for (uint32_t i = 0; i < 5000; i++) {
            snprintf(text, sizeof text, "s%u", i);
            assert_int_equal(intern_str(&in, text), i);
        }
    assert_string_equal(intern_get(&in, 4321), "s4321");
    assert_string_equal(intern_get(&in, 5000), "");
    assert_int_equal(intern_bytes(&in, "s\0x", 3), 5000);
    assert_int_equal(intern_bytes(&in, "", 0), 5001);
    intern_release(&in);
}

static void files_appear_whole_or_not_at_all(void **state)
{
    (void)state;
    char dir[] = "/tmp/whyprof-test-XXXXXX", path[64], deep[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/out", dir);
    struct err err = {0};
    struct file_out out;
    assert_true(file_out_open(&out, path, &err));
    file_out_write(&out, "hello", 5);
    assert_int_equal(access(path, F_OK), -1);
    char *big = calloc(1, 1 << 20);
    file_out_write(&out, big, 1 << 20);
    free(big);
    file_out_patch(&out, 0, "J", 1);
    char back[5];
    assert_true(file_out_read(&out, 0, back, 5, &err));
    assert_memory_equal(back, "Jello", 5);
    assert_true(file_out_commit(&out, &err));
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 5 + (1 << 20));
    assert_int_equal(st.st_mode & 0777, 0600);

    assert_true(file_out_open(&out, path, &err));
    file_out_write(&out, "gone", 4);
    file_out_discard(&out);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 5 + (1 << 20));
    assert_int_equal(file_tree_bytes(dir), 5 + (1 << 20));

    snprintf(deep, sizeof deep, "%s/a/b/c", dir);
    assert_true(file_make_dirs(deep, &err));
    assert_true(file_make_dirs(deep, &err));
    snprintf(deep, sizeof deep, "%s/out/b", dir);
    assert_false(file_make_dirs(deep, &err));
    snprintf(deep, sizeof deep, "%s/missing/x", dir);
    assert_false(file_out_open(&out, deep, &err));
    assert_non_null(strstr(err.hint, "folder"));
    assert_true(file_remove_tree(dir, &err));
    assert_int_equal(access(dir, F_OK), -1);
    assert_true(file_remove_tree(dir, &err));
}

static void pipes_and_links_stay_what_they_are(void **state)
{
    (void)state;
    char dir[] = "/tmp/whyprof-test-XXXXXX", fifo[64], file[64], link[64], back[8] = "";
    assert_non_null(mkdtemp(dir));
    snprintf(fifo, sizeof fifo, "%s/fifo", dir);
    snprintf(file, sizeof file, "%s/file", dir);
    snprintf(link, sizeof link, "%s/link", dir);
    struct err err = {0};
    struct file_out out;
    struct stat st;
    assert_int_equal(mkfifo(fifo, 0600), 0);
    int reader = open(fifo, O_RDWR | O_NONBLOCK);
    assert_true(file_out_open(&out, fifo, &err));
    file_out_write(&out, "piped", 5);
    assert_true(file_out_commit(&out, &err));
    assert_int_equal(read(reader, back, sizeof back), 5);
    close(reader);
    assert_int_equal(stat(fifo, &st), 0);
    assert_true(S_ISFIFO(st.st_mode));

    close(open(file, O_CREAT | O_WRONLY, 0600));
    assert_int_equal(symlink("file", link), 0);
    assert_true(file_out_open(&out, link, &err));
    file_out_write(&out, "linked", 6);
    assert_true(file_out_commit(&out, &err));
    assert_int_equal(lstat(link, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_size, 6);
    assert_true(file_remove_tree(dir, &err));
}

static void a_full_disk_leaves_nothing(void **state)
{
    (void)state;
    struct err err = {0};
    struct file_out out;
    char path[64];
    snprintf(path, sizeof path, "/tmp/whyprof-full-%d", getpid());
    assert_true(file_out_open(&out, path, &err));
    int full = open("/dev/full", O_RDWR);
    assert_true(full >= 0);
    assert_int_equal(dup2(full, out.fd), out.fd);
    close(full);
    char *big = calloc(1, 1 << 20);
    file_out_write(&out, big, 1 << 20);
    free(big);
    assert_false(file_out_commit(&out, &err));
    assert_non_null(strstr(err.text, "No space left"));
    assert_string_not_equal(err.hint, "");
    assert_int_equal(access(path, F_OK), -1);
}

static void quantities_read_well(void **state)
{
    (void)state;
    static const struct {
        uint64_t ns;
        const char *text;
    } times[] = {{0, "0 ns"},          {999, "999 ns"},         {1000, "1.00 us"},
                 {12345, "12.3 us"},   {999499, "999 us"},      {999500, "1.00 ms"},
                 {1234567, "1.23 ms"}, {99949999999, "99.9 s"}, {245000000000, "4 min 05 s"}};
    char buf[FMT_MAX];
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        assert_string_equal(fmt_ns(buf, times[i].ns), times[i].text);
    assert_string_equal(fmt_bytes(buf, 1023), "1023 B");
    assert_string_equal(fmt_bytes(buf, 1536), "1.50 KiB");
    assert_string_equal(fmt_bytes(buf, UINT64_MAX), "16384 PiB");
    assert_string_equal(fmt_count(buf, 1234567), "1,234,567");
    assert_string_equal(fmt_count(buf, UINT64_MAX), "18,446,744,073,709,551,615");
    assert_string_equal(fmt_share(buf, 1, 8), "12.5 %");
    assert_string_equal(fmt_share(buf, 0, 0), "-");
}

/* opt_parse moves the pointers, never the letters. */
static int parse(const struct opt_command *cmd, int argc, const char **argv, struct err *err)
{
    union {
        const char **ro;
        char **rw;
    } u = {.ro = argv};
    return opt_parse(cmd, argc, u.rw, err);
}

static void options_are_parsed(void **state)
{
    (void)state;
    bool flag = true, json = false;
    const char *out = NULL, *mode = NULL;
    uint64_t size = 0, dur = 0;
    const struct opt opts[] = {{'f', "flag", OPT_FLAG, &flag, NULL, "a flag"},
                               {0, "json", OPT_FLAG, &json, NULL, "JSON"},
                               {'o', "output", OPT_STR, &out, "FILE", "where to"},
                               {0, "size", OPT_U64, &size, "N", "how much"},
                               {0, "duration", OPT_DURATION, &dur, "TIME", "how long"},
                               {0, "mode", OPT_OPT_STR, &mode, "M", "which"},
                               {0}};
    struct opt_command cmd = {.name = "t", .usage = "X", .summary = "s", .opts = opts};
    struct err err = {0};
    const char *argv[] = {"t",         "a",          "--no-flag", "--json",   "-oF",
                          "--size=4k", "--duration", "1.5ms",     "--mode=x", "b",
                          "--",        "-z",         NULL};
    assert_int_equal(parse(&cmd, 12, argv, &err), 3);
    assert_string_equal(argv[1], "a");
    assert_string_equal(argv[2], "b");
    assert_string_equal(argv[3], "-z");
    assert_false(flag);
    assert_true(json);
    assert_string_equal(out, "F");
    assert_string_equal(mode, "x");
    assert_int_equal(size, 4096);
    assert_int_equal(dur, 1500000);

    static const char *const bad[][3] = {
        {"--nope", NULL, "unknown option"},     {"--output", NULL, "needs a value"},
        {"--size", "4x", "not a number"},       {"--size", "-1", "not a number"},
        {"--duration", "5q", "not a duration"}, {"--json=1", NULL, "takes no value"},
        {"--no-size", NULL, "unknown option"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char a[32], b[32];
        snprintf(a, sizeof a, "%s", bad[i][0]);
        snprintf(b, sizeof b, "%s", bad[i][1] ? bad[i][1] : "");
        const char *wrong[] = {"t", a, b, NULL};
        assert_int_equal(parse(&cmd, bad[i][1] ? 3 : 2, wrong, &err), OPT_BAD);
        if (!strstr(err.text, bad[i][2]))
            fail_msg("%s: '%s'", a, err.text);
    }
    cmd.stop_at_first = true;
    const char *run[] = {"t", "--json", "prog", "--flag", "-x", NULL};
    flag = false;
    assert_int_equal(parse(&cmd, 5, run, &err), 3);
    assert_false(flag);
    assert_string_equal(run[2], "--flag");
}

static void a_library_loads_when_needed(void **state)
{
    (void)state;
    struct err err = {0};
    static struct {
        double (*cos)(double);
        void (*missing)(void);
    } m;
    static const struct lazy_symbol good[] = {{"cos", &m.cos}, {NULL, NULL}};
    static const struct lazy_symbol bad[] = {{"no_such_function", &m.missing}, {NULL, NULL}};
    assert_true(lazy_load("libm.so.6", good, &err));
    assert_true(m.cos(0) == 1);
    assert_true(lazy_load("libm.so.6", good, &err));
    assert_false(lazy_load("libm.so.6", bad, &err));
    assert_non_null(strstr(err.text, "no_such_function"));
    assert_false(lazy_load("libnosuch.so.9", bad, &err));
    assert_non_null(strstr(err.text, "libnosuch.so.9 is missing"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(err_is_a_chain),
        cmocka_unit_test(arena_zeroes_and_aligns),
        cmocka_unit_test(map64_agrees_with_an_array),
        cmocka_unit_test(intern_gives_dense_ids),
        cmocka_unit_test(files_appear_whole_or_not_at_all),
        cmocka_unit_test(pipes_and_links_stay_what_they_are),
        cmocka_unit_test(a_full_disk_leaves_nothing),
        cmocka_unit_test(quantities_read_well),
        cmocka_unit_test(options_are_parsed),
        cmocka_unit_test(a_library_loads_when_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
