// Convolution, stride 1, on channels-last maps: the gradient of the weight.
//   dweight[o,c,k,l] = Σ_{n,i,j} x[n,i+k-pad_h,j+l-pad_w,c] · dy[n,i,j,o]
// Twin: src/reference/conv2d.rs. Source: torch.nn.functional.conv2d.
//
// `partial_sums`: a thread sums, over the images of one slice, 5 neighbouring taps × 4 input channels × 8 outputs in
// registers; each pixel costs it three loads for 40 multiply-adds. `reduce` adds the slices up in their order.

struct Params {
    rows: u32,        // N
    in_h: u32,
    in_w: u32,
    in_groups: u32,   // C / 4, rounded up
    out_h: u32,
    out_w: u32,
    out_groups: u32,  // O / 4, rounded up
    kernel_h: u32,
    kernel_w: u32,
    pad_h: u32,
    pad_w: u32,
    slices: u32,
    channels: u32,    // C
    outputs: u32,     // O
    reserved_a: u32,
    reserved_b: u32,
}

const WORKGROUP_SIZE = 64u;
const TAPS = 5u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;                   // (N, H, W, C/4)
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;                  // (N, OH, OW, O/4)
@group(0) @binding(3) var<storage, read_write> partial_out: array<vec4f>;   // (slices, O, KH, KW, C/4)
@group(0) @binding(4) var<storage, read> partial: array<f32>;               // the same, read back as values
@group(0) @binding(5) var<storage, read_write> dweight: array<f32>;         // (O, C, KH, KW)

fn load(n: u32, row: i32, col: i32, c4: u32) -> vec4f {
    let inside = col >= 0 && col < i32(params.in_w);
    let index = ((n * params.in_h + u32(row)) * params.in_w + u32(col)) * params.in_groups + c4;
    return select(vec4f(0.0), x[select(0u, index, inside)], inside);
}

struct Place { slice: u32, k: u32, l: u32, c4: u32, o8: u32 }

fn store_one(p: Place, l: u32, o: u32, value: vec4f) {
    if p.l + l >= params.kernel_w || 8u * p.o8 + o >= params.outputs { return; }
    let row = (p.slice * params.outputs + 8u * p.o8 + o) * params.kernel_h + p.k;
    partial_out[(row * params.kernel_w + p.l + l) * params.in_groups + p.c4] = value;
}

fn store(p: Place, l: u32, v0: vec4f, v1: vec4f, v2: vec4f, v3: vec4f, v4: vec4f, v5: vec4f, v6: vec4f, v7: vec4f) {
    store_one(p, l, 0u, v0); store_one(p, l, 1u, v1); store_one(p, l, 2u, v2); store_one(p, l, 3u, v3);
    store_one(p, l, 4u, v4); store_one(p, l, 5u, v5); store_one(p, l, 6u, v6); store_one(p, l, 7u, v7);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn partial_sums(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    var index = id.y * groups.x * WORKGROUP_SIZE + id.x;
    let tap_blocks = (params.kernel_w + TAPS - 1u) / TAPS;
    let c4 = index % params.in_groups;
    index /= params.in_groups;
    let l = index % tap_blocks * TAPS;
    index /= tap_blocks;
    let k = index % params.kernel_h;
    index /= params.kernel_h;
    let o_blocks = (params.out_groups + 1u) / 2u;
    let p = Place(index / o_blocks, k, l, c4, index % o_blocks);
    if p.slice >= params.slices { return; }

    // Image n belongs to slice n % slices. The last group of an odd number is read twice and not stored.
    let oa = 2u * p.o8;
    let ob = min(oa + 1u, params.out_groups - 1u);
    var t00 = vec4f(0.0); var t01 = vec4f(0.0); var t02 = vec4f(0.0); var t03 = vec4f(0.0); var t04 = vec4f(0.0); var t05 = vec4f(0.0); var t06 = vec4f(0.0); var t07 = vec4f(0.0);
    var t10 = vec4f(0.0); var t11 = vec4f(0.0); var t12 = vec4f(0.0); var t13 = vec4f(0.0); var t14 = vec4f(0.0); var t15 = vec4f(0.0); var t16 = vec4f(0.0); var t17 = vec4f(0.0);
    var t20 = vec4f(0.0); var t21 = vec4f(0.0); var t22 = vec4f(0.0); var t23 = vec4f(0.0); var t24 = vec4f(0.0); var t25 = vec4f(0.0); var t26 = vec4f(0.0); var t27 = vec4f(0.0);
    var t30 = vec4f(0.0); var t31 = vec4f(0.0); var t32 = vec4f(0.0); var t33 = vec4f(0.0); var t34 = vec4f(0.0); var t35 = vec4f(0.0); var t36 = vec4f(0.0); var t37 = vec4f(0.0);
    var t40 = vec4f(0.0); var t41 = vec4f(0.0); var t42 = vec4f(0.0); var t43 = vec4f(0.0); var t44 = vec4f(0.0); var t45 = vec4f(0.0); var t46 = vec4f(0.0); var t47 = vec4f(0.0);
    for (var n = p.slice; n < params.rows; n += params.slices) {
    for (var i = 0u; i < params.out_h; i++) {
        let row = i32(i + k) - i32(params.pad_h);
        if row < 0 || row >= i32(params.in_h) { continue; }
        let col = i32(l) - i32(params.pad_w);
        var x0 = load(n, row, col, c4);
        var x1 = load(n, row, col + 1, c4);
        var x2 = load(n, row, col + 2, c4);
        var x3 = load(n, row, col + 3, c4);
        for (var j = 0u; j < params.out_w; j++) {
            let x4 = load(n, row, col + 4 + i32(j), c4);
            let pixel = ((n * params.out_h + i) * params.out_w + j) * params.out_groups;
            let da = dy[pixel + oa];
            let db = dy[pixel + ob];
            t00 += x0 * da.x; t01 += x0 * da.y; t02 += x0 * da.z; t03 += x0 * da.w;
            t04 += x0 * db.x; t05 += x0 * db.y; t06 += x0 * db.z; t07 += x0 * db.w;
            t10 += x1 * da.x; t11 += x1 * da.y; t12 += x1 * da.z; t13 += x1 * da.w;
            t14 += x1 * db.x; t15 += x1 * db.y; t16 += x1 * db.z; t17 += x1 * db.w;
            t20 += x2 * da.x; t21 += x2 * da.y; t22 += x2 * da.z; t23 += x2 * da.w;
            t24 += x2 * db.x; t25 += x2 * db.y; t26 += x2 * db.z; t27 += x2 * db.w;
            t30 += x3 * da.x; t31 += x3 * da.y; t32 += x3 * da.z; t33 += x3 * da.w;
            t34 += x3 * db.x; t35 += x3 * db.y; t36 += x3 * db.z; t37 += x3 * db.w;
            t40 += x4 * da.x; t41 += x4 * da.y; t42 += x4 * da.z; t43 += x4 * da.w;
            t44 += x4 * db.x; t45 += x4 * db.y; t46 += x4 * db.z; t47 += x4 * db.w;
            x0 = x1; x1 = x2; x2 = x3; x3 = x4;
        }
    }
    }
    store(p, 0u, t00, t01, t02, t03, t04, t05, t06, t07);
    store(p, 1u, t10, t11, t12, t13, t14, t15, t16, t17);
    store(p, 2u, t20, t21, t22, t23, t24, t25, t26, t27);
    store(p, 3u, t30, t31, t32, t33, t34, t35, t36, t37);
    store(p, 4u, t40, t41, t42, t43, t44, t45, t46, t47);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn reduce(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let index = id.y * groups.x * WORKGROUP_SIZE + id.x;
    let taps = params.kernel_h * params.kernel_w;
    let count = params.outputs * params.channels * taps;
    if index >= count { return; }
    let tap = index % taps;
    let c = index / taps % params.channels;
    let o = index / (taps * params.channels);
    let row = 4u * params.in_groups;
    var sum = 0.0;
    for (var s = 0u; s < params.slices; s++) {
        sum += partial[((s * params.outputs + o) * taps + tap) * row + c];
    }
    dweight[index] = sum;
}
