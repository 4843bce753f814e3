#!/usr/bin/env bash
# Every feature alone, and none, builds without a warning.
set -euo pipefail
cd "$(dirname "$0")/.."
features=$(sed -n '/^\[features\]/,/^\[dependencies\]/s/^\([a-z]*\) = .*/\1/p' Cargo.toml)
for feature in "" $features; do
    echo "features: ${feature:-none}"
    cargo clippy --quiet --release --no-default-features --features "$feature" -- -D warnings
done
