# lib: what the LTTng tests share. A test sources it with BIN (the folder of the
# programs) as its first argument; from there on it runs in a mount namespace of its
# own where the session daemon's folder, ours and /dev/shm are empty, so that it
# neither sees nor disturbs a daemon of the machine. Without root, or where the
# kernel forbids that, it is skipped: exit status 77.
set -u

skip() { echo "skipped: $1"; exit 77; }

if [ -z "${WHYPROF_ISOLATED:-}" ]; then
    [ "$(id -u)" = 0 ] || skip "needs root, for a private mount namespace"
    unshare -m true 2>/dev/null || skip "this machine allows no mount namespaces"
    command -v lttng-sessiond >/dev/null || skip "lttng-sessiond is not installed"
    mkdir -p /var/run/lttng /run/whyprof
    WHYPROF_ISOLATED=1 exec unshare -m --propagation private sh -c '
        mount -t tmpfs none /var/run/lttng && mount -t tmpfs none /run/whyprof &&
        mount -t tmpfs none /dev/shm && exec "$@"' sh bash "$0" "$@"
fi

BIN=$1
WHYPROF=$BIN/whyprof
WORK=$(mktemp -d)
chmod 755 "$WORK"
cd "$WORK" || exit 1
trap 'cd /; end_daemon; rm -rf "$WORK"' EXIT
checks=0

# A daemon left by a failed check must not outlive the test.
end_daemon() {
    [ -f /var/run/lttng/lttng-sessiond.pid ] && kill "$(cat /var/run/lttng/lttng-sessiond.pid)"
} 2>/dev/null

fail() { echo "FAILED: $*"; exit 1; }

# check TEXT COMMAND...: the command must succeed.
check() {
    local text=$1
    shift
    "$@" || fail "$text"
    checks=$((checks + 1))
}

# status_is N COMMAND...: its exit status must be N. Output goes to the file `out`,
# errors to `err`.
status_is() {
    local want=$1 got=0
    shift
    "$@" >out 2>err || got=$?
    [ "$got" = "$want" ] || { cat out err; fail "status $got, not $want: $*"; }
    checks=$((checks + 1))
}

has() { grep -qae "$2" "$1"; }
lacks() { ! grep -qae "$2" "$1"; }

# A process of ours in this namespace, if there is one.
stray() {
    local ns me p
    ns=$(readlink /proc/self/ns/mnt)
    for p in /proc/[0-9]*; do
        [ "$(readlink "$p/ns/mnt" 2>/dev/null)" = "$ns" ] || continue
        me=$(cat "$p/comm" 2>/dev/null)
        case $me in whyprof*|lttng-*) echo "$me ${p#/proc/}"; return ;; esac
    done
}

# Nothing of ours may be left: processes in this namespace, sockets, states, folders.
check_no_strays() {
    local left
    for _ in $(seq 50); do # a daemon that was told to end takes its time
        left=$(stray)
        [ -n "$left" ] || break
        sleep 0.1
    done
    [ -z "$left" ] || fail "still runs after $1: $left"
    check "states are left after $1: $(ls /run/whyprof)" [ -z "$(ls /run/whyprof | grep -v '^lock$')" ]
    check "CTF files are left after $1" [ -z "$(find . -name '.*.ctf')" ]
}

recorder_pid() { "$WHYPROF" trace status --json | sed -n 's/.*"recorder_pid": \([0-9]*\).*/\1/p'; }
daemon_pid() { cat /var/run/lttng/lttng-sessiond.pid; }

passed() { echo "$checks passed, 0 failed"; }
