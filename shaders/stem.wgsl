// The first convolution of a network over few channels: 3×3 taps with stride 2, zeros below and on the right alone.
//   y[n,o,i,j] = Σ_{c,k,l} weight[o,c,k,l] · x[n,c,2i+k,2j+l]
//   dweight[o,c,k,l] = Σ_{n,i,j} dy[n,o,i,j] · x[n,c,2i+k,2j+l]
// Twin: src/ops/conv2d/twin.rs. Source: torch.nn.functional.conv2d.
//
// A thread of `forward` takes four pixels × eight outputs, a workgroup of `weight` four outputs × one channel: its threads sum
// their shares for all taps, then one thread a tap adds the shares in order.
//
// Texels: packed, x, dy

import "shared/depthwise_params.wgsl";

const WORKGROUP_SIZE = 64u;
// Channels of x at most.
const MOST = 4u;

@group(0) @binding(0) var<uniform> params: Params;                    // planes are N·O, channels C, taps O
@group(0) @binding(1) var<storage, read> weight: array<f32>;          // (O, C, 3, 3)
@group(0) @binding(2) var<storage, read_write> packed_out: array<vec4f>;  // (O, C, 3): a row of taps and 0
@group(0) @binding(3) var<storage, read> packed: array<vec4f>;        // the same, read back
@group(0) @binding(4) var<storage, read> x: array<vec4f>;             // (N, C, H, W/4)
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;       // (N, O, OH, OW/4)
@group(0) @binding(6) var<storage, read> dy: array<vec4f>;            // (N, O, OH, OW/4)
@group(0) @binding(7) var<storage, read_write> dweight: array<f32>;   // (O, C, 3, 3)

import "shared/depthwise_rows.wgsl";

@compute @workgroup_size(WORKGROUP_SIZE)
fn pack(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let row = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if row >= params.taps * params.channels * 3u { return; }
    packed_out[row] = vec4f(weight[3u * row], weight[3u * row + 1u], weight[3u * row + 2u], 0.0);
}

// Three neighbouring taps of four positions with stride 2.
struct Rows { l0: vec4f, l1: vec4f, l2: vec4f }

fn sum(t: vec4f, r: Rows) -> vec4f {
    return t.x * r.l0 + t.y * r.l1 + t.z * r.l2;
}

fn rows_of(plane: u32, row: i32, j: u32) -> Rows {
    let w = wide_window(plane, row, 2u * j);
    return Rows(strided0(w), strided1(w), strided2(w));
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let j = index % params.out_quads;
    let i = index / params.out_quads % params.out_h;
    let eight = index / (params.out_quads * params.out_h);
    if eight * 8u >= params.planes { return; }
    let n = eight * 8u / params.taps;
    let o = eight * 8u % params.taps;
    // llvmpipe (Mesa 22.3) builds a program anew at each dispatch whose uniforms alone decide loops; this is 0.
    let step = params.channels * 3u + (index >> 31u);
    var a = vec4f(0.0); var b = vec4f(0.0); var c = vec4f(0.0); var d = vec4f(0.0);
    var e = vec4f(0.0); var f = vec4f(0.0); var g = vec4f(0.0); var h = vec4f(0.0);
    for (var at = 0u; at < min(step, 3u * MOST); at++) {
        let r = rows_of(n * params.channels + at / 3u, i32(2u * i + at % 3u), j);
        let first = o * step + at;
        a += sum(packed[first + 0u * step], r);
        b += sum(packed[first + 1u * step], r);
        c += sum(packed[first + 2u * step], r);
        d += sum(packed[first + 3u * step], r);
        e += sum(packed[first + 4u * step], r);
        f += sum(packed[first + 5u * step], r);
        g += sum(packed[first + 6u * step], r);
        h += sum(packed[first + 7u * step], r);
    }
    let size = params.out_h * params.out_quads;
    let first = (eight * 8u * params.out_h + i) * params.out_quads + j;
    y[first + 0u * size] = a;
    y[first + 1u * size] = b;
    y[first + 2u * size] = c;
    y[first + 3u * size] = d;
    y[first + 4u * size] = e;
    y[first + 5u * size] = f;
    y[first + 6u * size] = g;
    y[first + 7u * size] = h;
}

// Of every thread the sums of nine taps of four outputs.
var<workgroup> partial: array<f32, 2304>;

fn keep(lane: u32, first: u32, m: mat3x3f) {
    for (var k = 0u; k < 3u; k++) {
        for (var l = 0u; l < 3u; l++) { partial[(first + 3u * k + l) * WORKGROUP_SIZE + lane] = m[k][l]; }
    }
}

// The products of four values of dy with three rows of taps: a column a row.
fn products(d: vec4f, r0: Rows, r1: Rows, r2: Rows) -> mat3x3f {
    return mat3x3f(
        dot(d, r0.l0), dot(d, r0.l1), dot(d, r0.l2), dot(d, r1.l0), dot(d, r1.l1), dot(d, r1.l2),
        dot(d, r2.l0), dot(d, r2.l1), dot(d, r2.l2),
    );
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_weight(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let c = group.x % params.channels;
    let o = group.x / params.channels * 4u;
    let size = params.out_h * params.out_quads;
    var s0 = mat3x3f(); var s1 = mat3x3f(); var s2 = mat3x3f(); var s3 = mat3x3f();
    for (var q = lane; q < params.planes / params.taps * size; q += WORKGROUP_SIZE) {
        let n = q / size;
        let i = i32(2u * (q / params.out_quads % params.out_h));
        let j = q % params.out_quads;
        let plane = n * params.channels + c;
        let r0 = rows_of(plane, i, j);
        let r1 = rows_of(plane, i + 1, j);
        let r2 = rows_of(plane, i + 2, j);
        let at = (n * params.taps + o) * size + q % size;
        s0 += products(dy[at], r0, r1, r2);
        s1 += products(dy[at + size], r0, r1, r2);
        s2 += products(dy[at + 2u * size], r0, r1, r2);
        s3 += products(dy[at + 3u * size], r0, r1, r2);
    }
    keep(lane, 0u, s0);
    keep(lane, 9u, s1);
    keep(lane, 18u, s2);
    keep(lane, 27u, s3);
    workgroupBarrier();
    if lane >= 36u { return; }
    var total = 0.0;
    for (var eight = 0u; eight < WORKGROUP_SIZE; eight += 8u) {
        var share = 0.0;
        for (var s = eight; s < eight + 8u; s++) { share += partial[lane * WORKGROUP_SIZE + s]; }
        total += share;
    }
    dweight[((o + lane / 9u) * params.channels + c) * 9u + lane % 9u] = total;
}
