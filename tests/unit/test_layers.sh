#!/usr/bin/env bash
# Holds the sources to the direction of includes (tracer/CMakeLists.txt): every
# `#include "layer/..."` must name the file's own layer or one it may use, and
# each foreign library is included by one layer only.
set -euo pipefail
cd "${1:?usage: test_layers.sh SOURCE-FOLDER}"
bad=0
complain() { printf '%s\n' "$*" >&2; bad=1; }

# layer -> what it may include, transitively closed by hand so that it reads as a table
declare -A may=(
    [base]=''
    [trace]='base'
    [profile]='base trace'
    [pprof]='base trace profile symbols'
    [symbols]='base'
    [analyze]='base trace profile symbols'
    [report]='base trace profile symbols analyze'
    [export]='base trace profile symbols analyze query'
    [query]='base trace profile symbols analyze'
    [convert]='base trace profile symbols analyze tracepoints'
    [import]='base trace'
    [plugin]='base trace profile symbols analyze export query convert'
    [session]='base tracepoints'
    [remote]='base'
    [collect]='base tracepoints'
    [http]='base'
    [serve]='base trace profile symbols pprof http'
    [process]='base trace profile symbols session tracepoints'
    [cli]='base trace profile pprof symbols analyze report export query convert import session process http remote serve'
    [viewer/model]='base trace profile symbols analyze model'
    [viewer/gfx]='base gfx'
    [viewer/ui]='base gfx model ui'
    [viewer/views]='base trace profile pprof symbols analyze model gfx ui views'
    [viewer/app]='base trace profile pprof symbols analyze model gfx ui views app'
    [tracepoints]='tracepoints provider agent hooks'
)

check_includes() { # LAYER FOLDER
    local own=${1##*/} file included
    while IFS=: read -r file included; do
        case " $own ${may[$1]} " in
        *" $included "*) ;;
        *) complain "$file: layer $1 may not include \"$included/...\"" ;;
        esac
    done < <(find "$2" -name '*.[ch]' -exec grep -HoE '^#include "[a-z_]+/' {} + |
        sed -E 's|:#include "([a-z_]+)/|:\1|')
}

for layer in "${!may[@]}"; do
    folder=$layer
    [[ $layer == viewer/* || $layer == tracepoints ]] || folder=tracer/$layer
    [ ! -d "$folder" ] || check_includes "$layer" "$folder"
done

only_in() { # HEADER-PATTERN FOLDER...
    local pattern=$1 file where allowed
    shift
    while IFS= read -r file; do
        allowed=no
        for where in "$@"; do [[ $file == "$where"* ]] && allowed=yes; done
        [ $allowed = yes ] || complain "$file: <$pattern> belongs to $*"
    done < <(grep -rlE "^#include <($pattern)" --include='*.[ch]' tracer viewer tracepoints || true)
}
only_in 'SDL' viewer/gfx/
only_in 'babeltrace2' tracer/convert/
only_in 'lttng/lttng' tracer/session/
only_in 'lttng/(tracepoint|ust)' tracepoints/
only_in 'bpf/' tracer/collect/
only_in 'linux/perf_event' tracer/collect/ tracer/process/ # process: a single sample of a thread
only_in 'elfutils' tracer/symbols/
only_in 'capstone' tracer/symbols/
only_in 'cairo' tracer/pprof/
only_in 'dwarf' tracer/symbols/ tracepoints/agent/ # constants only in the agent
only_in 'libdeflate' tracer/profile/
only_in 'pcre2' tracer/pprof/
only_in 'microhttpd' tracer/http/
only_in 'editline' tracer/cli/
only_in 'sqlite3' tracer/query/
only_in 'cjson' tracer/export/ tracer/report/ tracer/session/ tracer/serve/ tracer/cli/ viewer/

# no folder escapes the table
for folder in tracer/*/ viewer/*/; do
    layer=${folder%/}
    layer=${layer#tracer/}
    [ -n "${may[$layer]+x}" ] || complain "$folder is not in the table of $0"
done
[ $bad = 0 ] && echo 'includes run one way'
exit $bad
