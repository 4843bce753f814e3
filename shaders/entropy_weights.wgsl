// How much each row counts in the domain loss: the surer its prediction, the more.
//   w[n] = rows · (1 + e^-H[n]) / Σ_m (1 + e^-H[m]),  H[n] = -Σ_k p[n,k] · log p[n,k],  p = softmax(logits)
// over the rows of a domain, so that their mean is 1 in each; times the target's weight. No gradient passes through them.
// Twin: src/ops/entropy_weights/proof.rs. Source: Long et al. 2018 (CDAN+E), equation 8 and the authors' code.
//
// A workgroup a domain: every thread weights and sums its share of the rows, then the shares are added pairwise.

struct Params {
    classes: u32,       // K
    source_rows: u32,   // S, which come first
    target_rows: u32,   // T
    target_weight: f32, // the mean of the target's weights
}

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>;         // (S + T, K)
@group(0) @binding(2) var<storage, read_write> weights: array<f32>;  // (S + T)

import "shared/row_entropy.wgsl";

var<workgroup> partial: array<f32, WORKGROUP_SIZE>;

// 1 + e^-H of row n.
fn certainty(n: u32) -> f32 {
    let own = row_entropy(n * params.classes);
    return 1.0 + exp(-(log(own.sum) + own.distance));
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let is_target = group.x == 1u;
    let first = select(0u, params.source_rows, is_target);
    let rows = select(params.source_rows, params.target_rows, is_target);
    var share = 0.0;
    for (var n = lane; n < rows; n += WORKGROUP_SIZE) {
        let own = certainty(first + n);
        weights[first + n] = own;
        share += own;
    }
    partial[lane] = share;
    for (var half = WORKGROUP_SIZE / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half { partial[lane] += partial[lane + half]; }
    }
    workgroupBarrier();
    let scale = f32(rows) / partial[0] * select(1.0, params.target_weight, is_target);
    for (var n = lane; n < rows; n += WORKGROUP_SIZE) { weights[first + n] *= scale; }
}
