#!/usr/bin/env bash
# Proves the kernels on every software driver found: lavapipe and SwiftShader, with wgpu's checks off and on, under the
# Khronos validation layer where it is installed (Debian: vulkan-validationlayers), and through OpenGL; and, with checks
# off, that hostile values lead none of them out of its buffers (tests/soundness).
#   scripts/drivers.sh target/release/dann [GOLDEN…]
set -euo pipefail
dann=$1
shift
golden=("$@")
log=$(mktemp)
trap 'rm -f "$log" "$log.settings"' EXIT

layer=/usr/share/vulkan/explicit_layer.d/VkLayer_khronos_validation.json
if [[ -e $layer ]]; then
    printf 'khronos_validation.%s\n' debug_action=VK_DBG_LAYER_ACTION_LOG_MSG report_flags=error,warn,perf \
        "log_filename=$log" >"$log.settings"
    export VK_INSTANCE_LAYERS=VK_LAYER_KHRONOS_validation VK_LAYER_SETTINGS_PATH="$log.settings"
else
    echo "SKIPPED: the validation layer is not installed ($layer)"
fi

# The layer starts its file anew in every process, and says once that it is there; anything else is a fault.
silent() {
    if grep -v 'createinstance-status-message' "$log" | grep -E 'Validation (Error|Warning|Performance)'; then
        echo "the validation layer has complained" >&2
        exit 1
    fi
}

validated() {
    "$dann" check --quiet "$@" | tail -1
    silent
}

check() {
    echo "== $*"
    validated "${@:2}"
    if ((${#golden[@]})); then
        validated "${@:2}" --golden "${golden[@]}"
    fi
}

found=0
for driver in /usr/share/vulkan/icd.d/lvp_icd.*.json "$(dpkg -L chromium chromium-common 2>/dev/null | grep vk_swiftshader_icd.json)"; do
    [[ -e $driver ]] || continue
    found=1
    export VK_DRIVER_FILES=$driver
    check "$driver"
    check "$driver" --checked
    for variant in plain register workgroup subgroup; do
        check "$driver" --variant "$variant"
    done
    # SwiftShader has no f16 in shaders.
    if [[ $driver == *lvp_icd* ]]; then
        check "$driver" --precision mixed --variant half
    fi
    echo "== $driver: soundness"
    cargo test --quiet --release --test soundness
    silent
done
((found)) || echo "SKIPPED: neither lavapipe nor SwiftShader is installed"
unset VK_DRIVER_FILES VK_INSTANCE_LAYERS
WGPU_BACKEND=gl check OpenGL

echo "no message of the validation layer"
