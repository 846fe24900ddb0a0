#!/usr/bin/env python3
"""Is the trace true? What whyprof recorded, held against the kernel's own counters.

Scheduling: a program is attached to while it works, and for each thread that lives before and
after the recording the kernel's counters are read at both ends: the number of switches
(/proc/PID/task/TID/status, voluntary and not) and the time on a CPU (schedstat) must agree with
the trace to 1 %, and running + runnable + blocked must be the thread's life exactly. The program is
stopped by a signal while a recording begins and ends, and while the counters are read; stopping and
going on again are a few switches more. The kernel's CPU time leaves out what the hypervisor took and,
by its build, interrupts; the trace knows nothing of either, so that much of the machine's is allowed.

System calls: of programs that always do the same, the count of each call must be strace's.

Exits with 1 where something does not agree. Programs that are not installed are skipped.
"""
import argparse
import collections
import glob
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

SWITCH_SLACK = 6  # at both ends together
CPU_SLACK_NS = 2e6
WITHIN = 0.01


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


PROGRAMS = {"redis": redis, "nginx": nginx, "python3": python3, "sysbench": sysbench}


def descendants(pid):
    found = [pid]
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        with open(path, encoding="ascii") as f:
            for child in f.read().split():
                found += descendants(int(child))
    return found


Counters = collections.namedtuple("Counters", "switches cpu_ns")


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
            switches = sum(map(int, re.findall(r"ctxt_switches:\s+(\d+)", status)))
            threads[int(path.rsplit("/", 1)[1])] = Counters(switches, cpu_ns)
    return threads


def query(whyprof, trace, sql):
    out = subprocess.run([whyprof, "query", "--json", trace, sql], check=True, capture_output=True, text=True)
    return json.loads(out.stdout)


# BEGIN and END are within times in which the program stood still.
THREADS = """
select t.tid as tid, t.name as name, t.end_ts - t.start_ts as life,
  (select sum(dur) from thread_state s where s.tid = t.tid) as told,
  (select sum(dur) from thread_state s where s.tid = t.tid and state = 'running'
    and ts between BEGIN and END) as running,
  (select count(*) from thread_state s where s.tid = t.tid and state = 'running'
    and ts between BEGIN and END) as runs
from thread t
"""


def taken_ns():
    """Interrupts' and the hypervisor's time of all CPUs so far."""
    with open("/proc/stat", encoding="ascii") as f:
        words = f.readline().split()
    return sum(map(int, words[6:9])) * 1e9 / os.sysconf("SC_CLK_TCK")


def agree(a, b, slack):
    return abs(a - b) <= max(abs(b) * WITHIN, 0) + slack


def check_scheduling(whyprof, name, how, seconds):
    """Rows of the table for one program; True where all agree."""
    good = True
    prefix = [whyprof, "run", "--"] if how == "agent" else []
    with tempfile.TemporaryDirectory() as work:
        servers, loads = PROGRAMS[name](prefix, work)
        try:
            time.sleep(1)
            pids = descendants(servers[0].pid)
            trace, session = os.path.join(work, "t.out"), f"accuracy-{os.getpid()}"
            target = pids[-1]  # of nginx its worker
            subprocess.run([whyprof, "trace", "start", "--session", session, "-o", trace, str(target)],
                           check=True, stdout=subprocess.DEVNULL)
            os.kill(target, signal.SIGSTOP)
            time.sleep(0.1)
            before, begin_ns, taken = counters([target]), time.time_ns(), taken_ns()
            os.kill(target, signal.SIGCONT)
            time.sleep(seconds)
            os.kill(target, signal.SIGSTOP)
            time.sleep(0.1)
            after, end_ns, taken = counters([target]), time.time_ns(), taken_ns() - taken
            os.kill(target, signal.SIGCONT)
            subprocess.run([whyprof, "trace", "stop", "--session", session], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        finally:
            for process in loads + servers:
                try:
                    os.killpg(process.pid, 15)
                except ProcessLookupError:
                    pass
                process.wait()
        zero_ns = int(query(whyprof, trace, "select value from meta where key = 'start_unix_ns'")[0]["value"])
        sql = THREADS.replace("BEGIN", str(begin_ns - zero_ns)).replace("END", str(end_ns - zero_ns))
        rows = {r["tid"]: r for r in query(whyprof, trace, sql)}
        for tid in sorted(set(before) & set(after)):
            switches = after[tid].switches - before[tid].switches
            cpu_ns = after[tid].cpu_ns - before[tid].cpu_ns
            row = rows.get(tid)
            if row is None:
                print(f"{name:10} {how:9} {tid:8} MISSING ({switches} switches)")
                good = False
                continue
            runs, running, told = row["runs"] or 0, row["running"] or 0, row["told"] or 0
            verdicts = (agree(runs, switches, SWITCH_SLACK), agree(running, cpu_ns, CPU_SLACK_NS + taken),
                        told == row["life"])
            good &= all(verdicts)
            print(f"{name:10} {how:9} {tid:8} {row['name'][:15]:15} {switches:9} {runs:9} "
                  f"{100 * (runs - switches) / max(switches, 1):7.2f} %  {cpu_ns / 1e6:10.1f} {running / 1e6:10.1f} "
                  f"{100 * (running - cpu_ns) / max(cpu_ns, 1):7.2f} %  {'exact' if verdicts[2] else 'WRONG':5}  "
                  f"{'ok' if all(verdicts) else 'DISAGREES'}", flush=True)
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


def check_calls(whyprof, name, command):
    """The program runs without the agent: every call in it is its own."""
    need("strace", command[0])
    with tempfile.TemporaryDirectory() as work:
        trace = os.path.join(work, "t.out")
        expected = strace_counts(command, work)
        # -- attached to a stopped shell that becomes the program: no agent in it
        shell = subprocess.Popen(["sh", "-c", 'kill -STOP $$; exec "$@"', "sh", *command], cwd=work,
                                 env=dict(os.environ, PWD=work),
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        session = f"accuracy-{os.getpid()}"
        time.sleep(0.2)
        subprocess.run([whyprof, "trace", "start", "--session", session, "--events=sched,syscall", "-o", trace,
                        str(shell.pid)], check=True, stdout=subprocess.DEVNULL)
        os.kill(shell.pid, 18)
        shell.wait()
        time.sleep(0.3)
        subprocess.run([whyprof, "trace", "stop", "--session", session], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        since = query(whyprof, trace, f"select max(ts) as ts from syscall where tid = {shell.pid} and "
                                      "name = 'execve'")[0]["ts"] or 0
        got = {r["name"]: r["n"] for r in query(
            whyprof, trace, f"select name, count(*) as n from syscall where ts > {since} group by name")}
    bad = {n: (got.get(n, 0), expected.get(n, 0)) for n in set(got) | set(expected)
           if n not in UNCOUNTED and got.get(n, 0) != expected.get(n, 0)}
    total = sum(expected.values())
    print(f"{name:10} {total:8} calls of {len(expected)} kinds: "
          + ("all equal to strace's" if not bad else "DIFFERENT (whyprof, strace): " + str(bad)), flush=True)
    return not bad


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--programs", default=",".join(PROGRAMS))
    parser.add_argument("--how", default="agent,no-agent")
    args = parser.parse_args()
    whyprof = os.path.join(os.path.abspath(args.build), "bin", "whyprof")
    good = True
    print(f"{'program':10} {'':9} {'thread':>8} {'':15} {'switches':>9} {'trace':>9} {'':9}  {'CPU ms':>10} "
          f"{'trace':>10} {'':9}  life")
    for name in args.programs.split(","):
        for how in args.how.split(","):
            try:
                good &= check_scheduling(whyprof, name, how, args.seconds)
            except Skip as why:
                print(f"{name:10} skipped: {why}")
    for name, command in CALLS.items():
        try:
            good &= check_calls(whyprof, name, command)
        except Skip as why:
            print(f"{name:10} skipped: {why}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
