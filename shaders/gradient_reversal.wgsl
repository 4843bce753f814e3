// The gradient reversal layer, between feature extractor and domain classifier.
//   forward: y = x (the host passes the same tensor on);  backward: dx = -lambda · dy
// Twin: src/ops/gradient_reversal/proof.rs. Source: Ganin & Lempitsky 2015, section 3, equations 6-9.

struct Params {
    count: u32,         // values in dy
    source_count: u32,  // values of the source rows, which come first
}

import "shared/step.wgsl";

const WORKGROUP_SIZE = 256u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> dy: array<f32>;         // (N, ...): from the domain classifier
@group(0) @binding(3) var<storage, read> dy_label: array<f32>;   // (S, ...): from the label predictor, source rows only
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;   // (N, ...): into the feature extractor

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.count { return; }
    dx[index] = -step.lambda * dy[index];
}

// Where both branches meet: the reversed gradient plus the label predictor's.
@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_fan_in(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.count { return; }
    var sum = -step.lambda * dy[index];
    if index < params.source_count { sum += dy_label[index]; }
    dx[index] = sum;
}
