#!/usr/bin/env bash
# Compares every report of tests/data/pprof/reports.txt with its golden file.
set -uo pipefail
whyprof=${1:?usage: pprof.sh WHYPROF DATA-FOLDER}
cd "${2:?usage: pprof.sh WHYPROF DATA-FOLDER}" || exit 1
export TZ=UTC LC_ALL=C.UTF-8
passed=0 failed=0
got=$(mktemp)
trap 'rm -f "$got"' EXIT
while read -r golden arguments; do
    [[ $golden == '#'* ]] && continue
    # No globbing: the arguments are regular expressions.
    set -f; words=($arguments); set +f
    "$whyprof" pprof "${words[@]}" >"$got" 2>/dev/null
    if cmp -s "golden/$golden" "$got"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "differs: whyprof pprof $arguments"
        diff "golden/$golden" "$got" | head -10
    fi
done <reports.txt
# The shell: what it prints, and what it answers, for a typed session.
if "$whyprof" pprof in/cpu.pb.gz <shell.in 2>&1 | diff shell.out - >"$got"; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
    echo 'differs: the shell'
    head -20 "$got"
fi
echo "$passed reports equal, $failed differ"
[ $failed = 0 ] && [ $passed -gt 50 ]
