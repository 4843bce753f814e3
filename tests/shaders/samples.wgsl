// args: --threads 32,32 --texture photo=32x32 --buffer y=zero:16K
// A texture that has several samples a texel.
@group(0) @binding(0) var photo: texture_multisampled_2d<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(8, 8)
fn samples(@builtin(global_invocation_id) id: vec3u) {
    var sum = vec4f(0.0);
    for (var i = 0u; i < textureNumSamples(photo); i++) { sum += textureLoad(photo, id.xy, i); }
    y[id.y * 32u + id.x] = sum / f32(textureNumSamples(photo));
}
