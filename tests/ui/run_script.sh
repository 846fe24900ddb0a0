#!/bin/sh
# run_script.sh VIEWER MAKE_TRACE SCRIPT: runs a script of the viewer on the made-up
# trace. Each file NAME.txt that it dumps must equal golden/NAME.txt; with
# WHYPROF_BLESS=1 the goldens are rewritten instead.
set -eu
viewer=$1 make_trace=$2 script=$(realpath "$3")
golden=$(dirname "$(realpath "$0")")/golden
if [ ! -r /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ]; then
    echo "skipped: the goldens were made with DejaVu Sans (fonts-dejavu-core)"
    exit 77
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
"$make_trace" trace.out
files=trace.out
if grep -q '^# empty' "$script"; then
    "$make_trace" --empty empty.out
    files=empty.out
fi
if grep -q '^# locks' "$script"; then
    "$make_trace" --locks trace.out
fi
if grep -q '^# second' "$script"; then
    "$make_trace" second.out 1
    files="$files second.out"
fi
# "# with FILE": a file of tests/ as well. Its source lines are looked for here.
with=$(sed -n 's/^# with //p' "$script")
for file in $with; do
    cp "$(dirname "$golden")/../$file" .
    files="$files $(basename "$file")"
done
seq -f 'line %g of a.c' 120 >a.c
"$viewer" $files --script "$script" --size 1000x600
status=0
for dump in *.txt; do
    [ -e "$dump" ] || continue
    if [ -n "${WHYPROF_BLESS:-}" ]; then
        cp "$dump" "$golden/$dump"
    elif ! diff -u "$golden/$dump" "$dump" | head -40 || ! cmp -s "$golden/$dump" "$dump"; then
        echo "$dump differs from $golden/$dump (WHYPROF_BLESS=1 accepts the new one)"
        status=1
    fi
done
exit $status
