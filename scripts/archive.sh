#!/usr/bin/env bash
# archive.sh BUILD TARGET OUT: packs the program in BUILD with man pages, completions and licences, those of its packages too, into
# OUT/dann-TARGET.tar.gz (.zip for Windows), and its SHA-256 beside it.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1 target=$2 out=$3
program=dann
[[ $target == *windows* ]] && program=dann.exe
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
packed="$work/dann-$target"
mkdir -p "$packed/completions" "$packed/man" "$out"
cp "$build/$program" README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE "$packed"
scripts/notices.sh "$packed/LICENSES-PACKAGES.txt"
for shell in bash zsh fish powershell; do
    "$build/$program" completions "$shell" > "$packed/completions/dann.$shell"
done
"$build/$program" man --out "$packed/man"
out=$(cd "$out" && pwd)
cd "$work"
if [[ $target == *windows* ]]; then
    archive="dann-$target.zip"
    7z a -bso0 "$out/$archive" "dann-$target"
else
    archive="dann-$target.tar.gz"
    tar -czf "$out/$archive" "dann-$target"
fi
cd "$out"
if command -v sha256sum >/dev/null; then sha256sum "$archive"; else shasum -a 256 "$archive"; fi > "$archive.sha256"
