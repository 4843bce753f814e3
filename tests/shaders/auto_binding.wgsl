// args: --threads 64 --buffer 1=1,2,3,4+zero:240 --buffer 2=zero:256 --expect 2=1,2,3,4
// Numbers that are given out in order, past those that are taken.
@group(0) @binding(0) var<uniform> scale: vec4f;
@group(0) @binding(auto) var<storage, read> x: array<f32>;
@group(0) @binding(auto) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64)
fn auto_binding(@builtin(global_invocation_id) id: vec3u) {
    y[id.x] = x[id.x] + 0.0 * scale.w;
}
