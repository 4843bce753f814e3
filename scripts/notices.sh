#!/usr/bin/env bash
# notices.sh FILE: writes the licences of the packages that the program is built from, which ask to go along with it. Where
# there is no cargo-about, FILE says that they are lacking: what is packed with it is for trial, not for others.
set -euo pipefail
cd "$(dirname "$0")/.."
file=$1
mkdir -p "$(dirname "$file")"
if ! cargo about --version >/dev/null 2>&1; then
    echo "skipped: $file lacks the licences of packages: there is no cargo-about (cargo install --locked --features cli cargo-about)" >&2
    echo "This package was made without cargo-about, so the licences of what dann is built from are lacking: not for distribution." \
        > "$file"
    exit 0
fi
cargo about generate --locked --fail --config assets/notices/about.toml --output-file "$file" assets/notices/about.hbs
# Each package that is linked into the program has its line.
missing=$(cargo tree --locked --edges normal --prefix none --format "{p}" | sort -u |
    sed -n 's/^\([^ ]*\) v\([^ ]*\).*/\1 \2/p' | grep -v "^dann " |
    while read -r package; do grep -qF "  $package" "$file" || echo "$package"; done)
[ -z "$missing" ] || { echo "error: $file: expected the licences of $missing, found none" >&2; exit 1; }
