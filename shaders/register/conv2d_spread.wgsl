// Convolution with ReLU and 2×2 max-pooling behind it: the gradient of the input. Of each window only the argmax has a
// gradient d, so a quarter of the convolution's products is left:
//   dx[n,c,2i+r+k-pad_h,2j+s+l-pad_w] += d[n,o,i,j] · weight[o,c,k,l], (r, s) being the argmax of that window
// Twins: src/ops/conv2d/twin.rs, max_pool2d/proof.rs. Source: torch.nn.functional.conv2d, max_pool2d.
//
// `spread`: a thread adds up what four windows side by side and 5 neighbouring taps give to 2 rows × 12 columns × 4
// channels; the argmax picks the place among the weights. Such tiles overlap: `join` adds them up in their order.

struct Params {
    rows: u32,         // N
    channels: u32,     // C
    height: u32,       // H
    width: u32,        // W
    pooled_h: u32,
    tiles: u32,        // four windows each
    tap_blocks: u32,   // five taps each
    out_groups: u32,   // O / 8, rounded up
    kernel_h: u32,
    pad_h: u32,
    pad_w: u32,
    d_across: u32,     // images side by side in argmax; d has two texels for one
    d_width: u32,      // texels from one to the next
    d_height: u32,     // rows from one to the one below
}

const WORKGROUP_SIZE = 64u;
const COLUMNS = 12u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var d: texture_storage_2d<rgba32float, read>;       // (N, H/2, W/2, O/4), 0 where ReLU gave 0
@group(0) @binding(2) var argmax: texture_storage_2d<rg32uint, read>;     // a byte a channel: 2·row + column
@group(0) @binding(3) var weight: texture_storage_2d<rgba32float, read>;  // see weight_texels.wgsl, pack_spread
@group(0) @binding(4) var<storage, read_write> tiles_out: array<vec4f>;   // (tap_blocks, tiles, C/4, N, H, 12)
@group(0) @binding(5) var<storage, read> tiles: array<vec4f>;             // (tap_blocks, tiles, C/4, N, H, 12)
@group(0) @binding(6) var<storage, read_write> dx: array<f32>;            // (N, C, H, W)

// Five taps of one kernel row.
struct Taps { t0: vec4f, t1: vec4f, t2: vec4f, t3: vec4f, t4: vec4f }

// What one window gives to six columns.
struct Six { c0: vec4f, c1: vec4f, c2: vec4f, c3: vec4f, c4: vec4f, c5: vec4f }

// Twelve columns of one row.
struct Row {
    c0: vec4f, c1: vec4f, c2: vec4f, c3: vec4f, c4: vec4f, c5: vec4f,
    c6: vec4f, c7: vec4f, c8: vec4f, c9: vec4f, c10: vec4f, c11: vec4f,
}

fn load_taps(at: vec2i) -> Taps {
    return Taps(
        textureLoad(weight, at), textureLoad(weight, at + vec2i(1, 0)), textureLoad(weight, at + vec2i(2, 0)),
        textureLoad(weight, at + vec2i(3, 0)), textureLoad(weight, at + vec2i(4, 0)),
    );
}

// The taps that a window's argmax meets: those of its upper pixels or of its lower ones, moved on by a column for the
// right-hand ones.
fn six(upper: Taps, lower: Taps, bits: u32, d: f32) -> Six {
    let down = (bits & 2u) != 0u;
    let right = (bits & 1u) != 0u;
    let zero = vec4f(0.0);
    let t0 = select(upper.t0, lower.t0, down) * d;
    let t1 = select(upper.t1, lower.t1, down) * d;
    let t2 = select(upper.t2, lower.t2, down) * d;
    let t3 = select(upper.t3, lower.t3, down) * d;
    let t4 = select(upper.t4, lower.t4, down) * d;
    return Six(
        select(t0, zero, right), select(t1, t0, right), select(t2, t1, right),
        select(t3, t2, right), select(t4, t3, right), select(zero, t4, right),
    );
}

fn add(r: Row, a: Six, b: Six, c: Six, d: Six) -> Row {
    return Row(
        r.c0 + a.c0, r.c1 + a.c1, r.c2 + a.c2 + b.c0, r.c3 + a.c3 + b.c1,
        r.c4 + a.c4 + b.c2 + c.c0, r.c5 + a.c5 + b.c3 + c.c1,
        r.c6 + b.c4 + c.c2 + d.c0, r.c7 + b.c5 + c.c3 + d.c1,
        r.c8 + c.c4 + d.c2, r.c9 + c.c5 + d.c3, r.c10 + d.c4, r.c11 + d.c5,
    );
}

// Two rows, and what one output adds to them.
struct Band { upper: Row, lower: Row }

// `bits` and `d` of the four windows; `at` is the texel of the output's first tap, one kernel row above the band's.
fn add_output(band: Band, at: vec2i, next: i32, bits: vec4u, d: vec4f) -> Band {
    let w0 = load_taps(at);
    let w1 = load_taps(at + vec2i(0, next));
    let w2 = load_taps(at + vec2i(0, 2 * next));
    return Band(
        add(band.upper, six(w1, w0, bits.x, d.x), six(w1, w0, bits.y, d.y), six(w1, w0, bits.z, d.z), six(w1, w0, bits.w, d.w)),
        add(band.lower, six(w2, w1, bits.x, d.x), six(w2, w1, bits.y, d.y), six(w2, w1, bits.z, d.z), six(w2, w1, bits.w, d.w)),
    );
}

struct Place { n: u32, c4: u32, tile: u32, block: u32 }

fn tile_index(p: Place, row: u32) -> u32 {
    let groups = (params.channels + 3u) / 4u;
    let map = ((p.block * params.tiles + p.tile) * groups + p.c4) * params.rows + p.n;
    return (map * params.height + row) * COLUMNS;
}

fn store(p: Place, row: i32, r: Row) {
    if row < 0 || row >= i32(params.height) { return; }
    let at = tile_index(p, u32(row));
    tiles_out[at] = r.c0; tiles_out[at + 1u] = r.c1; tiles_out[at + 2u] = r.c2; tiles_out[at + 3u] = r.c3;
    tiles_out[at + 4u] = r.c4; tiles_out[at + 5u] = r.c5; tiles_out[at + 6u] = r.c6; tiles_out[at + 7u] = r.c7;
    tiles_out[at + 8u] = r.c8; tiles_out[at + 9u] = r.c9; tiles_out[at + 10u] = r.c10; tiles_out[at + 11u] = r.c11;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn spread(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    var index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let n = index % params.rows;
    index /= params.rows;
    // Bands of two rows, counted from the upper edge of the padding that x has in the forward pass.
    let first_band = params.pad_h / 2u;
    let bands = (params.pad_h + params.height + 1u) / 2u - first_band;
    let band_index = i32(index % bands + first_band);
    index /= bands;
    let in_groups = (params.channels + 3u) / 4u;
    let p = Place(n, index % in_groups, index / in_groups % params.tiles, index / in_groups / params.tiles);
    if p.block >= params.tap_blocks { return; }

    let origin = vec2i(vec2u(
        n % params.d_across * params.d_width + 4u * p.tile * params.out_groups, n / params.d_across * params.d_height,
    ));
    let outputs = i32(8u * params.out_groups);
    let column = i32((p.c4 * params.tap_blocks + p.block) * 5u);
    let step = i32(params.out_groups);
    var band = Band();
    // Window row i meets this band with kernel rows 2s - 1 to 2s + 1, where i = band_index - s.
    let last = min(i32(params.kernel_h / 2u), band_index);
    for (var s = max(0, band_index - i32(params.pooled_h) + 1); s <= last; s++) {
        for (var o4 = 0; o4 < 2 * step; o4++) {
            let at = origin + vec2i(o4 / 2, band_index - s);
            let half = o4 % 2;
            let bits0 = textureLoad(argmax, at)[half];
            let bits1 = textureLoad(argmax, at + vec2i(step, 0))[half];
            let bits2 = textureLoad(argmax, at + vec2i(2 * step, 0))[half];
            let bits3 = textureLoad(argmax, at + vec2i(3 * step, 0))[half];
            let texel = vec2i(2 * at.x + half, at.y);
            let d0 = textureLoad(d, texel);
            let d1 = textureLoad(d, texel + vec2i(2 * step, 0));
            let d2 = textureLoad(d, texel + vec2i(4 * step, 0));
            let d3 = textureLoad(d, texel + vec2i(6 * step, 0));
            let bits = vec4u(bits0, bits1, bits2, bits3);
            let w = vec2i(column, 2 * s * outputs + 4 * o4);
            band = add_output(band, w, outputs, bits, vec4f(d0.x, d1.x, d2.x, d3.x));
            band = add_output(band, w + vec2i(0, 1), outputs, bits >> vec4u(8u), vec4f(d0.y, d1.y, d2.y, d3.y));
            band = add_output(band, w + vec2i(0, 2), outputs, bits >> vec4u(16u), vec4f(d0.z, d1.z, d2.z, d3.z));
            band = add_output(band, w + vec2i(0, 3), outputs, bits >> vec4u(24u), vec4f(d0.w, d1.w, d2.w, d3.w));
        }
    }
    let row = 2 * band_index - i32(params.pad_h);
    store(p, row, band.upper);
    store(p, row + 1, band.lower);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn join(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let j = index % params.width;
    let i = index / params.width % params.height;
    let n = index / (params.width * params.height) % params.rows;
    let c4 = index / (params.width * params.height) / params.rows;
    if 4u * c4 >= params.channels { return; }
    var sum = vec4f(0.0);
    for (var block = 0u; block < params.tap_blocks; block++) {
        for (var tile = 0u; tile < params.tiles; tile++) {
            let first = 8u * tile + 5u * block;
            let column = j + params.pad_w - first;
            // Left of the tile the difference wraps round to a large number.
            if column < COLUMNS { sum += tiles[tile_index(Place(n, c4, tile, block), i) + column]; }
        }
    }
    for (var c = 4u * c4; c < min(params.channels, 4u * c4 + 4u); c++) {
        dx[((n * params.channels + c) * params.height + i) * params.width + j] = sum[c % 4u];
    }
}
