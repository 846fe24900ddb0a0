#!/usr/bin/env bash
# Profiles of running programs without a recording: threads seen from outside, what the
# agent counted, and both by HTTP with the answers of Go's net/http/pprof.
set -u
whyprof=${1:?usage: live.sh WHYPROF TARGETS}
targets=${2:?}
work=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1
unset DURATION OUTPUT_DIR ENABLE_PPROF PPROF_ADDR PPROF_TOKEN http_proxy all_proxy HTTP_PROXY ALL_PROXY
failed=0
fail() { echo "FAILED: $*"; failed=1; }
until_has() { for _ in $(seq 200); do grep -q "$2" "$1" 2>/dev/null && return; sleep 0.05; done; fail "no '$2' in $1"; }

# ---- every thread where it waits, and none of them notices ----
"$targets"/profile_waits >waits.out &
waits=$!
pids+=($waits)
until_has waits.out ready
cat /proc/$waits/syscall >/dev/null 2>&1 || { echo "skipped: other processes may not be looked at here"; exit 77; }
for i in 1 2 3; do "$whyprof" threads --text $waits >threads.txt || fail "threads"; done
# thread_is NAME STATE: its state, and the function of its name in its stack
thread_is() {
    awk -v name="\"$1\":" -v state="$2" -v in_it="in_$1(...)" '
        /^thread / { here = $NF == name; if (here) ok = index($0, "[" state) > 0 }
        here && $0 == in_it { found = ok }
        END { exit !found }' threads.txt || fail "thread $1 is not in in_$1, $2"
}
for name in epoll read poll; do thread_is $name syscall; done
for name in mutex rwlock barrier sem; do thread_is $name lock; done
thread_is cond cond
thread_is join join
thread_is sleep sleep
"$whyprof" threads $waits -o waits.prof >/dev/null 2>&1 || fail "threads as a profile"
[ "$("$whyprof" pprof -top waits.prof 2>/dev/null | awk '/of [0-9]+ total/ { print $(NF-1) }')" = 11 ] ||
    fail "eleven threads"
"$whyprof" pprof -tags waits.prof 2>/dev/null | grep -q 'epoll_wait$' || fail "label syscall"
kill -TERM $waits
until_has waits.out woken
grep -q '^0 woken' waits.out || fail "threads noticed: $(cat waits.out)"

# ---- what the agent counted ----
"$whyprof" run -- "$targets"/profile_truth 60 2>run.err &
run=$!
pids+=($run)
for _ in $(seq 100); do "$whyprof" heap $run -o h.prof >/dev/null 2>&1 && break; sleep 0.05; done
sleep 1
"$whyprof" heap $run -o heap.prof 2>err || { cat err; fail "heap at once"; }
"$whyprof" allocs $run -o allocs.prof 2>err || fail "allocs at once"
"$whyprof" block $run -o block.prof -d 500ms 2>err || fail "block"
"$whyprof" mutex $run -o mutex.prof -d 500ms 2>err || fail "mutex"
"$whyprof" threadcreate $run -o create.prof 2>err || fail "threadcreate"
"$whyprof" heap $run --seconds 500ms -o delta.prof 2>err || fail "a difference"
# share FILE FUNCTION: cumulated, in whole percent
share() { "$whyprof" pprof -top "$1" 2>/dev/null | awk -v f="$2" '$6 == f { sub(/\..*|%/, "", $5); print $5 }'; }
near() { [ -n "$2" ] && [ "$2" -ge "$3" ] && [ "$2" -le "$4" ] || fail "$1: $2 is not in $3 to $4"; }
near "the leak is what is in use" "$(share heap.prof leak_here)" 95 100
near "what is freed counts as allocated" "$(share allocs.prof churn_here)" 25 75
near "what came meanwhile is the leak" "$(share delta.prof leak_here)" 95 100
near "who waits" "$(share block.prof wait_for_lock)" 80 100
near "who made it wait" "$(share mutex.prof hold_lock)" 80 100
near "who began threads" "$(share create.prof main)" 95 100
"$whyprof" pprof -raw heap.prof 2>/dev/null | grep -q 'profile_truth [0-9a-f]\{40\} \[FN\]' || fail "no build id in the mapping"
"$whyprof" run --keep none -- sleep 30 &
none=$!
pids+=($none)

# ---- by HTTP ----
"$whyprof" http $run --listen 127.0.0.1:0 2>http.err &
http=$!
pids+=($http)
until_has http.err serving
url=$(sed -n 's/^whyprof: serving \(.*\)\/$/\1/p' http.err)
# answers WHAT STATUS TYPE PATTERN CURL-ARGUMENTS...
answers() {
    local what=$1 status=$2 type=$3 pattern=$4
    shift 4
    curl -s -D headers -o body "$@"
    grep -q "^HTTP/1.1 $status" headers || fail "$what: $(head -1 headers)"
    grep -qi "^content-type: $type" headers || fail "$what: $(grep -i '^content-type' headers)"
    grep -qi '^x-content-type-options: nosniff' headers || fail "$what: nosniff"
    grep -qaE -- "$pattern" body || { head -c 300 body; fail "$what: no '$pattern'"; }
}
if command -v curl >/dev/null; then
    text='text/plain; charset=utf-8' bytes='application/octet-stream'
    answers index 200 'text/html; charset=utf-8' "<tr><td>3</td><td><a href='goroutine\?debug=1'>goroutine</a></td></tr>" "$url/"
    answers "no slash" 301 'text/html' '<a href="/debug/pprof/">Moved Permanently</a>' "$url"
    answers unknown 404 "$text" '^Unknown profile$' "$url/nothing"
    grep -qi '^x-go-pprof: 1' headers || fail "X-Go-Pprof"
    answers elsewhere 404 "$text" '^404 page not found$' "${url%/debug/pprof}/else"
    answers heap 200 "$bytes" . "$url/heap"
    grep -qi '^content-disposition: attachment; filename="heap"' headers || fail "heap: its name"
    "$whyprof" pprof -top body 2>/dev/null | grep -q leak_here || fail "heap is a profile"
    answers delta 200 "$bytes" . "$url/heap?seconds=1&gc=1"
    grep -qi 'filename="heap-delta"' headers || fail "delta: its name"
    answers "seconds=x" 400 "$text" '^invalid value for "seconds" - must be a positive integer$' "$url/heap?seconds=x"
    answers "seconds=0" 400 "$text" '^invalid value' "$url/mutex?seconds=0"
    answers both 400 "$text" '^seconds and debug params are incompatible$' "$url/heap?seconds=1&debug=1"
    answers "too long" 400 "$text" "^profile duration exceeds server's WriteTimeout$" "$url/profile?seconds=999999"
    answers "heap text" 200 "$text" '^heap profile: [0-9]+: [0-9]+ \[[0-9]+: [0-9]+\] @ heap' "$url/heap?debug=1"
    answers "mutex text" 200 "$text" '^--- mutex:$' "$url/mutex?debug=1"
    answers "block text" 200 "$text" '^cycles/second=' "$url/block?debug=1"
    answers "threads text" 200 "$text" '^goroutine profile: total 3$' "$url/goroutine?debug=1"
    answers "every stack" 200 "$text" '^hold_lock|^holder' "$url/goroutine?debug=2"
    answers created 200 "$text" '^threadcreate profile: total 2$' "$url/threadcreate?debug=1"
    answers cmdline 200 "$text" 'profile_truth' "$url/cmdline"
    answers symbol 200 "$text" '^num_symbols: 1$' "$url/symbol"
    pc=$(curl -s "$url/threadcreate?debug=1" | awk '/\tmain\t/ { print $2; exit }')
    answers "symbol of a pc" 200 "$text" "^$pc main$" "$url/symbol?$pc+0x1"
    answers "symbol by POST" 200 "$text" "^$pc main$" -d "0x1+$pc" "$url/symbol"
    answers "another site" 403 "$text" . -H 'Origin: http://evil.example' "$url/heap"
    answers "another name" 403 "$text" . -H 'Host: evil.example' "$url/heap"
    "$whyprof" goroutine "$url" -o by_url.prof >/dev/null 2>&1 || fail "by URL"
    if go version >/dev/null 2>&1; then
        HOME=$work go tool pprof -top "$url/allocs" 2>/dev/null | grep -q churn_here || fail "go tool pprof by URL"
    fi
fi
kill -INT $http
wait $http || fail "whyprof http does not end well by Ctrl-C: $?"

# ---- beside the program ----
ENABLE_PPROF=true PPROF_ADDR=127.0.0.1:0 "$whyprof" run -- sh -c 'sleep 3; exit 7' 2>beside.err &
beside=$!
until_has beside.err 'serving http://127.0.0.1:[0-9]*/debug/pprof/'
url=$(sed -n 's/^whyprof: serving //p' beside.err)
! command -v curl >/dev/null || curl -s "$url" | grep -q goroutine || fail "beside: no index"
wait $beside
[ $? = 7 ] || fail "the program's status is not returned"
ENABLE_PPROF=true PPROF_ADDR=nowhere "$whyprof" run -- sh -c 'exit 3' 2>beside.err
[ $? = 3 ] || fail "an address that is none stops the program"
grep -q 'no profiles are served' beside.err || fail "an address that is none is not told"
"$whyprof" run -- sh -c 'exit 0' 2>beside.err
! grep -q serving beside.err || fail "served unasked"
[ $failed = 0 ] && echo "live profiles as told"
exit $failed
