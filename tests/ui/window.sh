#!/bin/sh
# window.sh VIEWER MAKE_TRACE: the real window under Xvfb with real keys: it
# opens, takes input and a new size, sleeps when nothing moves, quits cleanly.
set -eu
viewer=$1 make_trace=$2
command -v Xvfb >/dev/null && command -v xdotool >/dev/null || {
    echo "skipped: needs Xvfb and xdotool"
    exit 77
}
dir=$(mktemp -d)
trap 'kill $viewer_pid $xvfb_pid $other_pid 2>/dev/null || true; rm -rf "$dir"' EXIT
viewer_pid= xvfb_pid= other_pid=
cd "$dir"
"$make_trace" trace.out
export XDG_CONFIG_HOME="$dir/config"

# Xvfb writes the display it chose to that descriptor.
Xvfb -displayfd 3 -screen 0 1400x900x24 3>display >/dev/null 2>&1 &
xvfb_pid=$!
wait_for() {
    for _ in $(seq 100); do
        "$@" && return 0
        sleep 0.1
    done
    echo "FAILED: waited in vain for: $*"
    exit 1
}
wait_for test -s display
DISPLAY=:$(cat display)
export DISPLAY
unset SDL_VIDEODRIVER WAYLAND_DISPLAY || true
# What libdbus and the X drivers below SDL keep is not ours to free.
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0"

"$viewer" trace.out --size 1000x700 2>err &
viewer_pid=$!
window() { xdotool search --name 'trace.out - whyprof' >window 2>/dev/null; }
wait_for window
w=$(head -1 window)
xdotool mousemove --window "$w" 600 300 keydown w sleep 0.4 keyup w
xdotool mousemove --window "$w" 500 200 mousedown 1 mousemove --window "$w" 650 210 mouseup 1
xdotool windowsize "$w" 800 600 sleep 0.3 key question sleep 0.2 key Escape key 2 sleep 0.5

ticks() { awk '{print $14 + $15}' /proc/$viewer_pid/stat; }
idle() {
    before=$(ticks)
    sleep 1
    [ $(($(ticks) - before)) -le 2 ]
}
wait_for idle
# Out of sight, back, without the keyboard, with it; the file replaced meanwhile.
xdotool windowunmap "$w" sleep 0.2
"$make_trace" trace.out 1
wait_for idle
xdotool windowmap --sync "$w" sleep 0.2 windowfocus --sync "$w" keydown d sleep 0.2
"$make_trace" other.out 1
"$viewer" other.out --size 400x400 2>err2 &
other_pid=$!
other_window() { xdotool search --name 'other.out - whyprof' >other 2>/dev/null; }
wait_for other_window
xdotool windowfocus --sync "$(head -1 other)"
wait_for idle # a key that is held belongs to the window that has the keyboard
kill $other_pid
wait $other_pid 2>/dev/null || true
xdotool windowfocus --sync "$w" sleep 0.2 keyup d key r sleep 0.3
wait_for idle
xdotool key q
gone() { ! kill -0 $viewer_pid 2>/dev/null; }
wait_for gone
status=0
wait $viewer_pid || status=$?
viewer_pid=
# What was set up is kept for the next time.
grep -q '"begin_ns"' trace.out.view.json || {
    echo "FAILED: the view's state was not kept"
    exit 1
}
grep -q '"width":[[:space:]]*800' config/whyprof/view.json || {
    echo "FAILED: the window's size was not kept"
    exit 1
}
if [ $status -ne 0 ] || [ -s err ]; then
    echo "FAILED: status $status"
    cat err
    exit 1
fi
