// The exponential moving average of what training changes.
//   average ← stays · average + (1 - stays) · value
// Twin: src/ops/average/proof.rs. Source: Polyak & Juditsky 1992; Tarvainen & Valpola 2017 (mean teacher). The host lets
// `stays` rise, so that the average starts as the mean of the values so far.

struct Params {
    count: u32,  // values
}

import "shared/step.wgsl";

const WORKGROUP_SIZE = 256u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> value: array<f32>;          // any shape
@group(0) @binding(3) var<storage, read_write> average: array<f32>;  // as value

@compute @workgroup_size(WORKGROUP_SIZE)
fn update(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.count { return; }
    average[index] = step.average * average[index] + (1.0 - step.average) * value[index];
}
