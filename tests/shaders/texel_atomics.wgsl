// args: --threads 64,64 --texture counts=8x8
// Requires: TEXTURE_ATOMIC
// Texels that threads add to.
@group(0) @binding(0) var counts: texture_storage_2d<r32uint, atomic>;
@compute @workgroup_size(8, 8)
fn texel_atomics(@builtin(global_invocation_id) id: vec3u) {
    textureAtomicAdd(counts, id.xy / 8u, 1u);
}
