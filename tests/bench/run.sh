#!/usr/bin/env bash
# make bench: every benchmark, as ratios to other tools measured in the same run.
set -euo pipefail
build=${1:?usage: run.sh BUILD-FOLDER}
here=$(dirname "$0")
printf '== overhead\n'
"$here/overhead.py" "$build" ${BENCH_ARGS:-}
printf '\n== a call stack\n'
"$build/bench/bench_unwind"
printf '\n== an uncontended lock\n'
"$here/lock_pair.py" "$build"
printf '\n== system calls that the agent misses\n'
"$here/missed_calls.py" "$build"
