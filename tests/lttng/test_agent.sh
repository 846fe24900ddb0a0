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
passed
