#!/usr/bin/env bash
# The long forms of the tests of reliability; FUZZ_SECONDS is how long each kind of damaged input is tried.
set -euo pipefail
cd "$(dirname "$0")/.."
export XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-/tmp}
DANN_KILLS=30 cargo test --release --test cli -- --nocapture resuming::kills
DANN_KILLS=10 scripts/mpi.sh
DANN_INPUTS=200000 cargo test --release --test robustness
DANN_TRIES=20 cargo test --release --lib -- --nocapture dueling::a_tenth_more_work
DANN_SOAK_STEPS=100000 cargo test --release --test soak -- --nocapture
scripts/drivers.sh target/release/dann
if cargo fuzz --version >/dev/null 2>&1; then
    for target in $(cargo fuzz list); do
        cargo +nightly fuzz run --sanitizer none "$target" -- -max_total_time="${FUZZ_SECONDS:-3600}" -malloc_limit_mb=256 -rss_limit_mb=2048
    done
else
    echo "SKIPPED: cargo-fuzz is not installed (cargo install cargo-fuzz; rustup toolchain install nightly)"
fi
