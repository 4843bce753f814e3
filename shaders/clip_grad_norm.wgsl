// What to scale all gradients by, together, where their norm is larger than wanted.
//   norm = √Σ grad²;  factor = min(1, max_norm / (norm + 1e-6))
// `squares`: a workgroup sums the squares of one run of gradients, shares added pairwise. `factor`: one workgroup adds up
// the runs and finds the factor, which sgd.wgsl multiplies by.
// Twin: src/ops/clip_grad_norm/proof.rs. Source: torch.nn.utils.clip_grad_norm_.

struct Params {
    count: u32,     // gradients
    runs: u32,
    max_norm: f32,
}

const WORKGROUP_SIZE = 64u;
const RUN = 4096u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> grad: array<f32>;           // (count)
@group(0) @binding(2) var<storage, read_write> sums_out: array<f32>; // (runs)
@group(0) @binding(3) var<storage, read> sums: array<f32>;           // (runs)
@group(0) @binding(4) var<storage, read_write> factor_out: array<f32>; // (1)

var<workgroup> shares: array<f32, WORKGROUP_SIZE>;

// The sum of all threads' shares, for thread 0.
fn total(lane: u32, share: f32) -> f32 {
    shares[lane] = share;
    for (var half = WORKGROUP_SIZE / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half { shares[lane] += shares[lane + half]; }
    }
    return shares[0];
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn squares(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let end = min(params.count, (group.x + 1u) * RUN);
    var share = 0.0;
    for (var i = group.x * RUN + lane; i < end; i += WORKGROUP_SIZE) { share += grad[i] * grad[i]; }
    let sum = total(lane, share);
    if lane == 0u { sums_out[group.x] = sum; }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn factor(@builtin(local_invocation_index) lane: u32) {
    var share = 0.0;
    for (var i = lane; i < params.runs; i += WORKGROUP_SIZE) { share += sums[i]; }
    let sum = total(lane, share);
    if lane == 0u { factor_out[0] = min(1.0, params.max_norm / (sqrt(sum) + 1e-6)); }
}
