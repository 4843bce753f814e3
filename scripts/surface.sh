#!/usr/bin/env bash
# What is public without the feature `unstable`, as the documentation of all other features lists it, is what
# tests/surface.txt promises; and that documentation has no warning.
set -euo pipefail
cd "$(dirname "$0")/.."
features=$(scripts/features.sh --list | grep -Evx 'check|cli|mpi|unstable' | paste -sd, -)
RUSTDOCFLAGS='-D warnings' cargo doc --quiet --release --no-deps --lib --no-default-features --features "$features"
grep -oE '<li><a href="[^"]*">[^<]*' target/doc/dann/all.html | sed 's/.*>//' |
    LC_ALL=C sort -u | diff - tests/surface.txt
