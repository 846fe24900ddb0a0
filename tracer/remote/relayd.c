#include "remote/relayd.h"

#include "base/arena.h"
#include "base/strbuf.h"
#include "remote/relayd_connection.h"

#include <endian.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MOST_STREAMS = 1 << 20,
    MOST_BYTES = 1 << 30, /* of a packet or a piece of metadata */
    FOLLOW_MS = 100,
    /* The relay may be about to take in what it has received: how often, and how long
     * after another, nothing new must be told before that is believed. */
    QUIET_ROUNDS = 2,
    QUIET_MS = 50
};

struct stream {
    uint64_t id;
    size_t trace;    /* index into traces */
    unsigned number; /* its file's: "stream-3" */
    bool metadata;
    bool ended;
};

struct copy {
    const struct relayd_options *options;
    struct relayd_result result;
    int fd;
    uint64_t session_id;
    uint64_t *traces; /* owned: the relay's numbers */
    size_t trace_count, trace_cap;
    struct stream *streams; /* owned */
    size_t stream_count, stream_cap;
    char *buf; /* owned: a packet */
    size_t buf_cap;
    bool session_ended;
    bool news; /* since the round began */
};

bool relayd_is_url(const char *text)
{
    return !strncmp(text, "net://", 6) || !strncmp(text, "net4://", 7) ||
           !strncmp(text, "net6://", 7);
}

bool relayd_check_url(const char *text, struct err *err)
{
    struct relayd_url url;
    return relayd_parse_url(&url, text, err);
}

/* -- files */

/* Opened for each packet: a fleet's streams are more than a process has descriptors. */
static bool append(const struct copy *c, const struct stream *s, size_t bytes, struct err *err)
{
    char path[4200], name[32] = "metadata";
    if (!s->metadata)
        snprintf(name, sizeof name, "stream-%u", s->number);
    snprintf(path, sizeof path, "%s/trace-%zu/%s", c->options->dir, s->trace + 1, name);
    FILE *f = fopen(path, "ae");
    bool ok = f && fwrite(c->buf, 1, bytes, f) == bytes;
    if (f && fclose(f) != 0)
        ok = false;
    return ok || err_errno(err, "write %s", path);
}

static bool trace_of(struct copy *c, uint64_t id, size_t *index, struct err *err)
{
    for (*index = 0; *index < c->trace_count; ++*index)
        if (c->traces[*index] == id)
            return true;
    char path[4200];
    mem_grow(&c->traces, &c->trace_cap, c->trace_count + 1, sizeof *c->traces);
    c->traces[c->trace_count++] = id;
    snprintf(path, sizeof path, "%s/trace-%zu", c->options->dir, c->trace_count);
    return mkdir(path, 0700) == 0 || err_errno(err, "make folder %s", path);
}

/* Receives so many bytes and appends them to the stream's file. */
static bool take_bytes(struct copy *c, const struct stream *s, uint64_t bytes, struct err *err)
{
    if (bytes > MOST_BYTES)
        return err_set(err, "the relay daemon tells of a packet of %" PRIu64 " bytes", bytes);
    mem_grow(&c->buf, &c->buf_cap, bytes + 1, 1);
    if (!relayd_receive(c->fd, c->buf, bytes, err) || !append(c, s, bytes, err))
        return false;
    c->result.bytes += bytes;
    c->news = true;
    return true;
}

/* -- streams */

static bool take_streams(struct copy *c, uint32_t count, struct err *err)
{
    if (count > MOST_STREAMS || c->stream_count > MOST_STREAMS)
        return err_set(err, "the relay daemon's %u streams make no sense", count);
    for (uint32_t i = 0; i < count; i++) {
        struct relayd_wire_stream wire;
        struct stream s = {.number = (unsigned)c->stream_count + 1};
        if (!relayd_receive(c->fd, &wire, sizeof wire, err) ||
            !trace_of(c, be64toh(wire.trace_id), &s.trace, err))
            return false;
        s.id = be64toh(wire.id);
        s.metadata = wire.is_metadata != 0;
        mem_grow(&c->streams, &c->stream_cap, c->stream_count + 1, sizeof *c->streams);
        c->streams[c->stream_count++] = s;
        c->news = true;
    }
    return true;
}

static bool take_new_streams(struct copy *c, struct err *err)
{
    uint64_t session = htobe64(c->session_id);
    struct relayd_streams answer;
    if (c->session_ended)
        return true;
    if (!relayd_ask(c->fd, RELAYD_NEW_STREAMS, &session, sizeof session, &answer, sizeof answer,
                    err))
        return false;
    switch (be32toh(answer.status)) {
    case RELAYD_NEW_STREAMS_OK:
        return take_streams(c, be32toh(answer.count), err);
    case RELAYD_NEW_STREAMS_NONE:
        return true;
    default: /* ended; the relay says ERR of a session that it has forgotten already */
        c->session_ended = true;
        return true;
    }
}

/* All of a trace's description that is there. */
static bool take_metadata(struct copy *c, struct stream *s, struct err *err)
{
    uint64_t id = htobe64(s->id);
    struct relayd_metadata answer;
    for (;;) {
        if (!relayd_ask(c->fd, RELAYD_METADATA, &id, sizeof id, &answer, sizeof answer, err))
            return false;
        uint64_t bytes = be64toh(answer.bytes);
        if (be32toh(answer.status) != RELAYD_METADATA_OK || !bytes) {
            s->ended |= be32toh(answer.status) > RELAYD_METADATA_NOTHING_NEW;
            return true;
        }
        if (!take_bytes(c, s, bytes, err))
            return false;
    }
}

static bool take_packet(struct copy *c, struct stream *s, const struct relayd_index *index,
                        struct err *err)
{
    uint64_t bytes = be64toh(index->packet_bits) / 8;
    struct relayd_get_packet get = {
        .stream_id = htobe64(s->id), .offset = index->offset, .bytes = htobe32((uint32_t)bytes)};
    struct relayd_packet answer;
    if (bytes > MOST_BYTES)
        return err_set(err, "the relay daemon tells of a packet of %" PRIu64 " bytes", bytes);
    if (!relayd_ask(c->fd, RELAYD_PACKET, &get, sizeof get, &answer, sizeof answer, err))
        return false;
    if (be32toh(answer.status) != RELAYD_PACKET_OK)
        return err_set(err, "the relay daemon could not read a packet of its own file");
    c->result.packets++;
    return take_bytes(c, s, be32toh(answer.bytes), err);
}

static bool tell_progress(const struct copy *c, struct err *err)
{
    return progress_step(c->options->progress, "copying from the relay daemon", c->result.bytes,
                         0) ||
           err_set(err, "stopped");
}

/* All packets of a stream that are there. */
static bool take_packets(struct copy *c, struct stream *s, struct err *err)
{
    uint64_t id = htobe64(s->id);
    struct relayd_index index;
    while (!s->ended) {
        if (!tell_progress(c, err) ||
            !relayd_ask(c->fd, RELAYD_NEXT_INDEX, &id, sizeof id, &index, sizeof index, err))
            return false;
        switch (be32toh(index.status)) {
        case RELAYD_INDEX_OK:
            if (!take_packet(c, s, &index, err))
                return false;
            break;
        case RELAYD_INDEX_RETRY:
        case RELAYD_INDEX_INACTIVE:
            return true;
        case RELAYD_INDEX_HUP:
        case RELAYD_INDEX_EOF:
            s->ended = true;
            break;
        default:
            return err_set(err, "the relay daemon could not read its own index");
        }
    }
    return true;
}

/* Descriptions last: they must cover the packets that came just before. */
static bool take_round(struct copy *c, struct err *err)
{
    c->news = false;
    if (!take_new_streams(c, err))
        return false;
    for (size_t i = 0; i < c->stream_count; i++)
        if (!c->streams[i].metadata && !take_packets(c, &c->streams[i], err))
            return false;
    for (size_t i = 0; i < c->stream_count; i++)
        if (c->streams[i].metadata && !c->streams[i].ended &&
            !take_metadata(c, &c->streams[i], err))
            return false;
    return true;
}

static bool over(const struct copy *c)
{
    for (size_t i = 0; i < c->stream_count; i++)
        if (!c->streams[i].metadata && !c->streams[i].ended)
            return false;
    return c->session_ended;
}

static bool take_all(struct copy *c, struct err *err)
{
    for (int quiet = 0; !over(c) && (c->options->follow || quiet < QUIET_ROUNDS);) {
        if (quiet)
            poll(NULL, 0, c->options->follow ? FOLLOW_MS : QUIET_MS);
        if (!tell_progress(c, err) || !take_round(c, err))
            return false;
        quiet = c->news ? 0 : quiet + 1;
    }
    return true;
}

/* -- the session */

static bool no_session(const struct relayd_url *url, const struct relayd_session *list,
                       size_t count, struct err *err)
{
    struct strbuf names = {0};
    for (size_t i = 0; i < count; i++)
        strbuf_printf(&names, "%s/host/%s/%s", i ? ", " : "", list[i].hostname, list[i].name);
    if (*url->session)
        err_set(err, "the relay daemon at %s has no session %s of host %s", url->host, url->session,
                url->hostname);
    else
        err_set(err, "no session of the relay daemon at %s was named", url->host);
    if (count)
        err_hint(err, "add to net://%s:%s one of: %s", url->host, url->port, strbuf_str(&names));
    else
        err_hint(err, "nothing is being recorded to it; what was is in its output folder "
                      "(~/lttng-traces/HOSTNAME/SESSION-DATE): whyprof convert FOLDER -o FILE");
    strbuf_release(&names);
    return false;
}

static bool find_session(struct copy *c, const struct relayd_url *url, struct err *err)
{
    struct relayd_session *list;
    size_t count;
    if (!relayd_sessions(c->fd, &list, &count, err))
        return false;
    const struct relayd_session *found = NULL;
    for (size_t i = 0; i < count; i++)
        if (!strcmp(list[i].hostname, url->hostname) && !strcmp(list[i].name, url->session))
            found = &list[i]; /* the latest of that name */
    if (found)
        c->session_id = found->id;
    bool ok = found || no_session(url, list, count, err);
    free(list);
    return ok;
}

bool relayd_find(const char *text, struct err *err)
{
    struct relayd_url url;
    struct copy c = {.fd = -1};
    if (!relayd_parse_url(&url, text, err))
        return false;
    c.fd = relayd_connect(&url, err);
    bool ok = c.fd >= 0 && find_session(&c, &url, err);
    if (c.fd >= 0)
        close(c.fd);
    return ok || err_wrap(err, "%s", text);
}

static bool attach(struct copy *c, const struct relayd_url *url, struct err *err)
{
    const struct relayd_attach request = {.session_id = htobe64(c->session_id),
                                          .seek = htobe32(RELAYD_SEEK_BEGINNING)};
    struct relayd_streams answer;
    if (!relayd_ask(c->fd, RELAYD_ATTACH, &request, sizeof request, &answer, sizeof answer, err))
        return false;
    switch (be32toh(answer.status)) {
    case RELAYD_ATTACH_OK:
        return take_streams(c, be32toh(answer.count), err);
    case RELAYD_ATTACH_ALREADY:
        err_set(err, "somebody else is reading session %s", url->session);
        return err_hint(err, "the relay daemon lets one read at a time");
    case RELAYD_ATTACH_NOT_LIVE:
        err_set(err, "session %s was not made to be read live", url->session);
        return err_hint(err, "whyprof trace start --relay and lttng create --live do; or convert "
                             "the relay daemon's output folder there");
    default:
        return err_set(err, "the relay daemon does not let session %s be read", url->session);
    }
}

static bool copy(struct copy *c, const struct relayd_url *url, struct err *err)
{
    c->fd = relayd_connect(url, err);
    if (c->fd < 0 || !find_session(c, url, err) || !attach(c, url, err))
        return false;
    if (!take_all(c, err) && !(c->options->follow && c->result.packets))
        return false;
    return c->result.packets || err_set(err, "no events have reached the relay daemon yet");
}

bool relayd_copy(const struct relayd_options *options, struct relayd_result *result,
                 struct err *err)
{
    struct relayd_url url;
    struct copy c = {.options = options, .fd = -1};
    if (!relayd_parse_url(&url, options->url, err))
        return false;
    bool ok = copy(&c, &url, err);
    *result = c.result;
    if (c.fd >= 0)
        close(c.fd);
    free(c.traces);
    free(c.streams);
    free(c.buf);
    return ok || err_wrap(err, "%s", options->url);
}
