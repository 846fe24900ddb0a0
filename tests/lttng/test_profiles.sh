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
check "one of each kind" [ "$(wc -l <out)" = 7 ]
for kind in cpu heap allocs block mutex threads threadcreate; do
    check "$kind among all" has out "/attached/${kind}_[0-9]*_[0-9]*\\.prof$"
done
status_is 0 env DURATION=1 OUTPUT_DIR=attached "$WHYPROF" trace $target
check "a trace of a while" [ "$(cat out)" = "$(ls "$PWD"/attached/trace_*.out)" ]
check "that is whole" "$WHYPROF" check "$(cat out)" >/dev/null
status_is 0 "$WHYPROF" goroutine $target --output-dir attached
check "three threads" has err '^whyprof: goroutine: 3 threads$'
if command -v curl >/dev/null; then
    "$WHYPROF" http $target --listen 127.0.0.1:0 2>http.err &
    server=$!
    for _ in $(seq 100); do grep -q serving http.err && break; sleep 0.05; done
    url=$(sed -n 's/^whyprof: serving \(.*\)\/$/\1/p' http.err)
    curl -s -o /dev/null "$url/profile?seconds=3" &
    first=$!
    sleep 0.5
    check "a second CPU profile is refused" [ "$(curl -s "$url/profile?seconds=1")" = \
        "Could not enable CPU profiling: cpu profiling already in use" ]
    wait $first
    timeout 0.5 curl -s -o /dev/null "$url/profile?seconds=30"
    for _ in $(seq 60); do
        [ "$(curl -s -o cpu.pb -w '%{http_code}' "$url/profile?seconds=1")" = 200 ] && break
        sleep 0.1
    done
    check "who hangs up ends it" "$WHYPROF" pprof -top cpu.pb >top.txt
    check "CPU by HTTP" has top.txt spin_60
    curl -s -o trace.out "$url/trace?seconds=0.5"
    check "a trace by HTTP" "$WHYPROF" check trace.out >/dev/null
    if go version >/dev/null 2>&1; then
        HOME=$WORK go tool pprof -top "$url/profile?seconds=3" >top.txt 2>go.err || cat go.err
        check "go tool pprof by HTTP" has top.txt spin_60
    fi
    kill -INT $server
    check "the server ends well" wait $server
fi
kill $target
wait $target
# Answers come before the recording is put away, which takes a moment more.
for _ in $(seq 50); do
    [ -e /var/run/lttng/lttng-sessiond.pid ] || break
    sleep 0.1
done
check_no_strays "captures"

# The guide: a backend that is slow.
"$WHYPROF" run -- "$BIN/../tests/targets/backend" 0 >port &
backend=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.05; done
if command -v curl >/dev/null; then
    (while curl -s -o /dev/null "localhost:$(awk '{ print $3 }' port)/report"; do :; done) &
    load=$!
    status_is 0 env DURATION=2 OUTPUT_DIR=guide "$WHYPROF" cpu backend
    kill $load
    "$WHYPROF" pprof -top -cum "$(cat out)" >top.txt 2>/dev/null
    check "the guide's bottleneck" has top.txt count_duplicates
fi
kill $backend
wait $backend
check_no_strays "the guide"

sleep 30 &
status_is 1 "$WHYPROF" heap $! --duration 1
check "a program without the agent is told" has err 'does not run the agent'
kill $!
status_is 1 "$WHYPROF" heap no-such-program
status_is 2 "$WHYPROF" heap one two
status_is 2 env DURATION=soon "$WHYPROF" heap
status_is 1 "$WHYPROF" heap http://127.0.0.1:1
check "what cannot be reached is told" has err '^whyprof: http://127.0.0.1:1/debug/pprof/heap: not reachable'
passed
