// How far predictions lie from others of the same rows, which are taken as given, and the gradient of that, in one pass.
//   KL[n] = Σ_k p[n,k] · (log p[n,k] - log q[n,k]),  p = softmax(given), q = softmax(logits);  loss[n] = scale · KL[n]
//   dlogits[n,k] = scale · weight · (q[n,k] - p[n,k])
// Twin: src/ops/kl_divergence/proof.rs. Source: torch.nn.functional.kl_div; Miyato et al. 2018, equation 5. weight is
// the method's, times the step's share of it. In `given` rows of which nothing is asked stand in front of first_row.
//
// Where q hardly differs from p, rounding would swallow the difference of their largest values, both near 1: it is what all
// other differences together leave to 0.

struct Params {
    rows: u32,       // T
    classes: u32,    // K
    first_row: u32,  // how many rows of `given` are in front of them
    scale: f32,
    weight: f32,
}

import "shared/step.wgsl";

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> given: array<f32>;          // (N, K)
@group(0) @binding(3) var<storage, read> logits: array<f32>;         // (T, K)
@group(0) @binding(4) var<storage, read_write> loss: array<f32>;     // (T)
@group(0) @binding(5) var<storage, read_write> dlogits: array<f32>;  // (T, K)

// Of both rows: where they start, which class p is largest of, their largest logits and Σ e^(logit - largest).
struct Rows {
    of_p: u32,
    of_q: u32,
    top: u32,
    largest: vec2f,
    sum: vec2f,
}

fn rows_of(n: u32) -> Rows {
    let of_p = (params.first_row + n) * params.classes;
    let of_q = n * params.classes;
    var top = 0u;
    var largest = vec2f(given[of_p], logits[of_q]);
    for (var k = 1u; k < params.classes; k++) {
        if given[of_p + k] > largest.x { top = k; }
        largest = max(largest, vec2f(given[of_p + k], logits[of_q + k]));
    }
    var sum = vec2f(0.0);
    for (var k = 0u; k < params.classes; k++) {
        sum += exp(vec2f(given[of_p + k], logits[of_q + k]) - largest);
    }
    return Rows(of_p, of_q, top, largest, sum);
}

// How far the logits of class k lie below the largest ones.
fn below(rows: Rows, k: u32) -> vec2f {
    return rows.largest - vec2f(given[rows.of_p + k], logits[rows.of_q + k]);
}

fn write_gradient(rows: Rows, scale: f32) {
    var others = 0.0;
    for (var k = 0u; k < params.classes; k++) {
        if k == rows.top { continue; }
        let probabilities = exp(-below(rows, k)) / rows.sum;
        let difference = probabilities.y - probabilities.x;
        dlogits[rows.of_q + k] = scale * difference;
        others += difference;
    }
    dlogits[rows.of_q + rows.top] = -scale * others;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let n = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if n >= params.rows { return; }
    let rows = rows_of(n);
    var divergence = log(rows.sum.y) - log(rows.sum.x);
    for (var k = 0u; k < params.classes; k++) {
        let distance = below(rows, k);
        divergence += exp(-distance.x) / rows.sum.x * (distance.y - distance.x);
    }
    loss[n] = params.scale * divergence;
    write_gradient(rows, params.scale * params.weight * step.adaptation);
}

// The gradient of the sum of the losses, whatever their weight.
@compute @workgroup_size(WORKGROUP_SIZE)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let n = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if n >= params.rows { return; }
    write_gradient(rows_of(n), params.scale);
}
