// args: --threads 256 --buffer params=3u,0.5,-1 --buffer x=2,4,6,8+1008 --buffer y=zero:1K --expect y=0,1,2,0
// A uniform block decides how far, by how much and with what.
struct Params { count: u32, factor: f32, shift: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(1) @binding(0) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(32)
fn uniform_block(@builtin(global_invocation_id) id: vec3u) {
    if id.x >= params.count { return; }
    y[id.x] = params.factor * x[id.x] + params.shift;
}
