#!/usr/bin/env bash
# How many crates an application compiles more when it embeds dann: packages by name, for normal and build dependencies
# on Linux, beyond those of wgpu, pollster and bytemuck. Fails above the limit. With --time both are also built, and
# the processor time of each is printed.
set -euo pipefail
cd "$(dirname "$0")/.."
LIMIT=40

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# An application of these dependencies, with the versions of Cargo.lock, which are there already.
application() {
    mkdir -p "$work/$1/src"
    cp Cargo.lock "$work/$1"
    echo 'fn main() {}' >"$work/$1/src/main.rs"
    cat >"$work/$1/Cargo.toml" <<TOML
[package]
name = "application"
version = "0.0.0"
edition = "2024"
[dependencies]
wgpu = "30"
pollster = "1"
bytemuck = "1"
$2
[workspace]
TOML
}
crates() {
    cargo tree --manifest-path "$work/$1/Cargo.toml" --target x86_64-unknown-linux-gnu \
        -e normal,build --prefix none | awk '$1 != "application" && $1 != "dann" { print $1 }' | sort -u >"$work/$1.txt"
    wc -l <"$work/$1.txt"
}
processor_time() {
    local TIMEFORMAT='%U %S'
    { time cargo build --quiet --release --manifest-path "$work/$1/Cargo.toml" 2>"$work/log"; } 2>&1 |
        awk '{ printf "%.0f s", $1 + $2 }'
}

application without ''
application with "dann = { path = \"$PWD\", default-features = false, features = [\"embed\"] }"
without=$(crates without)
with=$(crates with)
more=$((with - without))
echo "wgpu, pollster and bytemuck: $without crates; with dann embedded: $with, $more more ($LIMIT allowed)"
if ((more > LIMIT)); then
    comm -13 "$work/without.txt" "$work/with.txt"
    exit 1
fi
if [[ ${1-} == --time ]]; then
    echo "processor time of a release build: $(processor_time without), with dann embedded $(processor_time with)"
fi
