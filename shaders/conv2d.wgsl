// 2-D convolution (cross-correlation) with zero padding, in groups of channels that are convolved apart.
//   y[n,o,i,j] = bias[o] + Σ_{c,k,l} weight[o,c,k,l] · x[n, first(o)+c, i·stride_h+k-pad_h, j·stride_w+l-pad_w]
// where first(o) is the first channel of the group of output o.
// Twin: src/ops/conv2d/twin.rs. Source: torch.nn.functional.conv2d.
//
// One thread computes one result. Sums are nested, one partial sum a row, so that rounding errors
// grow with the number of partial sums and not with the number of terms.

struct Params {
    rows: u32,      // N
    channels: u32,  // C
    height: u32,    // H
    width: u32,     // W
    outputs: u32,   // O
    kernel_h: u32,  // KH
    kernel_w: u32,  // KW
    pad_h: u32,     // rows of zeros above
    pad_w: u32,     // columns of zeros left
    out_h: u32,     // OH
    out_w: u32,     // OW
    stride_h: u32,
    stride_w: u32,
    groups: u32,    // G
}

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;              // (N, C, H, W)
@group(0) @binding(2) var<storage, read> weight: array<f32>;         // (O, C/G, KH, KW)
@group(0) @binding(3) var<storage, read> bias: array<f32>;           // (O)
@group(0) @binding(4) var<storage, read_write> y: array<f32>;        // (N, O, OH, OW)
@group(0) @binding(5) var<storage, read> dy: array<f32>;             // (N, O, OH, OW)
@group(0) @binding(6) var<storage, read_write> dx: array<f32>;       // (N, C, H, W)
@group(0) @binding(7) var<storage, read_write> dweight: array<f32>;  // (O, C/G, KH, KW)
@group(0) @binding(8) var<storage, read_write> dbias: array<f32>;    // (O)

// The channels of a group, C/G and O/G.
fn group_channels() -> u32 { return params.channels / params.groups; }
fn group_outputs() -> u32 { return params.outputs / params.groups; }

// First and one-past-last of the positions p in [0, count) for which p + offset - pad lies in [0, size).
fn overlap(offset: u32, pad: u32, count: u32, size: u32) -> vec2u {
    let first = select(0u, pad - offset, pad > offset);
    let end = select(0u, size + pad - offset, size + pad > offset);
    return vec2u(first, min(count, end));
}

// First and one-past-last of the positions p in [0, count) for which p · stride + offset - pad lies in [0, size).
fn strided_overlap(offset: u32, pad: u32, stride: u32, count: u32, size: u32) -> vec2u {
    let reached = overlap(offset, pad, (count - 1u) * stride + 1u, size);
    return (reached + stride - 1u) / stride;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.rows * params.outputs * params.out_h * params.out_w { return; }
    let j = index % params.out_w;
    let i = index / params.out_w % params.out_h;
    let o = index / (params.out_w * params.out_h) % params.outputs;
    let n = index / (params.out_w * params.out_h * params.outputs);

    let top = i * params.stride_h;
    let left = j * params.stride_w;
    let ks = overlap(top, params.pad_h, params.kernel_h, params.height);
    let ls = overlap(left, params.pad_w, params.kernel_w, params.width);
    let channels = group_channels();
    let first = n * params.channels + o / group_outputs() * channels;
    var sum = bias[o];
    for (var c = 0u; c < channels; c++) {
        var plane = 0.0;
        for (var k = ks.x; k < ks.y; k++) {
            let x_row = ((first + c) * params.height + top + k - params.pad_h) * params.width;
            let weight_row = ((o * channels + c) * params.kernel_h + k) * params.kernel_w;
            for (var l = ls.x; l < ls.y; l++) {
                plane += weight[weight_row + l] * x[x_row + left + l - params.pad_w];
            }
        }
        sum += plane;
    }
    y[index] = sum;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_input(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.rows * params.channels * params.height * params.width { return; }
    let b = index % params.width;
    let a = index / params.width % params.height;
    let c = index / (params.width * params.height) % params.channels;
    let n = index / (params.width * params.height * params.channels);

    // x[a, b] meets weight[k, l] in y[(a + pad_h - k) / stride_h, (b + pad_w - l) / stride_w], where these are whole.
    let bottom = a + params.pad_h;
    let right = b + params.pad_w;
    let lowest = (params.out_h - 1u) * params.stride_h;
    let rightmost = (params.out_w - 1u) * params.stride_w;
    var k_first = select(0u, bottom - lowest, bottom > lowest);
    var l_first = select(0u, right - rightmost, right > rightmost);
    let k_end = min(params.kernel_h, bottom + 1u);
    let l_end = min(params.kernel_w, right + 1u);
    // The first of them is met where the rest of the division is 0.
    k_first += select(0u, (bottom - k_first) % params.stride_h, k_first <= bottom);
    l_first += select(0u, (right - l_first) % params.stride_w, l_first <= right);
    let channels = group_channels();
    let outputs = group_outputs();
    let first = c / channels * outputs;
    var sum = 0.0;
    for (var o = first; o < first + outputs; o++) {
        var plane = 0.0;
        for (var k = k_first; k < k_end; k += params.stride_h) {
            let i = (bottom - k) / params.stride_h;
            let dy_row = ((n * params.outputs + o) * params.out_h + i) * params.out_w;
            let weight_row = ((o * channels + c % channels) * params.kernel_h + k) * params.kernel_w;
            for (var l = l_first; l < l_end; l += params.stride_w) {
                plane += dy[dy_row + (right - l) / params.stride_w] * weight[weight_row + l];
            }
        }
        sum += plane;
    }
    dx[index] = sum;
}

var<workgroup> partial: array<f32, WORKGROUP_SIZE>;

// Adds up `sum` of all threads, pairwise; thread 0 has the result.
fn total(lane: u32, sum: f32) -> f32 {
    partial[lane] = sum;
    for (var half = WORKGROUP_SIZE / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half { partial[lane] += partial[lane + half]; }
    }
    return partial[0];
}

// One workgroup a weight: every thread sums its share of the maps' rows, then the shares are added. A thread that went
// over all pixels of a batch would take more turns of its loops than llvmpipe allows it (65,535), and end too early.
@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_weight(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group.y * workgroups.x + group.x;
    let channels = group_channels();
    if index >= params.outputs * channels * params.kernel_h * params.kernel_w { return; }
    let l = index % params.kernel_w;
    let k = index / params.kernel_w % params.kernel_h;
    let o = index / (params.kernel_w * params.kernel_h * channels);
    let c = o / group_outputs() * channels + index / (params.kernel_w * params.kernel_h) % channels;

    let is = strided_overlap(k, params.pad_h, params.stride_h, params.out_h, params.height);
    let js = strided_overlap(l, params.pad_w, params.stride_w, params.out_w, params.width);
    let rows = max(is.y, is.x) - is.x;
    var sum = 0.0;
    for (var p = lane; p < params.rows * rows; p += WORKGROUP_SIZE) {
        let n = p / rows;
        let i = is.x + p % rows;
        let x_row = ((n * params.channels + c) * params.height + i * params.stride_h + k - params.pad_h) * params.width;
        let dy_row = ((n * params.outputs + o) * params.out_h + i) * params.out_w;
        var line = 0.0;
        for (var j = js.x; j < js.y; j++) {
            line += x[x_row + j * params.stride_w + l - params.pad_w] * dy[dy_row + j];
        }
        sum += line;
    }
    let result = total(lane, sum);
    if lane == 0u { dweight[index] = result; }
}

// One workgroup an output: every thread sums its share, then the shares are added pairwise.
@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_bias(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let o = group.x;
    let plane = params.out_h * params.out_w;
    var sum = 0.0;
    for (var n = 0u; n < params.rows; n++) {
        var image = 0.0;
        for (var p = lane; p < plane; p += WORKGROUP_SIZE) {
            image += dy[(n * params.outputs + o) * plane + p];
        }
        sum += image;
    }
    let result = total(lane, sum);
    if lane == 0u { dbias[o] = result; }
}
