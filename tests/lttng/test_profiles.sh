#!/bin/bash
# Profiles of a program whose truth is known (tests/targets/profile_truth.c), as Go's own
# pprof reads them where it is installed, else by the counts that whyprof tells.
. "$(dirname "$0")/lib.sh"
TRUTH=$BIN/../tests/targets/profile_truth
unset DURATION OUTPUT_DIR

# top KIND: function and value columns of the newest profile of that kind.
top() { go tool pprof -top "$(ls -t got/"$1"_*.prof | head -1)" 2>/dev/null; }
# cum KIND FUNCTION: its share with what it calls, in whole percent.
cum() { top "$1" | awk -v f="$2" '$6 == f { sub(/\..*|%/, "", $5); print $5 }'; }
# near GOT LEAST MOST: wide enough for a sample of a few hundred on a busy machine.
near() { [ -n "$1" ] && [ "$1" -ge "$2" ] && [ "$1" -le "$3" ] || { echo "$1 is not in $2 to $3"; false; }; }

status_is 0 "$WHYPROF" run --cpu --cpu-hz=250 --heap --allocs --block --mutex --threads --output-dir=got -- "$TRUTH" 3
for kind in cpu heap allocs block mutex threads; do
    check "a profile of $kind" [ "$(ls got | grep -c "^${kind}_[0-9]*_[0-9]*\.prof$")" = 1 ]
    check "$kind has events" has err "^whyprof: $kind: [0-9,]* "
done
check "nothing else is left" [ "$(ls -A got | wc -l)" = 6 ]
check_no_strays "run with profiles"

if go version >/dev/null 2>&1; then
    export HOME=$WORK GOFLAGS=-mod=mod
    check "60 % of the CPU time" near "$(cum cpu spin_60)" 50 70
    check "30 % of it" near "$(cum cpu spin_30)" 20 40
    check "10 % of it" near "$(cum cpu spin_10)" 4 18
    check "the leak is what is in use" near "$(cum heap leak_here)" 95 100
    check "what is freed counts as allocated" near "$(cum allocs churn_here)" 25 75
    check "who waits" near "$(cum block wait_for_lock)" 80 100
    check "who made it wait" near "$(cum mutex hold_lock)" 80 100
else
    echo "skipped: figures as Go's pprof reads them: go is not installed"
fi

status_is 5 "$WHYPROF" run --cpu --output-dir=got -- sh -c 'exit 5'
status_is 2 "$WHYPROF" run --cpu -o x.out -- true

"$WHYPROF" run -- "$TRUTH" 60 &
target=$!
sleep 1
status_is 0 env DURATION=1 OUTPUT_DIR=attached "$WHYPROF" cpu $target
check "its path alone on the output" [ "$(cat out)" = "$(ls "$PWD"/attached/cpu_*.prof)" ]
status_is 0 "$WHYPROF" all --duration 1 --output-dir attached $target
check "one of each kind" [ "$(wc -l <out)" = 6 ]
status_is 0 "$WHYPROF" goroutine $target --output-dir attached
check "three threads" has err '^whyprof: goroutine: 3 threads$'
kill $target
wait $target
check_no_strays "captures"

sleep 30 &
status_is 1 "$WHYPROF" cpu $! --duration 1
check "a program without the agent is told" has err 'does not run the agent'
kill $!
status_is 1 "$WHYPROF" heap no-such-program
status_is 2 "$WHYPROF" heap one two
status_is 2 env DURATION=soon "$WHYPROF" heap
status_is 1 "$WHYPROF" heap http://127.0.0.1:1
check "what cannot be reached is told" has err '^whyprof: http://127.0.0.1:1/debug/pprof/heap: not reachable'
passed
