#!/usr/bin/env bash
# The tests of one training over several MPI ranks, where there is an MPI (Debian: libopenmpi-dev openmpi-bin libclang-dev).
set -euo pipefail
cd "$(dirname "$0")/.."

for needed in mpirun mpicc pgrep; do
    if ! command -v "$needed" >/dev/null; then
        echo "skipped: one training over several MPI ranks, as there is no $needed (apt-get install libopenmpi-dev openmpi-bin libclang-dev procps)"
        exit 0
    fi
done
cargo test --release --features mpi --test cli -- ranks::
