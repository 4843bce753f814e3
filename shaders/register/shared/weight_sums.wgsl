// What sums up a convolution's weight gradient, over the images of one slice, has in common. A thread takes 5 neighbouring
// taps × 4 input channels × 8 outputs; how many of the channels count, values_of_three.wgsl or values_of_four.wgsl says.
// Requires: Values, values_of, texel_of

struct Params {
    rows: u32,         // N
    outputs: u32,      // O
    channels: u32,     // C
    height: u32,       // of d
    width: u32,        // of d
    in_groups: u32,    // C / 4, rounded up
    out_groups: u32,   // O / 8, rounded up
    kernel_h: u32,
    kernel_w: u32,
    slices: u32,       // of images and rows together
    bands: u32,        // in which a slice takes the rows of its images
    part_columns: u32, // columns of partial sums side by side
    x_across: u32,     // images side by side in x
    x_width: u32,      // texels from one to the next
    x_height: u32,     // rows from one to the one below
    d_across: u32,     // the same of d, in pairs of texels; of argmax, in texels
    d_width: u32,
    d_height: u32,
    d_top: u32,        // rows of zeros above an image of d
    d_left: u32,       // columns of zeros left of it
    first: vec2u,      // image and row that `bias` begins with
    behind: vec2u,     // those behind its last
}

const TAPS = 5u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var x_texels: texture_storage_2d<rgba32float, read>;        // (N, H, W, C/4) with its border
@group(0) @binding(2) var d: texture_storage_2d<rgba32float, read>;        // (N, OH, OW, O/4); pooled: 0 where ReLU gave 0
@group(0) @binding(3) var argmax: texture_storage_2d<rg32uint, read>;      // a byte a channel: 2·row + column
@group(0) @binding(4) var partial_out: texture_storage_2d<rgba32float, write>;   // (slices, KH · KW) rows of (O, C/4), see part_at
@group(0) @binding(5) var partial: texture_storage_2d<rgba32float, read>;        // the same
@group(0) @binding(6) var<storage, read_write> dweight: array<f32>;        // (O, C, KH, KW)
@group(0) @binding(7) var<storage, read_write> dbias: array<f32>;          // (O)

// Six neighbouring pixels of one row.
struct Pixels { x0: Values, x1: Values, x2: Values, x3: Values, x4: Values, x5: Values }

// Five taps of one output.
struct Taps { t0: Values, t1: Values, t2: Values, t3: Values, t4: Values }

// Five taps of eight outputs.
struct Sums { a: Taps, b: Taps, c: Taps, d: Taps, e: Taps, f: Taps, g: Taps, h: Taps }

// What a thread sums up: kernel row k, taps l to l + 4, input group c4, outputs 8 · o8 to 8 · o8 + 7.
struct Place { slice: u32, k: u32, l: u32, c4: u32, o8: u32 }

// Where the partial sum of a column, of (O, C/4), lies in a row, of (slices, KH · KW). Columns beyond the texture lie below all
// rows of those in front.
fn part_at(column: u32, row: u32) -> vec2u {
    let rows = params.slices * params.kernel_h * params.kernel_w;
    return vec2u(column % params.part_columns, column / params.part_columns * rows + row);
}

fn store_one(p: Place, o: u32, l: u32, sum: Values) {
    if l >= params.kernel_w { return; }
    let tap = p.k * params.kernel_w + l;
    let taps = params.kernel_h * params.kernel_w;
    textureStore(partial_out, part_at(o * params.in_groups + p.c4, p.slice * taps + tap), texel_of(sum));
}

fn store(p: Place, output: u32, t: Taps) {
    let o = 8u * p.o8 + output;
    if o >= params.outputs { return; }
    store_one(p, o, p.l, t.t0);
    store_one(p, o, p.l + 1u, t.t1);
    store_one(p, o, p.l + 2u, t.t2);
    store_one(p, o, p.l + 3u, t.t3);
    store_one(p, o, p.l + 4u, t.t4);
}

fn store_sums(p: Place, s: Sums) {
    store(p, 0u, s.a);
    store(p, 1u, s.b);
    store(p, 2u, s.c);
    store(p, 3u, s.d);
    store(p, 4u, s.e);
    store(p, 5u, s.f);
    store(p, 6u, s.g);
    store(p, 7u, s.h);
}

// The first pair of texels of image n in d.
fn d_origin(n: u32) -> vec2u {
    return vec2u(
        n % params.d_across * params.d_width + params.d_left * params.out_groups,
        n / params.d_across * params.d_height + params.d_top,
    );
}

fn place(thread: u32) -> Place {
    var index = thread;
    let tap_blocks = (params.kernel_w + TAPS - 1u) / TAPS;
    let c4 = index % params.in_groups;
    index /= params.in_groups;
    let l = index % tap_blocks * TAPS;
    index /= tap_blocks;
    let k = index % params.kernel_h;
    index /= params.kernel_h;
    return Place(index / params.out_groups, k, l, c4, index % params.out_groups);
}

// The images of a slice and their rows: the first and the one behind the last.
struct Share { image: u32, step: u32, row: i32, behind: i32 }

fn share_of(p: Place) -> Share {
    let height = (params.height + params.bands - 1u) / params.bands;
    let row = p.slice % params.bands * height;
    let behind = min(row + height, params.height);
    return Share(p.slice / params.bands, params.slices / params.bands, i32(row), i32(behind));
}

// The pixel of image n that the first tap meets first.
fn x_origin(p: Place, n: u32) -> vec2i {
    let corner = vec2u(n % params.x_across * params.x_width, n / params.x_across * params.x_height);
    return vec2i(corner + vec2u(p.l * params.in_groups + p.c4, p.k));
}

fn load(at: vec2i) -> Values {
    return values_of(textureLoad(x_texels, at));
}
