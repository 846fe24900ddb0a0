#!/usr/bin/env python3
"""make bench-convert: how fast, how small and how lean conversion is, and what can be
done with the result, as ratios to babeltrace2's own reader and text writer in the same
run. Events come from a real lttng-ust session (make_events), CONVERT_MILLIONS of them
("1 10"; add 100 where the disk has 10 GB free)."""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROUNDS = 3


def run(*argv, stdout=subprocess.DEVNULL):
    """Seconds, seconds of CPU time and peak resident KiB of a command."""
    begin = time.monotonic()
    child = subprocess.Popen(argv, stdout=stdout, stderr=subprocess.PIPE)
    errors = child.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"bench-convert: {' '.join(argv)}: status {child.returncode}\n{errors}")
    return time.monotonic() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def race(commands):
    """The quickest of ROUNDS of each, since other programs only ever make it slower; in
    turn, so that a busy time harms none more than another."""
    rounds = [[run(*argv) for argv in commands] for _ in range(ROUNDS)]
    return [tuple(min(figure) for figure in zip(*times)) for times in zip(*rounds)]


def best(*argv):
    return race([argv])[0]


def tree_bytes(folder):
    """All files of a session, the index and the unused ends of packets included."""
    return sum(os.path.getsize(os.path.join(d, f))
               for d, _, files in os.walk(folder) for f in files)


def stopped_program(*argv):
    """It goes on at SIGCONT; until then its pid can be told to the session, which records
    no other program: agents of other recordings may be at work meanwhile."""
    child = subprocess.Popen(["sh", "-c", 'kill -STOP $$; exec "$0" "$@"', *argv],
                             env={**os.environ, "LTTNG_UST_ALLOW_BLOCKING": "1"})
    os.waitpid(child.pid, os.WUNTRACED)
    return child


def record(bin_dir, events, folder):
    """A blocking session, so that none is lost."""
    name = f"bench-convert-{os.getpid()}"
    session = ["-s", name]
    run("lttng", "create", name, f"--output={folder}")
    try:
        run("lttng", "enable-channel", "-u", *session, "ch", "--subbuf-size=1M",
            "--num-subbuf=8", "--blocking-timeout=inf")
        run("lttng", "add-context", "-u", *session, "-c", "ch", "-t", "vpid", "-t", "vtid")
        run("lttng", "enable-event", "-u", *session, "-c", "ch", "whyprof_*")
        program = stopped_program(os.path.join(bin_dir, "make_events"), str(events))
        run("lttng", "track", "-u", *session, f"--vpid={program.pid}")
        run("lttng", "start", name)
        program.send_signal(signal.SIGCONT)
        if program.wait():
            sys.exit("bench-convert: make_events failed")
        run("lttng", "stop", name)
    finally:
        run("lttng", "destroy", name)


def rate(events, seconds):
    return f"{events / seconds / 1e6:7.2f} M events/s"


def line(what, figure, ratio=""):
    print(f"  {what:<44} {figure:>20}  {ratio}", flush=True)


OPEN_TIMES = [
    ("cold", "ms", "open it and find meta, nothing in the cache"),
    ("warm", "ms", "  the same again"),
    ("row", "us", "1,920 columns of the thread with most states"),
    ("column", "us", "  the longest state in one, looking at each"),
    ("thread", "ms", "  the longest of all its states, likewise"),
]


def open_times(bench_open, path):
    """What bench_open prints: names and numbers in turn."""
    words = subprocess.run([bench_open, path], check=True, capture_output=True,
                           text=True).stdout.split()
    return {name: float(number) for name, number in zip(words[::2], words[1::2])}


def bench(whyprof, bin_dir, millions, work):
    events = millions * 1000000
    ctf, out = os.path.join(work, "ctf"), os.path.join(work, "x.out")
    record(bin_dir, events, ctf)
    print(f"{millions} million events, {tree_bytes(ctf) / events:.1f} bytes an event in CTF")
    convert = [whyprof, "convert", ctf, "-o", out]
    times = race([["babeltrace2", ctf, "-o", "dummy"], [*convert, "--reader=ctf.fs"],
                  [*convert, "--threads=1"], convert])
    names = ["babeltrace2 CTF -o dummy", "convert --reader=ctf.fs", "convert --threads=1", "convert"]
    peer, peer_cpu, _ = times[0]
    peak = times[3][2]
    for name, (seconds, cpu, _) in zip(names, times):
        line(name, rate(events, seconds),
             f"{peer / seconds:.2f}; by CPU time {peer_cpu / cpu:.2f}")
    line("  peak memory", f"{peak / 1024:.0f} MiB")
    size = os.path.getsize(out)
    line("  bytes an event", f"{size / events:.1f}", f"{size / tree_bytes(ctf):.2f} of the CTF")
    opened = open_times(os.path.join(bin_dir, "bench_open"), out)
    for what, unit, text in OPEN_TIMES:
        line(text, f"{opened[what]:.3f} {unit}",
             f"{opened[what] / peer / (1e3 if unit == 'ms' else 1e6):.6f} of reading")
    middle = "(select cast(value as integer) / 2 from meta where key = 'duration_ns')"
    query, *_ = best(whyprof, "query", out, "select count(*), sum(dur) from syscall where ts "
                    f"between {middle} and {middle} + 1000000")
    line("a millisecond of table syscall", f"{query * 1e3:.1f} ms", f"{query / peer:.4f} of reading")
    text, *_ = run("babeltrace2", ctf)
    line("babeltrace2 CTF (its text writer)", rate(events, text), "1.00")
    export, *_ = best(whyprof, "export", out, "-o", "/dev/null", "--for=chrome")
    line("export --for=chrome", rate(events, export), f"{text / export:.2f}")


def start_daemon():
    """Where no session daemon runs; the caller ends it."""
    if subprocess.run(["lttng", "list"], stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL).returncode == 0:
        return None
    return subprocess.Popen(["lttng-sessiond", "--no-kernel"], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


def wait_for_daemon():
    for _ in range(100):
        if subprocess.run(["lttng", "list"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0:
            return
        time.sleep(0.05)
    sys.exit("bench-convert: lttng-sessiond does not answer")


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: convert.py BUILD-FOLDER")
    build = sys.argv[1]
    whyprof = os.path.join(build, "bin", "whyprof")
    sizes = [int(n) for n in re.findall(r"\d+", os.environ.get("CONVERT_MILLIONS", "1 10"))]
    daemon = start_daemon()
    work = tempfile.mkdtemp(prefix="whyprof-bench-")
    try:
        wait_for_daemon()
        for millions in sizes:
            folder = os.path.join(work, str(millions))
            os.mkdir(folder)
            bench(whyprof, os.path.join(build, "bench"), millions, folder)
            shutil.rmtree(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if daemon:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait()


if __name__ == "__main__":
    main()
