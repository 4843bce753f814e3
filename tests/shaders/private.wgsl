// args: --threads 64 --buffer y=zero:256 --expect y=10
// What each thread has of its own outside functions, and constants with an index.
const WEIGHTS = array(1.0, 2.0, 3.0, 4.0);
var<private> sum: f32 = 0.0;
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
fn add(i: u32) { sum += WEIGHTS[i]; }
@compute @workgroup_size(64)
fn private_sums(@builtin(global_invocation_id) id: vec3u) {
    for (var i = 0u; i < 4u; i++) { add(i); }
    y[id.x] = sum;
}
