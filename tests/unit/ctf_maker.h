/* ctf_maker: writes small CTF traces with the contract's events, in the layout
 * of LTTng-UST's streams, so that converter tests say every byte and time.
 *
 *     struct ctf c = {0};
 *     ctf_open(&c, dir);
 *     ctf_event(&c, 0, 1000, 7, 7, "whyprof_sched:thread_name", 7, "main");
 *     ctf_close(&c);
 *
 * Variadic values come in the order of the event's fields: integers as uint64_t
 * (or int), doubles, strings; a sequence as `int count, const uint64_t *`. */
#ifndef TESTS_CTF_MAKER_H
#define TESTS_CTF_MAKER_H

#include "base/arena.h"
#include "base/file.h"
#include "base/strbuf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CTF_STREAMS = 2,
    CTF_OFFSET_S = 1700000000
};

/* Types: B u8, I u32, i s32, Q u64, q s64, d double, s string, W u64 sequence,
 * b u8 sequence. */
static const struct ctf_class {
    const char *name;
    const char *fields;
} ctf_classes[] = {
    {"whyprof_sched:meta", "s key s value"},
    {"whyprof_sched:process_start", "I ppid Q start_ts s name s cmdline"},
    {"whyprof_sched:process_exit", "i status"},
    {"whyprof_sched:thread_start", "I tid Q start_ts s name"},
    {"whyprof_sched:thread_name", "I tid s name"},
    {"whyprof_sched:thread_exit", "I tid Q cpu_ns"},
    {"whyprof_sched:kernel", "W words"},
    {"whyprof_sched:watermark", "Q ts"},
    {"whyprof_sched:lost", "Q begin_ts Q end_ts Q count s source"},
    {"whyprof_sched:process_of", "I pid I ppid Q start_ts s name s cmdline"},
    {"whyprof_syscall:call", "I nr Q begin_ts q ret I stack W args"},
    {"whyprof_syscall:pending", "I tid I nr Q begin_ts I stack W args"},
    {"whyprof_syscall:fd", "i fd s name"},
    {"whyprof_syscall:fd_of", "I pid i fd s name"},
    {"whyprof_syscall:kernel", "W words"},
    {"whyprof_lock:wait_begin", "Q lock B kind I holder_tid I stack"},
    {"whyprof_lock:wait_end", "Q lock B kind Q begin_ts i result I holder_tid I holder_stack"},
    {"whyprof_lock:hold", "Q lock B kind B contended Q begin_ts I stack"},
    {"whyprof_lock:signal", "Q lock B kind B all I stack"},
    {"whyprof_lock:stat", "Q lock B kind Q acquisitions Q contentions I stack"},
    {"whyprof_alloc:alloc", "B kind Q addr Q size d weight I stack"},
    {"whyprof_alloc:free", "Q addr"},
    {"whyprof_alloc:batch", "I tid Q ns Q ticks d ns_per_tick Q begin W words"},
    {"whyprof_alloc:stat", "Q allocs Q frees Q alloc_bytes Q live_bytes"},
    {"whyprof_sample:cpu", "I tid Q ts Q weight_ns I stack"},
    {"whyprof_sample:lost", "Q count"},
    {"whyprof_user:region_begin", "s name Q task"},
    {"whyprof_user:region_end", ""},
    {"whyprof_user:task_begin", "Q task Q parent s name"},
    {"whyprof_user:task_end", "Q task"},
    {"whyprof_user:counter", "s name d value"},
    {"whyprof_user:message", "s text"},
    {"whyprof_stack:stack", "I id B leaf_exact W frames"},
    {"whyprof_stack:module", "Q begin Q end Q file_off s path b build_id"},
    {"whyprof_stack:module_of", "I pid Q begin Q end Q file_off s path"},
    /* Not ours: fields in another order, one unknown. */
    {"other_provider:tick", "I n s text"},
};
enum {
    CTF_CLASSES = sizeof ctf_classes / sizeof *ctf_classes
};

struct ctf {
    const char *dir;
    struct strbuf file[CTF_STREAMS];   /* whole packets */
    struct strbuf packet[CTF_STREAMS]; /* events of the open one */
    uint64_t begin[CTF_STREAMS], end[CTF_STREAMS];
    uint64_t discarded[CTF_STREAMS]; /* counter, as LTTng keeps it */
    uint64_t packets[CTF_STREAMS];
};

/* Not assert: a release build's tests must notice too. */
static inline void ctf_must(bool ok)
{
    if (!ok)
        abort();
}

static inline void ctf_open(struct ctf *c, const char *dir)
{
    *c = (struct ctf){.dir = dir};
    ctf_must(file_make_dirs(dir, NULL));
}

static inline void ctf_put(struct strbuf *sb, uint64_t value, size_t bytes)
{
    strbuf_append(sb, &value, bytes);
}

static inline void ctf_put_field(struct strbuf *sb, char type, va_list *ap)
{
    switch (type) {
    case 'B':
        ctf_put(sb, (uint64_t)va_arg(*ap, int), 1);
        break;
    case 'I':
    case 'i':
        ctf_put(sb, (uint64_t)va_arg(*ap, int), 4);
        break;
    case 'Q':
    case 'q':
        ctf_put(sb, va_arg(*ap, uint64_t), 8);
        break;
    case 'd': {
        double d = va_arg(*ap, double);
        strbuf_append(sb, &d, 8);
        break;
    }
    case 's': {
        const char *s = va_arg(*ap, const char *);
        strbuf_append(sb, s, strlen(s) + 1);
        break;
    }
    default: {
        int count = va_arg(*ap, int);
        const uint64_t *words = va_arg(*ap, const uint64_t *);
        ctf_put(sb, (uint64_t)count, 4);
        for (int i = 0; i < count; i++)
            ctf_put(sb, words[i], type == 'b' ? 1 : 8);
    }
    }
}

/* Ends the stream's packet. */
static inline void ctf_packet(struct ctf *c, int cpu)
{
    enum {
        HEAD_BYTES = 32 + 6 * 8 + 4
    };
    struct strbuf *f = &c->file[cpu];
    uint64_t bits = (HEAD_BYTES + c->packet[cpu].len) * 8;
    ctf_put(f, 0xc1fc1fc1, 4);
    strbuf_append(f, "0123456789abcdef", 16);
    ctf_put(f, 0, 4);
    ctf_put(f, (uint64_t)cpu, 8);
    ctf_put(f, c->begin[cpu], 8);
    ctf_put(f, c->end[cpu], 8);
    ctf_put(f, bits, 8);
    ctf_put(f, bits, 8);
    ctf_put(f, c->packets[cpu]++, 8);
    ctf_put(f, c->discarded[cpu], 8);
    ctf_put(f, (uint64_t)cpu, 4);
    strbuf_append(f, strbuf_str(&c->packet[cpu]), c->packet[cpu].len);
    strbuf_clear(&c->packet[cpu]);
    c->begin[cpu] = c->end[cpu];
}

/* The short form has the time's low 32 bits: for up to 2^32 ns after the event before. */
static inline void ctf_put_header(struct ctf *c, int cpu, uint64_t id, uint64_t ts)
{
    struct strbuf *sb = &c->packet[cpu];
    uint64_t before = sb->len ? c->end[cpu] : c->begin[cpu];
    if (ts - before < UINT32_MAX) {
        ctf_put(sb, id, 2);
        ctf_put(sb, ts, 4);
    } else {
        ctf_put(sb, 65535, 2);
        ctf_put(sb, id, 4);
        ctf_put(sb, ts, 8);
    }
    c->end[cpu] = ts;
}

static inline void ctf_event(struct ctf *c, int cpu, uint64_t ts, int vpid, int vtid,
                             const char *name, ...)
{
    uint64_t id = 0;
    while (id < CTF_CLASSES && strcmp(ctf_classes[id].name, name) != 0)
        id++;
    ctf_must(id < CTF_CLASSES);
    struct strbuf *sb = &c->packet[cpu];
    if (!sb->len && !c->begin[cpu])
        c->begin[cpu] = ts;
    ctf_put_header(c, cpu, id, ts);
    ctf_put(sb, (uint64_t)vpid, 4);
    ctf_put(sb, (uint64_t)vtid, 4);
    va_list ap;
    va_start(ap, name);
    for (const char *f = ctf_classes[id].fields; *f;) {
        ctf_put_field(sb, *f, &ap);
        f += 2;
        f += strcspn(f, " ");
        f += *f == ' ';
    }
    va_end(ap);
}

static inline void ctf_put_class(struct strbuf *sb, unsigned id)
{
    strbuf_printf(sb, "event { name = \"%s\"; id = %u; stream_id = 0; fields := struct {\n",
                  ctf_classes[id].name, id);
    for (const char *f = ctf_classes[id].fields; *f;) {
        int len = (int)strcspn(f + 2, " ");
        const char *type = *f == 'B'   ? "uint8_t"
                           : *f == 'I' ? "uint32_t"
                           : *f == 'i' ? "int32_t"
                           : *f == 'Q' ? "uint64_t"
                           : *f == 'q' ? "int64_t"
                           : *f == 'd' ? "double_t"
                           : *f == 's' ? "string"
                           : *f == 'b' ? "uint8_t"
                                       : "uint64_t";
        if (*f == 'W' || *f == 'b')
            strbuf_printf(sb, " uint32_t __%.*s_length; %s _%.*s[ __%.*s_length ];\n", len, f + 2,
                          type, len, f + 2, len, f + 2);
        else
            strbuf_printf(sb, " %s _%.*s;\n", type, len, f + 2);
        f += 2 + len;
        f += *f == ' ';
    }
    strbuf_puts(sb, "}; };\n");
}

static const char ctf_head[] =
    "/* CTF 1.8 */\n"
    "typealias integer { size = 8; align = 8; signed = false; } := uint8_t;\n"
    "typealias integer { size = 16; align = 8; signed = false; } := uint16_t;\n"
    "typealias integer { size = 32; align = 8; signed = false; } := uint32_t;\n"
    "typealias integer { size = 32; align = 8; signed = true; } := int32_t;\n"
    "typealias integer { size = 64; align = 8; signed = false; } := uint64_t;\n"
    "typealias integer { size = 64; align = 8; signed = true; } := int64_t;\n"
    "typealias floating_point { exp_dig = 11; mant_dig = 53; align = 8; } := double_t;\n"
    "trace { major = 1; minor = 8; uuid = \"30313233-3435-3637-3839-616263646566\";\n"
    "  byte_order = le; packet.header := struct { uint32_t magic; uint8_t uuid[16];\n"
    "  uint32_t stream_id; uint64_t stream_instance_id; }; };\n"
    "env { hostname = \"testbox\"; domain = \"ust\"; tracer_name = \"lttng-ust\";\n"
    "  tracer_major = 2; tracer_minor = 13; };\n"
    "clock { name = \"monotonic\"; freq = 1000000000; offset_s = 1700000000; };\n"
    "typealias integer { size = 64; align = 8; signed = false; map = clock.monotonic.value; }\n"
    "  := stamp_t;\n"
    "typealias integer { size = 32; align = 8; signed = false; map = clock.monotonic.value; }\n"
    "  := stamp32_t;\n"
    "stream { id = 0;\n"
    "  event.header := struct { enum : uint16_t { compact = 0 ... 65534, extended = 65535 } id;\n"
    "    variant <id> { struct { stamp32_t timestamp; } compact;\n"
    "      struct { uint32_t id; stamp_t timestamp; } extended; } v; } align(8);\n"
    "  packet.context := struct { stamp_t timestamp_begin; stamp_t timestamp_end;\n"
    "    uint64_t content_size; uint64_t packet_size; uint64_t packet_seq_num;\n"
    "    uint64_t events_discarded; uint32_t cpu_id; };\n"
    "  event.context := struct { int32_t _vpid; int32_t _vtid; };\n"
    "};\n";

static inline void ctf_write(const char *dir, const char *name, const void *data, size_t bytes)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    ctf_must(f && fwrite(data, 1, bytes, f) == bytes && fclose(f) == 0);
}

static inline void ctf_close(struct ctf *c)
{
    struct strbuf metadata = {0};
    strbuf_puts(&metadata, ctf_head);
    for (unsigned id = 0; id < CTF_CLASSES; id++)
        ctf_put_class(&metadata, id);
    ctf_write(c->dir, "metadata", metadata.p, metadata.len);
    strbuf_release(&metadata);
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

#endif
