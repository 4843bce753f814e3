// args: --threads 64,64 --texture depths=32x32 --buffer y=zero:16K
// A comparison sampler on a texture of depths.
@group(0) @binding(0) var depths: texture_depth_2d;
@group(0) @binding(1) var closer: sampler_comparison;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(8, 8)
fn shadow(@builtin(global_invocation_id) id: vec3u) {
    let at = vec2f(id.xy) / 64.0;
    y[id.y * 64u + id.x] = textureSampleCompareLevel(depths, closer, at, 0.5);
}
