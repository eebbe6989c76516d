#!/usr/bin/env bash
# Prints the result of one query on an SQLite file, by sqlite3 or else by python3.
# Usage: scripts/query.sh FILE SQL
set -euo pipefail

file=$1
sql=$2
echo "$file: $sql"
if command -v sqlite3 >/dev/null; then
    sqlite3 -readonly -header -column "$file" "$sql"
elif command -v python3 >/dev/null && python3 -c 'import sqlite3' 2>/dev/null; then
    python3 - "$file" "$sql" <<'PYTHON'
import pathlib, sqlite3, sys

connection = sqlite3.connect(pathlib.Path(sys.argv[1]).resolve().as_uri() + "?mode=ro", uri=True)
cursor = connection.execute(sys.argv[2])
rows = [[column[0] for column in cursor.description]]
rows += [["" if value is None else str(value) for value in row] for row in cursor]
widths = [max(map(len, column)) for column in zip(*rows)]
for row in rows:
    print("  ".join(value.ljust(width) for value, width in zip(row, widths)).rstrip())
PYTHON
else
    echo "query: neither sqlite3 nor python3 is installed; the rows are in $file" >&2
fi
