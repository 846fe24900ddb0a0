#!/bin/bash
# What the agent promises to be exact, of programs that know their own truth.
. "$(dirname "$0")/lib.sh"
targets=$2

sql() { "$WHYPROF" query --csv a.out "$1" | tail -n +2; }

# Full mode: every block of the program's own sizes, and those it kept.
status_is 0 "$WHYPROF" run --trace --events=alloc --alloc=all -o a.out -- "$targets/agent_allocs"
check "the leaks it knows of" has out '^32 blocks, 2244992 bytes kept$'
own="from alloc where size between 70000 and 71999"
check "the same leaks" [ "$(sql "select count(*), sum(size) $own and free_ts is null")" = 32,2244992 ]
check "every block" [ "$(sql "select count(*) $own")" = 23994 ]
check "freed by the other thread" \
    [ "$(sql "select count(*) $own and free_tid is not null and free_tid <> tid")" = 19968 ]
check "never before it was made" [ "$(sql "select count(*) $own and free_ts < ts")" = 0 ]
check "each with a stack and its own weight" \
    [ "$(sql "select count(*) $own and stack_id > 0 and weight = 1")" = 23994 ]
check "a curve of the heap" [ "$(sql "select count(*) > 1 from counter where name = 'heap bytes'")" = 1 ]
check_no_strays "full mode"

# Marks, from C and from C++; without an agent they do nothing.
for program in agent_marks agent_marks_cc; do
    status_is 0 "$targets/$program"
    status_is 0 "$WHYPROF" run --trace --events=user -o a.out -- "$targets/$program"
    check "$program: regions" [ "$(sql "select group_concat(name) from (select name from region order by name)")" = \
        '"in worker,inner,outer"' ]
    check "$program: a region of the task in another thread" \
        [ "$(sql "select count(*) from region r join task k using (task_id) where k.name = 'the task'")" = 1 ]
    check "$program: counter and message" [ "$(sql "select value, text from counter, message where name = 'level'")" = 2.5,hello ]
done

# Waits for every kind of lock: who ended each; and acquisitions by every way there is.
status_is 0 "$WHYPROF" run --trace --events=lock -o a.out -- "$targets/agent_locks" 1 5
mv out waits
status_is 0 python3 "$(dirname "$0")/locks_truth.py" "$WHYPROF" a.out waits
check "all kinds" has out '^55 waits, 0 wrong'
check "acquisitions of a mutex" [ "$(sql "select acquisitions, contentions from lock where name = 'counted'")" = 2000,0 ]
check "and of a read-write lock" [ "$(sql "select acquisitions, contentions from lock where name = 'counted_rw'")" = 3000,0 ]

# CPU time: a known split, within four standard deviations of 300 samples.
status_is 0 "$WHYPROF" run --trace --events=cpu --cpu-hz=200 -o a.out -- "$targets/agent_split" 1500
for share in "sixty 0.48 0.72" "thirty 0.19 0.41" "ten 0.03 0.17"; do
    set -- $share
    check "$1" [ "$(sql "select sum(weight * (f.function = 'split_$1')) * 1.0 / sum(weight) between $2 and $3
        from sample s join stack f on f.stack_id = s.stack_id and f.depth = 0
        where f.function like 'split_%'")" = 1 ]
done
passed
