/* whyprof doctor: what this machine allows, which mechanism each class of events
 * would use, and how to get the better one. */
#include "base/fmt.h"
#include "base/json.h"
#include "cli/cli.h"
#include "convert/convert.h"
#include "session/machine.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

static bool json;

static const struct opt rows[] = {
    {0, "json", OPT_FLAG, &json, NULL, "machine-readable"},
    {0},
};

static const struct opt_command command = {
    .name = "whyprof doctor",
    .usage = "[--json]",
    .summary = "Says what this machine allows, which mechanism each class of events would use,\n"
               "and how to get the better one. Exit status 1 where recording is not possible.",
    .opts = rows,
};

enum level {
    GOOD, /* as it should be */
    LESS, /* works, with less to see */
    BAD,  /* recording is not possible */
};

struct finding {
    const char *name;
    enum level level;
    char value[256];
    const char *hint; /* NULL: nothing to do */
};

enum {
    FINDINGS_MAX = 24
};

struct findings {
    struct finding items[FINDINGS_MAX];
    int count;
};

__attribute__((format(printf, 5, 6))) static void
add(struct findings *f, const char *name, enum level level, const char *hint, const char *fmt, ...)
{
    struct finding *x = &f->items[f->count++];
    *x = (struct finding){.name = name, .level = level, .hint = level == GOOD ? NULL : hint};
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(x->value, sizeof x->value, fmt, ap);
    va_end(ap);
}

static void find_parts(struct findings *f, const struct machine *m)
{
    struct err err = {0};
    const char *agent = cli_agent_path(&err);
    add(f, "agent", agent ? GOOD : BAD, "make build", "%s", agent ? agent : err.text);
    bool installed = *m->daemon_version;
    const char *state = !m->daemon_runs  ? "not running: started when needed, stopped afterwards"
                        : m->daemon_ours ? "running, started by whyprof"
                                         : "running";
    add(f, "session daemon", installed || m->daemon_runs ? GOOD : BAD,
        "apt-get install lttng-tools", "%s",
        installed || m->daemon_runs ? state : "lttng-sessiond is not installed");
    if (installed)
        add(f, "lttng-tools", GOOD, NULL, "%s", m->daemon_version);
    add(f, "babeltrace2", GOOD, NULL, "%s", convert_babeltrace_version());
    if (m->runtime_err.text[0])
        add(f, "runtime folder", BAD, m->runtime_err.hint, "%s", m->runtime_err.text);
    else
        add(f, "runtime folder", GOOD, NULL, "%s", m->runtime.dir);
}

static void find_limits(struct findings *f, const struct machine *m)
{
    enum {
        SHM_GOOD = 64 << 20,
        SHM_LEAST = 8 << 20
    };
    char free_text[FMT_MAX];
    fmt_bytes(free_text, m->shm_free_bytes);
    add(f, "/dev/shm",
        m->shm_free_bytes >= SHM_GOOD    ? GOOD
        : m->shm_free_bytes >= SHM_LEAST ? LESS
                                         : BAD,
        "LTTng's buffers live there: give it more, e.g. docker run --shm-size=256m", "%s free",
        free_text);
    struct utsname uts = {0};
    uname(&uts);
    add(f, "kernel", GOOD, NULL, "%s %s", uts.release, uts.machine);
    if (m->perf_event_paranoid == -99)
        add(f, "perf events", LESS, "this kernel or container has none", "not available");
    else
        add(f, "perf events", m->cap_perf || m->perf_event_paranoid <= 2 ? GOOD : LESS,
            "sysctl kernel.perf_event_paranoid=2", "perf_event_paranoid %d%s",
            m->perf_event_paranoid, m->cap_perf ? ", CAP_PERFMON" : "");
    add(f, "BPF", m->cap_bpf && m->btf ? GOOD : LESS,
        m->cap_bpf ? "a kernel with CONFIG_DEBUG_INFO_BTF" : "run as root, or with CAP_BPF",
        "%s, %s", m->cap_bpf ? "allowed" : "not allowed for this user",
        m->btf ? "kernel types known" : "the kernel does not describe its types");
    add(f, "tracefs", m->tracefs ? GOOD : LESS,
        "mount -t tracefs tracefs /sys/kernel/tracing, and be root", "%s",
        m->tracefs ? "readable" : "not mounted, or not readable for this user");
    add(f, "display", *m->display ? GOOD : LESS,
        "whyprof view needs one; its --screenshot does not", "%s",
        *m->display ? m->display : "none");
}

static const char *kernel_hint(const struct machine *m)
{
    static char hint[400];
    snprintf(hint, sizeof hint, "best is bpf: run as root, or give CAP_BPF and CAP_PERFMON (%s)",
             m->collector.refused[0] ? m->collector.refused
                                     : "the kernel collector is not built or did not start");
    return hint;
}

static void find_mechanisms(struct findings *f, const struct machine *m)
{
    const struct collector *c = &m->collector;
    bool sched = c->mechanism_sched[0], syscall = c->mechanism_syscall[0];
    add(f, "sched", sched ? GOOD : LESS, kernel_hint(m), "%s",
        sched ? c->mechanism_sched : "agent: blocking calls and each thread's CPU clock only");
    add(f, "syscall", syscall ? GOOD : LESS, kernel_hint(m), "%s",
        syscall ? c->mechanism_syscall : "agent: calls made through the C library only");
    add(f, "lock", GOOD, NULL, "agent");
    add(f, "alloc", GOOD, NULL, "agent");
    add(f, "cpu", c->mechanism_cpu[0] ? GOOD : LESS, c->refused_cpu,
        c->mechanism_cpu[0]
            ? "agent: a CPU-time timer for each thread; perf past the kernel's tick and without an "
              "agent"
            : "agent: a CPU-time timer for each thread, no faster than the kernel's tick");
    add(f, "user", GOOD, NULL, "agent");
}

static const char *const level_names[] = {[GOOD] = "ok", [LESS] = "less", [BAD] = "missing"};

static void print_text(const char *title, const struct findings *f)
{
    printf("%s\n", title);
    for (int i = 0; i < f->count; i++) {
        const struct finding *x = &f->items[i];
        printf("  %-8s%-16s%s\n", level_names[x->level], x->name, x->value);
        if (x->hint)
            printf("  %-24s-> %s\n", "", x->hint);
    }
}

static void append_json(struct strbuf *sb, const char *title, const struct findings *f)
{
    strbuf_printf(sb, "%s\n \"%s\": [", sb->len > 1 ? "," : "", title);
    for (int i = 0; i < f->count; i++) {
        const struct finding *x = &f->items[i];
        strbuf_puts(sb, i ? ",\n  {" : "\n  {");
        json_member(sb, "name", x->name);
        json_member(sb, "level", level_names[x->level]);
        json_member(sb, "value", x->value);
        if (x->hint)
            json_member(sb, "hint", x->hint);
        strbuf_putc(sb, '}');
    }
    strbuf_putc(sb, ']');
}

static bool possible(const struct findings *f)
{
    for (int i = 0; i < f->count; i++)
        if (f->items[i].level == BAD)
            return false;
    return true;
}

int cmd_doctor(int argc, char **argv)
{
    int status;
    if (cli_parse(&command, argc, argv, &status) < 0)
        return status;
    struct machine m;
    struct findings parts = {0}, mechanisms = {0};
    machine_look(&m, cli_program_path("whyprof-collector", NULL));
    find_parts(&parts, &m);
    find_limits(&parts, &m);
    find_mechanisms(&mechanisms, &m);
    if (json) {
        struct strbuf sb = {0};
        strbuf_putc(&sb, '{');
        append_json(&sb, "machine", &parts);
        append_json(&sb, "mechanisms", &mechanisms);
        printf("%s\n}\n", sb.p);
        strbuf_release(&sb);
    } else {
        print_text("This machine", &parts);
        print_text("Mechanism of each event class", &mechanisms);
    }
    return possible(&parts) ? CLI_OK : CLI_FAILED;
}
