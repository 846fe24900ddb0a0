#!/bin/sh
# files.sh VIEWER MAKE_TRACE: several traces are tabs, each as it was left; files are
# dropped onto the window; a file that changed is told of and read again.
set -eu
viewer=$1 make_trace=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
unset DISPLAY WAYLAND_DISPLAY SDL_VIDEODRIVER || true
"$make_trace" first.out
"$make_trace" second.out 1
"$make_trace" third.out 1
cat >steps <<'STEPS'
expect first.out
expect second.out
expect visible 2.00 s
show 300ms 304ms
expect visible 4.00 ms
key down
key p
expect Pinned
key tab
expect visible 1.00 s
reject Pinned
key tab
expect visible 4.00 ms
expect Pinned
drop third.out
expect third.out
expect visible 1.00 s
key tab
expect visible 4.00 ms
drop missing.out
expect No such file
key r
expect visible 4.00 ms
key ctrl+=
screenshot big.png
key ctrl+0
STEPS
"$viewer" first.out second.out --script steps --size 1000x600

# Replaced while it is open.
cat >steps <<'STEPS'
expect visible 2.00 s
screenshot started.png
wait 2000
expect has changed on disk
key r
expect visible 1.00 s
reject has changed on disk
STEPS
"$viewer" first.out --script steps --size 1000x600 &
pid=$!
while [ ! -s started.png ]; do
    kill -0 $pid
    sleep 0.05
done
cp third.out temporary && mv temporary first.out
wait $pid
