// Probabilities and classes from logits, for those who look on.
//   y[n,k] = e^(x[n,k] − max_j x[n,j]) / Σ_i e^(x[n,i] − max_j x[n,j]);  classes[n] = argmax_k x[n,k]
// Twin: src/ops/softmax/proof.rs. Source: torch.softmax, torch.argmax; of equal maxima the first counts.

struct Params {
    rows: u32,     // N
    classes: u32,  // K
}

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;              // (N, K)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;        // (N, K)
@group(0) @binding(3) var<storage, read_write> classes: array<u32>;  // (N)

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let n = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if n >= params.rows { return; }
    let first = n * params.classes;
    var best = 0u;
    for (var k = 1u; k < params.classes; k++) {
        if x[first + k] > x[first + best] { best = k; }
    }
    var sum = 0.0;
    for (var k = 0u; k < params.classes; k++) {
        let power = exp(x[first + k] - x[first + best]);
        y[first + k] = power;
        sum += power;
    }
    for (var k = 0u; k < params.classes; k++) {
        y[first + k] = y[first + k] / sum;
    }
    classes[n] = best;
}
