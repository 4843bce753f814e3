// Stochastic gradient descent with momentum and weight decay, over all parameters at once.
//   velocity ← momentum · velocity + scale · grad + weight_decay · weight;  weight ← weight - learning_rate · velocity
// scale is 1, or what clips the gradients; see clip_grad_norm.wgsl.
// An update that is no finite number is reported, so that training stops and names the parameter.
// Twin: src/reference/sgd.rs. Source: torch.optim.SGD (dampening 0, no Nesterov).

struct Params {
    count: u32,  // parameters
    momentum: f32,
    weight_decay: f32,
    steps: u32,  // of faults
}

struct Step {
    index: u32,
    source_start: u32,
    target_start: u32,
    seed: u32,
    lambda: f32,
    learning_rate: f32,
    reserved_a: u32,
    reserved_b: u32,
}

const WORKGROUP_SIZE = 256u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> grad: array<f32>;            // (count)
@group(0) @binding(3) var<storage, read_write> velocity: array<f32>;  // (count)
@group(0) @binding(4) var<storage, read_write> weight: array<f32>;    // (count)
// (steps): 0, or 2³² − 1 − the number of the first parameter whose update is no finite number.
@group(0) @binding(5) var<storage, read_write> faults: array<atomic<u32>>;
@group(0) @binding(6) var<storage, read> scale: array<f32>;           // (1)

// By its bits: compilers may take it that there are no other numbers than finite ones.
fn is_finite(value: f32) -> bool {
    return (bitcast<u32>(value) & 0x7f800000u) != 0x7f800000u;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn update(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let index = id.y * groups.x * WORKGROUP_SIZE + id.x;
    let factor = scale[0];
    if index >= params.count { return; }
    let before = weight[index];
    let v = params.momentum * velocity[index] + factor * grad[index] + params.weight_decay * before;
    let w = before - step.learning_rate * v;
    velocity[index] = v;
    weight[index] = w;
    if !(is_finite(v) && is_finite(w)) {
        // The step's index comes from memory that others can write.
        atomicMax(&faults[min(step.index, params.steps - 1u)], 0xffffffffu - index);
    }
}
