#!/bin/sh
# make bench: prepares the tools below .bench/ and measures; README.md says what. Nothing is installed.
#
#   BENCH_ROWS=1000000   rows of each workload          BENCH_RUNS=3      rounds
#   BENCH_ONLY=regex     some figures or sections       BENCH_LARGE=1     also ten times the rows (24 GB of disk)
#   BENCH_PEERS=dir      a Python environment with dlt, ingestr, sling
#   BOBBIN=path          the program; without it .build/release/bobbin
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
work=$root/.bench
bobbin=${BOBBIN:-$root/.build/release/bobbin}
mkdir -p "$work/packages"

say() { echo "bench: $*" >&2; }

# Takes Debian packages apart instead of installing them: no root, no service that starts, nothing to remove.
unpack() {
    [ -z "$(command -v apt-get)" ] && return 1
    say "fetching $*"
    user=$(id -un)
    (cd "$work/packages" && {
        apt-get -qq -o APT::Sandbox::User="$user" download "$@" 2>/dev/null || {
            [ "$user" = root ] && apt-get -qq update && apt-get -qq -o APT::Sandbox::User=root download "$@"
        }
    } && for file in *.deb; do dpkg -x "$file" tree && rm "$file"; done) || return 1
}

tree=$work/packages/tree
nginx=$(command -v nginx || echo "$tree/usr/sbin/nginx")
[ -x "$nginx" ] || unpack nginx || say "no nginx: the mock upstream serves instead"
"$nginx" -v 2>/dev/null || nginx=

# The servers' own programs are only taken from the system: they have users and services.
compiler=$(command -v g++ || command -v clang++ || command -v c++ || true)
floor=
servers=
nosync=
if [ -n "$compiler" ]; then
    libraries=$tree/usr/lib/$(uname -m)-linux-gnu
    build() {
        "$compiler" -O2 -march=native -std=c++17 -Wall -Wextra -isystem "$tree/usr/include" "$here/floor.cpp" \
            -o "$work/floor" -L"$libraries" -Wl,-rpath,"$libraries" -lsimdjson -lcurl -lzstd -lsqlite3 -pthread
    }
    build_servers() {
        "$compiler" -O2 -march=native -std=c++17 -Wall -Wextra -isystem "$tree/usr/include" \
            -isystem "$tree/usr/include/postgresql" -isystem "$tree/usr/include/mariadb" -isystem /usr/include/postgresql \
            -isystem /usr/include/mariadb "$here/floor_servers.cpp" -o "$work/floor-servers" -L"$libraries" \
            -Wl,-rpath,"$libraries" -lsimdjson -lzstd -lpq -lmariadb
    }
    newer() { [ "$1" -nt "$2" ] && [ "$1" -nt "$here/chunks.h" ]; }
    if newer "$work/floor" "$here/floor.cpp"; then
        floor=$work/floor
    elif build 2>"$work/floor.log"; then
        floor=$work/floor
    elif grep -q 'simdjson' "$work/floor.log" && unpack libsimdjson-dev '^libsimdjson[0-9]*$' && build; then
        floor=$work/floor
    else
        say "the floors do not compile ($work/floor.log): measured without them"
    fi
    if newer "$work/floor-servers" "$here/floor_servers.cpp"; then
        servers=$work/floor-servers
    elif build_servers 2>"$work/floor-servers.log"; then
        servers=$work/floor-servers
    elif unpack libpq-dev libpq5 libmariadb-dev libmariadb3 && build_servers 2>"$work/floor-servers.log"; then
        servers=$work/floor-servers
    else
        say "the floors of the servers do not compile ($work/floor-servers.log): measured without them"
    fi
    "$compiler" -x c -O2 -shared -fPIC "$here/nosync.c" -o "$work/nosync.so" && nosync=$work/nosync.so
fi

duckdb=$root/.build/duckdb/libduckdb.so
"$root/scripts/duckdb-library.sh" && [ -e "$duckdb" ] || {
    say "no library of DuckDB: measured without it"
    duckdb=
}

[ -x "$bobbin" ] || bobbin=
mock=$root/.build/release/bobbin-upstream
[ -z "$bobbin" ] || mock=$(dirname "$bobbin")/bobbin-upstream
[ -x "$mock" ] || mock=

PYTHONDONTWRITEBYTECODE=1 exec python3 "$here/bench.py" --work "$work" --bobbin "$bobbin" --mock "$mock" \
    --nginx "$nginx" --floor "$floor" --floor-servers "$servers" --nosync "$nosync" --duckdb "$duckdb" \
    --rows "${BENCH_ROWS:-1000000}" --runs "${BENCH_RUNS:-3}" --only "${BENCH_ONLY:-}" ${BENCH_LARGE:+--large}
