#include "convert/foreign.h"

#include "convert/order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int foreign_find(const struct foreign_known *known, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(known[i].name);
        bool begins = len && known[i].name[len - 1] == '_';
        if (begins ? !strncmp(name, known[i].name, len) : !strcmp(name, known[i].name))
            return (int)i;
    }
    return -1;
}

static bool begins_with(const char *name, const char *begin)
{
    return !strncmp(name, begin, strlen(begin));
}

enum event_kind foreign_kind(const char *name)
{
    enum event_kind kind = foreign_kernel_kind(name);
    if (kind == EVENT_FOREIGN)
        kind = foreign_ust_kind(name);
    /* What a newer agent says, and what LTTng-UST tells of itself, is no message. */
    if (kind != EVENT_FOREIGN || begins_with(name, "whyprof_") ||
        begins_with(name, "lttng_ust_statedump:") || begins_with(name, "lttng_ust_lib:"))
        return kind;
    return (enum event_kind)FOREIGN_MESSAGE;
}

const char *foreign_fields(enum event_kind kind, const char *name)
{
    if ((int)kind >= FOREIGN_FIRST_UST)
        return foreign_ust_fields(kind);
    return (int)kind >= FOREIGN_FIRST_KERNEL ? foreign_kernel_fields(kind, name) : "";
}

/* -- events of our own making */

struct event foreign_like(const struct event *ev, enum event_kind kind)
{
    struct event like = {.ts = ev->ts, .vpid = ev->vpid, .vtid = ev->vtid, .foreign = true};
    like.kind = (uint8_t)kind;
    like.sequence = -1;
    return like;
}

void foreign_set_string(struct event *ev, int field, const char *text)
{
    ev->v[field] = (uint64_t)(uintptr_t)text;
    ev->strings = (uint8_t)(ev->strings | 1u << field);
}

void foreign_push(struct foreign *f, const struct event *ev)
{
    order_push(f->order, ev);
}

/* -- where events come from */

static const char *env_text(const bt_trace *trace, const char *key)
{
    const bt_value *value = bt_trace_borrow_environment_entry_value_by_name_const(trace, key);
    return value && bt_value_is_string(value) ? bt_value_string_get(value) : NULL;
}

static uint32_t env_number(const bt_trace *trace, const char *key)
{
    const bt_value *value = bt_trace_borrow_environment_entry_value_by_name_const(trace, key);
    return value && bt_value_is_signed_integer(value) ? (uint32_t)bt_value_integer_signed_get(value)
                                                      : 0;
}

void foreign_stream(struct foreign *f, const bt_stream *stream, struct foreign_origin *origin)
{
    const bt_trace *trace = bt_stream_borrow_trace_const(stream);
    const bt_stream_class *class = bt_stream_borrow_class_const(stream);
    const char *domain = env_text(trace, "domain");
    *origin = (struct foreign_origin){.kernel = domain && !strcmp(domain, "kernel"),
                                      .pid = env_number(trace, "vpid"),
                                      .procname = env_text(trace, "procname")};
    uint64_t count = bt_stream_class_get_event_class_count(class);
    for (uint64_t i = 0; i < count; i++) {
        const char *name =
            bt_event_class_get_name(bt_stream_class_borrow_event_class_by_index_const(class, i));
        if (name)
            map64_put(&f->class_names, intern_str(&f->names, name), NULL);
    }
}

static void name_process(struct foreign *f, const struct event *ev, const char *name)
{
    struct event told = foreign_like(ev, EVENT_whyprof_sched_process_of);
    bool added;
    map64_put(&f->named_pids, ev->vpid, &added);
    if (!added)
        return;
    told.v[PROCESS_OF_pid] = ev->vpid;
    foreign_set_string(&told, PROCESS_OF_name, name);
    foreign_set_string(&told, PROCESS_OF_cmdline, "");
    foreign_push(f, &told);
}

/* A thread made up for what happened on a CPU. */
static void name_no_thread(struct foreign *f, const struct event *ev, uint32_t cpu)
{
    char name[32];
    bool added;
    map64_put(&f->named_pids, ev->vtid, &added);
    if (!added)
        return;
    snprintf(name, sizeof name, "CPU %u", cpu);
    struct event told = foreign_like(ev, EVENT_whyprof_sched_thread_name);
    told.v[THREAD_NAME_tid] = ev->vtid;
    foreign_set_string(&told, THREAD_NAME_name, name);
    foreign_push(f, &told);
}

/* Whose event it is, where its context does not say. */
static void complete_ids(struct foreign *f, struct event *ev, const struct foreign_origin *origin)
{
    uint32_t pid = 0;
    if (!ev->vpid && origin->pid)
        ev->vpid = origin->pid + origin->id_base;
    if (!ev->vtid && !ev->vpid)
        ev->vtid = foreign_current(f, origin->cpu, &pid);
    if (!ev->vpid)
        ev->vpid = pid;
    if (!ev->vtid && ev->vpid)
        ev->vtid = ev->vpid;
    if (!ev->vpid)
        ev->vpid = ev->vtid ? ev->vtid : FOREIGN_NO_THREAD + origin->id_base;
    if (!ev->vtid) {
        ev->vtid = FOREIGN_NO_THREAD + 1 + origin->cpu + origin->id_base;
        name_process(f, ev, "(thread not recorded)");
        name_no_thread(f, ev, origin->cpu);
    } else if (origin->procname && ev->vpid == origin->pid + origin->id_base) {
        name_process(f, ev, origin->procname);
    }
}

void foreign_event(struct foreign *f, const struct event *ev, const char *name,
                   const struct foreign_origin *origin)
{
    f->id_base = origin->id_base;
    if ((int)ev->kind >= FOREIGN_FIRST_KERNEL && (int)ev->kind < FOREIGN_FIRST_UST) {
        foreign_kernel_event(f, ev, name, origin->cpu);
        return;
    }
    if (origin->kernel)
        return;
    struct event whose = *ev;
    f->seen_ts = ev->ts;
    complete_ids(f, &whose, origin);
    foreign_ust_event(f, &whose, name);
}

void foreign_flush(struct foreign *f)
{
    foreign_kernel_flush(f);
    foreign_ust_flush(f, f->seen_ts);
}

void foreign_release(struct foreign *f)
{
    for (size_t i = 0; i < f->call_count; i++)
        free(f->calls[i].path);
    for (size_t i = 0; i < f->module_count; i++)
        free(f->modules[i].path);
    free(f->calls);
    free(f->modules);
    map64_release(&f->current);
    map64_release(&f->pid_of_tid);
    map64_release(&f->call_of_tid);
    map64_release(&f->exiting);
    map64_release(&f->class_names);
    map64_release(&f->roles);
    map64_release(&f->module_of_pid);
    map64_release(&f->named_pids);
    map64_release(&f->waiting);
    map64_release(&f->holders);
    intern_release(&f->names);
    strbuf_release(&f->text);
    arena_release(&f->arena);
}
