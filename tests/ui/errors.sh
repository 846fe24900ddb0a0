#!/bin/sh
# errors.sh VIEWER MAKE_TRACE: bad input is told in words, with the right status,
# and leaves no picture behind.
set -eu
viewer=$1 make_trace=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
unset DISPLAY WAYLAND_DISPLAY SDL_VIDEODRIVER || true

# want STATUS WORDS COMMAND...
want() {
    status=$1 words=$2
    shift 2
    got=0
    "$@" >out 2>err || got=$?
    if [ "$got" != "$status" ] || { [ -n "$words" ] && ! grep -q -- "$words" err; }; then
        echo "FAILED: $* gave status $got (wanted $status) and said:"
        cat err
        exit 1
    fi
}

"$make_trace" good.out
want 1 'No such file' "$viewer" missing.out --screenshot x.png
printf 'hello, this is no trace\n' >foreign.out
want 1 'not a whyprof trace' "$viewer" foreign.out --screenshot x.png
: >nothing.out
want 1 'empty' "$viewer" nothing.out --screenshot x.png
head -c 100000 good.out >short.out
want 1 'cut short' "$viewer" short.out --screenshot x.png
want 1 'no CTF trace below' "$viewer" . --screenshot x.png
printf '\037\213broken' >bad.prof
want 1 'bad.prof' "$viewer" bad.prof --screenshot x.png
want 1 'bad.prof' "$viewer" good.out bad.prof --screenshot x.png
want 1 'no-such-folder' "$viewer" good.out --screenshot no-such-folder/x.png
want 1 'there is no display' "$viewer" good.out
grep -q -- '--screenshot' err || { echo "FAILED: no hint about --screenshot"; exit 1; }
want 2 'no file was named' "$viewer"
want 2 'size' "$viewer" good.out --size big
want 2 'scale' "$viewer" good.out --scale 99
want 2 'light-safe' "$viewer" good.out --theme pink
want 0 '' "$viewer" good.out --screenshot safe.png --size 640x400 --theme light-safe
printf 'key w\nfly\n' >steps
want 1 "steps:2: 'fly' is not a step" "$viewer" good.out --script steps
printf 'expect words that are not there\n' >steps
want 1 'is not on screen' "$viewer" good.out --script steps
[ ! -e x.png ] || { echo "FAILED: a picture was written"; exit 1; }
want 0 '' "$viewer" good.out --screenshot x.png --size 640x400
[ -s x.png ] || { echo "FAILED: no picture"; exit 1; }
want 0 '' "$viewer" --help
