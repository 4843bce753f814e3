// args: --threads 64 --buffer given=3f --buffer y=zero:256 --expect y=6,6
// Requires: IMMEDIATES
// Immediates by the name that wgpu had for them up to version 27.
struct Given { factor: f32 }
var<push_constant> given: Given;
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64)
fn push_constant(@builtin(global_invocation_id) id: vec3u) { y[id.x] = given.factor * 2.0; }
