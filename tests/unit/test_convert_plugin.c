/* Our component classes in babeltrace2's own program. */
#include "unit/convert_fixture.h"

static bool run_ok(const char *command)
{
    int status = system(command);
    return status == 0;
}

static void need_babeltrace2(void)
{
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
    print_message("a plugin built with a sanitizer cannot be loaded into a plain babeltrace2\n");
    skip();
#endif
    if (!run_ok("babeltrace2 --version >/dev/null 2>&1"))
        skip();
}

/* The plugin in babeltrace2's graph (one port behind a muxer) writes the same
 * file as our own graph. */
static void test_plugin(void **state)
{
    (void)state;
    need_babeltrace2();
    make_two_packets();
    trace_close(convert_and_open());
    char command[1024], plugin_path[160];
    snprintf(plugin_path, sizeof plugin_path, "%s/plugin.out", folder);
    snprintf(command, sizeof command,
             "babeltrace2 --plugin-path=" TEST_LIB_DIR
             " %s --component=sink.whyprof.trace --params='path=\"%s\"'",
             ctf_dir(), plugin_path);
    assert_true(run_ok(command));
    char *ours, *theirs;
    size_t our_bytes, their_bytes;
    assert_true(file_read(out_path, &ours, &our_bytes, NULL));
    assert_true(file_read(plugin_path, &theirs, &their_bytes, NULL));
    assert_int_equal(our_bytes, their_bytes);
    assert_memory_equal(ours, theirs, our_bytes);
    free(ours);
    free(theirs);
    snprintf(command, sizeof command,
             "babeltrace2 --plugin-path=" TEST_LIB_DIR
             " %s --component=sink.whyprof.trace >/dev/null 2>%s/log",
             ctf_dir(), folder);
    assert_false(run_ok(command));
    snprintf(command, sizeof command, "grep -q 'parameter `path`' %s/log", folder);
    assert_true(run_ok(command));
}

/* What our source says in babeltrace2's own text is what source.ctf.fs says, and our
 * sink behind it writes the same file. */
static void test_plugin_source(void **state)
{
    (void)state;
    need_babeltrace2();
    make_two_packets();
    trace_close(convert_and_open());
    char command[1024];
    const char *pretty = "-c sink.text.pretty -p color=\"never\"";
    const char *source = "--plugin-path=" TEST_LIB_DIR " -c source.whyprof.ctf -p";
    snprintf(command, sizeof command,
             "cd %s && babeltrace2 ctf %s >theirs.txt && babeltrace2 %s 'inputs=[\"ctf\"]' %s "
             ">ours.txt && cmp ours.txt theirs.txt && grep -q 'second packet' ours.txt",
             folder, pretty, source, pretty);
    assert_true(run_ok(command));
    snprintf(command, sizeof command,
             "cd %s && babeltrace2 %s 'inputs=[\"ctf\"]' -c sink.whyprof.trace -p "
             "'path=\"s.out\"' && cmp s.out x.out",
             folder, source);
    assert_true(run_ok(command));
    snprintf(command, sizeof command,
             "cd %s && babeltrace2 %s 'inputs=[\"none\"]' %s >/dev/null 2>log", folder, source,
             pretty);
    assert_false(run_ok(command));
}

/* sink.whyprof.chrome writes what `export` makes of the trace file. */
static void test_plugin_chrome(void **state)
{
    (void)state;
    need_babeltrace2();
    make_two_packets();
    char command[1024];
    for (int perfetto = 0; perfetto < 2; perfetto++) {
        snprintf(command, sizeof command,
                 "cd %s && babeltrace2 --plugin-path=" TEST_LIB_DIR
                 " ctf -c sink.whyprof.chrome -p 'path=\"x.json\"%s' && "
                 "grep -q 'second packet' x.json && test -z \"$(ls | grep whyprof)\"",
                 folder, perfetto ? ",for=\"perfetto\"" : "");
        assert_true(run_ok(command));
    }
    snprintf(command, sizeof command,
             "cd %s && babeltrace2 --plugin-path=" TEST_LIB_DIR
             " ctf -c sink.whyprof.chrome -p 'path=\"y.json\",for=\"what\"' 2>log; "
             "grep -q 'parameter `for`' log && test ! -e y.json",
             folder);
    assert_true(run_ok(command));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_plugin),
        TEST(test_plugin_source),
        TEST(test_plugin_chrome),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
