// args: --threads 64 --buffer y=1lf,3lf+zero:496 --expect y=0.5lf,1.5lf
// Requires: SHADER_F64
// Numbers of 64 bits.
@group(0) @binding(0) var<storage, read_write> y: array<f64>;
@compute @workgroup_size(64)
fn doubles(@builtin(global_invocation_id) id: vec3u) { y[id.x] = 0.5lf * y[id.x]; }
