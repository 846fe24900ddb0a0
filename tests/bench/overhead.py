#!/usr/bin/env python3
"""What tracing costs: the wall time of a workload under each tool as a ratio to bare.

Bare and traced runs alternate, and the ratio is the median of the pairs' ratios, so that
a machine that grows slower meanwhile harms neither. Servers are timed by their load
generator; programs by a shell inside the tracer, so that neither the tool's start nor its
work after the program's end (conversion, for one) counts. Tools that are not installed are
skipped with a word. A workload's short name (W3r ...) is that of the comparison table in
README.md.
"""
import argparse
import glob
import os
import random
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


PATIENCE_S = 40  # with one run


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


def run_server(tool, command, port, load, work, stop=signal.SIGTERM):
    """Seconds that `load` took against `command` started under `tool`."""
    server = subprocess.Popen(tool + command, cwd=work, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        wait_for_port(port, server)
        time.sleep(0.3)
        start = time.monotonic()
        subprocess.run(load, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=2 * PATIENCE_S)
        return time.monotonic() - start
    finally:
        subprocess.run(["pkill", "-" + str(int(stop)), "-g", str(os.getpgid(server.pid)), "-x",
                        os.path.basename(command[0])], check=False)
        try:
            server.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def run_program(tool, command, work):
    """Seconds that `command` took under `tool`, measured inside it."""
    out = os.path.join(work, "seconds")
    inner = ["bash", "-c", f'TIMEFORMAT=%R; {{ time "$@" >/dev/null 2>&1; }} 2>"{out}"', "bash"]
    process = subprocess.Popen(tool + inner + command, cwd=work, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        if process.wait(PATIENCE_S) != 0:
            raise Skip(f"{(tool + command)[0]} failed")
    except subprocess.TimeoutExpired as slow:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        raise Skip(f"not done in {PATIENCE_S} s") from slow
    with open(out, encoding="ascii") as f:
        return float(f.read())


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


def program(*command, needs=None):
    def run(tool, build, work):
        need(needs or command[0])
        return run_program(tool, list(command), work)
    return run


def own(name, *args):
    return lambda tool, build, work: run_program(tool, [compiled(build, name), *args], work)


def compiler(tool, build, work):
    found = glob.glob("/usr/lib/gcc/x86_64-linux-gnu/*/cc1plus")
    if not found:
        raise Skip("cc1plus is not installed")
    return run_program(tool, [found[0], "-quiet", "-O1", os.path.join(DATA, "w2c.cc"), "-o", "/dev/null"],
                       work)


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
    "W2p": ("python3 json", program("env", "PYTHONMALLOC=malloc", "python3", os.path.join(DATA, "w2p.py"),
                                    "100", needs="python3")),
    "W3r": ("redis set,get", redis(["-t", "set,get", "-n", "25000", "-c", "10"])),
    "W3n": ("nginx", nginx),
    "W3g": ("grep -r", program("grep", "-rl", "sched_yield", "/usr/include")),
    "W4u": ("locks, own", own("locks", "u", "20000000")),
    "W4c": ("locks, shared", own("locks", "c", "4000000")),
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


def measure(workload, tool, build, pairs):
    """Ratios of `pairs` interleaved pairs, after a run that fills the caches."""
    ratios = []
    with tempfile.TemporaryDirectory() as work:
        workload([], build, work)
    for pair in range(pairs):
        seconds = {}
        for which in (["bare", "tool"] if pair % 2 == 0 else ["tool", "bare"]):
            with tempfile.TemporaryDirectory() as work:
                prefix = tool(build, work) if which == "tool" else []
                seconds[which] = workload(prefix, build, work)
        ratios.append(seconds["tool"] / seconds["bare"])
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
    print(f"{'workload':22} {'tool':28} {'median':>7} {'min':>6} {'max':>6}   (wall time / bare, "
          f"{args.pairs} interleaved pairs)")
    for name in workloads:
        label, workload = WORKLOADS[name]
        for tool in chosen:
            prefix, says_something = TOOLS[tool]
            if name not in says_something:
                continue
            try:
                ratios = measure(workload, prefix, build, args.pairs)
            except (Skip, subprocess.CalledProcessError, subprocess.TimeoutExpired) as why:
                print(f"{name + ' ' + label:22} {tool:28} skipped: {why}", flush=True)
                continue
            print(f"{name + ' ' + label:22} {tool:28} {statistics.median(ratios):7.2f} {min(ratios):6.2f} "
                  f"{max(ratios):6.2f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
