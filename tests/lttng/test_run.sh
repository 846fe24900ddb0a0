#!/bin/bash
# whyprof run: the program is untouched, its status comes back, nothing is left.
. "$(dirname "$0")/lib.sh"

status_is 7 "$WHYPROF" run --trace -o a.out -- sh -c 'cat; echo to-stderr >&2; exit 7' </etc/hostname
check "the program's output passes" cmp -s out /etc/hostname
check "the program's errors pass" has err '^to-stderr$'
check "the path is told" has err "whyprof: .*/a.out$"
check "the losses are told" has err 'none lost$'
"$WHYPROF" dump a.out >dump || fail "dump"
check "it knows the program" has dump '^process pid=.* name="sh" '
check "it knows its child" has dump '^process pid=.* name="cat" '
check "it knows the exit status" has dump '^meta key="exit_status" value="7"'
check "it knows the command line" has dump '^meta key="command_line" value="sh -c .*exit 7'
check_no_strays "a run"

status_is 143 "$WHYPROF" run --trace -o a.out -- sh -c 'kill -TERM $$'
status_is 127 "$WHYPROF" run --trace -o none.out -- ./missing
check "why is told" has err '^whyprof: ./missing: No such file or directory$'
touch not-executable && chmod 644 not-executable
status_is 126 "$WHYPROF" run --trace -o none.out -- ./not-executable
check "no trace of a program that never ran" [ ! -e none.out ]
status_is 1 "$WHYPROF" run --trace -o no/such/folder/a.out -- true
status_is 2 "$WHYPROF" run --trace --events=nonsense -- true
status_is 2 "$WHYPROF" run --trace
check_no_strays "failed starts"

status_is 0 "$WHYPROF" run --trace --events=lock,user --keep-ctf -o b.out -- true
check "the CTF files are kept" [ -f b.ctf/ust/uid/0/64-bit/metadata ]
check "only the classes asked for" lacks b.ctf/ust/uid/0/64-bit/metadata 'whyprof_alloc'
status_is 0 env OUTPUT_DIR=traces "$WHYPROF" run --trace -- true
check "OUTPUT_DIR and the default name" [ "$(ls traces | grep -c '^trace_[0-9]*_[0-9]*\.out$')" = 1 ]
check_no_strays "kept files"

"$WHYPROF" run --trace -o c.out -- sleep 30 2>err &
pid=$!
sleep 1
kill -TERM $pid
wait $pid
check "SIGTERM is passed on" [ $? = 143 ]
check "a killed program's trace" "$WHYPROF" check c.out >/dev/null
check_no_strays "SIGTERM"

status_is 5 "$WHYPROF" run -- sh -c 'exit 5'
passed
