#!/bin/bash
# A killed recorder, session daemon or both: what reached the disk is converted.
. "$(dirname "$0")/lib.sh"

# Longer than the half second in which LTTng's buffers reach the disk.
record() {
    status_is 0 "$WHYPROF" trace start -o "$1.out" -- sleep 5
    sleep 1.2
}

recovered() {
    status_is 0 "$WHYPROF" trace stop
    check "that it is cut short is told" has err 'the recording ends early: '
    check "a whole file" "$WHYPROF" check "$1.out" >/dev/null
    "$WHYPROF" dump "$1.out" >dump || fail "dump"
    check "the program is in it" has dump "cmdline=\"${2:-sleep 5}\""
}

record recorder
kill -KILL "$(recorder_pid)"
check "status says so" eval '"$WHYPROF" trace status | grep -q "cut short"'
recovered recorder
check_no_strays "the recorder's death"

record daemon
kill -KILL "$(daemon_pid)"
sleep 0.5
recovered daemon

record both
kill -KILL "$(recorder_pid)" "$(daemon_pid)"
recovered both

"$WHYPROF" run --trace -o run.out -- sleep 2 2>err &
pid=$!
sleep 1.2
kill -KILL $pid
wait $pid 2>/dev/null
recovered run "sleep 2"
check_no_strays "a killed run"

record signal
kill -TERM "$(recorder_pid)"
status_is 0 "$WHYPROF" trace stop
check "SIGTERM ends a recording in order" has out "/signal.out$"
check_no_strays "SIGTERM"
passed
