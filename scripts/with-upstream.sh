#!/usr/bin/env bash
# Runs a command. When its configuration asks for ${BOBBIN_UPSTREAM} and nobody has set that, a mock upstream runs beside
# it on a free port, with ROWS records for each domain and day, and ends with it.
# Usage: scripts/with-upstream.sh CONFIG COMMAND [ARGUMENT...]
set -euo pipefail

config=$1
shift
if [[ -n ${BOBBIN_UPSTREAM:-} ]] || ! grep -qF '${BOBBIN_UPSTREAM}' -- "$config"; then
    exec "$@"
fi

directory=$(mktemp -d)
upstream=
finish() {
    if [[ -n $upstream ]]; then
        kill "$upstream" 2>/dev/null || true
        wait "$upstream" 2>/dev/null || true
    fi
    rm -rf "$directory"
}
trap finish EXIT

"${BIN:-.build/release}/bobbin" demo upstream --port 0 --port-file "$directory/port" --domains 20 \
    --rows "${ROWS:-20000}" --quiet --exit-with-parent >"$directory/log" 2>&1 &
upstream=$!
for ((tries = 0; tries < 300; tries++)); do
    [[ -s $directory/port ]] && break
    kill -0 "$upstream" 2>/dev/null || break
    sleep 0.1
done
if [[ ! -s $directory/port ]]; then
    echo "with-upstream: the mock upstream did not start:" >&2
    cat "$directory/log" >&2
    exit 1
fi

BOBBIN_UPSTREAM="http://127.0.0.1:$(<"$directory/port")"
export BOBBIN_UPSTREAM
"$@"
