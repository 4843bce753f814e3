// The gradient of a depthwise convolution's weight, with 3×3 or 5×5 taps and stride s = 1 or 2.
//   dweight[c,k,l] = Σ_{n,i,j} dy[n,c,i,j] · x[n,c,i·s+k-pad,j·s+l-pad]
// Twin: src/ops/conv2d/twin.rs. Source: torch.nn.functional.conv2d with groups = C. Padding is as in depthwise.wgsl.
//
// One workgroup a channel: every thread sums its share for all taps, then one thread a tap adds the shares in order.

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

// The group of dy with that number among those of channel `c`.
fn place_of_dy(q: u32, c: u32) -> Place {
    let n = q / (params.out_h * params.out_quads);
    return Place(n * params.channels + c, q / params.out_quads % params.out_h, q % params.out_quads);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn weight3(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let c = group.x;
    var s00 = 0.0; var s01 = 0.0; var s02 = 0.0;
    var s10 = 0.0; var s11 = 0.0; var s12 = 0.0;
    var s20 = 0.0; var s21 = 0.0; var s22 = 0.0;
    let count = params.planes / params.channels * params.out_h * params.out_quads;
    for (var q = lane; q < count; q += WORKGROUP_SIZE) {
        let p = place_of_dy(q, c);
        let d = dy[(p.plane * params.out_h + p.i) * params.out_quads + p.j];
        let top = i32(p.i) - i32(params.pad);
        {
            let w = window(p.plane, top + 0, p.j);
            s00 += dot(d, left1(w)); s01 += dot(d, w.c); s02 += dot(d, right1(w));
        }
        {
            let w = window(p.plane, top + 1, p.j);
            s10 += dot(d, left1(w)); s11 += dot(d, w.c); s12 += dot(d, right1(w));
        }
        {
            let w = window(p.plane, top + 2, p.j);
            s20 += dot(d, left1(w)); s21 += dot(d, w.c); s22 += dot(d, right1(w));
        }
    }
    partial[0u * WORKGROUP_SIZE + lane] = s00; partial[1u * WORKGROUP_SIZE + lane] = s01;
    partial[2u * WORKGROUP_SIZE + lane] = s02;
    partial[3u * WORKGROUP_SIZE + lane] = s10; partial[4u * WORKGROUP_SIZE + lane] = s11;
    partial[5u * WORKGROUP_SIZE + lane] = s12;
    partial[6u * WORKGROUP_SIZE + lane] = s20; partial[7u * WORKGROUP_SIZE + lane] = s21;
    partial[8u * WORKGROUP_SIZE + lane] = s22;
    finish(lane, c);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn weight5(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let c = group.x;
    var s00 = 0.0; var s01 = 0.0; var s02 = 0.0; var s03 = 0.0; var s04 = 0.0;
    var s10 = 0.0; var s11 = 0.0; var s12 = 0.0; var s13 = 0.0; var s14 = 0.0;
    var s20 = 0.0; var s21 = 0.0; var s22 = 0.0; var s23 = 0.0; var s24 = 0.0;
    var s30 = 0.0; var s31 = 0.0; var s32 = 0.0; var s33 = 0.0; var s34 = 0.0;
    var s40 = 0.0; var s41 = 0.0; var s42 = 0.0; var s43 = 0.0; var s44 = 0.0;
    let count = params.planes / params.channels * params.out_h * params.out_quads;
    for (var q = lane; q < count; q += WORKGROUP_SIZE) {
        let p = place_of_dy(q, c);
        let d = dy[(p.plane * params.out_h + p.i) * params.out_quads + p.j];
        let top = i32(p.i) - i32(params.pad);
        {
            let w = window(p.plane, top + 0, p.j);
            s00 += dot(d, left2(w)); s01 += dot(d, left1(w)); s02 += dot(d, w.c); s03 += dot(d, right1(w));
            s04 += dot(d, right2(w));
        }
        {
            let w = window(p.plane, top + 1, p.j);
            s10 += dot(d, left2(w)); s11 += dot(d, left1(w)); s12 += dot(d, w.c); s13 += dot(d, right1(w));
            s14 += dot(d, right2(w));
        }
        {
            let w = window(p.plane, top + 2, p.j);
            s20 += dot(d, left2(w)); s21 += dot(d, left1(w)); s22 += dot(d, w.c); s23 += dot(d, right1(w));
            s24 += dot(d, right2(w));
        }
        {
            let w = window(p.plane, top + 3, p.j);
            s30 += dot(d, left2(w)); s31 += dot(d, left1(w)); s32 += dot(d, w.c); s33 += dot(d, right1(w));
            s34 += dot(d, right2(w));
        }
        {
            let w = window(p.plane, top + 4, p.j);
            s40 += dot(d, left2(w)); s41 += dot(d, left1(w)); s42 += dot(d, w.c); s43 += dot(d, right1(w));
            s44 += dot(d, right2(w));
        }
    }
    partial[0u * WORKGROUP_SIZE + lane] = s00; partial[1u * WORKGROUP_SIZE + lane] = s01;
    partial[2u * WORKGROUP_SIZE + lane] = s02; partial[3u * WORKGROUP_SIZE + lane] = s03;
    partial[4u * WORKGROUP_SIZE + lane] = s04;
    partial[5u * WORKGROUP_SIZE + lane] = s10; partial[6u * WORKGROUP_SIZE + lane] = s11;
    partial[7u * WORKGROUP_SIZE + lane] = s12; partial[8u * WORKGROUP_SIZE + lane] = s13;
    partial[9u * WORKGROUP_SIZE + lane] = s14;
    partial[10u * WORKGROUP_SIZE + lane] = s20; partial[11u * WORKGROUP_SIZE + lane] = s21;
    partial[12u * WORKGROUP_SIZE + lane] = s22; partial[13u * WORKGROUP_SIZE + lane] = s23;
    partial[14u * WORKGROUP_SIZE + lane] = s24;
    partial[15u * WORKGROUP_SIZE + lane] = s30; partial[16u * WORKGROUP_SIZE + lane] = s31;
    partial[17u * WORKGROUP_SIZE + lane] = s32; partial[18u * WORKGROUP_SIZE + lane] = s33;
    partial[19u * WORKGROUP_SIZE + lane] = s34;
    partial[20u * WORKGROUP_SIZE + lane] = s40; partial[21u * WORKGROUP_SIZE + lane] = s41;
    partial[22u * WORKGROUP_SIZE + lane] = s42; partial[23u * WORKGROUP_SIZE + lane] = s43;
    partial[24u * WORKGROUP_SIZE + lane] = s44;
    finish(lane, c);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn strided_weight3(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let c = group.x;
    var s00 = 0.0; var s01 = 0.0; var s02 = 0.0;
    var s10 = 0.0; var s11 = 0.0; var s12 = 0.0;
    var s20 = 0.0; var s21 = 0.0; var s22 = 0.0;
    let count = params.planes / params.channels * params.out_h * params.out_quads;
    for (var q = lane; q < count; q += WORKGROUP_SIZE) {
        let p = place_of_dy(q, c);
        let d = dy[(p.plane * params.out_h + p.i) * params.out_quads + p.j];
        let top = 2 * i32(p.i) - i32(params.pad);
        {
            let w = wide_window(p.plane, top + 0, 2u * p.j);
            s00 += dot(d, strided0(w)); s01 += dot(d, strided1(w)); s02 += dot(d, strided2(w));
        }
        {
            let w = wide_window(p.plane, top + 1, 2u * p.j);
            s10 += dot(d, strided0(w)); s11 += dot(d, strided1(w)); s12 += dot(d, strided2(w));
        }
        {
            let w = wide_window(p.plane, top + 2, 2u * p.j);
            s20 += dot(d, strided0(w)); s21 += dot(d, strided1(w)); s22 += dot(d, strided2(w));
        }
    }
    partial[0u * WORKGROUP_SIZE + lane] = s00; partial[1u * WORKGROUP_SIZE + lane] = s01;
    partial[2u * WORKGROUP_SIZE + lane] = s02;
    partial[3u * WORKGROUP_SIZE + lane] = s10; partial[4u * WORKGROUP_SIZE + lane] = s11;
    partial[5u * WORKGROUP_SIZE + lane] = s12;
    partial[6u * WORKGROUP_SIZE + lane] = s20; partial[7u * WORKGROUP_SIZE + lane] = s21;
    partial[8u * WORKGROUP_SIZE + lane] = s22;
    finish(lane, c);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn strided_weight5(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let c = group.x;
    var s00 = 0.0; var s01 = 0.0; var s02 = 0.0; var s03 = 0.0; var s04 = 0.0;
    var s10 = 0.0; var s11 = 0.0; var s12 = 0.0; var s13 = 0.0; var s14 = 0.0;
    var s20 = 0.0; var s21 = 0.0; var s22 = 0.0; var s23 = 0.0; var s24 = 0.0;
    var s30 = 0.0; var s31 = 0.0; var s32 = 0.0; var s33 = 0.0; var s34 = 0.0;
    var s40 = 0.0; var s41 = 0.0; var s42 = 0.0; var s43 = 0.0; var s44 = 0.0;
    let count = params.planes / params.channels * params.out_h * params.out_quads;
    for (var q = lane; q < count; q += WORKGROUP_SIZE) {
        let p = place_of_dy(q, c);
        let d = dy[(p.plane * params.out_h + p.i) * params.out_quads + p.j];
        let top = 2 * i32(p.i) - i32(params.pad);
        {
            let w = wide_window(p.plane, top + 0, 2u * p.j);
            s00 += dot(d, strided_left1(w)); s01 += dot(d, strided0(w)); s02 += dot(d, strided1(w));
            s03 += dot(d, strided2(w)); s04 += dot(d, strided3(w));
        }
        {
            let w = wide_window(p.plane, top + 1, 2u * p.j);
            s10 += dot(d, strided_left1(w)); s11 += dot(d, strided0(w)); s12 += dot(d, strided1(w));
            s13 += dot(d, strided2(w)); s14 += dot(d, strided3(w));
        }
        {
            let w = wide_window(p.plane, top + 2, 2u * p.j);
            s20 += dot(d, strided_left1(w)); s21 += dot(d, strided0(w)); s22 += dot(d, strided1(w));
            s23 += dot(d, strided2(w)); s24 += dot(d, strided3(w));
        }
        {
            let w = wide_window(p.plane, top + 3, 2u * p.j);
            s30 += dot(d, strided_left1(w)); s31 += dot(d, strided0(w)); s32 += dot(d, strided1(w));
            s33 += dot(d, strided2(w)); s34 += dot(d, strided3(w));
        }
        {
            let w = wide_window(p.plane, top + 4, 2u * p.j);
            s40 += dot(d, strided_left1(w)); s41 += dot(d, strided0(w)); s42 += dot(d, strided1(w));
            s43 += dot(d, strided2(w)); s44 += dot(d, strided3(w));
        }
    }
    partial[0u * WORKGROUP_SIZE + lane] = s00; partial[1u * WORKGROUP_SIZE + lane] = s01;
    partial[2u * WORKGROUP_SIZE + lane] = s02; partial[3u * WORKGROUP_SIZE + lane] = s03;
    partial[4u * WORKGROUP_SIZE + lane] = s04;
    partial[5u * WORKGROUP_SIZE + lane] = s10; partial[6u * WORKGROUP_SIZE + lane] = s11;
    partial[7u * WORKGROUP_SIZE + lane] = s12; partial[8u * WORKGROUP_SIZE + lane] = s13;
    partial[9u * WORKGROUP_SIZE + lane] = s14;
    partial[10u * WORKGROUP_SIZE + lane] = s20; partial[11u * WORKGROUP_SIZE + lane] = s21;
    partial[12u * WORKGROUP_SIZE + lane] = s22; partial[13u * WORKGROUP_SIZE + lane] = s23;
    partial[14u * WORKGROUP_SIZE + lane] = s24;
    partial[15u * WORKGROUP_SIZE + lane] = s30; partial[16u * WORKGROUP_SIZE + lane] = s31;
    partial[17u * WORKGROUP_SIZE + lane] = s32; partial[18u * WORKGROUP_SIZE + lane] = s33;
    partial[19u * WORKGROUP_SIZE + lane] = s34;
    partial[20u * WORKGROUP_SIZE + lane] = s40; partial[21u * WORKGROUP_SIZE + lane] = s41;
    partial[22u * WORKGROUP_SIZE + lane] = s42; partial[23u * WORKGROUP_SIZE + lane] = s43;
    partial[24u * WORKGROUP_SIZE + lane] = s44;
    finish(lane, c);
}
