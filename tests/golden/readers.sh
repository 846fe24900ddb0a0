#!/usr/bin/env bash
# report, export, dump and check from the command line: exit statuses, where text
# goes, and that nothing half-written stays. Usage: readers.sh WHYPROF TRACE
set -u
whyprof=$1 trace=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0

expect() { # STATUS STDERR-PATTERN COMMAND...
    local status=$1 pattern=$2 got
    shift 2
    "$@" >"$folder/stdout" 2>"$folder/stderr"
    got=$?
    if [ $got -ne "$status" ] || { [ -n "$pattern" ] && ! grep -q -- "$pattern" "$folder/stderr"; }; then
        echo "$*: status $got (want $status), stderr: $(cat "$folder/stderr")"
        failures=$((failures + 1))
    fi
}
contains() { # PATTERN
    grep -q -- "$1" "$folder/stdout" || { echo "no '$1' in: $(head -5 "$folder/stdout")"; failures=$((failures + 1)); }
}

expect 0 '' "$whyprof" report "$trace"
contains 'Threads'
expect 0 '' "$whyprof" report "$trace" locks --json --from 2ms --to 3ms
contains '"wait_ns": 1000000'
expect 0 '' "$whyprof" report "$trace" latency --thread worker-2
contains 'worker-2'
expect 0 '' "$whyprof" report "$trace" wakeups --json
contains '"wakeups": \['
expect 0 '' "$whyprof" report "$trace" critical-path
contains 'Where the time went'
expect 1 'no thread' "$whyprof" report "$trace" --thread nobody
expect 0 '' "$whyprof" why "$trace" --thread worker-2
contains 'could be saved: threads queue for'
expect 0 '' "$whyprof" why "$trace" --json --region request
contains '"length_ns": 900000,'
expect 0 '' "$whyprof" why "$trace" --task 'GET /'
contains 'not known'
expect 0 '' "$whyprof" why "$trace" --folded
contains '^worker-1 (101);worker;hash_all;\[running\] 4000000$'
expect 0 '' "$whyprof" why "$trace" --thread worker-2 --pprof "$folder/path.prof"
expect 0 '' "$whyprof" pprof -traces -unit=us "$folder/path.prof"
contains '^ *3200us   hash_all$'
rm "$folder/path.prof"
expect 2 'exclude' "$whyprof" why "$trace" --folded --pprof "$folder/path.prof"
expect 0 '' "$whyprof" report "$trace" locks --dot
contains '^digraph locks {'
expect 2 'about the report locks' "$whyprof" report "$trace" --dot
expect 1 'no region' "$whyprof" why "$trace" --region nothing
expect 2 'before --to' "$whyprof" why "$trace" --from 3ms --to 2ms
expect 2 'exclude' "$whyprof" why "$trace" --thread 1 --task 2
expect 2 'no report' "$whyprof" report "$trace" nonsense
expect 2 'before --to' "$whyprof" report "$trace" --from 3ms --to 2ms
expect 2 '' "$whyprof" report
expect 0 '' "$whyprof" dump "$trace" --table wakeup
contains 'waker_tid=100'
expect 2 'no table' "$whyprof" dump "$trace" --table nonsense
expect 0 '' "$whyprof" check "$trace"
contains 'sound'
expect 0 '' "$whyprof" export "$trace" -o "$folder/x.json"
expect 0 '' python3 -m json.tool "$folder/x.json"
expect 0 '' "$whyprof" export "$trace" -o - --for=folded
contains 'worker;hash_all 4000000'
expect 2 'no format' "$whyprof" export "$trace" -o "$folder/y" --for=nonsense
expect 2 'needs a trace file and -o' "$whyprof" export "$trace"
expect 1 'folder does not exist' "$whyprof" export "$trace" -o "$folder/no/x.json"
expect 1 'No space left' "$whyprof" export "$trace" -o /dev/full
[ -c /dev/full ] || { echo '/dev/full was replaced'; failures=$((failures + 1)); }

# unreadable, empty, foreign, cut short, damaged
head -c 3000 "$trace" >"$folder/short.out"
: >"$folder/empty.out"
echo 'something else entirely, and long enough to have a header of 64 bytes' >"$folder/foreign.out"
python3 - "$trace" "$folder/damaged.out" <<'PYTHON'
import sys
data = bytearray(open(sys.argv[1], 'rb').read())
data[len(data) // 3] ^= 0xff
open(sys.argv[2], 'wb').write(data)
PYTHON
for command in report why dump check "export -o $folder/none.json"; do
    expect 1 'No such file' "$whyprof" $command "$folder/missing.out"
    expect 1 'directory\|no CTF trace below' "$whyprof" $command "$folder"
    expect 1 'empty' "$whyprof" $command "$folder/empty.out"
    expect 1 'not a whyprof trace' "$whyprof" $command "$folder/foreign.out"
    expect 1 'cut short' "$whyprof" $command "$folder/short.out"
done
expect 1 'problem' "$whyprof" check "$folder/damaged.out"
contains 'checksum'
left=$(cd "$folder" && ls | grep -vE '^(x.json|stdout|stderr|(short|empty|foreign|damaged).out)$')
[ -z "$left" ] || { echo "left behind: $left"; failures=$((failures + 1)); }
[ $failures -eq 0 ]
