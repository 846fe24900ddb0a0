#!/bin/bash
# System calls against strace: of a program that always does the same, every call's count,
# and of each its results and errnos.
. "$(dirname "$0")/lib.sh"

TARGETS=${2:?usage: test_calls.sh BIN TARGETS}
command -v strace >/dev/null || skip "strace is not installed"
strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"

# What is another address, number or time in every run, or is not of the program alone.
other='mmap|brk|munmap|mprotect|set_tid_address|set_robust_list|rseq|getrandom|futex|arch_prctl|execve|exit|exit_group|clone|clone3|vfork|fork|wait4|gettid|getpid|restart_syscall|rt_sigreturn|clock_gettime'

strace -f -qq -o strace.txt "$TARGETS/rungs" || fail "strace"
# "PID name(...) = RESULT ERRNO (text)", of a call that another cut in two its second half.
sed -E -n 's/^[0-9]+ +(<\.\.\. )?([a-z_0-9]+)(\(| resumed>).* = (-?[0-9]+|0x[0-9a-f]+)( ([A-Z0-9]+))?.*/\2 \4 \6/p' strace.txt |
    grep -vE "^($other) " | sed 's/ *$//' | sort | uniq -c >want
[ "$(wc -l <want)" -gt 10 ] || fail "strace's output is not understood"

# Attached to a stopped shell that becomes the program: no agent in it.
sh -c 'kill -STOP $$; exec "$@"' sh "$TARGETS/rungs" &
target=$!
sleep 0.3
status_is 0 "$WHYPROF" trace start --events=sched,syscall -o calls.out $target
kill -CONT $target
wait $target
status_is 0 "$WHYPROF" trace stop
case $("$WHYPROF" query calls.out "select value from meta where key = 'mechanism.syscall'" | tail -1) in
bpf* | perf*) ;;
*) skip "no system calls from the kernel here" ;;
esac
since=$("$WHYPROF" query calls.out "select max(ts) from syscall where name = 'execve' and tid = $target" | tail -1)
"$WHYPROF" query --csv calls.out "select name, ret from syscall where ts > $since and not unfinished" |
    tr -d '"\r' | tail -n +2 >raw
python3 - >got <<'END' || fail "errno names"
import collections, errno, re
calls = collections.Counter()
for line in open("raw"):
    name, ret = line.strip().split(",")
    value = int(ret)
    calls[f"{name} {value}" if value >= 0 or value < -4095 else f"{name} -1 {errno.errorcode[-value]}"] += 1
for call, count in sorted(calls.items()):
    print(f"{count:7} {call}")
END
grep -vE "^ *[0-9]+ ($other) " got | sort >got.sorted
sort want >want.sorted
diff want.sorted got.sorted >difference || { cat difference; fail "calls, results or errnos differ (<: strace, >: whyprof)"; }
check "something was compared" [ "$(awk '{ n += $1 } END { print n }' got.sorted)" -gt 60 ]
check "failing ones too" has got.sorted 'openat -1 ENOENT'
check_no_strays "calls"
passed
