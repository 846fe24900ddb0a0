#!/usr/bin/env bash
# A real recording's CTF files: every reader and any number of threads give one trace
# file, byte for byte, as does babeltrace2 with our plugin.
QUESTIONS=$(realpath "$(dirname "$0")/../golden/query")
. "$(dirname "$0")/lib.sh"

run_and_keep() {
    status_is 0 "$WHYPROF" run --trace --keep-ctf="$WORK/ctf" -o first.out -- \
        sh -c 'for i in 1 2 3 4 5; do ls -l /usr/bin >/dev/null; sleep 0.01; done'
}
run_and_keep
for reader in auto ctf ctf.fs; do
    for threads in 1 3; do
        status_is 0 "$WHYPROF" convert "$WORK/ctf" -o "$reader.$threads.out" \
            --reader=$reader --threads=$threads
        check "$reader with $threads threads writes the same file" \
            cmp "$reader.$threads.out" auto.1.out
    done
done
status_is 0 "$WHYPROF" check auto.1.out

# The README's questions have answers in a real trace, too.
for question in "$QUESTIONS"/*.sql; do
    status_is 0 "$WHYPROF" query auto.1.out - <"$question"
done
status_is 2 "$WHYPROF" convert "$WORK/ctf" -o x.out --reader=other
has err 'auto, ctf, ctf.fs or lttng-live' || fail "a wrong reader is not explained"

# A stream cut in mid-packet, as a crash leaves it: both read what is whole.
stream=$(find "$WORK/ctf" -name 'whyprof_*' -size +0 -not -name '*.idx' | sort | head -1)
truncate -s -1000 "$stream"
for reader in ctf ctf.fs; do
    status_is 0 "$WHYPROF" convert "$WORK/ctf" -o "cut.$reader.out" --reader=$reader
    "$WHYPROF" query "cut.$reader.out" 'select source from lost' >lost
    check "$reader tells what was cut" has lost 'is cut short'
done
check "both keep the same of a cut session" cmp cut.ctf.out cut.ctf.fs.out
check_no_strays "conversions"
passed
