// The sum of two values, and the ReLU behind it if there is one.
//   y = a + b, or max(a + b, 0);  behind a ReLU: d = dy where y > 0, 0 elsewhere, the gradient of a and of b
//   accumulate: y = y + a
// Twin: src/ops/add/proof.rs. Source: torch.add, torch.nn.functional.relu; residual sums of He et al. 2016.
//
// Texels: a, b, kept_y, dy

struct Params {
    count: u32,  // values in y
    relu: u32,   // whether a ReLU stands behind
}

const WORKGROUP_SIZE = 256u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;         // any shape
@group(0) @binding(2) var<storage, read> b: array<f32>;         // as a
@group(0) @binding(3) var<storage, read_write> y: array<f32>;   // as a
@group(0) @binding(4) var<storage, read> kept_y: array<f32>;    // y, as the way forward left it
@group(0) @binding(5) var<storage, read> dy: array<f32>;        // as a
@group(0) @binding(6) var<storage, read_write> d: array<f32>;   // as a

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.count { return; }
    let sum = a[index] + b[index];
    // Written so that NaN stays NaN: a poisoned value must reach the loss.
    y[index] = select(sum, 0.0, params.relu == 1u && sum <= 0.0);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_relu(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.count { return; }
    d[index] = select(dy[index], 0.0, kept_y[index] <= 0.0);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn accumulate(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.count { return; }
    y[index] += a[index];
}
