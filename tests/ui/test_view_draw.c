/* Drawing as data: clips, text, colours. */
#include "gfx/canvas.h"
#include "gfx/font.h"
#include "gfx/list.h"
#include "gfx/theme.h"
#include "views/palette.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_clips_cut(void **unused)
{
    (void)unused;
    struct gfx_list l = {0};
    struct strbuf text = {0};
    gfx_list_begin(&l, 100, 50);
    gfx_rect(&l, (struct gfx_rect){90, 40, 30, 30}, 0x112233ff);
    gfx_rect(&l, (struct gfx_rect){200, 0, 10, 10}, 0x112233ff);
    gfx_clip_push(&l, (struct gfx_rect){10, 10, 20, 20});
    gfx_clip_push(&l, (struct gfx_rect){25, 0, 100, 100});
    gfx_rect(&l, (struct gfx_rect){0, 0, 100, 50}, 0x445566ff);
    gfx_text(&l, GFX_SMALL, 31, 12, "right of the clip", 0xffffffff);
    gfx_text(&l, GFX_SMALL, 26, 12, "inside", 0xffffffff);
    gfx_clip_pop(&l);
    gfx_clip_pop(&l);
    gfx_list_dump(&l, &text);
    assert_string_equal(text.p, "rect 90 40 10 10 #112233ff\n"
                                "clip 10 10 20 20\n"
                                "clip 25 10 5 20\n"
                                "rect 25 10 5 20 #445566ff\n"
                                "text small 26 12 #ffffffff inside\n"
                                "clip 10 10 20 20\n"
                                "clip 0 0 100 50\n");
    assert_true(gfx_list_shows(&l, "nsid"));
    assert_false(gfx_list_shows(&l, "right of"));
    strbuf_release(&text);
    gfx_list_release(&l);
}

static void test_colour_helpers(void **unused)
{
    (void)unused;
    assert_int_equal(gfx_mix(0x000000ff, 0xff00ffff, 0), 0x000000ff);
    assert_int_equal(gfx_mix(0x000000ff, 0xff00ffff, 255), 0xff00ffff);
    assert_int_equal(gfx_alpha(0x112233ff, 0x40), 0x11223340);
    assert_true(gfx_contrast(0x000000ff, 0xffffffff) > 20.9);
    assert_true(gfx_contrast(0x777777ff, 0x777777ff) < 1.01);
}

static void check_theme(const struct gfx_theme *t)
{
    const gfx_color surfaces[] = {t->back, t->back_alt, t->panel, t->raised};
    for (size_t i = 0; i < sizeof surfaces / sizeof *surfaces; i++) {
        assert_true(gfx_contrast(t->text, surfaces[i]) >= 4.5);
        assert_true(gfx_contrast(t->text_dim, surfaces[i]) >= 4.5);
        assert_true(gfx_contrast(t->accent, surfaces[i]) >= 4.5);
        assert_true(gfx_contrast(t->warn, surfaces[i]) >= 4.5);
        assert_true(gfx_contrast(t->good, surfaces[i]) >= 4.5);
    }
    assert_true(gfx_contrast(t->text, t->hover) >= 4.5);
    assert_true(gfx_contrast(t->on_accent, t->accent) >= 4.5);
    for (int c = 0; c < MODEL_CLASSES; c++) {
        gfx_color back = palette_span(t, (enum model_class)c);
        if (gfx_contrast(palette_span_text(t, (enum model_class)c), back) < 4.5)
            fail_msg("%s theme, %s: text is hard to read", t->name,
                     model_class_name((enum model_class)c));
    }
    for (int i = 0; i < 500; i++) {
        char name[32], module[32];
        snprintf(name, sizeof name, "function_%d", i);
        snprintf(module, sizeof module, "lib%d.so", i % 40);
        assert_true(gfx_contrast(palette_flame_text(), palette_flame(t, module, name)) >= 4.5);
    }
}

static void test_text_can_be_read(void **unused)
{
    (void)unused;
    check_theme(gfx_theme_dark());
    check_theme(gfx_theme_light());
}

/* States that stand beside each other must not look alike. */
static void test_states_differ(void **unused)
{
    (void)unused;
    const struct gfx_theme *themes[] = {gfx_theme_dark(), gfx_theme_light()};
    for (int t = 0; t < 2; t++) {
        for (int a = 0; a < MODEL_STATES; a++) {
            for (int b = 0; b < a; b++) {
                gfx_color x = palette_span(themes[t], (enum model_class)a);
                gfx_color y = palette_span(themes[t], (enum model_class)b);
                int away = 0;
                for (int shift = 8; shift < 32; shift += 8)
                    away += abs((int)(x >> shift & 255) - (int)(y >> shift & 255));
                if (away < 30)
                    fail_msg("%s theme: %s and %s look alike", themes[t]->name,
                             model_class_name((enum model_class)a),
                             model_class_name((enum model_class)b));
            }
        }
    }
}

static void test_utf8(void **unused)
{
    (void)unused;
    const char *s = "a\xc3\xa9\xe2\x80\xa6\xf0\x9f\x98\x80\xff\xc3";
    assert_int_equal(gfx_utf8_next(&s), 'a');
    assert_int_equal(gfx_utf8_next(&s), 0xe9);
    assert_int_equal(gfx_utf8_next(&s), 0x2026);
    assert_int_equal(gfx_utf8_next(&s), 0x1f600);
    assert_int_equal(gfx_utf8_next(&s), 0xfffd);
    assert_int_equal(gfx_utf8_next(&s), 0xfffd); /* cut short by the NUL */
    assert_int_equal(*s, '\0');
}

static void test_elide(void **unused)
{
    (void)unused;
    struct err err = {0};
    char cut[64];
    struct gfx_fonts *f = gfx_fonts_open(1, &err);
    if (!f) {
        print_message("%s\n", err.text);
        skip();
    }
    const char *name = "lazy_free_main_loop";
    int whole = gfx_text_width(f, GFX_NORMAL, name, -1);
    assert_int_equal(gfx_text_elide(f, GFX_NORMAL, name, whole, cut, sizeof cut), whole);
    assert_string_equal(cut, name);
    for (int w = 0; w < whole; w++) {
        int used = gfx_text_elide(f, GFX_NORMAL, name, w, cut, sizeof cut);
        assert_true(used <= w);
        assert_int_equal(used, gfx_text_width(f, GFX_NORMAL, cut, -1));
        assert_true(!cut[0] || strstr(cut, "\xe2\x80\xa6"));
    }
    char small[8];
    gfx_text_elide(f, GFX_NORMAL, name, 10000, small, sizeof small);
    assert_true(strlen(small) < sizeof small);
    gfx_fonts_close(f);
}

static void test_canvas_paints(void **unused)
{
    (void)unused;
    struct err err = {0};
    struct gfx_list l = {0};
    struct gfx_fonts *f = gfx_fonts_open(1, &err);
    if (!f)
        skip();
    struct gfx_canvas *c = gfx_canvas_offscreen(64, 32);
    assert_non_null(c);
    gfx_list_begin(&l, 64, 32);
    gfx_rect(&l, (struct gfx_rect){0, 0, 64, 32}, 0x102030ff);
    gfx_text(&l, GFX_NORMAL, 2, 2, "Word", 0xffffffff);
    gfx_canvas_draw(c, &l, f);
    gfx_canvas_draw(c, &l, f);
    assert_int_equal(gfx_canvas_frames(c), 1); /* an unchanged frame draws nothing */
    char path[] = "/tmp/test_view_draw_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_true(gfx_canvas_save(c, path, &err));
    unsigned char head[24];
    FILE *in = fopen(path, "rb");
    assert_int_equal(fread(head, 1, sizeof head, in), sizeof head);
    fclose(in);
    remove(path);
    assert_memory_equal(head, "\x89PNG\r\n\x1a\n", 8);
    assert_int_equal(head[19], 64);
    assert_int_equal(head[23], 32);
    gfx_canvas_close(c);
    gfx_fonts_close(f);
    gfx_list_release(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clips_cut),
        cmocka_unit_test(test_colour_helpers),
        cmocka_unit_test(test_text_can_be_read),
        cmocka_unit_test(test_states_differ),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_elide),
        cmocka_unit_test(test_canvas_paints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
