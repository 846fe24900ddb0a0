/* The parts of the session layer that need no session daemon. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/json.h"
#include "session/collector.h"
#include "session/ctf_files.h"
#include "session/hello.h"
#include "session/procfs.h"
#include "session/session.h"
#include "session/spawn.h"
#include "session/state.h"
#include "session/target.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];

static int make_folder(void **data)
{
    (void)data;
    snprintf(folder, sizeof folder, "/tmp/whyprof-test-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **data)
{
    (void)data;
    return file_remove_tree(folder, NULL) ? 0 : -1;
}

static const char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const void *bytes, size_t len, mode_t mode)
{
    int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void test_classes(void **data)
{
    (void)data;
    unsigned classes;
    struct err err;
    char text[64];
    assert_true(session_classes(NULL, &classes, &err));
    assert_int_equal(classes, SESSION_ALL);
    assert_true(session_classes("lock,sched", &classes, &err));
    assert_int_equal(classes, SESSION_LOCK | SESSION_SCHED);
    assert_string_equal(session_classes_text(classes, text, sizeof text), "sched,lock");
    assert_false(session_classes("lock,locks", &classes, &err));
    assert_non_null(strstr(err.text, "'locks'"));
}

static void collect_member(void *data, const char *key, const char *value)
{
    strbuf_printf(data, "%s=%s;", key, value);
}

static void test_json_comes_back(void **data)
{
    (void)data;
    struct strbuf json = {0}, got = {0};
    struct err err;
    strbuf_putc(&json, '{');
    json_member(&json, "a", "quote \" back \\ line\n bell \a \xc3\xa4");
    json_member_raw(&json, "n", "17");
    strbuf_putc(&json, '}');
    assert_string_equal(
        json.p, "{\"a\": \"quote \\\" back \\\\ line\\n bell \\u0007 \xc3\xa4\", \"n\": 17}");
    assert_true(json_read_flat(json.p, collect_member, &got, &err));
    assert_string_equal(got.p, "a=quote \" back \\ line\n bell \a \xc3\xa4;n=17;");
    /* Cut anywhere it is no object any more. */
    for (size_t len = 0; len < json.len; len++) {
        char *cut = strndup(json.p, len);
        assert_false(json_read_flat(cut, collect_member, &got, &err));
        free(cut);
    }
    strbuf_release(&json);
    strbuf_release(&got);
}

static void test_state_is_kept(void **data)
{
    (void)data;
    struct runtime rt = {0};
    struct state st, loaded;
    struct state_list list;
    struct err err;
    snprintf(rt.dir, sizeof rt.dir, "%s", folder);
    assert_false(state_init(&st, &rt, "../evil", &err));
    assert_false(state_init(&st, &rt, "", &err));
    assert_true(state_init(&st, &rt, "one", &err));
    state_set(&st, "since_unix_ns", "%d", 7);
    state_set(&st, "target", "%s", "first");
    state_set(&st, "target", "%s", "say \"hi\"");
    assert_true(state_save(&st, &err));
    assert_true(state_load(&loaded, st.path, &err));
    assert_string_equal(state_get(&loaded, "target"), "say \"hi\"");
    assert_string_equal(state_get(&loaded, "missing"), "");
    state_release(&loaded);

    write_file("damaged.json", "{\"session\": ", 12, 0600);
    struct state older;
    assert_true(state_init(&older, &rt, "older", &err));
    state_set(&older, "since_unix_ns", "%d", 3);
    assert_true(state_save(&older, &err));
    state_list_load(&list, &rt);
    assert_int_equal(list.count, 2);
    assert_string_equal(state_get(&list.items[0], "session"), "older");
    state_list_release(&list);

    state_remove(&st);
    state_remove(&older);
    state_list_load(&list, &rt);
    assert_int_equal(list.count, 0);
    state_list_release(&list);
    state_release(&st);
    state_release(&older);
}

enum {
    PACKET_BYTES = 4096
};

/* A packet header and context as LTTng-UST writes it. */
static void put_packet(unsigned char *p, uint64_t content_bytes, uint64_t discarded)
{
    const uint32_t magic = 0xc1fc1fc1;
    const uint64_t content_bits = content_bytes * 8, packet_bits = PACKET_BYTES * 8;
    memset(p, 0, PACKET_BYTES);
    memcpy(p, &magic, 4);
    memcpy(p + 48, &content_bits, 8);
    memcpy(p + 56, &packet_bits, 8);
    memcpy(p + 72, &discarded, 8);
}

static void test_torn_stream_is_mended(void **data)
{
    (void)data;
    unsigned char bytes[3 * PACKET_BYTES];
    struct ctf_files files;
    struct stat st;
    struct err err;
    put_packet(bytes, 100, 1);
    put_packet(bytes + PACKET_BYTES, 200, 5);
    put_packet(bytes + 2 * PACKET_BYTES, 300, 9);
    write_file("metadata", "/* CTF", 6, 0600);
    mkdir(in_folder("index"), 0700);
    for (size_t torn = 0; torn < PACKET_BYTES; torn += 511) {
        write_file("whyprof_0", bytes, 2 * PACKET_BYTES + torn, 0600);
        write_file("index/whyprof_0.idx", "x", 1, 0600);
        ctf_files_scan(folder, &files);
        assert_int_equal(files.packets, 2);
        assert_int_equal(files.bytes, 2 * PACKET_BYTES);
        assert_int_equal(files.discarded, 5);
        assert_int_equal(files.torn_bytes, torn);
        assert_true(files.metadata);
        assert_true(ctf_files_repair(folder, &files, &err));
        assert_int_equal(stat(in_folder("whyprof_0"), &st), 0);
        assert_int_equal(st.st_size, 2 * PACKET_BYTES);
        assert_int_equal(access(in_folder("index/whyprof_0.idx"), F_OK), torn ? -1 : 0);
    }
    /* Without one whole packet the stream goes. */
    write_file("whyprof_0", bytes, 40, 0600);
    assert_true(ctf_files_repair(folder, &files, &err));
    assert_int_equal(access(in_folder("whyprof_0"), F_OK), -1);
    assert_int_equal(files.packets, 0);
}

static void test_programs_are_inspected(void **data)
{
    (void)data;
    char path[PATH_MAX];
    static const char script[] = "#!/bin/sh\nexit 0\n";
    assert_int_equal(target_inspect("sh", path), TARGET_DYNAMIC);
    assert_string_equal(strrchr(path, '/'), "/sh");
    assert_int_equal(target_inspect("no-such-program", path), TARGET_MISSING);
    assert_int_equal(target_inspect("/dev/null", path), TARGET_MISSING);
    write_file("script", script, sizeof script - 1, 0700);
    assert_int_equal(target_inspect(in_folder("script"), path), TARGET_DYNAMIC);
    write_file("script", script, sizeof script - 1, 0600);
    assert_int_equal(target_inspect(in_folder("script"), path), TARGET_MISSING);

    /* An ELF file without a loader, one of 32 bits, and a script run by the first. */
    unsigned char elf[64] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
#if defined(__aarch64__)
    elf[18] = 183;
#else
    elf[18] = 62;
#endif
    write_file("static", elf, sizeof elf, 0700);
    assert_int_equal(target_inspect(in_folder("static"), path), TARGET_STATIC);
    char by_static[128];
    int n = snprintf(by_static, sizeof by_static, "#! %s\n", in_folder("static"));
    write_file("by_static", by_static, (size_t)n, 0700);
    assert_int_equal(target_inspect(in_folder("by_static"), path), TARGET_STATIC);
    elf[4] = 1;
    write_file("other", elf, sizeof elf, 0700);
    assert_int_equal(target_inspect(in_folder("other"), path), TARGET_OTHER_ABI);
}

static void test_setuid_program_is_noticed(void **data)
{
    (void)data;
    char path[PATH_MAX];
    static const char script[] = "x";
    if (getuid() != 0)
        skip(); /* only root makes files of other users */
    write_file("setuid", script, 1, 0700);
    assert_int_equal(chown(in_folder("setuid"), 12345, 0), 0);
    assert_int_equal(chmod(in_folder("setuid"), 04755), 0);
    assert_int_equal(target_inspect(in_folder("setuid"), path), TARGET_PRIVILEGED);
}

static char **argv_of(const char *a, const char *b, const char *c)
{
    static char text[3][128];
    static char *argv[4];
    const char *in[] = {a, b, c};
    for (int i = 0; i < 3; i++) {
        snprintf(text[i], sizeof text[i], "%s", in[i]);
        argv[i] = text[i];
    }
    return argv;
}

static void test_target_waits_for_its_release(void **data)
{
    (void)data;
    struct target t;
    struct err err;
    sigset_t none;
    char marker[300], command[400];
    int code = 0;
    sigemptyset(&none);
    snprintf(marker, sizeof marker, "%s", in_folder("marker"));
    snprintf(command, sizeof command, "echo $WHYPROF_OPTIONS >%s; exit 9", marker);
    const struct target_env env = {.options = "cpu_hz=5"};
    assert_true(target_fork(&t, argv_of("sh", "-c", command), &env, &none, false, &err));
    poll(NULL, 0, 50);
    assert_int_equal(access(marker, F_OK), -1);
    assert_true(target_release(&t, "syscalls=kernel", &code, &err));
    int status = spawn_wait(t.pid);
    assert_int_equal(WEXITSTATUS(status), 9);
    char *text;
    size_t bytes;
    assert_true(file_read(marker, &text, &bytes, &err));
    assert_string_equal(text, "cpu_hz=5,syscalls=kernel\n");
    free(text);

    unlink(marker);
    assert_true(target_fork(&t, argv_of("sh", "-c", command), &env, &none, false, &err));
    target_cancel(&t);
    assert_int_equal(access(marker, F_OK), -1);

    assert_true(target_fork(&t, argv_of("/no/such/program", "", ""), &env, &none, false, &err));
    assert_false(target_release(&t, "", &code, &err));
    assert_int_equal(code, 127);
}

/* The collector's lines, said by a script in its place. */
static void test_collector_is_understood(void **data)
{
    (void)data;
    static const char script[] =
        "#!/bin/sh\n"
        "exec <&3 >&3\n"
        "echo mechanism sched bpf; echo refused syscall no way; echo ready\n"
        "read add pid; [ $add = add ] && echo added $pid\n"
        "read add pid; echo failed $pid because\n"
        "read stop; [ $stop = stop ] && echo lost 12\n";
    struct collector c;
    struct err err;
    write_file("collector", script, sizeof script - 1, 0700);
    assert_true(collector_spawn(&c, in_folder("collector"), "sched,syscall", 0, &err));
    assert_true(collector_wait_ready(&c, 3000));
    assert_string_equal(c.mechanism_sched, "bpf");
    assert_string_equal(c.mechanism_syscall, "");
    assert_string_equal(c.refused, "no way");
    assert_true(collector_add(&c, 123, 3000));
    assert_false(collector_add(&c, 124, 3000));
    collector_stop(&c, 3000);
    assert_int_equal(c.lost, 12);
    assert_int_equal(c.pid, 0);
    assert_false(collector_spawn(&c, in_folder("missing"), "sched", 0, &err));
}

static bool admit(void *data, const struct hello_peer *peer)
{
    *(struct hello_peer *)data = *peer;
    return true;
}

/* Says `text` to the recorder's socket and returns the first letter of its answer. */
static char say_hello(struct hello *h, const char *text, struct hello_peer *peer)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    char answer[64] = "";
    size_t len = strlen(h->name);
    memcpy(addr.sun_path + 1, h->name, len);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&addr,
                             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len)),
                     0);
    assert_int_equal(send(fd, text, strlen(text), 0), (ssize_t)strlen(text));
    assert_true(hello_take(h, admit, peer));
    assert_true(recv(fd, answer, sizeof answer - 1, 0) > 0);
    close(fd);
    return answer[0];
}

static void test_hello_is_checked(void **data)
{
    (void)data;
    struct hello h;
    struct err err;
    struct hello_peer peer = {0};
    char text[64];
    assert_true(hello_open(&h, &err));
    snprintf(text, sizeof text, "hello %d %d\n", (int)getpid(), (int)getppid());
    assert_int_equal(say_hello(&h, text, &peer), 'o');
    assert_int_equal(peer.pid, getpid());
    assert_int_equal(peer.ppid, getppid());
    assert_int_equal(peer.uid, geteuid());
    /* Not another process's pid, nor anything else. */
    snprintf(text, sizeof text, "hello %d %d\n", (int)getppid(), 1);
    assert_int_equal(say_hello(&h, text, &peer), 'e');
    assert_int_equal(say_hello(&h, "good day", &peer), 'e');
    assert_false(hello_take(&h, admit, &peer));
    hello_close(&h);
}

static void test_zombie_is_no_process(void **data)
{
    (void)data;
    assert_true(procfs_start_ticks(getpid()) > 0);
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(procfs_start_ticks(pid), 0);
    spawn_wait(pid);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_json_comes_back),
        IN_FOLDER(test_state_is_kept),
        IN_FOLDER(test_torn_stream_is_mended),
        IN_FOLDER(test_programs_are_inspected),
        IN_FOLDER(test_setuid_program_is_noticed),
        IN_FOLDER(test_target_waits_for_its_release),
        IN_FOLDER(test_collector_is_understood),
        cmocka_unit_test(test_hello_is_checked),
        cmocka_unit_test(test_zombie_is_no_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
