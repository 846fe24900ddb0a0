/* The table of report formats. */
#include "pprof/config.h"

#include <string.h>

#define GRAPH_HELP(name, cum, to_file)                                                             \
    name " [n] [focus_regex]* [-ignore_regex]*" cum to_file "\nInclude up to n samples\n"          \
         "Include samples matching focus_regex, and exclude ignore_regex."
#define CUM_HELP  "\n-cum sorts the output by cumulative weight"
#define FILE_HELP "\nOptionally save the report on the file f"

#define LIST_HELP(name)                                                                            \
    name "<func_regex|address> [-focus_regex]* [-ignore_regex]*\n"                                 \
         "Include functions matching func_regex, or including the address specified.\n"            \
         "Include samples matching focus_regex, and exclude ignore_regex."

const struct pprof_command pprof_commands[] = {
    {"callgrind", PPROF_CALLGRIND, false, NULL, "callgraph.out",
     "Outputs a graph in callgrind format", GRAPH_HELP("callgrind", "", " >f") FILE_HELP},
    {"comments", PPROF_COMMENTS, false, NULL, NULL, "Output all profile comments", ""},
    {"disasm", PPROF_DISASM, true, NULL, NULL, "Output assembly listings annotated with samples",
     LIST_HELP("disasm")},
    {"dot", PPROF_DOT, false, NULL, NULL, "Outputs a graph in DOT format",
     GRAPH_HELP("dot", "", " >f") FILE_HELP},
    {"eog", PPROF_DOT, false, "svg", "svg", "Visualize graph through eog",
     GRAPH_HELP("eog", "", "")},
    {"evince", PPROF_DOT, false, "pdf", "pdf", "Visualize graph through evince",
     GRAPH_HELP("evince", "", "")},
    {"flamegraph", PPROF_FLAME, false, NULL, "svg",
     "Outputs a flame graph in SVG format; PNG, PDF or PS by the output's name",
     GRAPH_HELP("flamegraph", "", " >f") FILE_HELP},
    {"folded", PPROF_FOLDED, false, NULL, NULL, "Outputs stacks in folded format",
     GRAPH_HELP("folded", "", " >f") FILE_HELP},
    {"gif", PPROF_DOT, false, "gif", "gif", "Outputs a graph image in GIF format",
     GRAPH_HELP("gif", "", " >f") FILE_HELP},
    {"gv", PPROF_DOT, false, "ps", "ps", "Visualize graph through gv", GRAPH_HELP("gv", "", "")},
    {"kcachegrind", PPROF_CALLGRIND, false, NULL, "grind", "Visualize report in KCachegrind",
     GRAPH_HELP("kcachegrind", "", "")},
    {"list", PPROF_LIST, true, NULL, NULL, "Output annotated source for functions matching regexp",
     LIST_HELP("list")},
    {"pdf", PPROF_DOT, false, "pdf", "pdf", "Outputs a graph in PDF format",
     GRAPH_HELP("pdf", "", " >f") FILE_HELP},
    {"peek", PPROF_TREE, true, NULL, NULL, "Output callers/callees of functions matching regexp",
     "peek func_regex\nDisplay callers and callees of functions matching func_regex."},
    {"png", PPROF_DOT, false, "png", "png", "Outputs a graph image in PNG format",
     GRAPH_HELP("png", "", " >f") FILE_HELP},
    {"proto", PPROF_PROTO, false, NULL, "pb.gz",
     "Outputs the profile in compressed protobuf format", ""},
    {"ps", PPROF_DOT, false, "ps", "ps", "Outputs a graph in PS format",
     GRAPH_HELP("ps", "", " >f") FILE_HELP},
    {"raw", PPROF_RAW, false, NULL, NULL, "Outputs a text representation of the raw profile", ""},
    {"svg", PPROF_DOT, false, "svg", "svg", "Outputs a graph in SVG format",
     GRAPH_HELP("svg", "", " >f") FILE_HELP},
    {"tags", PPROF_TAGS, false, NULL, NULL, "Outputs all tags in the profile",
     "tags [tag_regex]* [-ignore_regex]* [>file]\n"
     "List tags with key:value matching tag_regex and exclude ignore_regex."},
    {"text", PPROF_TEXT, false, NULL, NULL, "Outputs top entries in text form",
     GRAPH_HELP("text", " [-cum]", " >f") CUM_HELP FILE_HELP},
    {"top", PPROF_TEXT, false, NULL, NULL, "Outputs top entries in text form",
     GRAPH_HELP("top", " [-cum]", " >f") CUM_HELP FILE_HELP},
    {"topproto", PPROF_TOPPROTO, false, NULL, "pb.gz",
     "Outputs top entries in compressed protobuf format", ""},
    {"traces", PPROF_TRACES, false, NULL, NULL, "Outputs all profile samples in text form", ""},
    {"tree", PPROF_TREE, false, NULL, NULL, "Outputs a text rendering of call graph",
     GRAPH_HELP("tree", " [-cum]", " >f") CUM_HELP FILE_HELP},
    {"web", PPROF_DOT, false, "svg", "svg", "Visualize graph through web browser",
     GRAPH_HELP("web", "", "")},
    {"weblist", PPROF_WEBLIST, true, NULL, "html", "Display annotated source in a web browser",
     LIST_HELP("weblist")},
    {NULL, PPROF_TEXT, false, NULL, NULL, NULL, NULL}};

const struct pprof_command *pprof_command_find(const char *name)
{
    for (const struct pprof_command *c = pprof_commands; c->name; c++)
        if (!strcmp(c->name, name))
            return c;
    return NULL;
}
