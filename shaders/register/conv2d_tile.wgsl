// Convolution, stride 1.
//   z[n,o,i,j] = bias[o] + Σ_{k,l,c} weight[o,c,k,l] · x[n,c,i+k-pad_h,j+l-pad_w]
// `plain` stores z; with weights rotated 180° round and a bias of zeros it is the convolution's backward_input.
// `pooled` puts ReLU and 2×2 max-pooling behind it and stores the pooled map alone, and which value it was; so does
// `pooled_texels`, into a texture that the next convolution reads:
//   y[n,o,i,j] = max(0, z[n,o,2i,2j], z[n,o,2i,2j+1], z[n,o,2i+1,2j], z[n,o,2i+1,2j+1])
// Twins: src/ops/conv2d/twin.rs, relu/proof.rs, max_pool2d/proof.rs. Source: torch.nn.functional.conv2d, max_pool2d.
//
// A thread computes 2 rows × 8 columns × 16 channels. Software adapters read texels of storage textures several times
// faster than buffers; a 4×4 block of weights, whose columns belong to input channels, serves 16 pixels.

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
                let w = vec2i(4 * o4, (k * i32(params.kernel_w) + l) * step + c4);
                let wa = block(w);
                t.a0 = add(t.a0, wa, v0);
                t.a1 = add(t.a1, wa, v1);
                let wb = block(w + vec2i(4, 0));
                t.b0 = add(t.b0, wb, v0);
                t.b1 = add(t.b1, wb, v1);
                let wc = block(w + vec2i(8, 0));
                t.c0 = add(t.c0, wc, v0);
                t.c1 = add(t.c1, wc, v1);
                let wd = block(w + vec2i(12, 0));
                t.d0 = add(t.d0, wd, v0);
                t.d1 = add(t.d1, wd, v1);
                let next = at + vec2i((8 + l) * step, 0);
                v0 = shifted(v0, textureLoad(x, next));
                v1 = shifted(v1, textureLoad(x, next + vec2i(0, 1)));
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

fn tile(w: Work) -> Tile {
    let column = w.n % params.x_across * params.x_width + 8u * w.across * params.in_groups;
    let row = w.n / params.x_across * params.x_height + 2u * w.down;
    let corner = vec2i(vec2u(column, row));
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

fn store_row(p: Place, o: u32, r: Row) {
    if p.i >= params.map.height || o >= params.map.outputs { return; }
    let first = bias_of(o);
    store_pixel(p, p.j, o, first + r.c0);
    store_pixel(p, p.j + 1u, o, first + r.c1);
    store_pixel(p, p.j + 2u, o, first + r.c2);
    store_pixel(p, p.j + 3u, o, first + r.c3);
    store_pixel(p, p.j + 4u, o, first + r.c4);
    store_pixel(p, p.j + 5u, o, first + r.c5);
    store_pixel(p, p.j + 6u, o, first + r.c6);
    store_pixel(p, p.j + 7u, o, first + r.c7);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn plain(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let tiles_w = (params.map.width + 7u) / 8u;
    let w = work(id.y * workgroups.x * WORKGROUP_SIZE + id.x, tiles_w, (params.map.height + 1u) / 2u);
    if w.o >= params.map.outputs { return; }
    let t = tile(w);
    let upper = Place(w.n, 2u * w.down, 8u * w.across);
    let lower = Place(w.n, 2u * w.down + 1u, 8u * w.across);
    store_row(upper, w.o, t.a0);
    store_row(lower, w.o, t.a1);
    store_row(upper, w.o + 4u, t.b0);
    store_row(lower, w.o + 4u, t.b1);
    store_row(upper, w.o + 8u, t.c0);
    store_row(lower, w.o + 8u, t.c1);
    store_row(upper, w.o + 12u, t.d0);
    store_row(lower, w.o + 12u, t.d1);
}
