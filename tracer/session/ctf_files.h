/* ctf_files: the stream files of a recording as they grow on disk, by their packet
 * headers alone: how much there is, what was lost, and cutting off the half packet
 * that a crash or a full disk leaves, for which babeltrace2 would refuse the whole
 * trace. */
#ifndef SESSION_CTF_FILES_H
#define SESSION_CTF_FILES_H

#include "base/err.h"

#include <stdint.h>

struct ctf_files {
    uint64_t streams;
    uint64_t packets;     /* whole ones */
    uint64_t bytes;       /* of whole packets */
    uint64_t event_bytes; /* of these, filled with events */
    uint64_t discarded;   /* events the tracer had no room for, as far as written */
    uint64_t torn_bytes;  /* behind the last whole packet of each stream */
    bool metadata;        /* the description without which nothing can be read */
};

/* Adds up all streams below dir. Zeros where there is nothing. */
void ctf_files_scan(const char *dir, struct ctf_files *files);
/* The same, and cuts each stream after its last whole packet (and drops the packet
 * index of a stream that was cut). */
bool ctf_files_repair(const char *dir, struct ctf_files *files, struct err *err);

#endif
