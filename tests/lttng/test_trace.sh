#!/bin/bash
# whyprof trace start, status, stop; several sessions side by side.
. "$(dirname "$0")/lib.sh"

status_is 1 "$WHYPROF" trace stop
check "nothing to stop" has err 'nothing is being recorded'
status_is 1 "$WHYPROF" trace start 4194304
status_is 2 "$WHYPROF" trace start --all 1

lttng-sessiond --daemonize --no-kernel
lttng create mine -o "$WORK/mine" >/dev/null && lttng enable-event -u 'whyprof_user:*' >/dev/null &&
    lttng start >/dev/null || fail "a session of lttng's own"
status_is 0 "$WHYPROF" trace start --session one -o one.out -- sleep 20
status_is 0 "$WHYPROF" trace start --session two -o two.out -- sleep 21
status_is 1 "$WHYPROF" trace start --session two -o three.out -- sleep 22
"$WHYPROF" trace status --json >status || fail "status"
check "both are told" [ "$(grep -o '"phase": "recording"' status | wc -l)" = 2 ]
status_is 1 "$WHYPROF" trace stop
check "which one" has err 'there are several recordings'
for name in one two; do
    status_is 0 "$WHYPROF" trace stop --session $name
    check "the path on stdout" [ "$(cat out)" = "$WORK/$name.out" ]
done
"$WHYPROF" dump one.out >dump || fail "dump"
check "one's program" has dump 'cmdline="sleep 20"'
check "not the other's" lacks dump 'cmdline="sleep 21"'
check "lttng's own session goes on" [ "$(lttng list mine | grep -c 'mine: \[active\]')" = 1 ]
check "somebody's daemon is left alone" kill -0 "$(daemon_pid)"
lttng destroy mine >/dev/null
end_daemon
while [ -e /var/run/lttng/lttng-sessiond.pid ]; do sleep 0.05; done

# Attach to a program that carries the agent since its start.
"$WHYPROF" run -- sleep 23 &
target=$!
sleep 0.5
status_is 0 "$WHYPROF" trace start $target -o attached.out
status_is 0 "$WHYPROF" trace stop
"$WHYPROF" dump attached.out >dump || fail "dump"
check "the program told what it is" has dump 'cmdline="sleep 23"'
kill $target

# A target that ends by itself.
status_is 0 "$WHYPROF" trace start -o ended.out -- sleep 0.3
for _ in $(seq 50); do
    "$WHYPROF" trace status | grep -q ' done since' && break
    sleep 0.1
done
check "converted without being asked" "$WHYPROF" check ended.out >/dev/null
status_is 0 "$WHYPROF" trace stop
check "and told" [ "$(cat out)" = "$WORK/ended.out" ]
check_no_strays "all"
passed
