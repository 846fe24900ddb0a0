#!/usr/bin/env bash
# make demo: traces redis-server under redis-benchmark's load, prints where its
# time went and shows the trace; without a display it writes the viewer's picture.
set -euo pipefail
build=${1:?usage: demo.sh BUILD-FOLDER}
whyprof=$build/bin/whyprof
seconds=${DEMO_SECONDS:-4}
out_dir=${OUTPUT_DIR:-profiles}
say() { printf '\n== %s\n' "$*"; }

dir=$(mktemp -d)
tracer=
cleanup() {
    [ -z "$tracer" ] || { kill -TERM "$tracer" 2>/dev/null && wait "$tracer" 2>/dev/null; } || true
    rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

mkdir -p "$out_dir"
port=$((20000 + RANDOM % 30000))
trace=$out_dir/trace_$(date +%Y%m%d_%H%M%S).out

# redis' I/O threads spin while they wait for work: more of them than CPUs only fight
io_threads=$(($(nproc) >= 8 ? 4 : 2))
say "tracing redis-server ($io_threads I/O threads, append-only file) on port $port"
"$whyprof" run --trace -o "$trace" -- redis-server --port "$port" --save '' --appendonly yes \
    --io-threads "$io_threads" --io-threads-do-reads yes --dir "$dir" --loglevel warning &
tracer=$!
for _ in $(seq 100); do
    redis-cli -p "$port" ping >/dev/null 2>&1 && break
    kill -0 "$tracer" 2>/dev/null || { echo 'demo: redis-server did not start' >&2; exit 1; }
    sleep 0.1
done

say "load: redis-benchmark for $seconds seconds"
end=$((SECONDS + seconds))
while [ $SECONDS -lt $end ]; do
    timeout 60 redis-benchmark -p "$port" -t set,get,lpush,lrange_100 -n 20000 -c 20 -q --csv >>"$dir/load.csv"
done
awk -F, '$1 != "\"test\"" { gsub(/"/, ""); n[$1]++; rps[$1] += $2 }
    END { for (t in n) printf "  %-40s %8.0f requests/s\n", t, rps[t] / n[t] }' "$dir/load.csv"
redis-cli -p "$port" shutdown nosave >/dev/null 2>&1 || true
wait "$tracer" || true
tracer=

say "where its time went: whyprof report $trace summary"
"$whyprof" report "$trace" summary

if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    say "opening the viewer: whyprof view $trace"
    "$whyprof" view "$trace"
else
    "$whyprof" view "$trace" --screenshot "$out_dir/demo.png" --size 1920x1080
    say "no display, so the viewer's picture: $out_dir/demo.png"
fi
echo "trace: $trace"
