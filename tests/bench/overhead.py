#!/usr/bin/env python3
"""What tracing costs: the time of a workload under each tool as a ratio to bare.

Each round runs everything once, the bare program too, and a ratio is the median of the
rounds' ratios, so that a machine that grows slower meanwhile harms nobody. Wall time says
what a user waits for; CPU time, of the traced processes alone, says what the tool takes
inside them, and is what to compare where others use the machine. Servers are timed by
their load generator; programs by a shell inside the tracer, so that neither the tool's
start nor its work after the program's end (conversion, for one) counts. Tools that are not
installed are skipped with a word. A workload's short name (W3r ...) is that of the comparison table in
README.md.
"""
import argparse
import glob
import os
import random
import select
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "workloads")


PATIENCE_S = 60  # with one run
ALONE = {"heaptrack"}  # tools that trace the program that they start, but no child of it


class Skip(Exception):
    """This workload or tool cannot be run here."""


def need(program):
    if not shutil.which(program):
        raise Skip(f"{program} is not installed")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port, process):
    for _ in range(300):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            raise Skip("the server did not start under the tool")
        time.sleep(0.05)
    raise Skip("the server does not answer")


def named(session, name):
    """pid -> what /proc/PID/stat says, of the processes of that session with that name."""
    found = {}
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="utf-8", errors="replace") as f:
                pid, rest = f.read().split(" (", 1)
        except OSError:
            continue
        comm, fields = rest.rsplit(") ", 1)
        if comm == name[:15] and int(fields.split()[3]) == session:
            found[int(pid)] = fields.split()
    return found


def cpu_seconds(session, name):
    """Of those processes, and of their children that ended."""
    ticks = sum(int(x) for fields in named(session, name).values() for x in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def run_server(tool, command, port, load, work, stop=signal.SIGTERM):
    """Seconds that `load` took against `command` started under `tool`, and its CPU time."""
    name = os.path.basename(command[0])
    server = subprocess.Popen(tool + command, cwd=work, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        wait_for_port(port, server)
        time.sleep(0.3)
        start, cpu = time.monotonic(), cpu_seconds(server.pid, name)
        subprocess.run(load, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=2 * PATIENCE_S)
        return time.monotonic() - start, cpu_seconds(server.pid, name) - cpu
    finally:
        for pid in named(server.pid, name):
            os.kill(pid, stop)
        try:
            server.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def watch(process, name):
    """What run_program measures, from outside: for a tool that does not follow children."""
    pid, end = None, time.monotonic() + PATIENCE_S
    while pid is None:
        if process.poll() is not None or time.monotonic() > end:
            raise Skip("the program did not start under the tool")
        pid = next(iter(named(process.pid, name)), None)
        time.sleep(0.001)
    start, cpu, fd = time.monotonic(), 0, os.pidfd_open(pid)
    try:
        while not select.select([fd], [], [], 0.02)[0]:
            cpu = cpu_seconds(process.pid, name) or cpu
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired(name, PATIENCE_S)
        return time.monotonic() - start, cpu
    finally:
        os.close(fd)


def run_watched(tool, command, work, variables):
    process = subprocess.Popen(tool + command, cwd=work, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, start_new_session=True,
                               env={**os.environ, **variables})
    try:
        return watch(process, os.path.basename(command[0]))
    except subprocess.TimeoutExpired as slow:
        raise Skip(f"not done in {PATIENCE_S} s") from slow
    finally:
        try:
            process.wait(2)
        except subprocess.TimeoutExpired:  # it goes on with what it recorded: not measured
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def run_program(tool, command, work, **variables):
    """Seconds that `command` took under `tool` and of its CPU time, measured inside it."""
    if tool and tool[0] in ALONE:
        return run_watched(tool, command, work, variables)
    out = os.path.join(work, "seconds")
    inner = ["bash", "-c", f'TIMEFORMAT="%R %U %S"; {{ time "$@" >/dev/null 2>&1; }} 2>"{out}"', "bash"]
    process = subprocess.Popen(tool + inner + command, cwd=work, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, start_new_session=True,
                               env={**os.environ, **variables})
    try:
        if process.wait(PATIENCE_S) != 0:
            raise Skip(f"{(tool + command)[0]} failed")
    except subprocess.TimeoutExpired as slow:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        raise Skip(f"not done in {PATIENCE_S} s") from slow
    with open(out, encoding="ascii") as f:
        wall, user, system = map(float, f.read().split())
    return wall, user + system


def compiled(build, name):
    path = os.path.join(build, "bench", name)
    if not os.path.exists(path):
        raise Skip(f"{path} is not built")
    return path


def redis(tests):
    def run(tool, _build, work):
        need("redis-server")
        port = free_port()
        return run_server(tool, ["redis-server", "--port", str(port), "--save", "", "--dir", work],
                          port, ["redis-benchmark", "-p", str(port), "-q"] + tests, work)
    return run


def nginx(tool, _build, work):
    need("nginx")
    need("ab")
    port = free_port()
    os.makedirs(os.path.join(work, "www"), exist_ok=True)
    with open(os.path.join(work, "www", "index.html"), "w", encoding="ascii") as f:
        f.write("hello\n" * 20)
    with open(os.path.join(DATA, "nginx.conf"), encoding="ascii") as f:
        conf = f.read().replace("18080", str(port))
    with open(os.path.join(work, "nginx.conf"), "w", encoding="ascii") as f:
        f.write(conf)
    os.chmod(work, 0o755)
    return run_server(tool, ["nginx", "-p", work, "-c", "nginx.conf"], port,
                      ["ab", "-q", "-k", "-n", "25000", "-c", "8", f"http://127.0.0.1:{port}/index.html"],
                      work)


def program(*command, **variables):
    def run(tool, build, work):
        need(command[0])
        return run_program(tool, list(command), work, **variables)
    return run


def own(name, *args):
    return lambda tool, build, work: run_program(tool, [compiled(build, name), *args], work)


def compiler(tool, build, work):
    found = glob.glob("/usr/lib/gcc/x86_64-linux-gnu/*/cc1plus")
    if not found:
        raise Skip("cc1plus is not installed")
    return run_program(tool, [found[0], "-quiet", "-D_GNU_SOURCE", "-imultiarch", "x86_64-linux-gnu",
                              "-O1", os.path.join(DATA, "w2c.cc"), "-o", "/dev/null"], work)


def xz(tool, build, work):
    need("xz")
    path = os.path.join(work, "input")
    if not os.path.exists(path):
        rng = random.Random(1)
        words = [bytes(rng.randrange(97, 123) for _ in range(rng.randrange(2, 10))) for _ in range(5000)]
        with open(path, "wb") as f:
            f.write(b" ".join(rng.choice(words) for _ in range(1300000))[:8 << 20])
    return run_program(tool, ["xz", "-T1", "-5", "-k", "-c", path], work)


WORKLOADS = {
    "W1x": ("xz", xz),
    "W1s": ("sqlite3", program("sqlite3", ":memory:",
                               "with recursive n(i) as (select 1 union all select i+1 from n where "
                               "i<2000000) select sum(i) from n")),
    "W2r": ("redis set,lpush", redis(["-t", "set,lpush", "-P", "16", "-n", "500000", "-c", "20"])),
    "W2m": ("C++ maps, 2 threads", own("alloc_mt", "1000000")),
    "W2c": ("cc1plus -O1", compiler),
    "W2p": ("python3 json", program("python3", os.path.join(DATA, "w2p.py"), "100",
                                    PYTHONMALLOC="malloc")),
    "W3r": ("redis set,get", redis(["-t", "set,get", "-n", "25000", "-c", "10"])),
    "W3n": ("nginx", nginx),
    "W3g": ("grep -r", program("grep", "-rl", "sched_yield", "/usr/include")),
    "W4u": ("locks, own", own("locks", "u", "40000000")),
    "W4c": ("locks, shared", own("locks", "c", "20000000")),
    "W4s": ("sysbench threads", program("sysbench", "threads", "--threads=4", "--thread-locks=2",
                                        "--thread-yields=200", "--events=3000", "--time=0", "run")),
}


def whyprof(*options):
    return lambda build, work: [os.path.join(build, "bin", "whyprof"), "run", "--trace", "-o",
                                os.path.join(work, "trace.out"), *options, "--"]


def peer(program_name, *args):
    def tool(_build, work):
        need(program_name)
        return [program_name] + [a.replace("WORK", work) for a in args]
    return tool


def preloaded(pattern, *variables):
    """A library loaded into the program, as gperftools' are."""
    def tool(_build, work):
        found = sorted(glob.glob("/usr/lib/*/" + pattern))
        if not found:
            raise Skip(f"{pattern} is not installed")
        return ["env", "LD_PRELOAD=" + found[0], *[v.replace("WORK", work) for v in variables]]
    return tool


LTTNG = """
name=$1 lib=$2 events=$3 work=$4; shift 4
lttng create "$name" -o "$work/lttng" && lttng enable-channel -s "$name" -u ch --subbuf-size=1M --num-subbuf=8 &&
lttng enable-event -s "$name" -u -c ch "$events" && lttng add-context -s "$name" -u -c ch -t vtid &&
lttng start "$name" || exit 1
LD_PRELOAD=$lib "$@"
status=$?
lttng destroy "$name"
exit $status
"""


def lttng(library, events):
    """One of lttng-ust's own wrappers, recorded by a session."""
    def tool(_build, work):
        need("lttng")
        if not glob.glob("/usr/lib/*/" + library):
            raise Skip(f"{library} is not installed")
        return ["bash", "-c", LTTNG, "bash", f"bench-{os.path.basename(work)}", library, events, work]
    return tool


CALLS = {"W2r", "W3r", "W3n", "W3g"}
ALLOCATIONS = {"W2r", "W2m", "W2c", "W2p"}
LOCKS = {"W4u", "W4c", "W4s"}
CPU = {"W1x", "W1s", "W2c"}
EVERY = CALLS | ALLOCATIONS | LOCKS | CPU

# name: how a command is prefixed, and the workloads on which it says something.
TOOLS = {
    "whyprof": (whyprof(), EVERY),
    "whyprof sched": (whyprof("--events=sched"), EVERY),
    "whyprof syscall": (whyprof("--events=syscall"), EVERY),
    "whyprof lock": (whyprof("--events=lock"), EVERY),
    "whyprof alloc": (whyprof("--events=alloc"), EVERY),
    "whyprof cpu": (whyprof("--events=cpu"), EVERY),
    "whyprof alloc=all": (whyprof("--events=alloc", "--alloc=all"), ALLOCATIONS),
    "whyprof locks=all": (whyprof("--events=lock", "--locks=all"), LOCKS),
    "agent, no session": (lambda build, work: [os.path.join(build, "bin", "whyprof"), "run", "--"], EVERY),
    "strace -f": (peer("strace", "-f", "-o", "WORK/strace.txt"), CALLS),
    "perf trace": (peer("perf", "trace", "-o", "WORK/perf.txt", "--"), CALLS),
    "perf record raw_syscalls": (peer("perf", "record", "-q", "-o", "WORK/perf.data", "-e",
                                      "raw_syscalls:sys_enter,raw_syscalls:sys_exit", "--"), CALLS),
    "perf sched record": (peer("perf", "sched", "record", "-q", "-o", "WORK/perf.data", "--"), CALLS | LOCKS),
    "perf record -F 99 -g": (peer("perf", "record", "-q", "-F", "99", "-g", "-o", "WORK/perf.data", "--"),
                             EVERY),
    "heaptrack": (peer("heaptrack", "-o", "WORK/heaptrack"), ALLOCATIONS),
    "gperftools CPU": (preloaded("libprofiler.so.*", "CPUPROFILE=WORK/cpu", "CPUPROFILE_PER_THREAD_TIMERS=1"),
                       CPU | CALLS),
    "gperftools heap": (preloaded("libtcmalloc.so.*", "HEAPPROFILE=WORK/heap"), ALLOCATIONS),
    "lttng libc wrapper": (lttng("liblttng-ust-libc-wrapper.so", "lttng_ust_libc:*"), ALLOCATIONS),
    "lttng pthread wrapper": (lttng("liblttng-ust-pthread-wrapper.so", "lttng_ust_pthread:*"), LOCKS),
}


def one_round(workload, tools, build, shift):
    """name -> (wall, cpu) of one run each, in an order that differs from round to round."""
    seconds, order = {}, [None, *tools]
    for name in order[shift % len(order):] + order[:shift % len(order)]:
        with tempfile.TemporaryDirectory() as work:
            try:
                seconds[name] = workload(tools[name][0](build, work) if name else [], build, work)
            except (Skip, subprocess.CalledProcessError, subprocess.TimeoutExpired) as why:
                if not name:
                    raise
                seconds[name] = why
    return seconds


def measure(workload, tools, build, rounds):
    """name -> [(wall ratio, cpu ratio)], or why there are none."""
    ratios = {name: [] for name in tools}
    with tempfile.TemporaryDirectory() as work:
        workload([], build, work)  # fills the caches
    for shift in range(rounds):
        seconds = one_round(workload, {n: t for n, t in tools.items() if isinstance(ratios[n], list)},
                            build, shift)
        bare = seconds.pop(None)
        for name, got in seconds.items():
            if isinstance(got, Exception):
                ratios[name] = got
            else:
                ratios[name].append((got[0] / bare[0], got[1] / max(bare[1], 0.01)))
    return ratios


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--workloads", default="all", help="names, of " + ", ".join(WORKLOADS))
    parser.add_argument("--tools", default="all", help="names without commas, of " + "; ".join(TOOLS))
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--quick", action="store_true",
                        help="W3r, W3g, W4c and W2m, 3 pairs, whyprof with everything and one peer each")
    args = parser.parse_args()
    if args.quick:
        args.pairs = 3
        args.workloads = "W3r,W3g,W4c,W2m"
        args.tools = "whyprof,perf record raw_syscalls,heaptrack,lttng pthread wrapper"
    build = os.path.abspath(args.build)
    workloads = list(WORKLOADS) if args.workloads == "all" else args.workloads.split(",")
    tools = {t.replace(",", ""): t for t in TOOLS}
    chosen = list(TOOLS) if args.tools == "all" else [tools[t.replace(",", "")] for t in args.tools.split(",")]
    print(f"{'workload':22} {'tool':26} {'wall':>6} {'min':>6} {'max':>6} {'CPU':>6}   (median ratio to "
          f"bare, {args.pairs} rounds)")
    for name in workloads:
        label, workload = WORKLOADS[name]
        said = {t: TOOLS[t] for t in chosen if name in TOOLS[t][1]}
        try:
            results = measure(workload, said, build, args.pairs)
        except (Skip, subprocess.CalledProcessError, subprocess.TimeoutExpired) as why:
            print(f"{name + ' ' + label:22} skipped: {why}", flush=True)
            continue
        for tool, got in results.items():
            if isinstance(got, Exception):
                print(f"{name + ' ' + label:22} {tool:26} skipped: {got}", flush=True)
                continue
            wall = [w for w, _ in got]
            print(f"{name + ' ' + label:22} {tool:26} {statistics.median(wall):6.2f} {min(wall):6.2f} "
                  f"{max(wall):6.2f} {statistics.median(c for _, c in got):6.2f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
