// Rectified linear unit with a ceiling.
//   y = min(max(x, 0), 6);  dx = dy where 0 < x < 6, 0 elsewhere
// Twin: src/ops/relu6/proof.rs. Source: torch.nn.functional.relu6.

import "shared/rectifier.wgsl";

struct Params {
    count: u32,  // values in x
}

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;         // any shape
@group(0) @binding(2) var<storage, read_write> y: array<f32>;   // as x
@group(0) @binding(3) var<storage, read> dy: array<f32>;        // as x
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;  // as x

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.count { return; }
    y[index] = rectified(x[index], RELU6);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.count { return; }
    dx[index] = passed(x[index], dy[index], RELU6);
}
