// What batch_norm2d.wgsl sums up, of maps of one pixel behind dense layers: a thread a channel. Sums are taken in the order of
// the plain kernels, so that results have the same bits.
// Twin: src/ops/batch_norm2d/twin.rs. Source: torch.nn.functional.batch_norm.

struct Params {
    rows: u32,      // N
    channels: u32,  // C
    eps: f32,
    momentum: f32,  // share of the new batch in the running statistics
}

const WORKGROUP_SIZE = 64u;
// The plain kernels' threads share rows out among so many.
const SHARES = 8u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;                   // (N, C)
@group(0) @binding(2) var<storage, read_write> mean_out: array<f32>;      // (C)
@group(0) @binding(3) var<storage, read_write> var_out: array<f32>;       // (C), biased
@group(0) @binding(4) var<storage, read_write> running_mean: array<f32>;  // (C)
@group(0) @binding(5) var<storage, read_write> running_var: array<f32>;   // (C), unbiased
@group(0) @binding(6) var<storage, read> mean: array<f32>;                // (C)
@group(0) @binding(7) var<storage, read> variance: array<f32>;            // (C)
@group(0) @binding(8) var<storage, read> dy: array<f32>;                  // (N, C)
@group(0) @binding(9) var<storage, read_write> dweight_out: array<f32>;   // (C)
@group(0) @binding(10) var<storage, read_write> dbias_out: array<f32>;    // (C)
@group(0) @binding(11) var<storage, read_write> shares_out: array<vec2f>; // (C): dweight and dbias

// Shares of two values each in the plain kernels' order: of pairs, and of pairs of pairs.
fn joined(a: vec4f, b: vec4f) -> f32 {
    let four = a + b;
    let two = four.xy + four.zw;
    return two.x + two.y;
}

// The sum over rows first, first + 8, …
fn sum_from(first: u32, c: u32) -> f32 {
    var sum = 0.0;
    // llvmpipe (Mesa 22.3) builds a program anew at each dispatch whose uniforms alone decide loops.
    for (var n = first; n < params.rows + (c >> 31u); n += SHARES) { sum += x[n * params.channels + c]; }
    return sum;
}

fn squares_from(first: u32, c: u32, channel_mean: f32) -> f32 {
    var sum = 0.0;
    for (var n = first; n < params.rows + (c >> 31u); n += SHARES) {
        let centred = x[n * params.channels + c] - channel_mean;
        let square = centred * centred;
        sum += square;
    }
    return sum;
}

fn four_sums(first: u32, c: u32) -> vec4f {
    return vec4f(sum_from(first, c), sum_from(first + 1u, c), sum_from(first + 2u, c), sum_from(first + 3u, c));
}

fn four_squares(first: u32, c: u32, m: f32) -> vec4f {
    return vec4f(
        squares_from(first, c, m), squares_from(first + 1u, c, m),
        squares_from(first + 2u, c, m), squares_from(first + 3u, c, m),
    );
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn statistics(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let c = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if c >= params.channels { return; }
    let count = f32(params.rows);
    let channel_mean = joined(four_sums(0u, c), four_sums(4u, c)) / count;
    let total = joined(four_squares(0u, c, channel_mean), four_squares(4u, c, channel_mean));
    mean_out[c] = channel_mean;
    var_out[c] = total / count;
    running_mean[c] += params.momentum * (channel_mean - running_mean[c]);
    running_var[c] += params.momentum * (total / (count - 1.0) - running_var[c]);
}

// As sum_from, of dweight and dbias.
fn shares_from(first: u32, c: u32, scale: f32) -> vec2f {
    var sums = vec2f(0.0);
    for (var n = first; n < params.rows + (c >> 31u); n += SHARES) {
        let at = n * params.channels + c;
        let share = dy[at] * vec2f((x[at] - mean[c]) * scale, 1.0);
        sums += share;
    }
    return sums;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_parameters(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let c = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if c >= params.channels { return; }
    let scale = 1.0 / sqrt(variance[c] + params.eps);
    let s0 = shares_from(0u, c, scale); let s1 = shares_from(1u, c, scale);
    let s2 = shares_from(2u, c, scale); let s3 = shares_from(3u, c, scale);
    let s4 = shares_from(4u, c, scale); let s5 = shares_from(5u, c, scale);
    let s6 = shares_from(6u, c, scale); let s7 = shares_from(7u, c, scale);
    let total = vec2f(
        joined(vec4f(s0.x, s1.x, s2.x, s3.x), vec4f(s4.x, s5.x, s6.x, s7.x)),
        joined(vec4f(s0.y, s1.y, s2.y, s3.y), vec4f(s4.y, s5.y, s6.y, s7.y)),
    );
    dweight_out[c] = total.x;
    dbias_out[c] = total.y;
    shares_out[c] = total;
}
