// args: --threads 64,64 --texture photo=64x64 --buffer y=zero:64K
// One channel of four neighbours at once.
@group(0) @binding(0) var photo: texture_2d<f32>;
@group(0) @binding(1) var smoothly: sampler;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(8, 8)
fn gathered(@builtin(global_invocation_id) id: vec3u) {
    y[id.y * 64u + id.x] = textureGather(1, photo, smoothly, (vec2f(id.xy) + 0.5) / 64.0);
}
