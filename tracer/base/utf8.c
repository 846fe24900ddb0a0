#include "base/utf8.h"

static unsigned char byte_at(const char *s, unsigned i)
{
    return (unsigned char)s[i];
}

/* How many bytes the lead byte announces, and the smallest code point that needs them. */
static unsigned announced(unsigned char lead, unsigned *least)
{
    if (lead < 0x80)
        return 1;
    if (lead >= 0xc2 && lead < 0xe0)
        return *least = 0x80, 2;
    if (lead >= 0xe0 && lead < 0xf0)
        return *least = 0x800, 3;
    if (lead >= 0xf0 && lead < 0xf5)
        return *least = 0x10000, 4;
    return 0;
}

unsigned utf8_length(const char *s)
{
    unsigned least = 0, n = announced(byte_at(s, 0), &least);
    if (n < 2)
        return n;
    unsigned code = byte_at(s, 0) & (0x7fu >> n);
    for (unsigned i = 1; i < n; i++) {
        if ((byte_at(s, i) & 0xc0) != 0x80) /* the string's end too */
            return 0;
        code = code << 6 | (byte_at(s, i) & 0x3f);
    }
    return code < least || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : n;
}

void utf8_append(struct strbuf *sb, const char *s)
{
    while (*s) {
        unsigned n = utf8_length(s);
        if (n)
            strbuf_append(sb, s, n);
        else
            strbuf_puts(sb, "\xef\xbf\xbd");
        s += n ? n : 1;
    }
}
