// Depthwise convolution, each channel with a kernel of its own, with 3×3 or 5×5 taps: four pixels of a row at a time.
//   y[n,c,i,j] = Σ_{k,l} weight[c,k,l] · x[n,c,i·s+k-pad,j·s+l-pad]
// With stride s = 1 the padding is half the kernel on all sides, and the gradient of x is the same of dy with the kernels
// rotated 180°. With s = 2, pad is 0 above and on the left of 3×3 taps and 1 of 5×5, and one more below and on the right.
// Twin: src/ops/conv2d/twin.rs. Source: torch.nn.functional.conv2d with groups = C.
//
// Rows lie in whole groups of four: what reads a scalar at a time takes ten times as long on software adapters.
//
// Texels: packed, x, dy

import "shared/depthwise_params.wgsl";

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> weight: array<f32>;              // (C, 1, K, K)
@group(0) @binding(2) var<storage, read_write> packed_out: array<vec4f>;  // (C, K, 2): a row of taps, filled up with 0
@group(0) @binding(3) var<storage, read> packed: array<vec4f>;            // the same, read back
@group(0) @binding(4) var<storage, read> x: array<vec4f>;                 // (N, C, H, W/4)
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;           // (N, C, OH, OW/4)
@group(0) @binding(6) var<storage, read> dy: array<vec4f>;                // (N, C, OH, OW/4)
@group(0) @binding(7) var<storage, read_write> dx: array<vec4f>;          // (N, C, H, W/4)

// Four taps, the group of that number among all channels' rows. Rotated by 180°, the last tap of a kernel comes first.
fn quad_of(index: u32, is_rotated: bool) -> vec4f {
    let all = params.taps * params.taps;
    let row = index / 2u;
    let kernel = row / params.taps * all;
    var values = vec4f(0.0);
    for (var t = 0u; t < 4u; t++) {
        let l = index % 2u * 4u + t;
        let tap = row % params.taps * params.taps + l;
        if l < params.taps { values[t] = weight[kernel + select(tap, all - 1u - tap, is_rotated)]; }
    }
    return values;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn pack(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.channels * params.taps * 2u { return; }
    packed_out[index] = quad_of(index, false);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn pack_rotated(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.channels * params.taps * 2u { return; }
    packed_out[index] = quad_of(index, true);
}

// A row of taps.
struct Taps { a: vec4f, b: vec4f }

fn taps_of(plane: u32, k: u32) -> Taps {
    let at = (plane % params.channels * params.taps + k) * 2u;
    return Taps(packed[at], packed[at + 1u]);
}

import "shared/depthwise_rows.wgsl";

fn sum3(t: Taps, w: Window) -> vec4f {
    return t.a.x * left1(w) + t.a.y * w.c + t.a.z * right1(w);
}

fn sum5(t: Taps, w: Window) -> vec4f {
    return t.a.x * left2(w) + t.a.y * left1(w) + t.a.z * w.c + t.a.w * right1(w) + t.b.x * right2(w);
}

fn strided_sum3(t: Taps, w: Window) -> vec4f {
    return t.a.x * strided0(w) + t.a.y * strided1(w) + t.a.z * strided2(w);
}

fn strided_sum5(t: Taps, w: Window) -> vec4f {
    return t.a.x * strided_left1(w) + t.a.y * strided0(w) + t.a.z * strided1(w) + t.a.w * strided2(w)
        + t.b.x * strided3(w);
}

// Of a map's rows of y and dy.
struct Place { plane: u32, i: u32, j: u32 }

// The place that an invocation computes: `rows` rows from there on.
fn place(index: u32, rows: u32) -> Place {
    let blocks = (params.out_h + rows - 1u) / rows;
    let row = index / params.out_quads;
    return Place(row / blocks, row % blocks * rows, index % params.out_quads);
}

fn store(p: Place, row: u32, value: vec4f) {
    let i = p.i + row;
    if i < params.out_h { y[(p.plane * params.out_h + i) * params.out_quads + p.j] = value; }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward3(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let p = place(id.y * workgroups.x * WORKGROUP_SIZE + id.x, 4u);
    if p.plane >= params.planes { return; }
    let top = i32(p.i) - i32(params.pad);
    var a = vec4f(0.0); var b = vec4f(0.0); var c = vec4f(0.0); var d = vec4f(0.0);
    let t0 = taps_of(p.plane, 0u);
    let t1 = taps_of(p.plane, 1u);
    let t2 = taps_of(p.plane, 2u);
    { let w = window(p.plane, top + 0, p.j); a += sum3(t0, w); }
    { let w = window(p.plane, top + 1, p.j); a += sum3(t1, w); b += sum3(t0, w); }
    { let w = window(p.plane, top + 2, p.j); a += sum3(t2, w); b += sum3(t1, w); c += sum3(t0, w); }
    { let w = window(p.plane, top + 3, p.j); b += sum3(t2, w); c += sum3(t1, w); d += sum3(t0, w); }
    { let w = window(p.plane, top + 4, p.j); c += sum3(t2, w); d += sum3(t1, w); }
    { let w = window(p.plane, top + 5, p.j); d += sum3(t2, w); }
    store(p, 0u, a); store(p, 1u, b); store(p, 2u, c); store(p, 3u, d);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward5(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let p = place(id.y * workgroups.x * WORKGROUP_SIZE + id.x, 4u);
    if p.plane >= params.planes { return; }
    let top = i32(p.i) - i32(params.pad);
    var a = vec4f(0.0); var b = vec4f(0.0); var c = vec4f(0.0); var d = vec4f(0.0);
    let t0 = taps_of(p.plane, 0u);
    let t1 = taps_of(p.plane, 1u);
    let t2 = taps_of(p.plane, 2u);
    let t3 = taps_of(p.plane, 3u);
    let t4 = taps_of(p.plane, 4u);
    { let w = window(p.plane, top + 0, p.j); a += sum5(t0, w); }
    { let w = window(p.plane, top + 1, p.j); a += sum5(t1, w); b += sum5(t0, w); }
    { let w = window(p.plane, top + 2, p.j); a += sum5(t2, w); b += sum5(t1, w); c += sum5(t0, w); }
    { let w = window(p.plane, top + 3, p.j); a += sum5(t3, w); b += sum5(t2, w); c += sum5(t1, w); d += sum5(t0, w); }
    { let w = window(p.plane, top + 4, p.j); a += sum5(t4, w); b += sum5(t3, w); c += sum5(t2, w); d += sum5(t1, w); }
    { let w = window(p.plane, top + 5, p.j); b += sum5(t4, w); c += sum5(t3, w); d += sum5(t2, w); }
    { let w = window(p.plane, top + 6, p.j); c += sum5(t4, w); d += sum5(t3, w); }
    { let w = window(p.plane, top + 7, p.j); d += sum5(t4, w); }
    store(p, 0u, a); store(p, 1u, b); store(p, 2u, c); store(p, 3u, d);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn strided_forward3(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let p = place(id.y * workgroups.x * WORKGROUP_SIZE + id.x, 1u);
    if p.plane >= params.planes { return; }
    let top = 2 * i32(p.i) - i32(params.pad);
    var sum = vec4f(0.0);
    for (var k = 0u; k < 3u; k++) {
        sum += strided_sum3(taps_of(p.plane, k), wide_window(p.plane, top + i32(k), 2u * p.j));
    }
    store(p, 0u, sum);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn strided_forward5(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let p = place(id.y * workgroups.x * WORKGROUP_SIZE + id.x, 1u);
    if p.plane >= params.planes { return; }
    let top = 2 * i32(p.i) - i32(params.pad);
    var sum = vec4f(0.0);
    for (var k = 0u; k < 5u; k++) {
        sum += strided_sum5(taps_of(p.plane, k), wide_window(p.plane, top + i32(k), 2u * p.j));
    }
    store(p, 0u, sum);
}

// A group of dy in row `i`, and its neighbours; 0 beyond the map.
fn window_of_dy(plane: u32, i: u32, j: u32) -> Window {
    let at = (plane * params.out_h + i) * params.out_quads + j;
    var w = Window();
    if j > 0u { w.p = dy[at - 1u]; }
    w.c = dy[at];
    if j + 1u < params.out_quads { w.n = dy[at + 1u]; }
    return w;
}

// A group of dy in row `i`, and its neighbours; 0 beyond the map.
fn inner_window_of_dy(plane: u32, i: u32, j: u32) -> Window {
    if i >= params.out_h { return Window(); }
    return window_of_dy(plane, i, j);
}

// Eight columns of dx, those at even places and those at odd ones: a tap meets either.
struct Columns { even: vec4f, odd: vec4f }

fn columns3(t: Taps, w: Window) -> Columns {
    return Columns(t.a.x * w.c + t.a.z * left1(w), t.a.y * w.c);
}

fn columns5(t: Taps, w: Window) -> Columns {
    return Columns(
        t.a.y * w.c + t.a.w * left1(w),
        t.a.x * right1(w) + t.a.z * w.c + t.b.x * left1(w),
    );
}

fn plus(a: Columns, b: Columns) -> Columns {
    return Columns(a.even + b.even, a.odd + b.odd);
}

fn store_columns(plane: u32, row: u32, j: u32, c: Columns) {
    let at = (plane * params.height + row) * params.quads + 2u * j;
    dx[at] = vec4f(c.even.x, c.odd.x, c.even.y, c.odd.y);
    dx[at + 1u] = vec4f(c.even.z, c.odd.z, c.even.w, c.odd.w);
}

// Rows of dy that an invocation goes through, and each is kept for as long as taps meet it.
const ROWS = 8u;

@compute @workgroup_size(WORKGROUP_SIZE)
fn strided_input3(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let p = place(id.y * workgroups.x * WORKGROUP_SIZE + id.x, ROWS);
    if p.plane >= params.planes { return; }
    let t0 = taps_of(p.plane, 0u);
    let t1 = taps_of(p.plane, 1u);
    let t2 = taps_of(p.plane, 2u);
    // Row -1 wraps round to one below the map.
    var above = inner_window_of_dy(p.plane, p.i - 1u, p.j);
    for (var i = p.i; i < min(p.i + ROWS, params.out_h); i++) {
        let here = window_of_dy(p.plane, i, p.j);
        store_columns(p.plane, 2u * i, p.j, plus(columns3(t0, here), columns3(t2, above)));
        store_columns(p.plane, 2u * i + 1u, p.j, columns3(t1, here));
        above = here;
    }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn strided_input5(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let p = place(id.y * workgroups.x * WORKGROUP_SIZE + id.x, ROWS);
    if p.plane >= params.planes { return; }
    let t0 = taps_of(p.plane, 0u);
    let t1 = taps_of(p.plane, 1u);
    let t2 = taps_of(p.plane, 2u);
    let t3 = taps_of(p.plane, 3u);
    let t4 = taps_of(p.plane, 4u);
    var above = inner_window_of_dy(p.plane, p.i - 1u, p.j);
    var here = window_of_dy(p.plane, p.i, p.j);
    for (var i = p.i; i < min(p.i + ROWS, params.out_h); i++) {
        let below = inner_window_of_dy(p.plane, i + 1u, p.j);
        store_columns(p.plane, 2u * i, p.j, plus(columns5(t1, here), columns5(t3, above)));
        let odd = plus(columns5(t2, here), columns5(t4, above));
        store_columns(p.plane, 2u * i + 1u, p.j, plus(columns5(t0, below), odd));
        above = here;
        here = below;
    }
}
