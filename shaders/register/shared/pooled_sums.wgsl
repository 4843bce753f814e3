// Convolution, stride 1, with ReLU and 2×2 max-pooling behind it: sums over the images of one slice of the weight's gradient.
// Only the argmax of each window has a gradient d, so a quarter of the convolution's products is left; (r, s) being the
// argmax's place in its window:
//   dweight[o,c,k,l] = Σ_{n,i,j} d[n,o,i,j] · x[n,c,2i+r+k-pad_h,2j+s+l-pad_w]
// It picks among the pixels of two rows that lie in registers.
// Requires: Values, values_of, texel_of
// Twins: src/ops/conv2d/twin.rs, max_pool2d/proof.rs. Source: torch.nn.functional.conv2d, max_pool2d.

import "register/shared/weight_sums.wgsl";

const WORKGROUP_SIZE = 64u;

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

// The pixels that the window at `at` and its neighbour on the right share are there already.
fn moved_on(p: Pixels, at: vec2i, step: i32) -> Pixels {
    return Pixels(p.x2, p.x3, p.x4, p.x5, load(at), load(at + vec2i(step, 0)));
}

fn add_window(s: Sums, upper: Pixels, lower: Pixels, texel: vec2i) -> Sums {
    let bits = textureLoad(argmax, texel).xy;
    let d0 = textureLoad(d, vec2i(2 * texel.x, texel.y));
    let d1 = textureLoad(d, vec2i(2 * texel.x + 1, texel.y));
    return Sums(
        add(s.a, upper, lower, bits.x, d0.x), add(s.b, upper, lower, bits.x >> 8u, d0.y),
        add(s.c, upper, lower, bits.x >> 16u, d0.z), add(s.d, upper, lower, bits.x >> 24u, d0.w),
        add(s.e, upper, lower, bits.y, d1.x), add(s.f, upper, lower, bits.y >> 8u, d1.y),
        add(s.g, upper, lower, bits.y >> 16u, d1.z), add(s.h, upper, lower, bits.y >> 24u, d1.w),
    );
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn sums(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let p = place(id.y * workgroups.x * WORKGROUP_SIZE + id.x);
    if p.slice >= params.slices { return; }
    let step = i32(params.in_groups);
    let two = vec2i(2 * step, 0);
    let below = vec2i(0, 1);
    let next = vec2i(i32(params.out_groups), 0);
    var s = Sums();
    let share = share_of(p);
    for (var n = share.image; n < params.rows; n += share.step) {
        let first = x_origin(p, n);
        let origin = vec2i(d_origin(n)) + vec2i(i32(p.o8), 0);
        for (var i = share.row; i < share.behind; i++) {
            var at = first + vec2i(0, 2 * i);
            var upper = moved_on(moved_on(Pixels(), at, step), at + two, step);
            var lower = moved_on(moved_on(Pixels(), at + below, step), at + two + below, step);
            var texel = origin + vec2i(0, i);
            // Two windows a turn, as software adapters copy all sums at its end; behind an odd last one lie zeros.
            for (var j = 0; j < i32(params.width); j += 2) {
                at += 2 * two;
                upper = moved_on(upper, at, step);
                lower = moved_on(lower, at + below, step);
                s = add_window(s, upper, lower, texel);
                upper = moved_on(upper, at + two, step);
                lower = moved_on(lower, at + two + below, step);
                s = add_window(s, upper, lower, texel + next);
                texel += 2 * next;
            }
        }
    }
    store_sums(p, s);
}
