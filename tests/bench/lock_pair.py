#!/usr/bin/env python3
"""What recording adds to an uncontended lock and unlock: ns of a pair, the least seen in
interleaved runs, and instructions by callgrind (the difference of two lengths, so that the
start does not count)."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROUNDS = 5
SHORT, LONG = 20000, 120000  # pairs under callgrind


def recorded(whyprof, work, *options):
    return [whyprof, "run", "--trace", "--events=lock", "-o", os.path.join(work, "trace.out"), *options, "--"]


def instructions(prefix, program, pairs, work):
    out = os.path.join(work, "callgrind.out")
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--quiet", program, str(pairs)]
    subprocess.run(prefix + command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300)
    with open(out, encoding="utf-8", errors="replace") as f:
        return int(re.search(r"^(?:summary|totals): (\d+)", f.read(), re.M).group(1))


def main():
    build = os.path.abspath(sys.argv[1])
    whyprof, program = os.path.join(build, "bin/whyprof"), os.path.join(build, "bench/lock_pair")
    with tempfile.TemporaryDirectory() as work:
        kinds = {
            "bare": [],
            "agent, no session": [whyprof, "run", "--"],
            "recorded": recorded(whyprof, work),
            "recorded, locks=all": recorded(whyprof, work, "--locks=all"),
        }
        best = dict.fromkeys(kinds, float("inf"))
        for _ in range(ROUNDS):
            for kind, prefix in kinds.items():
                pairs = "500000" if "all" in kind else "5000000"
                out = subprocess.run(prefix + [program, pairs], check=True, capture_output=True, text=True)
                best[kind] = min(best[kind], float(out.stdout.split()[0]))
        count = {}
        if shutil.which("valgrind"):
            for kind, prefix in kinds.items():
                count[kind] = (instructions(prefix, program, LONG, work) -
                               instructions(prefix, program, SHORT, work)) / (LONG - SHORT)
        print(f"{'an uncontended pair':24} {'ns':>7} {'more':>7} {'instructions':>13}")
        for kind, ns in best.items():
            print(f"{kind:24} {ns:7.1f} {ns - best['bare']:7.1f} {count.get(kind, float('nan')):13.1f}")


main()
