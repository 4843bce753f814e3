// args: --threads 32,32,3 --texture before=32x32x3 --texture after=32x32x3
// Layers of a picture that are read and written.
@group(0) @binding(0) var before: texture_2d_array<f32>;
@group(0) @binding(1) var after: texture_storage_2d_array<rgba16float, write>;
@compute @workgroup_size(8, 8, 1)
fn layers(@builtin(global_invocation_id) id: vec3u) {
    textureStore(after, id.xy, id.z, 2.0 * textureLoad(before, id.xy, id.z, 0));
}
