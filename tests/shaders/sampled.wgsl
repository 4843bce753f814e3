// args: --threads 64,64 --texture photo=100x60 --texture small=64x64
// A picture of another size, between whose texels a sampler interpolates.
@group(0) @binding(0) var photo: texture_2d<f32>;
@group(0) @binding(1) var smoothly: sampler;
@group(0) @binding(2) var small: texture_storage_2d<rgba8unorm, write>;
@compute @workgroup_size(8, 8)
fn sampled(@builtin(global_invocation_id) id: vec3u) {
    let at = (vec2f(id.xy) + 0.5) / vec2f(textureDimensions(small));
    textureStore(small, id.xy, textureSampleLevel(photo, smoothly, at, 0.0));
}
