/* Reading pprof profiles: every field, both encodings of repeated numbers, any
 * order of tables, gzip with several members, and each kind of damage. */
#include "base/file.h"
#include "base/strbuf.h"
#include "profile/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- a protobuf writer of a few lines ---- */

static void put_varint(struct strbuf *sb, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        strbuf_putc(sb, (char)(v | 0x80));
    strbuf_putc(sb, (char)v);
}

static void put_number(struct strbuf *sb, unsigned field, uint64_t v)
{
    put_varint(sb, field << 3);
    put_varint(sb, v);
}

static void put_bytes(struct strbuf *sb, unsigned field, const void *p, size_t len)
{
    put_varint(sb, field << 3 | 2);
    put_varint(sb, len);
    strbuf_append(sb, p, len);
}

/* Appends message `m` as a field and empties it. */
static void put_message(struct strbuf *sb, unsigned field, struct strbuf *m)
{
    put_bytes(sb, field, strbuf_str(m), m->len);
    strbuf_release(m);
}

static void put_packed(struct strbuf *sb, unsigned field, const uint64_t *v, size_t n)
{
    struct strbuf m = {0};
    for (size_t i = 0; i < n; i++)
        put_varint(&m, v[i]);
    put_message(sb, field, &m);
}

static void put_value_type(struct strbuf *sb, unsigned field, uint64_t type, uint64_t unit)
{
    struct strbuf m = {0};
    put_number(&m, 1, type);
    put_number(&m, 2, unit);
    put_message(sb, field, &m);
}

/* ---- a profile of two samples ---- */

enum { /* string table, in this order */
    S_EMPTY,
    S_SAMPLES,
    S_COUNT,
    S_CPU,
    S_NS,
    S_MAIN,
    S_WORK,
    S_FILE,
    S_BINARY,
    S_BUILD_ID,
    S_KEY,
    S_VALUE,
    S_SIZE,
    S_BYTES
};
static const char *const strings[] = {"",     "samples", "count", "cpu",    "nanoseconds",
                                      "main", "work",    "a.c",   "/bin/a", "00ff",
                                      "key",  "value",   "size",  "bytes"};

static void put_function(struct strbuf *sb, uint64_t id, uint64_t name)
{
    struct strbuf m = {0};
    put_number(&m, 1, id);
    put_number(&m, 2, name);
    put_number(&m, 3, name);
    put_number(&m, 4, S_FILE);
    put_number(&m, 5, id * 10);
    put_message(sb, 5, &m);
}

static void put_location(struct strbuf *sb, uint64_t id, const uint64_t *functions, size_t n)
{
    struct strbuf m = {0};
    put_number(&m, 1, id);
    put_number(&m, 2, 1);
    put_number(&m, 3, 0x1000 * id);
    for (size_t i = 0; i < n; i++) {
        struct strbuf line = {0};
        put_number(&line, 1, functions[i]);
        put_number(&line, 2, 100 + i);
        put_number(&line, 3, 7);
        put_message(&m, 4, &line);
    }
    put_message(sb, 4, &m);
}

static void put_labels(struct strbuf *sample)
{
    struct strbuf m = {0};
    put_number(&m, 1, S_KEY);
    put_number(&m, 2, S_VALUE);
    put_message(sample, 3, &m);
    put_number(&m, 1, S_SIZE);
    put_number(&m, 3, (uint64_t)-64);
    put_number(&m, 4, S_BYTES);
    put_message(sample, 3, &m);
}

static void put_samples(struct strbuf *sb)
{
    struct strbuf m = {0};
    put_packed(&m, 1, (uint64_t[]){1, 2}, 2);
    put_packed(&m, 2, (uint64_t[]){3, 30}, 2);
    put_labels(&m);
    put_message(sb, 2, &m);
    put_number(&m, 1, 2); /* not packed */
    put_number(&m, 2, 4);
    put_number(&m, 2, 40);
    put_message(sb, 2, &m);
}

static void put_mapping(struct strbuf *sb)
{
    struct strbuf m = {0};
    put_number(&m, 1, 1);
    put_number(&m, 2, 0x1000);
    put_number(&m, 3, 0x9000);
    put_number(&m, 4, 0x200);
    put_number(&m, 5, S_BINARY);
    put_number(&m, 6, S_BUILD_ID);
    put_number(&m, 7, 1);
    put_message(sb, 3, &m);
}

/* Samples first and strings last: as far from the order of reference as can be. */
static struct strbuf sample_profile(void)
{
    struct strbuf sb = {0};
    put_samples(&sb);
    put_location(&sb, 1, (uint64_t[]){2, 1}, 2);
    put_location(&sb, 2, (uint64_t[]){1}, 1);
    put_function(&sb, 1, S_MAIN);
    put_function(&sb, 2, S_WORK);
    put_mapping(&sb);
    put_value_type(&sb, 1, S_SAMPLES, S_COUNT);
    put_value_type(&sb, 1, S_CPU, S_NS);
    put_value_type(&sb, 11, S_CPU, S_NS);
    put_number(&sb, 9, 1700000000);
    put_number(&sb, 10, 5000);
    put_number(&sb, 12, 10);
    put_packed(&sb, 13, (uint64_t[]){S_KEY, S_VALUE}, 2);
    put_number(&sb, 14, S_SAMPLES);
    put_number(&sb, 99, 1); /* a field of the future */
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        put_bytes(&sb, 6, strings[i], strlen(strings[i]));
    return sb;
}

static void assert_is_sample(const struct profile *p)
{
    assert_int_equal(p->sample_count, 2);
    assert_int_equal(profile_total(p, 0), 7);
    assert_int_equal(profile_total(p, 1), 70);
    const struct profile_sample *s = &p->samples[0];
    assert_int_equal(s->depth, 2);
    const struct profile_location *leaf = &p->locations[s->locations[0]];
    assert_int_equal(leaf->address, 0x1000);
    assert_int_equal(leaf->line_count, 2);
    assert_string_equal(profile_line_name(p, &leaf->lines[0]), "work");
    assert_string_equal(profile_line_name(p, &leaf->lines[1]), "main");
    assert_int_equal(leaf->lines[1].line, 101);
    assert_int_equal(leaf->lines[1].column, 7);
    assert_string_equal(p->mappings[leaf->mapping].build_id, "00ff");
    assert_true(p->mappings[leaf->mapping].has_functions);
    assert_int_equal(s->label_count, 2);
    assert_string_equal(s->labels[0].text, "value");
    assert_null(s->labels[1].text);
    assert_int_equal(s->labels[1].number, -64);
    assert_string_equal(s->labels[1].unit, "bytes");
    assert_int_equal(p->samples[1].depth, 1);
    assert_int_equal(p->samples[1].values[1], 40);
}

static void every_field_is_read(void **state)
{
    (void)state;
    struct strbuf sb = sample_profile();
    struct profile p;
    struct err err;
    assert_true(profile_parse(&p, sb.p, sb.len, &err));
    strbuf_release(&sb);
    assert_is_sample(&p);
    assert_string_equal(p.value_types[1].type, "cpu");
    assert_int_equal(p.default_type, 0);
    assert_true(p.default_is_told);
    assert_string_equal(p.period_type.unit, "nanoseconds");
    assert_int_equal(p.period, 10);
    assert_int_equal(p.time_unix_ns, 1700000000);
    assert_int_equal(p.duration_ns, 5000);
    assert_int_equal(p.comment_count, 2);
    assert_string_equal(p.comments[1], "value");
    assert_int_equal(p.functions[1].start_line, 20);
    profile_release(&p);
}

static void gzip_of_two_members_is_read(void **state)
{
    (void)state;
    char dir[] = "/tmp/whyprof-profile-XXXXXX", path[64], command[256];
    assert_non_null(mkdtemp(dir));
    struct strbuf sb = sample_profile();
    struct file_out out;
    struct err err;
    struct profile p;
    size_t half = sb.len / 2;
    for (int part = 0; part < 2; part++) {
        snprintf(path, sizeof path, "%s/%d", dir, part);
        assert_true(file_out_open(&out, path, &err));
        file_out_write(&out, sb.p + (part ? half : 0), part ? sb.len - half : half);
        assert_true(file_out_commit(&out, &err));
    }
    snprintf(command, sizeof command, "cd %s && gzip 0 1 && cat 0.gz 1.gz > both", dir);
    assert_int_equal(system(command), 0);
    snprintf(path, sizeof path, "%s/both", dir);
    assert_true(profile_read(&p, path, &err));
    assert_is_sample(&p);
    profile_release(&p);
    assert_int_equal(truncate(path, 40), 0);
    assert_false(profile_read(&p, path, &err));
    assert_non_null(strstr(err.text, "gzip"));
    assert_true(file_remove_tree(dir, &err));
    strbuf_release(&sb);
}

/* A profile with one more field at its front. */
static void expect_error(const char *text, void (*add)(struct strbuf *sb))
{
    struct strbuf sb = {0}, rest = sample_profile();
    struct profile p;
    struct err err = {0};
    add(&sb);
    strbuf_append(&sb, rest.p, rest.len);
    assert_false(profile_parse(&p, sb.p, sb.len, &err));
    if (!strstr(err.text, text))
        fail_msg("'%s' is not in '%s'", text, err.text);
    assert_int_equal(p.sample_count, 0);
    profile_release(&p);
    strbuf_release(&sb);
    strbuf_release(&rest);
}

static void add_second_time(struct strbuf *sb)
{
    put_number(sb, 9, 1);
}

static void add_same_function(struct strbuf *sb)
{
    put_function(sb, 2, S_MAIN);
}

static void add_function_0(struct strbuf *sb)
{
    put_function(sb, 0, S_MAIN);
}

static void add_wild_string(struct strbuf *sb)
{
    put_function(sb, 9, 1000);
}

static void add_wild_function(struct strbuf *sb)
{
    put_location(sb, 9, (uint64_t[]){77}, 1);
}

static void add_wild_location(struct strbuf *sb)
{
    struct strbuf m = {0};
    put_packed(&m, 1, (uint64_t[]){88}, 1);
    put_packed(&m, 2, (uint64_t[]){1, 2}, 2);
    put_message(sb, 2, &m);
}

static void add_short_sample(struct strbuf *sb)
{
    struct strbuf m = {0};
    put_packed(&m, 2, (uint64_t[]){1}, 1);
    put_message(sb, 2, &m);
}

static void add_first_string(struct strbuf *sb)
{
    put_bytes(sb, 6, "x", 1);
}

static void add_number_for_message(struct strbuf *sb)
{
    put_number(sb, 4, 1);
}

static void damage_is_told(void **state)
{
    (void)state;
    expect_error("several profiles", add_second_time);
    expect_error("id 2 twice", add_same_function);
    expect_error("function with id 0", add_function_0);
    expect_error("string out of range", add_wild_string);
    expect_error("unknown function", add_wild_function);
    expect_error("unknown location", add_wild_location);
    expect_error("another number of values", add_short_sample);
    expect_error("string 0 is \"x\"", add_first_string);
    expect_error("a number where a message belongs", add_number_for_message);
}

static void other_files_are_refused(void **state)
{
    (void)state;
    struct profile p;
    struct err err;
    assert_false(profile_parse(&p, "", 0, &err));
    assert_non_null(strstr(err.text, "empty"));
    assert_false(profile_parse(&p, "HEAP PROFILE: 1: 2 [3: 4] @ heapprofile\n", 40, &err));
    assert_non_null(strstr(err.text, "not a pprof profile"));
    assert_false(profile_parse(&p, "\x48\x01", 2, &err)); /* time_nanos alone */
    assert_non_null(strstr(err.text, "no sample type"));
}

int main(int argc, char **argv)
{
    if (argc == 2) { /* writes the profile, as a seed for fuzzing */
        struct strbuf sb = sample_profile();
        FILE *f = fopen(argv[1], "w");
        return !f || fwrite(sb.p, sb.len, 1, f) != 1 || fclose(f);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_read),
        cmocka_unit_test(gzip_of_two_members_is_read),
        cmocka_unit_test(damage_is_told),
        cmocka_unit_test(other_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
