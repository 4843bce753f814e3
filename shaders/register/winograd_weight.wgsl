// The weight's side of Winograd's domain, F(4×4, 5×5); see winograd_transform.wgsl.
// `forward`, `rotated`: G g Gᵀ of each kernel, four outputs or four input channels to a texel.
// `image` puts up to three input channels beside each other, for winograd_image.wgsl.
// `gradient`: Gᵀ dU G, four outputs at once. Twin: src/ops/conv2d/twin.rs. Source: Lavin & Gray, arXiv 1509.09308.

import "register/shared/winograd_spectrum.wgsl";
import "register/shared/winograd_maps.wgsl";

struct Params {
    outputs: u32,     // O
    channels: u32,    // C
    out_groups: u32,  // forward, image and gradient: O / 4, rotated: C / 4, rounded up or more
}

const WORKGROUP_SIZE = 64u;
const TAPS = 5u;
const IMAGE_CHANNELS = 3u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> weight: array<f32>;                  // (O, C, 5, 5)
@group(0) @binding(2) var spectrum: texture_storage_2d<rgba32float, write>;   // four outputs, in `rotated` four channels, to a texel
@group(0) @binding(3) var dspectrum: texture_storage_2d<rgba32float, read>;   // four outputs to a texel
@group(0) @binding(4) var<storage, read_write> dweight: array<f32>;           // (O, C, 5, 5)
@group(0) @binding(5) var<storage, read_write> blocks: array<vec4f>;             // (O/4, 8, 8, 3), four outputs each

fn value(o: u32, c: u32, tap: u32) -> f32 {
    if o >= params.outputs || c >= params.channels { return 0.0; }
    return weight[(o * params.channels + c) * TAPS * TAPS + tap];
}

// One tap of four neighbours among the outputs, or among the channels.
fn four(o: u32, c: u32, among_outputs: bool, tap: u32) -> vec4f {
    let next = select(vec2u(0u, 1u), vec2u(1u, 0u), among_outputs);
    return vec4f(
        value(o, c, tap), value(o + next.x, c + next.y, tap), value(o + 2u * next.x, c + 2u * next.y, tap),
        value(o + 3u * next.x, c + 3u * next.y, tap),
    );
}

fn row(o: u32, c: u32, among_outputs: bool, k: u32) -> Eight {
    let first = k * TAPS;
    return points(Five(
        four(o, c, among_outputs, first), four(o, c, among_outputs, first + 1u), four(o, c, among_outputs, first + 2u),
        four(o, c, among_outputs, first + 3u), four(o, c, among_outputs, first + 4u),
    ));
}

fn store_column(at: vec2u, column: u32, v: Eight) {
    let first = at + vec2u(column, 0u);
    textureStore(spectrum, first, v.c0);
    textureStore(spectrum, first + vec2u(8u, 0u), v.c1);
    textureStore(spectrum, first + vec2u(16u, 0u), v.c2);
    textureStore(spectrum, first + vec2u(24u, 0u), v.c3);
    textureStore(spectrum, first + vec2u(32u, 0u), v.c4);
    textureStore(spectrum, first + vec2u(40u, 0u), v.c5);
    textureStore(spectrum, first + vec2u(48u, 0u), v.c6);
    textureStore(spectrum, first + vec2u(56u, 0u), v.c7);
}

// Columns of points.
struct Spectrum { c0: Eight, c1: Eight, c2: Eight, c3: Eight, c4: Eight, c5: Eight, c6: Eight, c7: Eight }

fn spectrum_of(o: u32, c: u32, among_outputs: bool) -> Spectrum {
    let r0 = row(o, c, among_outputs, 0u);
    let r1 = row(o, c, among_outputs, 1u);
    let r2 = row(o, c, among_outputs, 2u);
    let r3 = row(o, c, among_outputs, 3u);
    let r4 = row(o, c, among_outputs, 4u);
    return Spectrum(
        points(Five(r0.c0, r1.c0, r2.c0, r3.c0, r4.c0)), points(Five(r0.c1, r1.c1, r2.c1, r3.c1, r4.c1)),
        points(Five(r0.c2, r1.c2, r2.c2, r3.c2, r4.c2)), points(Five(r0.c3, r1.c3, r2.c3, r3.c3, r4.c3)),
        points(Five(r0.c4, r1.c4, r2.c4, r3.c4, r4.c4)), points(Five(r0.c5, r1.c5, r2.c5, r3.c5, r4.c5)),
        points(Five(r0.c6, r1.c6, r2.c6, r3.c6, r4.c6)), points(Five(r0.c7, r1.c7, r2.c7, r3.c7, r4.c7)),
    );
}

fn transform(o: u32, c: u32, among_outputs: bool, at: vec2u) {
    let s = spectrum_of(o, c, among_outputs);
    store_column(at, 0u, s.c0);
    store_column(at, 1u, s.c1);
    store_column(at, 2u, s.c2);
    store_column(at, 3u, s.c3);
    store_column(at, 4u, s.c4);
    store_column(at, 5u, s.c5);
    store_column(at, 6u, s.c6);
    store_column(at, 7u, s.c7);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let c = index % params.channels;
    let o = index / params.channels * 4u;
    if o >= params.outputs { return; }
    transform(o, c, true, weight_texel(params.out_groups, c / 4u, c % 4u, o / 4u, 0u));
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn rotated(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let o = index % params.outputs;
    let c = index / params.outputs * 4u;
    if c >= params.channels { return; }
    transform(o, c, false, weight_texel(params.out_groups, o / 4u, o % 4u, c / 4u, 0u));
}

fn store_block(at: u32, v: Eight) {
    let next = 8u * IMAGE_CHANNELS;
    blocks[at] = v.c0;
    blocks[at + next] = v.c1;
    blocks[at + 2u * next] = v.c2;
    blocks[at + 3u * next] = v.c3;
    blocks[at + 4u * next] = v.c4;
    blocks[at + 5u * next] = v.c5;
    blocks[at + 6u * next] = v.c6;
    blocks[at + 7u * next] = v.c7;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn image(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let c = index % IMAGE_CHANNELS;
    let g = index / IMAGE_CHANNELS;
    if g >= params.out_groups { return; }
    let s = spectrum_of(4u * g, c, true);
    let at = g * POINTS * IMAGE_CHANNELS + c;
    store_block(at, s.c0);
    store_block(at + IMAGE_CHANNELS, s.c1);
    store_block(at + 2u * IMAGE_CHANNELS, s.c2);
    store_block(at + 3u * IMAGE_CHANNELS, s.c3);
    store_block(at + 4u * IMAGE_CHANNELS, s.c4);
    store_block(at + 5u * IMAGE_CHANNELS, s.c5);
    store_block(at + 6u * IMAGE_CHANNELS, s.c6);
    store_block(at + 7u * IMAGE_CHANNELS, s.c7);
}

// Points 8 · line to 8 · line + 7.
fn load_row(c: u32, g: u32, line: u32) -> Five {
    let at = weight_texel(params.out_groups, c / 4u, c % 4u, g, 8u * line);
    return taps(Eight(
        textureLoad(dspectrum, at), textureLoad(dspectrum, at + vec2u(1u, 0u)), textureLoad(dspectrum, at + vec2u(2u, 0u)),
        textureLoad(dspectrum, at + vec2u(3u, 0u)), textureLoad(dspectrum, at + vec2u(4u, 0u)),
        textureLoad(dspectrum, at + vec2u(5u, 0u)), textureLoad(dspectrum, at + vec2u(6u, 0u)),
        textureLoad(dspectrum, at + vec2u(7u, 0u)),
    ));
}

fn store_tap(o: u32, c: u32, tap: u32, sums: vec4f) {
    var value = sums;
    for (var k = 0u; k < min(4u, params.outputs - o); k++) {
        dweight[((o + k) * params.channels + c) * TAPS * TAPS + tap] = value[k];
    }
}

fn store_taps(o: u32, c: u32, column: u32, v: Five) {
    store_tap(o, c, column, v.c0);
    store_tap(o, c, TAPS + column, v.c1);
    store_tap(o, c, 2u * TAPS + column, v.c2);
    store_tap(o, c, 3u * TAPS + column, v.c3);
    store_tap(o, c, 4u * TAPS + column, v.c4);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn gradient(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let c = index % params.channels;
    let g = index / params.channels;
    if 4u * g >= params.outputs { return; }
    let r0 = load_row(c, g, 0u);
    let r1 = load_row(c, g, 1u);
    let r2 = load_row(c, g, 2u);
    let r3 = load_row(c, g, 3u);
    let r4 = load_row(c, g, 4u);
    let r5 = load_row(c, g, 5u);
    let r6 = load_row(c, g, 6u);
    let r7 = load_row(c, g, 7u);
    store_taps(4u * g, c, 0u, taps(Eight(r0.c0, r1.c0, r2.c0, r3.c0, r4.c0, r5.c0, r6.c0, r7.c0)));
    store_taps(4u * g, c, 1u, taps(Eight(r0.c1, r1.c1, r2.c1, r3.c1, r4.c1, r5.c1, r6.c1, r7.c1)));
    store_taps(4u * g, c, 2u, taps(Eight(r0.c2, r1.c2, r2.c2, r3.c2, r4.c2, r5.c2, r6.c2, r7.c2)));
    store_taps(4u * g, c, 3u, taps(Eight(r0.c3, r1.c3, r2.c3, r3.c3, r4.c3, r5.c3, r6.c3, r7.c3)));
    store_taps(4u * g, c, 4u, taps(Eight(r0.c4, r1.c4, r2.c4, r3.c4, r4.c4, r5.c4, r6.c4, r7.c4)));
}
