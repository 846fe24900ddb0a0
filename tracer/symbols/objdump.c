/* Machine code as text: by binutils' objdump, read as google/pprof reads it. */
#include "base/strbuf.h"
#include "symbols/object.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static bool find_tool(const char *folders, char *path, size_t size)
{
    for (const char *p = folders; *p;) {
        size_t len = strcspn(p, ":");
        /* pprof's form names the tool: "objdump:/usr/bin" */
        snprintf(path, size, "%.*s/objdump", (int)len, p);
        if (len && !access(path, X_OK))
            return true;
        p += len + (p[len] == ':');
    }
    return false;
}

static bool run(const char *tool, char *const *argv, struct strbuf *out)
{
    int pipes[2];
    pid_t pid;
    posix_spawn_file_actions_t actions;
    if (pipe(pipes))
        return false;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipes[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, pipes[0]);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", 1, 0);
    int failed = posix_spawn(&pid, tool, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(pipes[1]);
    char buf[1 << 16];
    ssize_t n = 1;
    while (!failed && n > 0) {
        n = read(pipes[0], buf, sizeof buf);
        if (n > 0)
            strbuf_append(out, buf, (size_t)n);
        if (n < 0 && errno == EINTR)
            n = 1;
    }
    close(pipes[0]);
    int status = -1;
    while (!failed && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return !failed && status == 0;
}

struct reader {
    struct object_code *code;
    size_t cap;
    const char *function, *file;
    uint32_t line;
};

static bool take_inst(struct reader *r, const char *text)
{
    char *end;
    size_t digits = strspn(text, "0123456789abcdefABCDEF");
    if (!digits || text[digits] != ':' || !isspace((unsigned char)text[digits + 1]))
        return false;
    uint64_t vaddr = strtoull(text, &end, 16);
    for (end++; isspace((unsigned char)*end); end++)
        ;
    struct object_code *c = r->code;
    mem_grow(&c->insts, &r->cap, c->count + 1, sizeof *c->insts);
    c->insts[c->count++] = (struct object_inst){.vaddr = vaddr,
                                                .length = 1,
                                                .line = r->line,
                                                .text = arena_strdup(&c->arena, end),
                                                .function = r->function,
                                                .file = r->file};
    if (c->count > 1)
        c->insts[c->count - 2].length = (uint32_t)(vaddr - c->insts[c->count - 2].vaddr);
    return true;
}

/* "; /src/x.c:12 (discriminator 1)", "main():", "0000000000001139 <main>:". */
static void take_place(struct reader *r, const char *text)
{
    struct arena *a = &r->code->arena;
    const char *start = text + (*text == ';');
    start += isspace((unsigned char)*start) != 0;
    const char *colon = NULL;
    for (const char *p = start; (p = strchr(p, ':')); p++)
        if (isdigit((unsigned char)p[1]))
            colon = p;
    size_t len = strlen(start);
    if (colon) {
        r->file = arena_strndup(a, start, (size_t)(colon - start));
        r->line = (uint32_t)strtoul(colon + 1, NULL, 10);
    } else if (len > 3 && !strcmp(start + len - 3, "():")) {
        r->function = arena_strndup(a, start, len - 3);
    } else if (strchr(start, ':')) {
        /* An address before the name; not the "fade" of a name (google/pprof cuts it). */
        size_t digits = strspn(start, "0123456789abcdefABCDEF");
        const char *name = isspace((unsigned char)start[digits]) ? start + digits + 1 : start;
        r->function = arena_strndup(a, name, (size_t)(strrchr(name, ':') - name));
    } else {
        r->function = r->file = "";
        r->line = 0;
    }
}

static void read_listing(struct object_code *code, char *text)
{
    struct reader r = {.code = code, .function = "", .file = ""};
    for (char *line; (line = strsep(&text, "\n"));) {
        while (isspace((unsigned char)*line))
            line++;
        for (size_t n = strlen(line); n && isspace((unsigned char)line[n - 1]);)
            line[--n] = 0;
        if (!take_inst(&r, line))
            take_place(&r, line);
    }
    struct object_inst *grown = code->insts;
    code->insts =
        code->count ? arena_memdup(&code->arena, grown, code->count * sizeof *grown) : NULL;
    free(grown);
}

bool object_objdump(const char *path, uint64_t begin, uint64_t end, bool intel, const char *tools,
                    struct object_code *code)
{
    char tool[4096], start[64], stop[64];
    const char *search = getenv("PATH");
    *code = (struct object_code){0};
    if (!find_tool(tools, tool, sizeof tool) &&
        !find_tool(search ? search : "/usr/bin:/bin", tool, sizeof tool))
        return false;
    snprintf(start, sizeof start, "--start-address=%#" PRIx64, begin);
    snprintf(stop, sizeof stop, "--stop-address=%#" PRIx64, end);
    const char *argv[] = {"objdump",
                          "--disassemble",
                          "--demangle",
                          "--no-show-raw-insn",
                          "--line-numbers",
                          start,
                          stop,
                          NULL,
                          NULL,
                          NULL,
                          NULL};
    size_t n = 7;
    if (intel) {
        argv[n++] = "-M";
        argv[n++] = "intel";
    }
    argv[n] = path;
    struct strbuf out = {0};
    char *const *args = (char *const *)(uintptr_t)argv;
    bool ok = run(tool, args, &out);
    if (ok && out.len)
        read_listing(code, out.p);
    strbuf_release(&out);
    return ok;
}
