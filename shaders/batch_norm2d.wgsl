// Batch normalisation over rows and pixels of each channel: of all rows together (D = 1), or of those of each of two
// domains apart (D = 2) under one weight and bias.
//   y = (x - mean) / √(var + eps) · weight + bias
// Twin: src/ops/batch_norm2d/twin.rs. Source: torch.nn.functional.batch_norm; domains: Chang et al. 2019 (DSBN).
//
// `statistics` runs one workgroup a domain and channel, `backward_parameters` one a channel: every thread sums its
// share, then the shares are added pairwise, so the order of additions is always the same.

struct Params {
    rows: u32,         // N
    source_rows: u32,  // the first ones, which are those of domain 0; all of them where D = 1
    channels: u32,     // C
    plane: u32,        // H·W
    eps: f32,
    momentum: f32,     // share of the new batch in the running statistics
}

const WORKGROUP_SIZE = 256u;
// Threads that share an image's plane of a channel; the others take other images.
const LANES = 32u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;                   // (N, C, H, W)
@group(0) @binding(2) var<storage, read_write> mean_out: array<f32>;      // (D, C)
@group(0) @binding(3) var<storage, read_write> var_out: array<f32>;       // (D, C), biased
@group(0) @binding(4) var<storage, read_write> running_mean: array<f32>;  // (D, C)
@group(0) @binding(5) var<storage, read_write> running_var: array<f32>;   // (D, C), unbiased
@group(0) @binding(6) var<storage, read> mean: array<f32>;                // (D, C)
@group(0) @binding(7) var<storage, read> variance: array<f32>;            // (D, C)
@group(0) @binding(8) var<storage, read> weight: array<f32>;              // (C)
@group(0) @binding(9) var<storage, read> bias: array<f32>;                // (C)
@group(0) @binding(10) var<storage, read_write> y: array<f32>;            // (N, C, H, W)
@group(0) @binding(11) var<storage, read> dy: array<f32>;                 // (N, C, H, W)
@group(0) @binding(12) var<storage, read_write> dweight_out: array<f32>;  // (C)
@group(0) @binding(13) var<storage, read_write> dbias_out: array<f32>;    // (C)
@group(0) @binding(14) var<storage, read_write> shares_out: array<vec2f>; // (D, C): of dweight and dbias
@group(0) @binding(15) var<storage, read> shares: array<vec2f>;           // (D, C)
@group(0) @binding(16) var<storage, read_write> dx: array<f32>;           // (N, C, H, W)

var<workgroup> partial: array<vec2f, WORKGROUP_SIZE>;

// The sum of every thread's `share`, the same on all threads.
fn workgroup_sum(lane: u32, share: vec2f) -> vec2f {
    workgroupBarrier();
    partial[lane] = share;
    for (var half = WORKGROUP_SIZE / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half { partial[lane] += partial[lane + half]; }
    }
    workgroupBarrier();
    return partial[0];
}

// The first row of a domain and the one behind its last. Where all rows are of domain 0, they stand for domain 1 too.
fn rows_of(domain: u32) -> vec2u {
    if params.source_rows == params.rows { return vec2u(0u, params.rows); }
    return select(vec2u(0u, params.source_rows), vec2u(params.source_rows, params.rows), domain == 1u);
}

// The domain of value `index` of x.
fn domain_of(index: u32) -> u32 {
    return select(0u, 1u, index / (params.plane * params.channels) >= params.source_rows);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn statistics(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let i = group.x;  // of (D, C)
    let c = i % params.channels;
    let rows = rows_of(i / params.channels);
    let count = f32((rows.y - rows.x) * params.plane);
    var sum = 0.0;
    for (var n = rows.x + lane / LANES; n < rows.y; n += WORKGROUP_SIZE / LANES) {
        var image = 0.0;
        for (var p = lane % LANES; p < params.plane; p += LANES) {
            image += x[(n * params.channels + c) * params.plane + p];
        }
        sum += image;
    }
    let channel_mean = workgroup_sum(lane, vec2f(sum, 0.0)).x / count;
    // A second pass over the data: E[x²] - E[x]² would cancel.
    var squares = 0.0;
    for (var n = rows.x + lane / LANES; n < rows.y; n += WORKGROUP_SIZE / LANES) {
        var image = 0.0;
        for (var p = lane % LANES; p < params.plane; p += LANES) {
            let centred = x[(n * params.channels + c) * params.plane + p] - channel_mean;
            image += centred * centred;
        }
        squares += image;
    }
    let total = workgroup_sum(lane, vec2f(squares, 0.0)).x;
    if lane == 0u {
        mean_out[i] = channel_mean;
        var_out[i] = total / count;
        running_mean[i] += params.momentum * (channel_mean - running_mean[i]);
        running_var[i] += params.momentum * (total / (count - 1.0) - running_var[i]);
    }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.rows * params.channels * params.plane { return; }
    let c = index / params.plane % params.channels;
    let i = domain_of(index) * params.channels + c;
    let normalised = (x[index] - mean[i]) / sqrt(variance[i] + params.eps);
    y[index] = normalised * weight[c] + bias[c];
}

// What the rows of a domain add to dweight and dbias of channel c.
fn share_of(domain: u32, c: u32, lane: u32) -> vec2f {
    let i = domain * params.channels + c;
    let rows = rows_of(domain);
    let scale = 1.0 / sqrt(variance[i] + params.eps);
    var sums = vec2f(0.0);
    for (var n = rows.x + lane / LANES; n < rows.y; n += WORKGROUP_SIZE / LANES) {
        var image = vec2f(0.0);
        for (var p = lane % LANES; p < params.plane; p += LANES) {
            let index = (n * params.channels + c) * params.plane + p;
            image += dy[index] * vec2f((x[index] - mean[i]) * scale, 1.0);
        }
        sums += image;
    }
    return workgroup_sum(lane, sums);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_parameters(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let c = group.x;
    var total = share_of(0u, c, lane);
    if lane == 0u { shares_out[c] = total; }
    if params.source_rows < params.rows {
        let second = share_of(1u, c, lane);
        if lane == 0u { shares_out[params.channels + c] = second; }
        total += second;
    }
    if lane == 0u {
        dweight_out[c] = total.x;
        dbias_out[c] = total.y;
    }
}

// Of statistics that do not depend on x.
@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_input_frozen(
    @builtin(global_invocation_id) id: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.rows * params.channels * params.plane { return; }
    let c = index / params.plane % params.channels;
    let i = domain_of(index) * params.channels + c;
    dx[index] = weight[c] / sqrt(variance[i] + params.eps) * dy[index];
}

// The batch's own mean and variance depend on x, hence the two corrections.
@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_input(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.rows * params.channels * params.plane { return; }
    let c = index / params.plane % params.channels;
    let domain = domain_of(index);
    let i = domain * params.channels + c;
    let rows = rows_of(domain);
    let count = f32((rows.y - rows.x) * params.plane);
    let scale = 1.0 / sqrt(variance[i] + params.eps);
    let normalised = (x[index] - mean[i]) * scale;
    dx[index] = weight[c] * scale * (dy[index] - shares[i].y / count - normalised * shares[i].x / count);
}
