// Convolution, stride 1.
//   z[n,o,i,j] = bias[o] + Σ_{k,l,c} weight[o,c,k,l] · x[n,c,i+k-pad_h,j+l-pad_w]
// `plain` stores z; with weights rotated 180° and a bias of zeros it is the convolution's backward_input.
// `pooled` puts ReLU and 2×2 max-pooling behind it and stores the pooled map alone, and which value it was; so does
// `pooled_texels`, into a texture that the next convolution reads:
//   y[n,o,i,j] = max(0, z[n,o,2i,2j], z[n,o,2i,2j+1], z[n,o,2i+1,2j], z[n,o,2i+1,2j+1])
// Twins: src/ops/conv2d/twin.rs, relu/proof.rs, max_pool2d/proof.rs. Source: torch.nn.functional.conv2d, max_pool2d.
//
// A thread computes 2 rows × 8 columns × 16 channels. Software adapters read texels of storage textures several times
// faster than buffers; a 4×4 block of weights, whose columns belong to input channels, serves 16 pixels.
// `plain_pairs` is `plain` for narrow maps: its 8 columns are 4 of one image and 4 of the next one.

import "register/shared/map_params.wgsl";

struct Params {
    rows: u32,          // N
    in_groups: u32,     // C / 4, rounded up
    kernel_h: u32,
    kernel_w: u32,
    x_across: u32,      // images side by side in x
    x_width: u32,       // texels from one to the next
    x_height: u32,      // rows from one to the one below
    channels: u32,      // C
    map: MapParams,
}

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var x: texture_storage_2d<rgba32float, read>;         // (N, H, W, C/4) with its border
@group(0) @binding(2) var weight: texture_storage_2d<rgba32float, read>;    // see weight_texels.wgsl, pack_forward
@group(0) @binding(3) var<storage, read> bias: array<f32>;                  // (O)
@group(0) @binding(4) var<storage, read_write> y: array<f32>;               // plain (N, O, OH, OW), pooled (N, O, OH/2, OW/2)
@group(0) @binding(5) var argmax: texture_storage_2d<rg32uint, write>;      // a byte a channel: 2·row + column
@group(0) @binding(6) var y_texels: texture_storage_2d<rgba32float, write>; // (N, OH/2, OW/2, O/4) with its border

import "register/shared/pooled_map.wgsl";

struct Row { c0: vec4f, c1: vec4f, c2: vec4f, c3: vec4f, c4: vec4f, c5: vec4f, c6: vec4f, c7: vec4f }

// Rows 0 and 1 of each of four channel groups.
struct Tile { a0: Row, a1: Row, b0: Row, b1: Row, c0: Row, c1: Row, d0: Row, d1: Row }

fn load_row(at: vec2i, step: i32) -> Row {
    return Row(
        textureLoad(x, at), textureLoad(x, at + vec2i(step, 0)),
        textureLoad(x, at + vec2i(2 * step, 0)), textureLoad(x, at + vec2i(3 * step, 0)),
        textureLoad(x, at + vec2i(4 * step, 0)), textureLoad(x, at + vec2i(5 * step, 0)),
        textureLoad(x, at + vec2i(6 * step, 0)), textureLoad(x, at + vec2i(7 * step, 0)),
    );
}

fn shifted(r: Row, next: vec4f) -> Row {
    return Row(r.c1, r.c2, r.c3, r.c4, r.c5, r.c6, r.c7, next);
}

// Four pixels of one image and four of another, which lies `apart` from it.
fn load_pair(at: vec2i, apart: vec2i, step: i32) -> Row {
    let other = at + apart;
    return Row(
        textureLoad(x, at), textureLoad(x, at + vec2i(step, 0)),
        textureLoad(x, at + vec2i(2 * step, 0)), textureLoad(x, at + vec2i(3 * step, 0)),
        textureLoad(x, other), textureLoad(x, other + vec2i(step, 0)),
        textureLoad(x, other + vec2i(2 * step, 0)), textureLoad(x, other + vec2i(3 * step, 0)),
    );
}

fn shifted_pair(r: Row, next: vec2i, apart: vec2i) -> Row {
    return Row(r.c1, r.c2, r.c3, textureLoad(x, next), r.c5, r.c6, r.c7, textureLoad(x, next + apart));
}

fn block(at: vec2i) -> mat4x4f {
    return mat4x4f(
        textureLoad(weight, at), textureLoad(weight, at + vec2i(1, 0)),
        textureLoad(weight, at + vec2i(2, 0)), textureLoad(weight, at + vec2i(3, 0)),
    );
}

fn add(t: Row, w: mat4x4f, v: Row) -> Row {
    return Row(
        t.c0 + w * v.c0, t.c1 + w * v.c1, t.c2 + w * v.c2, t.c3 + w * v.c3,
        t.c4 + w * v.c4, t.c5 + w * v.c5, t.c6 + w * v.c6, t.c7 + w * v.c7,
    );
}

// The sums `t` and what the weights at `w`, 16 channels of one tap and one channel group, add to them.
fn with_tap(t: Tile, w: vec2i, v0: Row, v1: Row) -> Tile {
    let wa = block(w);
    let wb = block(w + vec2i(4, 0));
    let wc = block(w + vec2i(8, 0));
    let wd = block(w + vec2i(12, 0));
    return Tile(
        add(t.a0, wa, v0), add(t.a1, wa, v1), add(t.b0, wb, v0), add(t.b1, wb, v1),
        add(t.c0, wc, v0), add(t.c1, wc, v1), add(t.d0, wd, v0), add(t.d1, wd, v1),
    );
}

// The sums without bias; `corner` is the texel of the tile's first pixel, `o4` its first channel group.
fn sums(corner: vec2i, o4: i32, zero: i32) -> Tile {
    var t = Tile();
    let step = i32(params.in_groups) + zero;
    for (var k = 0; k < i32(params.kernel_h) + zero; k++) {
        for (var c4 = 0; c4 < step; c4++) {
            let at = corner + vec2i(c4, k);
            var v0 = load_row(at, step);
            var v1 = load_row(at + vec2i(0, 1), step);
            for (var l = 0; l < i32(params.kernel_w) + zero; l++) {
                t = with_tap(t, vec2i(4 * o4, (k * i32(params.kernel_w) + l) * step + c4), v0, v1);
                let next = at + vec2i((8 + l) * step, 0);
                v0 = shifted(v0, textureLoad(x, next));
                v1 = shifted(v1, textureLoad(x, next + vec2i(0, 1)));
            }
        }
    }
    return t;
}

// The same for four columns of one image and four of another, `apart` from it.
fn sums_of_pair(corner: vec2i, apart: vec2i, o4: i32, zero: i32) -> Tile {
    var t = Tile();
    let step = i32(params.in_groups) + zero;
    for (var k = 0; k < i32(params.kernel_h) + zero; k++) {
        for (var c4 = 0; c4 < step; c4++) {
            let at = corner + vec2i(c4, k);
            var v0 = load_pair(at, apart, step);
            var v1 = load_pair(at + vec2i(0, 1), apart, step);
            for (var l = 0; l < i32(params.kernel_w) + zero; l++) {
                t = with_tap(t, vec2i(4 * o4, (k * i32(params.kernel_w) + l) * step + c4), v0, v1);
                let next = at + vec2i((4 + l) * step, 0);
                v0 = shifted_pair(v0, next, apart);
                v1 = shifted_pair(v1, next + vec2i(0, 1), apart);
            }
        }
    }
    return t;
}

fn block_of_three(at: vec2i) -> mat3x4f {
    return mat3x4f(textureLoad(weight, at), textureLoad(weight, at + vec2i(1, 0)), textureLoad(weight, at + vec2i(2, 0)));
}

fn add_three(t: Row, w: mat3x4f, v: Row) -> Row {
    return Row(
        t.c0 + w * v.c0.xyz, t.c1 + w * v.c1.xyz, t.c2 + w * v.c2.xyz, t.c3 + w * v.c3.xyz,
        t.c4 + w * v.c4.xyz, t.c5 + w * v.c5.xyz, t.c6 + w * v.c6.xyz, t.c7 + w * v.c7.xyz,
    );
}

// The same for the three channels of an image: a quarter less to do.
fn sums_of_three(corner: vec2i, o4: i32, zero: i32) -> Tile {
    var t = Tile();
    for (var k = 0; k < i32(params.kernel_h) + zero; k++) {
        let at = corner + vec2i(0, k);
        var v0 = load_row(at, 1);
        var v1 = load_row(at + vec2i(0, 1), 1);
        for (var l = 0; l < i32(params.kernel_w) + zero; l++) {
            let w = vec2i(4 * o4, k * i32(params.kernel_w) + l);
            let wa = block_of_three(w);
            t.a0 = add_three(t.a0, wa, v0);
            t.a1 = add_three(t.a1, wa, v1);
            let wb = block_of_three(w + vec2i(4, 0));
            t.b0 = add_three(t.b0, wb, v0);
            t.b1 = add_three(t.b1, wb, v1);
            let wc = block_of_three(w + vec2i(8, 0));
            t.c0 = add_three(t.c0, wc, v0);
            t.c1 = add_three(t.c1, wc, v1);
            let wd = block_of_three(w + vec2i(12, 0));
            t.d0 = add_three(t.d0, wd, v0);
            t.d1 = add_three(t.d1, wd, v1);
            let next = at + vec2i(8 + l, 0);
            v0 = shifted(v0, textureLoad(x, next));
            v1 = shifted(v1, textureLoad(x, next + vec2i(0, 1)));
        }
    }
    return t;
}

struct Place { n: u32, i: u32, j: u32 }

fn windows(o: u32, upper: Row, lower: Row) -> Windows {
    let b = bias_of(o);
    return Windows(
        pool(b, upper.c0, upper.c1, lower.c0, lower.c1), pool(b, upper.c2, upper.c3, lower.c2, lower.c3),
        pool(b, upper.c4, upper.c5, lower.c4, lower.c5), pool(b, upper.c6, upper.c7, lower.c6, lower.c7),
    );
}

struct Result { p: Place, o: u32, a: Windows, b: Windows, c: Windows, d: Windows }

fn result(w: Work) -> Result {
    let t = tile(w);
    return Result(
        Place(w.n, w.down, 4u * w.across), w.o, windows(w.o, t.a0, t.a1), windows(w.o + 4u, t.b0, t.b1),
        windows(w.o + 8u, t.c0, t.c1), windows(w.o + 12u, t.d0, t.d1),
    );
}

// The k-th window of two groups.
fn window(p: Place, k: u32, o: u32, a: Pooled, b: Pooled) -> Window {
    return Window(p.n, p.i, p.j + k, o, a, b);
}

fn store_windows(p: Place, o: u32, v: Windows, w: Windows) {
    store(window(p, 0u, o, v.a, w.a));
    store(window(p, 1u, o, v.b, w.b));
    store(window(p, 2u, o, v.c, w.c));
    store(window(p, 3u, o, v.d, w.d));
}

fn store_windows_texels(p: Place, o: u32, v: Windows, w: Windows) {
    store_texels(window(p, 0u, o, v.a, w.a));
    store_texels(window(p, 1u, o, v.b, w.b));
    store_texels(window(p, 2u, o, v.c, w.c));
    store_texels(window(p, 3u, o, v.d, w.d));
}

// The channels o to o + 15 of the tile at the across-th eight columns and the down-th two rows of image n.
struct Work { n: u32, down: u32, across: u32, o: u32 }

fn work(index: u32, tiles_w: u32, tiles_h: u32) -> Work {
    let n = index / (tiles_w * tiles_h);
    return Work(n % params.rows, index / tiles_w % tiles_h, index % tiles_w, n / params.rows * 16u);
}

// The texel of column j in the down-th two rows of image n.
fn corner_of(n: u32, down: u32, j: u32) -> vec2i {
    let column = n % params.x_across * params.x_width + j * params.in_groups;
    return vec2i(vec2u(column, n / params.x_across * params.x_height + 2u * down));
}

fn tile(w: Work) -> Tile {
    let corner = corner_of(w.n, w.down, 8u * w.across);
    // llvmpipe (Mesa 22.3) builds a program anew, and keeps it, at each dispatch whose uniforms alone decide loops; what
    // hangs on the invocation as well it leaves as it is.
    let zero = i32(w.n >> 31u);
    if i32(params.in_groups) + zero == 1 && params.channels == 3u { return sums_of_three(corner, i32(w.o / 4u), zero); }
    return sums(corner, i32(w.o / 4u), zero);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn pooled(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let w = work(id.y * workgroups.x * WORKGROUP_SIZE + id.x, (params.map.width + 3u) / 4u, params.map.height);
    if w.o >= params.map.outputs { return; }
    let r = result(w);
    store_windows(r.p, r.o, r.a, r.b);
    store_windows(r.p, r.o + 8u, r.c, r.d);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn pooled_texels(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let w = work(id.y * workgroups.x * WORKGROUP_SIZE + id.x, (params.map.width + 3u) / 4u, params.map.height);
    if w.o >= params.map.outputs { return; }
    let r = result(w);
    store_windows_texels(r.p, r.o, r.a, r.b);
    store_windows_texels(r.p, r.o + 8u, r.c, r.d);
}

fn store_pixel(p: Place, j: u32, o: u32, value: vec4f) {
    if j < params.map.width { store_group(p.n, p.i, j, o, value); }
}

fn store_four(p: Place, o: u32, c0: vec4f, c1: vec4f, c2: vec4f, c3: vec4f) {
    if p.n >= params.rows || p.i >= params.map.height || o >= params.map.outputs { return; }
    let first = bias_of(o);
    store_pixel(p, p.j, o, first + c0);
    store_pixel(p, p.j + 1u, o, first + c1);
    store_pixel(p, p.j + 2u, o, first + c2);
    store_pixel(p, p.j + 3u, o, first + c3);
}

// The first four columns at p, the others at q.
fn store_row(p: Place, q: Place, o: u32, r: Row) {
    store_four(p, o, r.c0, r.c1, r.c2, r.c3);
    store_four(q, o, r.c4, r.c5, r.c6, r.c7);
}

fn below(p: Place) -> Place {
    return Place(p.n, p.i + 1u, p.j);
}

fn store_tile(p: Place, q: Place, o: u32, t: Tile) {
    store_row(p, q, o, t.a0);
    store_row(below(p), below(q), o, t.a1);
    store_row(p, q, o + 4u, t.b0);
    store_row(below(p), below(q), o + 4u, t.b1);
    store_row(p, q, o + 8u, t.c0);
    store_row(below(p), below(q), o + 8u, t.c1);
    store_row(p, q, o + 12u, t.d0);
    store_row(below(p), below(q), o + 12u, t.d1);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn plain(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let tiles_w = (params.map.width + 7u) / 8u;
    let w = work(id.y * workgroups.x * WORKGROUP_SIZE + id.x, tiles_w, (params.map.height + 1u) / 2u);
    if w.o >= params.map.outputs { return; }
    let first = Place(w.n, 2u * w.down, 8u * w.across);
    store_tile(first, Place(first.n, first.i, first.j + 4u), w.o, tile(w));
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn plain_pairs(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let tiles_w = (params.map.width + 3u) / 4u;
    let tiles_h = (params.map.height + 1u) / 2u;
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let pairs = (params.rows + 1u) / 2u;
    let pair = index / (tiles_w * tiles_h);
    let o = pair / pairs * 16u;
    if o >= params.map.outputs { return; }
    let p = Place(pair % pairs * 2u, 2u * (index / tiles_w % tiles_h), index % tiles_w * 4u);
    // The last of an odd number of images is its own pair, and is not stored twice.
    let corner = corner_of(p.n, p.i / 2u, p.j);
    let apart = corner_of(min(p.n + 1u, params.rows - 1u), p.i / 2u, p.j) - corner;
    let t = sums_of_pair(corner, apart, i32(o / 4u), i32(p.n >> 31u));
    store_tile(p, Place(p.n + 1u, p.i, p.j), o, t);
}
