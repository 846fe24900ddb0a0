#!/bin/bash
# Each rung of the ladder, by really taking the privilege away: what is recorded by it, and
# that the trace says which it was. tests/targets/rungs.c does known things.
. "$(dirname "$0")/lib.sh"

TARGETS=${2:?usage: test_rungs.sh BIN TARGETS}
UID_=54322
mkdir user && chown $UID_ user
other_user() {
    (cd user && env -u HOME -u XDG_RUNTIME_DIR -u LTTNG_HOME \
        setpriv --reuid=$UID_ --regid=$UID_ --clear-groups "$@")
}
ask() { "$WHYPROF" query "$file" "$1" | tail -1 | tr -d ' '; }
is() { # TEXT WANT SQL
    local got
    got=$(ask "$3")
    [ "$got" = "$2" ] || fail "$file: $1: $got, not $2"
    checks=$((checks + 1))
}
at_least() { # TEXT WANT SQL
    local got
    got=$(ask "$3")
    [ "${got%.*}" -ge "$2" ] 2>/dev/null || fail "$file: $1: $got, not $2 at least"
    checks=$((checks + 1))
}
meta() { is "meta $1" "$2" "select value from meta where key = '$1'"; }

# What all rungs tell of the program itself. Without the kernel's word the agent sees what
# goes through the C library; its own threads it never shows.
main_thread="tid = (select min(tid) from thread where name = 'rungs')"
known() {
    is "calls that fail" 7 "select count(*) from syscall where $main_thread and name = 'openat' and ret = -2"
    is "writes" 25 "select count(*) from syscall where $main_thread and name = 'write' and ret = 4"
    is "naps" 10 "select count(*) from syscall where $main_thread and name like '%nanosleep' and ret = 0"
    is "lives add up" 0 "select count(*) from thread t where end_ts - start_ts <>
        (select sum(dur) from thread_state s where s.thread_id = t.thread_id)"
    at_least "naps are blocked time" 10000000 "select sum(dur) from thread_state where $main_thread and
        state = 'blocked' and reason = 'sleep'"
    is "the lock" 1 "select count(*) from lock_wait w join thread t on t.tid = w.tid where t.name = 'rung-thread'"
}
# Children made by vfork's exec and by clone or _Fork: the kernel sees them all.
family() {
    is "$1 processes" "$1" "select count(distinct pid) from process"
    is "the exec" 1 "select count(*) from process where name = 'true'"
}
# The time samples stand for is what the program spent, in the functions where it did.
sampled() { # HZ
    is "300 ms of work" 1 "select sum(weight) between 255e6 and 345e6 from sample where $main_thread and
        stack(stack_id) like '%work_%'"
    is "the split" 1 "select sum(stack(stack_id) like '%work_most%') between 2 * sum(stack(stack_id) like
        '%work_least%') and 4.5 * sum(stack(stack_id) like '%work_least%') from sample where $main_thread"
    is "stacks reach the root" 1 "select sum(stack(stack_id) like '%;_start') > 0.97 * count(*) from sample
        where $main_thread and stack(stack_id) like '%work%'"
    at_least "the period is what was asked for" "$1" "select 1e9 / min(weight) from sample"
}

file=bpf.out
status_is 0 "$WHYPROF" run --trace --cpu-hz=999 -o $file -- "$TARGETS/rungs"
if [ "$(ask "select value from meta where key = 'mechanism.sched'")" = bpf ]; then
    meta mechanism.syscall bpf
    meta mechanism.cpu 'perf(cpu-clock,999Hz)'
    known && family 5 && sampled 990
    is "who woke whom" 1 "select count(*) > 10 from wakeup"
else
    echo "BPF: skipped, not allowed here"
fi

file=perf.out
status_is 0 "$TARGETS/refuse" bpf "$WHYPROF" run --trace --cpu-hz=999 -o $file -- "$TARGETS/rungs"
if [ "$(ask "select value from meta where key = 'mechanism.syscall'")" = perf ]; then
    meta mechanism.sched perf
    known && family 5 && sampled 990
else
    echo "perf: skipped, not allowed here"
fi

file=agent.out
status_is 0 "$TARGETS/refuse" bpf,perf_event_open "$WHYPROF" run --trace --cpu-hz=100 -o $file -- "$TARGETS/rungs"
meta mechanism.sched agent
meta mechanism.syscall agent
meta mechanism.cpu 'agent(timer)'
known && sampled 99
status_is 0 "$TARGETS/refuse" bpf,perf_event_open "$WHYPROF" run --trace --cpu-hz=999 -o $file -- true
is "no more is claimed than was done" 1 "select value like 'agent(timer, %' from meta where key = 'mechanism.cpu'"
status_is 1 "$TARGETS/refuse" bpf,perf_event_open "$WHYPROF" trace start $$ -o none.out
check "why a process without the agent cannot be followed" has err 'refused to root'

if command -v setpriv >/dev/null && other_user test -x "$WHYPROF" -a -x "$TARGETS/rungs"; then
    file=user/user.out
    other_user "$WHYPROF" run --trace --cpu-hz=999 -o user.out -- "$TARGETS/rungs" 2>err || fail "another user"
    if [ "$(ask "select value from meta where key = 'mechanism.sched'")" = perf ]; then
        meta mechanism.syscall agent
        meta mechanism.cpu 'perf(cpu-clock,999Hz)'
        sampled 990
        is "naps" 10 "select count(*) from syscall where $main_thread and name like '%nanosleep' and ret = 0"
        is "switches" 1 "select count(*) > 10 from thread_state where $main_thread and state = 'running'"
    else
        echo "perf for ordinary users: skipped, perf_event_paranoid is $(cat /proc/sys/kernel/perf_event_paranoid)"
    fi
    file=user/refused.out
    other_user "$TARGETS/refuse" perf_event_open "$WHYPROF" run --trace --cpu-hz=100 -o refused.out -- \
        "$TARGETS/rungs" 2>err || fail "another user, nothing allowed"
    meta mechanism.sched agent
    known && sampled 99
fi

# By pid, without the agent: its children and later threads too.
by_pid() { # NAME COMMAND...
    local name=$1
    shift
    file=$name.out
    mkfifo go
    "$@" <go &
    target=$!
    exec 5>go
    rm go
    sleep 0.3
    status_is 0 "$WHYPROF" trace start --cpu-hz=500 $target -o $file
    echo >&5
    exec 5>&-
    wait $target
    status_is 0 "$WHYPROF" trace stop
}
by_pid without "$TARGETS/rungs" wait
if [ "$(ask "select value from meta where key = 'mechanism.syscall'")" != none ]; then
    main_thread="tid = $target"
    family 5
    is "the later thread" 1 "select count(*) from thread where name = 'rung-thread'"
    is "calls that fail" 7 "select count(*) from syscall where $main_thread and name = 'openat' and ret = -2"
    sampled 499
    at_least "samples of the later thread" 15 "select count(*) from sample where stack(stack_id) like '%work_in_thread%'"
    at_least "samples of the child" 15 "select count(*) from sample where stack(stack_id) like '%work_in_child%'"
fi
by_pid with "$WHYPROF" run -- "$TARGETS/rungs" wait
check_no_strays "all rungs"
passed
