#include "report/report.h"

#include <string.h>

const struct report report_table[] = {
    {"summary", "the first screen: threads, waits, system calls, hot functions, losses",
     report_summary},
    {"threads", "how each thread spent its time, and what it was blocked in", report_threads},
    {"syscalls", "system calls by name: count, time, percentiles, errors", report_syscalls},
    {"locks", "contended locks, conditions and joins: who waits, who holds", report_locks},
    {"allocs", "where memory is allocated, and what stays", report_allocs},
    {"latency", "how long threads queue for a CPU, woken and preempted", report_latency},
    {"wakeups", "who wakes whom, how often", report_wakeups},
    {"critical-path", "the chain of work and waits that the length is made of",
     report_critical_path},
    {NULL, NULL, NULL},
};

const struct report *report_find(const char *name, struct err *err)
{
    char names[256] = "";
    for (const struct report *r = report_table; r->name; r++) {
        if (!strcmp(r->name, name))
            return r;
        size_t len = strlen(names);
        snprintf(names + len, sizeof names - len, "%s%s", len ? ", " : "", r->name);
    }
    err_set(err, "there is no report '%s'", name);
    err_hint(err, "reports: %s", names);
    return NULL;
}

bool report_print(const struct report *r, const struct trace *t,
                  const struct report_options *options, FILE *out, struct err *err)
{
    struct page page = {.name = r->name};
    r->fill(&page, t, options->range);
    if (options->json)
        page_print_json(&page, &options->style, out);
    else
        page_print_text(&page, &options->style, out);
    page_release(&page);
    if (fflush(out) || ferror(out))
        return err_errno(err, "write the report");
    return !trace_damage(t, err);
}
