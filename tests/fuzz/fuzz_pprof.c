/* Makes reports of every kind about whatever profile the bytes are. */
#include "fuzz.h"
#include "pprof/callgraph.h"
#include "pprof/report.h"

extern size_t seen;
size_t seen; /* what was written must count, or the compiler would not write it */

static void report(const struct pprof_model *m, const char *command, const struct pprof_config *c)
{
    bool needs_expression = pprof_command_find(command)->has_param;
    struct pprof_model copy;
    struct pprof_report r;
    struct strbuf out = {0};
    struct err err;
    pprof_model_copy(&copy, m);
    if (pprof_report_init(&r, &copy, pprof_command_find(command), needs_expression ? "." : NULL, c,
                          NULL, &err) &&
        pprof_report_write(&r, &out, &err))
        seen += out.len;
    pprof_report_release(&r);
    strbuf_release(&out);
    pprof_model_release(&copy);
}

/* Our own picture of the call graph: graphviz is not what is tested. */
static void picture(const struct pprof_model *m, const struct pprof_config *c)
{
    struct pprof_model copy;
    struct pprof_report r;
    struct callgraph g;
    struct strbuf out = {0};
    struct err err;
    pprof_model_copy(&copy, m);
    if (pprof_report_init(&r, &copy, pprof_command_find("dot"), NULL, c, NULL, &err)) {
        callgraph_init(&g, &r);
        if (callgraph_own_picture(&g, "svg", &out, &err))
            seen += out.len;
        callgraph_release(&g);
    }
    pprof_report_release(&r);
    strbuf_release(&out);
    pprof_model_release(&copy);
}

static void reports(struct pprof_model *m)
{
    static const char *const commands[] = {"top",    "tree",      "dot",       "tags", "traces",
                                           "folded", "callgrind", "proto",     "raw",  "topproto",
                                           "list",   "peek",      "flamegraph"};
    struct pprof_config c = pprof_config_default();
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        report(m, commands[i], &c);
    picture(m, &c);
    c.mean = c.call_tree = c.drop_negative = true;
    c.granularity = "lines";
    c.nodecount = 3;
    c.hide = "[02468]$";
    c.tagfocus = "1:100kb";
    c.tagroot = "key1";
    report(m, "dot", &c);
    c.tagfocus = "";
    c.show_from = "2";
    report(m, "callgrind", &c);
}

static void merge_with_itself(struct pprof_model *m, const struct profile *p)
{
    struct pprof_model other, sum;
    struct err err;
    pprof_model_from_profile(&other, p);
    pprof_mark_base(&other);
    pprof_scale(&other, -1);
    struct pprof_model *both[] = {m, &other};
    if (pprof_merge(&sum, both, 2, &err))
        reports(&sum);
    pprof_model_release(&sum);
    pprof_model_release(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct profile p;
    struct pprof_model m;
    struct err err;
    if (profile_parse(&p, data, size, &err)) {
        pprof_model_from_profile(&m, &p);
        pprof_model_ensure_mapping(&m);
        if (pprof_prune(&m, &err))
            reports(&m);
        merge_with_itself(&m, &p);
        pprof_model_release(&m);
    }
    profile_release(&p);
    return 0;
}
