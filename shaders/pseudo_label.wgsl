// How far predictions lie from pseudo-labels, the classes that other views of the same images are surely of; and the gradient
// of that, in one pass.
//   q = softmax(given);  y[n] = argmax_k q[n,k];  sure[n] = scale where q[n,y[n]] ≥ threshold, 0 elsewhere
//   loss[n] = sure[n] · -log p[n,y[n]],  p = softmax(logits)
//   dlogits[n,k] = weight · sure[n] · (p[n,k] - [k = y[n]])
// Twin: src/ops/pseudo_label/proof.rs. Source: Sohn et al. 2020 (FixMatch), equation 4; nothing is passed on to `given`. weight
// is the method's, times the step's share of it. Of `logits` the rows in front of first_row, and of dlogits the same, stay as
// they are.

struct Params {
    rows: u32,       // T
    classes: u32,    // K
    first_row: u32,  // how many rows of `logits` are in front of them
    threshold: f32,
    scale: f32,
    weight: f32,
    adds: u32,       // whether the gradient is added to what dlogits holds
}

import "shared/step.wgsl";

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> given: array<f32>;          // (T, K)
@group(0) @binding(3) var<storage, read> logits: array<f32>;         // (N, K)
@group(0) @binding(4) var<storage, read_write> loss: array<f32>;     // (T)
@group(0) @binding(5) var<storage, read_write> sure: array<f32>;     // (T)
@group(0) @binding(6) var<storage, read_write> dlogits: array<f32>;  // (N, K)

// The class that row n of `given` is of, and whether it is sure: the largest probability is 1 / Σ e^(logit - largest).
struct PseudoLabel {
    class_of: u32,
    is_sure: bool,
}

fn pseudo_label(n: u32) -> PseudoLabel {
    let row = n * params.classes;
    var top = 0u;
    for (var k = 1u; k < params.classes; k++) {
        if given[row + k] > given[row + top] { top = k; }
    }
    var sum = 0.0;
    for (var k = 0u; k < params.classes; k++) { sum += exp(given[row + k] - given[row + top]); }
    return PseudoLabel(top, params.threshold * sum <= 1.0);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let n = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if n >= params.rows { return; }
    let label = pseudo_label(n);
    let share = select(0.0, params.scale, label.is_sure);
    let row = (params.first_row + n) * params.classes;
    var largest = logits[row];
    for (var k = 1u; k < params.classes; k++) { largest = max(largest, logits[row + k]); }
    // Those of the other classes apart: what they leave to 1 would be lost beside the label's own term.
    var sum = 0.0;
    var others = 0.0;
    for (var k = 0u; k < params.classes; k++) {
        let term = exp(logits[row + k] - largest);
        sum += term;
        others += select(term, 0.0, k == label.class_of);
    }
    loss[n] = share * (log(sum) + (largest - logits[row + label.class_of]));
    sure[n] = share;
    let scale = params.weight * step.adaptation * share;
    for (var k = 0u; k < params.classes; k++) {
        let p = select(exp(logits[row + k] - largest), -others, k == label.class_of) / sum;
        let own = scale * p;
        dlogits[row + k] = select(own, dlogits[row + k] + own, params.adds == 1u);
    }
}
