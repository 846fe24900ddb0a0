#!/bin/sh
# follow.sh VIEWER MAKE_TRACE: pictures of a recording are shown as they come, until
# somebody looks at something; the whole trace at its end, with what was set up.
set -eu
viewer=$1 make_trace=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
unset DISPLAY WAYLAND_DISPLAY SDL_VIDEODRIVER || true
"$make_trace" short.out 1
"$make_trace" whole.out
cat >steps <<'STEPS'
expect recording: follows
expect visible 1.00 s
key down
key p
screenshot began.png
wait 1500
expect recording: follows
expect visible 2.00 s
expect Pinned
show 300ms 304ms
expect held (Space)
screenshot held.png
wait 1500
expect the recording has ended
reject recording:
expect Pinned
key ctrl+z
expect visible 2.00 s
key ctrl+y
expect visible 4.00 ms
STEPS
"$viewer" --follow=pictures final.out --script steps --size 1000x600 &
pid=$!
until_there() {
    while [ ! -s "$1" ]; do
        kill -0 $pid
        sleep 0.05
    done
}
sleep 0.3 # it waits for the first one
cp short.out temporary && mv temporary pictures
until_there began.png
cp whole.out temporary && mv temporary pictures
until_there held.png
mv pictures final.out
wait $pid

# Held, let go, held by a selection; it ended before the viewer began.
cat >steps <<'STEPS'
key space
expect held (Space)
key space
expect recording: follows
select-range 10ms 20ms
expect held (Space)
key space
expect recording: follows
reject selected
STEPS
cp short.out pictures
"$viewer" --follow=pictures other.out --script steps --size 1000x600
echo 'reject recording:' >steps
"$viewer" --follow=gone final.out --script steps --size 1000x600
