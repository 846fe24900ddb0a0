#!/bin/sh
# export.sh VIEWER MAKE_TRACE: what is on screen as files: picture, vector picture, table,
# the selection as a trace of its own, which opens.
set -eu
viewer=$1 make_trace=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
unset DISPLAY WAYLAND_DISPLAY SDL_VIDEODRIVER || true
"$make_trace" trace.out
cat >steps <<'STEPS'
select-range 300ms 350ms
key ctrl+x
expect wrote trace_1.out
key ctrl+s
expect wrote trace_1.png
key ctrl+g
expect wrote trace_1.svg
key 5
key ctrl+e
expect wrote trace_locks_1.csv
key down
key down
key x
key x
expect 5 of 7 threads
trace some.out
key escape
key 0
trace all.out
key 1
key ctrl+e
expect no table is in sight
STEPS
"$viewer" trace.out --script steps --size 1000x600
head -c 8 trace_1.png | od -An -c | grep -q 'P   N   G'
grep -q '</svg>' trace_1.svg
grep -q orders trace_locks_1.csv
cat >steps <<'STEPS'
expect visible 50.0 ms
expect worker-0
expect 7 threads
drop some.out
expect 5 threads
expect visible 50.0 ms
drop all.out
expect visible 2.00 s
STEPS
"$viewer" trace_1.out --script steps --size 1000x600
printf 'trace no-such-folder/x.out\n' >steps
! "$viewer" trace.out --script steps 2>err
grep -q no-such-folder err
