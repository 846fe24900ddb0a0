#!/bin/bash
# An ordinary user without a home: a session daemon of its own, gone afterwards.
. "$(dirname "$0")/lib.sh"

UID_=54321
private=/tmp/whyprof-$UID_
command -v setpriv >/dev/null || skip "setpriv is not installed"
mkdir user && chown $UID_ user && cd user || fail "folder"
setpriv --reuid=$UID_ --regid=$UID_ --clear-groups test -x "$WHYPROF" ||
    skip "another user cannot reach $BIN"
user() { env -u HOME -u XDG_RUNTIME_DIR -u LTTNG_HOME setpriv --reuid=$UID_ --regid=$UID_ --clear-groups "$@"; }
trap 'cd /; rm -rf "$WORK" $private' EXIT

status_is() {
    local want=$1 got=0
    shift
    user "$@" >../out 2>../err || got=$?
    [ "$got" = "$want" ] || { cat ../out ../err; fail "status $got, not $want: $*"; }
    checks=$((checks + 1))
}

status_is 3 "$WHYPROF" run --trace -o a.out -- sh -c 'exit 3'
check "the trace is the user's alone" [ "$(stat -c '%u %a' a.out)" = "$UID_ 600" ]
check "its folder too" [ "$(stat -c '%u %a' $private)" = "$UID_ 700" ]
status_is 0 "$WHYPROF" trace start -o b.out -- sleep 5
status_is 0 "$WHYPROF" trace status
status_is 0 "$WHYPROF" trace stop
user "$WHYPROF" dump b.out >../dump || fail "dump"
check "the program is in it" has ../dump 'cmdline="sleep 5"'
status_is 0 "$WHYPROF" trace start --flight-recorder=1 -o c.out -- sh -c 'for i in $(seq 400); do sleep 0.05; done'
sleep 3
status_is 0 "$WHYPROF" trace snapshot -o d.out
status_is 0 "$WHYPROF" trace stop
for file in c.out d.out; do
    user "$WHYPROF" dump $file >../dump || fail "dump"
    check "the flight recorder's program is in $file" has ../dump 'cmdline="sh -c for'
done
status_is 1 "$WHYPROF" trace start 1
check "another user's process" has ../err 'belongs to another user'
check "no state is left" [ -z "$(ls $private | grep -v '^lock$')" ]
check "no daemon is left" [ ! -e $private/.lttng/lttng-sessiond.pid ]

rm -rf $private
ln -s /etc $private
status_is 1 "$WHYPROF" trace status
check "a folder that is not the user's is refused" has ../err 'not a folder of your own'
rm $private
passed
