#!/usr/bin/env bash
# Usage: scripts/vulkan.sh DANN
# Installs a software Vulkan driver where the program DANN finds no adapter.
set -euo pipefail
dann=$1

# OpenGL in software is no adapter to train on: Vulkan in software serves the same machines better.
has_adapter() {
    "$dann" devices --json 2>/dev/null | grep '"usable":true' | grep -vq '"backend":"gl".*"type":"Cpu"'
}

if ! has_adapter; then
    if ! command -v apt-get >/dev/null; then
        "$dann" devices || true # says what to install on this system
        echo "error: no Vulkan adapter, and no apt-get to install a driver with" >&2
        exit 1
    fi
    echo "No adapter found: installing a software Vulkan driver (mesa-vulkan-drivers)."
    sudo=
    [ "$(id -u)" -eq 0 ] || sudo=sudo
    $sudo apt-get update -q
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends mesa-vulkan-drivers
    has_adapter || { "$dann" devices; echo "error: still no Vulkan adapter" >&2; exit 1; }
fi
"$dann" devices
