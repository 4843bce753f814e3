// args: --threads 32,32 --texture counts=32x32 --steps 5
// A storage texture that is read and written.
@group(0) @binding(0) var counts: texture_storage_2d<r32uint, read_write>;
@compute @workgroup_size(8, 8)
fn texels_in_place(@builtin(global_invocation_id) id: vec3u) {
    let old = textureLoad(counts, id.xy).x;
    textureStore(counts, id.xy, vec4u(2u * old, 0u, 0u, 0u));
}
