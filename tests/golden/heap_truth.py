#!/usr/bin/env python3
"""The real agent's heap profile of a program whose heap is known, over many runs: means of
its estimates must be within four standard errors of the truth. heap_truth.py BIN TARGETS"""
import math
import os
import subprocess
import sys
import tempfile

RUNS = 40
whyprof = os.path.join(sys.argv[1], "whyprof")
target = os.path.join(sys.argv[2], "heap_truth")


def one_run(folder):
    program = subprocess.Popen([whyprof, "run", "--", target], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    mixed = int(program.stdout.readline().split()[1])
    path = os.path.join(folder, "heap.prof")
    subprocess.run([whyprof, "heap", str(program.pid), "-o", path], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    program.stdin.close()
    program.wait()
    values = {}
    for kind in ("alloc_objects", "alloc_space", "inuse_objects", "inuse_space"):
        unit = ["-unit=B"] if kind.endswith("space") else []
        text = subprocess.run([whyprof, "pprof", "-top", "-nodefraction=0", f"-sample_index={kind}",
                               *unit, path], check=True, capture_output=True, text=True).stdout
        for line in text.splitlines():
            words = line.split()
            if len(words) >= 6 and words[5] in ("keep_small", "keep_mixed", "keep_large", "drop_all"):
                values[kind, words[5]] = float(words[0].rstrip("B"))
    return mixed, values


def main():
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(RUNS):
            mixed, values = one_run(folder)
            runs.append(values)
    truth = {
        ("inuse_objects", "keep_small"): 20000, ("inuse_space", "keep_small"): 20000 * 96,
        ("inuse_objects", "keep_mixed"): 1000, ("inuse_space", "keep_mixed"): mixed,
        ("inuse_objects", "keep_large"): 10, ("inuse_space", "keep_large"): 10 << 20,
        ("inuse_space", "drop_all"): 0,
        ("alloc_objects", "keep_large"): 40, ("alloc_space", "keep_large"): 40 << 20,
        ("alloc_objects", "drop_all"): 4000, ("alloc_space", "drop_all"): 4000 * 4096,
        ("alloc_objects", "keep_mixed"): 2000,
    }
    failed = False
    print(f"{'value':15} {'function':11} {'truth':>10} {'mean':>10} {'error':>8}  standard errors off")
    for (kind, function), true in truth.items():
        seen = [run.get((kind, function), 0.0) for run in runs]
        mean = sum(seen) / RUNS
        error = math.sqrt(sum((v - mean) ** 2 for v in seen) / (RUNS - 1) / RUNS)
        off = abs(mean - true) / error if error else (0 if mean == true else math.inf)
        bad = off > 4
        failed |= bad
        print(f"{kind:15} {function:11} {true:10} {mean:10.0f} {error:8.0f}  {off:.1f}{'  BIASED' if bad else ''}")
    return failed


sys.exit(main())
