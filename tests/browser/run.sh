#!/usr/bin/env bash
# run.sh WHYPROF MAKE-TRACE SPEEDSCOPE: load_exports.py with a made-up trace.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$2" "$folder/sample.out" 1
"$2" --locks "$folder/locks.out"
SPEEDSCOPE=${SPEEDSCOPE:-$3} "$(dirname "$0")/load_exports.py" "$1" "$folder/sample.out" "$folder/locks.out"
