#!/usr/bin/env bash
# Profiles by URL of a real Go server, as the guide has it: every kind, what they say of a
# program whose truth is known, and clear words where it cannot be. Skipped without go.
set -u
whyprof=${1:?usage: go_server.sh WHYPROF}
go version >/dev/null 2>&1 || { echo "skipped: go is not installed"; exit 77; }
work=$(mktemp -d)
trap 'kill "${server:-}" "${slow:-}" 2>/dev/null; chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work" || exit 1
unset DURATION OUTPUT_DIR http_proxy all_proxy HTTP_PROXY ALL_PROXY
failed=0
fail() { echo "FAILED: $*"; failed=1; }

cat >server.go <<'GO'
package main

import (
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"runtime"
	"sync"
	"time"
)

var kept [][]byte
var sink int

//go:noinline
func burn() {
	for i := 0; i < 1000000; i++ {
		sink += i ^ sink
	}
}

//go:noinline
func leak() { kept = append(kept, make([]byte, 1<<20)) }

//go:noinline
func waitForever(c chan int) { <-c }

//go:noinline
func hold(m *sync.Mutex) {
	m.Lock()
	time.Sleep(5 * time.Millisecond)
	m.Unlock()
}

func main() {
	runtime.SetBlockProfileRate(1)
	runtime.SetMutexProfileFraction(1)
	var m sync.Mutex
	for i := 0; i < 2; i++ {
		go func() {
			for {
				hold(&m)
			}
		}()
	}
	for i := 0; i < 25; i++ {
		go waitForever(make(chan int))
	}
	for i := 0; i < 64; i++ {
		leak()
	}
	go func() {
		for {
			burn()
		}
	}()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(listener.Addr())
	http.Serve(listener, nil)
}
GO
HOME=$work GOFLAGS=-mod=mod go build -o server server.go || { echo "skipped: go does not build here"; exit 77; }
./server >address &
server=$!
for _ in $(seq 200); do [ -s address ] && break; sleep 0.05; done
url=http://$(cat address)

"$whyprof" all "$url" --duration 2s --output-dir got >paths 2>err || { cat err; fail "all"; }
for kind in cpu heap allocs block mutex goroutine threadcreate; do
    [ "$(ls got | grep -c "^${kind}_[0-9]*_[0-9]*\.prof$")" = 1 ] || fail "$kind: $(ls got)"
done
top() { "$whyprof" pprof -top "$work"/got/"$1"_*.prof 2>/dev/null; }
top cpu | grep -q 'main.burn' || fail "CPU: $(top cpu | head)"
# Go's heap is as of its last collection: what it holds is the leak's, whatever the size.
leaked=$(top heap | awk '$6 == "main.leak" { sub(/\..*|%/, "", $5); print $5 }')
[ -n "$leaked" ] && [ "$leaked" -ge 80 ] || fail "heap: $(top heap | head)"
waiting=$(top goroutine | awk '$6 == "main.waitForever" { print $4 }')
[ "$waiting" = 25 ] || fail "goroutines that wait: $waiting"
top mutex | grep -q 'main.hold' || fail "mutex: $(top mutex | head)"
"$whyprof" trace "$url" --duration 1s -o go_trace.out 2>err >/dev/null || { cat err; fail "trace"; }
head -c 16 go_trace.out | grep -q 'go 1\.' || fail "no execution trace of Go's"
"$whyprof" heap "$url" --seconds 1 -o delta.prof 2>err >/dev/null || { cat err; fail "difference"; }

# says WHAT STATUS PATTERN COMMAND...
says() {
    local what=$1 status=$2 pattern=$3 got=0
    shift 3
    "$@" >out 2>err || got=$?
    [ "$got" = "$status" ] && grep -qE "$pattern" err || { cat err; fail "$what: status $got"; }
}
says "not enabled" 1 'answers 404' "$whyprof" heap "$url/elsewhere" --output-dir got
says "TLS" 1 'TLS' "$whyprof" heap "https${url#http}" --output-dir got
kill "$server"
wait "$server" 2>/dev/null
says "not reachable" 1 'not reachable' "$whyprof" cpu "$url" --duration 1s --output-dir got
[ $failed = 0 ] && echo "a Go server's profiles as told"
exit $failed
