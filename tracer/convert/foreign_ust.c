/* Events of LTTng-UST to the contract's (foreign.h). */
#include "convert/foreign.h"

#include "convert/model.h"
#include "tracepoints/events.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum ust_number {
    PROCNAME = FOREIGN_FIRST_UST,
    BIN_INFO,
    LIB_LOAD,
    BUILD_ID,
    LIB_BUILD_ID,
    STATEDUMP_END,
    FUNC_ENTRY,
    FUNC_EXIT,
    FAST_ENTRY,
    FAST_EXIT,
    MALLOC,
    CALLOC,
    REALLOC,
    MEMALIGN,
    POSIX_MEMALIGN,
    FREE,
    LOCK_REQ,
    LOCK_ACQ,
    TRYLOCK,
    UNLOCK
};

/* Places of fields, as in the lists below. */
enum {
    PROCNAME_name = 0,
    BIN_base = 0,
    BIN_bytes,
    BIN_path,
    BIN_has_build_id,
    ID_base = 0,
    ID_bytes,
    FUNC_addr = 0,
    HEAP_ptr = 0,
    HEAP_size,
    HEAP_other, /* calloc: nmemb; realloc: in_ptr; posix_memalign: result */
    MUTEX_mutex = 0,
    MUTEX_status
};

#define OF(number) ((number)-FOREIGN_FIRST_UST)
static const struct foreign_known known[] = {
    [OF(PROCNAME)] = {"lttng_ust_statedump:procname", "procname"},
    [OF(BIN_INFO)] = {"lttng_ust_statedump:bin_info", "baddr memsz path has_build_id"},
    [OF(LIB_LOAD)] = {"lttng_ust_lib:load", "baddr memsz path has_build_id"},
    [OF(BUILD_ID)] = {"lttng_ust_statedump:build_id", "baddr build_id"},
    [OF(LIB_BUILD_ID)] = {"lttng_ust_lib:build_id", "baddr build_id"},
    [OF(STATEDUMP_END)] = {"lttng_ust_statedump:end", ""},
    [OF(FUNC_ENTRY)] = {"lttng_ust_cyg_profile:func_entry", "addr"},
    [OF(FUNC_EXIT)] = {"lttng_ust_cyg_profile:func_exit", "addr"},
    [OF(FAST_ENTRY)] = {"lttng_ust_cyg_profile_fast:func_entry", "addr"},
    [OF(FAST_EXIT)] = {"lttng_ust_cyg_profile_fast:func_exit", "addr"},
    [OF(MALLOC)] = {"lttng_ust_libc:malloc", "ptr size"},
    [OF(CALLOC)] = {"lttng_ust_libc:calloc", "ptr size nmemb"},
    [OF(REALLOC)] = {"lttng_ust_libc:realloc", "ptr size in_ptr"},
    [OF(MEMALIGN)] = {"lttng_ust_libc:memalign", "ptr size"},
    [OF(POSIX_MEMALIGN)] = {"lttng_ust_libc:posix_memalign", "out size result"},
    [OF(FREE)] = {"lttng_ust_libc:free", "ptr"},
    [OF(LOCK_REQ)] = {"lttng_ust_pthread:pthread_mutex_lock_req", "mutex"},
    [OF(LOCK_ACQ)] = {"lttng_ust_pthread:pthread_mutex_lock_acq", "mutex status"},
    [OF(TRYLOCK)] = {"lttng_ust_pthread:pthread_mutex_trylock", "mutex status"},
    [OF(UNLOCK)] = {"lttng_ust_pthread:pthread_mutex_unlock", "mutex status"},
};

enum event_kind foreign_ust_kind(const char *name)
{
    int i = foreign_find(known, sizeof known / sizeof *known, name);
    return i < 0 ? EVENT_FOREIGN : (enum event_kind)(FOREIGN_FIRST_UST + i);
}

const char *foreign_ust_fields(enum event_kind kind)
{
    return known[OF((int)kind)].fields;
}

/* Says of what kind of source a class of events is. */
static void tell_mechanism(struct foreign *f, const struct event *ev, bool *told, const char *key,
                           const char *value)
{
    if (*told)
        return;
    *told = true;
    struct event meta = foreign_like(ev, EVENT_whyprof_sched_meta);
    foreign_set_string(&meta, META_key, key);
    foreign_set_string(&meta, META_value, value);
    foreign_push(f, &meta);
}

/* -- modules and processes */

static void tell_procname(struct foreign *f, const struct event *ev)
{
    struct event told = foreign_like(ev, EVENT_whyprof_sched_process_of);
    map64_put(&f->named_pids, ev->vpid, NULL);
    told.v[PROCESS_OF_pid] = ev->vpid;
    foreign_set_string(&told, PROCESS_OF_name, event_str(ev, PROCNAME_name));
    foreign_set_string(&told, PROCESS_OF_cmdline, "");
    foreign_push(f, &told);
}

static void tell_mapping(struct foreign *f, const struct event *like, uint64_t begin, uint64_t end,
                         uint64_t file_off, const char *path)
{
    struct event module = *like;
    module.v[MODULE_begin] = begin;
    module.v[MODULE_end] = end;
    module.v[MODULE_file_off] = file_off;
    foreign_set_string(&module, MODULE_path, path);
    foreign_push(f, &module);
}

/* LTTng tells where a module begins; which of its file's bytes are where, its program
 * headers say. Where they cannot be read, they most often lie as in the file. */
static bool tell_segments(struct foreign *f, const struct event *like,
                          const struct foreign_module *m)
{
    enum {
        MOST_HEADERS = 64
    };
    Elf64_Ehdr head;
    Elf64_Phdr headers[MOST_HEADERS];
    int fd = open(m->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    ssize_t bytes = 0;
    if (fd < 0)
        return false;
    if (pread(fd, &head, sizeof head, 0) == sizeof head && !memcmp(head.e_ident, ELFMAG, SELFMAG) &&
        head.e_ident[EI_CLASS] == ELFCLASS64 && head.e_phentsize == sizeof *headers &&
        head.e_phnum <= MOST_HEADERS)
        bytes = pread(fd, headers, head.e_phnum * sizeof *headers, (off_t)head.e_phoff);
    close(fd);
    const Elf64_Phdr *first = NULL;
    bool told = false;
    for (size_t i = 0; bytes > 0 && i < (size_t)bytes / sizeof *headers; i++) {
        const Elf64_Phdr *h = &headers[i];
        if (h->p_type != PT_LOAD)
            continue;
        first = first ? first : h;
        if (!(h->p_flags & PF_X))
            continue;
        uint64_t begin = m->base - first->p_vaddr + h->p_vaddr;
        tell_mapping(f, like, begin, begin + h->p_memsz, h->p_offset, m->path);
        told = true;
    }
    return told;
}

static void tell_module(struct foreign *f, const struct event *ev, struct foreign_module *m,
                        const struct event *id)
{
    if (!m->path)
        return;
    struct event like = foreign_like(ev, EVENT_whyprof_stack_module);
    if (id && id->sequence == ID_bytes) {
        like.sequence = MODULE_build_id;
        like.seq_len = id->seq_len;
        like.v[MODULE_build_id] = id->v[ID_bytes];
    }
    if (!tell_segments(f, &like, m))
        tell_mapping(f, &like, m->base, m->base + m->bytes, 0, m->path);
    free(m->path);
    m->path = NULL;
}

static struct foreign_module *waiting_module(struct foreign *f, uint32_t pid)
{
    bool added;
    uint64_t *index = map64_put(&f->module_of_pid, pid, &added);
    if (added) {
        mem_grow(&f->modules, &f->module_cap, f->module_count + 1, sizeof *f->modules);
        f->modules[f->module_count] = (struct foreign_module){0};
        *index = f->module_count++;
    }
    return &f->modules[*index];
}

static void on_module(struct foreign *f, const struct event *ev)
{
    struct foreign_module *m = waiting_module(f, ev->vpid);
    const char *path = event_str(ev, BIN_path);
    tell_module(f, ev, m, NULL);
    *m = (struct foreign_module){ev->v[BIN_base], ev->v[BIN_bytes], *path ? strdup(path) : NULL};
    if (!ev->v[BIN_has_build_id])
        tell_module(f, ev, m, NULL);
}

static void on_build_id(struct foreign *f, const struct event *ev)
{
    struct foreign_module *m = waiting_module(f, ev->vpid);
    if (m->path && m->base == ev->v[ID_base])
        tell_module(f, ev, m, ev);
}

/* -- functions: their addresses become names when the region is written (user.c) */

static void on_function(struct foreign *f, const struct event *ev, enum event_kind kind, int field)
{
    struct event region = foreign_like(ev, kind);
    region.v[field] = ev->v[FUNC_addr];
    foreign_push(f, &region);
}

/* -- allocations */

static void tell_alloc(struct foreign *f, const struct event *ev, enum whyprof_alloc_kind kind,
                       uint64_t size)
{
    if (!ev->v[HEAP_ptr])
        return;
    struct event alloc = foreign_like(ev, EVENT_whyprof_alloc_alloc);
    alloc.v[ALLOC_kind] = kind;
    alloc.v[ALLOC_addr] = ev->v[HEAP_ptr];
    alloc.v[ALLOC_size] = size;
    alloc.v[ALLOC_weight] = model_f64(1);
    foreign_push(f, &alloc);
}

static void tell_free(struct foreign *f, const struct event *ev, uint64_t addr)
{
    if (!addr)
        return;
    struct event gone = foreign_like(ev, EVENT_whyprof_alloc_free);
    gone.v[FREE_addr] = addr;
    foreign_push(f, &gone);
}

static void on_heap(struct foreign *f, const struct event *ev)
{
    uint64_t size = ev->v[HEAP_size];
    tell_mechanism(f, ev, &f->told_allocs, "mechanism.alloc", "lttng-ust-libc-wrapper");
    switch ((int)ev->kind) {
    case MALLOC:
        tell_alloc(f, ev, WHYPROF_ALLOC_MALLOC, size);
        break;
    case CALLOC:
        tell_alloc(f, ev, WHYPROF_ALLOC_CALLOC, size * ev->v[HEAP_other]);
        break;
    case REALLOC: /* with its result NULL and a size, the old block stays */
        if (ev->v[HEAP_ptr] || !size)
            tell_free(f, ev, ev->v[HEAP_other]);
        tell_alloc(f, ev, WHYPROF_ALLOC_REALLOC, size);
        break;
    case POSIX_MEMALIGN:
        if (ev->v[HEAP_other])
            break; /* it failed */
        tell_alloc(f, ev, WHYPROF_ALLOC_MEMALIGN, size);
        break;
    case MEMALIGN:
        tell_alloc(f, ev, WHYPROF_ALLOC_MEMALIGN, size);
        break;
    default:
        tell_free(f, ev, ev->v[HEAP_ptr]);
    }
}

/* -- mutexes: a wait where another thread holds it when it is asked for */

struct holder {
    uint32_t pid;
    uint32_t tid; /* 0: nobody */
    uint64_t mutex;
    uint64_t since;
    uint32_t waiters;
    bool contended;
    struct holder *next; /* of the same hash */
};

static struct holder *holder_of(struct foreign *f, uint32_t pid, uint64_t mutex)
{
    uint64_t *first = map64_put(&f->holders, mutex ^ (uint64_t)pid << 48, NULL);
    struct holder *h = (struct holder *)(uintptr_t)*first;
    for (; h; h = h->next)
        if (h->pid == pid && h->mutex == mutex)
            return h;
    h = arena_alloc(&f->arena, sizeof *h);
    *h = (struct holder){.pid = pid, .mutex = mutex, .next = (struct holder *)(uintptr_t)*first};
    *first = (uint64_t)(uintptr_t)h;
    return h;
}

static void on_lock_req(struct foreign *f, const struct event *ev)
{
    struct holder *h = holder_of(f, ev->vpid, ev->v[MUTEX_mutex]);
    if (!h->tid || h->tid == ev->vtid)
        return;
    struct event wait = foreign_like(ev, EVENT_whyprof_lock_wait_begin);
    wait.v[WAIT_BEGIN_lock] = h->mutex;
    wait.v[WAIT_BEGIN_kind] = WHYPROF_LOCK_MUTEX;
    wait.v[WAIT_BEGIN_holder_tid] = h->tid;
    h->contended = true;
    h->waiters++;
    *map64_put(&f->waiting, ev->vtid, NULL) = (uint64_t)(uintptr_t)h;
    foreign_push(f, &wait);
}

static void on_lock_acq(struct foreign *f, const struct event *ev)
{
    struct holder *h = holder_of(f, ev->vpid, ev->v[MUTEX_mutex]);
    const uint64_t *waits = map64_get(&f->waiting, ev->vtid);
    if (waits && *waits == (uint64_t)(uintptr_t)h) {
        struct event end = foreign_like(ev, EVENT_whyprof_lock_wait_end);
        end.v[WAIT_END_lock] = h->mutex;
        end.v[WAIT_END_kind] = WHYPROF_LOCK_MUTEX;
        end.v[WAIT_END_result] = ev->v[MUTEX_status];
        h->waiters--;
        map64_delete(&f->waiting, ev->vtid);
        foreign_push(f, &end);
    }
    if (ev->v[MUTEX_status])
        return;
    h->tid = ev->vtid;
    h->since = ev->ts;
    h->contended = h->waiters > 0;
}

static void on_unlock(struct foreign *f, const struct event *ev)
{
    struct holder *h = holder_of(f, ev->vpid, ev->v[MUTEX_mutex]);
    if (ev->v[MUTEX_status] || h->tid != ev->vtid)
        return; /* it was taken before the trace began */
    struct event hold = foreign_like(ev, EVENT_whyprof_lock_hold);
    hold.v[HOLD_lock] = h->mutex;
    hold.v[HOLD_kind] = WHYPROF_LOCK_MUTEX;
    hold.v[HOLD_contended] = h->contended;
    hold.v[HOLD_begin_ts] = h->since;
    h->tid = 0;
    foreign_push(f, &hold);
}

static void on_mutex(struct foreign *f, const struct event *ev)
{
    tell_mechanism(f, ev, &f->told_locks, "mechanism.lock", "lttng-ust-pthread-wrapper");
    switch ((int)ev->kind) {
    case LOCK_REQ:
        on_lock_req(f, ev);
        break;
    case UNLOCK:
        on_unlock(f, ev);
        break;
    default:
        on_lock_acq(f, ev);
    }
}

/* -- everybody else's events */

/* What the name of an event says: one that begins or ends something has the other
 * one's name but for its last word. */
struct role {
    enum {
        ROLE_INSTANT,
        ROLE_BEGIN,
        ROLE_END
    } is;
    const char *region; /* "my_app:request" */
};

static const struct {
    const char *begin, *end;
} pairs[] = {{"begin", "end"}, {"entry", "exit"}, {"enter", "exit"},  {"enter", "leave"},
             {"start", "end"}, {"start", "stop"}, {"start", "finish"}};

/* "my_app:request" of "my_app:request_begin", its length; 0 where that is not its last word. */
static size_t stem_length(const char *name, const char *word)
{
    size_t len = strlen(name), tail = strlen(word);
    if (len < tail + 2 || strcmp(name + len - tail, word) != 0)
        return 0;
    return name[len - tail - 1] == '_' ? len - tail - 1 : 0;
}

static bool is_class(struct foreign *f, const char *name)
{
    return map64_get(&f->class_names, intern_str(&f->names, name)) != NULL;
}

/* Whether the trace has the other one, too. */
static bool has_other(struct foreign *f, const char *name, size_t stem, const char *word)
{
    char other[512];
    int len = snprintf(other, sizeof other, "%.*s_%s", (int)stem, name, word);
    return len < (int)sizeof other && is_class(f, other);
}

static struct role *role_new(struct foreign *f, const char *name)
{
    struct role *role = arena_alloc(&f->arena, sizeof *role);
    *role = (struct role){.is = ROLE_INSTANT};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs && role->is == ROLE_INSTANT; i++) {
        size_t begins = stem_length(name, pairs[i].begin), ends = stem_length(name, pairs[i].end);
        if (begins && has_other(f, name, begins, pairs[i].end))
            role->is = ROLE_BEGIN;
        else if (ends && has_other(f, name, ends, pairs[i].begin))
            role->is = ROLE_END;
        role->region = arena_printf(&f->arena, "%.*s", (int)(begins + ends), name);
    }
    return role;
}

static const struct role *role_of(struct foreign *f, const char *name)
{
    bool added;
    uint64_t *role = map64_put(&f->roles, (uint64_t)(uintptr_t)name, &added);
    if (added)
        *role = (uint64_t)(uintptr_t)role_new(f, name);
    return (const struct role *)(uintptr_t)*role;
}

/* A region's fields stay readable: as a message where it begins and ends. */
static void on_message(struct foreign *f, const struct event *ev, const char *name)
{
    const struct role *role = role_of(f, name);
    if (role->is == ROLE_BEGIN) {
        struct event begin = foreign_like(ev, EVENT_whyprof_user_region_begin);
        foreign_set_string(&begin, REGION_name, role->region);
        foreign_push(f, &begin);
    }
    const char *text = strbuf_str(&f->text);
    if (role->is == ROLE_INSTANT || strcmp(text, name) != 0) {
        struct event message = foreign_like(ev, EVENT_whyprof_user_message);
        foreign_set_string(&message, MESSAGE_text, *text ? text : name);
        foreign_push(f, &message);
    }
    if (role->is == ROLE_END) {
        struct event end = foreign_like(ev, EVENT_whyprof_user_region_end);
        foreign_set_string(&end, REGION_name, role->region);
        foreign_push(f, &end);
    }
}

void foreign_ust_event(struct foreign *f, const struct event *ev, const char *name)
{
    switch ((int)ev->kind) {
    case PROCNAME:
        tell_procname(f, ev);
        break;
    case BIN_INFO:
    case LIB_LOAD:
        on_module(f, ev);
        break;
    case BUILD_ID:
    case LIB_BUILD_ID:
        on_build_id(f, ev);
        break;
    case STATEDUMP_END:
        tell_module(f, ev, waiting_module(f, ev->vpid), NULL);
        break;
    case FUNC_ENTRY:
    case FAST_ENTRY:
        on_function(f, ev, EVENT_whyprof_user_region_begin, REGION_name);
        break;
    case FUNC_EXIT:
    case FAST_EXIT:
        on_function(f, ev, EVENT_whyprof_user_region_end, REGION_name);
        break;
    case LOCK_REQ:
    case LOCK_ACQ:
    case TRYLOCK:
    case UNLOCK:
        on_mutex(f, ev);
        break;
    case FOREIGN_MESSAGE:
        on_message(f, ev, name);
        break;
    default:
        on_heap(f, ev);
    }
}

/* Modules whose build id never came. */
void foreign_ust_flush(struct foreign *f, uint64_t ts)
{
    size_t pos = 0;
    uint64_t pid, index;
    while (map64_next(&f->module_of_pid, &pos, &pid, &index)) {
        const struct event ev = {.ts = ts, .vpid = (uint32_t)pid, .vtid = (uint32_t)pid};
        tell_module(f, &ev, &f->modules[index], NULL);
    }
}
