#!/usr/bin/env bash
# Usage: DANN=target/release/dann [PHOTOS=DIR] scripts/demo.sh
# MNIST → MNIST-M: source-only, DANN and target-only in runs/demo. What is finished is kept, what was interrupted
# goes on.
set -euo pipefail
PHOTOS=${PHOTOS-}

clean_up() {
    status=$?
    rm -rf data/.unfinished-* data/*/.unfinished-*
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

step() { printf '\n== %s\n' "$*"; }

make_target() {
    if [ -z "$PHOTOS" ]; then
        step "Photos for the backgrounds"
        if "$DANN" data fetch bsds500; then
            PHOTOS=data/bsds500
        else
            echo "The photos cannot be reached: going on with generated backgrounds."
        fi
    fi
    step "MNIST-M"
    "$DANN" data make mnist-m --mnist data/mnist --out data ${PHOTOS:+--photos "$PHOTOS"}
}

train() {
    step "Training: $1"
    if [ -e "runs/demo/$1/result.json" ]; then
        echo "Finished before, kept as it is (make clean-demo removes it)."
    elif ls "runs/demo/$1"/checkpoints/*.safetensors >/dev/null 2>&1; then
        "$DANN" train --resume "runs/demo/$1" --no-report
    else
        rm -rf "runs/demo/$1"
        "$DANN" train --preset demo --method "$1" --out "runs/demo/$1" --no-report
    fi
}

step "MNIST"
"$DANN" data fetch mnist
if [ -d data/mnist_m ]; then
    echo "MNIST-M is in data/mnist_m"
    grep -q '"blend": "invert"' data/mnist_m/source.json 2>/dev/null ||
        echo "It is not known to be in the released form: move it away, and this script makes one that is."
else
    make_target
fi
for method in source-only dann target-only; do
    train "$method"
done
step "Result"
"$DANN" runs runs/demo
echo "For a page about the three runs: $DANN report runs/demo/source-only runs/demo/dann runs/demo/target-only"
