/* Drawing as data: clips, text, colours. */
#include "gfx/canvas.h"
#include "gfx/font.h"
#include "gfx/list.h"
#include "gfx/theme.h"
#include "views/palette.h"

#include <math.h>
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
    for (int i = 0; i < 4; i++)
        check_theme(gfx_theme(i & 1, i & 2));
}

/* States that stand beside each other must not look alike. */
static void test_states_differ(void **unused)
{
    (void)unused;
    const struct gfx_theme *themes[] = {gfx_theme(true, false), gfx_theme(false, false),
                                        gfx_theme(true, true), gfx_theme(false, true)};
    for (int t = 0; t < 4; t++) {
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

static double linear(unsigned channel)
{
    double c = channel / 255.0;
    return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static double cube(double t)
{
    return t > 0.008856 ? cbrt(t) : 7.787 * t + 16.0 / 116;
}

/* CIE L*a*b* of what somebody sees who lacks a kind of cones (the matrices of Machado,
 * Oliveira and Fernandes, 2009, at full severity). */
static void seen(gfx_color color, const double m[9], double lab[3])
{
    double rgb[3], s[3];
    for (int i = 0; i < 3; i++)
        rgb[i] = linear(color >> (24 - 8 * i) & 255);
    for (int i = 0; i < 3; i++) {
        s[i] = m[3 * i] * rgb[0] + m[3 * i + 1] * rgb[1] + m[3 * i + 2] * rgb[2];
        s[i] = s[i] < 0 ? 0 : s[i] > 1 ? 1 : s[i];
    }
    double x = cube((0.4124 * s[0] + 0.3576 * s[1] + 0.1805 * s[2]) / 0.9505);
    double y = cube(0.2126 * s[0] + 0.7152 * s[1] + 0.0722 * s[2]);
    double z = cube((0.0193 * s[0] + 0.1192 * s[1] + 0.9505 * s[2]) / 1.089);
    lab[0] = 116 * y - 16;
    lab[1] = 500 * (x - y);
    lab[2] = 200 * (y - z);
}

/* The states that mean something, and those that recede from them. */
static void test_colour_blind(void **unused)
{
    (void)unused;
    static const double eyes[3][9] = {{0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216,
                                       -0.003882, -0.048116, 1.051998},
                                      {0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413,
                                       -0.011820, 0.042940, 0.968881},
                                      {1.255528, -0.076749, -0.178779, -0.078411, 0.930809,
                                       0.147602, 0.004733, 0.691367, 0.303900}};
    static const enum model_class bright[] = {MODEL_RUNNING, MODEL_RUNNABLE,   MODEL_PREEMPTED,
                                              MODEL_LOCK,    MODEL_PAGE_FAULT, MODEL_IO,
                                              MODEL_SYSCALL, MODEL_SLEEP};
    enum {
        BRIGHT = sizeof bright / sizeof *bright
    };
    for (int k = 0; k < 6; k++)
        for (int a = 0; a < BRIGHT; a++)
            for (int b = 0; b < a; b++) {
                const struct gfx_theme *t = gfx_theme(k & 1, true);
                double x[3], y[3];
                seen(palette_span(t, bright[a]), eyes[k / 2], x);
                seen(palette_span(t, bright[b]), eyes[k / 2], y);
                double away = sqrt(pow(x[0] - y[0], 2) + pow(x[1] - y[1], 2) + pow(x[2] - y[2], 2));
                if (away < 12)
                    fail_msg("%s, eyes %d: %s and %s are %.1f apart", t->name, k / 2,
                             model_class_name(bright[a]), model_class_name(bright[b]), away);
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
        cmocka_unit_test(test_colour_blind),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_elide),
        cmocka_unit_test(test_canvas_paints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
