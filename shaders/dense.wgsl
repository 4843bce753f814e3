// Fully connected layer.
//   y[n,o] = bias[o] + Σ_i weight[o,i] · x[n,i]
// Twin: src/ops/dense/proof.rs. Source: torch.nn.functional.linear.
//
// One thread computes one result, in runs of RUN terms with a partial sum each, which keeps rounding
// errors of long sums small.

struct Params {
    rows: u32,     // N
    inputs: u32,   // I
    outputs: u32,  // O
}

const WORKGROUP_SIZE = 64u;
const RUN = 32u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;              // (N, I)
@group(0) @binding(2) var<storage, read> weight: array<f32>;         // (O, I)
@group(0) @binding(3) var<storage, read> bias: array<f32>;           // (O)
@group(0) @binding(4) var<storage, read_write> y: array<f32>;        // (N, O)
@group(0) @binding(5) var<storage, read> dy: array<f32>;             // (N, O)
@group(0) @binding(6) var<storage, read_write> dx: array<f32>;       // (N, I)
@group(0) @binding(7) var<storage, read_write> dweight: array<f32>;  // (O, I)
@group(0) @binding(8) var<storage, read_write> dbias: array<f32>;    // (O)

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.rows * params.outputs { return; }
    let o = index % params.outputs;
    let n = index / params.outputs;
    var sum = bias[o];
    for (var first = 0u; first < params.inputs; first += RUN) {
        var run = 0.0;
        for (var i = first; i < min(first + RUN, params.inputs); i++) {
            run += weight[o * params.inputs + i] * x[n * params.inputs + i];
        }
        sum += run;
    }
    y[index] = sum;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_input(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.rows * params.inputs { return; }
    let i = index % params.inputs;
    let n = index / params.inputs;
    var sum = 0.0;
    for (var first = 0u; first < params.outputs; first += RUN) {
        var run = 0.0;
        for (var o = first; o < min(first + RUN, params.outputs); o++) {
            run += dy[n * params.outputs + o] * weight[o * params.inputs + i];
        }
        sum += run;
    }
    dx[index] = sum;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_weight(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.outputs * params.inputs { return; }
    let i = index % params.inputs;
    let o = index / params.inputs;
    var sum = 0.0;
    for (var first = 0u; first < params.rows; first += RUN) {
        var run = 0.0;
        for (var n = first; n < min(first + RUN, params.rows); n++) {
            run += x[n * params.inputs + i] * dy[n * params.outputs + o];
        }
        sum += run;
    }
    dweight[index] = sum;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_bias(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let o = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if o >= params.outputs { return; }
    var sum = 0.0;
    for (var first = 0u; first < params.rows; first += RUN) {
        var run = 0.0;
        for (var n = first; n < min(first + RUN, params.rows); n++) {
            run += dy[n * params.outputs + o];
        }
        sum += run;
    }
    dbias[o] = sum;
}
