/* The symbol resolver on programs built for it (tests/targets/symbols_target.cc,
 * also stripped), against binutils' addr2line where that is installed. */
#include "symbols/symbols.h"

#include "base/file.h"

#include <elf.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <cmocka.h>

#define TARGET   TEST_BIN_DIR "/symbols_target"
#define STRIPPED TEST_BIN_DIR "/symbols_target_stripped"

/* -- a little ELF reading of our own, to be independent of what is tested */

struct image {
    char *data;
    size_t bytes;
    const ElfW(Ehdr) * head;
};

static struct image load(const char *path)
{
    struct image im;
    struct err err = {0};
    if (!file_read(path, &im.data, &im.bytes, &err))
        fail_msg("%s", err.text);
    im.head = (const void *)im.data;
    return im;
}

static const ElfW(Shdr) * section(const struct image *im, const char *name)
{
    const ElfW(Shdr) *sections = (const void *)(im->data + im->head->e_shoff);
    const char *names = im->data + sections[im->head->e_shstrndx].sh_offset;
    for (int i = 0; i < im->head->e_shnum; i++)
        if (!strcmp(names + sections[i].sh_name, name))
            return &sections[i];
    return NULL;
}

/* A symbol's address by its (mangled) name; 0 where there is none. */
static uint64_t symbol_addr(const struct image *im, const char *name)
{
    const ElfW(Shdr) *symtab = section(im, ".symtab"), *strtab = section(im, ".strtab");
    if (!symtab || !strtab)
        return 0;
    const ElfW(Sym) *symbols = (const void *)(im->data + symtab->sh_offset);
    for (size_t i = 0; i < symtab->sh_size / sizeof *symbols; i++)
        if (!strcmp(im->data + strtab->sh_offset + symbols[i].st_name, name))
            return symbols[i].st_value;
    return 0;
}

/* In the target's text, where address and offset differ by a constant. */
static uint64_t off_from_vaddr(const struct image *im, uint64_t vaddr)
{
    const ElfW(Phdr) *ph = (const void *)(im->data + im->head->e_phoff);
    for (int i = 0; i < im->head->e_phnum; i++)
        if (ph[i].p_type == PT_LOAD && vaddr - ph[i].p_vaddr < ph[i].p_filesz)
            return vaddr - ph[i].p_vaddr + ph[i].p_offset;
    fail_msg("address %llx is in no segment", (unsigned long long)vaddr);
    return 0;
}

static const struct symbols_place *resolve(struct symbols *s, const char *path, uint64_t vaddr)
{
    struct image im = load(path);
    uint64_t off = off_from_vaddr(&im, vaddr);
    free(im.data);
    return symbols_resolve(s, symbols_module(s, path, NULL, 0), off);
}

static const char *base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* -- tests */

struct their_frame {
    char function[256];
    char place[256]; /* "file.cc:12" */
};

/* addr2line's frames of an address. */
static unsigned ask_addr2line(uint64_t addr, struct their_frame frames[16])
{
    char command[512], line[256];
    unsigned n = 0;
    snprintf(command, sizeof command, "addr2line -i -f -C -e " TARGET " 0x%llx",
             (unsigned long long)addr);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    while (n < 16 && fgets(line, sizeof line, f)) {
        line[strcspn(line, "(\n")] = '\0'; /* without parameters */
        snprintf(frames[n].function, sizeof frames[n].function, "%s", line);
        assert_non_null(fgets(line, sizeof line, f));
        line[strcspn(line, " \n")] = '\0';
        snprintf(frames[n++].place, sizeof frames[n].place, "%s", base(line));
    }
    pclose(f);
    return n;
}

/* They write return types of templates' instances, we write namespaces of
 * functions that only their file sees. At the first bytes of an inlined call they
 * name it as the function around it. */
static bool same_function(const struct their_frame *theirs, const struct their_frame *outermost,
                          const char *ours)
{
    return strstr(theirs->function, ours) || strstr(ours, theirs->function) ||
           (theirs != outermost && !strcmp(theirs->function, outermost->function));
}

static void compare_frames(uint64_t addr, const struct symbols_place *place)
{
    struct their_frame theirs[16];
    assert_int_equal(ask_addr2line(addr, theirs), place->count);
    for (unsigned i = 0; i < place->count; i++) {
        const struct symbols_frame *frame = &place->frames[i];
        bool last = i + 1 == place->count;
        if (!same_function(&theirs[i], &theirs[place->count - 1], frame->function))
            fail_msg("0x%llx: %s, not %s", (unsigned long long)addr, frame->function,
                     theirs[i].function);
        char expected[512];
        snprintf(expected, sizeof expected, "%s:%u", base(frame->file), frame->line);
        assert_string_equal(theirs[i].place, expected);
        assert_int_equal(frame->inlined, !last);
    }
}

/* Every fourth byte of our own code: the same functions, files and lines. */
static void test_against_addr2line(void **state)
{
    (void)state;
    if (system("addr2line --version >/dev/null 2>&1") != 0)
        skip();
    struct image im = load(TARGET);
    const ElfW(Shdr) *text = section(&im, ".text");
    uint64_t begin = symbol_addr(&im, "main"), end = text->sh_addr + text->sh_size;
    if (text->sh_addr < begin && begin - text->sh_addr < 4096)
        begin = text->sh_addr;
    struct symbols *s = symbols_new();
    uint32_t module = symbols_module(s, TARGET, NULL, 0);
    int compared = 0, deep = 0;
    for (uint64_t addr = begin; addr < end; addr += 4) {
        const struct symbols_place *place = symbols_resolve(s, module, off_from_vaddr(&im, addr));
        if (!place->frames[0].line)
            continue; /* crt's code has no lines */
        compare_frames(addr, place);
        compared++;
        deep += place->count >= 3;
    }
    assert_true(compared > 20);
    assert_true(deep > 2);
    symbols_free(s);
    free(im.data);
}

static void test_names(void **state)
{
    (void)state;
    struct image im = load(TARGET);
    struct symbols *s = symbols_new();
    uint64_t fill = symbol_addr(&im, "_ZN4shop6basketIlE4fillEl");
    const struct symbols_place *place = resolve(s, TARGET, fill);
    assert_string_equal(place->frames[place->count - 1].function, "shop::basket<long>::fill");
    assert_int_equal(place->vaddr, fill);
    assert_string_equal(base(place->frames[0].file), "symbols_target.cc");
    assert_string_equal(symbols_module_path(s, symbols_module(s, TARGET, NULL, 0)), TARGET);
    /* The same question has the same answer, not a new one. */
    assert_ptr_equal(place, resolve(s, TARGET, fill));
    /* A function without a linkage name has its namespace all the same. */
    uint64_t plain = symbol_addr(&im, "_ZL12plain_statici");
    bool qualified = false;
    for (uint64_t at = plain; at < plain + 32; at++)
        qualified |= !strcmp(resolve(s, TARGET, at)->frames[0].function, "shop::innermost");
    assert_true(qualified);
    symbols_free(s);
    free(im.data);
}

static void test_data_symbol(void **state)
{
    (void)state;
    struct image im = load(TARGET);
    struct symbols *s = symbols_new();
    uint32_t module = symbols_module(s, TARGET, NULL, 0);
    uint64_t lock = symbol_addr(&im, "_ZN4shop12counter_lockE");
    uint64_t code = symbol_addr(&im, "main") & ~(uint64_t)0xfff;
    uint64_t off = off_from_vaddr(&im, code);
    /* As if the file were mapped 0x5550000000 higher. */
    uint64_t bias = 0x5550000000;
    assert_string_equal(symbols_data(s, module, code + bias, off, lock + bias + 8),
                        "shop::counter_lock");
    assert_null(symbols_data(s, module, code + bias, off, lock + bias + 0x100000));
    assert_null(symbols_data(s, module, code + bias, off, 8));
    symbols_free(s);
    free(im.data);
}

/* Without a symbol table: one name a function, from where .eh_frame says it begins. */
static void test_stripped(void **state)
{
    (void)state;
    struct image im = load(TARGET);
    struct symbols *s = symbols_new();
    uint64_t fill = symbol_addr(&im, "_ZN4shop6basketIlE4fillEl");
    char expected[64];
    snprintf(expected, sizeof expected, "symbols_target_stripped+0x%llx", (unsigned long long)fill);
    for (uint64_t at = fill; at < fill + 24; at += 6) {
        const struct symbols_place *place = resolve(s, STRIPPED, at);
        assert_int_equal(place->count, 1);
        assert_string_equal(place->frames[0].function, expected);
        assert_int_equal(place->frames[0].line, 0);
    }
    symbols_free(s);
    free(im.data);
}

static void test_plt(void **state)
{
    (void)state;
#ifndef __x86_64__
    skip();
#endif
    struct image im = load(STRIPPED);
    struct symbols *s = symbols_new();
    const ElfW(Shdr) *plt = section(&im, ".plt");
    bool found = false;
    for (uint64_t at = plt->sh_addr; at < plt->sh_addr + plt->sh_size; at += 16)
        found |=
            !strcmp(resolve(s, STRIPPED, at + 4)->frames[0].function, "pthread_mutex_lock@plt");
    assert_true(found);
    symbols_free(s);
    free(im.data);
}

/* Another file at the path, or none: offsets, never another's names. */
static void test_changed_and_missing(void **state)
{
    (void)state;
    struct symbols *s = symbols_new();
    static const uint8_t other[20] = {1, 2, 3};
    uint32_t changed = symbols_module(s, TARGET, other, sizeof other);
    assert_int_not_equal(changed, symbols_module(s, TARGET, NULL, 0));
    assert_string_equal(symbols_resolve(s, changed, 0x1234)->frames[0].function,
                        "symbols_target+0x1234");
    assert_non_null(strstr(symbols_module_problem(s, changed), "build-id"));
    uint32_t gone = symbols_module(s, "/nowhere/libgone.so (deleted)", NULL, 0);
    assert_string_equal(symbols_resolve(s, gone, 0x10)->frames[0].function, "libgone.so+0x10");
    assert_string_equal(symbols_module_problem(s, gone), "not found");
    assert_null(symbols_data(s, gone, 0, 0, 0x10));
    uint32_t anon = symbols_module(s, "[anon]", NULL, 0);
    assert_string_equal(symbols_resolve(s, anon, 0x7f0000001000)->frames[0].function, "[anon]");
    uint32_t text = symbols_module(s, __FILE__, NULL, 0);
    assert_non_null(symbols_resolve(s, text, 0)->frames[0].function);
    /* Outside of all segments. */
    uint32_t target = symbols_module(s, TARGET, NULL, 0);
    assert_string_equal(symbols_resolve(s, target, 0x7fffffff)->frames[0].function,
                        "symbols_target+0x7fffffff");
    symbols_free(s);
}

static void test_vdso(void **state)
{
    (void)state;
    const char *vdso = (const char *)getauxval(AT_SYSINFO_EHDR);
    if (!vdso)
        skip();
    struct symbols *s = symbols_new();
    uint32_t module = symbols_module(s, "[vdso]", NULL, 0);
    assert_null(symbols_module_problem(s, module));
    bool named = false;
    for (uint64_t off = 0x400; off < 0x2000; off += 16)
        named |=
            strstr(symbols_resolve(s, module, off)->frames[0].function, "clock_gettime") != NULL;
    assert_true(named);
    symbols_free(s);
}

/* Cut and changed files: any answer, no crash. */
static void test_damaged_files(void **state)
{
    (void)state;
    struct image im = load(TARGET);
    char path[] = "/tmp/whyprof-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    uint64_t off = off_from_vaddr(&im, symbol_addr(&im, "main"));
    for (size_t i = 0; i < 160; i++) {
        size_t len = i < 40 ? im.bytes * i / 40 : im.bytes;
        char *copy = malloc(im.bytes);
        assert_non_null(copy);
        memcpy(copy, im.data, im.bytes);
        if (i >= 40) /* in the headers, then all over */
            copy[i < 100 ? i - 40 : (i - 100) * 7919 % im.bytes] ^= (char)0xff;
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, copy, len, 0), (ssize_t)len);
        free(copy);
        struct symbols *s = symbols_new();
        uint32_t module = symbols_module(s, path, NULL, 0);
        assert_non_null(symbols_resolve(s, module, off)->frames[0].function);
        symbols_data(s, module, off, off, 0x4000);
        symbols_free(s);
    }
    close(fd);
    unlink(path);
    free(im.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_addr2line),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_data_symbol),
        cmocka_unit_test(test_stripped),
        cmocka_unit_test(test_plt),
        cmocka_unit_test(test_changed_and_missing),
        cmocka_unit_test(test_vdso),
        cmocka_unit_test(test_damaged_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
