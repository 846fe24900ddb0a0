#!/bin/bash
# The flight recorder: only the last seconds are kept, and can be had any number of times.
. "$(dirname "$0")/lib.sh"

status_is 2 "$WHYPROF" trace start --flight-recorder=never -- true
status_is 2 "$WHYPROF" trace start --flight-recorder=0.1 -- true

# One thread that sleeps from before the window to its end, one that comes and goes.
cat >target.py <<'END'
import threading, time
threading.Thread(target=time.sleep, args=(60,), daemon=True, name="sleeper").start()
end = time.time() + 30
while time.time() < end:
    time.sleep(0.01)
END
command -v python3 >/dev/null || skip "python3 is not installed"
status_is 0 "$WHYPROF" trace start --flight-recorder=2 --session fl -o last.out -- python3 target.py
sleep 6

duration_is_window() {
    local ns
    ns=$("$WHYPROF" query "$1" "select value from meta where key = 'duration_ns'" | tail -1)
    [ "$ns" -gt 1900000000 ] && [ "$ns" -lt 4500000000 ]
}
whole() {
    check "$1 is sound" "$WHYPROF" check "$1" >/dev/null
    check "$1 holds the last seconds only" duration_is_window "$1"
    "$WHYPROF" dump "$1" >dump || fail "dump"
    check "$1 knows the program" has dump 'cmdline=".*python3 target.py"'
    check "$1 knows a thread that only slept" \
        [ "$("$WHYPROF" query "$1" 'select count(*) from thread' | tail -1)" -eq 2 ]
    "$WHYPROF" query "$1" "select count(*) from thread t where end_ts - start_ts <>
        (select sum(dur) from thread_state s where s.tid = t.tid)" >out
    check "$1 knows its threads' whole lives" [ "$(tail -1 out)" -eq 0 ]
}
status_is 0 "$WHYPROF" trace snapshot -o one.out
check "the path is told" [ "$(cat out)" = "$WORK/one.out" ]
whole one.out
status_is 0 "$WHYPROF" trace snapshot --session fl -o two.out
whole two.out
check "old chunks go" [ "$(ls .last.out.ctf/archives | wc -l)" -le 5 ]
check "nothing but the recording is left" [ "$(ls -d .*.ctf* | wc -l)" = 1 ]
status_is 0 "$WHYPROF" trace stop
whole last.out
check_no_strays "a flight recorder"

status_is 1 "$WHYPROF" trace snapshot
check "nobody records" has err 'nothing is being recorded'
status_is 0 "$WHYPROF" trace start -o plain.out -- sleep 5
status_is 1 "$WHYPROF" trace snapshot -o none.out
check "that it is none is told" has err 'is no flight recorder'
status_is 0 "$WHYPROF" trace stop
check_no_strays "no flight recorder"
passed
