// Convolution, stride 1: the gradients of weight and bias.
//   dweight[o,c,k,l] = Σ_{n,i,j} d[n,o,i,j] · x[n,c,i+k-pad_h,j+l-pad_w]
// With ReLU and 2×2 max-pooling behind it only the winner of each window has a gradient d, so a quarter of these
// products is left; (r, s) being the winner's place in its window:
//   dweight[o,c,k,l] = Σ_{n,i,j} d[n,o,i,j] · x[n,c,2i+r+k-pad_h,2j+s+l-pad_w]
// Twins: src/reference/conv2d.rs, max_pool2d.rs. Source: torch.nn.functional.conv2d, max_pool2d.
//
// `plain_sums`, `pooled_sums`: a thread sums, over the images of one slice, 5 neighbouring taps × 4 input channels ×
// 8 outputs; the winner picks among the pixels of two rows that lie in registers. `reduce` adds the slices up in their
// order.

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
    slices: u32,
    x_across: u32,     // images side by side in x
    x_width: u32,      // texels from one to the next
    x_height: u32,     // rows from one to the one below
    d_across: u32,     // the same of d, in pairs of texels; of winner, in texels
    d_width: u32,
    d_height: u32,
    d_top: u32,        // rows of zeros above an image of d
    d_left: u32,       // columns of zeros left of it
    reserved0: u32,
    reserved1: u32,
}

const WORKGROUP_SIZE = 64u;
const TAPS = 5u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var x_texels: texture_storage_2d<rgba32float, read>;        // (N, H, W, C/4) with its border
@group(0) @binding(2) var d: texture_storage_2d<rgba32float, read>;        // (N, OH, OW, O/4); pooled: 0 where ReLU gave 0
@group(0) @binding(3) var winner: texture_storage_2d<rg32uint, read>;      // a byte a channel: 2·row + column
@group(0) @binding(4) var partial_out: texture_storage_2d<rgba32float, write>;   // (slices, KH · KW) rows of (O, C/4)
@group(0) @binding(5) var partial: texture_storage_2d<rgba32float, read>;        // the same
@group(0) @binding(6) var<storage, read_write> dweight: array<f32>;        // (O, C, KH, KW)
@group(0) @binding(7) var<storage, read_write> dbias: array<f32>;          // (O)

// Six neighbouring pixels of one row.
struct Pixels { x0: vec4f, x1: vec4f, x2: vec4f, x3: vec4f, x4: vec4f, x5: vec4f }

// Five taps of one output.
struct Taps { t0: vec4f, t1: vec4f, t2: vec4f, t3: vec4f, t4: vec4f }

fn add(t: Taps, upper: Pixels, lower: Pixels, bits: u32, d: f32) -> Taps {
    let down = (bits & 2u) != 0u;
    let right = (bits & 1u) != 0u;
    let x0 = select(upper.x0, lower.x0, down);
    let x1 = select(upper.x1, lower.x1, down);
    let x2 = select(upper.x2, lower.x2, down);
    let x3 = select(upper.x3, lower.x3, down);
    let x4 = select(upper.x4, lower.x4, down);
    let x5 = select(upper.x5, lower.x5, down);
    return Taps(
        t.t0 + select(x0, x1, right) * d, t.t1 + select(x1, x2, right) * d, t.t2 + select(x2, x3, right) * d,
        t.t3 + select(x3, x4, right) * d, t.t4 + select(x4, x5, right) * d,
    );
}

// What a thread sums up: kernel row k, taps l to l + 4, input group c4, outputs 8 · o8 to 8 · o8 + 7.
struct Place { slice: u32, k: u32, l: u32, c4: u32, o8: u32 }

fn store_one(p: Place, o: u32, l: u32, sum: vec4f) {
    if l >= params.kernel_w { return; }
    let tap = p.k * params.kernel_w + l;
    let taps = params.kernel_h * params.kernel_w;
    textureStore(partial_out, vec2u(o * params.in_groups + p.c4, p.slice * taps + tap), sum);
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

fn store_all(p: Place, a: Taps, b: Taps, c: Taps, d: Taps, e: Taps, f: Taps, g: Taps, h: Taps) {
    store(p, 0u, a);
    store(p, 1u, b);
    store(p, 2u, c);
    store(p, 3u, d);
    store(p, 4u, e);
    store(p, 5u, f);
    store(p, 6u, g);
    store(p, 7u, h);
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

// The pixel of image n that the first tap meets first.
fn x_origin(p: Place, n: u32) -> vec2i {
    let corner = vec2u(n % params.x_across * params.x_width, n / params.x_across * params.x_height);
    return vec2i(corner + vec2u(p.l * params.in_groups + p.c4, p.k));
}

fn add_plain(t: Taps, x: Pixels, d: f32) -> Taps {
    return Taps(t.t0 + x.x0 * d, t.t1 + x.x1 * d, t.t2 + x.x2 * d, t.t3 + x.x3 * d, t.t4 + x.x4 * d);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn plain_sums(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let p = place(id.y * groups.x * WORKGROUP_SIZE + id.x);
    if p.slice >= params.slices { return; }
    let one = vec2i(i32(params.in_groups), 0);
    var a = Taps(); var b = Taps(); var c = Taps(); var e = Taps();
    var f = Taps(); var g = Taps(); var h = Taps(); var m = Taps();
    for (var n = p.slice; n < params.rows; n += params.slices) {
        let first = x_origin(p, n);
        let origin = vec2i(d_origin(n));
        for (var i = 0; i < i32(params.height); i++) {
            var at = first + vec2i(0, i);
            var x = Pixels();
            x.x1 = textureLoad(x_texels, at);
            x.x2 = textureLoad(x_texels, at + one);
            x.x3 = textureLoad(x_texels, at + 2 * one);
            x.x4 = textureLoad(x_texels, at + 3 * one);
            at += 4 * one;
            for (var j = 0; j < i32(params.width); j++) {
                x = Pixels(x.x1, x.x2, x.x3, x.x4, textureLoad(x_texels, at), vec4f(0.0));
                at += one;
                let texel = origin + vec2i(j * i32(params.out_groups) + i32(p.o8), i);
                let d0 = textureLoad(d, vec2i(2 * texel.x, texel.y));
                let d1 = textureLoad(d, vec2i(2 * texel.x + 1, texel.y));
                a = add_plain(a, x, d0.x);
                b = add_plain(b, x, d0.y);
                c = add_plain(c, x, d0.z);
                e = add_plain(e, x, d0.w);
                f = add_plain(f, x, d1.x);
                g = add_plain(g, x, d1.y);
                h = add_plain(h, x, d1.z);
                m = add_plain(m, x, d1.w);
            }
        }
    }
    store_all(p, a, b, c, e, f, g, h, m);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn pooled_sums(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let p = place(id.y * groups.x * WORKGROUP_SIZE + id.x);
    if p.slice >= params.slices { return; }
    let step = i32(params.in_groups);
    var a = Taps(); var b = Taps(); var c = Taps(); var e = Taps();
    var f = Taps(); var g = Taps(); var h = Taps(); var m = Taps();
    for (var n = p.slice; n < params.rows; n += params.slices) {
        let first = x_origin(p, n);
        let origin = vec2i(d_origin(n));
        for (var i = 0; i < i32(params.height); i++) {
            var at = first + vec2i(0, 2 * i);
            let below = vec2i(0, 1);
            let two = vec2i(2 * step, 0);
            let one = vec2i(step, 0);
            var upper = Pixels();
            var lower = Pixels();
            upper.x2 = textureLoad(x_texels, at); upper.x3 = textureLoad(x_texels, at + one);
            lower.x2 = textureLoad(x_texels, at + below); lower.x3 = textureLoad(x_texels, at + one + below);
            at += two;
            upper.x4 = textureLoad(x_texels, at); upper.x5 = textureLoad(x_texels, at + one);
            lower.x4 = textureLoad(x_texels, at + below); lower.x5 = textureLoad(x_texels, at + one + below);
            for (var j = 0; j < i32(params.width); j++) {
                at += two;
                upper = Pixels(upper.x2, upper.x3, upper.x4, upper.x5, textureLoad(x_texels, at), textureLoad(x_texels, at + one));
                lower = Pixels(
                    lower.x2, lower.x3, lower.x4, lower.x5, textureLoad(x_texels, at + below), textureLoad(x_texels, at + one + below),
                );
                let texel = origin + vec2i(j * i32(params.out_groups) + i32(p.o8), i);
                let bits = textureLoad(winner, texel).xy;
                let d0 = textureLoad(d, vec2i(2 * texel.x, texel.y));
                let d1 = textureLoad(d, vec2i(2 * texel.x + 1, texel.y));
                a = add(a, upper, lower, bits.x, d0.x);
                b = add(b, upper, lower, bits.x >> 8u, d0.y);
                c = add(c, upper, lower, bits.x >> 16u, d0.z);
                e = add(e, upper, lower, bits.x >> 24u, d0.w);
                f = add(f, upper, lower, bits.y, d1.x);
                g = add(g, upper, lower, bits.y >> 8u, d1.y);
                h = add(h, upper, lower, bits.y >> 16u, d1.z);
                m = add(m, upper, lower, bits.y >> 24u, d1.w);
            }
        }
    }
    store_all(p, a, b, c, e, f, g, h, m);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn reduce(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let index = id.y * groups.x * WORKGROUP_SIZE + id.x;
    let taps = params.kernel_h * params.kernel_w;
    let count = taps * params.outputs * params.in_groups;
    if index >= count { return; }
    let c4 = index % params.in_groups;
    let column = index % (params.outputs * params.in_groups);
    let o = column / params.in_groups;
    let tap = index / params.in_groups / params.outputs;
    var sum = vec4f(0.0);
    for (var s = 0u; s < params.slices; s++) {
        sum += textureLoad(partial, vec2u(column, s * taps + tap));
    }
    for (var c = 4u * c4; c < min(params.channels, 4u * c4 + 4u); c++) {
        dweight[(o * params.channels + c) * taps + tap] = sum[c % 4u];
    }
}

var<workgroup> shares: array<array<vec4f, 2>, WORKGROUP_SIZE>;

// One workgroup for eight outputs, shares added pairwise.
@compute @workgroup_size(WORKGROUP_SIZE)
fn bias(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    var share = array<vec4f, 2>();
    for (var n = lane; n < params.rows; n += WORKGROUP_SIZE) {
        var image = array<vec4f, 2>();
        for (var i = 0u; i < params.height; i++) {
            for (var j = 0u; j < params.width; j++) {
                let texel = d_origin(n) + vec2u(j * params.out_groups + group.x, i);
                image[0] += textureLoad(d, vec2u(2u * texel.x, texel.y));
                image[1] += textureLoad(d, vec2u(2u * texel.x + 1u, texel.y));
            }
        }
        share[0] += image[0];
        share[1] += image[1];
    }
    shares[lane] = share;
    for (var half = WORKGROUP_SIZE / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half {
            shares[lane][0] += shares[lane + half][0];
            shares[lane][1] += shares[lane + half][1];
        }
    }
    if lane == 0u {
        for (var o = 8u * group.x; o < min(params.outputs, 8u * group.x + 8u); o++) {
            dbias[o] = shares[0][o / 4u % 2u][o % 4u];
        }
    }
}
