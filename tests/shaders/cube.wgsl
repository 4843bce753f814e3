// args: --threads 32,32 --texture sky=16x16x6 --buffer y=zero:16K
// A cube of six pictures, looked up by a direction.
@group(0) @binding(0) var sky: texture_cube<f32>;
@group(0) @binding(1) var smoothly: sampler;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(8, 8)
fn cube(@builtin(global_invocation_id) id: vec3u) {
    let way = vec3f(vec2f(id.xy) / 16.0 - 1.0, 0.7);
    y[id.y * 32u + id.x] = textureSampleLevel(sky, smoothly, normalize(way), 0.0);
}
