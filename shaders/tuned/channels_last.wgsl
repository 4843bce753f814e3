// Between the public layout (N, C, H, W) and the inner one of the tuned convolutions: channels last, four to a vec4,
// the last group filled up with zeros. Also what the way back through ReLU and 2×2 pooling takes.
// Checked with the tuned convolutions against src/reference/{conv2d,relu,max_pool2d}.rs.

struct Params {
    rows: u32,      // N
    channels: u32,  // C
    height: u32,    // H
    width: u32,     // W
    groups: u32,    // C / 4, rounded up; for the weight O / 4, rounded up to an even number
    outputs: u32,   // O, of the weight
    in_groups: u32, // of the weight: input channels / 4, rounded up
    turned: u32,    // of the weight: 1 for backward_input, where inputs and outputs trade places
}

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;               // (N, C, H, W); as a weight (O, C, KH, KW)
@group(0) @binding(2) var<storage, read_write> x4_out: array<vec4f>;  // (N, H, W, C/4)
@group(0) @binding(3) var<storage, read> x4: array<vec4f>;            // (N, H, W, C/4)
@group(0) @binding(4) var<storage, read_write> x_out: array<f32>;     // (N, C, H, W)
@group(0) @binding(5) var<storage, read_write> weight4: array<mat4x4f>;  // (KH, KW, in_groups, groups)
@group(0) @binding(6) var<storage, read> winner: array<u32>;          // (N, H/2, W/2, C/4), see conv2d_tile.wgsl
@group(0) @binding(7) var<storage, read_write> dbias: array<f32>;     // (C)

@compute @workgroup_size(WORKGROUP_SIZE)
fn pack(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let index = id.y * groups.x * WORKGROUP_SIZE + id.x;
    let plane = params.height * params.width;
    if index >= params.rows * plane * params.groups { return; }
    let g = index % params.groups;
    let pixel = index / params.groups % plane;
    let n = index / (params.groups * plane);
    var value = vec4f(0.0);
    for (var c = 0u; c < min(4u, params.channels - 4u * g); c++) {
        value[c] = x[(n * params.channels + 4u * g + c) * plane + pixel];
    }
    x4_out[index] = value;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn unpack(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let index = id.y * groups.x * WORKGROUP_SIZE + id.x;
    let plane = params.height * params.width;
    if index >= params.rows * params.channels * plane { return; }
    let pixel = index % plane;
    let c = index / plane % params.channels;
    let n = index / (plane * params.channels);
    x_out[index] = x4[(n * plane + pixel) * params.groups + c / 4u][c % 4u];
}

// One 4×4 block of the weight: column = input channel, row = output channel.
@compute @workgroup_size(WORKGROUP_SIZE)
fn pack_weight(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let index = id.y * groups.x * WORKGROUP_SIZE + id.x;
    let taps = params.height * params.width;
    if index >= taps * params.in_groups * params.groups { return; }
    let out_group = index % params.groups;
    let in_group = index / params.groups % params.in_groups;
    let tap = index / (params.groups * params.in_groups);
    var block = mat4x4f();
    for (var a = 0u; a < 4u; a++) {
        for (var b = 0u; b < 4u; b++) {
            let inner = 4u * in_group + a;
            let outer = 4u * out_group + b;
            let o = select(outer, inner, params.turned == 1u);
            let c = select(inner, outer, params.turned == 1u);
            let t = select(tap, taps - 1u - tap, params.turned == 1u);
            if o < params.outputs && c < params.channels {
                block[a][b] = x[(o * params.channels + c) * taps + t];
            }
        }
    }
    weight4[index] = block;
}

// The gradient of the map before ReLU and 2×2 pooling, from the pooled one: 0 but where the pooled value came from.
@compute @workgroup_size(WORKGROUP_SIZE)
fn unpool(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let index = id.y * groups.x * WORKGROUP_SIZE + id.x;
    if index >= params.rows * params.height * params.width * params.groups { return; }
    let g = index % params.groups;
    let j = index / params.groups % params.width;
    let i = index / (params.groups * params.width) % params.height;
    let n = index / (params.groups * params.width * params.height);
    let pooled_h = params.height / 2u;
    let pooled_w = params.width / 2u;
    var value = vec4f(0.0);
    if i / 2u < pooled_h && j / 2u < pooled_w {
        let pooled = ((n * pooled_h + i / 2u) * pooled_w + j / 2u) * params.groups + g;
        let won = vec4u(winner[pooled]) >> vec4u(0u, 8u, 16u, 24u) & vec4u(0xffu);
        value = select(value, x4[pooled], won == vec4u(2u * (i % 2u) + j % 2u));
    }
    x4_out[index] = value;
}

var<workgroup> sums: array<vec4f, WORKGROUP_SIZE>;

// The bias's gradient from the pooled one: one workgroup a channel group, shares added pairwise.
@compute @workgroup_size(WORKGROUP_SIZE)
fn pooled_bias(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let g = group.x;
    let plane = params.height / 2u * (params.width / 2u);
    var share = vec4f(0.0);
    for (var n = 0u; n < params.rows; n++) {
        var image = vec4f(0.0);
        for (var pixel = lane; pixel < plane; pixel += WORKGROUP_SIZE) {
            let index = (n * plane + pixel) * params.groups + g;
            let won = vec4u(winner[index]) >> vec4u(0u, 8u, 16u, 24u) & vec4u(0xffu);
            image += select(x4[index], vec4f(0.0), won == vec4u(4u));
        }
        share += image;
    }
    sums[lane] = share;
    for (var half = WORKGROUP_SIZE / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half { sums[lane] += sums[lane + half]; }
    }
    if lane == 0u {
        for (var c = 0u; c < min(4u, params.channels - 4u * g); c++) { dbias[4u * g + c] = sums[0][c]; }
    }
}
