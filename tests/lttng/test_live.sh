#!/bin/bash
# Conversion during the recording: many small chunks make the same trace as one.
. "$(dirname "$0")/lib.sh"

chunks() { find .*.ctf/archives -maxdepth 1 -name '2*' 2>/dev/null | wc -l; }
calls() { "$WHYPROF" query "$1" "select count(*) from syscall where name = '$2'" | tail -1; }
lives() {
    "$WHYPROF" query "$1" "select count(*) from thread t where end_ts - start_ts <>
        (select sum(dur) from thread_state s where s.tid = t.tid)" | tail -1
}
whole() {
    check "$1 is sound" "$WHYPROF" check "$1" >/dev/null
    check "$1 has all reads" [ "$(calls "$1" read)" -ge 250000 ]
    check "$1 has all writes" [ "$(calls "$1" write)" -ge 250000 ]
    check "$1: not one more" [ "$(($(calls "$1" write) - 250000))" -lt 20 ]
    check "$1: whole lives" [ "$(lives "$1")" -eq 0 ]
    check "$1: one process" [ "$("$WHYPROF" query "$1" 'select count(*) from process' | tail -1)" -eq 1 ]
}
load="dd if=/dev/zero of=/dev/null bs=1 count=250000"
# The load is done, and the recorder has had time to see it.
load_done() {
    sleep 1
    while pgrep -x dd >/dev/null; do sleep 0.2; done
    sleep 2
}

status_is 0 "$WHYPROF" run --trace --chunk-size=1M -o run.out -- $load
check "run: nothing lost: $(tail -1 err)" has err 'none lost$'
whole run.out
check_no_strays "a run converted meanwhile"

status_is 0 "$WHYPROF" trace start --chunk-size=1M -o start.out -- sh -c "$load 2>/dev/null; exec sleep 20"
load_done
check "a process converts" [ "$(pgrep -c -f 'trace start --chunk-size=1M')" -ge 2 ]
"$WHYPROF" trace status --json >status || fail "status"
if [ "$(sed -n 's/.*"kernel_events": \([0-9]*\).*/\1/p' status)" -lt 500000 ]; then
    cat status; fail "the calls so far are counted"
fi
check "and the losses" has status '"lost_events": 0,'
check "what is converted is deleted" [ "$(chunks)" -lt 4 ]
status_is 0 "$WHYPROF" trace stop
check "the path" [ "$(cat out)" = "$WORK/start.out" ]
check "the losses" has err 'none lost$'
check "$(calls start.out write) writes" [ "$(calls start.out write)" -ge 250000 ]
check_no_strays "a recording converted meanwhile"

# The recorder is killed: who converts ends the recording.
status_is 0 "$WHYPROF" trace start --chunk-size=1M -o killed.out -- sh -c "$load 2>/dev/null; exec sleep 20"
load_done
kill -KILL "$(recorder_pid)"
status_is 0 "$WHYPROF" trace stop
check "that it is cut short is told" has err 'the recording ends early: '
check "nothing of it is lost" [ "$(calls killed.out write)" -ge 250000 ]
check_no_strays "a killed recorder"

# Who converts is killed: what it had read is gone, and that is told; the rest is there.
status_is 0 "$WHYPROF" trace start --chunk-size=1M -o rest.out -- sh -c "$load 2>/dev/null; exec sleep 20"
load_done
recorder=$(recorder_pid)
for pid in $(pgrep -f 'trace start --chunk-size=1M -o rest.out'); do
    [ "$pid" = "$recorder" ] || kill -KILL "$pid"
done
status_is 0 "$WHYPROF" trace stop
check "that something is missing is told" has err 'process that converted meanwhile was killed'
check "the rest is sound" "$WHYPROF" check rest.out >/dev/null
check "nothing unfinished is left" [ -z "$(ls | grep '\.tmp$')" ]
check_no_strays "a killed converter"
passed
