/* relayd_protocol: what LTTng's relay daemon speaks with live readers (protocol 2.4 on,
 * lttng-tools' lttng-viewer-abi.h): a request is a header and a body, its answer a body
 * alone, all numbers big-endian, structs packed. Only what relayd.c needs. */
#ifndef REMOTE_RELAYD_PROTOCOL_H
#define REMOTE_RELAYD_PROTOCOL_H

#include <stdint.h>

enum relayd_command {
    RELAYD_CONNECT = 1,
    RELAYD_LIST_SESSIONS = 2,
    RELAYD_ATTACH = 3,
    RELAYD_NEXT_INDEX = 4,
    RELAYD_PACKET = 5,
    RELAYD_METADATA = 6,
    RELAYD_NEW_STREAMS = 7,
    RELAYD_CREATE_SESSION = 8, /* the reader's own, which sessions are attached to */
};

enum {
    RELAYD_MAJOR = 2,
    RELAYD_MINOR = 4,
    RELAYD_CLIENT_COMMAND = 1, /* type of connection */
    RELAYD_SEEK_BEGINNING = 1,
    RELAYD_PATH_BYTES = 4096,
    RELAYD_NAME_BYTES = 255,
    RELAYD_HOST_BYTES = 64,
};

enum relayd_attach_status {
    RELAYD_ATTACH_OK = 1,
    RELAYD_ATTACH_ALREADY,
    RELAYD_ATTACH_UNKNOWN,
    RELAYD_ATTACH_NOT_LIVE,
};

enum relayd_index_status {
    RELAYD_INDEX_OK = 1,
    RELAYD_INDEX_RETRY, /* nothing new yet */
    RELAYD_INDEX_HUP,   /* the stream has ended */
    RELAYD_INDEX_ERR,
    RELAYD_INDEX_INACTIVE, /* nothing new up to a time */
    RELAYD_INDEX_EOF
};

enum {
    RELAYD_PACKET_OK = 1,
    RELAYD_METADATA_OK = 1,
    RELAYD_METADATA_NOTHING_NEW = 2,
    RELAYD_NEW_STREAMS_OK = 1,
    RELAYD_NEW_STREAMS_NONE = 2,
    RELAYD_NEW_STREAMS_ERR = 3,
    RELAYD_NEW_STREAMS_HUP = 4, /* the session has ended */
    RELAYD_CREATE_SESSION_OK = 1,
};

struct relayd_head {
    uint64_t data_bytes; /* of the body that follows */
    uint32_t command;
    uint32_t version;
} __attribute__((packed));

struct relayd_connect {
    uint64_t viewer_session_id;
    uint32_t major, minor;
    uint32_t type;
} __attribute__((packed));

/* Follows a uint32_t count. */
struct relayd_wire_session {
    uint64_t id;
    uint32_t live_timer_us; /* 0: not to be read live */
    uint32_t clients;
    uint32_t streams;
    char hostname[RELAYD_HOST_BYTES];
    char name[RELAYD_NAME_BYTES];
} __attribute__((packed));

struct relayd_attach {
    uint64_t session_id;
    uint64_t offset; /* not used */
    uint32_t seek;
} __attribute__((packed));

/* The answer to RELAYD_ATTACH and to RELAYD_NEW_STREAMS (of a uint64_t session);
 * `count` streams follow. */
struct relayd_streams {
    uint32_t status;
    uint32_t count;
} __attribute__((packed));

struct relayd_wire_stream {
    uint64_t id;
    uint64_t trace_id;
    uint32_t is_metadata;
    char path[RELAYD_PATH_BYTES];
    char channel[RELAYD_NAME_BYTES];
} __attribute__((packed));

/* The answer to RELAYD_NEXT_INDEX (of a uint64_t stream). */
struct relayd_index {
    uint64_t offset; /* in the relay's file */
    uint64_t packet_bits, content_bits;
    uint64_t ts_begin, ts_end;
    uint64_t discarded;
    uint64_t stream_class;
    uint32_t status;
    uint32_t flags; /* what else is new; we ask for that in any case */
} __attribute__((packed));

struct relayd_get_packet {
    uint64_t stream_id;
    uint64_t offset;
    uint32_t bytes;
} __attribute__((packed));

/* `bytes` follow. */
struct relayd_packet {
    uint32_t status;
    uint32_t bytes;
    uint32_t flags;
} __attribute__((packed));

/* The answer to RELAYD_METADATA (of a uint64_t stream); `bytes` follow. */
struct relayd_metadata {
    uint64_t bytes;
    uint32_t status;
} __attribute__((packed));

#endif
