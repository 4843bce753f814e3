// Adam with decoupled weight decay, over all parameters at once.
//   m ← β1 · m + (1 - β1) · g;  v ← β2 · v + (1 - β2) · g²;  g = scale · grad
//   weight ← weight · (1 - rate · weight_decay) - rate · (m / (1 - β1ᵗ)) / (√v / √(1 - β2ᵗ) + eps)
// rate is the step's learning rate times the group's factor, t the number of the update. 1 / (1 - β1ᵗ) and 1 / √(1 - β2ᵗ)
// come with the step: the host computes them in f64. scale is 1, or what clips the gradients; see clip_grad_norm.wgsl.
// An update that is no finite number is reported, so that training stops and names the parameter.
// Twin: src/ops/adamw/proof.rs. Source: torch.optim.AdamW; Loshchilov and Hutter 2019.

struct Params {
    count: u32,          // parameters
    beta1: f32,
    beta2: f32,
    rest1: f32,          // 1 - β1
    rest2: f32,          // 1 - β2
    eps: f32,
    weight_decay: f32,
    learning_rate: f32,  // the group's factor of the step's
    first: u32,          // the number of the first of them among all parameters
    steps: u32,          // of faults
}

import "shared/step.wgsl";

const WORKGROUP_SIZE = 256u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> grad: array<f32>;              // (count)
@group(0) @binding(3) var<storage, read_write> exp_avg: array<f32>;     // (count): m
@group(0) @binding(4) var<storage, read_write> exp_avg_sq: array<f32>;  // (count): v
@group(0) @binding(5) var<storage, read_write> weight: array<f32>;      // (count)
// (steps): 0, or 2³² − 1 − the number of the first parameter whose update is no finite number.
@group(0) @binding(6) var<storage, read_write> faults: array<atomic<u32>>;
@group(0) @binding(7) var<storage, read> scale: array<f32>;             // (1)

import "shared/faults.wgsl";

@compute @workgroup_size(WORKGROUP_SIZE)
fn update(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let factor = scale[0];
    if index >= params.count { return; }
    let g = factor * grad[index];
    let m = params.beta1 * exp_avg[index] + params.rest1 * g;
    let v = params.beta2 * exp_avg_sq[index] + params.rest2 * g * g;
    let rate = step.learning_rate * params.learning_rate;
    let shrunk = weight[index] * (1.0 - rate * params.weight_decay);
    let w = shrunk - rate * (m * step.optimizer.x) / (sqrt(v) * step.optimizer.y + params.eps);
    exp_avg[index] = m;
    exp_avg_sq[index] = v;
    weight[index] = w;
    if !(is_finite(m) && is_finite(v) && is_finite(w)) {
        report_fault(index);
    }
}
