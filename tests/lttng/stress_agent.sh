#!/bin/bash
# A minute of everything at once in one program: threads, allocation and lock events in
# full, CPU timers at their fastest, dlopen, fork, signals. Nothing may crash, hang or
# lose a count. Best with an agent built with WHYPROF_AGENT_UBSAN=ON.
#     stress_agent.sh BIN TARGETS [SECONDS]
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
targets=$2
seconds=${3:-60}

export WHYPROF_OPTIONS=cpu_hz=1000,locks=all
status_is 0 timeout $((seconds + 120)) "$WHYPROF" run --trace --alloc=all -o a.out -- \
    "$targets/agent_stress" $((seconds * 1000)) "$targets/libagent_tls_library.so"
check "the program's own counts" has out '^ok$'
check "a whole trace" "$WHYPROF" check a.out >/dev/null
"$WHYPROF" query --csv a.out "select count(*) from process where exit_status > 127" | tail -1 >signals
check "no child ended by a signal" [ "$(cat signals)" = 0 ]
for i in 1 2 3; do
    status_is 23 timeout 60 "$WHYPROF" run --trace --alloc=all -o b.out -- "$targets/agent_semantics"
done
if command -v valgrind >/dev/null; then
    status_is 0 timeout 120 "$WHYPROF" run --trace --alloc=all -o c.out -- valgrind -q --error-exitcode=99 \
        --suppressions="$here/agent.supp" "$targets/agent_allocs"
fi
check_no_strays "stress"
passed
