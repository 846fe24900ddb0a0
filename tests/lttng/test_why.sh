#!/bin/bash
# whyprof why, held to the truth: each program of tests/targets/why_*.c has one cause
# planted, and says how much of its time that took by its own clock. `why` must name the
# cause first, with its function, thread and time (or bytes) within 3 %; of its healthy
# twin it must not name it. What other programs on the machine do (their CPU time) is
# theirs. Usage: test_why.sh BIN TARGETS [NAME...]
. "$(dirname "$0")/lib.sh"
targets=$2
shift 2

# record NAME [ARG]: its trace is NAME.out, what it printed NAME.txt, why's answer NAME.json
record() {
    local options='' scope=''
    case $1 in
    growth) options=--alloc=all ;; # what is sampled is an estimate
    churn) options=--cpu-hz=250 ;;
    region) scope='--region request --worst 20' ;;
    esac
    "$WHYPROF" run --trace $options -o "$1.out" -- "$targets/why_$1" ${2:+"$2"} >"$1.txt" 2>err
    "$WHYPROF" why --json $scope "$1.out" >"$1.json" || fail "why of $1"
}

# The checks of one answer, for people and for us: "" where it is right.
judge() { # NAME healthy|planted
    python3 - "$1" "$2" <<'PYTHON'
import json, sys
name, mode = sys.argv[1:]
answer = json.load(open(name + '.json'))
said = open(name + '.txt').read().split()
if not said:
    sys.exit(name + ': the target said nothing')
if said[0] == 'skip':
    print('skipped:', ' '.join(said[1:]))
    sys.exit(0)
kind, function, own_tid, own, own_of = said[1], said[2], *map(int, said[3:6])
share = own / own_of
# how long other programs kept it from running, which makes all it measures a bit vague
foreign_ns = sum(row['ns'] for row in answer['cpu_instead'] if not row['tid'])
foreign = foreign_ns / answer['length_ns']
findings = [f for f in answer['findings'] if f['kind'] != 'cpu_taken']
kinds = [f['kind'] for f in findings]
for key in ('path', 'account'):
    total = sum(row['ns'] for row in answer[key])
    length = answer['length_ns' if key == 'path' else 'account_ns']
    if total != length:
        sys.exit(f'{name}: {key} adds up to {total}, not {length}')
def wrong(text):
    if foreign < 0.4:
        sys.exit(f'{name}: {text}: ' + answer['answer'])
    print(f'skipped: {text}, but other programs had the CPUs for {foreign:.0%} of the time')
    sys.exit(0)

if mode == 'healthy':
    if kinds:
        wrong(f'{kinds} in its healthy twin')
    print('nothing stands out')
    sys.exit(0)
if share < 0.10:
    print(f'skipped: it took only {share:.0%} here')
    sys.exit(0)
if not kinds or kinds[0] != kind:
    wrong(f'{kinds} where {kind} was planted')
first = findings[0]
if function != '-' and function not in first['function']:
    wrong(f"in {first['function']}, not {function}")
if not first['thread'] or own_tid and first['tid'] != own_tid:
    wrong(f"in thread {first['thread']}, not {own_tid}")
amount = first['save_bytes'] if kind == 'heap_growth' else first['save_ns']
if kind == 'oversubscription': # its own clock does not know who had the CPU
    amount += foreign_ns
told = amount / own
if abs(told - 1) > 0.03 + foreign:
    wrong(f"{told:.3f} of what its own clock says, {own}")
print(f"{kind} in {first['function']}: {told:.3f} of what its own clock says")
PYTHON
}

# verify NAME planted|healthy
verify() {
    if verdict=$(judge "$1" "$2" 2>&1); then
        checks=$((checks + 1))
    else
        "$WHYPROF" why "$1.out" | head -30
        failures=$((failures + 1))
    fi
    echo "$1, $2: $verdict"
}

failures=0
[ $# -gt 0 ] || set -- $(cd "$targets" && ls -d why_* | sed s/why_//)
for name in "$@"; do
    record "$name"
    verify "$name" planted
    [ "$name" = deadlock ] && continue # its twin says nothing
    record "$name" healthy
    verify "$name" healthy
done
[ $failures = 0 ] || fail "$failures of $((checks + failures))"
passed
