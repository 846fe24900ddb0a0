#!/bin/bash
# Following a recording: while somebody does, pictures of it come, each a sound trace
# that is longer than the one before; without anybody, none.
. "$(dirname "$0")/lib.sh"
unset DISPLAY WAYLAND_DISPLAY SDL_VIDEODRIVER
load='for i in $(seq 400); do dd if=/dev/zero of=/dev/null bs=1 count=2000 2>/dev/null; sleep 0.05; done'
length() { "$WHYPROF" query "$1" "select value from meta where key = 'duration_ns'" | tail -1; }

status_is 1 "$WHYPROF" view --follow none.out
check "nothing to follow is told" has err 'nothing is being recorded'

status_is 0 "$WHYPROF" trace start -o t.out -- sh -c "$load"
sleep 1.5
check "nobody follows: no picture" [ ! -e .t.out.live ]
cat >steps <<'STEPS'
expect recording: follows
expect t.out
screenshot began.png
wait 2500
expect recording: follows
show 100ms 101ms
expect held
wait 1500
expect visible 1.00 ms
key space
expect recording: follows
screenshot held.png
wait 6000
expect the recording has ended
reject recording: follows
STEPS
"$WHYPROF" view --follow t.out --script steps --size 1000x600 >view.out 2>&1 &
viewer=$!
for _ in $(seq 100); do [ -s began.png ] && break; sleep 0.1; done
cp .t.out.live first.out
check "a picture is a sound trace" "$WHYPROF" check first.out >/dev/null
check "it says that it is one" [ "$("$WHYPROF" query first.out \
    "select value from meta where key = 'session.incomplete'" | tail -1)" = "it is still being recorded" ]
for _ in $(seq 100); do [ -s held.png ] && break; sleep 0.1; done
cp .t.out.live later.out
check "pictures grow" [ "$(length later.out)" -gt $(($(length first.out) + 1500000000)) ]
status_is 0 "$WHYPROF" trace stop
check "the trace is sound" "$WHYPROF" check t.out >/dev/null
check "it is longer than any picture" [ "$(length t.out)" -ge "$(length later.out)" ]
wait $viewer || { cat view.out; fail "the viewer"; }
check "no picture is left" [ ! -e .t.out.live ]
check_no_strays "following"

# A flight recorder keeps chunks, and converts none.
status_is 0 "$WHYPROF" trace start --flight-recorder=5 -o f.out -- sleep 60
status_is 1 "$WHYPROF" view --follow
check "why not is told" has err 'a flight recorder cannot be followed'
status_is 0 "$WHYPROF" trace stop
check_no_strays "a flight recorder"

# A program's whole life, too.
"$WHYPROF" run --trace -o r.out -- sh -c "for i in 1 2 3 4 5 6 7 8; do sleep 0.5; done" 2>/dev/null &
run=$!
sleep 1.5
printf 'expect recording: follows\n' >steps
check "a run is followed" "$WHYPROF" view --follow --script steps --size 1000x600
wait $run
check "its trace is sound" "$WHYPROF" check r.out >/dev/null
check "no picture of it is left" [ ! -e .r.out.live ]
check_no_strays "a run that is followed"
# What `lttng` leaves opens as it is.
status_is 0 "$WHYPROF" trace start --keep-ctf=ctf -o k.out -- sh -c "$load"
sleep 1
status_is 0 "$WHYPROF" trace stop
printf 'expect dd\nexpect sched: \n' >steps
check "a CTF folder opens in the viewer" "$WHYPROF" view ctf --script steps --size 1000x600
passed
