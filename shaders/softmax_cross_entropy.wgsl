// Softmax cross-entropy, the loss of each row and its gradient in one pass.
//   loss[n] = scale · Σ_k q[n,k] · (log Σ_j exp(logits[n,j]) - logits[n,k])
//   dlogits[n,k] = scale · (softmax(logits[n])[k] - q[n,k])
// q[n,k] is `on` where k = label[n] and `off` elsewhere, which add up to 1 over the classes: without label smoothing (Szegedy
// et al. 2016, section 7) 1 and 0. `forward_backward_weighted` multiplies both by a weight of the row.
// `forward_backward_classes` multiplies each q[n,k] by a weight of class k, and both by N / Σ_n weight of label[n]:
//   loss[n] = scale · N / Σ_m w[label[m]] · Σ_k w[k] · q[n,k] · (log Σ_j exp(logits[n,j]) - logits[n,k])
// Twin: src/ops/softmax_cross_entropy/proof.rs. Source: torch.nn.functional.cross_entropy;
// scale = 1/N gives its mean reduction. The row's maximum is subtracted first, so large logits are safe.
// A label that is none of the classes makes the loss no number, so that training stops.

struct Params {
    rows: u32,     // N
    classes: u32,  // K
    scale: f32,
    on: f32,       // what a label counts
    off: f32,      // what every other class counts
}

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>;         // (N, K)
@group(0) @binding(2) var<storage, read> labels: array<u32>;         // (N)
@group(0) @binding(3) var<storage, read_write> loss: array<f32>;     // (N)
@group(0) @binding(4) var<storage, read_write> dlogits: array<f32>;  // (N, K)
@group(0) @binding(5) var<storage, read> weights: array<f32>;        // (N)
@group(0) @binding(6) var<storage, read> class_weights: array<f32>;  // (K)

fn of_row(n: u32, scale: f32) {
    let row = n * params.classes;
    var largest = logits[row];
    for (var k = 1u; k < params.classes; k++) { largest = max(largest, logits[row + k]); }
    var sum = 0.0;
    for (var k = 0u; k < params.classes; k++) { sum += exp(logits[row + k] - largest); }
    let label = labels[n];
    // These bits make any label a NaN.
    let not_a_number = bitcast<f32>(label | 0x7fc00000u);
    let logit = select(logits[row + min(label, params.classes - 1u)], not_a_number, label >= params.classes);
    var below = largest - logit;
    if params.off > 0.0 {
        var others = 0.0;
        for (var k = 0u; k < params.classes; k++) {
            others += select(largest - logits[row + k], 0.0, k == label);
        }
        below = params.on * below + params.off * others;
    }
    loss[n] = scale * (log(sum) + below);
    for (var k = 0u; k < params.classes; k++) {
        let probability = exp(logits[row + k] - largest) / sum;
        dlogits[row + k] = scale * (probability - select(params.off, params.on, k == label));
    }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let n = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if n >= params.rows { return; }
    of_row(n, params.scale);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward_backward_weighted(
    @builtin(global_invocation_id) id: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
) {
    let n = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if n >= params.rows { return; }
    of_row(n, params.scale * weights[n]);
}

// What the loss of a row is multiplied by so that the mean is weighted with the classes.
fn class_scale() -> f32 {
    var total = 0.0;
    for (var m = 0u; m < params.rows; m++) { total += class_weights[min(labels[m], params.classes - 1u)]; }
    return params.scale * f32(params.rows) / total;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward_backward_classes(
    @builtin(global_invocation_id) id: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
) {
    let n = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if n >= params.rows { return; }
    let row = n * params.classes;
    var largest = logits[row];
    for (var k = 1u; k < params.classes; k++) { largest = max(largest, logits[row + k]); }
    var sum = 0.0;
    for (var k = 0u; k < params.classes; k++) { sum += exp(logits[row + k] - largest); }
    let label = labels[n];
    // As in `of_row`: the row of a label that is none of the classes becomes no number.
    let not_a_number = bitcast<f32>(label | 0x7fc00000u);
    let scale = select(class_scale(), not_a_number, label >= params.classes);
    var all = 0.0;
    var below = 0.0;
    for (var k = 0u; k < params.classes; k++) {
        let q = class_weights[k] * select(params.off, params.on, k == label);
        all += q;
        // Without smoothing q is 0, and the distance may be infinite.
        if q > 0.0 { below += q * (largest - logits[row + k]); }
    }
    loss[n] = scale * (all * log(sum) + below);
    for (var k = 0u; k < params.classes; k++) {
        let q = class_weights[k] * select(params.off, params.on, k == label);
        dlogits[row + k] = scale * (all * exp(logits[row + k] - largest) / sum - q);
    }
}
