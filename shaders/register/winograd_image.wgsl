// A convolution of up to three channels in Winograd's domain, F(4×4, 5×5), with ReLU and 2×2 max-pooling behind it, in one
// kernel: so few channels have few sums, and their spectra need not leave the registers. See winograd_transform.wgsl.
// `pooled` stores the pooled map and which value it was; so does `pooled_texels`, into a texture that the next convolution
// reads. Weights: see winograd_weight.wgsl, image.
// Twins: src/ops/conv2d/twin.rs, relu/proof.rs, max_pool2d/proof.rs. Source: Lavin & Gray, arXiv 1509.09308.
//
// A thread computes a 4×4 tile of eight outputs. llvmpipe (Mesa 22.3) loads what lies at a fixed place of workgroup memory once
// for all of its lanes, but only outside of all conditions.

import "register/shared/map_params.wgsl";

struct Params {
    maps: u32,          // tiles of all images
    tiles_h: u32,       // of an image
    tiles_w: u32,
    tile_groups: u32,   // workgroups for the tiles of eight outputs
    channels: u32,      // C
    x_across: u32,      // images side by side in x
    x_width: u32,       // texels from one to the next
    x_height: u32,      // rows from one to the one below
    map: MapParams,
}

const WORKGROUP_SIZE = 256u;
const CHANNELS = 3u;
const GROUP = 192u;     // weights of a group of outputs: 64 points × 3 channels
const BLOCK = 384u;     // of eight outputs, two groups

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var x: texture_storage_2d<rgba32float, read>;         // (N, H, W) with its border
@group(0) @binding(2) var<storage, read> spectrum: array<vec4f>;            // (O/8, 2, 8, 8, 3), four outputs each
@group(0) @binding(3) var<storage, read> bias: array<f32>;                  // (O)
@group(0) @binding(4) var<storage, read_write> y: array<f32>;               // (N, O, OH/2, OW/2)
@group(0) @binding(5) var argmax: texture_storage_2d<rg32uint, write>;      // a byte a channel: 2·row + column
@group(0) @binding(6) var y_texels: texture_storage_2d<rgba32float, write>; // (N, OH/2, OW/2, O/4) with its border

import "register/shared/winograd_windows.wgsl";

// Shared by a workgroup, with the biases.
var<workgroup> weight: array<vec4f, BLOCK>;
var<workgroup> biases: array<vec4f, 2>;

// Eight pixels of a row.
fn load_points(at: vec2u) -> Eight {
    return input_points(Eight(
        textureLoad(x, at), textureLoad(x, at + vec2u(1u, 0u)), textureLoad(x, at + vec2u(2u, 0u)),
        textureLoad(x, at + vec2u(3u, 0u)), textureLoad(x, at + vec2u(4u, 0u)), textureLoad(x, at + vec2u(5u, 0u)),
        textureLoad(x, at + vec2u(6u, 0u)), textureLoad(x, at + vec2u(7u, 0u)),
    ));
}

// Columns of points of a tile of x.
struct Spectrum { c0: Eight, c1: Eight, c2: Eight, c3: Eight, c4: Eight, c5: Eight, c6: Eight, c7: Eight }

fn spectrum_of(corner: vec2u) -> Spectrum {
    let r0 = load_points(corner);
    let r1 = load_points(corner + vec2u(0u, 1u));
    let r2 = load_points(corner + vec2u(0u, 2u));
    let r3 = load_points(corner + vec2u(0u, 3u));
    let r4 = load_points(corner + vec2u(0u, 4u));
    let r5 = load_points(corner + vec2u(0u, 5u));
    let r6 = load_points(corner + vec2u(0u, 6u));
    let r7 = load_points(corner + vec2u(0u, 7u));
    return Spectrum(
        input_points(Eight(r0.c0, r1.c0, r2.c0, r3.c0, r4.c0, r5.c0, r6.c0, r7.c0)),
        input_points(Eight(r0.c1, r1.c1, r2.c1, r3.c1, r4.c1, r5.c1, r6.c1, r7.c1)),
        input_points(Eight(r0.c2, r1.c2, r2.c2, r3.c2, r4.c2, r5.c2, r6.c2, r7.c2)),
        input_points(Eight(r0.c3, r1.c3, r2.c3, r3.c3, r4.c3, r5.c3, r6.c3, r7.c3)),
        input_points(Eight(r0.c4, r1.c4, r2.c4, r3.c4, r4.c4, r5.c4, r6.c4, r7.c4)),
        input_points(Eight(r0.c5, r1.c5, r2.c5, r3.c5, r4.c5, r5.c5, r6.c5, r7.c5)),
        input_points(Eight(r0.c6, r1.c6, r2.c6, r3.c6, r4.c6, r5.c6, r6.c6, r7.c6)),
        input_points(Eight(r0.c7, r1.c7, r2.c7, r3.c7, r4.c7, r5.c7, r6.c7, r7.c7)),
    );
}

// The sum over channels at the point whose weights begin at `at`.
fn sum(at: u32, v: vec4f) -> vec4f {
    return weight[at] * v.x + weight[at + 1u] * v.y + weight[at + 2u] * v.z;
}

// The values of a column of points whose weights begin at `at`.
fn column(at: u32, v: Eight) -> Four {
    let next = 8u * CHANNELS;
    return values(Eight(
        sum(at, v.c0), sum(at + next, v.c1), sum(at + 2u * next, v.c2), sum(at + 3u * next, v.c3), sum(at + 4u * next, v.c4),
        sum(at + 5u * next, v.c5), sum(at + 6u * next, v.c6), sum(at + 7u * next, v.c7),
    ));
}

// Four outputs of a tile, without bias, whose weights begin at `at`.
fn tile(at: u32, v: Spectrum) -> Tile {
    let c0 = column(at, v.c0);
    let c1 = column(at + CHANNELS, v.c1);
    let c2 = column(at + 2u * CHANNELS, v.c2);
    let c3 = column(at + 3u * CHANNELS, v.c3);
    let c4 = column(at + 4u * CHANNELS, v.c4);
    let c5 = column(at + 5u * CHANNELS, v.c5);
    let c6 = column(at + 6u * CHANNELS, v.c6);
    let c7 = column(at + 7u * CHANNELS, v.c7);
    return Tile(
        values(Eight(c0.c0, c1.c0, c2.c0, c3.c0, c4.c0, c5.c0, c6.c0, c7.c0)),
        values(Eight(c0.c1, c1.c1, c2.c1, c3.c1, c4.c1, c5.c1, c6.c1, c7.c1)),
        values(Eight(c0.c2, c1.c2, c2.c2, c3.c2, c4.c2, c5.c2, c6.c2, c7.c2)),
        values(Eight(c0.c3, c1.c3, c2.c3, c3.c3, c4.c3, c5.c3, c6.c3, c7.c3)),
    );
}

// Tile t of the block-th eight outputs.
struct Work { t: u32, block: u32 }

fn work(group: u32, lane: u32) -> Work {
    return Work(group % params.tile_groups * WORKGROUP_SIZE + lane, group / params.tile_groups);
}

fn load_weights(block: u32, lane: u32) {
    for (var k = lane; k < BLOCK; k += WORKGROUP_SIZE) { weight[k] = spectrum[block * BLOCK + k]; }
    if lane < 2u { biases[lane] = bias_of(8u * block + 4u * lane); }
    workgroupBarrier();
}

// Of the last tile where there is none.
fn result(w: Work, lane: u32) -> Result {
    load_weights(w.block, lane);
    let t = min(w.t, params.maps - 1u);
    let p = place(t);
    let v = spectrum_of(vec2u(
        p.n % params.x_across * params.x_width + 4u * p.j, p.n / params.x_across * params.x_height + 4u * p.i,
    ));
    return result_of(t, 8u * w.block, windows(tile(0u, v), biases[0]), windows(tile(GROUP, v), biases[1]));
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn pooled(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let w = work(group.x, lane);
    let r = result(w, lane);
    if w.t < params.maps { store_result(r); }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn pooled_texels(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let w = work(group.x, lane);
    let r = result(w, lane);
    if w.t < params.maps { store_result_texels(r); }
}
