// Fully connected layer.
//   y[n,o] = bias[o] + Σ_i weight[o,i] · x[n,i]
// Twin: src/ops/dense/proof.rs. Source: torch.nn.functional.linear.
//
// One thread computes one result, in runs of RUN terms with a partial sum each, which keeps rounding
// errors of long sums small. A layer may have so many inputs that llvmpipe would end a loop over all of them, so a turn takes
// STRIDE of them, one after the other.

struct Params {
    rows: u32,     // N
    inputs: u32,   // I
    outputs: u32,  // O
}

const WORKGROUP_SIZE = 64u;
const RUN = 32u;
const STRIDE = 8u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;              // (N, I)
@group(0) @binding(2) var<storage, read> weight: array<f32>;         // (O, I)
@group(0) @binding(3) var<storage, read> bias: array<f32>;           // (O)
@group(0) @binding(4) var<storage, read_write> y: array<f32>;        // (N, O)
@group(0) @binding(5) var<storage, read> dy: array<f32>;             // (N, O)
@group(0) @binding(6) var<storage, read_write> dx: array<f32>;       // (N, I)
@group(0) @binding(7) var<storage, read_write> dweight: array<f32>;  // (O, I)
@group(0) @binding(8) var<storage, read_write> dbias: array<f32>;    // (O)

// `run` and the products of STRIDE weights and values of x that lie side by side.
fn inputs_added(run: f32, w: u32, at: u32) -> f32 {
    var sum = run;
    sum += weight[w] * x[at];
    sum += weight[w + 1u] * x[at + 1u];
    sum += weight[w + 2u] * x[at + 2u];
    sum += weight[w + 3u] * x[at + 3u];
    sum += weight[w + 4u] * x[at + 4u];
    sum += weight[w + 5u] * x[at + 5u];
    sum += weight[w + 6u] * x[at + 6u];
    sum += weight[w + 7u] * x[at + 7u];
    return sum;
}

// `run` and the products of STRIDE gradients that lie side by side and the weights of an input.
fn outputs_added(run: f32, at: u32, w: u32) -> f32 {
    let next = params.inputs;
    var sum = run;
    sum += dy[at] * weight[w];
    sum += dy[at + 1u] * weight[w + next];
    sum += dy[at + 2u] * weight[w + 2u * next];
    sum += dy[at + 3u] * weight[w + 3u * next];
    sum += dy[at + 4u] * weight[w + 4u * next];
    sum += dy[at + 5u] * weight[w + 5u * next];
    sum += dy[at + 6u] * weight[w + 6u * next];
    sum += dy[at + 7u] * weight[w + 7u * next];
    return sum;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.rows * params.outputs { return; }
    let o = index % params.outputs;
    let n = index / params.outputs;
    let w = o * params.inputs;
    let at = n * params.inputs;
    var sum = bias[o];
    for (var first = 0u; first < params.inputs; first += RUN) {
        let end = min(first + RUN, params.inputs);
        var run = 0.0;
        var i = first;
        for (; i + STRIDE <= end; i += STRIDE) { run = inputs_added(run, w + i, at + i); }
        for (; i < end; i++) { run += weight[w + i] * x[at + i]; }
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
    let at = n * params.outputs;
    var sum = 0.0;
    for (var first = 0u; first < params.outputs; first += RUN) {
        let end = min(first + RUN, params.outputs);
        var run = 0.0;
        var o = first;
        for (; o + STRIDE <= end; o += STRIDE) { run = outputs_added(run, at + o, o * params.inputs + i); }
        for (; o < end; o++) { run += dy[at + o] * weight[o * params.inputs + i]; }
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
