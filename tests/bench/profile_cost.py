#!/usr/bin/env python3
"""What profiling costs inside the program: the share of its CPU time that is spent in the
profiler. perf samples the program 4,000 times a second, and a sample counts as the
profiler's where its innermost function is the profiler's library's (or the unwinder's that
only the profiler calls), or the kernel is delivering the profiler's timers and signals.
Unlike wall time that does not depend on what else the machine does: shares of a thousandth
are seen in half a minute. All tools of a workload run one after the other, and the ratio to
gperftools is of the same run.

    profile_cost.py BUILD [--seconds N] [--workloads W1s,W2r,...]
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
FREQUENCY = 3989  # no multiple of the kernel's tick
GPERFTOOLS = "/usr/lib/x86_64-linux-gnu/libprofiler.so.0"

# A sample with one of these among the kernel's functions is of the profiler's making: the
# programs below use neither signals nor CPU timers themselves.
SIGNALS = {"arch_do_signal_or_restart", "get_signal", "__x64_sys_rt_sigreturn", "run_posix_cpu_timers",
           "posix_cpu_timers_work", "posixtimer_send_sigqueue", "do_send_sig_info", "x64_setup_rt_frame",
           "__send_signal_locked", "handle_signal", "restore_altstack", "it_real_fn"}
LIBRARIES = ("libwhyprof-agent", "liblttng-ust", "libprofiler", "libunwind", "libgcc_s", "libtcmalloc")


def shell(command):
    return ["bash", "-c", command]


def workloads(build, seconds):
    """name -> (what runs, its command); each goes on for longer than it is looked at."""
    mega = os.path.join(tempfile.gettempdir(), "whyprof_cost_input")
    if not os.path.exists(mega):
        with open(mega, "wb") as f:
            for i in range(400000):
                f.write(b"line %d of the input, with some %x\n" % (i, i * 2654435761 % 4294967296))
    deep = os.path.join(build, "bench", "alloc_mt")
    return {
        "W1x": ("xz", ["xz", "-T1", "-5", "-k", "-c", mega]),
        "W1s": ("sqlite3", ["sqlite3", ":memory:",
                            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c LIMIT 300000000)"
                            " SELECT sum(x*x%7) FROM c;"]),
        "W2m": ("alloc_mt", [deep, "100000000"]),
        "W2p": ("python3", ["env", "PYTHONMALLOC=malloc", "python3", os.path.join(HERE, "workloads", "w2p.py"),
                            "100000"]),
    }


def descendant(pid, name, patience_s=10):
    """The process of that name below (or at) pid."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        todo = [pid]
        while todo:
            p = todo.pop()
            try:
                with open(f"/proc/{p}/comm", encoding="utf-8") as f:
                    if f.read().strip() == name[:15]:
                        return p
                with open(f"/proc/{p}/task/{p}/children", encoding="utf-8") as f:
                    todo += [int(c) for c in f.read().split()]
            except OSError:
                continue
        time.sleep(0.02)
    raise RuntimeError(f"{name} did not start")


def profiler_share(pid, seconds, folder):
    """(share of CPU time, samples) of the process for so long."""
    data = os.path.join(folder, "perf.data")
    subprocess.run(["perf", "record", "-q", "-e", "cpu-clock", "-F", str(FREQUENCY), "-g", "-p", str(pid),
                    "-o", data, "--", "sleep", str(seconds)], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    script = subprocess.Popen(["perf", "script", "-i", data, "-F", "ip,sym,dso"], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True)
    total = ours = 0
    leaf, mine = True, False
    for line in script.stdout:
        words = line.split()
        if not words:  # the end of a sample
            if not leaf:
                total += 1
                ours += mine
            leaf, mine = True, False
            continue
        where = line.rsplit("(", 1)[-1]
        name = words[1].split("+")[0] if len(words) > 1 else ""
        # callchains of the kernel are whole; of the program only the innermost is relied on
        in_kernel = "kernel" in where
        if (leaf or not in_kernel) and any(lib in where for lib in LIBRARIES):
            mine = True
        if in_kernel and name in SIGNALS:
            mine = True
        leaf = False
    script.wait()
    return ours / max(total, 1), total


def measure(tool, command, name, seconds, folder):
    env = dict(os.environ)
    extra, prefix = None, []
    if tool.startswith("gperftools"):
        env.update(LD_PRELOAD=GPERFTOOLS, CPUPROFILE=os.path.join(folder, "cpu.prof"), CPUPROFILE_FREQUENCY="100")
    elif tool != "bare":
        prefix = [whyprof, "run"] + (["--keep=none"] if tool == "whyprof cpu" else []) + ["--"]
    process = subprocess.Popen(prefix + command, env=env, cwd=folder, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        pid = descendant(process.pid, name)
        time.sleep(1)
        if tool == "whyprof cpu":
            extra = subprocess.Popen([whyprof, "cpu", str(pid), "--cpu-hz=100", "--duration", str(seconds + 20),
                                      "-o", os.path.join(folder, "out.prof")], stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL, cwd=folder)
            time.sleep(3)
        return profiler_share(pid, seconds, folder)
    finally:
        if extra:
            extra.terminate()
        process.terminate()
        process.wait()
        if extra:
            extra.wait()


def main():
    global whyprof
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--seconds", type=int, default=15, help="to look at each (default 15)")
    parser.add_argument("--workloads", default="W1x,W1s,W2m,W2p")
    args = parser.parse_args()
    build = os.path.abspath(args.build)
    whyprof = os.path.join(build, "bin", "whyprof")
    if not shutil.which("perf") or os.geteuid() != 0:
        print("skipped: needs perf, and root")
        return 0
    tools = ["whyprof cpu", "whyprof heap"] + (["gperftools cpu"] if os.path.exists(GPERFTOOLS) else [])
    print(f"{'workload':10} {'what':10}" + "".join(f" {t:>16}" for t in ["bare"] + tools) +
          "   whyprof cpu : gperftools")
    worst = 0.0
    for key, (name, command) in workloads(build, args.seconds).items():
        if key not in args.workloads.split(","):
            continue
        if not (shutil.which(command[0]) or os.path.exists(command[0])):
            print(f"{key:10} {name:10} skipped: {command[0]} is not there")
            continue
        shares = {}
        with tempfile.TemporaryDirectory() as folder:
            for tool in ["bare"] + tools:
                shares[tool] = measure(tool, command, name, args.seconds, folder)[0]
        own = {t: max(shares[t] - shares["bare"], 0) for t in tools}
        worst = max(worst, own["whyprof cpu"], own["whyprof heap"])
        ratio = ""
        if own.get("gperftools cpu"):
            ratio = f"   {own['whyprof cpu'] / own['gperftools cpu']:.2f}"
        print(f"{key:10} {name:10}" + "".join(f" {100 * shares[t]:14.3f} %" for t in ["bare"] + tools) + ratio,
              flush=True)
    print(f"worst: {100 * worst:.3f} % of the CPU time")
    return 0


if __name__ == "__main__":
    sys.exit(main())
