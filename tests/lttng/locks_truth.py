#!/usr/bin/env python3
"""Compares what agent_locks printed of its waits with what the trace says: the holder and
the number of waits always, their time where a tolerance in percent is given.
    locks_truth.py WHYPROF TRACE OUTPUT [PERCENT]"""
import collections
import csv
import subprocess
import sys


def query(whyprof, trace, sql):
    out = subprocess.run([whyprof, "query", "--csv", trace, sql], check=True, capture_output=True, text=True)
    return [[int(x or 0) for x in row] for row in list(csv.reader(out.stdout.splitlines()))[1:]]


def main():
    whyprof, trace, output = sys.argv[1:4]
    percent = float(sys.argv[4]) if len(sys.argv) > 4 else None
    waits = collections.defaultdict(list)
    for lock, tid, ns, holder in query(whyprof, trace, "select lock, tid, dur, holder_tid from lock_wait order by ts"):
        waits[lock, tid].append((ns, holder))
    wrong, total_true, total_seen = 0, 0, 0
    with open(output, encoding="ascii") as f:
        rows = [line.strip().split(",") for line in f if line.count(",") == 5]
    for name, lock, tid, _, ns, holder in rows:
        found = waits[int(lock), int(tid)]
        if not found:
            print(f"{name}: a wait is missing")
            wrong += 1
            continue
        seen_ns, seen_holder = found.pop(0)
        total_true += int(ns)
        total_seen += seen_ns
        if seen_holder != int(holder):
            print(f"{name}: held by {seen_holder}, not {holder}")
            wrong += 1
        if percent and abs(seen_ns - int(ns)) > int(ns) * percent / 100:
            print(f"{name}: {seen_ns} ns, not {ns}")
            wrong += 1
    if not rows:
        sys.exit("no waits were printed")
    print(f"{len(rows)} waits, {wrong} wrong, {total_seen / total_true:.4f} of the true time")
    sys.exit(wrong > 0)


main()
