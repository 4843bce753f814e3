// args: --threads 16,16,16 --texture before=8x8x8 --texture after=16x16x16
// A volume that is read between its texels, and another one that is written.
@group(0) @binding(0) var before: texture_3d<f32>;
@group(0) @binding(1) var smoothly: sampler;
@group(0) @binding(2) var after: texture_storage_3d<rgba8unorm, write>;
@compute @workgroup_size(4, 4, 4)
fn volume(@builtin(global_invocation_id) id: vec3u) {
    textureStore(after, id, textureSampleLevel(before, smoothly, (vec3f(id) + 0.5) / 16.0, 0.0));
}
