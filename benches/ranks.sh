#!/usr/bin/env bash
# Usage: benches/ranks.sh DATA PICTURES [ROUNDS]. Where a step's time goes on one, two and four MPI ranks of this machine.
# DATA is a set of digits, taken as source and as target; PICTURES has the folders a (source) and b (target) of pictures, which have
# as many classes and at least 24 pictures each; data/weights has the weights of EfficientNet-Lite0. The program is built with the
# cargo feature mpi.
set -euo pipefail
data=$1 pictures=$2 rounds=${3-3}
dann=$(dirname "$0")/../target/release/dann
runs=$(mktemp -d)
trap 'rm -rf "$runs"' EXIT

parts() { # RANKS, and what is trained
    local ranks=$1
    shift
    mpirun --oversubscribe -n "$ranks" "$dann" train "$@" --no-report --out "$(mktemp -d "$runs/XXXX")/run" 2>/dev/null |
        tr -s '\n ' ' ' | grep -o '[0-9]* ranks; .*upload [0-9.]*'
}

for ((round = 0; round < rounds; round++)); do
    for preset in paper finetune; do
        echo "$preset, 1 rank: $("$dann" bench --preset $preset --json | grep -o '"step_ms_median":[0-9.]*')"
    done
    for ranks in 2 4; do
        echo "paper: $(parts $ranks --preset paper --source "$data" --target "$data" --steps 60)"
        echo "finetune: $(parts $ranks --preset finetune --source "$pictures/a" --target "$pictures/b" --steps 5)"
    done
done
