// The gradient of a depthwise convolution's weight, with 3×3 or 5×5 taps and stride s = 1 or 2.
//   dweight[c,k,l] = Σ_{n,i,j} dy[n,c,i,j] · x[n,c,i·s+k-pad,j·s+l-pad]
// Twin: src/ops/conv2d/twin.rs. Source: torch.nn.functional.conv2d with groups = C. Padding is as in depthwise.wgsl.
//
// One workgroup a channel: every thread sums its share for all taps, then one thread a tap adds the shares in order. A share
// is columns of four pixels, and a row of x is kept for as long as taps meet it.
//
// Texels: x, dy

import "shared/depthwise_params.wgsl";

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;            // (N, C, H, W/4)
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;           // (N, C, OH, OW/4)
@group(0) @binding(3) var<storage, read_write> dweight: array<f32>;  // (C, 1, K, K)

import "shared/depthwise_rows.wgsl";

// Of every thread the sums of all taps.
var<workgroup> partial: array<f32, 1600>;

// Adds them up in order; one thread a tap stores the sum.
fn finish(lane: u32, c: u32) {
    workgroupBarrier();
    let taps = params.taps * params.taps;
    if lane >= taps { return; }
    var total = 0.0;
    for (var eight = 0u; eight < WORKGROUP_SIZE; eight += 8u) {
        var sum = 0.0;
        for (var s = eight; s < eight + 8u; s++) { sum += partial[lane * WORKGROUP_SIZE + s]; }
        total += sum;
    }
    dweight[c * taps + lane] = total;
}

// A column of groups of four: its plane and place in rows of dy. Number `u` of channel `c`.
struct Column { plane: u32, j: u32 }

fn column_of(u: u32, c: u32) -> Column {
    return Column(u / params.out_quads * params.channels + c, u % params.out_quads);
}

// llvmpipe (Mesa 22.3) builds a program anew at each dispatch whose uniforms alone decide loops.
fn zero_of(lane: u32) -> u32 {
    return lane >> 31u;
}

fn columns() -> u32 {
    return params.planes / params.channels * params.out_quads;
}

fn dy_of(c: Column, i: u32) -> vec4f {
    return dy[(c.plane * params.out_h + i) * params.out_quads + c.j];
}

// What four values of dy give to a row of taps.
struct Five { a: vec4f, b: f32 }

fn row3(d: vec4f, w: Window) -> vec3f {
    return vec3f(dot(d, left1(w)), dot(d, w.c), dot(d, right1(w)));
}

fn strided_row3(d: vec4f, w: Window) -> vec3f {
    return vec3f(dot(d, strided0(w)), dot(d, strided1(w)), dot(d, strided2(w)));
}

fn row5(s: Five, d: vec4f, w: Window) -> Five {
    let a = vec4f(dot(d, left2(w)), dot(d, left1(w)), dot(d, w.c), dot(d, right1(w)));
    return Five(s.a + a, s.b + dot(d, right2(w)));
}

fn strided_row5(s: Five, d: vec4f, w: Window) -> Five {
    let a = vec4f(dot(d, strided_left1(w)), dot(d, strided0(w)), dot(d, strided1(w)), dot(d, strided2(w)));
    return Five(s.a + a, s.b + dot(d, strided3(w)));
}

fn keep3(lane: u32, k: u32, s: vec3f) {
    for (var l = 0u; l < 3u; l++) { partial[(3u * k + l) * WORKGROUP_SIZE + lane] = s[l]; }
}

fn keep5(lane: u32, k: u32, s: Five) {
    for (var l = 0u; l < 4u; l++) { partial[(5u * k + l) * WORKGROUP_SIZE + lane] = s.a[l]; }
    partial[(5u * k + 4u) * WORKGROUP_SIZE + lane] = s.b;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn weight3(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let c = group.x;
    var s0 = vec3f(0.0); var s1 = vec3f(0.0); var s2 = vec3f(0.0);
    for (var u = lane; u < columns(); u += WORKGROUP_SIZE) {
        let at = column_of(u, c);
        var w0 = Window();
        var w1 = window(at.plane, 0, at.j);
        for (var i = 0u; i < params.out_h + zero_of(lane); i++) {
            let w2 = window(at.plane, i32(i) + 1, at.j);
            let d = dy_of(at, i);
            s0 += row3(d, w0); s1 += row3(d, w1); s2 += row3(d, w2);
            w0 = w1; w1 = w2;
        }
    }
    keep3(lane, 0u, s0); keep3(lane, 1u, s1); keep3(lane, 2u, s2);
    finish(lane, c);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn weight5(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let c = group.x;
    var s0 = Five(); var s1 = Five(); var s2 = Five(); var s3 = Five(); var s4 = Five();
    for (var u = lane; u < columns(); u += WORKGROUP_SIZE) {
        let at = column_of(u, c);
        var w0 = Window(); var w1 = Window();
        var w2 = window(at.plane, 0, at.j);
        var w3 = window(at.plane, 1, at.j);
        for (var i = 0u; i < params.out_h + zero_of(lane); i++) {
            let w4 = window(at.plane, i32(i) + 2, at.j);
            let d = dy_of(at, i);
            s0 = row5(s0, d, w0); s1 = row5(s1, d, w1); s2 = row5(s2, d, w2);
            s3 = row5(s3, d, w3); s4 = row5(s4, d, w4);
            w0 = w1; w1 = w2; w2 = w3; w3 = w4;
        }
    }
    keep5(lane, 0u, s0); keep5(lane, 1u, s1); keep5(lane, 2u, s2); keep5(lane, 3u, s3); keep5(lane, 4u, s4);
    finish(lane, c);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn strided_weight3(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let c = group.x;
    var s0 = vec3f(0.0); var s1 = vec3f(0.0); var s2 = vec3f(0.0);
    for (var u = lane; u < columns(); u += WORKGROUP_SIZE) {
        let at = column_of(u, c);
        var w0 = wide_window(at.plane, 0, 2u * at.j);
        for (var i = 0u; i < params.out_h + zero_of(lane); i++) {
            let top = 2 * i32(i);
            let w1 = wide_window(at.plane, top + 1, 2u * at.j);
            let w2 = wide_window(at.plane, top + 2, 2u * at.j);
            let d = dy_of(at, i);
            s0 += strided_row3(d, w0); s1 += strided_row3(d, w1); s2 += strided_row3(d, w2);
            w0 = w2;
        }
    }
    keep3(lane, 0u, s0); keep3(lane, 1u, s1); keep3(lane, 2u, s2);
    finish(lane, c);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn strided_weight5(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let c = group.x;
    var s0 = Five(); var s1 = Five(); var s2 = Five(); var s3 = Five(); var s4 = Five();
    for (var u = lane; u < columns(); u += WORKGROUP_SIZE) {
        let at = column_of(u, c);
        var w0 = Window();
        var w1 = wide_window(at.plane, 0, 2u * at.j);
        var w2 = wide_window(at.plane, 1, 2u * at.j);
        for (var i = 0u; i < params.out_h + zero_of(lane); i++) {
            let top = 2 * i32(i) - 1;
            let w3 = wide_window(at.plane, top + 3, 2u * at.j);
            let w4 = wide_window(at.plane, top + 4, 2u * at.j);
            let d = dy_of(at, i);
            s0 = strided_row5(s0, d, w0); s1 = strided_row5(s1, d, w1); s2 = strided_row5(s2, d, w2);
            s3 = strided_row5(s3, d, w3); s4 = strided_row5(s4, d, w4);
            w0 = w2; w1 = w3; w2 = w4;
        }
    }
    keep5(lane, 0u, s0); keep5(lane, 1u, s1); keep5(lane, 2u, s2); keep5(lane, 3u, s3); keep5(lane, 4u, s4);
    finish(lane, c);
}
