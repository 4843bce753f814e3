// The loss and the number of correct rows of one head, written into the step's row of the metrics table.
//   table[step, column] = Σ_n loss[n];  table[step, column + 1] = Σ_n [argmax(logits[n]) = label[n]]
// `total` writes the sum alone.
// Twin: src/ops/metrics/proof.rs. The first maximum counts, as in torch.argmax on the CPU.
//
// One workgroup: every thread sums its share, then the shares are added pairwise.

struct Params {
    rows: u32,     // N
    classes: u32,  // K
    column: u32,
    columns: u32,  // of the table
    steps: u32,    // rows of the table
}

import "shared/step.wgsl";

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> loss: array<f32>;         // (N)
@group(0) @binding(3) var<storage, read> logits: array<f32>;       // (N, K)
@group(0) @binding(4) var<storage, read> labels: array<u32>;       // (N)
@group(0) @binding(5) var<storage, read_write> table: array<f32>;  // (steps, columns)

var<workgroup> partial: array<vec2f, WORKGROUP_SIZE>;

fn is_hit(n: u32) -> bool {
    var best = 0u;
    for (var k = 1u; k < params.classes; k++) {
        if logits[n * params.classes + k] > logits[n * params.classes + best] { best = k; }
    }
    return best == labels[n];
}

// The sum of all threads' shares, for thread 0.
fn summed(lane: u32, share: vec2f) -> vec2f {
    partial[lane] = share;
    for (var half = WORKGROUP_SIZE / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half { partial[lane] += partial[lane + half]; }
    }
    return partial[0];
}

// Where the step's row starts; its number comes from memory that others can write.
fn first() -> u32 {
    return min(step.index, params.steps - 1u) * params.columns + params.column;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn reduce(@builtin(local_invocation_index) lane: u32) {
    var share = vec2f(0.0);
    for (var n = lane; n < params.rows; n += WORKGROUP_SIZE) {
        share += vec2f(loss[n], select(0.0, 1.0, is_hit(n)));
    }
    let sum = summed(lane, share);
    if lane == 0u {
        table[first()] = sum.x;
        table[first() + 1u] = sum.y;
    }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn total(@builtin(local_invocation_index) lane: u32) {
    var share = 0.0;
    for (var n = lane; n < params.rows; n += WORKGROUP_SIZE) { share += loss[n]; }
    let sum = summed(lane, vec2f(share, 0.0));
    if lane == 0u { table[first()] = sum.x; }
}
