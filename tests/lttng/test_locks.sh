#!/bin/bash
# Waits for every kind of lock: their time is within 2 % of what the program measured.
. "$(dirname "$0")/lib.sh"
targets=$2

for mode in contended all; do
    status_is 0 "$WHYPROF" run --trace --events=lock --locks=$mode -o a.out -- "$targets/agent_locks" 5 50
    mv out waits
    status_is 0 python3 "$(dirname "$0")/locks_truth.py" "$WHYPROF" a.out waits 2
    cat out
done
check_no_strays "locks"
passed
