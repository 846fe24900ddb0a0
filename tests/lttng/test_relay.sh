#!/usr/bin/env bash
# Recordings to a relay daemon (LTTng's network engine): copied back and converted at the
# end, read by others meanwhile, and what is said where that cannot be.
. "$(dirname "$0")/lib.sh"

command -v lttng-relayd >/dev/null || skip "lttng-relayd is not installed"
HOST=$(hostname)
relayd_pid=
trap 'cd /; end_relayd; end_daemon; rm -rf "$WORK"' EXIT

end_relayd() {
    [ -n "$relayd_pid" ] && kill "$relayd_pid" && wait "$relayd_pid"
    relayd_pid=
} 2>/dev/null

# Three free ports in a row.
start_relayd() {
    local tries log
    for tries in 1 2 3 4 5; do
        CONTROL=$((20000 + RANDOM % 40000))
        DATA=$((CONTROL + 1)) LIVE=$((CONTROL + 2))
        log=relayd.$tries.log
        lttng-relayd --output="$WORK/relay" --control-port=tcp://127.0.0.1:$CONTROL \
            --data-port=tcp://127.0.0.1:$DATA --live-port=tcp://127.0.0.1:$LIVE >$log 2>&1 &
        relayd_pid=$!
        for _ in $(seq 50); do
            (exec 3<>/dev/tcp/127.0.0.1/$LIVE) 2>/dev/null && return
            kill -0 $relayd_pid 2>/dev/null || break
            sleep 0.1
        done
        end_relayd
    done
    cat $log
    skip "lttng-relayd does not start here"
}

work='for i in 1 2 3 4 5 6 7 8; do ls -l /usr/bin >/dev/null; sleep 0.02; done'
count() { "$WHYPROF" query "$1" --csv 'select count(*) from syscall' | tail -1; }

start_relayd
RELAY=net://127.0.0.1:$CONTROL:$DATA

# The whole way: the program records to the relay daemon, `stop` brings it back.
start_work() {
    status_is 0 "$WHYPROF" trace start --session "$1" --relay $RELAY --live-port $LIVE "${@:2}" \
        -- sh -c "$work; sleep 30"
}
start_work ses1 -o one.out
sleep 1
"$WHYPROF" trace status >status
check "status says where it goes" has status "to $HOST/ses1 at net://127.0.0.1"
check "nothing is written here meanwhile" [ -z "$(find . -path ./relay -prune -o -name 'whyprof_*' -print)" ]
# Anybody reads what there is, while it goes on.
status_is 0 "$WHYPROF" convert net://127.0.0.1:$LIVE/host/$HOST/ses1 -o meanwhile.out
check "what there was is sound" "$WHYPROF" check meanwhile.out
status_is 0 "$WHYPROF" trace stop
check "stop prints the trace's path" has out 'one.out$'
status_is 0 "$WHYPROF" check one.out
check "all of it came back: $(count one.out) calls" [ "$(count one.out)" -gt 500 ]
check "the trace says how it was recorded" \
    has <("$WHYPROF" query one.out "select value from meta where key = 'session.relay'") $RELAY

# The relay daemon's own files tell the same.
folder=$(echo relay/"$HOST"/ses1-*)
status_is 0 "$WHYPROF" convert "$folder" -o relay.out
same() { cmp <("$WHYPROF" query "$1" "$3") <("$WHYPROF" query "$2" "$3"); }
for table in syscall thread thread_state process wakeup alloc; do
    check "$table is the same in the relay daemon's files" same one.out relay.out \
        "select * from $table"
done

# Left there on purpose.
start_work ses2 --no-convert
status_is 0 "$WHYPROF" trace stop
check "stop says where it is" has out "^$HOST/ses2 at net://127.0.0.1$"
check "it is there" [ -n "$(find relay/"$HOST"/ses2-* -name metadata)" ]
check "no trace is made here" [ -z "$(ls profiles 2>/dev/null)" ]

# To the session's end.
start_work ses3 --no-convert
"$WHYPROF" convert --follow net://127.0.0.1:$LIVE/host/$HOST/ses3 -o followed.out >followed 2>&1 &
follower=$!
sleep 1
"$WHYPROF" trace stop >/dev/null || fail "stop of a followed session"
wait $follower || fail "following: $(cat followed)"
status_is 0 "$WHYPROF" check followed.out
check "all was followed: $(count followed.out) calls" [ "$(count followed.out)" -gt 500 ]

# By babeltrace2's own source: what comes from then on.
start_work ses5 --no-convert
"$WHYPROF" convert --reader=lttng-live net://127.0.0.1:$LIVE/host/$HOST/ses5 -o live.out >live 2>&1 &
reader=$!
sleep 1
"$WHYPROF" trace stop >/dev/null || fail "stop of a session that is read live"
wait $reader || fail "reading live: $(cat live)"
status_is 0 "$WHYPROF" check live.out
check "events came live: $(cat live)" has live ' events, '
status_is 2 "$WHYPROF" convert --reader=lttng-live . -o x.out

# What cannot be.
status_is 1 "$WHYPROF" convert net://127.0.0.1:$LIVE/host/$HOST/nosuch -o x.out
check "an unknown session is told" has err "has no session nosuch of host $HOST"
check "there is none" has err 'nothing is being recorded to it'
start_work ses4 -o four.out
status_is 1 "$WHYPROF" convert net://127.0.0.1:$LIVE -o x.out
check "those that there are, are listed" has err "/host/$HOST/ses4"
status_is 2 "$WHYPROF" convert net://127.0.0.1/hosts/x -o x.out
check "a wrong URL is explained" has err 'net://HOST\[:PORT\]/host/HOSTNAME/SESSION'
end_relayd
status_is 1 "$WHYPROF" trace stop
check "a relay daemon that died is told" has err "$HOST/ses4 at net://127.0.0.1"
check "and where the events are" has err "whyprof convert ~/lttng-traces/$HOST/ses4-"
status_is 1 "$WHYPROF" convert net://127.0.0.1:$LIVE/host/$HOST/ses4 -o x.out
check "no daemon is told" has err "no relay daemon at 127.0.0.1 port $LIVE: Connection refused"
status_is 1 "$WHYPROF" trace start --relay $RELAY -- true
check "nor can be recorded to it" has err "is lttng-relayd running where $RELAY says"
status_is 2 "$WHYPROF" trace start --relay http://x -- true
status_is 2 "$WHYPROF" trace start --no-convert -- true
status_is 2 "$WHYPROF" trace start --relay $RELAY --flight-recorder -- true
check_no_strays "relayed recordings"
passed
