// args: --threads 64 --buffer x=1h,2h,3h,4h+zero:248 --buffer y=zero:256 --expect y=2h,3h,4h,5h
// Requires: SHADER_F16
// Numbers of 16 bits.
enable f16;
@group(0) @binding(0) var<storage, read> x: array<vec2<f16>>;
@group(0) @binding(1) var<storage, read_write> y: array<vec2<f16>>;
@compute @workgroup_size(64)
fn halves(@builtin(global_invocation_id) id: vec3u) { y[id.x] = x[id.x] + vec2<f16>(1.0h); }
