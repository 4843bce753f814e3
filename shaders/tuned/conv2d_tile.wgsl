// Convolution, stride 1, on channels-last maps: a thread computes 2 rows × 8 columns × 8 channels in registers.
//   y[n,i,j,o] = Σ_{k,l,c} weight[k,l,c,o] · x[n,i+k-pad_h,j+l-pad_w,c]
// `pooled` adds bias, ReLU and 2×2 max-pooling: only the pooled map is stored, and which value it was.
// `plain` stores the map as it is; with weights turned round it is the convolution's backward_input.
// Twins: src/reference/conv2d.rs, relu.rs, max_pool2d.rs. Source: torch.nn.functional.conv2d.
//
// What counts on software adapters is loads a multiply-add: here 64 for 640. Four channels make a vec4; a 4×4
// block of weights is a matrix whose columns belong to input channels. The last channels may be padding (zeros).

struct Params {
    rows: u32,         // N
    in_h: u32,
    in_w: u32,
    in_groups: u32,    // input channels / 4, rounded up
    out_h: u32,
    out_w: u32,
    out_groups: u32,   // output channels / 4, rounded up to an even number
    kernel_h: u32,
    kernel_w: u32,
    pad_h: u32,
    pad_w: u32,
    stored_groups: u32,  // groups of y that exist: output channels / 4, rounded up
}

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;           // (N, H, W, C/4)
@group(0) @binding(2) var<storage, read> weight: array<mat4x4f>;    // (KH, KW, C/4, O/4)
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;        // (O/4)
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;     // plain (N, OH, OW, O/4), pooled (N, OH/2, OW/2, O/4)
@group(0) @binding(5) var<storage, read_write> winner: array<u32>;  // as pooled y: a byte a channel, 2·row + column, 4 for none

// Sums of rows 0 and 1, columns 0 to 7; a: the first four channels, b: the next four.
struct Tile {
    a00: vec4f, a01: vec4f, a02: vec4f, a03: vec4f, a04: vec4f, a05: vec4f, a06: vec4f, a07: vec4f,
    a10: vec4f, a11: vec4f, a12: vec4f, a13: vec4f, a14: vec4f, a15: vec4f, a16: vec4f, a17: vec4f,
    b00: vec4f, b01: vec4f, b02: vec4f, b03: vec4f, b04: vec4f, b05: vec4f, b06: vec4f, b07: vec4f,
    b10: vec4f, b11: vec4f, b12: vec4f, b13: vec4f, b14: vec4f, b15: vec4f, b16: vec4f, b17: vec4f,
}

fn load(n: u32, row: i32, col: i32, c4: u32) -> vec4f {
    let inside = row >= 0 && row < i32(params.in_h) && col >= 0 && col < i32(params.in_w);
    let index = ((n * params.in_h + u32(row)) * params.in_w + u32(col)) * params.in_groups + c4;
    return select(vec4f(0.0), x[select(0u, index, inside)], inside);
}

// The tile whose upper left corner is (i, j) of image n, for the channel groups o4 and o4 + 1.
fn sums(n: u32, i: u32, j: u32, o4: u32) -> Tile {
    var t = Tile();
    for (var k = 0u; k < params.kernel_h; k++) {
        let row = i32(i + k) - i32(params.pad_h);
        if row + 1 < 0 || row >= i32(params.in_h) { continue; }
        let col = i32(j) - i32(params.pad_w);
        for (var c4 = 0u; c4 < params.in_groups; c4++) {
            var x00 = load(n, row + 0, col + 0, c4); var x01 = load(n, row + 0, col + 1, c4); var x02 = load(n, row + 0, col + 2, c4); var x03 = load(n, row + 0, col + 3, c4);
            var x04 = load(n, row + 0, col + 4, c4); var x05 = load(n, row + 0, col + 5, c4); var x06 = load(n, row + 0, col + 6, c4);
            var x10 = load(n, row + 1, col + 0, c4); var x11 = load(n, row + 1, col + 1, c4); var x12 = load(n, row + 1, col + 2, c4); var x13 = load(n, row + 1, col + 3, c4);
            var x14 = load(n, row + 1, col + 4, c4); var x15 = load(n, row + 1, col + 5, c4); var x16 = load(n, row + 1, col + 6, c4);
            for (var l = 0u; l < params.kernel_w; l++) {
                let x07 = load(n, row, col + 7 + i32(l), c4);
                let x17 = load(n, row + 1, col + 7 + i32(l), c4);
                let w = ((k * params.kernel_w + l) * params.in_groups + c4) * params.out_groups + o4;
                let wa = weight[w];
                let wb = weight[w + 1u];
                t.a00 += wa * x00; t.b00 += wb * x00;
                t.a01 += wa * x01; t.b01 += wb * x01;
                t.a02 += wa * x02; t.b02 += wb * x02;
                t.a03 += wa * x03; t.b03 += wb * x03;
                t.a04 += wa * x04; t.b04 += wb * x04;
                t.a05 += wa * x05; t.b05 += wb * x05;
                t.a06 += wa * x06; t.b06 += wb * x06;
                t.a07 += wa * x07; t.b07 += wb * x07;
                t.a10 += wa * x10; t.b10 += wb * x10;
                t.a11 += wa * x11; t.b11 += wb * x11;
                t.a12 += wa * x12; t.b12 += wb * x12;
                t.a13 += wa * x13; t.b13 += wb * x13;
                t.a14 += wa * x14; t.b14 += wb * x14;
                t.a15 += wa * x15; t.b15 += wb * x15;
                t.a16 += wa * x16; t.b16 += wb * x16;
                t.a17 += wa * x17; t.b17 += wb * x17;
                x00 = x01; x01 = x02; x02 = x03; x03 = x04; x04 = x05; x05 = x06; x06 = x07;
                x10 = x11; x11 = x12; x12 = x13; x13 = x14; x14 = x15; x15 = x16; x16 = x17;
            }
        }
    }
    return t;
}

// Which tile a thread computes: neighbouring threads share their weights.
struct Place { n: u32, i: u32, j: u32, o4: u32, valid: bool }

fn place(index: u32) -> Place {
    let tiles_w = (params.out_w + 7u) / 8u;
    let tiles_h = (params.out_h + 1u) / 2u;
    let across = index % tiles_w;
    let down = index / tiles_w % tiles_h;
    let n = index / (tiles_w * tiles_h) % params.rows;
    let o8 = index / (tiles_w * tiles_h * params.rows);
    return Place(n, 2u * down, 8u * across, 2u * o8, 2u * o8 < params.out_groups);
}

fn store(p: Place, r: u32, c: u32, a: vec4f, b: vec4f) {
    if p.i + r >= params.out_h || p.j + c >= params.out_w { return; }
    let index = ((p.n * params.out_h + p.i + r) * params.out_w + p.j + c) * params.stored_groups + p.o4;
    y[index] = a;
    if p.o4 + 1u < params.stored_groups { y[index + 1u] = b; }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn plain(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let p = place(id.y * groups.x * WORKGROUP_SIZE + id.x);
    if !p.valid { return; }
    let t = sums(p.n, p.i, p.j, p.o4);
    store(p, 0u, 0u, t.a00, t.b00);
    store(p, 0u, 1u, t.a01, t.b01);
    store(p, 0u, 2u, t.a02, t.b02);
    store(p, 0u, 3u, t.a03, t.b03);
    store(p, 0u, 4u, t.a04, t.b04);
    store(p, 0u, 5u, t.a05, t.b05);
    store(p, 0u, 6u, t.a06, t.b06);
    store(p, 0u, 7u, t.a07, t.b07);
    store(p, 1u, 0u, t.a10, t.b10);
    store(p, 1u, 1u, t.a11, t.b11);
    store(p, 1u, 2u, t.a12, t.b12);
    store(p, 1u, 3u, t.a13, t.b13);
    store(p, 1u, 4u, t.a14, t.b14);
    store(p, 1u, 5u, t.a15, t.b15);
    store(p, 1u, 6u, t.a16, t.b16);
    store(p, 1u, 7u, t.a17, t.b17);
}

// The largest of a window, first one first, after bias and ReLU; and which it was, a byte a channel.
fn pool(p: Place, window: u32, o4: u32, v0: vec4f, v1: vec4f, v2: vec4f, v3: vec4f) {
    let pooled_h = params.out_h / 2u;
    let pooled_w = params.out_w / 2u;
    let i = p.i / 2u;
    let j = p.j / 2u + window;
    if i >= pooled_h || j >= pooled_w || o4 >= params.stored_groups { return; }
    var best = v0;
    var which = vec4u(0u);
    which = select(which, vec4u(1u), v1 > best);
    best = select(best, v1, v1 > best);
    which = select(which, vec4u(2u), v2 > best);
    best = select(best, v2, v2 > best);
    which = select(which, vec4u(3u), v3 > best);
    best = select(best, v3, v3 > best);
    // Sums of products that are no numbers make the whole window no number, as with the plain kernels.
    best += 0.0 * (v0 + v1 + v2 + v3);
    best += bias[o4];
    let dead = best <= vec4f(0.0);
    which = select(which, vec4u(4u), dead);
    let index = ((p.n * pooled_h + i) * pooled_w + j) * params.stored_groups + o4;
    y[index] = select(best, vec4f(0.0), dead);
    winner[index] = which.x | which.y << 8u | which.z << 16u | which.w << 24u;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn pooled(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let p = place(id.y * groups.x * WORKGROUP_SIZE + id.x);
    if !p.valid { return; }
    let t = sums(p.n, p.i, p.j, p.o4);
    pool(p, 0u, p.o4, t.a00, t.a01, t.a10, t.a11);
    pool(p, 0u, p.o4 + 1u, t.b00, t.b01, t.b10, t.b11);
    pool(p, 1u, p.o4, t.a02, t.a03, t.a12, t.a13);
    pool(p, 1u, p.o4 + 1u, t.b02, t.b03, t.b12, t.b13);
    pool(p, 2u, p.o4, t.a04, t.a05, t.a14, t.a15);
    pool(p, 2u, p.o4 + 1u, t.b04, t.b05, t.b14, t.b15);
    pool(p, 3u, p.o4, t.a06, t.a07, t.a16, t.a17);
    pool(p, 3u, p.o4 + 1u, t.b06, t.b07, t.b16, t.b17);
}
