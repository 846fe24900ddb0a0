#!/usr/bin/env bash
# Pictures without graphviz: each format is what it says, and shows what it should.
set -u
whyprof=${1:?usage: pprof_pictures.sh WHYPROF DATA-FOLDER}
export LSAN_OPTIONS="suppressions=$(cd "$(dirname "$0")" && pwd)/lsan.supp:print_suppressions=0"
cd "${2:?}" || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
fail() { echo "FAILED: $*"; failed=1; }
export TZ=UTC

# picture FORMAT OUT ARGUMENT...: with nothing in $PATH, so without dot
picture() {
    local format=$1 out=$work/$2
    shift 2
    PATH=/nonexistent "$whyprof" pprof "-$format" -symbolize=none -output="$out" "$@" 2>"$work/err" ||
        { cat "$work/err"; fail "$format $*"; }
}
starts() { [ "$(head -c "${#2}" "$work/$1")" = "$2" ] || fail "$1 does not start with $2"; }
shows() { grep -qF -- "$2" "$work/$1" || fail "$1 does not show $2"; }
well_formed() {
    python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' "$work/$1" || fail "$1 is no XML"
}

picture svg graph.svg in/cpu.pb.gz
well_formed graph.svg
shows graph.svg '>line1000<'
shows graph.svg '>1.10s (98.21%)<'
shows graph.svg 'Showing nodes accounting for'
picture svg tags.svg -sample_index=inuse_space in/heap_tags.pb.gz
well_formed tags.svg
shows tags.svg 'key1:tag'
picture png graph.png in/cpu.pb.gz
starts graph.png $'\x89PNG'
picture pdf graph.pdf in/cpu.pb.gz
starts graph.pdf '%PDF'
picture ps graph.ps in/cpu.pb.gz
starts graph.ps '%!PS'
PATH=/nonexistent "$whyprof" pprof -gif -output="$work/x.gif" in/cpu.pb.gz 2>"$work/err" &&
    fail "a gif without dot"
grep -q 'not as gif' "$work/err" || fail "gif: not told"

picture flamegraph flame.svg in/cpu.pb.gz
well_formed flame.svg
shows flame.svg 'line2000: 1s (89.29%), itself 0 (0%)'
picture flamegraph flame.png in/cpu.pb.gz
starts flame.png $'\x89PNG'
picture flamegraph flame.pdf in/cpu.pb.gz
starts flame.pdf '%PDF'
# A comparison of a profile with itself: everything as it was.
picture flamegraph diff.svg -diff_base=in/cpu.pb.gz in/cpu.pb.gz
shows diff.svg 'line3001: 1.11s (99.11%) → 1.11s (99.11%)'
[ $failed = 0 ] && echo "pictures as told"
exit $failed
