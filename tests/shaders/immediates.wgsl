// args: --threads 64 --buffer params=3,4u --buffer y=zero:256 --expect y=12,12
// Requires: IMMEDIATES
// Numbers that come with the dispatch itself.
struct Params { factor: f32, count: u32 }
var<immediate> params: Params;
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64)
fn immediates(@builtin(global_invocation_id) id: vec3u) { y[id.x] = params.factor * f32(params.count); }
