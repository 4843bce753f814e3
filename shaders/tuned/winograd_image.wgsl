// A convolution of up to three channels in Winograd's domain, F(4×4, 5×5), with ReLU and 2×2 max-pooling behind it, in one
// kernel: so few channels have few sums, and their spectra need not leave the registers. See winograd_transform.wgsl.
// `pooled` stores the pooled map and which value it was; so does `pooled_texels`, into a texture that the next convolution
// reads. `weights` are G g Gᵀ of each kernel.
// Twins: src/reference/conv2d.rs, relu.rs, max_pool2d.rs. Source: Lavin & Gray, arXiv 1509.09308.
//
// A thread computes a 4×4 tile of eight outputs. llvmpipe (Mesa 22.3) loads what lies at a fixed place of workgroup memory once
// for all of its lanes, but only outside of all conditions.

struct Params {
    maps: u32,          // tiles of all images
    tiles_h: u32,       // of an image
    tiles_w: u32,
    tile_groups: u32,   // workgroups for the tiles of eight outputs
    channels: u32,      // C
    x_across: u32,      // images side by side in x
    x_width: u32,       // texels from one to the next
    x_height: u32,      // rows from one to the one below
    outputs: u32,       // O
    height: u32,        // of y
    width: u32,         // of y
    winner_across: u32, // images side by side in winner
    winner_width: u32,  // texels from one to the next
    winner_height: u32, // rows from one to the one below
    winner_groups: u32, // O / 8, rounded up
    y_across: u32,      // images side by side in y_texels
    y_width: u32,       // texels from one to the next
    y_height: u32,      // rows from one to the one below
    y_groups: u32,      // channel groups of a column
    y_top: u32,         // rows of zeros above an image
    y_left: u32,        // columns of zeros left of it
    reserved_a: u32,
    reserved_b: u32,
    reserved_c: u32,
}

const WORKGROUP_SIZE = 256u;
const TAPS = 5u;
const CHANNELS = 3u;
const GROUP = 192u;     // weights of a group of outputs: 64 points × 3 channels
const BIAS = 384u;      // behind two groups of them
const BLOCK = 386u;     // of eight outputs

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var x: texture_storage_2d<rgba32float, read>;         // (N, H, W) with its border
@group(0) @binding(2) var<storage, read> blocks: array<vec4f>;              // O/8 × weights (2, 8, 8, 3) and biases (2), four outputs each
@group(0) @binding(3) var<storage, read> bias: array<f32>;                  // (O)
@group(0) @binding(4) var<storage, read_write> y: array<f32>;               // (N, O, OH/2, OW/2)
@group(0) @binding(5) var winner: texture_storage_2d<rg32uint, write>;      // a byte a channel: 2·row + column
@group(0) @binding(6) var y_texels: texture_storage_2d<rgba32float, write>; // (N, OH/2, OW/2, O/4) with its border
@group(0) @binding(7) var<storage, read> kernels: array<f32>;               // (O, C, 5, 5)
@group(0) @binding(8) var<storage, read_write> blocks_out: array<vec4f>;    // what blocks is

var<workgroup> weight: array<vec4f, BLOCK>;

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

fn result(t: u32, o: u32) -> Result {
    let p = place(t);
    let v = spectrum_of(vec2u(
        p.n % params.x_across * params.x_width + 4u * p.j, p.n / params.x_across * params.x_height + 4u * p.i,
    ));
    return Result(t, o, windows(tile(0u, v), weight[BIAS]), windows(tile(GROUP, v), weight[BIAS + 1u]));
}

// The weights of block b, shared by a workgroup.
fn load_weights(b: u32, lane: u32) {
    for (var k = lane; k < BLOCK; k += WORKGROUP_SIZE) { weight[k] = blocks[b * BLOCK + k]; }
    workgroupBarrier();
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn pooled(
    @builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32,
) {
    let group = id.y * groups.x + id.x;
    let block = group / params.tile_groups;
    load_weights(block, lane);
    let t = group % params.tile_groups * WORKGROUP_SIZE + lane;
    let r = result(min(t, params.maps - 1u), 8u * block);
    if t < params.maps { store_result(r); }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn pooled_texels(
    @builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32,
) {
    let group = id.y * groups.x + id.x;
    let block = group / params.tile_groups;
    load_weights(block, lane);
    let t = group % params.tile_groups * WORKGROUP_SIZE + lane;
    let r = result(min(t, params.maps - 1u), 8u * block);
    if t < params.maps { store_result_texels(r); }
}

fn tap(o: u32, c: u32, k: u32) -> f32 {
    if o >= params.outputs || c >= params.channels { return 0.0; }
    return kernels[(o * params.channels + c) * TAPS * TAPS + k];
}

// One tap of four outputs.
fn four(o: u32, c: u32, k: u32) -> vec4f {
    return vec4f(tap(o, c, k), tap(o + 1u, c, k), tap(o + 2u, c, k), tap(o + 3u, c, k));
}

// Points of row k of four kernels.
fn row(o: u32, c: u32, k: u32) -> Eight {
    let first = k * TAPS;
    return points(Five(four(o, c, first), four(o, c, first + 1u), four(o, c, first + 2u), four(o, c, first + 3u), four(o, c, first + 4u)));
}

fn store_column(at: u32, v: Eight) {
    let next = 8u * CHANNELS;
    blocks_out[at] = v.c0;
    blocks_out[at + next] = v.c1;
    blocks_out[at + 2u * next] = v.c2;
    blocks_out[at + 3u * next] = v.c3;
    blocks_out[at + 4u * next] = v.c4;
    blocks_out[at + 5u * next] = v.c5;
    blocks_out[at + 6u * next] = v.c6;
    blocks_out[at + 7u * next] = v.c7;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn weights(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let index = id.y * groups.x * WORKGROUP_SIZE + id.x;
    let c = index % CHANNELS;
    let group = index / CHANNELS;
    if group >= (params.outputs + 7u) / 8u * 2u { return; }
    let o = 4u * group;
    let r0 = row(o, c, 0u);
    let r1 = row(o, c, 1u);
    let r2 = row(o, c, 2u);
    let r3 = row(o, c, 3u);
    let r4 = row(o, c, 4u);
    let first = group / 2u * BLOCK + group % 2u * GROUP + c;
    if c == 0u { blocks_out[group / 2u * BLOCK + BIAS + group % 2u] = bias_of(o); }
    store_column(first, points(Five(r0.c0, r1.c0, r2.c0, r3.c0, r4.c0)));
    store_column(first + CHANNELS, points(Five(r0.c1, r1.c1, r2.c1, r3.c1, r4.c1)));
    store_column(first + 2u * CHANNELS, points(Five(r0.c2, r1.c2, r2.c2, r3.c2, r4.c2)));
    store_column(first + 3u * CHANNELS, points(Five(r0.c3, r1.c3, r2.c3, r3.c3, r4.c3)));
    store_column(first + 4u * CHANNELS, points(Five(r0.c4, r1.c4, r2.c4, r3.c4, r4.c4)));
    store_column(first + 5u * CHANNELS, points(Five(r0.c5, r1.c5, r2.c5, r3.c5, r4.c5)));
    store_column(first + 6u * CHANNELS, points(Five(r0.c6, r1.c6, r2.c6, r3.c6, r4.c6)));
    store_column(first + 7u * CHANNELS, points(Five(r0.c7, r1.c7, r2.c7, r3.c7, r4.c7)));
}
