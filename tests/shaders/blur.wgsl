// args: --threads 64,64 --texture photo=64x48 --texture blurred=64x48 --override radius=1
// A box blur of a photo: a texture read texel by texel, a storage texture written, an override constant.
override radius: i32 = 2;
@group(0) @binding(0) var photo: texture_2d<f32>;
@group(0) @binding(1) var blurred: texture_storage_2d<rgba8unorm, write>;
@compute @workgroup_size(8, 8)
fn blur(@builtin(global_invocation_id) id: vec3u) {
    let size = vec2i(textureDimensions(photo));
    let at = vec2i(id.xy);
    if any(at >= size) { return; }
    var sum = vec4f(0.0);
    for (var dy = -radius; dy <= radius; dy++) {
        for (var dx = -radius; dx <= radius; dx++) {
            sum += textureLoad(photo, clamp(at + vec2i(dx, dy), vec2i(0), size - 1), 0);
        }
    }
    textureStore(blurred, at, sum / f32((2 * radius + 1) * (2 * radius + 1)));
}
