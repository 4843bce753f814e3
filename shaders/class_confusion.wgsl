// Minimum class confusion of what a batch's later rows are taken for, and its gradient.
//   p = softmax(logits / temperature);  w[n] = 1 + e^-H(p[n]);  C[i,j] = Σ_n w[n] · p[n,i] · p[n,j]
//   loss = 1/K · Σ_{i≠j} C[i,j] / Σ_l C[i,l]
// Twin: src/ops/class_confusion/twin.rs. Source: Jin et al. 2020, equations 2 to 7; the weights pass no gradient on, as in
// the authors' code. Their common factor, which makes T of their sum, cancels in the quotient.
//
// The probabilities of a row add up to 1, so that Σ_l C[i,l] is mass[i] = Σ_n w[n] · p[n,i], and of C the diagonal alone is
// needed: loss = Σ_i (1 - sure[i]) / K with sure[i] = C[i,i] / mass[i]. A class that no row is taken for has sure[i] = 0.
//   dlogits[n,k] = scale · (g[k] - p[n,k] · Σ_i g[i]),  g[k] = -1/K · w[n] · p[n,k] / mass[k] · (2 · p[n,k] - sure[k])
// where scale is weight, times the step's share of it, over the temperature.

struct Params {
    rows: u32,       // T, those that count
    classes: u32,    // K
    first_row: u32,  // how many rows are in front of them, of which nothing is asked
    temperature: f32,
    weight: f32,
    adds: u32,       // whether the gradient is added to what dlogits holds
}

import "shared/step.wgsl";

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> logits: array<f32>;              // (N, K)
@group(0) @binding(3) var<storage, read_write> p_out: array<f32>;         // (T, K)
@group(0) @binding(4) var<storage, read_write> weights_out: array<f32>;   // (T)
@group(0) @binding(5) var<storage, read> p: array<f32>;                   // (T, K)
@group(0) @binding(6) var<storage, read> weights: array<f32>;             // (T)
@group(0) @binding(7) var<storage, read_write> classes_out: array<vec2f>; // (K): mass, sure
@group(0) @binding(8) var<storage, read_write> loss: array<f32>;          // (K): each class's share of the loss
@group(0) @binding(9) var<storage, read> of_classes: array<vec2f>;        // (K): mass, sure
@group(0) @binding(10) var<storage, read_write> dlogits: array<f32>;      // (N, K)

var<workgroup> partial: array<vec2f, WORKGROUP_SIZE>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn predict(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let n = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if n >= params.rows { return; }
    let row = (params.first_row + n) * params.classes;
    var largest = logits[row];
    for (var k = 1u; k < params.classes; k++) { largest = max(largest, logits[row + k]); }
    var sum = 0.0;
    for (var k = 0u; k < params.classes; k++) { sum += exp((logits[row + k] - largest) / params.temperature); }
    var distance = 0.0;
    for (var k = 0u; k < params.classes; k++) {
        let below = (largest - logits[row + k]) / params.temperature;
        let probability = exp(-below) / sum;
        p_out[n * params.classes + k] = probability;
        distance += probability * below;
    }
    weights_out[n] = 1.0 + exp(-(log(sum) + distance));
}

// A workgroup a class: every thread sums its share, then the shares are added pairwise.
@compute @workgroup_size(WORKGROUP_SIZE)
fn confuse(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let k = group.y * workgroups.x + group.x;
    if k >= params.classes { return; }
    var share = vec2f(0.0);
    for (var n = lane; n < params.rows; n += WORKGROUP_SIZE) {
        let probability = p[n * params.classes + k];
        let weighted = weights[n] * probability;
        share += vec2f(weighted, weighted * probability);
    }
    partial[lane] = share;
    for (var half = WORKGROUP_SIZE / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half { partial[lane] += partial[lane + half]; }
    }
    if lane == 0u {
        let total = partial[0];
        let sure = select(total.y / total.x, 0.0, total.x == 0.0);
        classes_out[k] = vec2f(total.x, sure);
        loss[k] = (1.0 - sure) / f32(params.classes);
    }
}

// g[k] of row n.
fn pull(n: u32, k: u32) -> f32 {
    let probability = p[n * params.classes + k];
    let class_of = of_classes[k];
    let share = select(weights[n] * probability / class_of.x, 0.0, class_of.x == 0.0);
    return -share * (2.0 * probability - class_of.y) / f32(params.classes);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let n = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if n >= params.rows { return; }
    let scale = params.weight * step.adaptation / params.temperature;
    var sum = 0.0;
    for (var k = 0u; k < params.classes; k++) { sum += pull(n, k); }
    for (var k = 0u; k < params.classes; k++) {
        let index = (params.first_row + n) * params.classes + k;
        let own = scale * (pull(n, k) - p[n * params.classes + k] * sum);
        dlogits[index] = select(own, dlogits[index] + own, params.adds == 1u);
    }
}
