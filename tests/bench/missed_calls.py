#!/usr/bin/env python3
"""What the agent's libc wrappers miss of a program's system calls, where there is no kernel
rung: each program runs once under `strace -f -c` and once under `whyprof run` as an
ordinary user, and the counts of each call are compared. Needs root, to become that user,
strace and the programs.
"""
import argparse
import collections
import csv
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
AS_USER = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

PYTHON = """
import json, os, subprocess, tempfile, threading, sqlite3
with tempfile.TemporaryDirectory() as d:
    for i in range(200):
        path = os.path.join(d, str(i))
        with open(path, "w") as f:
            json.dump(list(range(100)), f)
        os.stat(path)
        with open(path) as f:
            json.load(f)
    print(len(os.listdir(d)), sum(e.stat().st_size for e in os.scandir(d)))
    threads = [threading.Thread(target=lambda: sum(range(10000))) for _ in range(8)]
    for t in threads: t.start()
    for t in threads: t.join()
subprocess.run(["true"])
"""
SQL = "create table t(a integer primary key, b text);" + "".join(
    f"insert into t values({i}, 'row {i}');" for i in range(100)) + "select count(*) from t;"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port):
    for _ in range(600):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit("missed_calls: the server does not answer")


def server(name, port, load):
    """What to do with a server that has just been started."""
    def run(process):
        wait_for(port)
        subprocess.run(load, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        found = subprocess.run(["pgrep", "-x", "-o", "-s", str(process.pid), name], check=True,
                               capture_output=True, text=True)
        os.kill(int(found.stdout), signal.SIGTERM)
    return run


def redis(work):
    port = free_port()
    return (["redis-server", "--port", str(port), "--save", "", "--dir", work],
            server("redis-server", port, ["redis-benchmark", "-p", str(port), "-t", "set,get", "-n",
                                          "10000", "-c", "10", "-q"]))


def nginx(work):
    port = free_port()
    os.makedirs(os.path.join(work, "www"), exist_ok=True)
    with open(os.path.join(work, "www", "index.html"), "w", encoding="ascii") as f:
        f.write("hello\n" * 20)
    with open(os.path.join(HERE, "workloads", "nginx.conf"), encoding="ascii") as f:
        conf = f.read().replace("18080", str(port))
    with open(os.path.join(work, "nginx.conf"), "w", encoding="ascii") as f:
        f.write(conf)
    return (["nginx", "-p", work, "-c", "nginx.conf"],
            server("nginx", port, ["ab", "-q", "-k", "-n", "10000", "-c", "8",
                                   f"http://127.0.0.1:{port}/index.html"]))


PROGRAMS = {
    "redis": redis,
    "nginx": nginx,
    "python3": lambda work: (["python3", "-c", PYTHON], None),
    "sqlite3": lambda work: (["sqlite3", os.path.join(work, "db"), SQL], None),
}


def execute(command, then, work):
    process = subprocess.Popen(AS_USER + command, cwd=work, start_new_session=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env={**os.environ, "HOME": work, "TMPDIR": work})
    if then:
        then(process)
    process.wait(120)


def in_folder(make, run):
    """What `run` says of a program in a folder that the user may write to."""
    with tempfile.TemporaryDirectory() as work:
        command, then = make(work)
        subprocess.run(["chown", "-R", "65534:65534", work], check=True)
        return run(command, then, work)


def by_strace(command, then, work):
    out = os.path.join(work, "counts")
    execute(["strace", "-f", "-c", "-U", "calls,name", "-o", out] + command, then, work)
    with open(out, encoding="utf-8") as f:
        rows = re.findall(r"^\s*(\d+) (\w+)\s*$", f.read(), re.M)
    return collections.Counter({name: int(count) for count, name in rows if name != "total"})


def by_agent(whyprof):
    def run(command, then, work):
        out = os.path.join(work, "trace.out")
        execute([whyprof, "run", "--trace", "--events=syscall", "-o", out, "--"] + command, then, work)
        sql = "select value from meta where key = 'mechanism.syscall'"
        mechanism = query(whyprof, out, sql)[0][0]
        if mechanism != "agent":
            sys.exit(f"missed_calls: the calls are recorded by {mechanism}, not by the agent")
        rows = query(whyprof, out, "select name, count(*) from syscall group by name")
        return collections.Counter({name: int(count) for name, count in rows})
    return run


def query(whyprof, trace, sql):
    text = subprocess.run([whyprof, "query", "--csv", trace, sql], check=True, capture_output=True,
                          text=True).stdout
    return list(csv.reader(text.splitlines()))[1:]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build")
    parser.add_argument("--programs", default=",".join(PROGRAMS))
    args = parser.parse_args()
    if os.geteuid() or not shutil.which("strace"):
        print("missed_calls: skipped: needs root and strace")
        return
    whyprof = os.path.join(os.path.abspath(args.build), "bin", "whyprof")
    print(f"{'program':10} {'calls':>7} {'missed':>7} {'share':>6}   the calls missed, most first")
    for name in args.programs.split(","):
        if not shutil.which(PROGRAMS[name]("/nonexistent")[0][0] if name != "nginx" else "nginx"):
            print(f"{name:10} skipped: not installed")
            continue
        seen = in_folder(PROGRAMS[name], by_agent(whyprof))
        all_calls = in_folder(PROGRAMS[name], by_strace)
        missed = all_calls - seen
        total, lost = sum(all_calls.values()), sum(missed.values())
        print(f"{name:10} {total:7} {lost:7} {100 * lost / total:5.1f}%   " +
              ", ".join(f"{call} {count}" for call, count in missed.most_common()), flush=True)


if __name__ == "__main__":
    main()
