// The entropy of what a batch's later rows are taken for, and its gradient, in one pass.
//   H[n] = -Σ_k p[n,k] · log p[n,k],  p = softmax(logits);  loss[n] = scale · H[n]
//   dlogits[n,k] = -scale · weight · p[n,k] · (log p[n,k] + H[n])
// Twin: src/ops/entropy/proof.rs. Source: Grandvalet & Bengio 2004; Shu et al. 2018 (VADA), equation 4. weight is the
// method's, times the step's share of it. The rows in front of first_row, of which nothing is asked, stay as they are.

struct Params {
    rows: u32,       // T, those whose entropy counts
    classes: u32,    // K
    first_row: u32,  // how many rows are in front of them
    scale: f32,
    weight: f32,
}

import "shared/step.wgsl";

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> logits: array<f32>;         // (N, K)
@group(0) @binding(3) var<storage, read_write> loss: array<f32>;     // (T)
@group(0) @binding(4) var<storage, read_write> dlogits: array<f32>;  // (N, K)

import "shared/row_entropy.wgsl";

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let n = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if n >= params.rows { return; }
    let row = (params.first_row + n) * params.classes;
    let own = row_entropy(row);
    loss[n] = params.scale * (log(own.sum) + own.distance);
    let scale = params.scale * params.weight * step.adaptation;
    for (var k = 0u; k < params.classes; k++) {
        let below = own.largest - logits[row + k];
        dlogits[row + k] = scale * (exp(-below) / own.sum * (below - own.distance));
    }
}
