#!/usr/bin/env bash
# Makes the library of DuckDB that tests load, below .build/duckdb: libduckdb.so.
# Usage: scripts/duckdb-library.sh
#
# No Debian package has libduckdb. The Python package of the same version has the whole C interface in its one module, which also
# refers to functions of Python that nothing here calls: a library of empty symbols stands in for them, and libduckdb.so is a
# third one that only names the two, so that one file can be loaded.
set -euo pipefail
cd "$(dirname "$0")/.."

version=1.5.6
directory=.build/duckdb
library=$directory/libduckdb.so
[ -e "$library" ] && [ "$(cat "$directory/version" 2>/dev/null)" = "$version" ] && exit 0

compiler=$(command -v cc || command -v gcc || command -v clang) || {
    echo "duckdb-library: no C compiler" >&2
    exit 1
}
rm -rf "$directory"
mkdir -p "$directory"
echo "duckdb-library: fetching DuckDB $version" >&2
python3 -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --root-user-action ignore \
    --target "$directory/package" "duckdb==$version"
module=$(find "$directory/package" -name '_duckdb*.so' | head -n 1)
[ -n "$module" ] || {
    echo "duckdb-library: the package duckdb $version has no module _duckdb" >&2
    exit 1
}
mv "$module" "$directory/libduckdb-module.so"
rm -rf "$directory/package"
nm -D -u "$directory/libduckdb-module.so" | sed -nE 's/^ *U (_?Py[A-Za-z0-9_]*).*/char \1[4096] __attribute__((aligned(16)));/p' \
    >"$directory/python.c"
echo 'int bobbin_duckdb;' >"$directory/both.c"
"$compiler" -shared -fPIC -o "$directory/libduckdb-python.so" "$directory/python.c"
"$compiler" -shared -fPIC -o "$directory/made.so" "$directory/both.c" -L"$directory" \
    -Wl,--no-as-needed,--allow-shlib-undefined,-rpath,'$ORIGIN' -l:libduckdb-python.so -l:libduckdb-module.so
echo "$version" >"$directory/version"
# Last, so that a build that was cut off is no library.
mv "$directory/made.so" "$library"
