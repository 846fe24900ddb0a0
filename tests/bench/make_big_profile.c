/* Writes a large synthetic profile, always the same one for the same size:
 *     make_big_profile OUT.pb.gz [SAMPLES]
 * Stacks are 15 to 45 frames deep, of a fifth as many locations as samples and a
 * fifth as many functions as locations; a fifth of the locations hold an inlined
 * call. Weights fall off, so that a report has something to trim. */
#include "base/file.h"
#include "profile/write.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    DEFAULT_SAMPLES = 500000,
    SHALLOWEST = 15,
    DEEPEST = 45,
    NS_PER_SAMPLE = 10000000
};

static uint64_t state = 88172645463325252ull;

static uint64_t next_random(void) /* xorshift64 */
{
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

/* Below n, small numbers far more often. */
static uint32_t skewed(uint32_t n)
{
    uint64_t a = next_random() % n, b = next_random() % n;
    return (uint32_t)(a * b / n);
}

static void make_functions(struct arena *a, struct profile_function *f, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *name = arena_printf(a, "package%zu.(*Type%zu).method_%zu", i % 97, i % 997, i);
        f[i] = (struct profile_function){
            .id = i + 1,
            .name = name,
            .system_name = name,
            .filename = arena_printf(a, "/src/package%zu/file%zu.go", i % 97, i % 1009),
            .start_line = (int64_t)(10 + i % 500)};
    }
}

static void make_locations(struct arena *a, struct profile_location *loc, size_t count,
                           uint32_t functions)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t lines = 1 + (i % 5 == 0);
        struct profile_line *line = arena_array(a, lines, sizeof *line);
        for (uint32_t k = 0; k < lines; k++)
            line[k] = (struct profile_line){.function = (uint32_t)(next_random() % functions),
                                            .line = (int64_t)(1 + next_random() % 2000)};
        loc[i] = (struct profile_location){
            .id = i + 1, .address = 0x400000 + 16 * i, .line_count = lines, .lines = line};
    }
}

static void make_samples(struct arena *a, struct profile_sample *s, size_t count,
                         uint32_t locations)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t depth = SHALLOWEST + (uint32_t)(next_random() % (DEEPEST - SHALLOWEST + 1));
        uint32_t *stack = arena_array(a, depth, sizeof *stack);
        int64_t *values = arena_array(a, 2, sizeof *values);
        for (uint32_t d = 0; d < depth; d++)
            stack[d] = skewed(locations);
        values[0] = (int64_t)(1 + next_random() % 5);
        values[1] = values[0] * NS_PER_SAMPLE;
        s[i] = (struct profile_sample){.locations = stack, .values = values, .depth = depth};
    }
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: make_big_profile OUT.pb.gz [SAMPLES]\n");
        return 2;
    }
    size_t samples = argc > 2 ? strtoul(argv[2], NULL, 10) : DEFAULT_SAMPLES;
    size_t locations = samples / 5 + 1, functions = samples / 25 + 1;
    struct profile p = {0};
    struct arena *a = &p.arena;
    const struct profile_value_type types[] = {{"samples", "count"}, {"cpu", "nanoseconds"}};
    const struct profile_mapping mapping = {
        .id = 1, .start = 0x400000, .limit = 0x4000000, .filename = "/bin/big", .build_id = ""};
    struct profile_function *fn = arena_array(a, functions, sizeof *fn);
    struct profile_location *loc = arena_array(a, locations, sizeof *loc);
    struct profile_sample *s = arena_array(a, samples, sizeof *s);
    make_functions(a, fn, functions);
    make_locations(a, loc, locations, (uint32_t)functions);
    make_samples(a, s, samples, (uint32_t)locations);
    p = (struct profile){.arena = p.arena,
                         .value_types = types,
                         .samples = s,
                         .mappings = &mapping,
                         .functions = fn,
                         .locations = loc,
                         .value_type_count = 2,
                         .sample_count = samples,
                         .mapping_count = 1,
                         .function_count = functions,
                         .location_count = locations,
                         .period_type = {"cpu", "nanoseconds"},
                         .period = NS_PER_SAMPLE,
                         .duration_ns = 60000000000,
                         .drop_frames = "",
                         .keep_frames = "",
                         .doc_url = ""};
    struct strbuf out = {0};
    struct file_out file;
    struct err err = {0};
    bool ok = profile_write(&p, "", &out, &err) && file_out_open(&file, argv[1], &err);
    if (ok) {
        file_out_write(&file, out.p, out.len);
        ok = file_out_commit(&file, &err);
    }
    if (!ok)
        fprintf(stderr, "make_big_profile: %s\n", err.text);
    strbuf_release(&out);
    arena_release(&p.arena);
    return !ok;
}
