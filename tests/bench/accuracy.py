#!/usr/bin/env python3
"""Is the trace true? What whyprof recorded, held against the kernel's own counters.

Scheduling: a program is attached to while it works, and for each thread that lives before and
after the recording the kernel's counters are read at both ends: the number of voluntary and of
involuntary switches (/proc/PID/task/TID/status) and the time on a CPU (schedstat) must agree with
the trace to 1 % each, and running + runnable + blocked must be the thread's life exactly. The
program is stopped by a signal while a recording begins and ends and while the counters are read,
so that both count the same switches.

Lives: programs whose threads and processes come and go are recorded to their end. Of each thread
that was born meanwhile the kernel tells the CPU time at its last switch, and the trace must agree.

System calls: of programs that always do the same, the count of each call must be strace's.

--refuse bpf takes BPF away from the recorder by a seccomp filter: then perf events are measured.
They are stamped at the switch and not as the scheduler charges, so CPU times do not agree so well;
they are told, and not judged. Exits with 1 where something does not agree. Programs that are not
installed are skipped.
"""
import argparse
import collections
import ctypes
import glob
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

WITHIN = 0.01
SLEEPER_NS = 1e6  # threads that ran less: a microsecond more or less is no error


class Skip(Exception):
    """This program cannot be run here."""


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Skip(f"{program} is not installed")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port):
    for _ in range(200):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise Skip("the server does not answer")


def spawn(command, work):
    return subprocess.Popen(command, cwd=work, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                            start_new_session=True)


def redis(prefix, work):
    need("redis-server", "redis-benchmark")
    port = free_port()
    server = spawn(prefix + ["redis-server", "--port", str(port), "--save", "", "--dir", work], work)
    wait_for_port(port)
    load = spawn(["redis-benchmark", "-p", str(port), "-t", "set,get", "-n", "100000000", "-c", "10"], work)
    return [server], [load]


def nginx(prefix, work):
    need("nginx", "ab")
    port = free_port()
    os.makedirs(os.path.join(work, "www"), exist_ok=True)
    with open(os.path.join(work, "www", "index.html"), "w", encoding="ascii") as f:
        f.write("hello\n" * 20)
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "workloads", "nginx.conf"), encoding="ascii") as f:
        conf = f.read().replace("18080", str(port))
    with open(os.path.join(work, "nginx.conf"), "w", encoding="ascii") as f:
        f.write(conf)
    os.chmod(work, 0o755)
    server = spawn(prefix + ["nginx", "-p", work, "-c", "nginx.conf"], work)
    wait_for_port(port)
    load = spawn(["ab", "-q", "-k", "-n", "50000000", "-c", "8", f"http://127.0.0.1:{port}/index.html"], work)
    return [server], [load]


PYTHON = """
import threading, time
lock = threading.Lock()
def work(n):
    while True:
        with lock:
            sum(range(n))
        time.sleep(0.001)
for n in (500, 2000, 8000):
    threading.Thread(target=work, args=(n,), daemon=True).start()
time.sleep(600)
"""


def python3(prefix, work):
    need("python3")
    return [spawn(prefix + [os.path.realpath(sys.executable), "-c", PYTHON], work)], []


def sysbench(prefix, work):
    need("sysbench")
    return [spawn(prefix + ["sysbench", "threads", "--threads=8", "--thread-locks=2", "--thread-yields=200",
                            "--events=0", "--time=600", "run"], work)], []


def stress_ng(prefix, work):
    need("stress-ng")
    return [spawn(prefix + ["stress-ng", "--quiet", "--futex", "1", "--switch", "1", "--sem", "1", "--timer", "1",
                            "--cpu", "1", "--cpu-load", "30"], work)], []


PROGRAMS = {"redis": redis, "nginx": nginx, "python3": python3, "sysbench": sysbench, "stress-ng": stress_ng}


def descendants(pid):
    found = [pid]
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        with open(path, encoding="ascii") as f:
            for child in f.read().split():
                found += descendants(int(child))
    return found


Counters = collections.namedtuple("Counters", "voluntary involuntary cpu_ns")


def counters(pids):
    threads = {}
    for pid in pids:
        for path in glob.glob(f"/proc/{pid}/task/*"):
            try:
                with open(path + "/status", encoding="utf-8", errors="replace") as f:
                    status = f.read()
                with open(path + "/schedstat", encoding="ascii") as f:
                    cpu_ns = int(f.read().split()[0])
            except OSError:
                continue
            if re.search(r"^Name:\s+(whyprof|.*-ust)$", status, re.M):
                continue  # the agent's and lttng-ust's helpers, which no trace shows
            switches = map(int, re.findall(r"ctxt_switches:\s+(\d+)", status))
            threads[int(path.rsplit("/", 1)[1])] = Counters(*switches, cpu_ns)
    return threads


def query(whyprof, trace, sql):
    out = subprocess.run([whyprof, "query", "--json", trace, sql], check=True, capture_output=True, text=True)
    return json.loads(out.stdout)


# BEGIN and END are within times in which the program stood still. A voluntary switch is a stay on a CPU
# that sleep follows; what was stolen of the stay stands between the two.
THREADS = """
with stays as (select tid, state, dur, ts, lead(state) over (partition by tid order by ts) as next
               from thread_state where reason is not 'stolen')
select t.tid as tid, t.name as name, t.end_ts - t.start_ts as life,
  (select sum(dur) from thread_state s where s.tid = t.tid) as told,
  sum(s.dur) as running, sum(s.next = 'blocked') as voluntary, sum(s.next <> 'blocked') as involuntary
from thread t left join stays s on s.tid = t.tid and s.state = 'running' and s.ts between BEGIN and END
group by t.tid
"""


def refuse_bpf():
    """In the child: bpf(2) fails with EPERM from here on."""
    libc = ctypes.CDLL(None, use_errno=True)
    number = {"x86_64": 321, "aarch64": 280}[os.uname().machine]
    code = b"".join(struct.pack("HBBI", *op) for op in (
        (0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000)))
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxP", 4, ctypes.addressof(buffer))
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, program, 0, 0):
        os._exit(99)


def trace_start(args, trace, session, target, *options):
    subprocess.run([args.whyprof, "trace", "start", "--session", session, *options, "-o", trace, str(target)],
                   check=True, stdout=subprocess.DEVNULL, preexec_fn=refuse_bpf if args.refuse else None)


def trace_stop(args, session):
    subprocess.run([args.whyprof, "trace", "stop", "--session", session], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def off(got, want):
    """By how much of what was expected."""
    return 0.0 if got == want else (got - want) / max(want, 1)


def still(pid, sig):
    os.kill(pid, sig)
    time.sleep(0.1)


def record_working(args, name, how):
    """(threads of the trace, counters before, after); the recording is of a program at work."""
    prefix = [args.whyprof, "run", "--"] if how == "agent" else []
    with tempfile.TemporaryDirectory() as work:
        servers, loads = PROGRAMS[name](prefix, work)
        try:
            time.sleep(1)
            family = descendants(servers[0].pid)
            target = family[-1]  # of nginx its worker
            trace, session = os.path.join(work, "t.out"), f"accuracy-{os.getpid()}"
            trace_start(args, trace, session, target)
            still(target, signal.SIGSTOP)
            before, begin_ns = counters([target]), time.time_ns()
            os.kill(target, signal.SIGCONT)
            time.sleep(args.seconds)
            still(target, signal.SIGSTOP)
            after, end_ns = counters([target]), time.time_ns()
            os.kill(target, signal.SIGCONT)
            trace_stop(args, session)
        finally:
            for process in loads + servers:
                try:
                    os.killpg(process.pid, signal.SIGTERM)
                except ProcessLookupError:
                    pass
                process.wait()
        zero_ns = int(query(args.whyprof, trace, "select value from meta where key = 'start_unix_ns'")[0]["value"])
        sql = THREADS.replace("BEGIN", str(begin_ns - zero_ns)).replace("END", str(end_ns - zero_ns))
        return {r["tid"]: r for r in query(args.whyprof, trace, sql)}, before, after


def check_scheduling(args, name, how):
    """Rows of the table for one program; True where all agree."""
    good = True
    rows, before, after = record_working(args, name, how)
    for tid in sorted(set(before) & set(after)):
        want = Counters(*(b - a for a, b in zip(before[tid], after[tid])))
        row = rows.get(tid)
        if row is None:
            print(f"{name:10} {how:9} {tid:8} MISSING ({want.voluntary + want.involuntary} switches)")
            good = False
            continue
        got = Counters(row["voluntary"] or 0, row["involuntary"] or 0, row["running"] or 0)
        exact = (row["told"] or 0) == row["life"]
        judged = [off(got.voluntary, want.voluntary), off(got.involuntary, want.involuntary)]
        if args.refuse:  # a thread woken on its way to sleep: which of the two it was is a guess
            judged = [off(got.voluntary + got.involuntary, want.voluntary + want.involuntary)]
        if want.cpu_ns >= SLEEPER_NS and not args.refuse:
            judged.append(off(got.cpu_ns, want.cpu_ns))
        agrees = exact and all(abs(o) <= WITHIN for o in judged)
        good &= agrees
        print(f"{name:10} {how:9} {tid:8} {row['name'][:15]:15} {want.voluntary:9} {got.voluntary:9} "
              f"{want.involuntary:9} {got.involuntary:9} {want.cpu_ns / 1e6:10.2f} {got.cpu_ns / 1e6:10.2f} "
              f"{100 * off(got.cpu_ns, want.cpu_ns):7.2f} %  {'exact' if exact else 'WRONG':5}  "
              f"{'ok' if agrees else 'DISAGREES'}", flush=True)
    return good


LIVES = {
    "pthread": ["stress-ng", "--quiet", "--pthread", "1", "--pthread-max", "16", "--pthread-ops", "4000"],
    "fork": ["stress-ng", "--quiet", "--fork", "1", "--fork-ops", "600"],
    "vfork": ["stress-ng", "--quiet", "--vfork", "1", "--vfork-ops", "600"],
    "clone": ["stress-ng", "--quiet", "--clone", "1", "--clone-ops", "600"],
    "exec": ["sh", "-c", "i=0; while [ $i -lt 200 ]; do /bin/true; i=$((i + 1)); done"],
}
# An exec makes a new row of the same thread. The first one lived before.
ENDED = """
with rows as (select tid, cpu_ns, end_ts - start_ts as life,
        (select sum(dur) from thread_state s where s.thread_id = t.thread_id) as told,
        (select sum(dur) from thread_state s where s.thread_id = t.thread_id and state = 'running') as running
      from thread t),
  lives as (select tid, max(cpu_ns) as cpu_ns, sum(running) as running, sum(life <> told) as crooked
      from rows where tid <> TARGET group by tid having max(cpu_ns) > 0)
select count(*) as threads, sum(cpu_ns) as cpu_ns, sum(running) as running,
  sum(abs(running - cpu_ns) > cpu_ns / 100) as off, sum(crooked) as crooked from lives
"""


def run_attached(args, command, work, *options):
    """The trace of a program that runs without the agent: attached to a stopped shell that becomes it."""
    trace, session = os.path.join(work, "t.out"), f"accuracy-{os.getpid()}"
    shell = subprocess.Popen(["sh", "-c", 'kill -STOP $$; exec "$@"', "sh", *command], cwd=work,
                             env=dict(os.environ, PWD=work), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.2)
    trace_start(args, trace, session, shell.pid, *options)
    os.kill(shell.pid, signal.SIGCONT)
    shell.wait()
    time.sleep(0.3)
    trace_stop(args, session)
    return trace, shell.pid


def check_lives(args, name, command):
    need(command[0])
    with tempfile.TemporaryDirectory() as work:
        trace, target = run_attached(args, command, work, "--events=sched")
        row = query(args.whyprof, trace, ENDED.replace("TARGET", str(target)))[0]
    good = not row["crooked"] and row["threads"] and abs(off(row["running"], row["cpu_ns"])) <= WITHIN
    good = good and not row["off"] > row["threads"] / 20
    print(f"{name:10} {row['threads']:6} threads lived, {row['cpu_ns'] / 1e6:8.2f} ms of CPU time, "
          f"{row['running'] / 1e6:8.2f} in the trace: {100 * off(row['running'], row['cpu_ns']):6.2f} %; "
          f"{row['off']} of them off by more than 1 %; lives {'exact' if not row['crooked'] else 'WRONG'}  "
          f"{'ok' if good else 'DISAGREES'}", flush=True)
    return good


def strace_counts(command, work):
    """Calls of the whole tree of processes."""
    out = os.path.join(work, "strace.txt")
    subprocess.run(["strace", "-f", "-c", "-U", "name,calls", "-o", out, *command], check=True, cwd=work,
                   env=dict(os.environ, PWD=work),
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    counts = {}
    with open(out, encoding="ascii") as f:
        for line in f:
            words = line.split()
            if len(words) == 2 and words[1].isdigit() and words[0] != "total":
                counts[words[0]] = int(words[1])
    return counts


CALLS = {
    "dd": ["dd", "if=/dev/zero", "of=/dev/null", "bs=512", "count=20000"],
    "cat": ["cat", "/etc/services", "/etc/passwd", "/etc/group"],
    "ls": ["ls", "-lR", "/usr/share/doc/libc6"],
    "sh": ["sh", "-c", "for i in 1 2 3 4 5 6 7 8; do /bin/true; done"],
}
# What the loader, the C library and the shell do differently in the presence of a tracer.
UNCOUNTED = {"restart_syscall", "rt_sigreturn", "exit", "exit_group", "execve", "rseq"}


def check_calls(args, name, command):
    """The program runs without the agent: every call in it is its own."""
    need("strace", command[0])
    with tempfile.TemporaryDirectory() as work:
        expected = strace_counts(command, work)
        trace, pid = run_attached(args, command, work, "--events=sched,syscall")
        since = query(args.whyprof, trace, f"select max(ts) as ts from syscall where tid = {pid} and "
                                           "name = 'execve'")[0]["ts"] or 0
        got = {r["name"]: r["n"] for r in query(
            args.whyprof, trace, f"select name, count(*) as n from syscall where ts > {since} group by name")}
    bad = {n: (got.get(n, 0), expected.get(n, 0)) for n in set(got) | set(expected)
           if n not in UNCOUNTED and got.get(n, 0) != expected.get(n, 0)}
    total = sum(expected.values())
    print(f"{name:10} {total:8} calls of {len(expected)} kinds: "
          + ("all equal to strace's" if not bad else "DIFFERENT (whyprof, strace): " + str(bad)), flush=True)
    return not bad


def each(good, table, check, args):
    for name, value in table.items():
        try:
            good &= check(args, name, value)
        except Skip as why:
            print(f"{name:10} skipped: {why}")
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--programs", default=",".join(PROGRAMS))
    parser.add_argument("--how", default="agent,no-agent")
    parser.add_argument("--refuse", choices=["bpf"])
    args = parser.parse_args()
    args.whyprof = os.path.join(os.path.abspath(args.build), "bin", "whyprof")
    good = True
    print(f"{'program':10} {'':9} {'thread':>8} {'':15} {'voluntary':>9} {'trace':>9} {'forced':>9} {'trace':>9} "
          f"{'CPU ms':>10} {'trace':>10} {'':9}  life")
    for name in filter(None, args.programs.split(",")):
        for how in args.how.split(","):
            good = each(good, {name: how}, check_scheduling, args)
    if not args.refuse:  # perf does not tell a thread's CPU time
        good = each(good, LIVES, check_lives, args)
    good = each(good, CALLS, check_calls, args)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
