// Stochastic gradient descent with momentum and weight decay, over all parameters at once.
//   d = scale · grad + weight_decay · weight;  velocity ← momentum · velocity + d;  weight ← weight - rate · velocity
// With Nesterov's momentum the last step is weight ← weight - rate · (d + momentum · velocity). rate is the step's learning
// rate times the group's factor. scale is 1, or what clips the gradients; see clip_grad_norm.wgsl.
// An update that is no finite number is reported, so that training stops and names the parameter.
// Twin: src/ops/sgd/proof.rs. Source: torch.optim.SGD (dampening 0).
//
// Texels: grad

struct Params {
    count: u32,  // parameters
    momentum: f32,
    weight_decay: f32,
    learning_rate: f32,  // the group's factor of the step's
    nesterov: u32,       // whether the momentum is Nesterov's
    first: u32,          // the number of the first of them among all parameters
    steps: u32,          // of faults
}

import "shared/step.wgsl";

const WORKGROUP_SIZE = 256u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> grad: array<f32>;            // (count)
@group(0) @binding(3) var<storage, read_write> velocity: array<f32>;  // (count)
@group(0) @binding(4) var<storage, read_write> weight: array<f32>;    // (count)
// (steps): 0, or 2³² − 1 − the number of the first parameter whose update is no finite number.
@group(0) @binding(5) var<storage, read_write> faults: array<atomic<u32>>;
@group(0) @binding(6) var<storage, read> scale: array<f32>;           // (1)

import "shared/faults.wgsl";

@compute @workgroup_size(WORKGROUP_SIZE)
fn update(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let factor = scale[0];
    if index >= params.count { return; }
    let before = weight[index];
    let v = params.momentum * velocity[index] + factor * grad[index] + params.weight_decay * before;
    let ahead = factor * grad[index] + params.weight_decay * before + params.momentum * v;
    let rate = step.learning_rate * params.learning_rate;
    let w = before - rate * select(v, ahead, params.nesterov == 1u);
    velocity[index] = v;
    weight[index] = w;
    if !(is_finite(v) && is_finite(w)) {
        report_fault(index);
    }
}
