// A convolution's weight (O, C, KH, KW) in textures, four values to a texel, filled up with zeros.
// Checked with the register-tiled convolutions; twin: src/ops/conv2d/twin.rs.

struct Params {
    outputs: u32,   // O
    channels: u32,  // C
    kernel_h: u32,
    kernel_w: u32,
    width: u32,     // of the texture
    height: u32,    // of the texture
    inner: u32,     // pack_forward: C / 4, pack_rotated: O / 4, pack_spread: O, rounded up
    taps: u32,      // pack_spread: KW, rounded up
}

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> weight: array<f32>;  // (O, C, KH, KW)
@group(0) @binding(2) var texels: texture_storage_2d<rgba32float, write>;

fn value(o: u32, c: u32, k: u32, l: u32) -> f32 {
    if o >= params.outputs || c >= params.channels || k >= params.kernel_h || l >= params.kernel_w { return 0.0; }
    return weight[((o * params.channels + c) * params.kernel_h + k) * params.kernel_w + l];
}

// Four outputs to a texel: column (o / 4) · 4 + c % 4, row (k · KW + l) · inner + c / 4.
@compute @workgroup_size(WORKGROUP_SIZE)
fn pack_forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let column = index % params.width;
    let row = index / params.width;
    if row >= params.height { return; }
    let o = column / 4u * 4u;
    let c = row % params.inner * 4u + column % 4u;
    let k = row / params.inner / params.kernel_w;
    let l = row / params.inner % params.kernel_w;
    textureStore(texels, vec2u(column, row), vec4f(
        value(o, c, k, l), value(o + 1u, c, k, l), value(o + 2u, c, k, l), value(o + 3u, c, k, l),
    ));
}

// As pack_forward, with inputs and outputs exchanged and the taps rotated 180°: for the way from dy to dx.
@compute @workgroup_size(WORKGROUP_SIZE)
fn pack_rotated(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let column = index % params.width;
    let row = index / params.width;
    if row >= params.height { return; }
    let c = column / 4u * 4u;
    let o = row % params.inner * 4u + column % 4u;
    let k = params.kernel_h - 1u - row / params.inner / params.kernel_w;
    let l = params.kernel_w - 1u - row / params.inner % params.kernel_w;
    textureStore(texels, vec2u(column, row), vec4f(
        value(o, c, k, l), value(o, c + 1u, k, l), value(o, c + 2u, k, l), value(o, c + 3u, k, l),
    ));
}

// Four channels to a texel: column (c / 4) · taps + l, row (k + 1) · inner + o, with zeros above k = 0 and below.
@compute @workgroup_size(WORKGROUP_SIZE)
fn pack_spread(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let column = index % params.width;
    let row = index / params.width;
    if row >= params.height { return; }
    let c = column / params.taps * 4u;
    let l = column % params.taps;
    let o = row % params.inner;
    // Row 0 wraps round to a k beyond any kernel.
    let k = row / params.inner - 1u;
    textureStore(texels, vec2u(column, row), vec4f(
        value(o, c, k, l), value(o, c + 1u, k, l), value(o, c + 2u, k, l), value(o, c + 3u, k, l),
    ));
}
