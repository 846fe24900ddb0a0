#!/usr/bin/env python3
"""make bench-export: events a second and memory of `whyprof export` for 1 and 10 million
rows (EXPORT_MILLIONS="1 10"), in CPU time, since other programs make wall time longer;
and as a ratio to the json module of Python, which most tools write such traces with."""
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time

ROUNDS = 3
FORMATS = ["chrome", "perfetto", "speedscope"]


def watch(pid, kib):
    """Until it has ended."""
    try:
        while True:
            with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
                own = re.search(r"RssAnon:\s*(\d+)", f.read())
            if not own:
                return
            kib[0] = max(kib[0], int(own[1]))
            time.sleep(0.01)
    except OSError:
        pass


def run(*argv):
    """CPU seconds, the most KiB of its own memory (the mapped trace is the page cache's) and
    what it said."""
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    kib = [0]
    watcher = threading.Thread(target=watch, args=(child.pid, kib))
    watcher.start()
    said = child.stdout.read().decode(errors="replace")
    _, status, usage = os.wait4(child.pid, 0)
    watcher.join()
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"bench-export: {' '.join(argv)}: status {child.returncode}\n{said}")
    return usage.ru_utime + usage.ru_stime, kib[0], said


def best(*argv):
    return min((run(*argv) for _ in range(ROUNDS)), key=lambda r: r[0])


def python_rate(count=200000):
    """In a process of its own: what this one holds would count as its children's memory."""
    code = f"import sys; sys.path.insert(0, {os.path.dirname(__file__)!r}); " \
           f"import export; print(export.measure_python({count}))"
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True,
                                text=True).stdout)


def measure_python(count):
    events = [{"ph": "X", "cat": "state", "pid": 1000, "tid": 1000 + i % 8, "ts": i * 1.25,
               "dur": 1.125, "name": "running", "cname": "thread_state_running",
               "args": {"cpu": i % 4}} for i in range(count)]
    best_s = 1e9
    with open(os.devnull, "w", encoding="ascii") as sink:
        for _ in range(ROUNDS):
            begin = time.process_time()
            for event in events:
                sink.write(json.dumps(event) + ",\n")
            best_s = min(best_s, time.process_time() - begin)
    return count / best_s


def main():
    build = sys.argv[1]
    whyprof = os.path.join(build, "bin/whyprof")
    peer = python_rate()
    print(f"python3 json.dumps: {peer / 1e6:.2f} M events/s\n")
    print(f"{'rows':>8}  {'format':<11}{'CPU s':>8}{'M events/s':>12}{'x python':>10}{'own MiB':>10}")
    with tempfile.TemporaryDirectory() as folder:
        for millions in os.environ.get("EXPORT_MILLIONS", "1 10").split():
            trace = os.path.join(folder, "big.out")
            run(os.path.join(build, "bench/make_big_trace"), trace, millions)
            for name in FORMATS:
                cpu_s, kib, said = best(whyprof, "export", trace, "-o", "/dev/null", f"--for={name}")
                events = int(re.search(r"([\d,]+) events", said)[1].replace(",", ""))
                rate = events / cpu_s
                print(f"{millions + ' M':>8}  {name:<11}{cpu_s:8.2f}{rate / 1e6:12.2f}"
                      f"{rate / peer:10.1f}{kib / 1024:10.1f}")
            os.unlink(trace)


if __name__ == "__main__":
    main()
