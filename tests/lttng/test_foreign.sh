#!/usr/bin/env bash
# A session of the `lttng` command, without whyprof: a program's own tracepoints and
# LTTng's helper libraries (cyg-profile, libc-wrapper, pthread-wrapper) in the tables.
. "$(dirname "$0")/lib.sh"
APP=$2/foreign_app
command -v lttng >/dev/null || skip "lttng is not installed"
LIBS=$(dirname "$(ldconfig -p | sed -n 's/.*liblttng-ust\.so\.1 .*=> //p' | head -1)")
for wrapper in cyg-profile libc-wrapper pthread-wrapper; do
    [ -e "$LIBS/liblttng-ust-$wrapper.so.1" ] || skip "liblttng-ust-$wrapper is not installed"
    preload="${preload:+$preload:}$LIBS/liblttng-ust-$wrapper.so.1"
done

quiet() { "$@" >lttng.log 2>&1 || { cat lttng.log; fail "$*"; }; }
quiet lttng-sessiond --daemonize --no-kernel

# record FOLDER CHANNEL-OPTION [CONTEXT...]
record() {
    local folder=$1 context
    quiet lttng create one --output="$WORK/$folder"
    quiet lttng enable-channel -u "$2" ch
    quiet lttng enable-event -u -a -c ch
    for context in "${@:3}"; do quiet lttng add-context -u -c ch -t "$context"; done
    quiet lttng start
    LD_PRELOAD=$preload "$APP" >rounds || fail "the program failed"
    quiet lttng stop
    quiet lttng destroy one
}
ask() { "$WHYPROF" query "$1.out" --csv "$2" | tail -n +2; }

record session --buffers-uid vpid vtid
for reader in ctf ctf.fs; do
    status_is 0 "$WHYPROF" convert session -o $reader.out --reader=$reader
    status_is 0 "$WHYPROF" check $reader.out
done
check "both readers write the same file" cmp ctf.out ctf.fs.out
rounds=$(cat rounds)
check "a region for each request" \
    [ "$(ask ctf "select count(*) from region where name = 'foreign_app:request'")" = $((2 * rounds)) ]
check "with its fields" has <(ask ctf 'select text from message') \
    'foreign_app:request_begin: id = 3, url = ""/other"", color = BLUE, flags = 0xbeef'
for function in outer inner; do
    check "a region for each call of $function" \
        [ "$(ask ctf "select count(*) from region where name = '$function'")" = $((2 * rounds)) ]
done
check "each allocation" \
    [ "$(ask ctf "select count(*), sum(free_ts is not null) from alloc where size between 4000 and 4000 + $rounds")" = \
    "$((2 * rounds)),$((2 * rounds))" ]
check "waits for the mutex, by its name" \
    [ "$(ask ctf "select count(*) > 0 from lock_wait join lock using (lock) where name = 'fought_for'")" = 1 ]
check "held by the other thread" \
    [ "$(ask ctf "select count(distinct holder_tid) from lock_wait join lock using (lock) where name = 'fought_for'")" = 2 ]
check "the process by its name" [ "$(ask ctf 'select name from process')" = foreign_app ]
check "events are counted as babeltrace2 does" \
    [ "$(ask ctf "select value from meta where key = 'events'")" = "$(babeltrace2 session | wc -l)" ]

# Readers take the folder itself.
status_is 0 "$WHYPROF" report session
check "a report of the folder" has out 'foreign_app'
check "a query of the folder" \
    [ "$("$WHYPROF" query session --csv 'select count(*) from region' | tail -1)" = "$(ask ctf 'select count(*) from region')" ]

# Buffers of a process of its own and no context: the trace says which process it was.
record plain --buffers-pid
status_is 0 "$WHYPROF" convert plain -o plain.out
status_is 0 "$WHYPROF" check plain.out
check "the trace's own process" [ "$(ask plain 'select name from process')" = foreign_app ]
check "its messages" [ "$(ask plain "select count(*) from message where text like 'foreign_app:%'")" = $((4 * rounds)) ]
passed
