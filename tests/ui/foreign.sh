#!/bin/sh
# foreign.sh VIEWER MAKE_TRACE GO-TRACE: files of other tracers open as traces: alone, as a
# tab, dropped onto the window; what is wrong with one is told.
set -eu
viewer=$1 make_trace=$2 go_trace=$3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
unset DISPLAY WAYLAND_DISPLAY SDL_VIDEODRIVER || true
export TMPDIR="$dir/temporary"
mkdir temporary
cp "$go_trace" go.trace
"$make_trace" trace.out 1
cat >t.json <<'JSON'
[{"ph":"M","pid":7,"tid":8,"name":"thread_name","args":{"name":"worker"}},
 {"ph":"X","pid":7,"tid":8,"ts":1,"dur":3000,"name":"lookup"}]
JSON
cat >steps <<'STEPS'
expect go.trace
expect main.worker
expect go runtime
select-range 1ms 2ms
trace part.out
drop t.json
expect t.json
expect lookup
key tab
expect main.worker
expect selected 1.00 ms
key m
expect Compare
expect instead of
key tab
expect worker-0
key tab
expect lookup
key r
expect lookup
STEPS
"$viewer" go.trace trace.out --script steps --size 1200x700
echo 'expect visible 1.00 ms' >steps
"$viewer" part.out --script steps --size 1200x700
cat >steps <<'STEPS'
drop bad.json
expect offset 12
expect worker-0
STEPS
printf '[{"ph":"X", ' >bad.json
"$viewer" trace.out --script steps --size 1200x700
[ -z "$(ls temporary)" ] || { echo "FAILED: left behind: $(ls temporary)"; exit 1; }
