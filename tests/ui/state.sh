#!/bin/sh
# state.sh VIEWER MAKE_TRACE: what a person set up comes back; scripts keep nothing
# unless --state says where; a damaged file is left out with a notice and kept.
set -eu
viewer=$1 make_trace=$2
[ -r /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ] || exit 77
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export XDG_CONFIG_HOME="$dir/config"
"$make_trace" trace.out
fail() {
    echo "FAILED: $*"
    exit 1
}

cat >set.txt <<'STEPS'
show 100ms 300ms
select-range 150ms 200ms
key b
type half <of> the "requests"
key enter
expect half <of>
STEPS
"$viewer" trace.out --script set.txt
[ "$(ls)" = "$(printf 'set.txt\ntrace.out')" ] || fail "a script left files: $(ls)"
"$viewer" trace.out --script set.txt --state s.json
grep -q '"begin_ns"' s.json || fail "nothing was kept"

cat >look.txt <<'STEPS'
expect half <of> the "requests"
expect selected 50.0 ms   from 150 ms
STEPS
cp s.json before.json
"$viewer" trace.out --script look.txt --state s.json
cmp s.json before.json || fail "written though nothing changed"

# Tracks: one is pinned, one hidden, one moved; a table's filter, the search, a pick.
cat >tracks.txt <<'STEPS'
key down
key down
key p
expect Pinned
key down
key x
expect is hidden
key down
key alt+up
key 4
click 370 678
type epoll
key enter
click 500 172
key ,
key /
type orders
key enter
STEPS
rm -f s.json
"$viewer" trace.out --script tracks.txt --state s.json
for key in pinned hidden order filters pick search; do
    grep -q "\"$key\"" s.json || fail "$key was not kept"
done
cat >look.txt <<'STEPS'
expect Pinned
expect 6 of 7 threads
STEPS
cp s.json before.json
"$viewer" trace.out --script look.txt --state s.json
cmp s.json before.json || fail "tracks did not come back as they were"

for damage in '' '{' '[]' '{"version": 99}' '{"version": 1, "notes": [7, {"begin_ns": -5}], "begin_ns": "x"}'; do
    printf '%s' "$damage" >s.json
    echo 'expect worker-0' >look.txt
    "$viewer" trace.out --script look.txt --state s.json
    [ "$(cat s.json)" = "$damage" ] || fail "a damaged file was replaced: $damage"
done
printf '{' >s.json
echo 'expect is damaged' >look.txt
"$viewer" trace.out --script look.txt --state s.json
[ ! -e config ] || fail "a script wrote to the configuration folder"
