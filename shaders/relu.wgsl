// Rectified linear unit; with slope > 0 the leaky one.
//   y = x where x > 0, slope · x elsewhere;  dx = dy where x > 0, slope · dy elsewhere
// Twin: src/ops/relu/proof.rs. Source: torch.nn.functional.relu, leaky_relu.

struct Params {
    count: u32,  // values in x
    slope: f32,
}

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;         // any shape
@group(0) @binding(2) var<storage, read_write> y: array<f32>;   // as x
@group(0) @binding(3) var<storage, read> dy: array<f32>;        // as x
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;  // as x

// With slope 0 nothing is left, whatever the value: 0 · ∞ would be no number.
fn scaled(value: f32) -> f32 {
    return select(params.slope * value, 0.0, params.slope == 0.0);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.count { return; }
    let value = x[index];
    // Written so that NaN stays NaN: a poisoned value must reach the loss.
    y[index] = select(value, scaled(value), value <= 0.0);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.count { return; }
    let gradient = dy[index];
    dx[index] = select(gradient, scaled(gradient), x[index] <= 0.0);
}
