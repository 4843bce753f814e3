// args: --threads 64 --buffer x=1,2,3,4+zero:240 --buffer y=zero:256 --expect y=3,6,9,12
// The host decides where resources are bound.
var<storage, read> x: array<f32>;
var<storage, read_write> y: array<f32>;
var<uniform> factor: f32;
@compute @workgroup_size(64)
fn unbound(@builtin(global_invocation_id) id: vec3u) {
    y[id.x] = 3.0 * x[id.x] + 0.0 * factor;
}
