#!/usr/bin/env bash
# whyprof compare: text, JSON and flame graph of profiles made for it, and of traces.
set -u
whyprof=${1:?usage: compare.sh WHYPROF TRACE}
trace=${2:?}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failed=0
fail() { echo "FAILED: $*"; failed=1; }

# folded stacks are profiles too
printf 'main;work 100\nmain;work;hash 50\nmain;old 30\n' >a.folded
printf 'main;work 100\nmain;work;hash 80\nmain;<new>&co 20\n' >b.folded
"$whyprof" compare a.folded b.folded >text || fail "text"
diff - text <<'TEXT' || fail "the text is another"
  values    samples
  profiles  1 before, 1 after
  before    180
  after     200
  change    +20
  relative  +11 %

Functions  by what they changed themselves
  change  of itself  before  after  with callees  of itself  function
     +30      +60 %      50     80           +30      +60 %  hash
     -30       gone      30      -           -30       gone  old
     +20        new       -     20           +20        new  <new>&co

Stacks  innermost function first
  change  of itself  before  after  stack
     -30       gone      30      -  old < main
     +30      +60 %      50     80  hash < work < main
     +20        new       -     20  <new>&co < main
TEXT
"$whyprof" compare --cum -n 1 a.folded b.folded | grep -q '+30 .* hash$' || fail "--cum"
"$whyprof" compare --share a.folded b.folded | grep -q '^  after     190$' || fail "--share"

# a noise bound with several a side: hash changed for certain, work may have by chance
for i in 1 2 3; do
    printf 'main;work %d\nmain;work;hash %d\n' $((100 + 20 * i)) $((50 + i)) >before_$i.folded
    printf 'main;work %d\nmain;work;hash %d\n' $((110 + 20 * i)) $((90 + i)) >after_$i.folded
done
"$whyprof" compare --before before_?.folded --after after_?.folded --json >json || fail "several a side"
python3 - <<'PY' || fail "JSON"
import json
r = json.load(open("json"))
assert r["unit"] == "count" and r["before"] == 192 and r["after"] == 242 and r["change"] == 50, r
(f,) = r["functions"]
assert f["function"] == "hash" and f["flat_change"] == 40 and f["flat_noise"] == 2, f
assert abs(f["flat_growth"] - 40 / 52) < 1e-5, f
assert [f["function"] for f in r["within_noise"]] == ["work"], r
assert r["within_noise"][0]["flat_noise"] > 10
(s,) = r["stacks"]
assert s["stack"] == "hash < work < main", s
PY

"$whyprof" compare a.folded b.folded --svg d.svg >/dev/null || fail "--svg"
python3 - <<'PY' || fail "the flame graph"
import xml.etree.ElementTree as tree
svg = "{http://www.w3.org/2000/svg}"
boxes = {}
for g in tree.parse("d.svg").getroot().iter(svg + "g"):
    r = g.find(svg + "rect")
    boxes[g.find(svg + "title").text.split(":")[0]] = (
        float(r.get("x")), float(r.get("width")), r.get("fill"), g.find(svg + "title").text)
assert set(boxes) == {"all", "main", "work", "hash", "old", "<new>&co"}, boxes
total = boxes["all"][1]
for name, wide in {"work": 180, "hash": 80, "old": 30, "<new>&co": 20, "main": 230}.items():
    assert abs(boxes[name][1] - total * wide / 230) < 0.2, (name, boxes[name])
assert boxes["hash"][2].startswith("rgb(240,") and boxes["old"][2].endswith(",245)")
assert boxes["hash"][3] == "hash: 50 -> 80, +30 (+60.0 %)", boxes["hash"]
assert "(gone)" in boxes["old"][3] and "(new)" in boxes["<new>&co"][3]
PY
"$whyprof" compare a.folded b.folded --svg - | cmp -s - d.svg || fail "--svg -"

"$whyprof" compare "$trace" "$trace" >text || fail "traces"
grep -q '^It took .* instead of .* Nothing that its threads did changed' text || { head -3 text; fail "the same trace twice"; }
"$whyprof" compare "$trace" "$trace" --json | python3 -c '
import json, sys
r = json.load(sys.stdin)
assert r["change_ns"] == 0 and r["changes"] == [], r
assert r["waits"] and r["locks"] and r["syscalls"] and r["run_queue"], r
assert all(row["change_ns"] == 0 for row in r["syscalls"])' || fail "traces as JSON"

# refuses STATUS PATTERN ARGUMENTS...
refuses() {
    local status=$1 pattern=$2 got=0
    shift 2
    "$whyprof" compare "$@" >out 2>err || got=$?
    [ $got = "$status" ] && grep -q "$pattern" err || { cat err; fail "status $got: compare $*"; }
}
refuses 2 'two sides' a.folded
refuses 2 'two sides' --before a.folded
refuses 2 'not both' --share --per-second a.folded b.folded
refuses 2 'one with one' --before "$trace" "$trace" --after "$trace"
refuses 2 'about profiles' --svg x.svg "$trace" "$trace"
refuses 1 'a trace and a profile' "$trace" a.folded
refuses 1 "no values of type 'cpu'" --type cpu a.folded b.folded
refuses 1 'duration' --per-second a.folded b.folded
refuses 1 'missing' a.folded missing
[ $failed = 0 ] && echo "compared as told"
exit $failed
