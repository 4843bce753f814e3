// Convolution, stride 1: the gradients of weight and bias.
//   dweight[o,c,k,l] = Σ_{n,i,j} d[n,o,i,j] · x[n,c,i+k-pad_h,j+l-pad_w]
// `plain_sums` sums over the images of one slice, as conv2d_weight_pooled.wgsl does behind pooling; `reduce` adds the slices
// up in their order. Twin: src/ops/conv2d/twin.rs. Source: torch.nn.functional.conv2d.

import "register/shared/values_of_four.wgsl";
import "register/shared/weight_sums.wgsl";

const WORKGROUP_SIZE = 64u;

fn add(t: Taps, x: Pixels, d: f32) -> Taps {
    return Taps(t.t0 + x.x0 * d, t.t1 + x.x1 * d, t.t2 + x.x2 * d, t.t3 + x.x3 * d, t.t4 + x.x4 * d);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn plain_sums(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let p = place(id.y * workgroups.x * WORKGROUP_SIZE + id.x);
    if p.slice >= params.slices { return; }
    let one = vec2i(i32(params.in_groups), 0);
    var s = Sums();
    let share = share_of(p);
    for (var n = share.image; n < params.rows; n += share.step) {
        let first = x_origin(p, n);
        let origin = vec2i(d_origin(n));
        for (var i = share.row; i < share.behind; i++) {
            var at = first + vec2i(0, i);
            var x = Pixels();
            x.x1 = load(at);
            x.x2 = load(at + one);
            x.x3 = load(at + 2 * one);
            x.x4 = load(at + 3 * one);
            at += 4 * one;
            for (var j = 0; j < i32(params.width); j++) {
                x = Pixels(x.x1, x.x2, x.x3, x.x4, load(at), Values());
                at += one;
                let texel = origin + vec2i(j * i32(params.out_groups) + i32(p.o8), i);
                let d0 = textureLoad(d, vec2i(2 * texel.x, texel.y));
                let d1 = textureLoad(d, vec2i(2 * texel.x + 1, texel.y));
                s = Sums(
                    add(s.a, x, d0.x), add(s.b, x, d0.y), add(s.c, x, d0.z), add(s.d, x, d0.w),
                    add(s.e, x, d1.x), add(s.f, x, d1.y), add(s.g, x, d1.z), add(s.h, x, d1.w),
                );
            }
        }
    }
    store_sums(p, s);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn reduce(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let taps = params.kernel_h * params.kernel_w;
    let count = taps * params.outputs * params.in_groups;
    if index >= count { return; }
    let c4 = index % params.in_groups;
    let column = index % (params.outputs * params.in_groups);
    let o = column / params.in_groups;
    let tap = index / params.in_groups / params.outputs;
    let first = part_at(column, tap);
    var sum = vec4f(0.0);
    for (var s = 0u; s < params.slices; s++) {
        sum += textureLoad(partial, first + vec2u(0u, s * taps));
    }
    for (var c = 4u * c4; c < min(params.channels, 4u * c4 + 4u); c++) {
        dweight[(o * params.channels + c) * taps + tap] = sum[c % 4u];
    }
}

var<workgroup> shares: array<array<vec4f, 2>, WORKGROUP_SIZE>;

// One workgroup for eight outputs, shares added pairwise. What takes too many turns is summed up by several dispatches, each of
// some images and rows, which add to what there is.
@compute @workgroup_size(WORKGROUP_SIZE)
fn bias(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    var share = array<vec4f, 2>();
    for (var n = params.first.x + lane; n < params.behind.x; n += WORKGROUP_SIZE) {
        var image = array<vec4f, 2>();
        for (var i = params.first.y; i < params.behind.y; i++) {
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
            let before = select(dbias[o], 0.0, all(params.first == vec2u()));
            dbias[o] = before + shares[0][o / 4u % 2u][o % 4u];
        }
    }
}
