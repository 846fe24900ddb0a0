/* A list built and torn down again and again. Healthy: its nodes are kept. */
#include "why.h"

enum {
    NODES = 2000
};
struct node {
    struct node *next;
    char payload[200];
};

static NOINLINE struct node *make_node(struct node **spare, struct node *next)
{
    struct node *n = *spare;
    if (n)
        *spare = n->next;
    else
        n = malloc(sizeof *n);
    n->next = next;
    n->payload[0] = 1;
    return n;
}

static NOINLINE void drop_list(struct node **spare, struct node *list, bool keep)
{
    while (list) {
        struct node *next = list->next;
        if (keep) {
            list->next = *spare;
            *spare = list;
        } else {
            free(list);
        }
        list = next;
    }
}

int main(int argc, char **argv)
{
    struct node *spare = NULL;
    bool healthy = is_healthy(argc, argv);
    while (clock_ns(CLOCK_PROCESS_CPUTIME_ID) < 800000000) {
        struct node *list = NULL;
        for (int i = 0; i < NODES; i++)
            list = make_node(&spare, list);
        drop_list(&spare, list, healthy);
    }
    return expect("allocation_churn", "-", 0, 1);
}
