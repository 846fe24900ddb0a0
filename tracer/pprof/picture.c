#include "pprof/picture.h"

#include <stdlib.h>
#include <string.h>

void picture_add(struct picture *p, struct picture_item item)
{
    mem_grow(&p->items, &p->cap, p->count + 1, sizeof item);
    p->items[p->count++] = item;
}

void picture_release(struct picture *p)
{
    free(p->items);
    arena_release(&p->arena);
    *p = (struct picture){0};
}

/* Hundredths of the size, of DejaVu Sans and Verdana, the widest of the usual fonts. */
static double char_width(unsigned char c)
{
    if (strchr("il.,:;'|!j", c))
        return 0.34;
    if (strchr("fr t()[]/\\-", c))
        return 0.42;
    if (strchr("mwMW@%", c))
        return 0.95;
    return c >= 'A' && c <= 'Z' ? 0.70 : 0.62;
}

double picture_text_width(const char *text, double size)
{
    double sum = 0;
    for (const char *p = text; *p; p++)
        if (((unsigned char)*p & 0xc0) != 0x80) /* characters, not bytes */
            sum += *p & 0x80 ? 0.7 : char_width((unsigned char)*p);
    return sum * size;
}

const char *picture_fit(struct arena *a, const char *text, double size, double width)
{
    static const char dots[] = "..";
    if (picture_text_width(text, size) <= width)
        return text;
    double sum = picture_text_width(dots, size);
    const char *p = text;
    for (; *p; p++) {
        bool first = ((unsigned char)*p & 0xc0) != 0x80;
        if (first)
            sum += size * (*p & 0x80 ? 0.7 : char_width((unsigned char)*p));
        if (first && sum > width)
            break;
    }
    return p - text < 2 ? "" : arena_printf(a, "%.*s%s", (int)(p - text), text, dots);
}
