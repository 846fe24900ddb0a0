/* agents: processes running the agent, found and talked to by their control
 * sockets (tracepoints/events.h). */
#ifndef SESSION_AGENTS_H
#define SESSION_AGENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct agents {
    pid_t *pids; /* owned */
    size_t count;
    size_t cap;
};

/* All agents that may answer this user, in no order. */
void agents_list(struct agents *a);
void agents_release(struct agents *a);

/* Sends one request and waits for its answer, at most timeout_ms. False when the
 * process has no agent, belongs to another, does not answer in time, or answers
 * an error. answer may be NULL. */
bool agent_request(pid_t pid, const char *request, char *answer, size_t cap, int timeout_ms);
/* A request whose answer comes with a file, which is returned; -1 where it does not. */
int agent_request_file(pid_t pid, const char *request, int timeout_ms);
/* The same request to many at once, all within timeout_ms; the count that said ok. */
size_t agents_request(const pid_t *pids, size_t count, const char *request, int timeout_ms);

#endif
