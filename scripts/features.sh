#!/usr/bin/env bash
# Every feature alone, and none, builds without a warning, and what is public without `unstable` is what is promised.
# With --list, only the names of the features are printed.
set -euo pipefail
cd "$(dirname "$0")/.."
features=$(sed -n '/^\[features\]/,/^\[dependencies\]/s/^\([a-z]*\) = .*/\1/p' Cargo.toml | grep -vx default)
if [[ ${1-} == --list ]]; then
    echo "$features"
    exit
fi
for feature in "" $features; do
    if [[ $feature == mpi ]] && ! command -v mpicc >/dev/null; then
        echo "skipped: feature mpi, as there is no MPI"
        continue
    fi
    echo "features: ${feature:-none}"
    cargo clippy --quiet --release --no-default-features --features "$feature" -- -D warnings
done
scripts/surface.sh
