#!/usr/bin/env bash
# Profiles by URL, from a web server of python's: fetched whole, and each failure told.
set -u
whyprof=${1:?usage: remote.sh WHYPROF TRACE}
trace=${2:?}
work=$(mktemp -d)
trap 'kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1
unset DURATION OUTPUT_DIR http_proxy all_proxy HTTP_PROXY ALL_PROXY
failed=0
fail() { echo "FAILED: $*"; failed=1; }

mkdir -p www/debug/pprof
"$whyprof" export "$trace" --for=pprof --kind=heap -o www/debug/pprof/heap >/dev/null || fail "export"
cp www/debug/pprof/heap www/debug/pprof/profile
echo "no profile at all" >www/debug/pprof/mutex
cat >serve.py <<'PY'
import functools, http.server
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory="www")
server = http.server.HTTPServer(("127.0.0.1", 0), handler)
print(server.server_address[1], flush=True)
server.serve_forever()
PY
python3 serve.py >port 2>log &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.05; done
url=http://127.0.0.1:$(cat port)

# says WHAT STATUS PATTERN COMMAND...: exit status and what it says on stderr
says() {
    local what=$1 status=$2 pattern=$3 got=0
    shift 3
    "$@" >out 2>err || got=$?
    [ "$got" = "$status" ] || { cat err; fail "$what: status $got, not $status"; }
    grep -qE "$pattern" err || { cat err; fail "$what: not told"; }
}

for address in "$url" "$url/" "$url/debug/pprof" "$url/debug/pprof/"; do
    says "$address" 0 '^whyprof: heap: ' "$whyprof" heap "$address" --output-dir got
    cmp -s "$(cat out)" www/debug/pprof/heap || fail "$address: not what was served"
done
says "seconds" 0 'profile\?seconds=7$' "$whyprof" cpu "$url" --duration 7s --output-dir got
says "404" 1 'the server answers 404' "$whyprof" block "$url" --output-dir got
says "no profile" 1 'the answer is not a profile' "$whyprof" mutex "$url" --output-dir got
says "unreachable" 1 'not reachable' "$whyprof" heap http://127.0.0.1:1 --output-dir got
says "TLS" 1 'TLS: ' "$whyprof" heap "https${url#http}" --output-dir got
[ "$(find got -type f | wc -l)" = 5 ] || fail "failures left files: $(ls -A got)"
[ $failed = 0 ] && echo "remote profiles as told"
exit $failed
