// Batch normalisation over rows and pixels of each channel, and the rectified linear unit behind it: four values at a time.
//   y = rectified(z), z = (x - mean) · scale + bias, scale = weight / √(var + eps)
//   dx = scale · (d - Σd / NHW - x̂ · Σ(d·x̂) / NHW), d = dy where the unit passes it, x̂ = (x - mean) / √(var + eps)
// Twin: src/ops/rectified_norm/proof.rs. Source: torch.nn.functional.batch_norm, relu, relu6.
//
// Planes hold whole groups of four: what reads a scalar at a time takes ten times as long on software adapters. `statistics`
// goes over the values once: it sums up their distances from the channel's first one, and the squares of these, which cancel
// by no more than that value's own distance from the mean. Threads' shares are added pairwise, so in the same order always.

import "shared/rectifier.wgsl";

struct Params {
    rows: u32,       // N
    channels: u32,   // C
    quads: u32,      // H·W / 4
    rectifier: u32,  // none, RELU or RELU6
    eps: f32,
    momentum: f32,   // share of the new batch in the running statistics
}

const WORKGROUP_SIZE = 256u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;                  // (N, C, H·W/4)
@group(0) @binding(2) var<storage, read> weight: array<f32>;               // (C)
@group(0) @binding(3) var<storage, read> bias: array<f32>;                 // (C)
@group(0) @binding(4) var<storage, read_write> running_mean: array<f32>;   // (C)
@group(0) @binding(5) var<storage, read_write> running_var: array<f32>;    // (C), unbiased
@group(0) @binding(6) var<storage, read_write> table_out: array<vec4f>;    // (C): mean, scale, bias, 1 / √(var + eps)
@group(0) @binding(7) var<storage, read> table: array<vec4f>;              // the same, read back
@group(0) @binding(8) var<storage, read_write> y: array<vec4f>;            // as x
@group(0) @binding(9) var<storage, read> dy: array<vec4f>;                 // as x
@group(0) @binding(10) var<storage, read_write> dweight: array<f32>;       // (C)
@group(0) @binding(11) var<storage, read_write> dbias: array<f32>;         // (C)
@group(0) @binding(12) var<storage, read_write> shares_out: array<vec4f>;  // (C): of x - mean, and of 1, in dx / scale
@group(0) @binding(13) var<storage, read> shares: array<vec4f>;            // the same, read back
@group(0) @binding(14) var<storage, read_write> dx: array<vec4f>;          // as x

var<workgroup> partial: array<vec2f, WORKGROUP_SIZE>;

// The sum of every thread's `share`; thread 0 has it.
fn total(lane: u32, share: vec2f) -> vec2f {
    partial[lane] = share;
    for (var half = WORKGROUP_SIZE / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half { partial[lane] += partial[lane + half]; }
    }
    return partial[0];
}

// Where the q-th group of channel `c` lies.
fn place(q: u32, c: u32) -> u32 {
    return (q / params.quads * params.channels + c) * params.quads + q % params.quads;
}

fn entry(c: u32, mean: f32, variance: f32) -> vec4f {
    let inverse = 1.0 / sqrt(variance + params.eps);
    return vec4f(mean, weight[c] * inverse, bias[c], inverse);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn statistics(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let c = group.x;
    let pivot = x[place(0u, c)].x;
    var sums = vec4f(0.0);
    var squares = vec4f(0.0);
    for (var q = lane; q < params.rows * params.quads; q += WORKGROUP_SIZE) {
        let distance = x[place(q, c)] - pivot;
        sums += distance;
        squares += distance * distance;
    }
    let ones = vec4f(1.0);
    let all = total(lane, vec2f(dot(sums, ones), dot(squares, ones)));
    if lane > 0u { return; }
    let count = f32(4u * params.rows * params.quads);
    let off = all.x / count;
    let mean = pivot + off;
    // Rounding may leave less than nothing.
    let centred = max(all.y - all.x * off, 0.0);
    table_out[c] = entry(c, mean, centred / count);
    running_mean[c] += params.momentum * (mean - running_mean[c]);
    running_var[c] += params.momentum * (centred / (count - 1.0) - running_var[c]);
}

// The table of running statistics.
@compute @workgroup_size(WORKGROUP_SIZE)
fn running(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let c = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if c >= params.channels { return; }
    table_out[c] = entry(c, running_mean[c], running_var[c]);
}

fn each_rectified(z: vec4f) -> vec4f {
    return vec4f(
        rectified(z.x, params.rectifier), rectified(z.y, params.rectifier),
        rectified(z.z, params.rectifier), rectified(z.w, params.rectifier),
    );
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.rows * params.channels * params.quads { return; }
    let t = table[index / params.quads % params.channels];
    y[index] = each_rectified((x[index] - t.x) * t.y + t.z);
}

// What of dy gets through the unit behind the values `centred` + mean.
fn each_passed(centred: vec4f, t: vec4f, d: vec4f) -> vec4f {
    let z = centred * t.y + t.z;
    return vec4f(
        passed(z.x, d.x, params.rectifier), passed(z.y, d.y, params.rectifier),
        passed(z.z, d.z, params.rectifier), passed(z.w, d.w, params.rectifier),
    );
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_parameters(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let c = group.x;
    let t = table[c];
    var products = vec4f(0.0);
    var sums = vec4f(0.0);
    for (var q = lane; q < params.rows * params.quads; q += WORKGROUP_SIZE) {
        let centred = x[place(q, c)] - t.x;
        let d = each_passed(centred, t, dy[place(q, c)]);
        products += d * centred;
        sums += d;
    }
    let ones = vec4f(1.0);
    let all = total(lane, vec2f(dot(products, ones) * t.w, dot(sums, ones)));
    if lane > 0u { return; }
    let count = f32(4u * params.rows * params.quads);
    dweight[c] = all.x;
    dbias[c] = all.y;
    shares_out[c] = vec4f(all.x * t.w / count, all.y / count, 0.0, 0.0);
}

// The batch's own mean and variance depend on x, hence the two shares.
@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_input(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.rows * params.channels * params.quads { return; }
    let c = index / params.quads % params.channels;
    let t = table[c];
    let s = shares[c];
    let centred = x[index] - t.x;
    dx[index] = t.y * (each_passed(centred, t, dy[index]) - s.y - centred * s.x);
}

// Of statistics that do not depend on x.
@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_input_frozen(
    @builtin(global_invocation_id) id: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.rows * params.channels * params.quads { return; }
    let t = table[index / params.quads % params.channels];
    dx[index] = t.y * each_passed(x[index] - t.x, t, dy[index]);
}
